package binding

import (
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// closure answers which groups a member of a group belongs to besides, and how.
type closure struct {
	groups []rollcall.Group
	seen   []uint32 // of each group: the round in which it was reached
	from   []uint32
	depth  []uint32
	round  uint32
}

// step is a group that members of another belong to.
type step struct {
	group uint32
	depth uint32 // 0 for the group itself
	way   string // the groups on the way, the direct one first
}

func newClosure(groups []rollcall.Group) *closure {
	n := len(groups)
	return &closure{groups: groups, seen: make([]uint32, n), from: make([]uint32, n), depth: make([]uint32, n)}
}

// wayArrow stands between the groups of a way.
const wayArrow = " > "

// of returns the groups among wanted that members of a group belong to, by the
// shortest way to each; among ways of one length by the first group in the order
// of the list. A cycle ends where it began.
func (c *closure) of(direct uint32, wanted []bool) []step {
	c.round++
	queue := []uint32{direct}
	c.seen[direct], c.depth[direct] = c.round, 0
	var steps []step
	for i := 0; i < len(queue); i++ {
		g := queue[i]
		if wanted[g] {
			steps = append(steps, step{group: g, depth: c.depth[g], way: c.way(direct, g)})
		}
		parents := c.groups[g].Parents
		if !slices.IsSorted(parents) {
			parents = slices.Sorted(slices.Values(parents))
		}
		for _, p := range parents {
			if c.seen[p] != c.round {
				c.seen[p], c.from[p], c.depth[p] = c.round, g, c.depth[g]+1
				queue = append(queue, p)
			}
		}
	}
	return steps
}

// longestWay is how many groups of a way are told; the middle of a longer one is
// left out.
const longestWay = 20

func (c *closure) way(direct, g uint32) string {
	if g == direct {
		return c.groups[g].DN
	}
	names := []string{c.groups[g].DN}
	for g != direct {
		g = c.from[g]
		names = append(names, c.groups[g].DN)
	}
	slices.Reverse(names)
	if n := len(names); n > longestWay {
		names = slices.Concat(names[:longestWay/2], []string{"…"}, names[n-longestWay/2:])
	}
	return strings.Join(names, wayArrow)
}
