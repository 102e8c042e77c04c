package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"rollcall/internal/rollcall"
)

const readGrants = "SELECT id, binding, kind, type, holder_id, target_id, link_id, made, via, began FROM granted WHERE "

// BoundGroups returns the groups that a source's bindings tie to something.
func (q *queries) BoundGroups(ctx context.Context, source rollcall.ObjectID) ([]rollcall.BoundGroup, error) {
	const query = `SELECT id, binding, kind, gift, group_key, group_dn, group_name, target_class, target_id, made
		FROM bound_group WHERE source_id = ? AND ended = 0 ORDER BY id`
	var list []rollcall.BoundGroup
	err := q.each(ctx, query, []any{int64(source)}, func(rows *sql.Rows) error {
		var b rollcall.BoundGroup
		if err := rows.Scan(&b.ID, &b.Binding, &b.Gift.Kind, &b.Gift.Target, &b.Key, &b.DN, &b.Name, &b.Target.Class, &b.Target.ID, &b.Made); err != nil {
			return err
		}
		list = append(list, b)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the bound groups of source %d: %w", source, err)
	}
	return list, nil
}

// Grants yields what a source's bindings gave and what still holds, by holder,
// kind, target and type.
// yield must not query on the same transaction.
func (q *queries) Grants(ctx context.Context, source rollcall.ObjectID, yield func(*rollcall.Grant) error) error {
	err := q.grants(ctx, readGrants+"source_id = ? AND ended = 0 ORDER BY holder_id, kind, target_id, type, id", []any{int64(source)}, yield)
	if err != nil {
		return fmt.Errorf("read the grants of source %d: %w", source, err)
	}
	return nil
}

// GrantsIn yields what the entries of a source gave to one holder.
func (q *queries) GrantsIn(ctx context.Context, source, holder rollcall.ObjectID, yield func(*rollcall.Grant) error) error {
	err := q.grants(ctx, readGrants+"holder_id = ? AND source_id = ? AND ended = 0 ORDER BY kind, target_id, type, id", []any{int64(holder), int64(source)}, yield)
	if err != nil {
		return fmt.Errorf("read the grants of object %d: %w", holder, err)
	}
	return nil
}

// GrantsOf returns what somebody has been given by their groups. A holder of a
// team is a person, any other an account.
func (q *queries) GrantsOf(ctx context.Context, holder rollcall.ObjectID, isPerson bool) ([]rollcall.Grant, error) {
	where := "holder_id = ? AND ended = 0 AND kind <> '" + string(rollcall.GrantTeam) + "'"
	if isPerson {
		where = strings.Replace(where, "<>", "=", 1)
	}
	var list []rollcall.Grant
	err := q.grants(ctx, readGrants+where+" ORDER BY kind, id", []any{int64(holder)}, func(g *rollcall.Grant) error {
		list = append(list, *g)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the grants of object %d: %w", holder, err)
	}
	return list, nil
}

// GrantList returns a page of what one binding of a source gave and what still
// holds, by ascending ID.
func (q *queries) GrantList(ctx context.Context, source rollcall.ObjectID, binding string, after int64, limit int) ([]rollcall.Grant, error) {
	var list []rollcall.Grant
	err := q.grants(ctx, readGrants+"source_id = ? AND binding = ? AND ended = 0 AND id > ? ORDER BY id LIMIT ?",
		[]any{int64(source), binding, after, limit}, func(g *rollcall.Grant) error {
			list = append(list, *g)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read what binding %s gave: %w", binding, err)
	}
	return list, nil
}

func (q *queries) grants(ctx context.Context, query string, args []any, yield func(*rollcall.Grant) error) error {
	return q.each(ctx, query, args, func(rows *sql.Rows) error {
		var g rollcall.Grant
		if err := rows.Scan(&g.ID, &g.Binding, &g.Kind, &g.Type, &g.Holder, &g.Target, &g.Link, &g.Made, &g.Via, &g.Run); err != nil {
			return err
		}
		return yield(&g)
	})
}

// LostGrants returns the grants of a source whose links somebody removed.
func (q *queries) LostGrants(ctx context.Context, source rollcall.ObjectID, link *rollcall.Class, kinds []rollcall.GrantKind) (map[int64]bool, error) {
	tab, err := q.layout().table(link)
	if err != nil {
		return nil, err
	}
	in := make([]string, len(kinds))
	args := []any{int64(source)}
	for i, k := range kinds {
		in[i] = "?"
		args = append(args, string(k))
	}
	lost := map[int64]bool{}
	query := "SELECT g.id FROM granted g LEFT JOIN " + tab.quoted + " l ON l.id = g.link_id WHERE g.source_id = ? AND g.ended = 0 AND g.kind IN (" +
		strings.Join(in, ",") + ") AND l.id IS NULL"
	err = q.each(ctx, query, args, func(rows *sql.Rows) error {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		lost[id] = true
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for removed links of %s: %w", link.Name, err)
	}
	return lost, nil
}

// Holders yields the objects that entries of a source are tied to, by ID. An
// object that several entries are tied to comes once for each.
func (q *queries) Holders(ctx context.Context, source rollcall.ObjectID, yield func(*rollcall.Holder) error) error {
	const query = "SELECT dest_id, entry_key, status FROM priv_sync_replica WHERE sync_source_id = ? AND dest_id <> 0 AND status <> 'orphan' ORDER BY dest_id, id"
	err := q.each(ctx, query, []any{int64(source)}, func(rows *sql.Rows) error {
		var h rollcall.Holder
		var state rollcall.ReplicaState
		if err := rows.Scan(&h.ID, &h.Key, &state); err != nil {
			return err
		}
		h.IsGone = state == rollcall.StateObsolete
		return yield(&h)
	})
	if err != nil {
		return fmt.Errorf("read the holders of source %d: %w", source, err)
	}
	return nil
}

// CountByKey returns how many objects of a class point at each of targets.
func (q *queries) CountByKey(ctx context.Context, class *rollcall.Class, key *rollcall.Attribute, targets []rollcall.ObjectID) (map[rollcall.ObjectID]int, error) {
	tab, err := q.layout().table(class)
	if err != nil {
		return nil, err
	}
	col := tab.columns[key.Code].name
	counts := map[rollcall.ObjectID]int{}
	err = inLists(numbers(targets), func(in string, args []any) error {
		return q.each(ctx, "SELECT "+col+", COUNT(*) FROM "+tab.quoted+" WHERE "+col+" "+in+" GROUP BY "+col, args, func(rows *sql.Rows) error {
			var id rollcall.ObjectID
			var n int
			if err := rows.Scan(&id, &n); err != nil {
				return err
			}
			counts[id] = n
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("count the objects of %s: %w", class.Name, err)
	}
	return counts, nil
}

// InsertBoundGroups keeps that groups are bound from a run on.
func (t *Tx) InsertBoundGroups(ctx context.Context, source rollcall.ObjectID, run int64, groups []rollcall.BoundGroup) error {
	b := t.insert("bound_group", []string{"source_id", "binding", "kind", "gift", "group_key", "group_dn", "group_name",
		"target_class", "target_id", "made", "began", "ended"})
	for i := range groups {
		g := &groups[i]
		err := b.add(ctx, int64(source), g.Binding, string(g.Gift.Kind), g.Gift.Target, g.Key, g.DN, g.Name,
			g.Target.Class, int64(g.Target.ID), bit(g.Made), run, int64(0))
		if err != nil {
			return fmt.Errorf("keep bound groups: %w", err)
		}
	}
	if err := b.flush(ctx); err != nil {
		return fmt.Errorf("keep bound groups: %w", err)
	}
	return nil
}

// InsertGrants keeps that grants hold from a run on.
func (t *Tx) InsertGrants(ctx context.Context, source rollcall.ObjectID, run int64, grants []rollcall.Grant) error {
	b := t.insert("granted", []string{"source_id", "binding", "kind", "type", "holder_id", "target_id", "link_id", "made", "via", "began", "ended"})
	for i := range grants {
		g := &grants[i]
		err := b.add(ctx, int64(source), g.Binding, string(g.Kind), g.Type, int64(g.Holder), int64(g.Target), int64(g.Link), bit(g.Made), g.Via, run, int64(0))
		if err != nil {
			return fmt.Errorf("keep grants: %w", err)
		}
	}
	if err := b.flush(ctx); err != nil {
		return fmt.Errorf("keep grants: %w", err)
	}
	return nil
}

// EndBoundGroups keeps that groups are bound up to a run.
func (t *Tx) EndBoundGroups(ctx context.Context, run int64, ids []int64) error {
	return t.endRows(ctx, "bound_group", run, ids)
}

// EndGrants keeps that grants held up to a run.
func (t *Tx) EndGrants(ctx context.Context, run int64, ids []int64) error {
	return t.endRows(ctx, "granted", run, ids)
}

func (t *Tx) endRows(ctx context.Context, table string, run int64, ids []int64) error {
	err := inLists(ids, func(in string, args []any) error {
		_, err := t.exec(ctx, "UPDATE "+table+" SET ended = ? WHERE id "+in, append([]any{run}, args...)...)
		return err
	})
	if err != nil {
		return fmt.Errorf("end rows of %s: %w", table, err)
	}
	return nil
}

// HeldElsewhere returns which links other grants than those of a source still
// need, and makes those grants the links' own: the last of them takes the link
// away.
func (t *Tx) HeldElsewhere(ctx context.Context, source rollcall.ObjectID, run int64, kinds []rollcall.GrantKind, links []rollcall.ObjectID) (map[rollcall.ObjectID]bool, error) {
	held := map[rollcall.ObjectID]bool{}
	among := make([]any, len(kinds))
	for i, k := range kinds {
		among[i] = string(k)
	}
	where := "ended = 0 AND source_id <> ? AND kind IN (" + marks(len(kinds)) + ") AND link_id "
	err := inLists(numbers(links), func(in string, args []any) error {
		all := append(append([]any{int64(source)}, among...), args...)
		return t.each(ctx, "SELECT link_id FROM granted WHERE "+where+in, all, func(rows *sql.Rows) error {
			var id rollcall.ObjectID
			err := rows.Scan(&id)
			held[id] = true
			return err
		})
	})
	if err != nil || len(held) == 0 {
		return held, err
	}
	var ids []int64
	for id := range held {
		ids = append(ids, int64(id))
	}
	err = inLists(ids, func(in string, args []any) error {
		all := append(append([]any{int64(source)}, among...), args...)
		const columns = "source_id, binding, kind, type, holder_id, target_id, link_id, "
		_, err := t.exec(ctx, "INSERT INTO granted ("+columns+"made, via, began, ended) SELECT "+columns+"1, via, CAST(? AS "+t.d.traits().types[number]+
			"), 0 FROM granted WHERE made = 0 AND "+where+in, append([]any{run}, all...)...)
		if err == nil {
			_, err = t.exec(ctx, "UPDATE granted SET ended = ? WHERE made = 0 AND "+where+in, append([]any{run}, all...)...)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("hand links over: %w", err)
	}
	return held, nil
}

// UndoGrants makes what holds what held before a run.
func (t *Tx) UndoGrants(ctx context.Context, run int64) error {
	for _, table := range []string{"bound_group", "granted"} {
		if _, err := t.exec(ctx, "DELETE FROM "+table+" WHERE began = ?", run); err != nil {
			return fmt.Errorf("take back the rows of %s: %w", table, err)
		}
		if _, err := t.exec(ctx, "UPDATE "+table+" SET ended = 0 WHERE ended = ?", run); err != nil {
			return fmt.Errorf("take back the rows of %s: %w", table, err)
		}
	}
	return nil
}

func bit(on bool) int64 {
	if on {
		return 1
	}
	return 0
}
