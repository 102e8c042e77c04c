package binding

import (
	"encoding/hex"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// Choose returns the groups that a choice means, ascending. Those that a filter
// finds are for the directory to say: found has them.
func Choose(groups []rollcall.Group, choice *rollcall.GroupChoice, found []uint32) []uint32 {
	var chosen []uint32
	match := chooser(choice)
	if match == nil {
		chosen = slices.Clone(found)
		slices.Sort(chosen)
		return slices.Compact(chosen)
	}
	for i := range groups {
		if match(&groups[i]) {
			chosen = append(chosen, uint32(i))
		}
	}
	return chosen
}

// chooser returns how a choice tells its groups, nil for a filter.
func chooser(c *rollcall.GroupChoice) func(*rollcall.Group) bool {
	switch {
	case c.ID != "":
		return func(g *rollcall.Group) bool { return strings.EqualFold(g.Key, c.ID) }
	case c.Name != "":
		want := rollcall.Fold(c.Name)
		return func(g *rollcall.Group) bool { return rollcall.Fold(g.Name) == want }
	case c.DN != "":
		want := rollcall.FoldDN(c.DN)
		return func(g *rollcall.Group) bool { return rollcall.FoldDN(g.DN) == want }
	case c.Pattern != nil:
		return func(g *rollcall.Group) bool { return c.Pattern.MatchString(g.Name) }
	case c.Base != "":
		base, err := rollcall.ParseDN(c.Base)
		return func(g *rollcall.Group) bool {
			dn, e := rollcall.ParseDN(g.DN)
			return err == nil && e == nil && dn.Under(base)
		}
	}
	return nil
}

// The macros of a filter for the members of one group.
const (
	MacroDN       = "[#LDAPGroupDN#]"
	MacroName     = "[#LDAPGroupName#]"
	MacroIdentity = "[#LDAPGroupIdentity#]"
	MacroAny      = "{0}" // the name; in a filter of groups, any name
)

// MembersFilter puts a group in place of the macros of a filter. Values are
// escaped by RFC 4515 section 3; an identity that is bytes and no text is escaped
// byte by byte.
func MembersFilter(filter string, g *rollcall.Group) string {
	identity := escape(g.RawKey)
	if g.RawKey != g.Key {
		identity = escapeBytes(g.RawKey)
	}
	return strings.NewReplacer(MacroDN, escape(g.DN), MacroName, escape(g.Name), MacroAny, escape(g.Name), MacroIdentity, identity).Replace(filter)
}

// GroupsFilter puts any name in place of the macro of a filter of groups.
func GroupsFilter(filter string) string { return strings.ReplaceAll(filter, MacroAny, "*") }

func escape(value string) string {
	var b strings.Builder
	for i := range len(value) {
		switch c := value[i]; c {
		case '(', ')', '*', '\\', 0:
			b.WriteString(escapeBytes(value[i : i+1]))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func escapeBytes(value string) string {
	var b strings.Builder
	for i := range len(value) {
		b.WriteByte('\\')
		b.WriteString(hex.EncodeToString([]byte{value[i]}))
	}
	return b.String()
}
