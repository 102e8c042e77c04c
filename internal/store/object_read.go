package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// Objects returns the objects of class and below with the given IDs, in that
// order; those that do not exist are left out.
func (q *queries) Objects(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) ([]rollcall.Object, error) {
	v, err := q.view(class, nil)
	if err != nil {
		return nil, err
	}
	return v.objects(ctx, ids)
}

func (v *view) objects(ctx context.Context, ids []rollcall.ObjectID) ([]rollcall.Object, error) {
	found := make(map[rollcall.ObjectID]rollcall.Object, len(ids))
	err := inLists(numbers(ids), func(in string, args []any) error {
		objects, err := v.collect(ctx, "id "+in, args)
		for _, o := range objects {
			found[o.ID] = o
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read objects of %s: %w", v.table.root, err)
	}
	objects := make([]rollcall.Object, 0, len(found))
	for _, id := range ids {
		if o, ok := found[id]; ok {
			objects = append(objects, o)
		}
	}
	return objects, nil
}

// scanPage is how many objects Scan reads before it hands them out.
const scanPage = 1000

// Scan yields every object of class and below from an ID on, by ascending ID.
// yield may read and write within the same transaction.
func (q *queries) Scan(ctx context.Context, class *rollcall.Class, from rollcall.ObjectID, yield func(*rollcall.Object) error) error {
	v, err := q.view(class, nil)
	if err != nil {
		return err
	}
	return v.pages(ctx, from, func(page []rollcall.Object) error {
		for i := range page {
			if err := yield(&page[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// pages yields the objects of a view in parts. The rows are closed when yield
// is called.
func (v *view) pages(ctx context.Context, from rollcall.ObjectID, yield func([]rollcall.Object) error) error {
	query := "SELECT " + v.columns + " FROM " + v.table.quoted + " WHERE id >= ?" + v.where + " ORDER BY id LIMIT ?"
	for {
		var page []rollcall.Object
		rows := 0
		err := v.q.each(ctx, query, []any{int64(from), scanPage}, func(r *sql.Rows) error {
			o, known, err := v.scan(r)
			if err != nil {
				return err
			}
			rows++
			if id, ok := v.cells[0].(int64); ok {
				from = rollcall.ObjectID(id) + 1
			}
			if known {
				page = append(page, o)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("scan %s: %w", v.table.root, err)
		}
		if err := yield(page); err != nil {
			return err
		}
		if rows < scanPage {
			return nil
		}
	}
}

// Count returns how many objects of class and below there are.
func (q *queries) Count(ctx context.Context, class *rollcall.Class) (int, error) {
	t, err := q.layout().table(class)
	if err != nil {
		return 0, err
	}
	var n int
	if err := q.one(ctx, "SELECT COUNT(*) FROM "+t.quoted+" WHERE 1 = 1"+q.among(class), nil, &n); err != nil {
		return 0, fmt.Errorf("count objects of %s: %w", class.Name, err)
	}
	return n, nil
}

// Links returns beside each host the members of one of its link sets, by
// ascending target. Of children the target is the child itself.
func (q *queries) Links(ctx context.Context, attr *rollcall.Attribute, hosts []rollcall.ObjectID) ([][]rollcall.Link, error) {
	class := q.model.Class(attr.Target)
	if class == nil {
		return nil, rollcall.Errorf(rollcall.Internal, "link set %s: class %s is not declared", attr.Code, attr.Target)
	}
	here, there, codes := memberKey(attr), attr.Remote, []string(nil)
	if attr.Type == rollcall.TypeChildren {
		there, codes = "", []string{attr.Remote}
	}
	v, err := q.view(class, codes)
	if err != nil {
		return nil, err
	}
	col := v.table.columns[here]
	if col == nil {
		return nil, rollcall.Errorf(rollcall.Internal, "link set %s: class %s has no key %s", attr.Code, attr.Target, here)
	}
	at := make(map[string][]int, len(hosts))
	for i, id := range hosts {
		at[idText(id)] = append(at[idText(id)], i)
	}
	links := make([][]rollcall.Link, len(hosts))
	err = inLists(numbers(hosts), func(in string, args []any) error {
		objects, err := v.collect(ctx, col.name+" "+in, args)
		for i := range objects {
			link := linkOf(&objects[i], here, there)
			for _, host := range at[objects[i].Get(here)] {
				links[host] = append(links[host], link)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read link set %s: %w", attr.Code, err)
	}
	for _, set := range links {
		slices.SortFunc(set, func(a, b rollcall.Link) int {
			return cmp.Or(cmp.Compare(a.Target, b.Target), cmp.Compare(a.ID, b.ID))
		})
	}
	return links, nil
}

// Filled reports beside each of some link sets whether any of the hosts has a
// member in it. It is one statement, however many sets: most of them are empty.
func (q *queries) Filled(ctx context.Context, sets []*rollcall.Attribute, hosts []rollcall.ObjectID) ([]bool, error) {
	filled := make([]bool, len(sets))
	err := inLists(numbers(hosts), func(in string, args []any) error {
		parts := make([]string, len(sets))
		all := make([]any, 0, len(sets)*len(args))
		for i, set := range sets {
			class := q.model.Class(set.Target)
			if class == nil {
				return rollcall.Errorf(rollcall.Internal, "class %s is not declared", set.Target)
			}
			t, err := q.layout().table(class)
			if err != nil {
				return err
			}
			col := t.columns[memberKey(set)]
			if col == nil {
				return rollcall.Errorf(rollcall.Internal, "class %s has no key %s", set.Target, memberKey(set))
			}
			parts[i] = "SELECT " + strconv.Itoa(i) + " WHERE EXISTS (SELECT 1 FROM " + t.quoted + " WHERE " + col.name + " " + in + q.among(class) + ")"
			all = append(all, args...)
		}
		return q.briefly(ctx, strings.Join(parts, " UNION ALL "), all, func(rows *sql.Rows) error {
			var i int
			err := rows.Scan(&i)
			if err == nil {
				filled[i] = true
			}
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("see which link sets have members: %w", err)
	}
	return filled, nil
}

// memberKey is the key by which members of a link set point at its host.
func memberKey(set *rollcall.Attribute) string {
	if set.Type == rollcall.TypeChildren {
		return set.Remote
	}
	return set.Via
}

// linkOf makes a link of a link object, or of a child when there is no key to
// another side.
func linkOf(o *rollcall.Object, here, there string) rollcall.Link {
	if there == "" {
		return rollcall.Link{ID: o.ID, Target: o.ID}
	}
	link := rollcall.Link{ID: o.ID, Target: parseID(o.Get(there))}
	for i, a := range o.Class.Stored {
		if value := o.Values[i]; value != "" && a.Code != here && a.Code != there {
			if link.Values == nil {
				link.Values = map[string]string{}
			}
			link.Values[a.Code] = value
		}
	}
	return link
}

// Referrers returns which objects of holder and below point with key at one of
// targets, by ascending ID.
func (q *queries) Referrers(ctx context.Context, key *rollcall.Attribute, holder *rollcall.Class, targets []rollcall.ObjectID) ([]rollcall.Referrer, error) {
	v, err := q.view(holder, []string{key.Code})
	if err != nil {
		return nil, err
	}
	col := v.table.columns[key.Code]
	if col == nil {
		return nil, rollcall.Errorf(rollcall.Internal, "class %s has no key %s", holder.Name, key.Code)
	}
	var referrers []rollcall.Referrer
	err = inLists(numbers(targets), func(in string, args []any) error {
		objects, err := v.collect(ctx, col.name+" "+in, args)
		for i := range objects {
			o := &objects[i]
			referrers = append(referrers, rollcall.Referrer{
				Object: rollcall.Ref{Class: o.Class.Name, ID: o.ID}, Target: parseID(o.Get(key.Code)),
			})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read who points at objects by %s: %w", key.Code, err)
	}
	slices.SortFunc(referrers, func(a, b rollcall.Referrer) int { return cmp.Compare(a.Object.ID, b.Object.ID) })
	return referrers, nil
}
