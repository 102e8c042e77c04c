package store

import (
	"context"
	"database/sql"
	"fmt"

	"rollcall/internal/rollcall"
)

// readMarks selects what scanMark reads.
const readMarks = `SELECT id, entry_key, content, status, status_last_seen,
	CASE WHEN status_last_error <> '' OR status_last_warning <> '' THEN 1 ELSE 0 END FROM priv_sync_replica WHERE `

// MarksByKey yields what a compare needs of the replicas with the given keys.
// Keys without a replica are passed over.
func (q *queries) MarksByKey(ctx context.Context, source rollcall.ObjectID, keys []string, yield func(*rollcall.Mark) error) error {
	err := inLists(keys, func(in string, args []any) error {
		return q.marks(ctx, "sync_source_id = ? AND entry_key "+in, append([]any{int64(source)}, args...), yield)
	})
	if err != nil {
		return fmt.Errorf("read the replicas of source %d by key: %w", source, err)
	}
	return nil
}

// RestlessMarks yields the replicas that a compare decides about although their
// entries did not change: those that are not synchronized, have an error or a
// warning, or are missing, and those with the given IDs.
func (q *queries) RestlessMarks(ctx context.Context, source rollcall.ObjectID, ids []int64, yield func(*rollcall.Mark) error) error {
	have := make(map[int64]bool, len(ids))
	once := func(m *rollcall.Mark) error {
		if have[m.ID] {
			return nil
		}
		have[m.ID] = true
		return yield(m)
	}
	// In two halves: the first is what the index of those in trouble holds, and the
	// other reads nothing but the states.
	for _, where := range []string{
		"(status_last_error <> '' OR status_last_warning <> '')",
		"(status <> 'synchronized' OR status_last_seen IS NOT NULL)",
	} {
		if err := q.marks(ctx, "sync_source_id = ? AND "+where, []any{int64(source)}, once); err != nil {
			return fmt.Errorf("read the replicas of source %d that are not at rest: %w", source, err)
		}
	}
	err := inLists(ids, func(in string, args []any) error {
		return q.marks(ctx, ofSource+" AND id "+in, append([]any{int64(source)}, args...), once)
	})
	if err != nil {
		return fmt.Errorf("read the replicas of source %d: %w", source, err)
	}
	return nil
}

func (q *queries) marks(ctx context.Context, where string, args []any, yield func(*rollcall.Mark) error) error {
	return q.each(ctx, readMarks+where, args, func(rows *sql.Rows) (err error) {
		var m rollcall.Mark
		var content []byte
		var state string
		var seen sql.NullString
		var troubled bool
		if err := rows.Scan(&m.ID, &m.Key, &content, &state, &seen, &troubled); err != nil {
			return err
		}
		copy(m.Content[:], content)
		switch rollcall.ReplicaState(state) {
		case rollcall.StateNew, rollcall.StateModified, rollcall.StateOrphan:
			m.Due = true
		case rollcall.StateObsolete:
			m.Gone = true
		}
		m.Due = m.Due || troubled
		if m.LastSeen, err = parseTime(seen.String); err != nil {
			return err
		}
		return yield(&m)
	})
}

// EachEntryName yields the keys of the entries that are not missing, with the
// names under which they were last read. Both are lent.
func (q *queries) EachEntryName(ctx context.Context, source rollcall.ObjectID, yield func(key, name []byte) error) error {
	var key, name sql.RawBytes
	err := q.each(ctx, "SELECT entry_key, entry_name FROM priv_sync_replica WHERE sync_source_id = ? AND status_last_seen IS NULL",
		[]any{int64(source)}, func(rows *sql.Rows) error {
			if err := rows.Scan(&key, &name); err != nil {
				return err
			}
			return yield(key, name)
		})
	if err != nil {
		return fmt.Errorf("read the names of the entries of source %d: %w", source, err)
	}
	return nil
}

// ObjectsOf returns the objects that replicas are tied to, in no order.
func (q *queries) ObjectsOf(ctx context.Context, replicas []int64) ([]rollcall.ObjectID, error) {
	var list []rollcall.ObjectID
	err := inLists(replicas, func(in string, args []any) error {
		return q.each(ctx, "SELECT dest_id FROM priv_sync_replica WHERE dest_id <> 0 AND id "+in, args, func(rows *sql.Rows) error {
			var id rollcall.ObjectID
			err := rows.Scan(&id)
			list = append(list, id)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the objects of replicas: %w", err)
	}
	return list, nil
}

// EntryNames returns under which names the entries with the given keys were last
// read, by key.
func (q *queries) EntryNames(ctx context.Context, source rollcall.ObjectID, keys []string) (map[string]string, error) {
	names := make(map[string]string, len(keys))
	err := inLists(keys, func(in string, args []any) error {
		return q.each(ctx, "SELECT entry_key, entry_name FROM priv_sync_replica WHERE sync_source_id = ? AND entry_key "+in,
			append([]any{int64(source)}, args...), func(rows *sql.Rows) error {
				var key, name string
				err := rows.Scan(&key, &name)
				names[key] = name
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read the names of entries of source %d: %w", source, err)
	}
	return names, nil
}

// Resume returns where the next delta load of a source begins, the zero value
// when there is no such place.
func (q *queries) Resume(ctx context.Context, source rollcall.ObjectID) (rollcall.Resume, error) {
	var r rollcall.Resume
	var at string
	var checkpoint []byte
	err := q.one(ctx, "SELECT last_full, run, replicas, checkpoint FROM resume WHERE source_id = ?", []any{int64(source)},
		&at, &r.Run, &r.Replicas, &checkpoint)
	if rollcall.KindOf(err) == rollcall.NotFound {
		return rollcall.Resume{}, nil
	}
	if err == nil {
		r.LastFull, err = parseTime(at)
	}
	if err != nil {
		return r, fmt.Errorf("read the checkpoint of source %d: %w", source, err)
	}
	r.Checkpoint = checkpoint
	return r, nil
}

// SaveResume keeps where the next delta load of a source begins; without a
// checkpoint it is forgotten. The number of replicas follows from that of the
// last time, and is counted when there was none: counting takes longer than all
// else of a small delta.
func (t *Tx) SaveResume(ctx context.Context, source rollcall.ObjectID, r rollcall.Resume) error {
	var err error
	tally := t.tally(source)
	net := tally.net
	*tally = tallied(tally.dropped)
	if r.Checkpoint == nil {
		_, err = t.exec(ctx, "DELETE FROM resume WHERE source_id = ?", int64(source))
	} else {
		_, err = t.exec(ctx, `INSERT INTO resume (source_id, last_full, run, checkpoint, replicas)
			VALUES (?, ?, ?, ?, COALESCE((SELECT replicas FROM resume WHERE source_id = ?) + ?,
				(SELECT COUNT(*) FROM priv_sync_replica WHERE sync_source_id = ?)))
			ON CONFLICT (source_id) DO UPDATE SET last_full = excluded.last_full, run = excluded.run,
				checkpoint = excluded.checkpoint, replicas = excluded.replicas`,
			int64(source), requiredTime(r.LastFull), r.Run, []byte(r.Checkpoint), int64(source), net, int64(source))
	}
	if err != nil {
		return fmt.Errorf("keep the checkpoint of source %d: %w", source, err)
	}
	return nil
}
