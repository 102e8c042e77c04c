package engine

import (
	"context"
	"fmt"
	"slices"

	"rollcall/internal/binding"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// linking is one link to be made, or to be found.
type linking struct {
	holder *rollcall.Holder
	grant  rollcall.Grant
	again  bool
}

// give makes what holders are to have and do not, and keeps who has what by
// which groups.
func (g *granting) give(ctx context.Context, steps []grantStep) error {
	byKind := map[rollcall.GrantKind][]linking{}
	var ended []int64
	var retold []rollcall.Grant
	for i := range steps {
		s := &steps[i]
		for _, w := range s.Add {
			byKind[w.Kind] = append(byKind[w.Kind], linking{holder: &s.holder, grant: rollcall.Grant{
				Binding: w.Binding, Kind: w.Kind, Type: w.Type, Holder: s.holder.ID, Target: w.Target, Via: w.Via}})
		}
		for _, grant := range s.Again {
			ended = append(ended, grant.ID)
			byKind[grant.Kind] = append(byKind[grant.Kind], linking{holder: &s.holder, grant: grant, again: true})
		}
		for _, grant := range s.Retell {
			ended = append(ended, grant.ID)
			retold = append(retold, grant)
		}
	}
	if err := g.tx.EndGrants(ctx, g.run.ID, ended); err != nil {
		return err
	}
	if err := g.tx.InsertGrants(ctx, g.src.ID, g.run.ID, retold); err != nil {
		return err
	}
	for i := range grantSpecs {
		spec := &grantSpecs[i]
		list := byKind[spec.kind]
		if spec.kind == rollcall.GrantLicence {
			var err error
			if list, err = g.ration(ctx, spec, list); err != nil {
				return err
			}
		}
		for batch := range slices.Chunk(list, grantBatch) {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := g.link(ctx, spec, batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// link makes a batch of links of one kind; one that is there already is nobody's
// grant and stays when the group no longer gives it.
func (g *granting) link(ctx context.Context, spec *grantSpec, batch []linking) error {
	class := g.engine.model.Class(spec.link)
	existing, err := g.linksOf(ctx, spec, batch)
	if err != nil {
		return err
	}
	var drafts []registry.Draft
	var at []int
	for i := range batch {
		if l := &batch[i]; len(existing[i]) > 0 {
			l.grant.Link, l.grant.Made = existing[i][0], false
			continue
		}
		grant := &batch[i].grant
		d := registry.Draft{Object: rollcall.NewObject(class), Key: batch[i].holder.Key, Reason: "binding " + grant.Binding + ": " + shownVia(grant.Via)}
		d.Object.Set(spec.holder, idText(grant.Holder))
		d.Object.Set(spec.target, idText(grant.Target))
		if spec.typed {
			d.Object.Set("type", grant.Type)
		}
		d.Object.Set("reason", "binding "+grant.Binding)
		drafts, at = append(drafts, d), append(at, i)
	}
	refused, err := g.editor.Create(ctx, drafts)
	if err != nil {
		return fmt.Errorf("make links of %s: %w", class.Name, err)
	}
	failed := map[int]bool{}
	for n, i := range at {
		if refused[n] != nil {
			failed[i] = true
			g.problems.add(rollcall.Problem{Source: g.src.Name, Key: batch[i].holder.Key, Attribute: string(spec.kind), Reason: refused[n].Error()})
			continue
		}
		batch[i].grant.Link, batch[i].grant.Made = drafts[n].Object.ID, true
	}
	var grants []rollcall.Grant
	var told []linking
	for i := range batch {
		if failed[i] {
			continue
		}
		grants = append(grants, batch[i].grant)
		if batch[i].grant.Made {
			told = append(told, batch[i])
		}
	}
	g.granted += len(grants)
	if err := g.tx.InsertGrants(ctx, g.src.ID, g.run.ID, grants); err != nil {
		return err
	}
	return g.tellGiven(ctx, spec, told)
}

// linksOf returns the links that are there already beside a batch.
func (g *granting) linksOf(ctx context.Context, spec *grantSpec, batch []linking) ([][]rollcall.ObjectID, error) {
	keys := make([][]string, len(batch))
	for i := range batch {
		keys[i] = []string{idText(batch[i].grant.Holder), idText(batch[i].grant.Target)}
		if spec.typed {
			keys[i] = append(keys[i], batch[i].grant.Type)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	found, err := g.tx.Find(ctx, g.engine.model.Class(spec.link), spec.linkKey(), keys)
	if err != nil {
		return nil, fmt.Errorf("find links of %s: %w", spec.link, err)
	}
	return found, nil
}

// tellGiven writes a line of the plan for every grant of a batch.
func (g *granting) tellGiven(ctx context.Context, spec *grantSpec, batch []linking) error {
	if !g.isTold() || len(batch) == 0 {
		return nil
	}
	grants := make([]rollcall.Grant, len(batch))
	for i := range batch {
		grants[i] = batch[i].grant
	}
	return g.tellGrants(ctx, spec, rollcall.VerbGrant, grants)
}

func (g *granting) tellTaken(ctx context.Context, steps []grantStep) error {
	if !g.isTold() {
		return nil
	}
	for i := range grantSpecs {
		var grants []rollcall.Grant
		for s := range steps {
			for _, grant := range steps[s].Take {
				if grant.Kind == grantSpecs[i].kind && grant.Made {
					grants = append(grants, grant)
				}
			}
		}
		for batch := range slices.Chunk(grants, grantBatch) {
			if err := g.tellGrants(ctx, &grantSpecs[i], rollcall.VerbTake, batch); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *granting) tellGrants(ctx context.Context, spec *grantSpec, verb rollcall.Verb, grants []rollcall.Grant) error {
	holderClass := g.engine.model.Class(g.src.Class.Root)
	targetClass := g.engine.model.Class(spec.class)
	var holders, targets []rollcall.ObjectID
	for i := range grants {
		holders, targets = append(holders, grants[i].Holder), append(targets, grants[i].Target)
	}
	names, err := g.tx.Names(ctx, holderClass, holders)
	if err != nil {
		return fmt.Errorf("name the holders: %w", err)
	}
	given, err := g.tx.Names(ctx, targetClass, targets)
	if err != nil {
		return fmt.Errorf("name the targets: %w", err)
	}
	for i := range grants {
		grant := &grants[i]
		c := &rollcall.Change{Source: g.src.Name, Verb: verb, Class: g.src.Class.Name, ID: grant.Holder, Name: names[grant.Holder], Reason: shownVia(grant.Via)}
		if g.isMade(holderClass.Root, idText(grant.Holder)) {
			c.ID = 0
		}
		set := rollcall.Set{Attribute: string(spec.kind), New: given[grant.Target]}
		if verb == rollcall.VerbTake {
			set.Old, set.New = set.New, ""
			c.Reason = "no longer " + c.Reason
		}
		c.Sets = []rollcall.Set{set}
		if err := g.emit(c); err != nil {
			return err
		}
	}
	return nil
}

// ration keeps licences within their number. Who asks first in the order of
// accounts gets one; for the others the run says how many are short.
func (g *granting) ration(ctx context.Context, spec *grantSpec, asking []linking) ([]linking, error) {
	if len(asking) == 0 {
		return nil, nil
	}
	existing, err := g.linksOf(ctx, spec, asking)
	if err != nil {
		return nil, err
	}
	var given []linking
	wanting := map[rollcall.ObjectID][]linking{}
	var packages []rollcall.ObjectID
	for i := range asking {
		id := asking[i].grant.Target
		if len(existing[i]) > 0 {
			given = append(given, asking[i])
			continue
		}
		if wanting[id] == nil {
			packages = append(packages, id)
		}
		wanting[id] = append(wanting[id], asking[i])
	}
	link, class := g.engine.model.Class(spec.link), g.engine.model.Class(spec.class)
	used, err := g.tx.CountByKey(ctx, link, link.Attribute(spec.target), packages)
	if err != nil {
		return nil, err
	}
	objects, err := g.objects(ctx, class, packages)
	if err != nil {
		return nil, err
	}
	slices.Sort(packages)
	for _, id := range packages {
		o := objects[id]
		if o == nil {
			continue
		}
		var have int
		if _, err := fmt.Sscan(o.Get("quantity"), &have); err != nil {
			have = 0
		}
		some, short := binding.Allot(wanting[id], have-used[id])
		given = append(given, some...)
		if short > 0 {
			g.short = append(g.short, rollcall.Shortage{Package: o.Get("name"), Have: have, Used: used[id], Wanted: len(wanting[id]), Short: short})
			g.problems.add(rollcall.Problem{Source: g.src.Name, Attribute: string(spec.kind), Value: o.Get("name"),
				Reason: fmt.Sprintf("%d licences of package %s are short: it has %d, %d are taken up, %d more are wanted",
					short, o.Get("name"), have, used[id], len(wanting[id]))})
		}
	}
	return given, nil
}
