package store

import (
	"context"
	"database/sql"
	"fmt"

	"rollcall/internal/rollcall"
)

// Marks yields what a full compare needs of each replica of a source, in no
// order that means anything. yield must not query on the same transaction, and
// must copy the key if it keeps it.
func (q *queries) Marks(ctx context.Context, source rollcall.ObjectID, yield func(*rollcall.Mark) error) error {
	const query = `SELECT id, entry_key, content,
		CASE WHEN status_last_error <> '' OR status_last_warning <> '' OR status IN ('new', 'modified', 'orphan') THEN 1 ELSE 0 END
			+ CASE WHEN status = 'obsolete' THEN 2 ELSE 0 END, status_last_seen
		FROM priv_sync_replica WHERE sync_source_id = ?`
	var mark rollcall.Mark
	var key, content, seen sql.RawBytes
	var flags int64
	dest := []any{&mark.ID, &key, &content, &flags, &seen}
	err := q.each(ctx, query, []any{int64(source)}, func(rows *sql.Rows) (err error) {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		mark.Key = key
		copy(mark.Content[:], content)
		mark.Due, mark.Gone = flags&1 != 0, flags&2 != 0
		if mark.LastSeen, err = parseTime(string(seen)); err != nil {
			return err
		}
		return yield(&mark)
	})
	if err != nil {
		return fmt.Errorf("read the replicas of source %d: %w", source, err)
	}
	return nil
}
