package registry

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// Undo takes back what a run did to objects: those it made go, those it deleted
// come back with their ids, those it changed get their old values. It refuses
// as a whole, with a Conflict error that lists every object that has moved on
// since. Locks of sources do not bind it. Replicas are the caller's affair.
func (e *Editor) Undo(ctx context.Context, run int64) error {
	e.begin()
	u := &undo{e: e, run: run, of: map[rollcall.Ref]*undone{}}
	steps := []func(context.Context) error{
		u.read, u.load, u.compare, u.checkLater, u.checkReferrers, u.checkReturning, u.refusal, u.carryOut,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			if rollcall.KindOf(err) == rollcall.Conflict {
				return err
			}
			return fmt.Errorf("undo run %d: %w", run, err)
		}
	}
	return nil
}

// undone is what a run did to one object, taken together.
type undone struct {
	ref     rollcall.Ref
	class   *rollcall.Class
	name    string
	key     string
	made    bool
	gone    bool
	last    int64             // the run's last step
	old     map[string]string // by attribute, as history keeps them: before the run
	now     map[string]string // after it
	links   []rollcall.Set    // steps of link sets, newest first
	current *rollcall.Object
	rewound map[string]string // the present values without the later steps
	moved   []string          // what moved on since
}

// removes and returns tell the two kinds of object that an undo makes or
// unmakes; one that the run made and deleted is neither.
func (d *undone) removes() bool { return d.made && !d.gone }
func (d *undone) returns() bool { return d.gone && !d.made }

type undo struct {
	e     *Editor
	run   int64
	of    map[rollcall.Ref]*undone // by root class
	order []*undone                // newest first
}

func (u *undo) at(ref rollcall.Ref) *undone {
	return u.of[rollcall.Ref{Class: u.e.r.root(ref.Class), ID: ref.ID}]
}

// read goes through the run's steps, newest first.
func (u *undo) read(ctx context.Context) error {
	return u.e.tx.History(ctx, rollcall.HistoryFilter{Run: u.run, Newest: true}, func(h *rollcall.History) error {
		class := u.e.r.model.Class(h.Object.Class)
		if class == nil {
			return rollcall.Errorf(rollcall.Conflict, "run %d cannot be taken back: it wrote objects of class %s, which is no longer declared", u.run, h.Object.Class)
		}
		ref := rollcall.Ref{Class: class.Root, ID: h.Object.ID}
		d := u.of[ref]
		if d == nil {
			d = &undone{ref: h.Object, class: class, name: h.Name, key: h.Key, last: h.ID, old: map[string]string{}, now: map[string]string{}}
			u.of[ref] = d
			u.order = append(u.order, d)
		}
		switch h.Verb {
		case rollcall.HistoryCreate:
			d.made = true
		case rollcall.HistoryDelete:
			d.gone = true
		}
		for _, s := range h.Sets {
			if a := class.Attribute(s.Attribute); a == nil || !a.Stored() {
				d.links = append(d.links, s)
				continue
			}
			if _, ok := d.now[s.Attribute]; !ok {
				d.now[s.Attribute] = s.New
			}
			d.old[s.Attribute] = s.Old
		}
		return nil
	})
}

// load reads the objects as they are now.
func (u *undo) load(ctx context.Context) error {
	ids := map[*rollcall.Class][]rollcall.ObjectID{}
	for _, d := range u.order {
		ids[d.class] = append(ids[d.class], d.ref.ID)
	}
	for class, list := range ids {
		objects, err := u.e.tx.Objects(ctx, class, list)
		if err != nil {
			return err
		}
		for i := range objects {
			u.at(rollcall.Ref{Class: class.Name, ID: objects[i].ID}).current = &objects[i]
		}
	}
	return nil
}

// compare finds the objects that are not as the run left them.
func (u *undo) compare(context.Context) error {
	for _, d := range u.order {
		switch {
		case d.gone && d.current != nil:
			d.moved = append(d.moved, "it exists again")
		case !d.gone && d.current == nil:
			d.moved = append(d.moved, "it is gone")
		case d.gone:
			continue
		}
		if d.current == nil || d.made {
			continue
		}
		for _, a := range d.class.Stored {
			now, wrote := d.now[a.Code]
			if wrote && kept(a, d.current.Values[a.Column]) != now {
				d.moved = append(d.moved, a.Code+" has changed since")
			}
		}
	}
	return nil
}

// checkLater goes back through the later steps of objects that the run made.
// Their creation does not say which values it gave, so the present values are
// rewound to it: where they come out the same, nothing has moved on.
func (u *undo) checkLater(ctx context.Context) error {
	oldest := int64(0)
	for _, d := range u.order {
		if d.removes() && d.current != nil && (oldest == 0 || d.last < oldest) {
			oldest = d.last
		}
	}
	if oldest == 0 {
		return nil
	}
	err := u.e.tx.History(ctx, rollcall.HistoryFilter{Newest: true}, func(h *rollcall.History) error {
		if h.ID <= oldest {
			return errEnough
		}
		if d := u.at(h.Object); d != nil && d.removes() && d.current != nil && h.ID > d.last {
			d.rewind(h)
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	for _, d := range u.order {
		if d.rewound == nil {
			continue
		}
		for i, a := range d.class.Stored {
			if d.rewound[a.Code] != kept(a, d.current.Values[i]) {
				d.moved = append(d.moved, a.Code+" has changed since")
			}
		}
	}
	return nil
}

// rewind takes one later step back from the present values.
func (d *undone) rewind(h *rollcall.History) {
	if d.rewound == nil {
		d.rewound = map[string]string{}
		for i, a := range d.class.Stored {
			d.rewound[a.Code] = kept(a, d.current.Values[i])
		}
	}
	if h.Verb == rollcall.HistoryDelete { // another undo brought it back after this
		clear(d.rewound)
	}
	for _, s := range h.Sets {
		d.rewound[s.Attribute] = s.Old
	}
}

// errEnough ends a reading of history early.
var errEnough = rollcall.Errorf(rollcall.Internal, "the rest of the history is not needed")

// checkReferrers looks for objects that point at one that would be removed and
// will still do so.
func (u *undo) checkReferrers(ctx context.Context) error {
	ids := map[*rollcall.Class][]rollcall.ObjectID{}
	for _, d := range u.order {
		if d.removes() && d.current != nil {
			ids[d.class] = append(ids[d.class], d.ref.ID)
		}
	}
	for class, list := range ids {
		for _, use := range u.e.r.keys[class.Name] {
			referrers, err := u.e.tx.Referrers(ctx, use.key, use.holder, list)
			if err != nil {
				return err
			}
			for _, r := range referrers {
				if from := u.at(r.Object); from != nil {
					if old, changes := from.old[use.key.Code]; from.removes() || changes && old != idText(r.Target) {
						continue
					}
				}
				d := u.at(rollcall.Ref{Class: class.Name, ID: r.Target})
				d.moved = append(d.moved, fmt.Sprintf("%s::%d points at it by %s", r.Object.Class, r.Object.ID, use.key.Code))
			}
		}
	}
	return nil
}

// checkReturning looks for what stands in the way of old values and of objects
// that come back: targets that are gone, values that others have taken.
func (u *undo) checkReturning(ctx context.Context) error {
	var items []*item
	var of []*undone
	var w wanted
	for _, d := range u.order {
		if len(d.moved) > 0 || !d.returns() && len(d.old) == 0 || d.made {
			continue
		}
		o, err := d.before()
		if err != nil {
			return err
		}
		it := &item{class: d.class, object: o, was: d.current}
		if it.was != nil {
			it.compare()
		}
		it.keys(func(a *rollcall.Attribute, target rollcall.ObjectID) { w.add(a.Target, target) })
		items, of = append(items, it), append(of, d)
	}
	if err := u.e.learn(ctx, &w); err != nil {
		return err
	}
	for i, it := range items {
		it.keys(func(a *rollcall.Attribute, target rollcall.ObjectID) {
			ref := rollcall.Ref{Class: a.Target, ID: target}
			mate := u.at(ref)
			there := u.e.exists(a.Target, target) && (mate == nil || !mate.removes())
			if !there && (mate == nil || !mate.returns()) {
				of[i].moved = append(of[i].moved, fmt.Sprintf("%s::%d, which %s named, is gone", a.Target, target, a.Code))
			}
		})
	}
	return u.checkTaken(ctx, items, of)
}

// checkTaken looks for unique values that others hold now. Who gives a value
// up in the same undo does not stand in the way.
func (u *undo) checkTaken(ctx context.Context, items []*item, of []*undone) error {
	owner := make(map[*item]*undone, len(items))
	for i, it := range items {
		owner[it] = of[i]
	}
	for _, g := range u.e.uniqueGroups(items) {
		if !g.rule.Blocks {
			continue
		}
		keys := make([][]string, len(g.cases))
		for i, c := range g.cases {
			keys[i] = c.key
		}
		found, err := u.e.tx.Find(ctx, g.class, g.rule.On, keys)
		if err != nil {
			return err
		}
		for i := range g.cases {
			g.cases[i].holders = slices.DeleteFunc(found[i], func(id rollcall.ObjectID) bool {
				mate := u.at(rollcall.Ref{Class: g.class.Name, ID: id})
				return mate != nil && mate.removes()
			})
		}
		for _, it := range g.clashes() {
			owner[it].moved = append(owner[it].moved, "another object has its "+strings.Join(g.rule.On, " and ")+" now")
		}
	}
	return nil
}

// before returns the object as it was before the run.
func (d *undone) before() (rollcall.Object, error) {
	o := rollcall.Object{Class: d.class, ID: d.ref.ID, Values: make([]string, len(d.class.Stored))}
	if d.current != nil {
		copy(o.Values, d.current.Values)
	}
	for code, text := range d.old {
		a := d.class.Attribute(code)
		value, err := unkept(a, text)
		if err != nil {
			return o, err
		}
		o.Values[a.Column] = value
	}
	return o, nil
}

// refusal lists every object that moved on.
func (u *undo) refusal(context.Context) error {
	var list []string
	for _, d := range u.order {
		if len(d.moved) > 0 {
			list = append(list, fmt.Sprintf("%s::%d %s (%s)", d.ref.Class, d.ref.ID, d.name, strings.Join(d.moved, ", ")))
		}
	}
	if len(list) == 0 {
		return nil
	}
	slices.Sort(list)
	return &rollcall.Error{Kind: rollcall.Conflict, Err: Issues(list),
		Msg: fmt.Sprintf("run %d cannot be taken back, %d of its objects moved on since", u.run, len(list))}
}
