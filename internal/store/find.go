package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// Find returns beside each key the IDs, ascending, of the objects of class and
// below whose attributes equal it: texts as rollcall.Fold makes them, keys,
// numbers and dates exactly. attrs may name stored attributes, fields, "id" and
// "friendlyname". It is fast where EnsureLookup was asked for the combination,
// where a key or a field is among attrs, and where "id" is; else it reads all
// objects of the class.
func (q *queries) Find(ctx context.Context, class *rollcall.Class, attrs []string, keys [][]string) ([][]rollcall.ObjectID, error) {
	m := newMatcher(class, attrs, keys)
	if len(keys) == 0 {
		return m.found, nil
	}
	v, err := q.view(class, q.needed(class, attrs...))
	if err != nil {
		return nil, err
	}
	if err := q.candidates(ctx, v, class, attrs, keys, func(objects []rollcall.Object) error {
		return m.match(ctx, q, objects)
	}); err != nil {
		return nil, fmt.Errorf("find %s by %s: %w", class.Name, strings.Join(attrs, ", "), err)
	}
	for _, ids := range m.found {
		slices.Sort(ids)
	}
	return m.found, nil
}

// candidates yields objects among which all that match are, each once, by the
// narrowest way there is.
func (q *queries) candidates(ctx context.Context, v *view, class *rollcall.Class, attrs []string, keys [][]string, yield func([]rollcall.Object) error) error {
	if i := slices.Index(attrs, "id"); i >= 0 {
		objects, err := v.objects(ctx, idsOf(keys, i))
		if err != nil {
			return err
		}
		return yield(objects)
	}
	column, values, err := q.narrow(ctx, v.table, class, attrs, keys)
	if err != nil {
		return err
	}
	if column == "" {
		return v.pages(ctx, 0, yield)
	}
	return inLists(values, func(in string, args []any) error {
		objects, err := v.collect(ctx, column+" "+in, args)
		if err != nil {
			return err
		}
		return yield(objects)
	})
}

// narrow picks an indexed column and the values it must have, each once; no
// column when there is none.
func (q *queries) narrow(ctx context.Context, t *table, class *rollcall.Class, attrs []string, keys [][]string) (string, []int64, error) {
	if look := q.lookupFor(t, class, attrs); look != nil {
		hashes, _ := look.digests(class, attrs, keys, nil)
		values, err := q.possible(ctx, t, look, distinct(hashes))
		return look.column.name, values, err
	}
	for i, code := range attrs {
		a := class.Attribute(code)
		if a == nil || a.Type != rollcall.TypeField {
			continue
		}
		values, ok, err := q.throughField(ctx, class, a, i, keys)
		if err != nil || ok {
			return t.columns[a.Via].name, values, err
		}
	}
	for i, code := range attrs {
		if col := t.columns[code]; col != nil && col.isKey && !slices.ContainsFunc(keys, func(key []string) bool { return key[i] == "" }) {
			return col.name, distinct(numbers(idsOf(keys, i))), nil
		}
	}
	return "", nil, nil
}

// throughField finds the objects whose attribute the field shows. It is no way
// when an empty value is asked for: an object that points nowhere matches too.
func (q *queries) throughField(ctx context.Context, class *rollcall.Class, field *rollcall.Attribute, at int, keys [][]string) ([]int64, bool, error) {
	target, err := q.target(class, field.Via)
	if err != nil {
		return nil, false, err
	}
	seen := map[string]bool{}
	var remote [][]string
	for _, key := range keys {
		if rollcall.Fold(key[at]) == "" {
			return nil, false, nil
		}
		if !seen[key[at]] {
			seen[key[at]] = true
			remote = append(remote, []string{key[at]})
		}
	}
	found, err := q.Find(ctx, target, []string{field.Remote}, remote)
	if err != nil {
		return nil, false, err
	}
	return distinct(numbers(slices.Concat(found...))), true, nil
}

// matcher tells which key an object equals.
type matcher struct {
	class  *rollcall.Class
	attrs  []string
	wanted map[string][]int // the comparable key -> its positions
	found  [][]rollcall.ObjectID
}

func newMatcher(class *rollcall.Class, attrs []string, keys [][]string) *matcher {
	m := &matcher{class: class, attrs: attrs, wanted: make(map[string][]int, len(keys)), found: make([][]rollcall.ObjectID, len(keys))}
	for i, key := range keys {
		k := m.key(func(j int) string { return key[j] })
		m.wanted[k] = append(m.wanted[k], i)
	}
	return m
}

// key joins the comparable forms of an object's or a key's texts.
func (m *matcher) key(text func(attr int) string) string {
	if len(m.attrs) == 1 {
		return foldValue(m.class.Attribute(m.attrs[0]), text(0))
	}
	var b strings.Builder
	for j, code := range m.attrs {
		b.WriteString(foldValue(m.class.Attribute(code), text(j)))
		b.WriteByte(0xff)
	}
	return b.String()
}

func (m *matcher) match(ctx context.Context, q *queries, objects []rollcall.Object) error {
	if len(objects) == 0 {
		return nil
	}
	columns := make([][]string, len(m.attrs))
	for j, code := range m.attrs {
		var err error
		if columns[j], err = q.texts(ctx, objects, code, 0); err != nil {
			return err
		}
	}
	for i := range objects {
		k := m.key(func(j int) string { return columns[j][i] })
		for _, at := range m.wanted[k] {
			m.found[at] = append(m.found[at], objects[i].ID)
		}
	}
	return nil
}

// idsOf reads one part of all keys as IDs, each once; what is no ID matches
// nothing.
func idsOf(keys [][]string, at int) []rollcall.ObjectID {
	seen := map[rollcall.ObjectID]bool{0: true}
	var ids []rollcall.ObjectID
	for _, key := range keys {
		if id := parseID(key[at]); !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids
}

func distinct(list []int64) []int64 {
	slices.Sort(list)
	return slices.Compact(list)
}
