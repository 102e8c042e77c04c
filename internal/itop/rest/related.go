package rest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

// The relation, and the old name of the same one read from its other end.
const (
	impacts      = "impacts"
	dependsOn    = "depends on"
	defaultDepth = 20
)

// getRelated answers core/get_related.
func (c *call) getRelated(ctx context.Context) error {
	class, err := c.class()
	if err != nil {
		return err
	}
	key, err := c.parameter("key")
	if err != nil {
		return err
	}
	relation, err := c.text("relation")
	if err != nil {
		return err
	}
	const none = `,"relations":[]`
	g := &graph{call: c, relation: relation, nodes: map[rollcall.Ref]int{}}
	switch direction := c.direction(relation); direction {
	case "up":
		g.up = true
	case "down":
	default:
		return c.result(codeInternal, "Invalid value: '"+direction+"' for the parameter 'direction'. Valid values are 'up' and 'down'", none)
	}
	if _, ok := c.params.get("direction"); !ok && relation == dependsOn {
		g.relation, g.reversed = impacts, true
	}
	f, err := c.key(ctx, c.Store, class, key, false)
	if err != nil {
		return err
	}
	if !c.Rights.Allows(c.account, f.class, auth.Read) {
		return c.result(codeUnauthorized, "The current user does not have enough permissions for reading data of class "+f.class.Name, none)
	}
	scope, err := c.Store.SelectIDs(ctx, c.Rights.Visible(c.account, f.query), rollcall.Window{})
	if err != nil {
		return err
	}
	if len(scope) == 0 {
		return c.result(codeOK, "Nothing found", none)
	}
	if err := g.walk(ctx, f.class, scope, c.option("depth", defaultDepth)); err != nil {
		return err
	}
	if v, ok := c.params.get("redundancy"); ok && v.isTrue() {
		if err := g.keepReached(ctx, len(scope)); err != nil {
			return err
		}
	}
	if classes := g.unreadable(); len(classes) > 0 {
		return c.result(codeUnauthorized, "The current user does not have enough permissions for exporting data of class(es): "+strings.Join(classes, ", "), none)
	}
	return g.report(ctx, len(scope))
}

// direction returns the way to go, as given or as the relation implies.
func (c *call) direction(relation string) string {
	if v, ok := c.params.get("direction"); ok {
		text, _ := v.string()
		return text
	}
	if relation == dependsOn {
		return "up"
	}
	return "down"
}

// graph is the objects found and how they touch one another. An edge leads from
// who impacts to who is impacted.
type graph struct {
	*call
	relation string
	up       bool // from the impacted to those that impact
	reversed bool // edges are reported the other way round
	objects  []rollcall.Object
	nodes    map[rollcall.Ref]int // by root class: the position in objects
	edges    []edge
}

type edge struct{ from, to int }

// mostRelated is how many objects a relation may reach before it is given up.
const mostRelated = 100_000

// walk goes from the scope as far as depth, all objects of one distance at a time.
func (g *graph) walk(ctx context.Context, class *rollcall.Class, scope []rollcall.ObjectID, depth int64) error {
	objects, err := g.Store.Objects(ctx, class, scope)
	if err != nil {
		return err
	}
	var frontier []int
	for _, o := range objects {
		n, _ := g.node(o)
		frontier = append(frontier, n)
	}
	for ; depth > 0 && len(frontier) > 0; depth-- {
		if frontier, err = g.step(ctx, frontier); err != nil {
			return err
		}
		if len(g.objects) > mostRelated {
			return faultf("The relation '%s' reaches more than %d objects: ask for a smaller depth", g.relation, mostRelated)
		}
	}
	return nil
}

func (g *graph) node(o rollcall.Object) (n int, isNew bool) {
	ref := rollcall.Ref{Class: o.Class.Root, ID: o.ID}
	if n, ok := g.nodes[ref]; ok {
		return n, false
	}
	g.nodes[ref] = len(g.objects)
	g.objects = append(g.objects, o)
	return len(g.objects) - 1, true
}

// step finds the neighbours of the frontier and returns those that are new.
func (g *graph) step(ctx context.Context, frontier []int) ([]int, error) {
	byClass := map[*rollcall.Class][]int{}
	var classes []*rollcall.Class
	for _, n := range frontier {
		c := g.objects[n].Class
		if byClass[c] == nil {
			classes = append(classes, c)
		}
		byClass[c] = append(byClass[c], n)
	}
	var next []int
	for _, c := range classes {
		for _, way := range g.ways(c) {
			pairs, class, err := way.pairs(ctx, g, byClass[c])
			if err != nil {
				return nil, fmt.Errorf("follow the relation %s from %s: %w", g.relation, c.Name, err)
			}
			found, err := g.join(ctx, class, pairs, way.upwards)
			if err != nil {
				return nil, err
			}
			next = append(next, found...)
		}
	}
	return next, nil
}

// pair is an object of the frontier and one that it touches.
type pair struct {
	here  int
	there rollcall.ObjectID
}

// join adds the objects that pairs lead to, as far as the account may see them.
func (g *graph) join(ctx context.Context, class *rollcall.Class, pairs []pair, upwards bool) (found []int, err error) {
	if len(pairs) == 0 {
		return nil, nil
	}
	objects, err := g.seen(ctx, class, pairs)
	if err != nil {
		return nil, err
	}
	at := make(map[rollcall.ObjectID]int, len(objects))
	for _, o := range objects {
		n, isNew := g.node(o)
		at[o.ID] = n
		if isNew {
			found = append(found, n)
		}
	}
	for _, p := range pairs {
		there, ok := at[p.there]
		if !ok {
			continue
		}
		e := edge{p.here, there}
		if upwards {
			e = edge{there, p.here}
		}
		g.connect(e)
	}
	return found, nil
}

// connect adds an edge, once.
func (g *graph) connect(e edge) {
	if !slices.Contains(g.edges, e) {
		g.edges = append(g.edges, e)
	}
}

// seen returns the objects that pairs lead to, as far as the account may see them.
func (g *graph) seen(ctx context.Context, class *rollcall.Class, pairs []pair) ([]rollcall.Object, error) {
	ids := make([]rollcall.ObjectID, 0, len(pairs))
	for _, p := range pairs {
		ids = append(ids, p.there)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if g.account.Organisations != nil {
		var err error
		if ids, err = g.Store.SelectIDs(ctx, g.Rights.Visible(g.account, rollcall.SelectIDs(class, ids...)), rollcall.Window{}); err != nil {
			return nil, err
		}
	}
	return g.Store.Objects(ctx, class, ids)
}

// unreadable returns the classes among those found that the account may not
// export.
func (g *graph) unreadable() []string {
	var names []string
	for i := range g.objects {
		c := g.objects[i].Class
		if !slices.Contains(names, c.Name) && !g.Rights.Allows(g.account, c, auth.BulkRead) {
			names = append(names, c.Name)
		}
	}
	return names
}

// report answers with the objects, class by class, and the edges.
func (g *graph) report(ctx context.Context, scope int) error {
	place, counts := map[*rollcall.Class]int{}, map[*rollcall.Class]int{}
	var classes []*rollcall.Class
	for i := range g.objects {
		c := g.objects[i].Class
		if counts[c] == 0 {
			place[c] = len(classes)
			classes = append(classes, c)
		}
		counts[c]++
	}
	message := fmt.Sprintf("Scope: %d; Related objects: ", scope)
	for i, c := range classes {
		if i > 0 {
			message += ", "
		}
		message += fmt.Sprintf("%s= %d", c.Name, counts[c])
	}
	order := make([]int, len(g.objects))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return place[g.objects[a].Class] - place[g.objects[b].Class] })
	sorted := make([]rollcall.Object, len(order))
	for i, n := range order {
		sorted[i] = g.objects[n]
	}
	b := append(g.out.b, `{"code":0,"message":`...)
	b = appendText(b, message)
	b = append(b, `,"objects":{`...)
	e := g.encoder(g.loader(g.Store, g.account), fieldList{})
	b, err := e.appendAll(ctx, b, sorted, true, func(int) entry { return entry{} })
	if err != nil {
		return err
	}
	b = append(b, `},"relations":`...)
	g.out.b = append(g.appendEdges(b, order), '}')
	return nil
}

// appendEdges appends for each object those that its edges lead to.
func (g *graph) appendEdges(b []byte, order []int) []byte {
	if len(g.edges) == 0 {
		return append(b, "[]"...)
	}
	b = append(b, '{')
	for _, n := range order {
		first := true
		for _, e := range g.edges {
			if g.reversed {
				e = edge{e.to, e.from}
			}
			if e.from != n {
				continue
			}
			switch {
			case !first:
				b = append(b, ',')
			case b[len(b)-1] == ']':
				b = append(b, ',')
				fallthrough
			default:
				b = fmt.Appendf(b, `"%s::%d":[`, g.objects[n].Class.Name, g.objects[n].ID)
			}
			first = false
			b = fmt.Appendf(b, `{"key":"%s::%d"}`, g.objects[e.to].Class.Name, g.objects[e.to].ID)
		}
		if !first {
			b = append(b, ']')
		}
	}
	return append(b, '}')
}
