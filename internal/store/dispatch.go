package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"rollcall/internal/rollcall"
)

const readDispatches = "SELECT id, channel, created, sent_to, subject, body, html, state, attempts, next_try, error FROM dispatch"

// AddDispatch keeps a dispatch within the transaction of what it tells about and
// gives it its ID.
func (t *Tx) AddDispatch(ctx context.Context, n *rollcall.Dispatch) error {
	to, err := json.Marshal(n.To)
	if err != nil {
		return fmt.Errorf("keep a dispatch: %w", err)
	}
	err = t.one(ctx, "INSERT INTO dispatch (channel, created, sent_to, subject, body, html, state, attempts, next_try, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
		[]any{string(n.Channel), requiredTime(n.Created), string(to), n.Subject, n.Text, n.HTML, string(n.State), n.Attempts, nextTry(n), n.Error}, &n.ID)
	if err != nil {
		return fmt.Errorf("keep a dispatch: %w", err)
	}
	return nil
}

// AddDispatch keeps a dispatch in a transaction of its own.
func (s *Store) AddDispatch(ctx context.Context, n *rollcall.Dispatch) error {
	return s.write(ctx, func(tx *Tx) error { return tx.AddDispatch(ctx, n) })
}

// nextTry is never NULL: what is due at once is due since the dispatch was made.
func nextTry(n *rollcall.Dispatch) string {
	if n.Next.IsZero() {
		return requiredTime(n.Created)
	}
	return requiredTime(n.Next)
}

// ClaimDispatches returns waiting dispatches of a channel that are due, oldest first, and puts off
// their next try, so that a process that ends before it settles them loses
// nothing and no other one sends them in the meantime.
func (s *Store) ClaimDispatches(ctx context.Context, channel rollcall.Channel, now, until time.Time, limit int) ([]rollcall.Dispatch, error) {
	due := []any{string(rollcall.DispatchWaiting), string(channel), requiredTime(now), limit}
	const condition = " WHERE state = ? AND channel = ? AND next_try <= ? ORDER BY next_try, id LIMIT ?"
	// Most looks find nothing: those must not take the one writer's place.
	if found, err := s.dispatches(ctx, readDispatches+condition, due); err != nil || len(found) == 0 {
		return nil, err
	}
	var claimed []rollcall.Dispatch
	err := s.write(ctx, func(tx *Tx) error {
		var err error
		if claimed, err = tx.dispatches(ctx, readDispatches+condition, due); err != nil {
			return err
		}
		for i := range claimed {
			if _, err := tx.exec(ctx, "UPDATE dispatch SET next_try = ? WHERE id = ?", requiredTime(until), claimed[i].ID); err != nil {
				return fmt.Errorf("claim dispatch %d: %w", claimed[i].ID, err)
			}
		}
		return nil
	})
	return claimed, err
}

// SettleDispatch keeps how a try to send a dispatch went.
func (s *Store) SettleDispatch(ctx context.Context, n *rollcall.Dispatch) error {
	return s.write(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, "UPDATE dispatch SET state = ?, attempts = ?, next_try = ?, error = ? WHERE id = ?",
			string(n.State), n.Attempts, nextTry(n), n.Error, n.ID)
		if err != nil {
			return fmt.Errorf("settle dispatch %d: %w", n.ID, err)
		}
		return nil
	})
}

// Dispatches returns dispatches, newest first: so many, or all of them for 0.
func (q *queries) Dispatches(ctx context.Context, limit int) ([]rollcall.Dispatch, error) {
	query, args := readDispatches+" ORDER BY id DESC", []any(nil)
	if limit > 0 {
		query, args = query+" LIMIT ?", []any{limit}
	}
	return q.dispatches(ctx, query, args)
}

func (q *queries) dispatches(ctx context.Context, query string, args []any) ([]rollcall.Dispatch, error) {
	var list []rollcall.Dispatch
	err := q.each(ctx, query, args, func(rows *sql.Rows) error {
		var n rollcall.Dispatch
		var created, to, next string
		err := rows.Scan(&n.ID, &n.Channel, &created, &to, &n.Subject, &n.Text, &n.HTML, &n.State, &n.Attempts, &next, &n.Error)
		if err != nil {
			return err
		}
		if n.Created, err = parseTime(created); err != nil {
			return err
		}
		if n.Next, err = parseTime(next); err != nil {
			return err
		}
		list = append(list, n)
		return json.Unmarshal([]byte(to), &list[len(list)-1].To)
	})
	if err != nil {
		return nil, fmt.Errorf("read the dispatches: %w", err)
	}
	return list, nil
}
