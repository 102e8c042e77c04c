package demo

import (
	"slices"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// entry is one entry. It does not change once it is in a Directory.
type entry struct {
	seq      int64 // its place in the order of answers; survives a rename
	uuid     string
	dn       rollcall.DN
	name     string // dn as text
	fold     string // dn folded
	parent   string // the folded DN above
	attrs    []Attribute
	created  time.Time
	modified time.Time
}

func (e *entry) clone() *entry {
	c := *e
	c.attrs = slices.Clone(e.attrs) // the slices of values are replaced, never changed
	return &c
}

// setName gives the entry a DN and makes sure that its first part is among the
// attributes.
func (e *entry) setName(dn rollcall.DN) {
	e.dn, e.name, e.fold, e.parent = dn, dn.String(), dn.Fold(), dn.Parent().Fold()
	for _, a := range dn[0] {
		if !e.has(a.Type, a.Value) {
			e.set(a.Type, append([]string{a.Value}, e.stored(a.Type)...))
		}
	}
}

// stored returns the values of an attribute that is kept, not computed.
func (e *entry) stored(name string) []string {
	for _, a := range e.attrs {
		if strings.EqualFold(a.Name, name) {
			return a.Values
		}
	}
	return nil
}

func (e *entry) has(name, value string) bool {
	syntax := typeOf(name).syntax
	want := syntax.normal(value)
	return slices.ContainsFunc(e.stored(name), func(v string) bool { return syntax.normal(v) == want })
}

// set replaces the values of an attribute; no values remove it.
func (e *entry) set(name string, values []string) {
	i := slices.IndexFunc(e.attrs, func(a Attribute) bool { return strings.EqualFold(a.Name, name) })
	switch {
	case len(values) == 0 && i >= 0:
		e.attrs = slices.Delete(e.attrs, i, i+1)
	case len(values) == 0:
	case i >= 0:
		e.attrs[i].Values = values
	default:
		e.attrs = append(e.attrs, Attribute{Name: name, Values: values})
	}
}

func (e *entry) remove(name, value string) {
	syntax := typeOf(name).syntax
	want := syntax.normal(value)
	e.set(name, slices.DeleteFunc(slices.Clone(e.stored(name)), func(v string) bool { return syntax.normal(v) == want }))
}

// view is a Directory at one moment. It does not change.
type view struct {
	base    rollcall.DN
	entries []*entry            // by seq
	byDN    map[string]*entry   // by folded DN
	groups  map[string][]string // the DNs of the groups that name a folded DN as member
}

// view returns the directory as it is now.
func (d *Directory) view() *view {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.current != nil {
		return d.current
	}
	v := &view{base: d.base, byDN: make(map[string]*entry, len(d.entries)), groups: map[string][]string{}}
	for fold, e := range d.entries {
		v.byDN[fold] = e
		v.entries = append(v.entries, e)
	}
	slices.SortFunc(v.entries, func(a, b *entry) int { return int(a.seq - b.seq) })
	for _, e := range v.entries {
		for _, member := range e.stored("member") {
			fold := rollcall.FoldDN(member)
			v.groups[fold] = append(v.groups[fold], e.name)
		}
	}
	d.current = v
	return v
}

// timeFormat is GeneralizedTime in UTC.
const timeFormat = "20060102150405Z"

// values returns an attribute's values, the computed ones included. The name is
// in lower case.
func (v *view) values(e *entry, name string) []string {
	switch name {
	case "memberof":
		return v.groups[e.fold]
	case "entryuuid":
		return []string{e.uuid}
	case "entrydn":
		return []string{e.name}
	case "createtimestamp":
		return []string{e.created.Format(timeFormat)}
	case "modifytimestamp":
		return []string{e.modified.Format(timeFormat)}
	case "structuralobjectclass":
		if classes := e.stored("objectClass"); len(classes) > 0 {
			return classes[len(classes)-1:]
		}
		return nil
	case "hassubordinates":
		if slices.ContainsFunc(v.entries, func(other *entry) bool { return other.parent == e.fold }) {
			return []string{"TRUE"}
		}
		return []string{"FALSE"}
	case "subschemasubentry":
		return nil
	}
	return e.stored(name)
}
