package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
)

// undo takes back a run.
func (w *world) undo(id int64) error {
	w.t.Helper()
	w.clock = w.clock.Add(time.Minute)
	sources := make([]rollcall.Source, len(w.sources))
	for i, f := range w.sources {
		sources[i] = f.source
	}
	_, err := w.engine.Undo(w.t.Context(), id, sources, "tester", false)
	return err
}

// TestUndoKeepsSinceWhenSomebodyIsGone: a run that was taken back saw nobody, so
// the time of who left runs from the load before it.
func TestUndoKeepsSinceWhenSomebodyIsGone(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete, After: 3 * time.Hour})
	f.away("x2")
	first, _ := w.sync()
	if err := w.undo(first.Run.ID); err != nil {
		t.Fatal(err)
	}
	second, _ := w.sync()
	if err := w.undo(second.Run.ID); err != nil {
		t.Fatal(err)
	}
	_, changes := w.sync() // three hours after the load that saw it
	wantText(t, "changes", lines(changes), "delete x2")
}

// TestUndoneChangeOfScopeAsksAgain: what the approved run knew of the scope is
// taken back with it.
func TestUndoneChangeOfScopeAsksAgain(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
	f.source.Scope = "half of it"
	f.away("x2")
	w.clock = w.clock.Add(time.Hour)
	result, _, err := w.run(engine.Options{Approved: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.undo(result.Run.ID); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.run(engine.Options{}); rollcall.KindOf(err) != rollcall.Stopped {
		t.Errorf("the next run: %v, want it held", err)
	}
}

func TestUndoTakesARunBackExactly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		gone rollcall.Gone
		do   func(*feed)
	}{
		{"creations", rollcall.Gone{}, func(f *feed) { f.put("x4", "name", "N4", "first_name", "F4", "email", "4@x.com") }},
		{"changes", rollcall.Gone{}, func(f *feed) { f.put("x1", "phone", "5", "name", "M1"); f.put("x3", "phone", "6") }},
		{"deletions", rollcall.Gone{Then: rollcall.GoneDelete}, func(f *feed) { f.away("x1", "x3") }},
		{"disabling", rollcall.Gone{Then: rollcall.GoneUpdate, Set: []rollcall.Assignment{{Attribute: "status", Value: "inactive"}}}, func(f *feed) { f.away("x1", "x3") }},
		{"absence", rollcall.Gone{}, func(f *feed) { f.away("x1", "x3") }},
		{"failures", rollcall.Gone{}, func(f *feed) { f.put("x1", "phone", "no phone!") }},
		{"all at once", rollcall.Gone{Then: rollcall.GoneDelete}, func(f *feed) {
			f.away("x1")
			f.put("x2", "phone", "5")
			f.put("x5", "name", "N5", "first_name", "F5", "email", "5@x.com")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, f := threeRows(t, c.gone)
			all := func() string {
				return w.table("Person", "name", "first_name", "email", "phone", "status", "org_id") + "\n--\n" + w.replicas(f)
			}
			before := all()
			c.do(f)
			result, changes := w.sync()
			if len(changes) == 0 || all() == before {
				t.Fatal("the run changed nothing")
			}
			if err := w.undo(result.Run.ID); err != nil {
				t.Fatal(err)
			}
			wantText(t, "after the undo", all(), before)
			if run, err := w.store.Run(t.Context(), result.Run.ID); err != nil || run.State != rollcall.RunUndone {
				t.Errorf("the run's record: %+v, %v", run, err)
			}
			if err := w.undo(result.Run.ID); rollcall.KindOf(err) != rollcall.Conflict {
				t.Errorf("undone twice: %v", err)
			}
			// The directory still says so: the next run does it again.
			_, again := w.sync()
			wantText(t, "the next run", lines(again), lines(changes))
		})
	}
}

func TestUndoKeepsTheObjectsID(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
	id := w.object("Person", "F1 N1").ID
	back := f.away("x1")
	result, _ := w.sync()
	if err := w.undo(result.Run.ID); err != nil {
		t.Fatal(err)
	}
	if got := w.object("Person", "F1 N1").ID; got != id {
		t.Errorf("the person came back as object %d, was %d", got, id)
	}
	back()
	if _, changes := w.sync(); len(changes) != 0 {
		t.Errorf("with its entry back the next run made %s", lines(changes))
	}
}

func TestUndoRefusesWhatMovedOn(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{})
	rule(&f.source.Rules, "phone").Policy = rollcall.Unlocked
	f.put("x1", "phone", "5")
	f.put("x2", "phone", "6")
	result, _ := w.sync()
	if err := w.edit("Person", "F1 N1", "phone", "7"); err != nil {
		t.Fatal(err)
	}
	err := w.undo(result.Run.ID)
	if rollcall.KindOf(err) != rollcall.Conflict || !strings.Contains(err.Error(), "F1 N1") {
		t.Fatalf("got %v, want the person who moved on", err)
	}
	wantText(t, "nothing is undone", w.table("Person", "phone"), "F1 N1 phone=7\nF2 N2 phone=6\nF3 N3 phone=1")
}

func TestUndoOfManagersAndAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := staff(w)
	u := w.feed("users", "UserLDAP", func(r *rollcall.Rules) {
		reconcileBy(r, "login")
		rule(r, "contactid").By = "email"
		constant(r, "profile_list", "profileid->name:Portal user", "")
	}, "login", "contactid", "profile_list")
	p.member("ann", "bob")
	p.member("bob", "ann")
	u.put("u", "login", "ann", "contactid", "ann@x.com")
	result, _ := w.sync()
	if err := w.undo(result.Run.ID); err != nil {
		t.Fatal(err)
	}
	wantText(t, "persons", w.table("Person"), "")
	wantText(t, "accounts", w.table("User"), "")
	wantText(t, "links", w.table("URP_UserProfile"), "")
}

// TestAnyLifeEndsAsAFreshStart: whatever happened to a directory on the way,
// through broken loads and undone runs too, the registry ends as one that is
// loaded with the last state only; and then a run changes nothing.
func TestAnyLifeEndsAsAFreshStart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		f := persons(w, func(r *rollcall.Rules) { r.Gone = rollcall.Gone{Then: rollcall.GoneDelete} })
		for range rapid.IntRange(1, 6).Draw(rt, "days") {
			for range rapid.IntRange(1, 5).Draw(rt, "events") {
				n := rapid.IntRange(1, 6).Draw(rt, "who")
				key := fmt.Sprint("k", n)
				if rapid.IntRange(0, 3).Draw(rt, "what") == 0 {
					delete(f.entries, key)
					continue
				}
				f.put(key, "name", fmt.Sprint("N", n), "first_name", rapid.SampledFrom([]string{"A", "B"}).Draw(rt, "first"),
					"email", fmt.Sprint(n, "@x.com"), "phone", rapid.SampledFrom([]string{"", "1", "2"}).Draw(rt, "phone"))
			}
			w.clock = w.clock.Add(time.Hour)
			if rapid.IntRange(0, 3).Draw(rt, "weather") == 0 {
				f.broken = rollcall.Errorf(rollcall.Unavailable, "cut")
			}
			result, _, err := w.run(engine.Options{Approved: true})
			if (err != nil) != (f.broken != nil) {
				rt.Fatal(err)
			}
			f.broken = nil
			if err == nil && rapid.IntRange(0, 4).Draw(rt, "regret") == 0 {
				if err := w.undo(result.Run.ID); err != nil {
					rt.Fatal(err)
				}
			}
		}
		w.clock = w.clock.Add(time.Hour)
		if _, _, err := w.run(engine.Options{Approved: true}); err != nil {
			rt.Fatal(err)
		}
		fresh := newWorld(t)
		g := persons(fresh, nil)
		g.entries = f.entries
		if _, _, err := fresh.run(engine.Options{Approved: true}); err != nil {
			rt.Fatal(err)
		}
		attributes := []string{"name", "first_name", "email", "phone", "org_id", "status"}
		if got, want := w.table("Person", attributes...), fresh.table("Person", attributes...); got != want {
			rt.Fatalf("got\n%s\nwant\n%s", got, want)
		}
		if _, changes, err := w.run(engine.Options{}); err != nil || len(changes) != 0 {
			rt.Fatalf("one more run made %s, %v", lines(changes), err)
		}
	})
}
