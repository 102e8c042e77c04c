package engine_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
)

// busyWorld is one in which a run has something of everything to do.
func busyWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	p := staff(w)
	p.source.Rules.Gone = rollcall.Gone{Then: rollcall.GoneUpdateThenDelete, DeleteAfter: time.Second, Set: []rollcall.Assignment{{Attribute: "status", Value: "inactive"}}}
	u := w.feed("users", "UserLDAP", func(r *rollcall.Rules) {
		reconcileBy(r, "login")
		rule(r, "contactid").By = "email"
		constant(r, "profile_list", "profileid->name:Portal user", "")
		r.Gone = rollcall.Gone{Then: rollcall.GoneDelete}
	}, "login", "contactid", "profile_list", "language")
	teams := w.feed("teams", "Team", func(r *rollcall.Rules) {
		reconcileBy(r, "name")
		constant(r, "org_id", "Demo", "name")
		a := rule(r, "persons_list")
		a.From, a.By, a.Source, a.All, a.Separator = "member", "dn", "staff", true, "\n"
		r.Gone = rollcall.Gone{Then: rollcall.GoneDelete}
	}, "name", "org_id", "persons_list")
	for _, name := range []string{"ann", "bob", "cleo", "dan", "eve"} {
		p.member(name, "ann")
		u.put(name, "login", name, "contactid", name+"@x.com", "language", "EN US")
	}
	teams.put("t", "name", "Night", "member", "cn=ann,ou=staff|cn=bob,ou=staff")
	teams.put("s", "name", "Day", "member", "cn=eve,ou=staff")
	w.sync()
	p.away("cleo")
	w.sync() // cleo is disabled
	u.away("cleo", "dan")
	p.away("dan", "bob")
	p.member("new", "ann")
	p.member("ann", "new")
	p.put("eve", "dn", "cn=eve,ou=moved", "name", "Other")
	p.member("bob2", "eve")
	p.put("bob2", "email", "bob@x.com")
	u.put("ann", "language", "FR FR")
	u.put("new", "login", "new", "contactid", "new@x.com", "language", "no such")
	teams.away("s")
	teams.put("t", "member", "cn=ann,ou=staff|cn=new,ou=staff|cn=nobody")
	w.person("name", "Found", "first_name", "Pre", "email", "found@x.com")
	p.member("found", "")
	return w
}

// everything is all that a run may change, as text.
func everything(w *world) string {
	text := []string{
		w.table("Contact", "status", "org_id", "email"),
		w.table("Person", "manager_id"),
		w.table("Team", "persons_list"),
		w.table("User", "contactid", "language", "profile_list", "status"),
		w.table("SynchroDataSource", "delete_policy", "scope_class"),
	}
	for _, f := range w.sources {
		text = append(text, w.replicas(f))
	}
	return strings.Join(text, "\n")
}

// faulty gives the world an engine whose n-th call to the database fails.
func (w *world) faulty(n int) *faults {
	f := &faults{left: n}
	w.engine = engine.New(engine.Config{Store: faultyStore{bridge{w.store}, f}, Registry: w.registry, Model: w.model,
		SpoolDir: w.t.TempDir(), Now: w.now, Log: slog.New(slog.DiscardHandler)})
	return f
}

// Every third call is failed, which meets each kind of call, and after some
// failures the whole database is looked at: what a failed run left behind would
// still be there.
const (
	failEvery = 3
	lookEvery = 10 * failEvery
)

// TestWhateverFailsNothingIsHalfDone fails calls that a run makes to the
// database, one run each: the run ends with the reason, nothing has changed,
// and the next run does all of it.
func TestWhateverFailsNothingIsHalfDone(t *testing.T) {
	t.Parallel()
	w := busyWorld(t)
	before := everything(w)
	for n := failEvery; ; n += failEvery {
		f := w.faulty(n)
		_, _, err := w.run(engine.Options{Approved: true})
		if f.left > 0 {
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("a run makes %d calls", n-f.left)
			break
		}
		if !errors.Is(err, errFault) {
			t.Fatalf("call %d failed, and the run says %v", n, err)
		}
		if n%lookEvery != 0 {
			continue
		}
		if got := everything(w); got != before {
			wantText(t, fmt.Sprintf("after call %d failed", n), got, before)
			t.FailNow()
		}
	}
	calm := busyWorld(t)
	if _, _, err := calm.run(engine.Options{Approved: true}); err != nil {
		t.Fatal(err)
	}
	wantText(t, "after all the failures", everything(w), everything(calm))
}

// TestWhateverFailsInAnUndo does the same to an undo.
func TestWhateverFailsInAnUndo(t *testing.T) {
	t.Parallel()
	w := busyWorld(t)
	before := everything(w)
	result, _, err := w.run(engine.Options{Approved: true})
	if err != nil {
		t.Fatal(err)
	}
	after := everything(w)
	for n := failEvery; ; n += failEvery {
		f := w.faulty(n)
		err := w.undo(result.Run.ID)
		if f.left > 0 {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		if !errors.Is(err, errFault) {
			t.Fatalf("call %d failed, and the undo says %v", n, err)
		}
		if n%lookEvery != 0 {
			continue
		}
		if got := everything(w); got != after {
			wantText(t, fmt.Sprintf("after call %d failed", n), got, after)
			t.FailNow()
		}
	}
	wantText(t, "undone", everything(w), before)
}

// TestADryUndoChangesNothing and finds what stands against it.
func TestADryUndoChangesNothing(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{})
	f.put("x1", "phone", "5")
	result, _ := w.sync()
	before := everything(w)
	sources := []rollcall.Source{f.source}
	if _, err := w.engine.Undo(t.Context(), result.Run.ID, sources, "tester", true); err != nil {
		t.Fatal(err)
	}
	wantText(t, "after a dry undo", everything(w), before)
	if _, err := w.engine.Undo(t.Context(), result.Run.ID, nil, "tester", true); err != nil {
		t.Errorf("of a source that is no longer configured: %v", err)
	}
	wantText(t, "after a dry undo by the source's objects", everything(w), before)
	if _, err := w.engine.Undo(t.Context(), 99, sources, "tester", true); rollcall.KindOf(err) != rollcall.NotFound {
		t.Errorf("a run that never was: %v", err)
	}
}
