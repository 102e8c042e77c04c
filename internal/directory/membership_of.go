package directory

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// Member is an entry by all that may tell its groups; what is empty tells none.
// On Active Directory that is MemberOf and PrimarySID, elsewhere the others.
type Member struct {
	DN         []byte
	Logins     [][]byte
	GIDs       [][]byte
	MemberOf   [][]byte
	PrimarySID []byte
}

// mostOf bounds how many groups of one entry are looked for one by one: beyond
// it, reading all groups costs less.
const mostOf = 200

// MembershipOf reads the groups of one entry, and those above them, where
// Membership reads all groups: a Walker that begins at the entry comes to the
// same groups by the same steps. It is not sure, and nothing is to be made of what
// it read, where the server may compare in another way than a Walker does.
func (c *Conn) MembershipOf(ctx context.Context, q Groups, of Member) (m *Membership, sure bool, err error) {
	root, err := c.Root(ctx)
	if err != nil {
		return nil, false, err
	}
	u := &upward{conn: c, q: q, m: NewMembership(), filter: q.Filter, found: map[string]GroupID{}}
	u.q.Name = cmp.Or(q.Name, "cn")
	if u.scope, err = ParseScope(q.Scope); err != nil {
		return nil, false, err
	}
	if u.bases, err = PruneBases(q.Bases, u.scope); err != nil {
		return nil, false, err
	}
	if u.filter == nil {
		u.filter = otherGroups
		if root.Kind.IsAD() {
			u.filter = adGroups
		}
	}
	if root.Kind.IsAD() {
		err = u.byMemberOf(ctx, of)
	} else {
		err = u.byMembers(ctx, of)
	}
	if errors.Is(err, errUnsure) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	u.m.Seal()
	return u.m, true, nil
}

// errUnsure ends a way up that may not be the one that a Walker goes.
var errUnsure = errors.New("all groups must be read")

// upward is the way up from one entry.
type upward struct {
	conn   *Conn
	q      Groups
	m      *Membership
	scope  Scope
	bases  []string
	filter *Filter
	found  map[string]GroupID // by folded DN
	queue  []string           // DNs of groups whose own groups are to be looked for
}

// byMembers goes from members to the groups that list them.
func (u *upward) byMembers(ctx context.Context, of Member) error {
	// Logins compare with case on servers, and without it in a Walker.
	if len(of.Logins) > 0 {
		isAny, err := u.isAny(ctx, MustFilter("(memberUid=*)"))
		if err != nil || isAny {
			return errors.Join(err, unsureIf(isAny))
		}
	}
	if err := u.listing(ctx, of.DN); err != nil {
		return err
	}
	for _, gid := range of.GIDs {
		err := u.search(ctx, AnyOf("gidNumber", [][]byte{gid}), []string{"gidNumber"}, func(g GroupID, isNew bool, e *Entry) {
			u.next(e, isNew)
			for _, number := range e.Values[0] {
				u.m.AddGID(g, number)
			}
		})
		if err != nil {
			return err
		}
	}
	for len(u.queue) > 0 {
		dn := u.queue[0]
		u.queue = u.queue[1:]
		if err := u.listing(ctx, []byte(dn)); err != nil {
			return err
		}
	}
	return nil
}

func unsureIf(is bool) error {
	if is {
		return errUnsure
	}
	return nil
}

// listing finds the groups that list a DN.
func (u *upward) listing(ctx context.Context, dn []byte) error {
	if !isPlainDN(string(dn)) {
		return errUnsure
	}
	lists := AnyOf("member", [][]byte{dn})
	lists.children = append(lists.children, AnyOf("uniqueMember", [][]byte{dn}).children...)
	return u.search(ctx, lists, nil, func(g GroupID, isNew bool, e *Entry) {
		u.next(e, isNew)
		u.m.AddMember(g, dn)
	})
}

// next has the groups of a new group looked for, too.
func (u *upward) next(e *Entry, isNew bool) {
	if isNew {
		u.queue = append(u.queue, string(e.DN))
	}
}

// byMemberOf goes from entries to the groups that they name.
func (u *upward) byMemberOf(ctx context.Context, of Member) error {
	attributes := []string{"memberOf", "objectSid"}
	take := func(g GroupID, isNew bool, e *Entry) {
		if !isNew {
			return
		}
		u.m.addAbove(g, e)
		for _, above := range e.Values[0] {
			u.queue = append(u.queue, string(above))
		}
	}
	if len(of.PrimarySID) > 0 {
		if err := u.search(ctx, AnyOf("objectSid", [][]byte{of.PrimarySID}), attributes, take); err != nil {
			return err
		}
	}
	for _, dn := range of.MemberOf {
		u.queue = append(u.queue, string(dn))
	}
	for len(u.queue) > 0 {
		var dns [][]byte
		for _, dn := range u.queue {
			if _, known := u.found[rollcall.FoldDN(dn)]; !known {
				dns = append(dns, []byte(dn))
			}
		}
		if u.queue = nil; len(dns) > mostOf {
			return errUnsure
		}
		if len(dns) == 0 {
			continue
		}
		if err := u.search(ctx, AnyOf("distinguishedName", dns), attributes, take); err != nil {
			return err
		}
	}
	return nil
}

// isAny reports whether there is a group that a condition holds for.
func (u *upward) isAny(ctx context.Context, condition *Filter) (isAny bool, err error) {
	for _, base := range u.bases {
		s := Search{Base: base, Scope: u.scope, Filter: All(u.filter, condition), Unpaged: true, Attributes: []string{"1.1"}}
		_, err := u.conn.Search(ctx, s, func(*Entry) error {
			isAny = true
			return ErrStop
		})
		if err != nil && !errors.Is(err, ErrStop) {
			return false, err
		}
	}
	return isAny, nil
}

// search finds groups, and makes those known that were not.
func (u *upward) search(ctx context.Context, condition *Filter, attributes []string, take func(g GroupID, isNew bool, e *Entry)) error {
	described := len(attributes)
	if attributes = slices.Clip(attributes); u.q.Key != "" {
		attributes = append(attributes, u.q.Key, u.q.Name)
	}
	for _, base := range u.bases {
		s := Search{Base: base, Scope: u.scope, Filter: All(u.filter, condition), Attributes: attributes}
		_, err := u.conn.Search(ctx, s, func(e *Entry) error {
			dn := string(e.DN)
			g, known := u.found[rollcall.FoldDN(dn)]
			if !known {
				g = u.m.AddGroup(dn)
				if u.q.Key != "" {
					u.m.Describe(g, SyntaxOf(u.q.Key), first(e.Values[described]), nameOf(e.DN, u.q.Name, e.Values[described+1]))
				}
				if u.found[rollcall.FoldDN(dn)] = g; len(u.found) > mostOf {
					return errUnsure
				}
			}
			take(g, !known, e)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// caselessTypes are the parts of DNs that every server compares without case,
// and with one blank for several, as a Walker does.
var caselessTypes = []string{"cn", "uid", "ou", "o", "dc", "c", "l", "st", "street", "sn", "givenname", "mail", "title", "name", "uidnumber", "employeenumber"}

func isPlainDN(text string) bool {
	dn, err := rollcall.ParseDN(text)
	if err != nil {
		return false
	}
	for _, rdn := range dn {
		for _, part := range rdn {
			if !slices.Contains(caselessTypes, strings.ToLower(part.Type)) {
				return false
			}
		}
	}
	return true
}
