package registry

import (
	"context"
	"fmt"

	"rollcall/internal/rollcall"
)

// Create makes the drafts and their links. The first result stands beside the
// drafts: nil, or why one was refused. Drafts of one call may point at one
// another by ids that Reserve gave.
func (e *Editor) Create(ctx context.Context, drafts []Draft) ([]error, error) {
	e.begin()
	items := make([]*item, len(drafts))
	for i := range drafts {
		items[i] = e.draftItem(&drafts[i])
	}
	if err := e.validate(ctx, items); err != nil {
		return nil, fmt.Errorf("create objects: %w", err)
	}
	refused := make([]error, len(items))
	var standing []*item
	var from []*Draft
	for i, it := range items {
		drafts[i].Warnings = it.warnings
		if refused[i] = it.refusal(); refused[i] == nil {
			standing, from = append(standing, it), append(from, &drafts[i])
		}
	}
	if err := e.insert(ctx, standing, from); err != nil {
		return nil, fmt.Errorf("create objects: %w", err)
	}
	return refused, nil
}

// draftItem checks what a draft says by itself.
func (e *Editor) draftItem(d *Draft) *item {
	c := d.Object.Class
	it := &item{class: c, object: d.Object}
	switch {
	case c.Abstract:
		it.err = rollcall.Errorf(rollcall.Invalid, "class %s is abstract: its objects are of a class below it", c.Name)
		return it
	case c.Fixed:
		it.err = rollcall.Errorf(rollcall.Forbidden, "objects of class %s are predefined: none can be added", c.Name)
		return it
	case c.System:
		it.err = systemClass(c)
		return it
	case len(d.Object.Values) != len(c.Stored):
		it.err = rollcall.Errorf(rollcall.Internal, "a draft of class %s has %d values for %d attributes", c.Name, len(d.Object.Values), len(c.Stored))
		return it
	}
	for _, rule := range e.r.rules[c.Name] {
		if rule.prepare != nil {
			rule.prepare(e, it)
		}
	}
	for i, a := range c.Stored {
		text, err := a.Canonical(it.object.Values[i])
		if err != nil {
			it.refuse(err.Error())
			continue
		}
		it.object.Values[i] = text
	}
	e.noteObsolescence(&it.object)
	e.linkSets(it, d.Links)
	return it
}

// insert writes drafts that passed all checks, their links and their history.
func (e *Editor) insert(ctx context.Context, items []*item, from []*Draft) error {
	if len(items) == 0 {
		return nil
	}
	draftOf := make(map[*item]*Draft, len(items))
	for i, it := range items {
		draftOf[it] = from[i]
	}
	if err := e.number(ctx, items, draftOf); err != nil {
		return err
	}
	book := diary{e: e}
	for _, group := range byClass(items) {
		if err := e.insertGroup(ctx, group, draftOf, &book); err != nil {
			return err
		}
	}
	var links linkWrites
	for _, it := range items {
		for _, s := range it.sets {
			s.compare()
			links.take(it.object.ID, s, draftOf[it].Key, draftOf[it].Reason)
		}
	}
	if err := e.writeLinks(ctx, &links, &book); err != nil {
		return err
	}
	return book.write(ctx)
}

// number gives ids to the drafts without one, in the order of the drafts
// whatever their class.
func (e *Editor) number(ctx context.Context, items []*item, draftOf map[*item]*Draft) error {
	unnumbered := map[string][]*item{} // by root
	var roots []string
	for _, it := range items {
		if it.object.ID != 0 {
			continue
		}
		if unnumbered[it.class.Root] == nil {
			roots = append(roots, it.class.Root)
		}
		unnumbered[it.class.Root] = append(unnumbered[it.class.Root], it)
	}
	for _, root := range roots {
		group := unnumbered[root]
		first, err := e.tx.Reserve(ctx, group[0].class, len(group))
		if err != nil {
			return err
		}
		for i, it := range group {
			it.object.ID = first + rollcall.ObjectID(i)
			draftOf[it].Object.ID = it.object.ID
		}
	}
	return nil
}

// insertGroup writes the drafts of one class.
func (e *Editor) insertGroup(ctx context.Context, group []*item, draftOf map[*item]*Draft, book *diary) error {
	class := group[0].class
	objects := make([]rollcall.Object, len(group))
	for i, it := range group {
		for _, rule := range e.r.rules[class.Name] {
			if rule.complete != nil {
				rule.complete(it)
			}
		}
		objects[i] = it.object
	}
	if err := e.tx.InsertObjects(ctx, class, objects); err != nil {
		return err
	}
	e.forget(class)
	return book.addAll(ctx, rollcall.HistoryCreate, objects, func(i int) (string, string) {
		d := draftOf[group[i]]
		return d.Key, d.Reason
	}, noSets)
}
