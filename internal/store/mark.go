package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"rollcall/internal/rollcall"
)

// Marks yields what a full compare needs of each replica of a source, in no
// order that means anything. yield must not query on the same transaction, and
// must copy the key if it keeps it.
func (q *queries) Marks(ctx context.Context, source rollcall.ObjectID, yield func(*rollcall.Mark) error) error {
	scan, err := q.holdsMost(ctx, source)
	if err != nil {
		return fmt.Errorf("read the replicas of source %d: %w", source, err)
	}
	// The last column is NULL for a replica at rest, which is nearly all of them:
	// each value that SQLite hands over costs a tenth of a row.
	query := `SELECT id, entry_key, content, CASE
		WHEN status = 'synchronized' AND status_last_error = '' AND status_last_warning = '' AND status_last_seen IS NULL THEN NULL
		ELSE CASE WHEN status_last_error <> '' OR status_last_warning <> '' OR status IN ('new', 'modified', 'orphan') THEN 'd' ELSE '-' END
			|| CASE WHEN status = 'obsolete' THEN 'g' ELSE '-' END
			|| COALESCE(status_last_seen, '')
		END FROM priv_sync_replica WHERE `
	if scan {
		query += ofSource
	} else {
		query += "sync_source_id = ?"
	}
	var mark rollcall.Mark
	var key, content, rest sql.RawBytes
	dest := []any{&mark.ID, &key, &content, &rest}
	err = q.each(ctx, query, []any{int64(source)}, func(rows *sql.Rows) (err error) {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		mark.Key = key
		copy(mark.Content[:], content)
		mark.Due, mark.Gone, mark.LastSeen = false, false, time.Time{}
		if len(rest) >= 2 {
			mark.Due, mark.Gone = rest[0] == 'd', rest[1] == 'g'
			if mark.LastSeen, err = parseTime(string(rest[2:])); err != nil {
				return err
			}
		}
		return yield(&mark)
	})
	if err != nil {
		return fmt.Errorf("read the replicas of source %d: %w", source, err)
	}
	return nil
}

// ofSource holds replicas to those of a source without the index that begins
// with it: the plus makes an expression of the column. Databases without
// statistics believe that index to be the best way even to a list of IDs.
const ofSource = "+sync_source_id = ?"

// holdsMost reports whether so large a part of all replicas is the source's
// that reading the whole table is faster than jumping to each of its rows: an
// eighth, by measurement on SQLite.
func (q *queries) holdsMost(ctx context.Context, source rollcall.ObjectID) (bool, error) {
	var highest int64
	if err := q.one(ctx, "SELECT COALESCE(MAX(id), 0) FROM priv_sync_replica", nil, &highest); err != nil {
		return false, err
	}
	var one int
	err := q.one(ctx, "SELECT 1 FROM priv_sync_replica WHERE sync_source_id = ? LIMIT 1 OFFSET ?", []any{int64(source), highest / 8}, &one)
	if rollcall.KindOf(err) == rollcall.NotFound {
		return false, nil
	}
	return err == nil, err
}
