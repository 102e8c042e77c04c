package registry

import (
	"context"
	"fmt"

	"rollcall/internal/rollcall"
)

// Update carries out the edits. The outcomes stand beside them. An edit that
// sets what is there already changes nothing and is never refused. Of two edits
// of one object in one call the second is.
func (e *Editor) Update(ctx context.Context, edits []Edit) ([]Outcome, error) {
	e.begin()
	items := make([]*item, len(edits))
	seen := make(map[rollcall.Ref]bool, len(edits))
	for i := range edits {
		items[i] = e.editItem(&edits[i])
		ref := rollcall.Ref{Class: items[i].class.Root, ID: edits[i].Object.ID}
		if seen[ref] {
			items[i].err = rollcall.Errorf(rollcall.Conflict, "%s::%d is changed by another entry at the same time", items[i].class.Name, ref.ID)
		}
		seen[ref] = true
	}
	if err := e.loadLinks(ctx, items); err != nil {
		return nil, fmt.Errorf("update objects: %w", err)
	}
	var moving []*item // the others change nothing
	for _, it := range items {
		if it.drop(); len(it.changed)+len(it.sets) > 0 || it.refused() {
			moving = append(moving, it)
		}
	}
	if err := e.validate(ctx, moving); err != nil {
		return nil, fmt.Errorf("update objects: %w", err)
	}
	outcomes := make([]Outcome, len(items))
	if err := e.write(ctx, items, edits, outcomes); err != nil {
		return nil, fmt.Errorf("update objects: %w", err)
	}
	return outcomes, nil
}

// editItem checks what an edit says by itself.
func (e *Editor) editItem(d *Edit) *item {
	c := d.Object.Class
	it := &item{class: c, was: &d.Object, object: rollcall.Object{Class: c, ID: d.Object.ID, Values: append([]string(nil), d.Object.Values...)}}
	if c.System {
		it.err = systemClass(c)
		return it
	}
	for _, s := range d.Sets {
		a := c.Attribute(s.Attribute)
		switch {
		case a == nil:
			it.err = rollcall.Errorf(rollcall.Invalid, "Unknown attribute code '%s'", s.Attribute)
			return it
		case a.Type == rollcall.TypeLinks:
			it.err = rollcall.Errorf(rollcall.Invalid, "%s of class %s is a link set: its contents are not one value", a.Code, c.Name)
			return it
		case !a.Writable():
			it.err = rollcall.Errorf(rollcall.Invalid, "Attempting to set the value on the read-only attribute %s::%s", c.Name, a.Code)
			return it
		}
		text, err := a.Canonical(s.Value)
		if err != nil && s.Value == d.Object.Values[a.Column] {
			continue // an old value that no longer fits the declaration and stays
		}
		if err != nil {
			it.refuse(err.Error())
			continue
		}
		it.object.Values[a.Column] = text
	}
	it.compare()
	for _, rule := range e.r.rules[c.Name] {
		if rule.prepare != nil && len(it.changed) > 0 {
			rule.prepare(e, it)
			it.compare()
		}
	}
	if len(it.changed) > 0 && e.noteObsolescence(&it.object) {
		it.compare()
	}
	e.linkSets(it, d.Links)
	return it
}

// compare finds the attributes that differ from what the object has.
func (it *item) compare() {
	it.changed = it.changed[:0]
	for i, a := range it.class.Stored {
		if it.object.Values[i] != it.was.Values[i] {
			it.changed = append(it.changed, a)
		}
	}
}

// drop leaves out the link sets that have the contents given already.
func (it *item) drop() {
	on := it.sets[:0]
	for _, s := range it.sets {
		probe := *s
		probe.wanted = append([]rollcall.Link(nil), s.wanted...)
		if probe.compare(); probe.isChanged() {
			on = append(on, s)
		}
	}
	it.sets = on
}

// write carries out the edits that passed all checks and tells every outcome.
func (e *Editor) write(ctx context.Context, items []*item, edits []Edit, outcomes []Outcome) error {
	if err := e.learnOld(ctx, items); err != nil {
		return err
	}
	book := diary{e: e}
	var links linkWrites
	var objects []rollcall.Object
	var at, changed []int
	for i, it := range items {
		outcomes[i] = Outcome{Err: it.refusal(), Warnings: it.warnings}
		if it.refused() {
			continue
		}
		sets := e.steps(it)
		for _, s := range it.sets {
			links.take(it.object.ID, s, edits[i].Key, edits[i].Reason)
		}
		if len(sets) > 0 {
			outcomes[i].Sets = sets
			changed = append(changed, i)
		}
		if len(sets) > 0 && !edits[i].Completes {
			objects, at = append(objects, it.object), append(at, i)
		}
	}
	if err := e.writeRows(ctx, items); err != nil {
		return err
	}
	if err := e.writeLinks(ctx, &links, &book); err != nil {
		return err
	}
	err := book.addAll(ctx, rollcall.HistoryUpdate, objects,
		func(n int) (string, string) { return edits[at[n]].Key, edits[at[n]].Reason },
		func(n int) []rollcall.Set { return outcomes[at[n]].Sets })
	if err != nil {
		return err
	}
	if err := book.write(ctx); err != nil {
		return err
	}
	for _, i := range changed {
		outcomes[i].Sets = shown(items[i].class, outcomes[i].Sets)
	}
	return nil
}

// learnOld reads the names of those whom changed keys pointed at before, and of
// the link targets.
func (e *Editor) learnOld(ctx context.Context, items []*item) error {
	var w wanted
	for _, it := range items {
		if it.refused() {
			continue
		}
		for _, a := range it.changed {
			if a.IsKey() {
				w.add(a.Target, parseID(it.was.Values[a.Column]))
				w.add(a.Target, parseID(it.object.Values[a.Column]))
			}
		}
		for _, s := range it.sets {
			s.targets(&w)
		}
	}
	return e.learn(ctx, &w)
}

// steps returns what an item changes, attributes first.
func (e *Editor) steps(it *item) []rollcall.Set {
	var sets []rollcall.Set
	for _, a := range it.changed {
		if a.Kept {
			continue
		}
		set := rollcall.Set{Attribute: a.Code, Old: kept(a, it.was.Values[a.Column]), New: kept(a, it.object.Values[a.Column])}
		sets = append(sets, e.readable(a, set))
	}
	for _, s := range it.sets {
		if s.compare(); s.isChanged() {
			sets = append(sets, s.step(e))
		}
	}
	return sets
}

// writeRows writes the changed columns, one statement for each set of them.
func (e *Editor) writeRows(ctx context.Context, items []*item) error {
	for _, group := range byClass(items) {
		rows := updates{class: group[0].class}
		for _, it := range group {
			if !it.refused() {
				rows.add(&it.object, it.changed)
			}
		}
		if err := rows.write(ctx, e); err != nil {
			return err
		}
	}
	return nil
}
