package binding

import (
	"cmp"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// Slot ties a bound group to the object that its members are given.
type Slot struct {
	Binding *rollcall.Binding
	Group   uint32
	Kind    rollcall.GrantKind
	Target  rollcall.ObjectID
	Members []string // keys of the entries that the binding's own filter found; nil when it has none
}

// Right is something that somebody is to have.
type Right struct {
	Binding string
	Kind    rollcall.GrantKind
	Type    string
	Target  rollcall.ObjectID
	Via     string // the ways by which they have it, a line each
}

// right is what tells two rights of one holder apart: a second group that gives
// the same is another way to the same right.
type right struct {
	kind   rollcall.GrantKind
	target rollcall.ObjectID
	typ    string
}

// Rights works out what the members of groups are to have. It is for one
// goroutine.
type Rights struct {
	slots   []Slot // by what they give, in the order of the configuration
	ids     []right
	ofGroup [][]uint32 // of each group: its slots, by place
	wanted  []bool     // groups with a slot
	closure *closure
	given   [][]way             // of each group: what belonging to it directly gives; nil until asked
	listed  map[string][]uint32 // by key of an entry: the slots whose own filter found it

	found []uint32 // the slots that give something to the holder at hand
	best  []way    // of each slot: the shortest way to it
	round []uint32 // of each slot: when best was set
	now   uint32
}

// way is how a slot is reached.
type way struct {
	slot  uint32
	depth uint32
	text  string
}

// NewRights prepares the slots of all bindings of a source.
func NewRights(groups []rollcall.Group, slots []Slot) *Rights {
	slots = slices.Clone(slots)
	slices.SortStableFunc(slots, func(a, b Slot) int { return a.id().compare(b.id()) })
	r := &Rights{slots: slots, ids: make([]right, len(slots)), ofGroup: make([][]uint32, len(groups)), wanted: make([]bool, len(groups)),
		closure: newClosure(groups), given: make([][]way, len(groups)), listed: map[string][]uint32{},
		best: make([]way, len(slots)), round: make([]uint32, len(slots))}
	for i := range slots {
		s := &slots[i]
		r.ids[i] = s.id()
		if s.Members != nil {
			for _, key := range s.Members {
				r.listed[key] = append(r.listed[key], uint32(i))
			}
			continue
		}
		r.ofGroup[s.Group] = append(r.ofGroup[s.Group], uint32(i))
		r.wanted[s.Group] = true
	}
	return r
}

// Entry is what tells an entry's groups.
type Entry struct {
	Key    string
	Direct []uint32 // the groups that it belongs to directly
}

// Has reports whether an entry is in any bound group.
func (r *Rights) Has(e Entry) bool {
	r.begin()
	r.find(e)
	return len(r.found) > 0
}

func (r *Rights) begin() {
	r.found = r.found[:0]
	if r.now++; r.now == 0 { // it went all the way round
		clear(r.round)
		r.now = 1
	}
}

// find gathers the slots that give something to an entry, each by the shortest
// way; among ways of one length by the first of the entry's groups.
func (r *Rights) find(e Entry) {
	for _, d := range e.Direct {
		if r.given[d] == nil {
			r.given[d] = r.ways(d)
		}
		for i := range r.given[d] {
			r.reach(&r.given[d][i])
		}
	}
	if len(r.listed) == 0 {
		return
	}
	for _, s := range r.listed[e.Key] {
		r.reach(&way{s, 0, r.closure.groups[r.slots[s].Group].DN})
	}
}

func (r *Rights) reach(w *way) {
	switch {
	case r.round[w.slot] != r.now:
		r.round[w.slot] = r.now
		r.found = append(r.found, w.slot)
	case r.best[w.slot].depth <= w.depth:
		return
	}
	r.best[w.slot] = *w
}

// ways works out what belonging directly to a group gives.
func (r *Rights) ways(direct uint32) []way {
	list := []way{}
	for _, step := range r.closure.of(direct, r.wanted) {
		for _, s := range r.ofGroup[step.group] {
			if step.depth == 0 || r.slots[s].Binding.Nested {
				list = append(list, way{s, step.depth, step.way})
			}
		}
	}
	return list
}

// Of appends what a holder is to have, in a fixed order. Entries are all that the
// holder is tied to. The first binding in the configuration's order names a
// right that several give; all their ways are told.
func (r *Rights) Of(dst []Right, entries ...Entry) []Right {
	r.begin()
	for _, e := range entries {
		r.find(e)
	}
	slices.Sort(r.found)
	for i, at := range r.found {
		w := &r.best[at]
		if i > 0 && r.ids[r.found[i-1]] == r.ids[at] {
			last := &dst[len(dst)-1]
			if !slices.Contains(strings.Split(last.Via, "\n"), w.text) {
				last.Via += "\n" + w.text
			}
			continue
		}
		id := &r.ids[at]
		dst = append(dst, Right{Binding: r.slots[at].Binding.Name, Kind: id.kind, Type: id.typ, Target: id.target, Via: w.text})
	}
	return dst
}

// id says what a slot gives; memberships in roles and groups alone have a type.
func (s *Slot) id() right {
	id := right{kind: s.Kind, target: s.Target}
	switch s.Kind {
	case rollcall.GrantRole, rollcall.GrantFunctional, rollcall.GrantPath:
		id.typ = s.Binding.Type
	}
	return id
}

func (r *Right) id() right { return right{r.Kind, r.Target, r.Type} }

func (a right) compare(b right) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.target, b.target), cmp.Compare(a.typ, b.typ))
}

// Step is what happens to one holder's rights.
type Step struct {
	Add    []Right          // to be given
	Again  []rollcall.Grant // to be given again: somebody removed the link
	Retell []rollcall.Grant // held by other groups than before: Via and Binding are the new ones
	Take   []rollcall.Grant // to be taken away
}

// Compare decides what is to be done for one holder. wanted is what they are to
// have, earlier what runs gave them; lost says whose link is no longer there. kept
// says of an earlier grant that its group is gone and its binding keeps it.
func Compare(wanted []Right, earlier []rollcall.Grant, lost map[int64]bool, kept func(*rollcall.Grant) bool) Step {
	var s Step
	if matches(wanted, earlier) && len(lost) == 0 {
		return s // nearly always
	}
	has := make(map[right]bool, len(earlier))
	for _, g := range earlier {
		id := right{g.Kind, g.Target, g.Type}
		i := slices.IndexFunc(wanted, func(w Right) bool { return w.id() == id })
		switch {
		case has[id]: // told twice: one is enough
			s.Take = append(s.Take, g)
			continue
		case i < 0 && kept != nil && kept(&g):
		case i < 0:
			s.Take = append(s.Take, g)
			continue
		case lost[g.ID]:
			g.Via, g.Binding = wanted[i].Via, wanted[i].Binding
			s.Again = append(s.Again, g)
		case wanted[i].Via != g.Via || wanted[i].Binding != g.Binding:
			g.Via, g.Binding = wanted[i].Via, wanted[i].Binding
			s.Retell = append(s.Retell, g)
		}
		has[id] = true
	}
	for _, w := range wanted {
		if !has[w.id()] {
			s.Add = append(s.Add, w)
		}
	}
	return s
}

// matches reports whether grants are the rights that are wanted, in their order.
func matches(wanted []Right, earlier []rollcall.Grant) bool {
	if len(wanted) != len(earlier) {
		return false
	}
	for i := range earlier {
		g, w := &earlier[i], &wanted[i]
		if w.Target != g.Target || w.Kind != g.Kind || w.Type != g.Type || w.Via != g.Via || w.Binding != g.Binding {
			return false
		}
	}
	return true
}

// Allot gives what is scarce: as many of those who ask as there is room for, in
// their order. Short is how many are left out.
func Allot[T any](asking []T, free int) (given []T, short int) {
	if free = max(0, free); len(asking) <= free {
		return asking, 0
	}
	return asking[:free], len(asking) - free
}
