package rest

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"rollcall/internal/rollcall"
)

// sorted returns members in the order in which they are shown: that of their
// class, by friendly name when it declares none.
func (l *loader) sorted(members []rollcall.Object, class *rollcall.Class) []rollcall.Object {
	if len(members) < 2 {
		return members
	}
	if l.byID {
		slices.SortFunc(members, func(a, b rollcall.Object) int { return cmp.Compare(a.ID, b.ID) })
		return members
	}
	order := class.Order
	if len(order) == 0 {
		order = []rollcall.OrderBy{{Attribute: rollcall.CodeFriendlyName}}
	}
	keys := make(map[rollcall.ObjectID][]string, len(members))
	for i := range members {
		row := make([]string, len(order))
		for j, by := range order {
			row[j] = sortKey(l.code(&members[i], by.Attribute, 0))
		}
		keys[members[i].ID] = row
	}
	slices.SortStableFunc(members, func(a, b rollcall.Object) int {
		for j, by := range order {
			c := cmp.Compare(keys[a.ID][j], keys[b.ID][j])
			if by.Descending {
				c = -c
			}
			if c != 0 {
				return c
			}
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return members
}

// sortKey returns a text without case and accents.
func sortKey(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(text))
}
