package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// named is an object and its friendly name.
type named struct {
	rollcall.Ref
	name string
}

// text writes an object as why reads it.
func (n named) text() string { return fmt.Sprintf("%s::%d", n.Class, n.ID) }

// find returns the objects that a text means: Class::id; an entry's key or DN; a
// login or an address; a friendly name; a name. The first of these ways that
// finds something counts.
func (a *app) find(ctx context.Context, text string) ([]named, error) {
	if name, id, ok := strings.Cut(text, "::"); ok {
		return a.findByID(ctx, name, id)
	}
	found, err := a.findByEntry(ctx, text)
	if err != nil || len(found) > 0 {
		return found, err
	}
	for _, way := range a.ways() {
		var refs []named
		for _, class := range way.classes {
			more, err := a.findBy(ctx, class, way.attribute, text)
			if err != nil {
				return nil, err
			}
			refs = append(refs, more...)
		}
		if len(refs) > 0 {
			return refs, nil
		}
	}
	return nil, nil
}

// way is a way to search: some classes by one attribute.
type way struct {
	attribute string
	classes   []*rollcall.Class
}

// ways lists how a text is searched, the surest first. The classes are the
// hierarchies that sources write, and those of people and accounts.
func (a *app) ways() []way {
	roots := []*rollcall.Class{a.model.Class("Contact"), a.model.Class("User")}
	for _, src := range a.sources {
		if root := a.model.Class(src.Class.Root); !slices.Contains(roots, root) {
			roots = append(roots, root)
		}
	}
	var ways []way
	for _, attribute := range []string{"login", "email", "friendlyname", "name"} {
		w := way{attribute: attribute}
		for _, root := range roots {
			if a := root.Attribute(attribute); attribute == "friendlyname" || a != nil && a.Stored() {
				w.classes = append(w.classes, root)
			}
		}
		ways = append(ways, w)
	}
	return ways
}

func (a *app) findByID(ctx context.Context, name, id string) ([]named, error) {
	class := a.model.Class(name)
	if class == nil {
		return nil, rollcall.Errorf(rollcall.NotFound, "there is no class %s", name)
	}
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "%q is no ID: an object is written as %s::42", id, name)
	}
	objects, err := a.store.Objects(ctx, class, []rollcall.ObjectID{rollcall.ObjectID(number)})
	if err != nil {
		return nil, err
	}
	if len(objects) == 0 {
		// Its history may still tell what became of it.
		return []named{{Ref: rollcall.Ref{Class: name, ID: rollcall.ObjectID(number)}}}, nil
	}
	return []named{{Ref: rollcall.Ref{Class: objects[0].Class.Name, ID: objects[0].ID}, name: objects[0].Name()}}, nil
}

// findByEntry searches by the key or the DN of an entry.
func (a *app) findByEntry(ctx context.Context, text string) ([]named, error) {
	sources, err := a.identified(ctx)
	if err != nil {
		return nil, err
	}
	var refs []rollcall.Ref
	folded := rollcall.FoldDN(text)
	for _, src := range sources {
		if src.ID == 0 {
			continue
		}
		replica, ok, err := a.store.ReplicaByKey(ctx, src.ID, text)
		if err != nil {
			return nil, err
		}
		if ok && replica.Dest.ID != 0 {
			refs = append(refs, replica.Dest)
		}
		tied, err := a.store.ReplicasByName(ctx, src.ID, []string{folded})
		if err != nil {
			return nil, err
		}
		if ref, ok := tied[folded]; ok {
			refs = append(refs, ref)
		}
	}
	return a.withNames(ctx, refs)
}

func (a *app) findBy(ctx context.Context, class *rollcall.Class, attribute, text string) ([]named, error) {
	ids, err := a.store.Find(ctx, class, []string{attribute}, [][]string{{text}})
	if err != nil {
		return nil, err
	}
	objects, err := a.store.Objects(ctx, class, ids[0])
	if err != nil {
		return nil, err
	}
	refs := make([]rollcall.Ref, len(objects))
	for i := range objects {
		refs[i] = rollcall.Ref{Class: objects[i].Class.Name, ID: objects[i].ID}
	}
	return a.withNames(ctx, refs)
}

// withNames adds friendly names, and leaves doubles and vanished objects out.
func (a *app) withNames(ctx context.Context, refs []rollcall.Ref) ([]named, error) {
	var list []named
	seen := map[rollcall.Ref]bool{}
	for _, ref := range refs {
		class := a.model.Class(ref.Class)
		if seen[ref] || class == nil {
			continue
		}
		seen[ref] = true
		names, err := a.store.Names(ctx, class, []rollcall.ObjectID{ref.ID})
		if err != nil {
			return nil, err
		}
		if name, ok := names[ref.ID]; ok {
			list = append(list, named{ref, name})
		}
	}
	return list, nil
}

// identified returns copies of all sources with the ID of each one's object: 0
// for one that never ran.
func (a *app) identified(ctx context.Context) ([]rollcall.Source, error) {
	sources := make([]rollcall.Source, len(a.sources))
	names := make([][]string, len(a.sources))
	for i, src := range a.sources {
		sources[i], names[i] = *src, []string{src.Name}
	}
	if len(sources) == 0 {
		return nil, nil
	}
	found, err := a.store.Find(ctx, a.model.Class("SynchroDataSource"), []string{"name"}, names)
	if err != nil {
		return nil, fmt.Errorf("find the sources: %w", err)
	}
	for i := range sources {
		if len(found[i]) == 1 {
			sources[i].ID = found[i][0]
		}
	}
	return sources, nil
}

// objectID reads an ID from a value, 0 for nobody.
func objectID(text string) rollcall.ObjectID {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return rollcall.ObjectID(id)
}
