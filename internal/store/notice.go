package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"rollcall/internal/rollcall"
)

const readNotices = "SELECT id, created, sent_to, subject, body, html, state, attempts, next_try, error FROM notice"

// AddNotice keeps a notice within the transaction of what it tells about and
// gives it its ID.
func (t *Tx) AddNotice(ctx context.Context, n *rollcall.Notice) error {
	to, err := json.Marshal(n.To)
	if err != nil {
		return fmt.Errorf("keep a notice: %w", err)
	}
	err = t.one(ctx, "INSERT INTO notice (created, sent_to, subject, body, html, state, attempts, next_try, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
		[]any{requiredTime(n.Created), string(to), n.Subject, n.Text, n.HTML, string(n.State), n.Attempts, nextTry(n), n.Error}, &n.ID)
	if err != nil {
		return fmt.Errorf("keep a notice: %w", err)
	}
	return nil
}

// AddNotice keeps a notice in a transaction of its own.
func (s *Store) AddNotice(ctx context.Context, n *rollcall.Notice) error {
	return s.write(ctx, func(tx *Tx) error { return tx.AddNotice(ctx, n) })
}

// nextTry is never NULL: what is due at once is due since the notice was made.
func nextTry(n *rollcall.Notice) string {
	if n.Next.IsZero() {
		return requiredTime(n.Created)
	}
	return requiredTime(n.Next)
}

// ClaimNotices returns waiting notices that are due, oldest first, and puts off
// their next try, so that a process that ends before it settles them loses
// nothing and no other one sends them in the meantime.
func (s *Store) ClaimNotices(ctx context.Context, now, until time.Time, limit int) ([]rollcall.Notice, error) {
	due := []any{string(rollcall.NoticeWaiting), requiredTime(now), limit}
	const condition = " WHERE state = ? AND next_try <= ? ORDER BY next_try, id LIMIT ?"
	// Most looks find nothing: those must not take the one writer's place.
	if found, err := s.notices(ctx, readNotices+condition, due); err != nil || len(found) == 0 {
		return nil, err
	}
	var claimed []rollcall.Notice
	err := s.write(ctx, func(tx *Tx) error {
		var err error
		if claimed, err = tx.notices(ctx, readNotices+condition, due); err != nil {
			return err
		}
		for i := range claimed {
			if _, err := tx.exec(ctx, "UPDATE notice SET next_try = ? WHERE id = ?", requiredTime(until), claimed[i].ID); err != nil {
				return fmt.Errorf("claim notice %d: %w", claimed[i].ID, err)
			}
		}
		return nil
	})
	return claimed, err
}

// SettleNotice keeps how a try to send a notice went.
func (s *Store) SettleNotice(ctx context.Context, n *rollcall.Notice) error {
	return s.write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, "UPDATE notice SET state = ?, attempts = ?, next_try = ?, error = ? WHERE id = ?",
			string(n.State), n.Attempts, nextTry(n), n.Error, n.ID)
		if err != nil {
			return fmt.Errorf("settle notice %d: %w", n.ID, err)
		}
		return nil
	})
}

// Notices returns notices, newest first: so many, or all of them for 0.
func (q *queries) Notices(ctx context.Context, limit int) ([]rollcall.Notice, error) {
	query, args := readNotices+" ORDER BY id DESC", []any(nil)
	if limit > 0 {
		query, args = query+" LIMIT ?", []any{limit}
	}
	return q.notices(ctx, query, args)
}

func (q *queries) notices(ctx context.Context, query string, args []any) ([]rollcall.Notice, error) {
	var notices []rollcall.Notice
	err := q.each(ctx, query, args, func(rows *sql.Rows) error {
		var n rollcall.Notice
		var created, to, next string
		err := rows.Scan(&n.ID, &created, &to, &n.Subject, &n.Text, &n.HTML, &n.State, &n.Attempts, &next, &n.Error)
		if err != nil {
			return err
		}
		if n.Created, err = parseTime(created); err != nil {
			return err
		}
		if n.Next, err = parseTime(next); err != nil {
			return err
		}
		notices = append(notices, n)
		return json.Unmarshal([]byte(to), &notices[len(notices)-1].To)
	})
	if err != nil {
		return nil, fmt.Errorf("read the notices: %w", err)
	}
	return notices, nil
}
