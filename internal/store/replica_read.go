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

// replicaColumns are the columns of priv_sync_replica after the ID.
var replicaColumns = []string{
	"sync_source_id", "entry_key", "content", "status", "status_last_seen", "status_last_error", "status_last_warning",
	"dest_class", "dest_id", "status_dest_creator", "info_creation_date", "info_last_modified",
	"entry_name", "name_hash", "restore", "run",
}

// readReplicas begins every query of whole replicas.
var readReplicas = "SELECT r.id, r." + strings.Join(replicaColumns, ", r.")

// Replicas returns the replicas of a source with the given IDs, in that order,
// with the rows last taken over; those that do not exist are left out.
func (q *queries) Replicas(ctx context.Context, src *rollcall.Source, ids []int64) ([]rollcall.Replica, error) {
	shape, err := newRowShape(src)
	if err != nil {
		return nil, err
	}
	query := readReplicas + ", r.taken"
	for _, name := range shape.main() {
		query += ", d." + name
	}
	query += " FROM priv_sync_replica r LEFT JOIN " + shape.table + " d ON d.id = r.id WHERE " + ofSource + " AND r.id "
	found := make(map[int64]rollcall.Replica, len(ids))
	err = inLists(ids, func(in string, args []any) error {
		return q.replicas(ctx, query+in, append([]any{int64(src.ID)}, args...), src, func(r rollcall.Replica) { found[r.ID] = r })
	})
	if err != nil {
		return nil, fmt.Errorf("read replicas of source %s: %w", src.Name, err)
	}
	list := make([]rollcall.Replica, 0, len(found))
	for _, id := range ids {
		if r, ok := found[id]; ok {
			list = append(list, r)
		}
	}
	return list, nil
}

// replicas reads the replicas of a query, followed by what was last taken over
// and the data row when they are those of a source.
func (q *queries) replicas(ctx context.Context, query string, args []any, src *rollcall.Source, yield func(rollcall.Replica)) error {
	own, cells := 1+len(replicaColumns), 0
	if src != nil {
		cells = len(src.Rules.Attributes)
		own++ // taken
	}
	values := make([]any, own+cells)
	dest := make([]any, len(values))
	for i := range values {
		dest[i] = &values[i]
	}
	return q.each(ctx, query, args, func(rows *sql.Rows) error {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		r, err := replicaOf(values)
		if err != nil {
			return err
		}
		if cells > 0 {
			r.Row = make(rollcall.Row, cells)
			for i, v := range values[len(values)-cells:] {
				if v != nil {
					r.Row[i] = rollcall.Cell{Text: cellText(v), Set: true}
				}
			}
		}
		if src != nil && values[own-1] != nil {
			r.Delivered = r.Row
			if r.Row, err = takenRow(src, cellText(values[own-1])); err != nil {
				return fmt.Errorf("replica %d: %w", r.ID, err)
			}
		}
		yield(r)
		return nil
	})
}

// replicaOf reads the cells of one row: the ID and then replicaColumns.
func replicaOf(v []any) (rollcall.Replica, error) {
	number := func(i int) int64 { n, _ := v[i].(int64); return n }
	r := rollcall.Replica{
		ID: number(0), Source: rollcall.ObjectID(number(1)), Key: cellText(v[2]),
		State: rollcall.ReplicaState(cellText(v[4])), LastError: cellText(v[6]), LastWarning: cellText(v[7]),
		Dest:      rollcall.Ref{Class: cellText(v[8]), ID: rollcall.ObjectID(number(9))},
		IsCreator: number(10) != 0,
		Name:      cellText(v[13]), Restore: cellText(v[15]), Run: number(16),
	}
	if content, ok := v[3].([]byte); ok {
		copy(r.Content[:], content)
	}
	var err error
	for i, at := range map[int]*time.Time{5: &r.LastSeen, 11: &r.Created, 12: &r.LastModified} {
		if *at, err = parseTime(cellText(v[i])); err != nil {
			return r, fmt.Errorf("replica %d: %w", r.ID, err)
		}
	}
	return r, nil
}

// ReplicasByName returns what the entries with the given names of a source are
// tied to, by name. Names are folded by rollcall.FoldDN; only replicas that are
// tied to an object count.
func (q *queries) ReplicasByName(ctx context.Context, source rollcall.ObjectID, names []string) (map[string]rollcall.Ref, error) {
	byHash := make(map[int64][]string, len(names))
	hashes := make([]int64, 0, len(names))
	for _, name := range names {
		h := nameHash(name)
		if !slices.Contains(byHash[h], name) {
			byHash[h] = append(byHash[h], name)
			hashes = append(hashes, h)
		}
	}
	refs := make(map[string]rollcall.Ref, len(names))
	if err := q.needIndex(ctx, "name_hash", replicaTable); err != nil {
		return nil, fmt.Errorf("find replicas by name: %w", err)
	}
	ctx = ofSourceAlone(ctx, source)
	query := "SELECT name_hash, entry_name, dest_class, dest_id FROM priv_sync_replica WHERE " + ofSource + " AND dest_id <> 0 AND name_hash "
	err := inLists(distinct(hashes), func(in string, args []any) error {
		return q.briefly(ctx, query+in, append([]any{int64(source)}, args...), func(rows *sql.Rows) error {
			var h int64
			var name string
			var ref rollcall.Ref
			if err := rows.Scan(&h, &name, &ref.Class, &ref.ID); err != nil {
				return err
			}
			if folded := rollcall.FoldDN(name); slices.Contains(byHash[h], folded) {
				refs[folded] = ref
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("find replicas by name: %w", err)
	}
	return refs, nil
}

// nameHash is what replicas are found by when a name is known: an index of it
// costs a tenth of one of the names.
func nameHash(folded string) int64 { return int64(newHash().add(folded)) }

// ReplicasByDest returns all replicas, of whatever source, that are tied to one
// of the objects of class's hierarchy, without their rows.
func (q *queries) ReplicasByDest(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) ([]rollcall.Replica, error) {
	var list []rollcall.Replica
	query := readReplicas + " FROM priv_sync_replica r WHERE " + q.destOf(class) + " AND r.dest_id "
	err := inLists(numbers(ids), func(in string, args []any) error {
		return q.replicas(ctx, query+in, args, nil, func(r rollcall.Replica) { list = append(list, r) })
	})
	if err != nil {
		return nil, fmt.Errorf("read replicas of objects of %s: %w", class.Root, err)
	}
	slices.SortFunc(list, func(a, b rollcall.Replica) int { return int(a.ID - b.ID) })
	return list, nil
}

// destOf holds replicas to those tied to objects of class's hierarchy.
func (q *queries) destOf(class *rollcall.Class) string {
	family := q.model.Family(class.Root)
	names := make([]string, len(family))
	for i, c := range family {
		names[i] = "'" + strings.ReplaceAll(c.Name, "'", "''") + "'"
	}
	return "dest_class IN (" + strings.Join(names, ",") + ")"
}

// ReplicaByKey returns a source's replica of an entry, without its row.
func (q *queries) ReplicaByKey(ctx context.Context, source rollcall.ObjectID, key string) (rollcall.Replica, bool, error) {
	var found rollcall.Replica
	exists := false
	err := q.replicas(ctx, readReplicas+" FROM priv_sync_replica r WHERE sync_source_id = ? AND entry_key = ?", []any{int64(source), key}, nil, func(r rollcall.Replica) {
		found, exists = r, true
	})
	if err != nil {
		return found, false, fmt.Errorf("read the replica of entry %s: %w", key, err)
	}
	return found, exists, nil
}

// ReplicaList returns a page of the replicas of a source, by ascending ID,
// without their rows.
func (q *queries) ReplicaList(ctx context.Context, f rollcall.ReplicaFilter) ([]rollcall.Replica, error) {
	query := readReplicas + " FROM priv_sync_replica r WHERE sync_source_id = ? AND id > ?"
	args := []any{int64(f.Source), f.After}
	if f.State != "" {
		query, args = query+" AND status = ?", append(args, string(f.State))
	}
	if f.IsTroubled {
		query += " AND (status_last_error <> '' OR status_last_warning <> '')"
	}
	var list []rollcall.Replica
	err := q.replicas(ctx, query+" ORDER BY id LIMIT ?", append(args, f.Limit), nil, func(r rollcall.Replica) { list = append(list, r) })
	if err != nil {
		return nil, fmt.Errorf("read the replicas of source %d: %w", f.Source, err)
	}
	return list, nil
}

// replicaPage is how many replicas are read before they are handed out.
const replicaPage = 500

// ReplicaErrors yields a source's replicas that have an error or a warning, by
// ascending ID, without their rows. yield may read within the same transaction.
func (q *queries) ReplicaErrors(ctx context.Context, source rollcall.ObjectID, yield func(*rollcall.Replica) error) error {
	query := readReplicas + ` FROM priv_sync_replica r
		WHERE sync_source_id = ? AND id > ? AND (status_last_error <> '' OR status_last_warning <> '') ORDER BY id LIMIT ?`
	for last := int64(0); ; {
		var page []rollcall.Replica
		err := q.replicas(ctx, query, []any{int64(source), last, replicaPage}, nil, func(r rollcall.Replica) { page = append(page, r) })
		if err != nil {
			return fmt.Errorf("read replicas in error: %w", err)
		}
		for i := range page {
			last = page[i].ID
			if err := yield(&page[i]); err != nil {
				return err
			}
		}
		if len(page) < replicaPage {
			return nil
		}
	}
}
