package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"rollcall/internal/rollcall"
)

// MoveReplicas gives replicas of a source the present names of their entries,
// by ID, so that references find them. It returns the names they had, of those
// that had another.
func (t *Tx) MoveReplicas(ctx context.Context, source rollcall.ObjectID, names map[int64]string) (map[int64]string, error) {
	ids := slices.Sorted(maps.Keys(names))
	was := map[int64]string{}
	const query = "SELECT id, entry_name FROM priv_sync_replica WHERE " + ofSource + " AND id "
	err := inLists(ids, func(in string, args []any) error {
		return t.each(ctx, query+in, append([]any{int64(source)}, args...), func(rows *sql.Rows) error {
			var id int64
			var name string
			if err := rows.Scan(&id, &name); err != nil {
				return err
			}
			if name != names[id] {
				was[id] = name
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the names of replicas: %w", err)
	}
	b := t.update("priv_sync_replica", []column{{name: "entry_name", kind: text}, {name: "name_hash", kind: number}}, "")
	for _, id := range slices.Sorted(maps.Keys(was)) {
		if err := b.add(ctx, id, names[id], nameHash(rollcall.FoldDN(names[id]))); err != nil {
			return nil, fmt.Errorf("rename replicas: %w", err)
		}
	}
	if err := b.flush(ctx); err != nil {
		return nil, fmt.Errorf("rename replicas: %w", err)
	}
	return was, nil
}
