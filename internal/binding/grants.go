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
	slots   []Slot
	ofGroup [][]uint32 // of each group: its slots, by place
	wanted  []bool     // groups with a slot
	closure *closure
	listed  map[string][]uint32 // by key of an entry: the slots whose own filter found it
	found   []way
}

// way is one slot that gives something to the holder at hand.
type way struct {
	slot  uint32
	depth uint32
	text  string
}

// NewRights prepares the slots of all bindings of a source.
func NewRights(groups []rollcall.Group, slots []Slot) *Rights {
	r := &Rights{slots: slots, ofGroup: make([][]uint32, len(groups)), wanted: make([]bool, len(groups)),
		closure: newClosure(groups), listed: map[string][]uint32{}}
	for i := range slots {
		s := &slots[i]
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
	r.found = r.found[:0]
	r.find(e)
	return len(r.found) > 0
}

// find gathers the slots that give something to an entry.
func (r *Rights) find(e Entry) {
	for _, d := range e.Direct {
		for _, step := range r.closure.of(d, r.wanted) {
			for _, s := range r.ofGroup[step.group] {
				if step.depth == 0 || r.slots[s].Binding.Nested {
					r.found = append(r.found, way{s, step.depth, step.way})
				}
			}
		}
	}
	if len(r.listed) == 0 {
		return
	}
	for _, s := range r.listed[e.Key] {
		r.found = append(r.found, way{s, 0, r.closure.groups[r.slots[s].Group].DN})
	}
}

// Of appends what a holder is to have, in a fixed order. Entries are all that the
// holder is tied to.
func (r *Rights) Of(dst []Right, entries ...Entry) []Right {
	r.found = r.found[:0]
	for _, e := range entries {
		r.find(e)
	}
	// The shortest way to each slot alone is told.
	slices.SortFunc(r.found, func(a, b way) int {
		return cmp.Or(cmp.Compare(a.slot, b.slot), cmp.Compare(a.depth, b.depth), strings.Compare(a.text, b.text))
	})
	start := len(dst)
	for i, w := range r.found {
		if i > 0 && r.found[i-1].slot == w.slot {
			continue
		}
		s := &r.slots[w.slot]
		dst = append(dst, Right{Binding: s.Binding.Name, Kind: s.Kind, Type: s.typ(), Target: s.Target, Via: w.text})
	}
	return dst[:start+len(merge(dst[start:]))]
}

func (s *Slot) typ() string {
	switch s.Kind {
	case rollcall.GrantRole, rollcall.GrantFunctional, rollcall.GrantPath:
		return s.Binding.Type
	}
	return ""
}

// merge sorts rights and makes one of those that differ in their ways alone. The
// first binding in the configuration's order names the right.
func merge(rights []Right) []Right {
	if len(rights) < 2 {
		return rights
	}
	slices.SortStableFunc(rights, func(a, b Right) int { return a.id().compare(b.id()) })
	out := rights[:1]
	for _, r := range rights[1:] {
		last := &out[len(out)-1]
		if last.id() != r.id() {
			out = append(out, r)
			continue
		}
		if !slices.Contains(strings.Split(last.Via, "\n"), r.Via) {
			last.Via += "\n" + r.Via
		}
	}
	return out
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

// Allot gives what is scarce: as many of those who ask as there is room for, in
// their order. Short is how many are left out.
func Allot[T any](asking []T, free int) (given []T, short int) {
	if free = max(0, free); len(asking) <= free {
		return asking, 0
	}
	return asking[:free], len(asking) - free
}
