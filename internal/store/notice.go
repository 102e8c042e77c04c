package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// AddNotice keeps a notice, with whom it is for, and gives it its ID.
func (t *Tx) AddNotice(ctx context.Context, n *rollcall.Notice) error {
	n.Told, n.Times = n.Created, 1
	err := t.one(ctx, "INSERT INTO notice (kind, source, run, subject, body, matter, created, told, times) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1) RETURNING id",
		[]any{string(n.Kind), n.Source, n.Run, n.Subject, n.Text, n.Matter, requiredTime(n.Created), requiredTime(n.Created)}, &n.ID)
	if err != nil {
		return fmt.Errorf("keep a notice: %w", err)
	}
	add := func(account, profile string) error {
		_, err := t.exec(ctx, "INSERT INTO notice_for (notice_id, account, profile) VALUES (?, ?, ?)", n.ID, rollcall.Fold(account), rollcall.Fold(profile))
		return err
	}
	for _, login := range n.Accounts {
		if err := add(login, ""); err != nil {
			return fmt.Errorf("address a notice: %w", err)
		}
	}
	for _, name := range n.Profiles {
		if err := add("", name); err != nil {
			return fmt.Errorf("address a notice: %w", err)
		}
	}
	return nil
}

// AddNotice keeps a notice in a transaction of its own.
func (s *Store) AddNotice(ctx context.Context, n *rollcall.Notice) error {
	return s.write(ctx, func(tx *Tx) error { return tx.AddNotice(ctx, n) })
}

// RetellNotice notes that the trouble of a notice is there still.
func (t *Tx) RetellNotice(ctx context.Context, id, run int64, at time.Time) error {
	if _, err := t.exec(ctx, "UPDATE notice SET run = ?, told = ?, times = times + 1 WHERE id = ?", run, requiredTime(at), id); err != nil {
		return fmt.Errorf("tell notice %d again: %w", id, err)
	}
	return nil
}

// EndNotice notes that the trouble of a notice is over.
func (t *Tx) EndNotice(ctx context.Context, id int64, at time.Time) error {
	if _, err := t.exec(ctx, "UPDATE notice SET ended = ? WHERE id = ?", requiredTime(at), id); err != nil {
		return fmt.Errorf("end notice %d: %w", id, err)
	}
	return nil
}

// EndNotices notes that the trouble of some kind is over which is of a matter or,
// where that is empty, of a run. Mostly there is none.
func (s *Store) EndNotices(ctx context.Context, kind rollcall.NoticeKind, matter string, run int64, at time.Time) error {
	where, args := "kind = ? AND ended IS NULL AND run = ?", []any{string(kind), run}
	if matter != "" {
		where, args = "kind = ? AND ended IS NULL AND matter = ?", []any{string(kind), matter}
	}
	var open int
	if err := s.one(ctx, "SELECT COUNT(*) FROM notice WHERE "+where, args, &open); err != nil {
		return fmt.Errorf("look for open notices: %w", err)
	}
	if open == 0 {
		return nil
	}
	return s.write(ctx, func(tx *Tx) error {
		if _, err := tx.exec(ctx, "UPDATE notice SET ended = ? WHERE "+where, append([]any{requiredTime(at)}, args...)...); err != nil {
			return fmt.Errorf("end notices: %w", err)
		}
		return nil
	})
}

// DropNotices removes notices that were told last before a moment, and what left
// the application before it.
func (s *Store) DropNotices(ctx context.Context, before time.Time) error {
	return s.write(ctx, func(tx *Tx) error {
		for _, statement := range []string{
			"DELETE FROM notice_for WHERE notice_id IN (SELECT id FROM notice WHERE told < ?)",
			"DELETE FROM notice_read WHERE notice_id IN (SELECT id FROM notice WHERE told < ?)",
			"DELETE FROM notice WHERE told < ?",
			"DELETE FROM dispatch WHERE state <> 'waiting' AND created < ?",
		} {
			if _, err := tx.exec(ctx, statement, requiredTime(before)); err != nil {
				return fmt.Errorf("drop old notices: %w", err)
			}
		}
		return nil
	})
}

// noticesFor is the condition that a reader may see a notice.
func noticesFor(r *rollcall.NoticeReader) (condition string, args []any) {
	if r.Operator {
		return "1 = 1", nil
	}
	args = []any{rollcall.Fold(r.Login)}
	condition = "(f.account <> '' AND f.account = ?)"
	if len(r.Profiles) > 0 {
		condition += " OR (f.profile <> '' AND f.profile IN (" + marks(len(r.Profiles)) + "))"
		for _, name := range r.Profiles {
			args = append(args, rollcall.Fold(name))
		}
	}
	return "EXISTS (SELECT 1 FROM notice_for f WHERE f.notice_id = n.id AND (" + condition + "))", args
}

// Notices returns the notices that a reader may see, newest first, with whether
// the reader has read them. Whom they are for is left out.
func (q *queries) Notices(ctx context.Context, f rollcall.NoticeFilter) ([]rollcall.Notice, error) {
	visible, args := noticesFor(&f.Reader)
	where := []string{visible}
	if f.Unread {
		where = append(where, "r.at IS NULL")
	}
	if f.Open {
		where = append(where, "n.ended IS NULL")
	}
	if f.Before > 0 {
		where, args = append(where, "n.id < ?"), append(args, f.Before)
	}
	query := `SELECT n.id, n.kind, n.source, n.run, n.subject, n.body, n.matter, n.created, n.told, n.times, n.ended, r.at
		FROM notice n LEFT JOIN notice_read r ON r.notice_id = n.id AND r.account = ? WHERE ` + strings.Join(where, " AND ") + " ORDER BY n.id DESC"
	args = append([]any{rollcall.Fold(f.Reader.Login)}, args...)
	if f.Limit > 0 {
		query, args = query+" LIMIT ?", append(args, f.Limit)
	}
	return q.notices(ctx, query, args)
}

// OpenNotices returns the notices about a source whose trouble is not over,
// oldest first.
func (q *queries) OpenNotices(ctx context.Context, source string) ([]rollcall.Notice, error) {
	return q.notices(ctx, `SELECT n.id, n.kind, n.source, n.run, n.subject, n.body, n.matter, n.created, n.told, n.times, n.ended, NULL
		FROM notice n WHERE n.source = ? AND n.ended IS NULL ORDER BY n.id`, []any{source})
}

func (q *queries) notices(ctx context.Context, query string, args []any) ([]rollcall.Notice, error) {
	var list []rollcall.Notice
	err := q.each(ctx, query, args, func(rows *sql.Rows) error {
		var n rollcall.Notice
		var created, told string
		var ended, read sql.NullString
		if err := rows.Scan(&n.ID, &n.Kind, &n.Source, &n.Run, &n.Subject, &n.Text, &n.Matter, &created, &told, &n.Times, &ended, &read); err != nil {
			return err
		}
		for _, t := range []struct {
			into *time.Time
			text string
		}{{&n.Created, created}, {&n.Told, told}, {&n.Over, ended.String}, {&n.ReadAt, read.String}} {
			var err error
			if *t.into, err = parseTime(t.text); err != nil {
				return err
			}
		}
		list = append(list, n)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the notices: %w", err)
	}
	return list, nil
}

// ReadNotices marks notices as read by a reader, or as unread again: those with
// the given IDs, all that the reader may see without any. It returns how many
// changed; an ID that the reader may not see is a NotFound error.
func (s *Store) ReadNotices(ctx context.Context, reader rollcall.NoticeReader, ids []int64, unread bool) (changed int, err error) {
	seen, err := s.Notices(ctx, rollcall.NoticeFilter{Reader: reader})
	if err != nil {
		return 0, err
	}
	stands := make(map[int64]bool, len(seen)) // whether it is read
	for i := range seen {
		stands[seen[i].ID] = !seen[i].ReadAt.IsZero()
	}
	if len(ids) == 0 {
		for i := range seen {
			ids = append(ids, seen[i].ID)
		}
	}
	for _, id := range ids {
		if _, visible := stands[id]; !visible {
			return 0, rollcall.Errorf(rollcall.NotFound, "there is no notice %d", id)
		}
	}
	account, at := rollcall.Fold(reader.Login), requiredTime(s.now())
	err = s.write(ctx, func(tx *Tx) error {
		changed = 0
		for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
			if stands[id] != unread {
				continue
			}
			query, args := "INSERT INTO notice_read (notice_id, account, at) VALUES (?, ?, ?) ON CONFLICT (notice_id, account) DO NOTHING", []any{id, account, at}
			if unread {
				query, args = "DELETE FROM notice_read WHERE notice_id = ? AND account = ?", args[:2]
			}
			if _, err := tx.exec(ctx, query, args...); err != nil {
				return fmt.Errorf("mark notice %d: %w", id, err)
			}
			changed++
		}
		return nil
	})
	return changed, err
}
