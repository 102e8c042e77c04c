package jsonfile

import (
	"strconv"
	"strings"
)

// Select returns the elements that a path leads to, by the grammar of iTop's
// JSON collectors: a name is a member of an object, or of each element of a
// list; * is each element. ok is false when a step finds nothing.
func Select(root any, path string) (elements []any, ok bool) {
	current := root
	for step := range strings.SplitSeq(path, "/") {
		if o, isObject := current.(*Object); isObject && step != "*" && !hasZero(o) {
			next, found := o.Get(step)
			if !found {
				return nil, false
			}
			current = next
			if isEmpty(current) {
				return nil, false
			}
			continue
		}
		var kept []any
		for _, e := range Elements(current) {
			if step == "*" {
				kept = append(kept, e)
			} else if v, found := member(e, step); found {
				kept = append(kept, v)
			}
		}
		if len(kept) == 0 {
			return nil, false
		}
		current = kept
	}
	return Elements(current), true
}

// hasZero reports whether an object looks like a list to PHP.
func hasZero(o *Object) bool {
	_, ok := o.Get("0")
	return ok
}

// Elements returns the elements of a list, or the members of an object.
func Elements(v any) []any {
	switch x := v.(type) {
	case []any:
		return x
	case *Object:
		list := make([]any, 0, len(x.Keys))
		for _, k := range x.Keys {
			list = append(list, x.values[k])
		}
		return list
	}
	return nil
}

func isEmpty(v any) bool {
	switch x := v.(type) {
	case []any:
		return len(x) == 0
	case *Object:
		return len(x.Keys) == 0
	}
	return true // a scalar has nothing in it
}

func member(v any, name string) (any, bool) {
	switch x := v.(type) {
	case *Object:
		return x.Get(name)
	case []any:
		if i, err := strconv.Atoi(name); err == nil && i >= 0 && i < len(x) {
			return x[i], true
		}
	}
	return nil, false
}

// Lookup returns the scalar that a path leads to within one element: a name, an
// index of a list, or * for the first element in which the rest of the path
// leads anywhere. Objects, lists and null count as nothing.
func Lookup(element any, path string) (any, bool) {
	return lookup(element, strings.Split(path, "/"))
}

func lookup(v any, steps []string) (any, bool) {
	if len(steps) == 0 {
		switch v.(type) {
		case nil, []any, *Object:
			return nil, false
		}
		return v, true
	}
	if steps[0] == "*" {
		for _, e := range Elements(v) {
			if found, ok := lookup(e, steps[1:]); ok {
				return found, true
			}
		}
		return nil, false
	}
	next, ok := member(v, steps[0])
	if !ok {
		return nil, false
	}
	return lookup(next, steps[1:])
}
