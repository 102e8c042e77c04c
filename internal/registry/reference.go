package registry

import (
	"context"
	"fmt"

	"rollcall/internal/rollcall"
)

// nameKey names an object by a class that it is of, its own or an ancestor.
type nameKey struct {
	class string
	id    rollcall.ObjectID
}

// mostNames bounds the memory of names: a load points at few organizations and
// profiles again and again, and at each manager a few times.
const mostNames = 50_000

// begin opens a call: what the last ones learned is dropped when it grew large,
// and never in the middle of a call.
func (e *Editor) begin() {
	if len(e.names) > mostNames {
		clear(e.names)
	}
}

// wanted collects ids by class, each once.
type wanted struct {
	ids  map[string][]rollcall.ObjectID
	seen map[nameKey]bool
}

func (w *wanted) add(class string, id rollcall.ObjectID) {
	k := nameKey{class, id}
	if id == 0 || w.seen[k] {
		return
	}
	if w.seen == nil {
		w.seen, w.ids = map[nameKey]bool{}, map[string][]rollcall.ObjectID{}
	}
	w.seen[k] = true
	w.ids[class] = append(w.ids[class], id)
}

// learn reads the names that are not known yet: one query a class.
func (e *Editor) learn(ctx context.Context, w *wanted) error {
	for name, ids := range w.ids {
		unknown := ids[:0:0]
		for _, id := range ids {
			if _, ok := e.names[nameKey{name, id}]; !ok {
				unknown = append(unknown, id)
			}
		}
		class := e.r.model.Class(name)
		if len(unknown) == 0 || class == nil {
			continue
		}
		names, err := e.tx.Names(ctx, class, unknown)
		if err != nil {
			return fmt.Errorf("read the names of %s: %w", name, err)
		}
		for id, text := range names {
			e.names[nameKey{name, id}] = text
		}
	}
	return nil
}

// nameOf returns a name that learn has read.
func (e *Editor) nameOf(class string, id rollcall.ObjectID) string {
	return e.names[nameKey{class, id}]
}

func (e *Editor) exists(class string, id rollcall.ObjectID) bool {
	_, ok := e.names[nameKey{class, id}]
	return ok
}

// forget drops what is known of objects that changed or went.
func (e *Editor) forget(class *rollcall.Class, ids ...rollcall.ObjectID) {
	for c := class; c != nil; c = e.r.model.Class(c.Parent) {
		for _, id := range ids {
			delete(e.names, nameKey{c.Name, id})
		}
	}
	switch class.Root {
	case classSource, classSourceAttribute:
		clear(e.sources)
	}
}

// checkReferences refuses items that point at nobody. Drafts of one call may
// point at one another by ids reserved before.
func (e *Editor) checkReferences(ctx context.Context, items []*item) error {
	mates := map[rollcall.Ref]string{}
	var w wanted
	for _, it := range items {
		if it.was == nil && it.object.ID != 0 {
			mates[rollcall.Ref{Class: it.class.Root, ID: it.object.ID}] = it.class.Name
		}
		it.keys(func(a *rollcall.Attribute, target rollcall.ObjectID) { w.add(a.Target, target) })
		for _, s := range it.sets {
			s.targets(&w)
		}
	}
	if err := e.learn(ctx, &w); err != nil {
		return err
	}
	known := func(class string, id rollcall.ObjectID) bool {
		if e.exists(class, id) {
			return true
		}
		own, ok := mates[rollcall.Ref{Class: e.r.root(class), ID: id}]
		return ok && e.r.model.IsA(own, class)
	}
	for _, it := range items {
		it.keys(func(a *rollcall.Attribute, target rollcall.ObjectID) {
			if !known(a.Target, target) && it.err == nil {
				it.err = &rollcall.Error{Kind: rollcall.Invalid, Msg: "No result for the single row query",
					Err: fmt.Errorf("%s names %s::%d, which does not exist", a.Code, a.Target, target)}
			}
		})
		for _, s := range it.sets {
			s.checkTargets(e, it, known)
		}
	}
	return nil
}

// root returns the name of a class's root.
func (r *Registry) root(class string) string {
	if c := r.model.Class(class); c != nil {
		return c.Root
	}
	return class
}

// refuseMates refuses drafts that point at refused drafts of the same call.
func (e *Editor) refuseMates(items []*item) {
	for again := true; again; {
		again = false
		gone := map[rollcall.Ref]bool{}
		for _, it := range items {
			if it.was == nil && it.object.ID != 0 && it.refused() {
				gone[rollcall.Ref{Class: it.class.Root, ID: it.object.ID}] = true
			}
		}
		if len(gone) == 0 {
			return
		}
		for _, it := range items {
			if it.refused() {
				continue
			}
			it.keys(func(a *rollcall.Attribute, target rollcall.ObjectID) {
				ref := rollcall.Ref{Class: e.r.root(a.Target), ID: target}
				if gone[ref] && !e.exists(a.Target, target) {
					it.err = rollcall.Errorf(rollcall.Invalid, "%s names %s::%d, which was itself refused", a.Code, a.Target, target)
					again = true
				}
			})
		}
	}
}

// climb is an item on the way up from its new parent.
type climb struct {
	it   *item
	attr *rollcall.Attribute
	at   rollcall.ObjectID
}

// treeKey names an object within one hierarchy; class is that of the key.
func treeKey(a *rollcall.Attribute, id rollcall.ObjectID) nameKey {
	return nameKey{a.Declared + "." + a.Code, id}
}

// deepest bounds a climb: a loop that does not pass through an item of this
// call was there before and is not its fault.
const deepest = 1000

// checkTrees refuses parents that are the object itself or lie below it. It
// climbs all items' ancestors together, one query a level.
func (e *Editor) checkTrees(ctx context.Context, items []*item) error {
	climbs, moved := climbsOf(items)
	for level := 0; len(climbs) > 0 && level < deepest; level++ {
		parents, err := e.parentsOf(ctx, climbs)
		if err != nil {
			return err
		}
		on := climbs[:0]
		for _, c := range climbs {
			if c.at == c.it.object.ID {
				c.it.refuse(c.attr.NotAllowed(c.it.object.Values[c.attr.Column]).Error())
				continue
			}
			next, ok := moved[treeKey(c.attr, c.at)]
			if !ok {
				next = parents[treeKey(c.attr, c.at)]
			}
			if next != 0 {
				on = append(on, climb{c.it, c.attr, next})
			}
		}
		climbs = on
	}
	return nil
}

// climbsOf returns where the climbs begin, and the parents that objects of this
// call will have.
func climbsOf(items []*item) (climbs []climb, moved map[nameKey]rollcall.ObjectID) {
	moved = map[nameKey]rollcall.ObjectID{}
	for _, it := range items {
		if it.object.ID == 0 {
			continue // nobody can point at it yet
		}
		for _, a := range it.class.Stored {
			if a.Type != rollcall.TypeTree || !it.touches(a.Code) {
				continue
			}
			parent := parseID(it.object.Values[a.Column])
			moved[treeKey(a, it.object.ID)] = parent
			if parent != 0 {
				climbs = append(climbs, climb{it, a, parent})
			}
		}
	}
	return climbs, moved
}

// parentsOf reads the stored parents of the objects that the climbs are at.
func (e *Editor) parentsOf(ctx context.Context, climbs []climb) (map[nameKey]rollcall.ObjectID, error) {
	var w wanted
	for _, c := range climbs {
		w.add(c.attr.Target, c.at)
	}
	parents := map[nameKey]rollcall.ObjectID{}
	for name, ids := range w.ids {
		objects, err := e.tx.Objects(ctx, e.r.model.Class(name), ids)
		if err != nil {
			return nil, err
		}
		for i := range objects {
			for _, a := range objects[i].Class.Stored {
				if a.Type == rollcall.TypeTree {
					parents[treeKey(a, objects[i].ID)] = parseID(objects[i].Values[a.Column])
				}
			}
		}
	}
	return parents, nil
}
