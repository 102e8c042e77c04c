package ldap

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/directory"
)

// containerClasses are the classes of Active Directory's entries that others lie
// below and that are renamed in practice.
var containerClasses = []string{"organizationalUnit", "container", "organization", "locality", "country", "builtinDomain"}

// changedByUSN looks for entries with a higher uSNChanged in whole domains and
// without the source's filter, so that those who left it are seen. With the right
// to see them, deleted objects are found by the same search.
func (d *delta) changedByUSN(ctx context.Context) (*changes, error) {
	all := newChanges()
	if d.from.USN == d.to.USN {
		return all, nil
	}
	filter := directory.AtLeast("uSNChanged", strconv.FormatInt(d.from.USN+1, 10))
	return all, d.scan(ctx, filter, []directory.Control{directory.ShowDeleted()}, all)
}

// scan adds the keys of the entries that a filter finds in the naming contexts
// of the source.
func (d *delta) scan(ctx context.Context, filter *directory.Filter, controls []directory.Control, all *changes) error {
	attributes := []string{d.mapper.key, "hasSubordinates"}
	if d.root.Kind.IsAD() {
		attributes[1] = "objectClass"
	}
	if d.to.Way == byTime {
		attributes = append(attributes, modified)
	}
	syntax := directory.SyntaxOf(d.mapper.key)
	for _, base := range d.contexts() {
		s := directory.Search{Base: base, Scope: directory.ScopeSubtree, Filter: filter, Attributes: attributes, Controls: controls}
		_, err := d.conn.Search(ctx, s, func(e *directory.Entry) error {
			if len(e.Values[0]) > 0 {
				all.keys[syntax.Text(e.Values[0][0])] = true
			}
			if isContainer(e.Values[1]) && !sameDN(string(e.DN), base) {
				all.containers = append(all.containers, string(e.DN))
			}
			if len(e.Values) > 2 {
				all.newest = later(all.newest, e.Values[2])
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// isContainer reports whether an entry is one that others lie below, by its
// hasSubordinates or its classes.
func isContainer(values [][]byte) bool {
	return slices.ContainsFunc(values, func(v []byte) bool {
		return string(v) == "TRUE" || slices.ContainsFunc(containerClasses, func(c string) bool { return strings.EqualFold(c, string(v)) })
	})
}
