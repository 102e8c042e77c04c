package engine

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// roots finds or makes the groups of our own under which others are mirrored.
func (g *granting) roots(ctx context.Context, aims []aim) (map[string]rollcall.ObjectID, error) {
	roots := map[string]rollcall.ObjectID{}
	class := g.engine.model.Class("UserGroup")
	for i := range aims {
		root := aims[i].Gift.Target
		if aims[i].path == "" || roots[root] != 0 {
			continue
		}
		var above rollcall.ObjectID
		path := ""
		for _, name := range strings.Split(root, "/")[1:] {
			path += "/" + name
			id, err := g.root(ctx, class, path, name, above)
			if err != nil {
				return nil, err
			}
			above = id
		}
		roots[root] = above
	}
	return roots, nil
}

func (g *granting) root(ctx context.Context, class *rollcall.Class, path, name string, above rollcall.ObjectID) (rollcall.ObjectID, error) {
	found, err := g.tx.Find(ctx, class, []string{"path"}, [][]string{{path}})
	if err != nil {
		return 0, fmt.Errorf("find group %s: %w", path, err)
	}
	if len(found[0]) > 0 {
		return found[0][0], nil
	}
	draft := registry.Draft{Object: rollcall.NewObject(class), Reason: "groups are mirrored below it"}
	setAll(&draft.Object, groupValues(name, path, above))
	drafts := []registry.Draft{draft}
	refused, err := g.editor.Create(ctx, drafts)
	if err == nil {
		err = refused[0]
	}
	if err != nil {
		return 0, fmt.Errorf("make group %s: %w", path, err)
	}
	return drafts[0].Object.ID, g.told(&drafts[0].Object, nil, rollcall.VerbProvision, draft.Reason, nil)
}

func groupValues(name, path string, above rollcall.ObjectID) []rollcall.Assignment {
	return []rollcall.Assignment{
		{Attribute: "name", Value: name}, {Attribute: "path", Value: path}, {Attribute: "parent_id", Value: idText(above)},
	}
}

func idText(id rollcall.ObjectID) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(int64(id), 10)
}

func setAll(o *rollcall.Object, values []rollcall.Assignment) {
	for _, v := range values {
		o.Set(v.Attribute, v.Value)
	}
}

// makeTargets makes the objects that are missing, parents with their children.
// Bindings that name the same object get the same one.
func (g *granting) makeTargets(ctx context.Context, aims []aim, roots map[string]rollcall.ObjectID) error {
	type named struct {
		spec *grantSpec
		name string
	}
	first := map[named]int{}
	same := map[int]int{}
	drafts := map[*grantSpec][]registry.Draft{}
	at := map[*grantSpec][]int{}
	for i := range aims {
		a := &aims[i]
		if a.failed || a.object != 0 || !a.spec.makes || a.Gift.Target == rollcall.AllLicences {
			continue
		}
		key := named{a.spec, rollcall.Fold(a.Name + "\x00" + a.path)}
		if j, again := first[key]; again {
			same[i] = j
			continue
		}
		first[key] = i
		class := g.engine.model.Class(a.spec.class)
		id, err := g.tx.Reserve(ctx, class, 1)
		if err != nil {
			return err
		}
		a.object, a.made, a.fresh = id, true, true
		group := &g.groups.groups[a.Group]
		d := registry.Draft{Object: rollcall.NewObject(class), Key: group.Key, Reason: "binding " + a.Binding.Name + ": " + group.DN}
		d.Object.ID = id
		d.Object.Set("name", a.Name)
		if a.path != "" {
			setAll(&d.Object, groupValues(a.Name, a.path, a.above(aims, roots)))
		}
		drafts[a.spec], at[a.spec] = append(drafts[a.spec], d), append(at[a.spec], i)
	}
	for i := range grantSpecs {
		spec := &grantSpecs[i]
		if err := g.makeKind(ctx, drafts[spec], at[spec], aims); err != nil {
			return err
		}
	}
	for i, j := range same {
		aims[i].object, aims[i].made, aims[i].failed = aims[j].object, aims[j].made, aims[j].failed
	}
	return nil
}

// above is the group of our own that a mirrored one hangs below.
func (a *aim) above(aims []aim, roots map[string]rollcall.ObjectID) rollcall.ObjectID {
	if a.Parent >= 0 {
		return aims[a.Parent].object
	}
	return roots[a.Gift.Target]
}

func (g *granting) makeKind(ctx context.Context, drafts []registry.Draft, at []int, aims []aim) error {
	if len(drafts) == 0 {
		return nil
	}
	refused, err := g.editor.Create(ctx, drafts)
	if err != nil {
		return fmt.Errorf("make targets: %w", err)
	}
	for n, i := range at {
		a := &aims[i]
		group := &g.groups.groups[a.Group]
		if refused[n] != nil {
			a.failed = true
			g.problem(group, a.Name, fmt.Sprintf("binding %s: %v", a.Binding.Name, refused[n]))
			continue
		}
		g.noteMade(drafts[n].Object.Class.Root, a.object)
		var sets []rollcall.Set
		for _, s := range drafts[n].Object.Class.Stored {
			if v := drafts[n].Object.Values[s.Column]; v != "" && !s.IsKey() {
				sets = append(sets, rollcall.Set{Attribute: s.Code, New: v})
			}
		}
		if err := g.told(&drafts[n].Object, group, rollcall.VerbProvision, drafts[n].Reason, sets); err != nil {
			return err
		}
	}
	return nil
}
