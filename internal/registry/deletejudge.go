package registry

import (
	"context"
	"fmt"

	"rollcall/internal/rollcall"
)

// judge finds the issues of a plan: objects that a source owns, predefined
// objects, locked keys and link sets, and holders that have to go first.
func (p *planner) judge(ctx context.Context) error {
	for _, group := range groupNodes(p.order) {
		guards, err := p.e.guards(ctx, group[0].object.Class, nodeIDs(group))
		if err != nil {
			return err
		}
		objects := make([]*rollcall.Object, len(group))
		for i, n := range group {
			n.issues = append(n.issues, p.e.ownership(guards[n.object.ID])...)
			if n.object.Class.Fixed {
				n.issues = append(n.issues, fmt.Sprintf("Objects of class %s are predefined and cannot be deleted", n.object.Class.Name))
			}
			if p.e.isSelf(n.object.Class, n.object.ID) {
				n.issues, n.forbidden = append(n.issues, "You are not allowed to delete this object"), true
			}
			// Links that go with their host are not written by hand.
			if n.asked {
				objects[i] = &n.object
			}
		}
		locked, err := p.e.lockedLinks(ctx, group[0].object.Class, objects)
		if err != nil {
			return err
		}
		for i, text := range locked {
			if text != "" {
				group[i].issues = append(group[i].issues, text)
			}
		}
	}
	for _, h := range p.blocks {
		h.issues = []string{fmt.Sprintf("%s::%d Must be deleted manually", h.object.Class, h.object.ID)}
	}
	return p.judgeResets(ctx)
}

// ownership returns the refusals of the sources that made an object and let
// nobody else delete it.
func (e *Editor) ownership(guards []guard) []string {
	var issues []string
	for _, g := range guards {
		if !g.isCreator {
			continue
		}
		if g.userDelete == deleteByNobody || g.userDelete == deleteByAdministrators && !e.administrator {
			issues = append(issues, "You <b>cannot delete the object</b> because it is owned by the external data source "+g.name)
		}
	}
	return issues
}

// judgeResets looks for locks on the keys that would be emptied.
func (p *planner) judgeResets(ctx context.Context) error {
	ids := map[string][]rollcall.ObjectID{}
	var classes []string
	for _, h := range p.resets {
		if ids[h.object.Class] == nil {
			classes = append(classes, h.object.Class)
		}
		ids[h.object.Class] = append(ids[h.object.Class], h.object.ID)
	}
	for _, class := range classes {
		guards, err := p.e.guards(ctx, p.e.r.model.Class(class), ids[class])
		if err != nil {
			return err
		}
		for _, h := range p.resets {
			if h.object.Class == class && isLocked(guards[h.object.ID], h.attr.Code) {
				h.issues = []string{LockText(h.attr)}
			}
		}
	}
	return nil
}

// names reads the names of all that goes, while it is there.
func (p *planner) names(ctx context.Context) error {
	for _, group := range groupNodes(p.order) {
		objects := make([]rollcall.Object, len(group))
		for i, n := range group {
			objects[i] = n.object
		}
		names, err := p.e.namesOf(ctx, objects)
		if err != nil {
			return err
		}
		for i, n := range group {
			n.name = names[i]
		}
	}
	return nil
}

// carryOut empties keys, writes history and deletes.
func (p *planner) carryOut(ctx context.Context, keyed func(rollcall.ObjectID) (key, reason string)) error {
	if len(p.order) == 0 {
		return nil
	}
	if err := p.names(ctx); err != nil {
		return err
	}
	if err := p.learnTargets(ctx); err != nil {
		return err
	}
	book := diary{e: p.e}
	if err := p.empty(ctx, &book, keyed); err != nil {
		return err
	}
	for _, n := range p.order {
		key, reason := p.why(n, keyed)
		book.add(rollcall.HistoryDelete, &n.object, n.name, key, reason, p.e.remains(&n.object))
	}
	if err := book.write(ctx); err != nil {
		return err
	}
	for _, group := range groupNodes(p.order) {
		if err := p.e.erase(ctx, group[0].object.Class, nodeIDs(group)); err != nil {
			return err
		}
	}
	return nil
}

// why tells what causes the deletion of n.
func (p *planner) why(n *node, keyed func(rollcall.ObjectID) (key, reason string)) (key, reason string) {
	root := rootsOf(n)[0]
	if keyed != nil {
		key, reason = keyed(root.object.ID)
	}
	if root != n {
		reason = fmt.Sprintf("%s::%d %s was deleted", root.object.Class.Name, root.object.ID, root.name)
	}
	return key, reason
}

// learnTargets reads the names that the last steps of history mention.
func (p *planner) learnTargets(ctx context.Context) error {
	var w wanted
	for _, n := range p.order {
		for i, a := range n.object.Class.Stored {
			if a.IsKey() {
				w.add(a.Target, parseID(n.object.Values[i]))
			}
		}
	}
	for _, h := range p.resets {
		w.add(h.attr.Target, h.target.object.ID)
	}
	return p.e.learn(ctx, &w)
}

// empty empties the optional keys that point at what goes.
func (p *planner) empty(ctx context.Context, book *diary, keyed func(rollcall.ObjectID) (key, reason string)) error {
	type emptied struct {
		attrs []*rollcall.Attribute
		sets  []rollcall.Set
		by    *node
	}
	of := map[rollcall.Ref]*emptied{}
	ids := map[*rollcall.Class][]rollcall.ObjectID{}
	var classes []*rollcall.Class
	for _, h := range p.resets {
		x := of[h.object]
		if x == nil {
			x = &emptied{by: h.target}
			of[h.object] = x
			class := p.e.r.model.Class(h.object.Class)
			if ids[class] == nil {
				classes = append(classes, class)
			}
			ids[class] = append(ids[class], h.object.ID)
		}
		x.attrs = append(x.attrs, h.attr)
		x.sets = append(x.sets, p.e.readable(h.attr, rollcall.Set{Attribute: h.attr.Code, Old: idText(h.target.object.ID)}))
	}
	for _, class := range classes {
		objects, err := p.e.tx.Objects(ctx, class, ids[class])
		if err != nil {
			return err
		}
		rows := updates{class: class}
		at := func(i int) *emptied { return of[rollcall.Ref{Class: class.Name, ID: objects[i].ID}] }
		for i := range objects {
			for _, a := range at(i).attrs {
				objects[i].Values[a.Column] = ""
			}
			rows.add(&objects[i], at(i).attrs)
		}
		if err := rows.write(ctx, p.e); err != nil {
			return err
		}
		err = book.addAll(ctx, rollcall.HistoryUpdate, objects, func(i int) (string, string) {
			by := at(i).by
			key, _ := p.why(by, keyed)
			return key, fmt.Sprintf("%s::%d %s was deleted", by.object.Class.Name, by.object.ID, by.name)
		}, func(i int) []rollcall.Set { return at(i).sets })
		if err != nil {
			return err
		}
	}
	return nil
}
