package directory

import (
	"context"
	"errors"
	"fmt"

	"rollcall/internal/rollcall"
)

// completeRanges fetches what a server that hands out long attributes in pieces
// left out of the entry (Active Directory from 1,500 values on).
func (c *Conn) completeRanges(ctx context.Context, d *decoder) error {
	other, err := c.sibling(ctx)
	if err != nil {
		return err
	}
	dn := string(d.entry.DN)
	for _, part := range d.ranges {
		name := d.entry.Names[part.field]
		values := d.entry.Values[part.field]
		for from := part.next; from >= 0; {
			next := -1
			got := 0
			s := Search{Base: dn, Scope: ScopeBase, Attributes: []string{name}, ask: []string{rangeOption(name, from)}}
			var piece *running
			piece, err = other.search(ctx, s, func(e *Entry) error {
				for _, v := range e.Values[0] {
					values = append(values, append([]byte(nil), v...))
					got++
				}
				return nil
			})
			if err != nil {
				return fmt.Errorf("read the values of %s from number %d on: %w", name, from, err)
			}
			for _, more := range piece.dec.ranges {
				next = more.next
			}
			if got == 0 || next >= 0 && next <= from {
				return rollcall.Errorf(rollcall.Unavailable, "read %q at %s: the server stopped in the middle of the values of %s, at number %d", dn, c.end.text, name, from)
			}
			from = next
		}
		d.entry.Values[part.field] = values
	}
	return nil
}

// Read returns one entry, which is the caller's to keep. It is a NotFound error
// when there is none.
func (c *Conn) Read(ctx context.Context, dn string, attributes ...string) (*Entry, error) {
	var found *Entry
	_, err := c.Search(ctx, Search{Base: dn, Scope: ScopeBase, Attributes: attributes}, func(e *Entry) error {
		found = e.Clone()
		return nil
	})
	if err == nil && found == nil {
		err = rollcall.Errorf(rollcall.NotFound, "read %q at %s: this user may not see the entry", dn, c.end.text)
	}
	return found, err
}

// Exists reports whether an entry is there and matches a filter; a nil filter
// matches every entry.
func (c *Conn) Exists(ctx context.Context, dn string, filter *Filter) (bool, error) {
	found := false
	_, err := c.Search(ctx, Search{Base: dn, Scope: ScopeBase, Filter: filter}, func(*Entry) error {
		found = true
		return nil
	})
	if answer, ok := errors.AsType[*ResultError](err); ok && answer.Code == codeNoSuchObject {
		return false, nil
	}
	return found, err
}
