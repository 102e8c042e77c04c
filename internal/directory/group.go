package directory

import (
	"cmp"
	"context"
	"encoding/binary"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// Groups says which groups to read.
type Groups struct {
	Bases  []string
	Scope  string  // base, one or subtree; subtree when empty
	Filter *Filter // nil: whatever is a group on this kind of server
	Key    string  // the attribute that identifies a group, when groups are to be described
	Name   string  // the attribute that names it; cn when empty
	// Digests lets the membership give Digests. On Active Directory it is then the
	// groups' own lists that are read: those digests are all it is good for.
	Digests bool
}

var (
	adGroups    = MustFilter("(objectCategory=group)")
	otherGroups = MustFilter("(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=groupOfMembers)" +
		"(objectClass=groupOfEntries)(objectClass=posixGroup)(objectClass=ipaUserGroup)(objectClass=group))")
)

// Membership reads all groups and who belongs to them. Active Directory keeps
// memberOf whole on every entry, so there the groups' own memberOf is enough and
// the long member lists stay unread; elsewhere members are what the groups list.
func (c *Conn) Membership(ctx context.Context, q Groups) (*Membership, Result, error) {
	root, err := c.Root(ctx)
	if err != nil {
		return nil, Result{}, err
	}
	filter, attrs := q.Filter, []string{"member", "uniqueMember", "memberUid", "gidNumber"}
	byMemberOf := root.Kind.IsAD() && !q.Digests
	if byMemberOf {
		attrs = []string{"memberOf", "objectSid"}
	}
	described := len(attrs)
	if q.Key != "" {
		q.Name = cmp.Or(q.Name, "cn")
		attrs = append(attrs, q.Key, q.Name)
	}
	if filter == nil {
		filter = otherGroups
		if root.Kind.IsAD() {
			filter = adGroups
		}
	}
	scope, err := ParseScope(q.Scope)
	if err != nil {
		return nil, Result{}, err
	}
	bases, err := PruneBases(q.Bases, scope)
	if err != nil {
		return nil, Result{}, err
	}
	m := NewMembership()
	if q.Digests {
		m.stable = []uint64{}
	}
	var total Result
	for _, base := range bases {
		r, err := c.Search(ctx, Search{Base: base, Scope: scope, Filter: filter, Attributes: attrs}, func(e *Entry) error {
			var g GroupID
			if byMemberOf {
				g = m.addADGroup(e)
			} else {
				g = m.addGroup(e)
			}
			if q.Key != "" {
				m.Describe(g, SyntaxOf(q.Key), first(e.Values[described]), nameOf(e.DN, q.Name, e.Values[described+1]))
			}
			return nil
		})
		total.add(r)
		if err != nil {
			return nil, total, err
		}
	}
	m.Seal()
	return m, total, nil
}

func (m *Membership) addADGroup(e *Entry) GroupID {
	g := m.AddGroup(string(e.DN))
	m.addAbove(g, e)
	return g
}

// addAbove notes what a group of Active Directory says of itself.
func (m *Membership) addAbove(g GroupID, e *Entry) {
	for _, above := range e.Values[0] {
		m.AddMemberOf(g, above)
	}
	for _, sid := range e.Values[1] {
		m.AddSID(g, sid)
	}
}

func (m *Membership) addGroup(e *Entry) GroupID {
	g := m.AddGroup(string(e.DN))
	for _, members := range e.Values[:2] {
		for _, dn := range members {
			m.AddMember(g, dn)
		}
	}
	for _, login := range e.Values[2] {
		m.AddLogin(g, login)
	}
	for _, gid := range e.Values[3] {
		m.AddGID(g, gid)
	}
	return g
}

// nameOf returns a group's name. Of several values the one in the DN is it.
func nameOf(dn []byte, attribute string, values [][]byte) string {
	if len(values) != 1 && len(dn) > len(attribute) && dn[len(attribute)] == '=' && strings.EqualFold(string(dn[:len(attribute)]), attribute) {
		if parsed, err := rollcall.ParseDN(string(dn)); err == nil {
			return parsed.RDN()
		}
	}
	return SyntaxOf(attribute).Text(first(values))
}

func first(values [][]byte) []byte {
	if len(values) == 0 {
		return nil
	}
	return values[0]
}

func (r *Result) add(other Result) {
	r.Entries += other.Entries
	r.Pages += other.Pages
	r.Bytes += other.Bytes
	r.References += other.References
	for _, u := range other.ReferenceURLs {
		if len(r.ReferenceURLs) < maxReferences {
			r.ReferenceURLs = append(r.ReferenceURLs, u)
		}
	}
}

// PrimaryGroupSID returns the SID of an entry's primary group: that of its own
// domain with primaryGroupID as the last part. It returns nil when either is
// missing. The bytes are appended to dst.
func PrimaryGroupSID(dst, objectSID, primaryGroupID []byte) []byte {
	rid, err := strconv.ParseUint(string(primaryGroupID), 10, 32)
	if err != nil || len(objectSID) < 12 {
		return nil
	}
	dst = append(dst, objectSID[:len(objectSID)-4]...)
	return binary.LittleEndian.AppendUint32(dst, uint32(rid))
}

// PruneBases returns the bases of a search without those that others cover, so
// that no entry is read twice: equal ones, and, when whole subtrees are read,
// those below another. The order is kept.
func PruneBases(bases []string, scope Scope) ([]string, error) {
	parsed := make([]rollcall.DN, len(bases))
	for i, b := range bases {
		dn, err := rollcall.ParseDN(b)
		if err != nil {
			return nil, err
		}
		parsed[i] = dn
	}
	var kept []string
	for i, b := range bases {
		covered := false
		for j := range bases {
			same := parsed[i].Fold() == parsed[j].Fold()
			covered = covered || same && j < i || scope == ScopeSubtree && !same && parsed[i].Under(parsed[j])
		}
		if !covered {
			kept = append(kept, b)
		}
	}
	return kept, nil
}
