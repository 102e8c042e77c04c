package registry

import (
	"context"
	"fmt"
	"slices"

	"rollcall/internal/rollcall"
)

// carryOut writes what the undo found: objects that return first, then old
// values, then what goes, so that no key ever points at nobody.
func (u *undo) carryOut(ctx context.Context) error {
	if u.e.origin.Kind == "" {
		u.e.origin.Kind = rollcall.OriginUndo
	}
	book := diary{e: u.e}
	for _, step := range []func(context.Context, *diary) error{u.bringBack, u.putBack, u.takeAway} {
		if err := step(ctx, &book); err != nil {
			return err
		}
	}
	return book.write(ctx)
}

func (u *undo) reason() string { return fmt.Sprintf("run %d was taken back", u.run) }

// classesOf groups what an undo does by class, oldest step first: hosts were
// made before their links and deleted after them.
func (u *undo) classesOf(which func(*undone) bool) [][]*undone {
	at := map[*rollcall.Class]int{}
	var groups [][]*undone
	for _, d := range slices.Backward(u.order) {
		if !which(d) {
			continue
		}
		i, ok := at[d.class]
		if !ok {
			i = len(groups)
			at[d.class] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], d)
	}
	return groups
}

// why returns what addAll asks for a group.
func (u *undo) why(group []*undone) func(int) (string, string) {
	return func(i int) (string, string) { return group[i].key, u.reason() }
}

func (u *undo) bringBack(ctx context.Context, book *diary) error {
	groups := u.classesOf((*undone).returns)
	all := make([][]rollcall.Object, len(groups))
	for g, group := range groups {
		objects := make([]rollcall.Object, len(group))
		for i, d := range group {
			o, err := d.before()
			if err != nil {
				return err
			}
			objects[i] = o
		}
		if err := u.e.tx.InsertObjects(ctx, group[0].class, objects); err != nil {
			return err
		}
		u.e.forget(group[0].class, idsOf(objects)...)
		all[g] = objects
	}
	// Names may lead through other objects that return.
	for g, group := range groups {
		if err := book.addAll(ctx, rollcall.HistoryCreate, all[g], u.why(group), noSets); err != nil {
			return err
		}
	}
	return nil
}

func (u *undo) putBack(ctx context.Context, book *diary) error {
	for _, group := range u.classesOf(func(d *undone) bool { return !d.made && !d.gone }) {
		rows := updates{class: group[0].class}
		objects := make([]rollcall.Object, len(group))
		items := make([]*item, len(group))
		for i, d := range group {
			o, err := d.before()
			if err != nil {
				return err
			}
			u.e.noteObsolescence(&o)
			objects[i] = o
			items[i] = &item{class: d.class, object: o, was: d.current}
			items[i].compare()
			rows.add(&objects[i], items[i].changed)
		}
		if err := u.e.learnOld(ctx, items); err != nil {
			return err
		}
		sets := make([][]rollcall.Set, len(group))
		for i, d := range group {
			sets[i] = u.e.steps(items[i])
			// Links are objects with steps of their own; the host only tells.
			for _, s := range d.links {
				sets[i] = append(sets[i], rollcall.Set{Attribute: s.Attribute, Old: s.New, New: s.Old, OldText: s.NewText, NewText: s.OldText})
			}
		}
		if err := rows.write(ctx, u.e); err != nil {
			return err
		}
		for i := len(group) - 1; i >= 0; i-- {
			if len(sets[i]) == 0 { // it changed and changed back within the run
				group, objects, sets = slices.Delete(group, i, i+1), slices.Delete(objects, i, i+1), slices.Delete(sets, i, i+1)
			}
		}
		if err := book.addAll(ctx, rollcall.HistoryUpdate, objects, u.why(group), func(i int) []rollcall.Set { return sets[i] }); err != nil {
			return err
		}
	}
	return nil
}

func (u *undo) takeAway(ctx context.Context, book *diary) error {
	groups := u.classesOf((*undone).removes)
	for _, group := range groups {
		objects := make([]rollcall.Object, len(group))
		for i, d := range group {
			objects[i] = *d.current
		}
		err := book.addAll(ctx, rollcall.HistoryDelete, objects, u.why(group), func(i int) []rollcall.Set { return u.e.remains(&objects[i]) })
		if err != nil {
			return err
		}
	}
	for _, group := range groups {
		ids := make([]rollcall.ObjectID, len(group))
		for i, d := range group {
			ids[i] = d.ref.ID
		}
		if err := u.e.tx.DeleteObjects(ctx, group[0].class, ids); err != nil {
			return err
		}
		u.e.forget(group[0].class, ids...)
	}
	return nil
}
