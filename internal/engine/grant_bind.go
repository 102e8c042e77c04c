package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rollcall/internal/binding"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// aim is a target with the object that it is.
type aim struct {
	*binding.Target
	spec   *grantSpec
	object rollcall.ObjectID
	was    *rollcall.Object // as it stands; nil for one that the run makes, or that there is none of
	made   bool             // by this run or an earlier one
	fresh  bool             // the run makes it
	path   string
	failed bool
}

// bind finds the object of every bound group, makes those that are missing where
// that is the run's to do, and has roles and groups follow their group's name
// and place. It returns the groups that vanished.
func (g *granting) bind(ctx context.Context) (vanished []rollcall.BoundGroup, err error) {
	targets, vanished := binding.Targets(g.groups.bindings, g.groups.chosen, g.groups.groups, g.earlier)
	aims := make([]aim, len(targets))
	for i := range targets {
		aims[i] = aim{Target: &targets[i], spec: grantSpecOf(targets[i].Gift.Kind)}
		if t := &targets[i]; t.Gift.Kind == rollcall.GrantPath {
			aims[i].path = t.Gift.Target
			if t.Parent >= 0 {
				aims[i].path = aims[t.Parent].path
			}
			aims[i].path += "/" + t.Name
		}
	}
	roots, err := g.roots(ctx, aims)
	if err != nil {
		return nil, err
	}
	for i := range grantSpecs {
		if err := g.findTargets(ctx, &grantSpecs[i], aims); err != nil {
			return nil, err
		}
	}
	if err := g.makeTargets(ctx, aims, roots); err != nil {
		return nil, err
	}
	if err := g.followGroups(ctx, aims, roots); err != nil {
		return nil, err
	}
	if err := g.slot(ctx, aims); err != nil {
		return nil, err
	}
	return vanished, g.keepBound(ctx, aims)
}

// findTargets finds the objects of one kind that are there already: first those
// that an earlier run bound, then by name.
func (g *granting) findTargets(ctx context.Context, spec *grantSpec, aims []aim) error {
	class := g.engine.model.Class(spec.class)
	var known []rollcall.ObjectID
	for i := range aims {
		if a := &aims[i]; a.spec == spec && a.Was != nil {
			known = append(known, a.Was.Target.ID)
		}
	}
	objects, err := g.objects(ctx, class, known)
	if err != nil {
		return err
	}
	var keys [][]string
	var at []int
	for i := range aims {
		a := &aims[i]
		switch {
		case a.spec != spec || a.Gift.Target == rollcall.AllLicences:
		case a.Was != nil && objects[a.Was.Target.ID] != nil:
			a.was, a.object, a.made = objects[a.Was.Target.ID], a.Was.Target.ID, a.Was.Made
		default:
			name := a.Name
			if a.path != "" {
				name = a.path
			}
			keys, at = append(keys, []string{name}), append(at, i)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	found, err := g.tx.Find(ctx, class, []string{spec.nameKey()}, keys)
	if err != nil {
		return fmt.Errorf("find objects of %s: %w", class.Name, err)
	}
	var ids []rollcall.ObjectID
	for n, i := range at {
		a := &aims[i]
		group := &g.groups.groups[a.Group]
		switch {
		case len(found[n]) == 1:
			a.object = found[n][0]
			ids = append(ids, a.object)
		case len(found[n]) > 1:
			a.failed = true
			g.problem(group, a.Name, fmt.Sprintf("binding %s: %d objects of class %s are called %q, so none is bound", a.Binding.Name, len(found[n]), class.Name, a.Name))
		case !spec.makes:
			a.failed = true
			g.problem(group, a.Name, fmt.Sprintf("binding %s: there is no %s %q; a run makes none", a.Binding.Name, strings.ToLower(class.Label), a.Name))
		}
	}
	objects, err = g.objects(ctx, class, ids)
	for _, i := range at {
		aims[i].was = objects[aims[i].object]
	}
	return err
}

func (g *granting) objects(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) (map[rollcall.ObjectID]*rollcall.Object, error) {
	byID := make(map[rollcall.ObjectID]*rollcall.Object, len(ids))
	if len(ids) == 0 {
		return byID, nil
	}
	list, err := g.tx.Objects(ctx, class, ids)
	if err != nil {
		return nil, fmt.Errorf("load objects of %s: %w", class.Name, err)
	}
	for i := range list {
		byID[list[i].ID] = &list[i]
	}
	return byID, nil
}

// followGroups renames roles and renames and moves mirrored groups.
func (g *granting) followGroups(ctx context.Context, aims []aim, roots map[string]rollcall.ObjectID) error {
	var edits []registry.Edit
	var at []int
	done := map[rollcall.ObjectID]bool{}
	for i := range aims {
		a := &aims[i]
		if a.was == nil || a.fresh || a.failed {
			continue
		}
		var sets []rollcall.Assignment
		switch {
		case a.path != "" && !done[a.object]:
			sets = groupValues(a.Name, a.path, a.above(aims, roots))
			done[a.object] = true
		case a.path == "" && a.Renamed:
			sets = []rollcall.Assignment{{Attribute: "name", Value: a.Name}}
		default:
			continue
		}
		group := &g.groups.groups[a.Group]
		edits = append(edits, registry.Edit{Object: *a.was, Sets: sets, Key: group.Key, Reason: "binding " + a.Binding.Name + ": its group is now " + group.DN})
		at = append(at, i)
	}
	outcomes, err := g.editor.Update(ctx, edits)
	if err != nil {
		return fmt.Errorf("follow groups: %w", err)
	}
	for n := range outcomes {
		a := &aims[at[n]]
		group := &g.groups.groups[a.Group]
		if outcomes[n].Err != nil {
			g.problem(group, a.Name, fmt.Sprintf("binding %s: %v", a.Binding.Name, outcomes[n].Err))
			continue
		}
		if len(outcomes[n].Sets) == 0 {
			continue
		}
		if err := g.told(&edits[n].Object, group, rollcall.VerbUpdate, edits[n].Reason, outcomes[n].Sets); err != nil {
			return err
		}
	}
	return nil
}

// told writes a line of the plan about a target.
func (g *granting) told(o *rollcall.Object, group *rollcall.Group, verb rollcall.Verb, reason string, sets []rollcall.Set) error {
	if !g.isTold() {
		return nil
	}
	c := &rollcall.Change{Source: g.src.Name, Verb: verb, Class: o.Class.Name, Name: o.Name(), Reason: reason, Sets: sets}
	if verb != rollcall.VerbProvision {
		c.ID = o.ID
	}
	if group != nil {
		c.Key, c.Entry = group.Key, group.DN
	}
	return g.emit(c)
}

// slot ties every bound group to its object; one that gives all licences is tied
// to every package.
func (g *granting) slot(ctx context.Context, aims []aim) error {
	var packages []rollcall.ObjectID
	for i := range aims {
		a := &aims[i]
		if a.failed {
			continue
		}
		s := binding.Slot{Binding: a.Binding, Group: a.Group, Kind: a.Gift.Kind, Target: a.object}
		if a.Binding.Members != "" {
			at := slices.IndexFunc(g.groups.bindings, func(b rollcall.Binding) bool { return b.Name == a.Binding.Name })
			s.Members = g.groups.members[at][a.Group]
		}
		if a.Gift.Target != rollcall.AllLicences {
			g.slots = append(g.slots, s)
			continue
		}
		if packages == nil {
			packages = []rollcall.ObjectID{}
			err := g.tx.Scan(ctx, g.engine.model.Class(a.spec.class), 0, func(o *rollcall.Object) error {
				packages = append(packages, o.ID)
				return nil
			})
			if err != nil {
				return fmt.Errorf("list the licence packages: %w", err)
			}
		}
		for _, s.Target = range packages {
			g.slots = append(g.slots, s)
		}
	}
	return nil
}

// keepBound keeps which group is bound to what, and under which name.
func (g *granting) keepBound(ctx context.Context, aims []aim) error {
	var ended []int64
	var begun []rollcall.BoundGroup
	for i := range aims {
		a := &aims[i]
		if a.failed {
			continue
		}
		group := &g.groups.groups[a.Group]
		now := rollcall.BoundGroup{Binding: a.Binding.Name, Gift: a.Gift, Key: group.Key, DN: group.DN, Name: group.Name,
			Target: rollcall.Ref{Class: a.spec.class, ID: a.object}, Made: a.made}
		if a.Was != nil {
			now.ID = a.Was.ID
			if now == *a.Was {
				continue
			}
			ended, now.ID = append(ended, a.Was.ID), 0
		}
		begun = append(begun, now)
	}
	if err := g.tx.EndBoundGroups(ctx, g.run.ID, ended); err != nil {
		return err
	}
	return g.tx.InsertBoundGroups(ctx, g.src.ID, g.run.ID, begun)
}
