package directory

import (
	"bytes"
	"hash/maphash"
	"slices"
	"strings"
	"unicode/utf8"

	"rollcall/internal/rollcall"
)

// GroupID numbers a group within one Membership, in the order of folded DNs once
// it is sealed.
type GroupID uint32

// Membership is who belongs to which group, read once and asked many times. It
// keeps no names of members: a member is a 96-bit hash of its folded name, some
// thirty-five bytes altogether, and eight per membership. Fill it, Seal it, then ask
// through Walkers.
type Membership struct {
	seeds   [2]maphash.Seed
	nodes   nodeTable // groups, members and whatever else leads to a group
	groups  []string  // DNs as spelled
	folded  []string  // until sealed
	node    []uint32  // of each group
	told    []told    // of each group
	groupOf []int32   // of each node: the group that it is, or -1
	edges   []edge    // until sealed
	start   []uint32  // of each node: where its groups begin in targets
	targets []GroupID
	scratch []byte
	names   dnFolder
	stable  []uint64       // of each node: see MemberDigest; nil when nobody asks
	used    [nodeLast]bool // which name spaces lead anywhere
}

type nameHash struct {
	high uint64
	low  uint32
}

// edge says that a node belongs directly to the group that another node is. The
// group may be one that was never read: then the edge leads nowhere.
type edge struct{ node, group uint32 }

// The name spaces of nodes, so that a login never equals a DN.
const (
	nodeDN = iota
	nodeLogin
	nodeSID // whose primary group has this SID
	nodeGID // whose primary group has this number
	nodeLast
)

// NewMembership returns an empty one.
func NewMembership() *Membership {
	return &Membership{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
}

// Len returns the number of groups.
func (m *Membership) Len() int { return len(m.groups) }

// DN returns a group's DN as the server spells it.
func (m *Membership) DN(g GroupID) string { return m.groups[g] }

// AddGroup makes a group known. The same DN again is the same group.
func (m *Membership) AddGroup(dn string) GroupID {
	n := m.intern(nodeDN, []byte(dn))
	if g := m.groupOf[n]; g >= 0 {
		return GroupID(g)
	}
	g := GroupID(len(m.groups))
	m.groups = append(m.groups, dn)
	m.folded = append(m.folded, rollcall.FoldDN(dn))
	m.node = append(m.node, n)
	m.told = append(m.told, told{})
	m.groupOf[n] = int32(g)
	return g
}

// told is what a group is told to be besides its DN.
type told struct{ key, raw, name string }

// Describe gives a group its immutable identifier, as the server gave it, and
// its name.
func (m *Membership) Describe(g GroupID, syntax Syntax, raw []byte, name string) {
	m.told[g] = told{key: syntax.Text(raw), raw: string(raw), name: name}
}

// Group returns what is known of a group of a sealed membership.
func (m *Membership) Group(g GroupID) rollcall.Group {
	parents := make([]uint32, 0, len(m.Parents(g)))
	for _, p := range m.Parents(g) {
		parents = append(parents, uint32(p))
	}
	return rollcall.Group{Key: m.told[g].key, RawKey: m.told[g].raw, DN: m.groups[g], Name: m.told[g].name, Parents: parents}
}

// Parents returns the groups that a group of a sealed membership belongs to
// directly, in the order in which they were told. The slice is lent.
func (m *Membership) Parents(g GroupID) []GroupID { return m.direct(m.node[g]) }

// AddMember says that the entry of a DN, a group or not, belongs to a group.
func (m *Membership) AddMember(g GroupID, dn []byte) { m.link(nodeDN, dn, g) }

// AddMemberOf says that a group belongs to another, which may be made known
// later or not at all.
func (m *Membership) AddMemberOf(g GroupID, above []byte) {
	m.used[nodeDN] = true
	m.edges = append(m.edges, edge{m.node[g], m.intern(nodeDN, above)})
}

// AddLogin says that whoever has a login (memberUid) belongs to a group.
func (m *Membership) AddLogin(g GroupID, login []byte) { m.link(nodeLogin, login, g) }

// AddSID gives a group its SID, by which primaryGroupID finds it.
func (m *Membership) AddSID(g GroupID, sid []byte) { m.link(nodeSID, sid, g) }

// AddGID gives a group its number, by which gidNumber finds it.
func (m *Membership) AddGID(g GroupID, gid []byte) { m.link(nodeGID, gid, g) }

func (m *Membership) link(space byte, name []byte, g GroupID) {
	m.used[space] = true
	m.edges = append(m.edges, edge{m.intern(space, name), m.node[g]})
}

func (m *Membership) intern(space byte, name []byte) uint32 {
	h := m.hash(space, name)
	n, ok := m.nodes.find(h)
	if !ok {
		n = uint32(len(m.groupOf))
		m.nodes.put(h, n)
		m.groupOf = append(m.groupOf, -1)
		m.noteStable(space)
	}
	return n
}

func (m *Membership) hash(space byte, name []byte) nameHash {
	b := append(m.scratch[:0], space)
	switch space {
	case nodeDN:
		b = m.names.append(b, cutUID(name))
	case nodeLogin:
		b = appendLower(b, name)
	default:
		b = append(b, name...)
	}
	m.scratch = b
	return nameHash{maphash.Bytes(m.seeds[0], b), uint32(maphash.Bytes(m.seeds[1], b))}
}

// Seal ends the filling.
func (m *Membership) Seal() {
	order := make([]GroupID, len(m.groups))
	for i := range order {
		order[i] = GroupID(i)
	}
	slices.SortFunc(order, func(a, b GroupID) int { return strings.Compare(m.folded[a], m.folded[b]) })
	groups, node := make([]string, len(order)), make([]uint32, len(order))
	describe := make([]told, len(order))
	for now, before := range order {
		groups[now], node[now] = m.groups[before], m.node[before]
		describe[now] = m.told[before]
		m.groupOf[node[now]] = int32(now)
	}
	m.groups, m.node, m.folded = groups, node, nil
	m.told = describe

	m.start = make([]uint32, len(m.groupOf)+1)
	for _, e := range m.edges {
		if m.groupOf[e.group] >= 0 {
			m.start[e.node+1]++
		}
	}
	for i := range len(m.groupOf) {
		m.start[i+1] += m.start[i]
	}
	m.targets = make([]GroupID, m.start[len(m.groupOf)])
	at := slices.Clone(m.start)
	for _, e := range m.edges {
		if g := m.groupOf[e.group]; g >= 0 {
			m.targets[at[e.node]] = GroupID(g)
			at[e.node]++
		}
	}
	m.edges = nil
}

func (m *Membership) direct(n uint32) []GroupID { return m.targets[m.start[n]:m.start[n+1]] }

// Walker answers for one entry after another. It is not for use by several
// goroutines at once, but a Membership may have several Walkers as long as each
// is used in turn.
type Walker struct {
	m     *Membership
	seen  []uint32 // of each group: the round in which it was reached
	from  []GroupID
	round uint32
	out   []GroupID   // reached in this round: the direct ones first
	known [][]GroupID // of a group: itself and all above it, once an entry of this group alone was answered
	kept  int         // in known
}

// mostKept bounds what a walker remembers, against chains of thousands of groups.
const mostKept = 1 << 20

// NewWalker returns a walker over a sealed membership.
func (m *Membership) NewWalker() *Walker {
	n := len(m.groups)
	return &Walker{m: m, seen: make([]uint32, n), from: make([]GroupID, n), known: make([][]GroupID, n)}
}

const noGroup = GroupID(1<<32 - 1)

// Begin forgets the entry before.
func (w *Walker) Begin() {
	w.out = w.out[:0]
	if w.round++; w.round == 0 { // it went all the way round
		clear(w.seen)
		w.round = 1
	}
}

// DN says what the entry is called.
func (w *Walker) DN(dn []byte) { w.start(nodeDN, dn) }

// Login says which login the entry has.
func (w *Walker) Login(login []byte) { w.start(nodeLogin, login) }

// SID says which SID the entry's primary group has.
func (w *Walker) SID(sid []byte) { w.start(nodeSID, sid) }

// GID says which number the entry's primary group has.
func (w *Walker) GID(gid []byte) { w.start(nodeGID, gid) }

// MemberOf says that the entry belongs to a group, as its own memberOf tells. A
// group that is not known is passed over.
func (w *Walker) MemberOf(group []byte) {
	if n, ok := w.m.nodes.find(w.m.hash(nodeDN, group)); ok && w.m.groupOf[n] >= 0 {
		w.reach(GroupID(w.m.groupOf[n]), noGroup)
	}
}

func (w *Walker) start(space byte, name []byte) {
	if !w.m.used[space] {
		return
	}
	if n, ok := w.m.nodes.find(w.m.hash(space, name)); ok {
		for _, g := range w.m.direct(n) {
			w.reach(g, noGroup)
		}
	}
}

func (w *Walker) reach(g, from GroupID) {
	if w.seen[g] != w.round {
		w.seen[g] = w.round
		w.from[g] = from
		w.out = append(w.out, g)
	}
}

// Groups returns the entry's groups in the order of their DNs: the direct ones,
// and with nested those above them, however deep; a cycle ends where it began.
// The slice is lent until Begin, and not to be changed.
func (w *Walker) Groups(nested bool) []GroupID {
	if !nested {
		slices.Sort(w.out)
		return w.out
	}
	if len(w.out) == 1 { // most entries share their one group with many
		return w.withAbove(w.out[0])
	}
	w.climb()
	slices.Sort(w.out)
	return w.out
}

// withAbove answers for an entry of one group.
func (w *Walker) withAbove(g GroupID) []GroupID {
	if all := w.known[g]; all != nil {
		return all
	}
	w.climb()
	slices.Sort(w.out)
	if w.kept+len(w.out) <= mostKept {
		w.known[g] = slices.Clone(w.out)
		w.kept += len(w.out)
	}
	return w.out
}

func (w *Walker) climb() {
	for i := 0; i < len(w.out); i++ {
		for _, g := range w.m.direct(w.m.node[w.out[i]]) {
			w.reach(g, w.out[i])
		}
	}
}

// Path returns the shortest way from the entry to a group: the direct group
// first, the group itself last; nil when the entry does not belong to it.
func (w *Walker) Path(group string) []string {
	n, ok := w.m.nodes.find(w.m.hash(nodeDN, []byte(group)))
	if !ok || w.m.groupOf[n] < 0 {
		return nil
	}
	w.climb()
	g := GroupID(w.m.groupOf[n])
	if w.seen[g] != w.round {
		return nil
	}
	var path []string
	for ; g != noGroup; g = w.from[g] {
		path = append(path, w.m.groups[g])
	}
	slices.Reverse(path)
	return path
}

// cutUID removes the optional bit string after a uniqueMember's DN
// (RFC 4517 section 3.3.21).
func cutUID(name []byte) []byte {
	if bytes.HasSuffix(name, []byte("'B")) {
		if i := bytes.LastIndex(name, []byte("#'")); i > 0 {
			return name[:i]
		}
	}
	return name
}

// appendLower appends a login in lower case; without allocating when it is ASCII.
func appendLower(dst, s []byte) []byte {
	for _, c := range s {
		if c >= utf8.RuneSelf {
			return append(dst, bytes.ToLower(s)...)
		}
	}
	for _, c := range s {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
