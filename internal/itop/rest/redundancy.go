package rest

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// guard stands before an object that outlives some of those that impact it. It
// lets through once more of them are down than the object can do without.
type guard struct {
	before    map[int]bool // the nodes that it stands between
	spare     float64      // how many may be down
	downCount int
}

// keepReached leaves only what a failure of the scope, the first so many nodes,
// reaches. Upwards nothing is marked as reached, so that all objects stay and
// no edge does (iTop 3.2.0).
func (g *graph) keepReached(ctx context.Context, scope int) error {
	if g.up {
		g.edges = nil
		return nil
	}
	guards, err := g.guards(ctx)
	if err != nil {
		return err
	}
	reached := g.reach(guards, scope)
	moved := make([]int, len(g.objects))
	var objects []rollcall.Object
	for n := range g.objects {
		if reached[n] {
			moved[n] = len(objects)
			objects = append(objects, g.objects[n])
		}
	}
	var edges []edge
	for _, e := range g.edges {
		if reached[e.from] && reached[e.to] {
			edges = append(edges, edge{moved[e.from], moved[e.to]})
		}
	}
	g.objects, g.edges = objects, edges
	return nil
}

// reach returns which nodes a failure of the scope reaches.
func (g *graph) reach(guards map[int][]*guard, scope int) []bool {
	next := make([][]int, len(g.objects))
	for _, e := range g.edges {
		next[e.from] = append(next[e.from], e.to)
	}
	reached := make([]bool, len(g.objects))
	var down []int
	fail := func(n int) {
		if !reached[n] {
			reached[n] = true
			down = append(down, n)
		}
	}
	for n := range scope {
		fail(n)
	}
	for len(down) > 0 {
		n := down[len(down)-1]
		down = down[:len(down)-1]
		for _, to := range next[n] {
			if i := slices.IndexFunc(guards[to], func(d *guard) bool { return d.before[n] }); i >= 0 {
				d := guards[to][i]
				if d.downCount++; float64(d.downCount) <= d.spare {
					continue
				}
			}
			fail(to)
		}
	}
	return reached
}

// guards returns what stands before each node whose redundancy is on.
func (g *graph) guards(ctx context.Context) (map[int][]*guard, error) {
	byClass := map[*rollcall.Class][]int{}
	for n := range g.objects {
		c := g.objects[n].Class
		byClass[c] = append(byClass[c], n)
	}
	guards := map[int][]*guard{}
	for c, nodes := range byClass {
		relation := c.Relation(g.relation)
		if relation == nil {
			continue
		}
		for _, redundancy := range relation.Redundancy {
			enabled := slices.DeleteFunc(slices.Clone(nodes), func(n int) bool {
				return g.objects[n].Get(redundancy.Setting) == redundancyOff
			})
			if err := g.guard(ctx, c, redundancy, enabled, guards); err != nil {
				return nil, err
			}
		}
	}
	return guards, nil
}

// guard finds those that impact some objects of a class by one redundancy, and
// puts a guard between.
func (g *graph) guard(ctx context.Context, c *rollcall.Class, redundancy rollcall.Redundancy, nodes []int, guards map[int][]*guard) error {
	if len(nodes) == 0 {
		return nil
	}
	above := make(map[int]map[rollcall.Ref]bool, len(nodes))
	for _, n := range nodes {
		above[n] = map[rollcall.Ref]bool{}
	}
	for _, code := range redundancy.Over {
		w := way{attr: c.Attribute(code), holder: c}
		pairs, class, err := w.pairs(ctx, g, nodes)
		if err != nil {
			return err
		}
		objects, err := g.seen(ctx, class, pairs)
		if err != nil {
			return err
		}
		refs := make(map[rollcall.ObjectID]rollcall.Ref, len(objects))
		for _, o := range objects {
			refs[o.ID] = rollcall.Ref{Class: o.Class.Root, ID: o.ID}
		}
		for _, p := range pairs {
			if ref, ok := refs[p.there]; ok {
				above[p.here][ref] = true
			}
		}
	}
	for _, n := range nodes {
		d := &guard{before: map[int]bool{}, spare: spare(g.objects[n].Get(redundancy.Setting), len(above[n]))}
		for ref := range above[n] {
			if up, ok := g.nodes[ref]; ok {
				d.before[up] = true
			}
		}
		guards[n] = append(guards[n], d)
	}
	return nil
}

// redundancyOff is the setting of an object that needs all of those that impact it.
const redundancyOff = "disabled"

// spare returns how many of so many may be down by a setting.
func spare(setting string, of int) float64 {
	share, isShare := strings.CutSuffix(strings.TrimSpace(setting), "%")
	needed, _ := strconv.ParseFloat(share, 64) // what is no number needs none
	if isShare {
		needed *= float64(of) / 100
	}
	return max(0, float64(of)-needed)
}
