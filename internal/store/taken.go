package store

import (
	"context"
	"fmt"
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
	v, err := q.view(class, q.needed(class, attrs...))
	if err != nil {
		return nil, err
	}
	known, err := q.recollect(ctx, v.table, look)
	if err != nil {
		return nil, err
	}
	m := newMatcher(class, attrs, keys)
	hashes, err := q.possible(ctx, v.table, look, distinct(q.stillToFind(known, m, look.hashes(class, attrs, keys), taken)))
	if err != nil {
		return nil, err
	}
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
		if !taken[i] {
			unsure = append(unsure, i)
		}
	}
	q.note(known, m)
	if len(matched) == read {
		return nil, err
	}
	return unsure, err
}

// stillToFind marks the keys that are known to be taken and returns the hashes of
// the others.
func (q *queries) stillToFind(known *recollection, m *matcher, hashes []int64, taken []bool) []int64 {
	if known == nil {
		return hashes
	}
	var left []int64
	for key, at := range m.wanted {
		if _, is := known.taken[q.recall.print(m, key)]; !is {
			left = append(left, hashes[at[0]])
			continue
		}
		for _, i := range at {
			taken[i] = true
		}
	}
	return left
}

// note remembers the keys that were found.
func (q *queries) note(known *recollection, m *matcher) {
	if known == nil {
		return
	}
	for key, at := range m.wanted {
		if len(m.found[at[0]]) > 0 && len(known.taken) < recallTaken {
			known.taken[q.recall.print(m, key)] = struct{}{}
		}
	}
}
