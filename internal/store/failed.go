package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// inError is the condition that a replica's entry could not be taken over, or
// its object not be removed.
const inError = "status_last_error <> '' AND (status <> 'synchronized' OR status_last_seen IS NOT NULL)"

// NoteFailed brings the list of a source's failed entries up to date: those that
// are in error now are on it, all others are not. One that is new there is due
// at once, its tries begin.
func (t *Tx) NoteFailed(ctx context.Context, source rollcall.ObjectID, now time.Time) error {
	_, err := t.exec(ctx, "DELETE FROM failed_entry WHERE source_id = ? AND NOT EXISTS (SELECT 1 FROM priv_sync_replica r WHERE r.id = failed_entry.replica_id AND r.sync_source_id = failed_entry.source_id AND "+inError+")",
		int64(source))
	if err == nil {
		at := requiredTime(now)
		_, err = t.exec(ctx, `INSERT INTO failed_entry (replica_id, source_id, since, tries, next_try, parked)
			SELECT r.id, r.sync_source_id, ?, 0, ?, 0 FROM priv_sync_replica r
			WHERE r.sync_source_id = ? AND `+inError+` AND NOT EXISTS (SELECT 1 FROM failed_entry f WHERE f.replica_id = r.id)`,
			at, at, int64(source))
	}
	if err != nil {
		return fmt.Errorf("note the failed entries of source %d: %w", source, err)
	}
	return nil
}

const readFailed = `SELECT f.replica_id, f.source_id, r.entry_key, r.entry_name, r.status_last_error, f.since, f.tries, f.next_try, f.parked
	FROM failed_entry f JOIN priv_sync_replica r ON r.id = f.replica_id`

// FailedEntries returns the entries that could not be taken over, by source and
// in the order in which they are due.
func (q *queries) FailedEntries(ctx context.Context, f rollcall.FailedFilter) ([]rollcall.FailedEntry, error) {
	where, args := []string{"r.status_last_error <> ''"}, []any(nil) // one may have been taken over by itself since
	if f.Source != 0 {
		where, args = append(where, "f.source_id = ?"), append(args, int64(f.Source))
	}
	if f.Parked {
		where = append(where, "f.parked = 1")
	}
	if !f.Due.IsZero() {
		where, args = append(where, "f.parked = 0 AND f.next_try <= ?"), append(args, requiredTime(f.Due))
	}
	query := readFailed + " WHERE " + strings.Join(where, " AND ") + " ORDER BY f.source_id, f.next_try, f.replica_id"
	if f.Limit > 0 {
		query, args = query+" LIMIT ?", append(args, f.Limit)
	}
	return q.failed(ctx, query, args)
}

func (q *queries) failed(ctx context.Context, query string, args []any) ([]rollcall.FailedEntry, error) {
	var list []rollcall.FailedEntry
	err := q.each(ctx, query, args, func(rows *sql.Rows) error {
		var e rollcall.FailedEntry
		var since, next string
		var parked int
		if err := rows.Scan(&e.Replica, &e.Source, &e.Key, &e.Name, &e.Error, &since, &e.Tries, &next, &parked); err != nil {
			return err
		}
		var err error
		if e.Since, err = parseTime(since); err != nil {
			return err
		}
		e.Parked = parked != 0
		e.Next, err = parseTime(next)
		list = append(list, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the failed entries: %w", err)
	}
	return list, nil
}

// How long an entry waits for its next try: it doubles.
const (
	firstRetry   = time.Minute
	longestRetry = 6 * time.Hour
)

// RetriedEntries counts a try of entries that are in error still, and parks
// those that had retries of them. It returns how many it parked.
func (t *Tx) RetriedEntries(ctx context.Context, source rollcall.ObjectID, keys []string, now time.Time, retries int) (parked int, err error) {
	err = inLists(keys, func(in string, args []any) error {
		list, err := t.failed(ctx, readFailed+" WHERE f.source_id = ? AND r.entry_key "+in, append([]any{int64(source)}, args...))
		if err != nil {
			return err
		}
		for i := range list {
			e := &list[i]
			if e.Parked {
				continue
			}
			e.Tries++
			park := 0
			if e.Tries >= retries {
				park, parked = 1, parked+1
			}
			next := now.Add(min(firstRetry<<min(e.Tries-1, 20), longestRetry))
			if _, err := t.exec(ctx, "UPDATE failed_entry SET tries = ?, next_try = ?, parked = ? WHERE replica_id = ?", e.Tries, requiredTime(next), park, e.Replica); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("count the tries of entries of source %d: %w", source, err)
	}
	return parked, nil
}

// RequeueEntries makes failed entries due at once, their tries begin anew: those
// of a source with the given keys, all of the source without any.
func (s *Store) RequeueEntries(ctx context.Context, source rollcall.ObjectID, keys []string, now time.Time) (requeued int, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		requeued = 0
		list, err := tx.FailedEntries(ctx, rollcall.FailedFilter{Source: source})
		if err != nil {
			return err
		}
		wanted := make(map[string]bool, len(keys))
		for _, key := range keys {
			wanted[key] = true
		}
		for i := range list {
			if len(keys) > 0 && !wanted[list[i].Key] {
				continue
			}
			if _, err := tx.exec(ctx, "UPDATE failed_entry SET tries = 0, next_try = ?, parked = 0 WHERE replica_id = ?", requiredTime(now), list[i].Replica); err != nil {
				return fmt.Errorf("requeue entry %s: %w", list[i].Key, err)
			}
			requeued++
		}
		return nil
	})
	return requeued, err
}
