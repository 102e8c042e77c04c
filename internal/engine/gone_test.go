package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
)

// threeRows is the setting of the recorded cycles: rows 1 and 2 make persons,
// row 3 finds one that exists.
func threeRows(t *testing.T, gone rollcall.Gone) (*world, *feed) {
	t.Helper()
	w := newWorld(t)
	w.person("name", "N3", "first_name", "F3", "email", "3@x.com", "phone", "9")
	f := persons(w, func(r *rollcall.Rules) { r.Gone = gone })
	for _, n := range []string{"1", "2", "3"} {
		f.put("x"+n, "name", "N"+n, "first_name", "F"+n, "email", n+"@x.com", "phone", "1")
	}
	result, _ := w.sync()
	if c := result.Run.Sources[0].Counters; c.Created != 2 || c.NewUpdated != 1 {
		t.Fatalf("first load: %+v", c)
	}
	return w, f
}

func state(w *world, f *feed) string {
	return w.table("Person", "status", "function") + "\n--\n" + w.replicas(f)
}

// away takes entries out of the feed; the returned function puts them back.
func (f *feed) away(keys ...string) (back func()) {
	kept := map[string]map[string]string{}
	for _, k := range keys {
		kept[k] = f.entries[k]
		delete(f.entries, k)
	}
	return func() {
		for k, e := range kept {
			f.entries[k] = e
		}
	}
}

const allActive = "F1 N1 status=active function=\nF2 N2 status=active function=\nF3 N3 status=active function="

func TestGoneIgnoreKeepsEverything(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneIgnore})
	back := f.away("x2", "x3")
	_, changes := w.sync()
	wantText(t, "changes", lines(changes), "miss x2\nmiss x3")
	wantText(t, "state", state(w, f), allActive+"\n--\nx1: synchronized creator\nx2: synchronized creator seen 11-01\nx3: synchronized tied seen 11-01")
	if _, changes = w.sync(); len(changes) != 0 {
		t.Errorf("a second run without them made %s", lines(changes))
	}
	back()
	w.sync()
	wantText(t, "state", state(w, f), allActive+"\n--\nx1: synchronized creator\nx2: synchronized creator\nx3: synchronized tied")
}

func TestGoneDeleteDeletesItsOwnAndLetsGoOfOthers(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
	back := f.away("x2", "x3")
	result, changes := w.sync()
	wantText(t, "changes", lines(changes), "delete x2\nforget x3")
	if c := result.Run.Sources[0].Counters; c.Deleted != 1 || c.DisappearedNoAction != 1 || c.Total != 3 || c.Seen != 1 {
		t.Errorf("counters: %+v", c)
	}
	wantText(t, "state", state(w, f), "F1 N1 status=active function=\nF3 N3 status=active function=\n--\nx1: synchronized creator")
	back()
	result, _ = w.sync()
	if c := result.Run.Sources[0].Counters; c.Created != 1 || c.NewUnchanged != 1 {
		t.Errorf("counters when they come back: %+v", c)
	}
	wantText(t, "state", state(w, f), allActive+"\n--\nx1: synchronized creator\nx2: synchronized creator\nx3: synchronized tied")
}

func TestGoneUpdateDisablesAndRestores(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneUpdate, Set: []rollcall.Assignment{{Attribute: "status", Value: "inactive"}}})
	back := f.away("x2", "x3")
	result, changes := w.sync()
	wantText(t, "changes", lines(changes), "disable x2 status:active>inactive\ndisable x3 status:active>inactive")
	if c := result.Run.Sources[0].Counters; c.Obsoleted != 2 {
		t.Errorf("counters: %+v", c)
	}
	wantText(t, "state", state(w, f), "F1 N1 status=active function=\nF2 N2 status=inactive function=\nF3 N3 status=inactive function=\n--\nx1: synchronized creator\nx2: obsolete creator seen 11-01\nx3: obsolete tied seen 11-01")
	if _, changes = w.sync(); len(changes) != 0 {
		t.Errorf("again: %s", lines(changes))
	}
	back()
	_, changes = w.sync()
	wantText(t, "changes", lines(changes), "restore x2 status:inactive>active\nrestore x3 status:inactive>active")
	wantText(t, "state", state(w, f), allActive+"\n--\nx1: synchronized creator\nx2: synchronized creator\nx3: synchronized tied")
}

func TestGoneRestoreRespectsWhatSomebodyChangedSince(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneUpdate, Set: []rollcall.Assignment{
		{Attribute: "status", Value: "inactive"}, {Attribute: "function", Value: "gone"}}})
	back := f.away("x2")
	w.sync()
	if err := w.edit("Person", "F2 N2", "function", "by hand"); err != nil {
		t.Fatal(err)
	}
	back()
	_, changes := w.sync()
	wantText(t, "changes", lines(changes), "restore x2 status:inactive>active")
	wantText(t, "function", w.table("Person", "function"), "F1 N1 function=\nF2 N2 function=by hand\nF3 N3 function=")
}

// TestGoneRestoresWhatTheSourceDoesNotLock: such an attribute is not written
// again by itself, since it did not change at the source.
func TestGoneRestoresWhatTheSourceDoesNotLock(t *testing.T) {
	t.Parallel()
	for _, policy := range []rollcall.UpdatePolicy{rollcall.Unlocked, rollcall.IfEmpty} {
		w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneUpdate, Set: []rollcall.Assignment{{Attribute: "phone", Value: ""}}})
		rule(&f.source.Rules, "phone").Policy = policy
		back := f.away("x2", "x3")
		w.sync()
		wantText(t, "stripped", w.table("Person", "phone"), "F1 N1 phone=1\nF2 N2 phone=\nF3 N3 phone=")
		back()
		f.put("x3", "phone", "7")
		w.sync()
		wantText(t, string(policy), w.table("Person", "phone"), "F1 N1 phone=1\nF2 N2 phone=1\nF3 N3 phone=7")
	}
}

func TestGoneUpdateThenDeleteWaitsForItsRetention(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneUpdateThenDelete, DeleteAfter: 3 * time.Hour,
		Set: []rollcall.Assignment{{Attribute: "status", Value: "inactive"}, {Attribute: "function", Value: "gone"}}})
	f.away("x2", "x3")
	w.sync()
	w.sync()
	wantText(t, "state", state(w, f), "F1 N1 status=active function=\nF2 N2 status=inactive function=gone\nF3 N3 status=inactive function=gone\n--\nx1: synchronized creator\nx2: obsolete creator seen 11-01\nx3: obsolete tied seen 11-01")
	_, changes := w.sync()
	wantText(t, "changes", lines(changes), "delete x2\nforget x3")
	wantText(t, "state", state(w, f), "F1 N1 status=active function=\nF3 N3 status=inactive function=gone\n--\nx1: synchronized creator")
}

func TestGoneWaitsForItsInterval(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete, After: 3 * time.Hour})
	f.away("x2")
	for range 2 {
		w.sync()
		wantText(t, "within the interval", w.table("Person"), "F1 N1\nF2 N2\nF3 N3")
	}
	w.sync()
	wantText(t, "past the interval", w.table("Person"), "F1 N1\nF3 N3")
}

// TestABrokenLoadRemovesNothing is the first law of the path.
func TestABrokenLoadRemovesNothing(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
	before := state(w, f)
	f.put("x1", "phone", "2")
	f.broken = rollcall.Errorf(rollcall.Unavailable, "the connection was cut")
	result, changes, err := w.run(engine.Options{})
	if err == nil || !strings.Contains(err.Error(), "source persons: collect: the connection was cut") || rollcall.KindOf(err) == rollcall.Stopped {
		t.Fatalf("got %v, want the reason", err)
	}
	if result.Run.State != rollcall.RunFailed || len(changes) != 0 {
		t.Errorf("run %+v with changes %s, want a failed one without any", result.Run, lines(changes))
	}
	wantText(t, "state", state(w, f), before)
	kept, err := w.store.Run(t.Context(), result.Run.ID)
	if err != nil || kept.State != rollcall.RunFailed || !strings.Contains(kept.Error, "the connection was cut") {
		t.Errorf("the run's record is %+v, %v", kept, err)
	}
}

// TestALargeRemovalAsksFirst is the fifth law: over the limit nothing at all is
// done, and an approval does it.
func TestALargeRemovalAsksFirst(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
	f.source.Rules.Limits.Gone = rollcall.Limit{Count: 1, IsSet: true}
	f.away("x1", "x2")
	f.put("x3", "phone", "7")
	before := state(w, f)
	result, _, err := w.run(engine.Options{})
	if rollcall.KindOf(err) != rollcall.Stopped || !strings.Contains(err.Error(), "source persons: 2 of 3 entries are gone, and the limit is 1") {
		t.Fatalf("got %v, want the limit named", err)
	}
	if result.Run.State != rollcall.RunHeld || result.Run.Sources[0].Held == "" {
		t.Errorf("run: %+v", result.Run)
	}
	wantText(t, "state", state(w, f), before)
	if _, _, err := w.run(engine.Options{Approved: true}); err != nil {
		t.Fatal(err)
	}
	wantText(t, "approved", w.table("Person", "phone"), "F3 N3 phone=7")
}

func TestLimitsOfEachKind(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		limits rollcall.Limits
		do     func(*feed)
		want   string
	}{
		{"gone, a share", rollcall.Limits{Gone: rollcall.Limit{Percent: 34, IsSet: true}}, func(f *feed) { f.away("x1", "x2", "x3") }, "no entry at all"},
		{"gone, a share rounded up", rollcall.Limits{Gone: rollcall.Limit{Percent: 1, IsSet: true}}, func(f *feed) { f.away("x1") }, ""},
		{"gone, past the share", rollcall.Limits{Gone: rollcall.Limit{Percent: 1, IsSet: true}}, func(f *feed) { f.away("x1", "x2") }, "2 of 3 entries are gone, and the limit is 1 (limits: gone: 1%)"},
		{"changed", rollcall.Limits{Changed: rollcall.Limit{Count: 0, IsSet: true}}, func(f *feed) { f.put("x1", "phone", "5") }, "1 of 3 entries are changed, and the limit is 0"},
		{"new", rollcall.Limits{New: rollcall.Limit{Count: 0, IsSet: true}}, func(f *feed) { f.put("x4", "name", "N4", "first_name", "F4", "email", "4@x.com") }, "1 of 3 entries are new, and the limit is 0"},
		{"none", rollcall.Limits{}, func(f *feed) { f.away("x1", "x2"); f.put("x3", "phone", "5") }, ""},
		{"nobody answers, without a limit", rollcall.Limits{}, func(f *feed) { f.away("x1", "x2", "x3") }, "no entry at all, where 3 were known"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
			f.source.Rules.Limits = c.limits
			c.do(f)
			_, _, err := w.run(engine.Options{})
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (rollcall.KindOf(err) != rollcall.Stopped || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestAChangedScopeIsNotPeopleLeaving(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
	f.source.Scope = "half of it"
	f.away("x2")
	_, _, err := w.run(engine.Options{})
	if rollcall.KindOf(err) != rollcall.Stopped || !strings.Contains(err.Error(), "half of it, was everything") {
		t.Fatalf("got %v, want the change named", err)
	}
	wantText(t, "persons", w.table("Person"), "F1 N1\nF2 N2\nF3 N3")
	if _, _, err := w.run(engine.Options{Approved: true}); err != nil {
		t.Fatal(err)
	}
	wantText(t, "approved", w.table("Person"), "F1 N1\nF3 N3")
}

// TestDependentsGoFirst: a person with an account leaves both sources; the
// account is deleted before the person. When the account stays, the deletion
// fails, and is tried again until it can be done.
func TestDependentsGoFirst(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := persons(w, func(r *rollcall.Rules) { r.Gone = rollcall.Gone{Then: rollcall.GoneDelete} })
	u := w.feed("users", "UserLDAP", func(r *rollcall.Rules) {
		reconcileBy(r, "login")
		rule(r, "contactid").By = "email"
		constant(r, "profile_list", "profileid->name:Portal user", "")
		r.Gone = rollcall.Gone{Then: rollcall.GoneDelete}
	}, "login", "contactid", "profile_list")
	for _, n := range []string{"1", "2", "3"} {
		p.put("p"+n, "name", "N"+n, "first_name", "F"+n, "email", n+"@x.com")
		u.put("u"+n, "login", "login"+n, "contactid", n+"@x.com")
	}
	w.sync()
	wantText(t, "accounts", w.table("UserLDAP", "contactid", "profile_list"), "login1 contactid=F1 N1 profile_list=[Portal user]\nlogin2 contactid=F2 N2 profile_list=[Portal user]\nlogin3 contactid=F3 N3 profile_list=[Portal user]")
	p.away("p2", "p3")
	u.away("u2")
	result, _ := w.sync()
	wantText(t, "persons", w.table("Person"), "F1 N1\nF3 N3")
	wantText(t, "accounts", w.table("UserLDAP"), "login1\nlogin3")
	if c := result.Run.Sources[0].Counters; c.Deleted != 1 || c.DeletedErrors != 1 {
		t.Errorf("counters of persons: %+v", c)
	}
	if got := w.replicas(p); !strings.Contains(got, "p3: obsolete creator seen 11-01 err=Unable to delete the destination object: The field Person (contactid) is not writable because it is mastered by the data synchronization. Value not set.") {
		t.Errorf("replicas: %s", got)
	}
	u.away("u3")
	result, _ = w.sync()
	wantText(t, "persons", w.table("Person"), "F1 N1")
	if c := result.Run.Sources[0].Counters; c.Deleted != 1 || c.DeletedErrors != 0 {
		t.Errorf("counters of persons: %+v", c)
	}
}

// TestAnEntryWithoutObjectIsDroppedWhenGone: it never got anything to lose.
func TestAnEntryWithoutObjectIsDroppedWhenGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := persons(w, func(r *rollcall.Rules) {
		r.Gone = rollcall.Gone{Then: rollcall.GoneUpdate, Set: []rollcall.Assignment{{Attribute: "status", Value: "inactive"}}}
	})
	f.put("x0", "name", "N0", "first_name", "F0", "email", "0@x.com")
	f.put("x1", "name", "N1", "first_name", "F1", "email", "not a mail")
	w.sync()
	f.away("x1")
	result, changes := w.sync()
	wantText(t, "changes", lines(changes), "forget x1")
	if c := result.Run.Sources[0].Counters; c.DisappearedNoAction != 1 {
		t.Errorf("counters: %+v", c)
	}
	wantText(t, "replicas", w.replicas(f), "x0: synchronized creator")
}

func TestACancelledRunChangesNothing(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
	before := state(w, f)
	f.away("x2")
	stop := errors.New("the person said no")
	_, _, err := w.run(engine.Options{Confirm: func(*rollcall.Run) error { return stop }})
	if !errors.Is(err, stop) {
		t.Fatalf("got %v, want %v", err, stop)
	}
	wantText(t, "state", state(w, f), before)
}

// TestGoneStripsRolesAndGivesThemBack: an account whose profiles the source
// does not say is left with one, and gets its own back on return.
func TestGoneStripsRolesAndGivesThemBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.feed("users", "UserLDAP", func(r *rollcall.Rules) {
		reconcileBy(r, "login")
		a := rule(r, "profile_list")
		a.From, a.Value, a.HasValue, a.Policy = "", "profileid->name:Portal user", true, rollcall.IfEmpty
		r.Gone = rollcall.Gone{Then: rollcall.GoneUpdate, Set: []rollcall.Assignment{
			{Attribute: "status", Value: "disabled"}, {Attribute: "allowed_org_list", Value: "allowed_org_id->name:Demo;reason:gone"}}}
	}, "login", "profile_list")
	f.put("u", "login", "l")
	f.put("v", "login", "m")
	w.sync()
	accounts := func() string { return w.table("UserLDAP", "status", "allowed_org_list") }
	back := f.away("u")
	w.sync()
	wantText(t, "gone", accounts(), "l status=disabled allowed_org_list=[Demo]\nm status=enabled allowed_org_list=[]")
	back()
	w.sync()
	wantText(t, "back", accounts(), "l status=enabled allowed_org_list=[]\nm status=enabled allowed_org_list=[]")
	f.source.Rules.Gone.Set[1].Value = "allowed_org_id->name:Nowhere"
	f.away("u")
	result, _ := w.sync()
	if c := result.Run.Sources[0].Counters; c.ObsoletedErrors != 1 || !strings.Contains(w.replicas(f), "Found no match: ext_key = allowed_org_id, reconciliation = name=Nowhere") {
		t.Errorf("counters %+v, replicas %s", c, w.replicas(f))
	}
	wantText(t, "nothing half done", accounts(), "l status=enabled allowed_org_list=[]\nm status=enabled allowed_org_list=[]")
}
