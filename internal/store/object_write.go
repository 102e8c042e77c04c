package store

import (
	"context"
	"fmt"
	"slices"

	"rollcall/internal/rollcall"
)

// Reserve takes n consecutive IDs of a class's hierarchy and returns the first.
// An ID is never given twice, even when its object is deleted.
func (t *Tx) Reserve(ctx context.Context, class *rollcall.Class, n int) (rollcall.ObjectID, error) {
	tab, err := t.layout().table(class)
	if err != nil {
		return 0, err
	}
	// Predefined objects come with IDs of their own: stay above them.
	first, err := t.reserve(ctx, tab.name, n)
	if err != nil {
		return 0, fmt.Errorf("reserve IDs of %s: %w", class.Root, err)
	}
	return rollcall.ObjectID(first), nil
}

// InsertObjects writes new objects of exactly this class, which have their IDs
// already.
func (t *Tx) InsertObjects(ctx context.Context, class *rollcall.Class, objects []rollcall.Object) error {
	tab, err := t.layout().table(class)
	if err != nil {
		return err
	}
	names := []string{"id", "finalclass"}
	kinds := make([]kind, len(class.Stored))
	for i, a := range class.Stored {
		col := tab.columns[a.Code]
		names = append(names, col.name)
		kinds[i] = col.kind
	}
	lookups := tab.lookupsOf(class)
	for _, look := range lookups {
		names = append(names, look.column.name)
	}
	b := t.insert(tab.quoted, names)
	var own any = class.Name // boxed once
	for i := range objects {
		o := &objects[i]
		t.occupied(tab.name, int64(o.ID))
		b.args = append(b.args, int64(o.ID), own)
		for j, value := range o.Values {
			arg, err := kinds[j].bind(value)
			if err != nil {
				return fmt.Errorf("attribute %s of a new %s: %w", class.Stored[j].Code, class.Name, err)
			}
			b.args = append(b.args, arg)
		}
		for _, look := range lookups {
			d := t.recall.digest()
			look.digest(o, &d)
			t.recall.entered(tab, look, class, &d)
			b.args = append(b.args, int64(d.hash))
		}
		if err := b.drain(ctx); err != nil {
			return fmt.Errorf("write new objects of %s: %w", class.Name, err)
		}
	}
	if err := b.flush(ctx); err != nil {
		return fmt.Errorf("write new objects of %s: %w", class.Name, err)
	}
	return t.makeDataTables(ctx, class, objects)
}

// UpdateObjects gives the same attributes of many objects new values: values[i]
// runs beside attrs and belongs to ids[i]. The IDs are different ones. An object
// that does not exist is a Conflict error.
func (t *Tx) UpdateObjects(ctx context.Context, class *rollcall.Class, attrs []*rollcall.Attribute, ids []rollcall.ObjectID, values [][]string) error {
	if len(ids) == 0 || len(attrs) == 0 {
		return nil
	}
	tab, err := t.layout().table(class)
	if err != nil {
		return err
	}
	columns := make([]column, len(attrs))
	codes := make([]string, len(attrs))
	for i, a := range attrs {
		col := tab.columns[a.Code]
		if col == nil {
			return rollcall.Errorf(rollcall.Internal, "class %s has no column for %s", class.Name, a.Code)
		}
		columns[i], codes[i] = *col, a.Code
	}
	touched := slices.DeleteFunc(slices.Clone(tab.lookups), func(look *lookup) bool { return !look.reads(t.model, class, codes) })
	t.recall.forget(tab, touched)
	b := t.update(tab.quoted, columns, "row_version = "+tab.quoted+".row_version + 1")
	for i, id := range ids {
		b.args = append(b.args, int64(id))
		for j, value := range values[i] {
			arg, err := columns[j].kind.bind(value)
			if err != nil {
				return fmt.Errorf("attribute %s of %s %d: %w", codes[j], class.Name, id, err)
			}
			b.args = append(b.args, arg)
		}
		if err := b.drain(ctx); err != nil {
			return fmt.Errorf("change objects of %s: %w", class.Name, err)
		}
	}
	if err := b.flush(ctx); err != nil {
		return fmt.Errorf("change objects of %s: %w", class.Name, err)
	}
	if b.touched != int64(len(ids)) {
		return rollcall.Errorf(rollcall.Conflict, "change objects of %s: %d of %d no longer exist", class.Name, int64(len(ids))-b.touched, len(ids))
	}
	return t.refreshLookups(ctx, tab, touched, ids)
}

// DeleteObjects deletes objects of class and below. Those that do not exist are
// passed over.
func (t *Tx) DeleteObjects(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) error {
	if class.System {
		return t.deleteSystem(ctx, class, numbers(ids))
	}
	tab, err := t.layout().table(class)
	if err != nil {
		return err
	}
	t.recall.forget(tab, tab.lookups)
	err = inLists(numbers(ids), func(in string, args []any) error {
		_, err := t.exec(ctx, "DELETE FROM "+tab.quoted+" WHERE id "+in+t.among(class), args...)
		return err
	})
	if err == nil {
		err = t.clearDrift(ctx, tab, numbers(ids))
	}
	if err != nil {
		return fmt.Errorf("delete objects of %s: %w", class.Name, err)
	}
	return t.dropDataTables(ctx, class, ids)
}
