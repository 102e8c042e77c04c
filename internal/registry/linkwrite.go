package registry

import (
	"context"
	"strings"

	"rollcall/internal/rollcall"
)

// linkWrites collects what a batch does to link objects, by their class.
type linkWrites struct {
	order []*rollcall.Class
	of    map[*rollcall.Class]*linkBatch
}

// linkBatch is what happens to the links of one class.
type linkBatch struct {
	added, removed []linkWrite
	changed        []linkWrite
}

// linkWrite is one link object with who caused it.
type linkWrite struct {
	object      rollcall.Object
	was         rollcall.Object // of a change
	key, reason string
}

func (w *linkWrites) take(host rollcall.ObjectID, s *linkSet, key, reason string) {
	if !s.isChanged() {
		return
	}
	if w.of == nil {
		w.of = map[*rollcall.Class]*linkBatch{}
	}
	b := w.of[s.class]
	if b == nil {
		b = &linkBatch{}
		w.of[s.class] = b
		w.order = append(w.order, s.class)
	}
	for _, l := range s.added {
		b.added = append(b.added, linkWrite{object: s.object(host, l), key: key, reason: reason})
	}
	for _, l := range s.removed {
		b.removed = append(b.removed, linkWrite{object: s.object(host, l), key: key, reason: reason})
	}
	for _, c := range s.changed {
		b.changed = append(b.changed, linkWrite{object: s.object(host, c.now), was: s.object(host, c.was), key: key, reason: reason})
	}
}

// writeLinks removes first: a rule of uniqueness may hold among links.
func (e *Editor) writeLinks(ctx context.Context, w *linkWrites, book *diary) error {
	for _, class := range w.order {
		b := w.of[class]
		if err := e.removeLinks(ctx, class, b.removed, book); err != nil {
			return err
		}
		if err := e.changeLinks(ctx, class, b.changed, book); err != nil {
			return err
		}
		if err := e.addLinks(ctx, class, b.added, book); err != nil {
			return err
		}
	}
	return nil
}

func objectsOf(writes []linkWrite) (objects []rollcall.Object, why func(i int) (string, string)) {
	objects = make([]rollcall.Object, len(writes))
	for i := range writes {
		objects[i] = writes[i].object
	}
	return objects, func(i int) (string, string) { return writes[i].key, writes[i].reason }
}

func idsOf(objects []rollcall.Object) []rollcall.ObjectID {
	ids := make([]rollcall.ObjectID, len(objects))
	for i := range objects {
		ids[i] = objects[i].ID
	}
	return ids
}

func (e *Editor) removeLinks(ctx context.Context, class *rollcall.Class, writes []linkWrite, book *diary) error {
	if len(writes) == 0 {
		return nil
	}
	objects, why := objectsOf(writes)
	err := book.addAll(ctx, rollcall.HistoryDelete, objects, why, func(i int) []rollcall.Set { return e.remains(&objects[i]) })
	if err != nil {
		return err
	}
	return e.erase(ctx, class, idsOf(objects))
}

// erase deletes objects of one class with the replicas tied to them.
func (e *Editor) erase(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) error {
	if err := e.tx.DeleteReplicasOf(ctx, class, ids); err != nil {
		return err
	}
	e.forget(class, ids...)
	return e.tx.DeleteObjects(ctx, class, ids)
}

func (e *Editor) addLinks(ctx context.Context, class *rollcall.Class, writes []linkWrite, book *diary) error {
	if len(writes) == 0 {
		return nil
	}
	objects, why := objectsOf(writes)
	first, err := e.tx.Reserve(ctx, class, len(objects))
	if err != nil {
		return err
	}
	for i := range objects {
		objects[i].ID = first + rollcall.ObjectID(i)
	}
	if err := e.tx.InsertObjects(ctx, class, objects); err != nil {
		return err
	}
	return book.addAll(ctx, rollcall.HistoryCreate, objects, why, noSets)
}

func (e *Editor) changeLinks(ctx context.Context, class *rollcall.Class, writes []linkWrite, book *diary) error {
	if len(writes) == 0 {
		return nil
	}
	objects, why := objectsOf(writes)
	rows := updates{class: class}
	sets := make([][]rollcall.Set, len(writes))
	for i := range writes {
		var changed []*rollcall.Attribute
		for n, a := range class.Stored {
			was, now := writes[i].was.Values[n], objects[i].Values[n]
			if was != now {
				changed = append(changed, a)
				sets[i] = append(sets[i], e.readable(a, rollcall.Set{Attribute: a.Code, Old: kept(a, was), New: kept(a, now)}))
			}
		}
		rows.add(&objects[i], changed)
	}
	if err := rows.write(ctx, e); err != nil {
		return err
	}
	return book.addAll(ctx, rollcall.HistoryUpdate, objects, why, func(i int) []rollcall.Set { return sets[i] })
}

// updates collects the changed columns of objects of one class, so that objects
// with the same changed columns share a statement.
type updates struct {
	class *rollcall.Class
	order []string
	of    map[string]*update
}

type update struct {
	attrs  []*rollcall.Attribute
	ids    []rollcall.ObjectID
	values [][]string
}

func (u *updates) add(o *rollcall.Object, changed []*rollcall.Attribute) {
	if len(changed) == 0 {
		return
	}
	codes := make([]string, len(changed))
	values := make([]string, len(changed))
	for i, a := range changed {
		codes[i], values[i] = a.Code, o.Values[a.Column]
	}
	signature := strings.Join(codes, " ")
	if u.of == nil {
		u.of = map[string]*update{}
	}
	g := u.of[signature]
	if g == nil {
		g = &update{attrs: changed}
		u.of[signature] = g
		u.order = append(u.order, signature)
	}
	g.ids, g.values = append(g.ids, o.ID), append(g.values, values)
}

func (u *updates) write(ctx context.Context, e *Editor) error {
	for _, signature := range u.order {
		g := u.of[signature]
		if err := e.tx.UpdateObjects(ctx, u.class, g.attrs, g.ids, g.values); err != nil {
			return err
		}
		e.forget(u.class, g.ids...)
	}
	return nil
}
