package collector

import (
	"slices"
	"strconv"
)

// Value is a parameter's value: a text, or an ordered hash. A list is a hash
// whose keys are 0, 1, 2…, as in the original, which lets both merge.
type Value struct {
	Scalar bool
	Text   string
	Keys   []string
	items  map[string]*Value
}

func scalar(text string) *Value { return &Value{Scalar: true, Text: text} }

func hash() *Value { return &Value{items: map[string]*Value{}} }

// Get returns an item of a hash, nil when there is none.
func (v *Value) Get(key string) *Value {
	if v == nil || v.Scalar {
		return nil
	}
	return v.items[key]
}

// Len returns the number of items.
func (v *Value) Len() int {
	if v == nil {
		return 0
	}
	return len(v.Keys)
}

// set puts an item under a key; a key that is there keeps its place.
func (v *Value) set(key string, item *Value) {
	if _, ok := v.items[key]; !ok {
		v.Keys = append(v.Keys, key)
	}
	v.items[key] = item
}

// add puts an item at the end of a list.
func (v *Value) add(item *Value) { v.set(strconv.Itoa(len(v.Keys)), item) }

// isList reports whether the keys are 0, 1, 2….
func (v *Value) isList() bool {
	for i, k := range v.Keys {
		if k != strconv.Itoa(i) {
			return false
		}
	}
	return !v.Scalar
}

// str returns the text of a scalar, empty for anything else.
func (v *Value) str() string {
	if v == nil || !v.Scalar {
		return ""
	}
	return v.Text
}

// texts returns the scalar items of a hash in order.
func (v *Value) texts() []string {
	var list []string
	if v == nil {
		return nil
	}
	for _, k := range v.Keys {
		if item := v.items[k]; item.Scalar {
			list = append(list, item.Text)
		}
	}
	return list
}

// isEmpty reports whether the original would find the value empty.
func (v *Value) isEmpty() bool {
	return v == nil || v.Scalar && (v.Text == "" || v.Text == "0") || !v.Scalar && len(v.Keys) == 0
}

func (v *Value) clone() *Value {
	if v == nil || v.Scalar {
		return v
	}
	c := &Value{Keys: slices.Clone(v.Keys), items: make(map[string]*Value, len(v.items))}
	for k, item := range v.items {
		c.items[k] = item.clone()
	}
	return c
}

// merge lays a later file's value over an earlier one: hashes and lists key by
// key, anything else replaces.
func merge(earlier, later *Value) *Value {
	if earlier == nil || earlier.Scalar || later.Scalar {
		return later
	}
	for _, k := range later.Keys {
		earlier.set(k, merge(earlier.items[k], later.items[k]))
	}
	return earlier
}
