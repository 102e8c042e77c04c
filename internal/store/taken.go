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

// takenBy looks at one object of each key's hash. It returns the keys whose
// object is another one with the same hash.
func (q *queries) takenBy(ctx context.Context, look *lookup, class *rollcall.Class, attrs []string, keys [][]string, taken []bool) (unsure []int, err error) {
	v, err := q.view(class, q.needed(class, attrs...))
	if err != nil {
		return nil, err
	}
	hashes := look.hashes(class, attrs, keys)
	m := newMatcher(class, attrs, keys)
	there := map[int64]bool{}
	first := "(CAST(? AS " + q.d.traits().types[number] + "))"
	err = inLists(distinct(slices.Clone(hashes)), func(_ string, args []any) error {
		values := first + strings.Repeat(",(?)", len(args)-1)
		objects, err := v.collect(ctx, "id IN (WITH v (hash) AS (VALUES "+values+") SELECT (SELECT o.id FROM "+v.table.quoted+" AS o WHERE o."+
			look.column.name+" = v.hash"+v.where+" LIMIT 1) FROM v)", args)
		if err != nil {
			return err
		}
		for i := range objects {
			there[look.hash(&objects[i])] = true
		}
		return m.match(ctx, q, objects)
	})
	for i := range keys {
		taken[i] = len(m.found[i]) > 0
		if !taken[i] && there[hashes[i]] {
			unsure = append(unsure, i)
		}
	}
	return unsure, err
}
