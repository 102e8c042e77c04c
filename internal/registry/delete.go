package registry

import (
	"context"
	"fmt"
	"slices"

	"rollcall/internal/rollcall"
)

// Delete deletes objects of class and below with all that hangs on them: those
// that point at them by a mandatory key with on_delete auto go too, optional
// keys are emptied. The first result stands beside ids: nil, or every reason
// why one was refused; then all that hangs on it stays too. Objects of one call
// do not stand in each other's way. keyed says which entry causes a deletion;
// it may be nil.
func (e *Editor) Delete(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID, keyed func(rollcall.ObjectID) (key, reason string)) ([]error, error) {
	e.begin()
	refused := make(map[rollcall.ObjectID]error)
	var p *planner
	for {
		left := slices.DeleteFunc(slices.Clone(ids), func(id rollcall.ObjectID) bool { return refused[id] != nil })
		var err error
		if p, err = e.planDelete(ctx, class, left); err != nil {
			return nil, fmt.Errorf("plan the deletion: %w", err)
		}
		// What hung on a refused object stays, and may now stand in the way of
		// another: plan again without it.
		more := p.refusals()
		if len(more) == 0 {
			break
		}
		for id, err := range more {
			refused[id] = err
		}
	}
	if err := p.carryOut(ctx, keyed); err != nil {
		return nil, fmt.Errorf("delete objects: %w", err)
	}
	errs := make([]error, len(ids))
	for i, id := range ids {
		errs[i] = refused[id]
	}
	return errs, nil
}

// PlanDelete tells what Delete would do with objects of class and below, and
// every issue that stands against it.
func (e *Editor) PlanDelete(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) (DeletePlan, error) {
	e.begin()
	p, err := e.planDelete(ctx, class, ids)
	if err != nil {
		return DeletePlan{}, fmt.Errorf("plan the deletion: %w", err)
	}
	if err := p.names(ctx); err != nil {
		return DeletePlan{}, fmt.Errorf("plan the deletion: %w", err)
	}
	var plan DeletePlan
	for _, n := range p.order {
		plan.Deletions = append(plan.Deletions, Deletion{Object: n.ref(), Name: n.name, Asked: n.asked, Issues: n.issues, Forbidden: n.forbidden})
	}
	for _, r := range p.resets {
		plan.Resets = append(plan.Resets, Reset{Object: r.object, Attribute: r.attr, Target: r.target.object.ID, Issues: r.issues})
	}
	for _, b := range p.blocks {
		plan.Blocks = append(plan.Blocks, Block{Object: b.object, Attribute: b.attr, Target: b.target.object.ID})
	}
	return plan, nil
}

// node is an object that a plan deletes.
type node struct {
	object  rollcall.Object
	name    string
	asked   bool
	because []*node // those it hangs on
	issues  []string

	forbidden bool // an issue is about who asks
}

func (n *node) ref() rollcall.Ref { return rollcall.Ref{Class: n.object.Class.Name, ID: n.object.ID} }

// holder is an object that points at one that goes, and stays itself.
type holder struct {
	object rollcall.Ref
	attr   *rollcall.Attribute // of the holder's own class
	target *node
	issues []string
}

// planner works out what a deletion takes along.
type planner struct {
	e       *Editor
	nodes   map[rollcall.Ref]*node // by root class
	order   []*node
	resets  []*holder
	blocks  []*holder // mandatory keys with on_delete manual
	missing []rollcall.ObjectID
}

func (e *Editor) planDelete(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) (*planner, error) {
	p := &planner{e: e, nodes: map[rollcall.Ref]*node{}}
	objects, err := e.tx.Objects(ctx, class, ids)
	if err != nil {
		return nil, err
	}
	var frontier []*node
	for i := range objects {
		if n, isNew := p.node(objects[i]); isNew {
			n.asked = true
			frontier = append(frontier, n)
		}
	}
	for _, id := range ids {
		if p.nodes[rollcall.Ref{Class: class.Root, ID: id}] == nil {
			p.missing = append(p.missing, id)
		}
	}
	for len(frontier) > 0 {
		if frontier, err = p.expand(ctx, frontier); err != nil {
			return nil, err
		}
	}
	p.settle()
	return p, p.judge(ctx)
}

func (p *planner) node(o rollcall.Object) (n *node, isNew bool) {
	ref := rollcall.Ref{Class: o.Class.Root, ID: o.ID}
	if n := p.nodes[ref]; n != nil {
		return n, false
	}
	n = &node{object: o}
	p.nodes[ref] = n
	p.order = append(p.order, n)
	return n, true
}

// groupNodes groups nodes by class, in the order of first appearance.
func groupNodes(nodes []*node) [][]*node {
	at := map[*rollcall.Class]int{}
	var groups [][]*node
	for _, n := range nodes {
		i, ok := at[n.object.Class]
		if !ok {
			i = len(groups)
			at[n.object.Class] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], n)
	}
	return groups
}

func nodeIDs(nodes []*node) []rollcall.ObjectID {
	ids := make([]rollcall.ObjectID, len(nodes))
	for i, n := range nodes {
		ids[i] = n.object.ID
	}
	return ids
}

// expand follows every key that can point at the frontier, one query a key, and
// returns those that go with it.
func (p *planner) expand(ctx context.Context, frontier []*node) ([]*node, error) {
	type hanging struct {
		class *rollcall.Class
		id    rollcall.ObjectID
		on    *node
	}
	var found []hanging
	for _, group := range groupNodes(frontier) {
		class := group[0].object.Class
		for _, use := range p.e.r.keys[class.Name] {
			referrers, err := p.e.tx.Referrers(ctx, use.key, use.holder, nodeIDs(group))
			if err != nil {
				return nil, err
			}
			for _, r := range referrers {
				own := p.e.r.model.Class(r.Object.Class)
				target := p.nodes[rollcall.Ref{Class: class.Root, ID: r.Target}]
				h := &holder{object: r.Object, attr: own.Attribute(use.key.Code), target: target}
				switch {
				case !h.attr.Mandatory:
					p.resets = append(p.resets, h)
				case h.attr.OnDelete == rollcall.DeleteAuto:
					found = append(found, hanging{own, r.Object.ID, target})
				default:
					p.blocks = append(p.blocks, h)
				}
			}
		}
	}
	ids := map[*rollcall.Class][]rollcall.ObjectID{}
	var classes []*rollcall.Class
	for _, h := range found {
		if p.nodes[rollcall.Ref{Class: h.class.Root, ID: h.id}] == nil {
			if ids[h.class] == nil {
				classes = append(classes, h.class)
			}
			ids[h.class] = append(ids[h.class], h.id)
		}
	}
	var next []*node
	for _, class := range classes {
		objects, err := p.e.tx.Objects(ctx, class, ids[class])
		if err != nil {
			return nil, err
		}
		for i := range objects {
			if n, isNew := p.node(objects[i]); isNew {
				next = append(next, n)
			}
		}
	}
	for _, h := range found {
		if n := p.nodes[rollcall.Ref{Class: h.class.Root, ID: h.id}]; n != nil {
			n.because = append(n.because, h.on)
		}
	}
	return next, nil
}

// settle leaves out the holders that go themselves.
func (p *planner) settle() {
	goes := func(h *holder) bool {
		return p.nodes[rollcall.Ref{Class: p.e.r.root(h.object.Class), ID: h.object.ID}] != nil
	}
	p.resets = slices.DeleteFunc(p.resets, goes)
	p.blocks = slices.DeleteFunc(p.blocks, goes)
}

// refusals returns why objects that were asked for cannot go. An issue counts
// against every object asked for that would take the place of the issue along.
func (p *planner) refusals() map[rollcall.ObjectID]error {
	reasons := map[rollcall.ObjectID][]string{}
	charge := func(n *node, issues []string) {
		if len(issues) == 0 {
			return
		}
		for _, root := range rootsOf(n) {
			for _, issue := range issues {
				if id := root.object.ID; !slices.Contains(reasons[id], issue) {
					reasons[id] = append(reasons[id], issue)
				}
			}
		}
	}
	for _, n := range p.order {
		charge(n, n.issues)
	}
	for _, h := range p.resets {
		charge(h.target, h.issues)
	}
	for _, h := range p.blocks {
		charge(h.target, h.issues)
	}
	refused := make(map[rollcall.ObjectID]error, len(reasons))
	for id, issues := range reasons {
		refused[id] = refuse(rollcall.Conflict, issues)
	}
	for _, id := range p.missing {
		refused[id] = rollcall.Errorf(rollcall.NotFound, "there is no object %d to delete", id)
	}
	return refused
}

// rootsOf returns the objects asked for that take n along, itself among them.
func rootsOf(n *node) []*node {
	seen := map[*node]bool{n: true}
	var roots []*node
	for queue := []*node{n}; len(queue) > 0; queue = queue[1:] {
		if queue[0].asked {
			roots = append(roots, queue[0])
		}
		for _, up := range queue[0].because {
			if !seen[up] {
				seen[up] = true
				queue = append(queue, up)
			}
		}
	}
	return roots
}
