package binding

import (
	"regexp"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// Target is an object that a bound group gives, as it is to be.
type Target struct {
	Binding *rollcall.Binding
	Gift    rollcall.Gift
	Group   uint32
	Name    string               // what the object is to be called; with path, the last part of it
	Parent  int                  // with path: the target above, by place; -1 below the root of the gift
	Was     *rollcall.BoundGroup // as an earlier run bound it; nil for a group that is new
	Renamed bool                 // the object has to follow the group's new name
}

// Targets returns a target for every gift of every chosen group, parents before
// children, and the groups bound earlier that are there no longer. Chosen runs
// beside the bindings.
func Targets(bindings []rollcall.Binding, chosen [][]uint32, groups []rollcall.Group, earlier []rollcall.BoundGroup) (targets []Target, vanished []rollcall.BoundGroup) {
	type place struct {
		binding string
		gift    rollcall.Gift
		key     string
	}
	was := make(map[place]*rollcall.BoundGroup, len(earlier))
	for i := range earlier {
		e := &earlier[i]
		was[place{e.Binding, e.Gift, e.Key}] = e
	}
	still := map[int64]bool{}
	for b := range bindings {
		for _, gift := range bindings[b].Gives {
			start := len(targets)
			for _, g := range chosen[b] {
				t := Target{Binding: &bindings[b], Gift: gift, Group: g, Parent: -1}
				if t.Was = was[place{t.Binding.Name, gift, groups[g].Key}]; t.Was != nil {
					still[t.Was.ID] = true
				}
				t.name(&groups[g])
				targets = append(targets, t)
			}
			if gift.Kind == rollcall.GrantPath {
				plant(targets, start, groups)
			}
		}
	}
	for _, e := range earlier {
		if !still[e.ID] {
			vanished = append(vanished, e)
		}
	}
	return targets, vanished
}

// name says what the target is called: what the configuration says until the
// group gets another name, and then that.
func (t *Target) name(g *rollcall.Group) {
	t.Name = t.Gift.Target
	if t.Gift.Kind == rollcall.GrantPath {
		t.Name = PathPart(g.Name)
		t.Renamed = t.Was != nil && t.Was.Name != g.Name
		return
	}
	derived := strings.Contains(t.Gift.Target, "$")
	if derived {
		t.Name = expand(t.Binding.Groups.Pattern, t.Gift.Target, g.Name)
	}
	follows := t.Gift.Kind == rollcall.GrantRole || t.Gift.Kind == rollcall.GrantFunctional
	if t.Was == nil || !follows || !t.Binding.Rename || t.Was.Name == g.Name {
		return
	}
	t.Renamed = true
	if !derived {
		t.Name = g.Name
	}
}

// anyName is the pattern of choices that have none: $0 and $1 are the name.
var anyName = regexp.MustCompile(`^(.*)$`)

func expand(pattern *regexp.Regexp, template, name string) string {
	if pattern == nil {
		pattern = anyName
	}
	at := pattern.FindStringSubmatchIndex(name)
	if at == nil {
		return template
	}
	return strings.TrimSpace(string(pattern.ExpandString(nil, template, name, at)))
}

// PathPart makes a part of a path of a group's name: a stroke would begin
// another part.
func PathPart(name string) string { return strings.ReplaceAll(name, "/", "∕") }

// plant makes a tree of the path targets from start on: a target hangs below the
// first group, in the order of DNs, that its own group belongs to directly and
// that has a target too. Where groups contain one another in a ring, the first of
// them stands at the root. Parents come first.
func plant(targets []Target, start int, groups []rollcall.Group) {
	list := targets[start:]
	at := make(map[uint32]int, len(list))
	for i := range list {
		at[list[i].Group] = i
	}
	above := make([]int, len(list))
	for i := range list {
		above[i] = -1
		for _, p := range slices.Sorted(slices.Values(groups[list[i].Group].Parents)) {
			if j, ok := at[p]; ok && j != i {
				above[i] = j
				break
			}
		}
	}
	const fresh, open, placed = 0, 1, 2
	state := make([]int, len(list))
	order := make([]int, 0, len(list))
	for i := range list {
		var way []int
		for j := i; j >= 0 && state[j] == fresh; j = above[j] {
			state[j] = open
			way = append(way, j)
			if up := above[j]; up >= 0 && state[up] == open { // a ring
				above[j] = -1
			}
		}
		for _, j := range slices.Backward(way) {
			state[j] = placed
			order = append(order, j)
		}
	}
	now := make([]int, len(list)) // where each went
	sorted := make([]Target, len(list))
	for place, j := range order {
		now[j], sorted[place] = start+place, list[j]
	}
	for place, j := range order {
		if above[j] >= 0 {
			sorted[place].Parent = now[above[j]]
		}
	}
	copy(list, sorted)
}
