package ldap

import (
	"context"
	"fmt"
	"slices"

	"rollcall/internal/directory"
	"rollcall/internal/source"
)

// digest sums up who belongs to which groups, so that the next delta sees whose
// groups changed although the entry did not. Nil where groups are not read.
func (r *reading) digest(ctx context.Context) ([]byte, *directory.Membership, error) {
	if r.membership == nil {
		return nil, nil, nil
	}
	m := r.membership
	if r.root.Kind.IsAD() { // whose own membership knows of groups alone
		var err error
		m, _, err = r.conn.Membership(ctx, directory.Groups{Bases: r.groupBases(), Scope: r.cfg.Groups.Scope, Filter: r.groups, Digests: true})
		if err != nil {
			return nil, nil, fmt.Errorf("read the members of the groups: %w", err)
		}
	}
	return directory.PackDigests(m.Digests()), m, nil
}

// regroup adds the entries whose groups changed although they did not, and makes
// ready to say the groups of those that are read.
func (d *delta) regroup(ctx context.Context, all *changes) error {
	if !d.mapper.wantsGroups && !d.isGrouped {
		return nil
	}
	if err := d.readGroups(ctx, d.isGrouped); err != nil {
		return err
	}
	if len(all.keys) == 0 && d.to.isAt(&d.from) {
		d.to.Groups = d.from.Groups // and the groups were read for entries in trouble, which are read all the same
		return nil
	}
	digest, m, err := d.digest(ctx)
	if err != nil {
		return err
	}
	d.to.Groups = digest
	changed := directory.ChangedMembers(d.from.Groups, digest)
	if len(changed) == 0 {
		return nil
	}
	if slices.ContainsFunc(changed, func(member uint64) bool { return member&1 != 0 }) {
		return &source.NoDelta{Reason: "the members of a group changed who are told by login or number"}
	}
	if d.root.Kind.IsAD() {
		for g := range m.Len() {
			if _, found := slices.BinarySearch(changed, directory.NameDigest([]byte(m.DN(directory.GroupID(g))))); found {
				return &source.NoDelta{Reason: fmt.Sprintf("the groups of the group %q changed, which may be somebody's primary group", m.DN(directory.GroupID(g)))}
			}
		}
	}
	found := make([]bool, len(changed))
	err = d.known.Named(ctx, func(key, name []byte) error {
		if at, is := slices.BinarySearch(changed, directory.NameDigest(name)); is {
			all.keys[string(key)] = true
			found[at] = true
		}
		return nil
	})
	if err == nil && d.only && slices.Contains(found, false) {
		return &source.NoDelta{Reason: "somebody joined a group who was not read before"}
	}
	return err
}

// isAt reports whether a server stands where it stood.
func (p *checkpoint) isAt(before *checkpoint) bool {
	if p.Way == byTime || p.USN != before.USN || len(p.CSN) != len(before.CSN) {
		return false
	}
	for base, csn := range p.CSN {
		if !slices.Equal(csn, before.CSN[base]) {
			return false
		}
	}
	return true
}
