package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"rollcall/internal/reconcile"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// pendingEdit is one object's way through update: which entry, what for.
type pendingEdit struct {
	entry int
	verb  rollcall.Verb
	edit  registry.Edit
}

// update brings the tied objects to what their entries say.
func (b *batching) update(ctx context.Context) error {
	current, links, err := b.current(ctx)
	if err != nil {
		return err
	}
	var edits []pendingEdit
	for i := range b.entries {
		if b.objects[i] == nil || b.failed[i] != "" {
			continue
		}
		if text := b.resolved[i].err; text != "" {
			b.fail(i, b.errorCounter(i), updateFailed+text)
			continue
		}
		b.inheritLinks(i, links)
		before := b.before[i].Row
		if b.joined[i] {
			before = nil
		}
		steps := reconcile.Differ(&b.src.Rules, current[i], b.resolved[i].values, before, b.entries[i].row)
		edit := b.edit(i, steps)
		if err := b.restore(ctx, i, &edit); err != nil {
			return err
		}
		if len(edit.Sets) == 0 && len(edit.Links) == 0 {
			if err := b.unchanged(i); err != nil {
				return err
			}
			continue
		}
		edits = append(edits, pendingEdit{entry: i, verb: b.verb(i, steps), edit: edit})
	}
	return b.carryOut(ctx, edits)
}

// current returns the objects' values beside the rules, and the contents of
// their link sets by rule and entry.
func (b *batching) current(ctx context.Context) ([][]string, map[int]map[int][]rollcall.Link, error) {
	rules := b.src.Rules.Attributes
	values := make([][]string, len(b.entries))
	var hosts []rollcall.ObjectID
	var at []int
	for i, o := range b.objects {
		if o == nil {
			continue
		}
		hosts = append(hosts, o.ID)
		at = append(at, i)
		values[i] = make([]string, len(rules))
		for n := range rules {
			// An object of a subclass has its class's attributes in places of its own.
			values[i][n] = o.Get(rules[n].Attribute.Code)
		}
	}
	links := map[int]map[int][]rollcall.Link{}
	for n := range rules {
		if rules[n].Attribute.Type != rollcall.TypeLinks || len(hosts) == 0 {
			continue
		}
		found, err := b.tx.Links(ctx, rules[n].Attribute, hosts)
		if err != nil {
			return nil, nil, fmt.Errorf("load %s: %w", rules[n].Attribute.Code, err)
		}
		links[n] = map[int][]rollcall.Link{}
		for h, i := range at {
			links[n][i] = found[h]
			values[i][n] = linksText(found[h])
		}
	}
	return values, links, nil
}

// inheritLinks keeps the further attributes of links that stay and whose entry
// says nothing of them.
func (b *batching) inheritLinks(i int, current map[int]map[int][]rollcall.Link) {
	for n, wanted := range b.resolved[i].links {
		byTarget := map[rollcall.ObjectID]rollcall.Link{}
		for _, link := range current[n][i] {
			byTarget[link.Target] = link
		}
		for w := range wanted {
			have, ok := byTarget[wanted[w].Target]
			if !ok {
				continue
			}
			values := maps.Clone(have.Values)
			if values == nil {
				values = map[string]string{}
			}
			maps.Copy(values, wanted[w].Values)
			wanted[w] = rollcall.Link{ID: have.ID, Target: have.Target, Values: values}
		}
		b.resolved[i].values[n].Text = linksText(wanted)
	}
}

// edit turns steps into the registry's terms.
func (b *batching) edit(i int, steps []reconcile.Step) registry.Edit {
	edit := registry.Edit{Object: *b.objects[i], Key: b.entries[i].key, Reason: b.entries[i].name}
	if note := b.note(i); note != "" {
		edit.Reason += " (" + note + ")"
	}
	for _, step := range steps {
		a := b.src.Rules.Attributes[step.Rule].Attribute
		if a.Type == rollcall.TypeLinks {
			if edit.Links == nil {
				edit.Links = map[string][]rollcall.Link{}
			}
			edit.Links[a.Code] = b.resolved[i].links[step.Rule]
			continue
		}
		edit.Sets = append(edit.Sets, rollcall.Assignment{Attribute: a.Code, Value: b.resolved[i].values[step.Rule].Text})
	}
	return edit
}

func (b *batching) verb(i int, steps []reconcile.Step) rollcall.Verb {
	switch {
	case b.joined[i]:
		return rollcall.VerbJoin
	case b.before[i].State == rollcall.StateObsolete:
		return rollcall.VerbRestore
	case !slices.ContainsFunc(steps, func(s reconcile.Step) bool { return s.Why != reconcile.WhyDrift }):
		return rollcall.VerbRepair
	}
	return rollcall.VerbUpdate
}

func (b *batching) carryOut(ctx context.Context, edits []pendingEdit) error {
	if len(edits) == 0 {
		return nil
	}
	list := make([]registry.Edit, len(edits))
	for n := range edits {
		list[n] = edits[n].edit
	}
	outcomes, err := b.editor.Update(ctx, list)
	if err != nil {
		return fmt.Errorf("update objects: %w", err)
	}
	for n, p := range edits {
		switch outcome := &outcomes[n]; {
		case outcome.Err != nil:
			b.fail(p.entry, b.errorCounter(p.entry), updateFailed+issues(outcome.Err, b.objects[p.entry].Class, b.objects[p.entry].ID))
		case len(outcome.Sets) == 0:
			err = b.unchanged(p.entry)
		default:
			err = b.updated(p, outcome)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// errorCounter is where a failed update counts.
func (b *batching) errorCounter(i int) *int {
	if b.joined[i] {
		return &b.counters.ReconciledErrors
	}
	return &b.counters.UpdatedErrors
}

func (b *batching) updated(p pendingEdit, outcome *registry.Outcome) error {
	i := p.entry
	b.noteEdit(i)
	b.replicas[i].LastModified = b.run.Started
	warned := len(b.resolved[i].warnings) > 0
	switch {
	case b.joined[i]:
		b.counters.NewUpdated++
		count(&b.counters.NewUpdatedWarnings, warned)
	default:
		b.counters.Updated++
		count(&b.counters.UpdatedWarnings, warned)
		count(&b.counters.Repaired, p.verb == rollcall.VerbRepair)
	}
	change := b.change(i, p.verb)
	change.Sets = outcome.Sets
	change.Name = nameAfter(b.objects[i], outcome.Sets)
	change.Reason = b.note(i)
	return b.emit(change)
}

// noteEdit remembers that an entry's object changed.
func (b *batching) noteEdit(i int) {
	if b.edited == nil {
		b.edited = map[int]bool{}
	}
	b.edited[i] = true
}

// nameAfter is the friendly name that an object has once sets are applied.
func nameAfter(o *rollcall.Object, sets []rollcall.Set) string {
	after := rollcall.Object{Class: o.Class, Values: slices.Clone(o.Values)}
	for _, set := range sets {
		after.Set(set.Attribute, set.New)
	}
	return after.Name()
}

// unchanged counts an entry whose object is right already.
func (b *batching) unchanged(i int) error {
	warned := len(b.resolved[i].warnings) > 0
	verb := rollcall.VerbMove
	switch {
	case b.joined[i]:
		b.counters.NewUnchanged++
		count(&b.counters.NewUnchangedWarnings, warned)
		verb = rollcall.VerbJoin
	case b.before[i].State == rollcall.StateObsolete:
		verb = rollcall.VerbRestore
	default:
		count(&b.counters.UnchangedWarnings, warned)
		if b.before[i].Name == b.entries[i].name {
			return nil
		}
	}
	change := b.change(i, verb)
	change.Name = b.objects[i].Name()
	change.Reason = b.note(i)
	return b.emit(change)
}

// note says what became of the entry itself, "" when it is the same as before.
func (b *batching) note(i int) string {
	if was := b.before[i].Name; b.reason[i] == "" && was != "" && was != b.entries[i].name {
		return "moved from " + was
	}
	return b.reason[i]
}

func count(counter *int, when bool) {
	if when {
		*counter++
	}
}
