package registry_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// undo takes a run back in the name of another run.
func (w *world) undo(run int64) error {
	w.run = run + 100
	return w.reg.On(w.tx, rollcall.Origin{Kind: rollcall.OriginUndo, By: "admin", Run: w.run, At: now}).Undo(w.ctx, run)
}

// undoRestoresEveryByte does in one run all that can be done, and takes it back.
func undoRestoresEveryByte(t *testing.T, w *world) {
	photo := "\xff\xd8\x00\x01 not text"
	ann := w.person("Klein", "phone", "1", "picture", photo)
	bob := w.person("Bob", "manager_id", id(ann), "employee_number", "7", "picture", photo)
	user := w.user("ann", []rollcall.ObjectID{2, 3}, "contactid", id(ann))
	d := w.draft("Team", "name", "T", "org_id", id(w.org))
	d.Links = map[string][]rollcall.Link{"persons_list": {{Target: ann}, {Target: bob}}}
	team := w.created(d)
	before := w.dump()

	w.run = 5
	e := w.sync(1)
	newcomer := w.person("New", "manager_id", id(bob))
	w.user("new", []rollcall.ObjectID{2}, "contactid", id(newcomer))
	edit := w.edit("UserLDAP", user, "language", "FR FR")
	edit.Links = map[string][]rollcall.Link{"profile_list": {{Target: 5}, {Target: 3, Values: map[string]string{"reason": "r"}}}}
	must(t, w.update(e, edit)[0].Err)
	must(t, w.update(e, w.edit("Person", bob, "phone", "2", "picture", "", "employee_number", "8"))[0].Err)
	must(t, w.update(e, w.edit("Person", bob, "phone", "3"))[0].Err)
	must(t, w.delete(e, "Person", ann)[0])
	passing := w.person("Passing")
	must(t, w.delete(e, "Person", passing)[0])
	must(t, w.update(e, w.edit("Person", newcomer, "employee_number", "7"))[0].Err)
	after := w.dump()

	must(t, w.undo(5))
	if diff := cmp.Diff(before, w.dump()); diff != "" {
		t.Errorf("after undo: %s", diff)
	}
	if diff := cmp.Diff([]rollcall.ObjectID{ann, bob}, w.targets("Team", "persons_list", team)); diff != "" {
		t.Errorf("team: %s", diff)
	}
	var told []string
	for _, h := range w.history(rollcall.HistoryFilter{Run: 105}) {
		if h.Origin.Kind != rollcall.OriginUndo || h.Reason != "run 5 was taken back" {
			t.Errorf("got %+v", h)
		}
		told = append(told, string(h.Verb)+" "+h.Name)
	}
	for _, want := range []string{"create F Klein", "update F Bob", "delete F New", "delete new", "create F Klein / T", "update ann", "create Link between ann and Portal user"} {
		if !strings.Contains("\n"+strings.Join(told, "\n")+"\n", "\n"+want+"\n") {
			t.Errorf("history does not tell %q: %q", want, told)
		}
	}

	// An undo can itself be taken back.
	must(t, w.undo(105))
	if diff := cmp.Diff(after, w.dump()); diff != "" {
		t.Errorf("after undo of the undo: %s", diff)
	}
	// And once all later steps are taken back, so can the run before.
	w.run = 6
	must(t, w.update(w.by(), w.edit("Person", newcomer, "phone", "9"))[0].Err)
	must(t, w.undo(6))
}

func TestUndoRefusesWhatMovedOn(t *testing.T) {
	t.Parallel()
	const run = 5
	tests := []struct {
		name  string
		did   func(w *world, ann rollcall.ObjectID) rollcall.ObjectID // within the run; returns whom later concerns
		later func(w *world, e *registry.Editor, it rollcall.ObjectID)
		want  string // $ stands for the id of the object
	}{
		{
			"a value", func(w *world, ann rollcall.ObjectID) rollcall.ObjectID {
				must(w, w.update(w.by(), w.edit("Person", ann, "phone", "2"))[0].Err)
				return ann
			},
			func(w *world, e *registry.Editor, it rollcall.ObjectID) {
				must(w, w.update(e, w.edit("Person", it, "phone", "3"))[0].Err)
			},
			"Person::$ F Klein (phone has changed since)",
		},
		{
			"a changed object is gone", func(w *world, ann rollcall.ObjectID) rollcall.ObjectID {
				must(w, w.update(w.by(), w.edit("Person", ann, "phone", "2"))[0].Err)
				return ann
			},
			func(w *world, e *registry.Editor, it rollcall.ObjectID) { must(w, w.delete(e, "Person", it)[0]) },
			"Person::$ F Klein (it is gone)",
		},
		{
			"a new object changed", func(w *world, _ rollcall.ObjectID) rollcall.ObjectID { return w.person("New") },
			func(w *world, e *registry.Editor, it rollcall.ObjectID) {
				must(w, w.update(e, w.edit("Person", it, "phone", "3", "name", "Newer"))[0].Err)
			},
			"Person::$ F New (name has changed since, phone has changed since)",
		},
		{
			"a new object is gone", func(w *world, _ rollcall.ObjectID) rollcall.ObjectID { return w.person("New") },
			func(w *world, e *registry.Editor, it rollcall.ObjectID) { must(w, w.delete(e, "Person", it)[0]) },
			"Person::$ F New (it is gone)",
		},
		{
			"somebody points at a new object", func(w *world, _ rollcall.ObjectID) rollcall.ObjectID { return w.person("New") },
			func(w *world, _ *registry.Editor, it rollcall.ObjectID) { w.person("Report", "manager_id", id(it)) },
			"Person::$ F New (Person::3 points at it by manager_id)",
		},
		{
			"a unique value was taken", func(w *world, ann rollcall.ObjectID) rollcall.ObjectID {
				must(w, w.update(w.by(), w.edit("Person", ann, "employee_number", ""))[0].Err)
				return ann
			},
			func(w *world, _ *registry.Editor, _ rollcall.ObjectID) { w.person("Thief", "employee_number", "7") },
			"Person::$ F Klein (another object has its org_id and employee_number now)",
		},
		{
			"a target is gone", func(w *world, ann rollcall.ObjectID) rollcall.ObjectID {
				must(w, w.update(w.by(), w.edit("Person", ann, "location_id", ""))[0].Err)
				return ann
			},
			func(w *world, e *registry.Editor, _ rollcall.ObjectID) { must(w, w.delete(e, "Location", 1)[0]) },
			"Person::$ F Klein (Location::1, which location_id named, is gone)",
		},
		{
			"a deleted account's login was taken", func(w *world, _ rollcall.ObjectID) rollcall.ObjectID {
				must(w, w.delete(w.by(), "UserLDAP", 1)[0])
				return 1
			},
			func(w *world, _ *registry.Editor, _ rollcall.ObjectID) { w.user("ANN", []rollcall.ObjectID{2}) },
			"UserLDAP::$ ann (another object has its login now)",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := sqlite(t)
			place := w.make("Location", "name", "L", "org_id", id(w.org))
			ann := w.person("Klein", "phone", "1", "employee_number", "7", "location_id", id(place))
			w.user("ann", []rollcall.ObjectID{2})
			w.run = run
			w.person("Other of the run")
			it := tt.did(w, ann)
			w.run = run + 1
			tt.later(w, w.by(), it)
			before := w.dump()
			err := w.undo(run)
			want := "run 5 cannot be taken back, 1 of its objects moved on since: " + strings.ReplaceAll(tt.want, "$", id(it))
			if text(err) != strings.ReplaceAll(want, "Person::3 points", "Person::4 points") || rollcall.KindOf(err) != rollcall.Conflict {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if diff := cmp.Diff(before, w.dump()); diff != "" {
				t.Errorf("the refused undo changed something: %s", diff)
			}
		})
	}
}

func TestUndoListsEveryObject(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.run = 5
	a, b := w.person("A"), w.person("B")
	w.run = 6
	must(t, w.update(w.by(), w.edit("Person", a, "phone", "1"))[0].Err)
	must(t, w.update(w.by(), w.edit("Person", b, "phone", "1"))[0].Err)
	err := w.undo(5)
	want := []string{"Person::" + id(a) + " F A (phone has changed since)", "Person::" + id(b) + " F B (phone has changed since)"}
	if diff := cmp.Diff(want, registry.IssuesOf(err)); diff != "" {
		t.Error(diff)
	}
	must(t, w.undo(6))
	must(t, w.undo(5))
	if w.exists("Person", a) || w.exists("Person", b) {
		t.Error("the persons are still there")
	}
}

func TestUndoOfARunThatDidNothing(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	before := w.dump()
	must(t, w.undo(4711))
	if diff := cmp.Diff(before, w.dump()); diff != "" {
		t.Error(diff)
	}
}
