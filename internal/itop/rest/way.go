package rest

import (
	"context"
	"slices"

	"rollcall/internal/rollcall"
)

// way is one kind of step from objects of a class: along an attribute of their
// own, or back along one of another class.
type way struct {
	attr    *rollcall.Attribute
	holder  *rollcall.Class // that has attr
	back    bool            // attr leads to where we are
	upwards bool            // the step leads to one that impacts
}

// ways returns the steps from objects of a class in the direction of the walk.
func (g *graph) ways(c *rollcall.Class) []way {
	var ways []way
	add := func(w way) {
		if w.upwards == g.up && w.attr != nil {
			ways = append(ways, w)
		}
	}
	for _, holder := range g.Model.Classes {
		relation := holder.Relation(g.relation)
		if relation == nil {
			continue
		}
		for _, n := range relation.Neighbours {
			owner := holder
			if n.Class != "" {
				owner = g.Model.Class(n.Class)
			}
			if owner == nil {
				continue
			}
			w := way{attr: owner.Attribute(n.Attribute), holder: owner, upwards: n.Upwards}
			// A step declared on holder leads from it; taken backwards it leads to it,
			// and from whom was impacted to who impacts.
			to := g.otherEnd(owner, w.attr)
			if n.Class != "" {
				w.back, to = true, owner
			}
			if holder == c {
				add(w)
			}
			if to != nil && g.Model.IsA(c.Name, to.Name) && g.isDeclaredBy(holder, n) {
				w.back, w.upwards = !w.back, !w.upwards
				add(w)
			}
		}
	}
	return ways
}

// isDeclaredBy reports whether no class above holder has the same neighbour, so
// that a step taken backwards is taken once.
func (g *graph) isDeclaredBy(holder *rollcall.Class, n rollcall.Neighbour) bool {
	parent := g.Model.Class(holder.Parent)
	if parent == nil {
		return true
	}
	above := parent.Relation(g.relation)
	return above == nil || !slices.Contains(above.Neighbours, n)
}

// otherEnd returns the class that an attribute leads to.
func (g *graph) otherEnd(holder *rollcall.Class, a *rollcall.Attribute) *rollcall.Class {
	switch {
	case a == nil:
		return nil
	case a.Type == rollcall.TypeLinks:
		link := g.Model.Class(a.Target)
		if remote := link.Attribute(a.Remote); remote != nil {
			return g.Model.Class(remote.Target)
		}
		return nil
	case a.Type == rollcall.TypeChildren:
		return g.Model.Class(a.Target)
	}
	return g.Model.KeyTarget(holder, a)
}

// pairs finds what some objects touch by one way, and the class of what is there.
func (w way) pairs(ctx context.Context, g *graph, nodes []int) ([]pair, *rollcall.Class, error) {
	at := make(map[rollcall.ObjectID]int, len(nodes))
	ids := make([]rollcall.ObjectID, len(nodes))
	for i, n := range nodes {
		ids[i] = g.objects[n].ID
		at[ids[i]] = n
	}
	switch {
	case w.attr.IsKey() && !w.back:
		pairs, err := w.ownKey(g, nodes), error(nil)
		return pairs, g.otherEnd(w.holder, w.attr), err
	case w.attr.IsKey():
		return g.referring(ctx, w.attr, w.holder, ids, at)
	case w.attr.Type == rollcall.TypeChildren && w.back:
		child := g.Model.Class(w.attr.Target)
		key := way{attr: child.Attribute(w.attr.Remote), holder: child}
		return key.ownKey(g, nodes), w.holder, nil
	case w.attr.Type == rollcall.TypeChildren:
		child := g.Model.Class(w.attr.Target)
		return g.referring(ctx, child.Attribute(w.attr.Remote), child, ids, at)
	case w.attr.Type != rollcall.TypeLinks:
		return nil, nil, rollcall.Errorf(rollcall.Internal, "attribute %s leads nowhere", w.attr.Code)
	}
	link := g.Model.Class(w.attr.Target)
	near, far, class := w.attr.Via, w.attr.Remote, g.otherEnd(w.holder, w.attr)
	if w.back {
		near, far, class = far, near, w.holder
	}
	links, _, err := g.referring(ctx, link.Attribute(near), link, ids, at)
	if err != nil || len(links) == 0 {
		return nil, class, err
	}
	linkIDs := make([]rollcall.ObjectID, len(links))
	for i := range links {
		linkIDs[i] = links[i].there
	}
	objects, err := g.Store.Objects(ctx, link, linkIDs)
	if err != nil {
		return nil, class, err
	}
	pairs := make([]pair, 0, len(objects))
	for i := range objects {
		pairs = append(pairs, pair{at[parseID(objects[i].Get(near))], parseID(objects[i].Get(far))})
	}
	return pairs, class, nil
}

// ownKey follows a key of the objects themselves.
func (w way) ownKey(g *graph, nodes []int) []pair {
	var pairs []pair
	for _, n := range nodes {
		if id := parseID(g.objects[n].Get(w.attr.Code)); id != 0 {
			pairs = append(pairs, pair{n, id})
		}
	}
	return pairs
}

// referring finds the objects whose key points at some.
func (g *graph) referring(ctx context.Context, key *rollcall.Attribute, holder *rollcall.Class, ids []rollcall.ObjectID, at map[rollcall.ObjectID]int) ([]pair, *rollcall.Class, error) {
	referrers, err := g.Store.Referrers(ctx, key, holder, ids)
	pairs := make([]pair, len(referrers))
	for i, r := range referrers {
		pairs[i] = pair{at[r.Target], r.Object.ID}
	}
	return pairs, holder, err
}
