package directory

import (
	"cmp"
	"encoding/binary"
	"hash/fnv"
	"slices"
)

// MemberDigest says in 16 bytes to which groups somebody belongs: equal digests
// mean the same groups. It is the same in every process, which a Membership's own
// hashes are not.
type MemberDigest struct {
	Member uint64 // of the member's name; the lowest bit is set when it is no DN
	Groups uint64 // of all its groups, nested ones included, and of which it is in directly
}

// NameDigest returns what MemberDigest.Member is for a DN.
func NameDigest(dn []byte) uint64 { return stableHash(AppendFoldedDN([]byte{nodeDN}, dn)) &^ 1 }

func stableHash(b []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(b) // a hash never fails
	return h.Sum64()
}

// Digests returns a digest for everybody who belongs to a group of a sealed
// membership that was read with Groups.Digests, sorted by member.
func (m *Membership) Digests() []MemberDigest {
	var list []MemberDigest
	w := m.NewWalker()
	for n := range m.groupOf {
		direct := m.direct(uint32(n))
		if len(direct) == 0 {
			continue
		}
		w.Begin()
		for _, g := range direct {
			w.reach(g, noGroup)
		}
		w.climb()
		sum := uint64(0)
		for _, g := range w.out {
			// Spread before they are added, so that no two sets cancel out.
			h := m.stable[m.node[g]] * 0x9e3779b97f4a7c15
			sum += h ^ h>>29
		}
		for _, g := range direct {
			h := m.stable[m.node[g]] * 0xff51afd7ed558ccd
			sum += h ^ h>>31
		}
		list = append(list, MemberDigest{m.stable[n], sum})
	}
	slices.SortFunc(list, func(a, b MemberDigest) int { return cmp.Compare(a.Member, b.Member) })
	return list
}

// noteStable keeps the lasting hash of the node that is interned next; the
// folded name is in scratch.
func (m *Membership) noteStable(space byte) {
	if m.stable == nil {
		return
	}
	h := stableHash(m.scratch) &^ 1
	if space != nodeDN {
		h |= 1
	}
	m.stable = append(m.stable, h)
}

// PackDigests writes digests, 16 bytes each.
func PackDigests(list []MemberDigest) []byte {
	b := make([]byte, 0, 16*len(list))
	for _, d := range list {
		b = binary.LittleEndian.AppendUint64(b, d.Member)
		b = binary.LittleEndian.AppendUint64(b, d.Groups)
	}
	return b
}

// ChangedMembers returns the members of whom packed digests, sorted by member,
// differ from others, sorted.
func ChangedMembers(before, after []byte) []uint64 {
	var changed []uint64
	at := func(b []byte) (uint64, uint64) {
		if len(b) < 16 {
			return ^uint64(0), 0
		}
		return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	}
	for len(before) >= 16 || len(after) >= 16 {
		old, was := at(before)
		now, is := at(after)
		if old != now || was != is {
			changed = append(changed, min(old, now))
		}
		if old <= now && len(before) >= 16 {
			before = before[16:]
		}
		if now <= old && len(after) >= 16 {
			after = after[16:]
		}
	}
	return changed
}
