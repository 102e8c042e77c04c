package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rollcall/internal/binding"
	"rollcall/internal/rollcall"
)

// grantStep is what happens to the rights of one holder.
type grantStep struct {
	holder rollcall.Holder
	binding.Step
}

// decide compares what every holder is to have with what earlier runs gave.
func (g *granting) decide(ctx context.Context) ([]grantStep, error) {
	var earlier []rollcall.Grant
	err := g.tx.Grants(ctx, g.src.ID, func(grant *rollcall.Grant) error {
		earlier = append(earlier, *grant)
		g.had[grant.Binding]++
		return nil
	})
	if err != nil {
		return nil, err
	}
	lost, err := g.lostLinks(ctx, earlier)
	if err != nil {
		return nil, err
	}
	if err := g.keepVanished(); err != nil {
		return nil, err
	}
	var holders []rollcall.Holder
	err = g.tx.Holders(ctx, g.src.ID, func(h *rollcall.Holder) error {
		holders = append(holders, *h)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return g.compare(holders, earlier, lost), nil
}

// lostLinks finds the grants whose links somebody removed.
func (g *granting) lostLinks(ctx context.Context, earlier []rollcall.Grant) (map[int64]bool, error) {
	lost := map[int64]bool{}
	done := map[string]bool{}
	for i := range earlier {
		spec := grantSpecOf(earlier[i].Kind)
		if done[spec.link] {
			continue
		}
		done[spec.link] = true
		some, err := g.tx.LostGrants(ctx, g.src.ID, g.engine.model.Class(spec.link), spec.siblings())
		if err != nil {
			return nil, err
		}
		for id := range some {
			lost[id] = true
		}
	}
	return lost, nil
}

// keepVanished notes what holders of vanished groups keep.
func (g *granting) keepVanished() error {
	still := map[giftKey]bool{}
	for i := range g.slots {
		still[giftKey{g.slots[i].Kind, g.slots[i].Target}] = true
	}
	for i := range g.earlier {
		e := &g.earlier[i]
		key := giftKey{e.Gift.Kind, e.Target.ID}
		if b := g.bindingOf(e.Binding); b != nil && (b.Vanished == rollcall.VanishedKeep || g.opt.Only != rollcall.PartAll) && !still[key] {
			g.kept[key] = true
		}
	}
	return nil
}

func (g *granting) bindingOf(name string) *rollcall.Binding {
	i := slices.IndexFunc(g.groups.bindings, func(b rollcall.Binding) bool { return b.Name == name })
	if i < 0 {
		return nil
	}
	return &g.groups.bindings[i]
}

// compare goes through holders and grants side by side: both come by holder.
func (g *granting) compare(holders []rollcall.Holder, earlier []rollcall.Grant, lost map[int64]bool) []grantStep {
	rights := binding.NewRights(g.groups.groups, g.slots)
	kept := func(grant *rollcall.Grant) bool { return g.kept[giftKey{grant.Kind, grant.Target}] }
	var steps []grantStep
	var wanted []binding.Right
	var entries []binding.Entry
	note := func(holder rollcall.Holder, s binding.Step) {
		if len(s.Add)+len(s.Again)+len(s.Retell)+len(s.Take) > 0 {
			steps = append(steps, grantStep{holder, s})
		}
	}
	next := 0
	of := func(id rollcall.ObjectID) []rollcall.Grant {
		from := next
		for next < len(earlier) && earlier[next].Holder == id {
			next++
		}
		return earlier[from:next]
	}
	// orphans are grants of holders whom no entry is tied to any more.
	orphans := func(before rollcall.ObjectID) {
		for next < len(earlier) && (before == 0 || earlier[next].Holder < before) {
			id := earlier[next].Holder
			note(rollcall.Holder{ID: id, IsGone: true}, binding.Compare(nil, of(id), lost, nil))
		}
	}
	for i := 0; i < len(holders); {
		h := holders[i]
		orphans(h.ID)
		entries = entries[:0]
		known := true
		for ; i < len(holders) && holders[i].ID == h.ID; i++ {
			entry, isKnown := g.groups.entry(holders[i].Key)
			switch {
			case isKnown:
				entries = append(entries, entry)
			case !holders[i].IsGone:
				known = false // not read, or not to be told from another: nothing is taken away
			}
			h.IsGone = h.IsGone && holders[i].IsGone
		}
		has := of(h.ID)
		if !known {
			continue
		}
		wanted = rights.Of(wanted[:0], entries...)
		s := binding.Compare(wanted, has, lost, kept)
		if !h.IsGone {
			for n := range s.Take {
				g.lost[s.Take[n].Binding]++
			}
		}
		note(h, s)
	}
	orphans(0)
	return steps
}

// grantBatch is how many links are made or removed at a time.
const grantBatch = 2000

// take removes what holders are no longer to have. Links that were there before
// their groups gave them stay.
func (g *granting) take(ctx context.Context, steps []grantStep) error {
	var ended []int64
	links := map[string][]rollcall.ObjectID{}
	grants := map[string]map[rollcall.ObjectID]*rollcall.Grant{}
	for i := range steps {
		for n := range steps[i].Take {
			grant := &steps[i].Take[n]
			ended = append(ended, grant.ID)
			spec := grantSpecOf(grant.Kind)
			if !grant.Made {
				continue
			}
			if grants[spec.link] == nil {
				grants[spec.link] = map[rollcall.ObjectID]*rollcall.Grant{}
			}
			links[spec.link] = append(links[spec.link], grant.Link)
			grants[spec.link][grant.Link] = grant
		}
	}
	g.taken = len(ended)
	if err := g.tx.EndGrants(ctx, g.run.ID, ended); err != nil {
		return err
	}
	done := map[string]bool{}
	for i := range grantSpecs {
		spec := &grantSpecs[i]
		if done[spec.link] {
			continue
		}
		done[spec.link] = true
		if err := g.unlink(ctx, spec, links[spec.link], grants[spec.link]); err != nil {
			return err
		}
	}
	return g.tellTaken(ctx, steps)
}

// unlink deletes the links of one class that nothing else needs.
func (g *granting) unlink(ctx context.Context, spec *grantSpec, links []rollcall.ObjectID, grants map[rollcall.ObjectID]*rollcall.Grant) error {
	class := g.engine.model.Class(spec.link)
	for batch := range slices.Chunk(links, grantBatch) {
		if err := ctx.Err(); err != nil {
			return err
		}
		held, err := g.tx.HeldElsewhere(ctx, g.src.ID, g.run.ID, spec.siblings(), batch)
		if err != nil {
			return fmt.Errorf("look for other grants: %w", err)
		}
		there, err := g.objects(ctx, class, batch)
		if err != nil {
			return err
		}
		batch = slices.DeleteFunc(slices.Clone(batch), func(id rollcall.ObjectID) bool { return held[id] || there[id] == nil })
		refused, err := g.editor.Delete(ctx, class, batch, func(id rollcall.ObjectID) (key, reason string) {
			if grant := grants[id]; grant != nil {
				return "", "binding " + grant.Binding + ": no longer " + shownVia(grant.Via)
			}
			return "", "depends on a deleted object"
		})
		if err != nil {
			return fmt.Errorf("remove links of %s: %w", class.Name, err)
		}
		for i, err := range refused {
			if err != nil {
				g.problems.add(rollcall.Problem{Source: g.src.Name, Value: class.Name + "::" + idText(batch[i]), Reason: "the grant could not be taken away: " + err.Error()})
			}
		}
	}
	return nil
}

// release ends what vanished groups were bound to, as their bindings say.
func (g *granting) release(ctx context.Context, gone []rollcall.BoundGroup) error {
	still := map[giftKey]bool{}
	for i := range g.slots {
		still[giftKey{g.slots[i].Kind, g.slots[i].Target}] = true
	}
	var ended []int64
	doomed := map[string][]rollcall.ObjectID{}
	for i := range gone {
		e := &gone[i]
		b := g.bindingOf(e.Binding)
		if b != nil && b.Vanished == rollcall.VanishedKeep {
			continue
		}
		ended = append(ended, e.ID)
		key := giftKey{e.Gift.Kind, e.Target.ID}
		if b != nil && b.Vanished == rollcall.VanishedDelete && e.Made && !still[key] {
			doomed[e.Target.Class] = append(doomed[e.Target.Class], e.Target.ID)
			still[key] = true // once is enough
		}
	}
	if err := g.tx.EndBoundGroups(ctx, g.run.ID, ended); err != nil {
		return err
	}
	for i := range grantSpecs {
		if ids := doomed[grantSpecs[i].class]; len(ids) > 0 {
			if err := g.deleteTargets(ctx, g.engine.model.Class(grantSpecs[i].class), ids); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteTargets deletes objects that runs made for groups that vanished.
func (g *granting) deleteTargets(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) error {
	objects, err := g.objects(ctx, class, ids)
	if err != nil {
		return err
	}
	ids = slices.DeleteFunc(ids, func(id rollcall.ObjectID) bool { return objects[id] == nil })
	const reason = "its group is no longer in the directory"
	refused, err := g.editor.Delete(ctx, class, ids, func(rollcall.ObjectID) (string, string) { return "", reason })
	if err != nil {
		return fmt.Errorf("delete objects of %s: %w", class.Name, err)
	}
	for i, id := range ids {
		if refused[i] != nil {
			g.problems.add(rollcall.Problem{Source: g.src.Name, Value: objects[id].Name(), Reason: strings.TrimSpace(reason + ": " + refused[i].Error())})
			continue
		}
		if err := g.told(objects[id], nil, rollcall.VerbDelete, reason, nil); err != nil {
			return err
		}
	}
	return nil
}
