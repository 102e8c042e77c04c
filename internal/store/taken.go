package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// Taken reports beside each key whether Find would find anything. Where
// EnsureLookup was asked for the combination it reads one object a key, however
// many share it: in a company of a hundred thousand some names are borne by
// hundreds.
func (q *queries) Taken(ctx context.Context, class *rollcall.Class, attrs []string, keys [][]string) ([]bool, error) {
	taken := make([]bool, len(keys))
	unsure := make([]int, 0, len(keys)) // which keys are left to Find
	if t, err := q.layout().table(class); err != nil {
		return nil, err
	} else if look := q.lookupFor(t, class, attrs); look == nil || len(look.attrs) < len(attrs) {
		for i := range keys {
			unsure = append(unsure, i)
		}
	} else if unsure, err = q.takenBy(ctx, look, class, attrs, keys, taken); err != nil {
		return nil, fmt.Errorf("find %s by %s: %w", class.Name, strings.Join(attrs, ", "), err)
	}
	if len(unsure) == 0 {
		return taken, nil
	}
	rest := make([][]string, len(unsure))
	for i, at := range unsure {
		rest[i] = keys[at]
	}
	found, err := q.Find(ctx, class, attrs, rest)
	for i := range found {
		taken[unsure[i]] = len(found[i]) > 0
	}
	return taken, err
}

// takenBy looks at one object of each key's hash. Should another text have the
// same hash, it may hide the one that is looked for: then the keys that were not
// found are returned.
func (q *queries) takenBy(ctx context.Context, look *lookup, class *rollcall.Class, attrs []string, keys [][]string, taken []bool) (unsure []int, err error) {
	tab, err := q.layout().table(class)
	if err != nil {
		return nil, err
	}
	known, err := q.recollect(ctx, tab, look)
	if err != nil {
		return nil, err
	}
	if known != nil && known.taken == nil {
		known.taken = map[keyPrint]struct{}{}
	}
	hashes, prints := look.digests(class, attrs, keys, q.recall)
	hashes, err = q.possible(ctx, tab, look, distinct(q.stillToFind(known, class, hashes, prints, taken)))
	if err != nil || len(hashes) == 0 {
		return nil, err
	}
	v, err := q.view(class, q.needed(class, attrs...))
	if err != nil {
		return nil, err
	}
	m := newMatcher(class, attrs, keys)
	read := 0
	first := "(CAST(? AS " + q.d.traits().types[number] + "))"
	err = inLists(hashes, func(_ string, args []any) error {
		values := first + strings.Repeat(",(?)", len(args)-1)
		objects, err := v.collect(ctx, "id IN (WITH v (hash) AS (VALUES "+values+") SELECT (SELECT o.id FROM "+v.table.quoted+" AS o WHERE o."+
			look.column.name+" = v.hash"+v.where+" LIMIT 1) FROM v)", args)
		if err != nil {
			return err
		}
		read += len(objects)
		return m.match(ctx, q, objects)
	})
	matched := map[rollcall.ObjectID]bool{}
	for i, ids := range m.found {
		if taken[i] {
			continue
		}
		taken[i] = len(ids) > 0
		for _, id := range ids {
			matched[id] = true
		}
		switch {
		case !taken[i]:
			unsure = append(unsure, i)
		case known != nil:
			known.taken[prints[i].of(class, q.recall)] = struct{}{}
		}
	}
	if len(matched) == read {
		return nil, err
	}
	return unsure, err
}

// stillToFind marks the keys that are known to be taken and returns the hashes of
// the others.
func (q *queries) stillToFind(known *recollection, class *rollcall.Class, hashes []int64, prints []keyPrint, taken []bool) []int64 {
	if known == nil || len(known.taken) == 0 {
		return hashes
	}
	family := q.model.Family(class.Name)
	var left []int64
	for i, p := range prints {
		taken[i] = slices.ContainsFunc(family, func(c *rollcall.Class) bool {
			_, is := known.taken[p.of(c, q.recall)]
			return is
		})
		if !taken[i] {
			left = append(left, hashes[i])
		}
	}
	return left
}
