package engine_test

import (
	"strings"
	"testing"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
)

const locked = "is not writable because it is mastered by the data synchronization. Value not set."

// policies is the recorded setting: phone locked, function unlocked, mobile
// phone only while empty.
func policies(t *testing.T) (*world, *feed) {
	t.Helper()
	w := newWorld(t)
	f := w.feed("persons", "Person", func(r *rollcall.Rules) {
		reconcileBy(r, "email")
		constant(r, "org_id", "Demo", "name")
		rule(r, "function").Policy = rollcall.Unlocked
		rule(r, "mobile_phone").Policy = rollcall.IfEmpty
	}, "name", "first_name", "email", "phone", "function", "mobile_phone", "org_id")
	f.put("b1", "name", "N", "first_name", "F", "email", "b@x.com", "phone", "1", "function", "src", "mobile_phone", "11")
	w.sync()
	return w, f
}

// TestPoliciesProtectWhatTheyShould follows the recorded probe step by step;
// where iTop writes unlocked columns again, the source's own change decides.
func TestPoliciesProtectWhatTheyShould(t *testing.T) {
	t.Parallel()
	w, f := policies(t)
	values := func() string { return w.table("Person", "phone", "function", "mobile_phone", "employee_number") }
	if err := w.edit("Person", "F N", "phone", "77"); err == nil || err.Error() != "The field Phone (phone) "+locked {
		t.Errorf("a locked attribute: got %v", err)
	}
	if err := w.edit("Person", "F N", "function", "by user", "mobile_phone", "88", "employee_number", "E1"); err != nil {
		t.Error(err)
	}
	if _, changes := w.sync(); len(changes) != 0 {
		t.Errorf("an unchanged entry made %s", lines(changes))
	}
	wantText(t, "what a person wrote stays", values(), "F N phone=1 function=by user mobile_phone=88 employee_number=E1")
	f.put("b1", "phone", "2")
	w.sync()
	wantText(t, "phone alone follows", values(), "F N phone=2 function=by user mobile_phone=88 employee_number=E1")
	f.put("b1", "function", "src2", "mobile_phone", "12")
	w.sync()
	wantText(t, "function follows its source, mobile is not empty", values(), "F N phone=2 function=src2 mobile_phone=88 employee_number=E1")
	if err := w.edit("Person", "F N", "mobile_phone", ""); err != nil {
		t.Error(err)
	}
	w.sync()
	wantText(t, "unchanged: not filled", values(), "F N phone=2 function=src2 mobile_phone= employee_number=E1")
	f.put("b1", "phone", "3")
	w.sync()
	wantText(t, "filled with the next change", values(), "F N phone=3 function=src2 mobile_phone=12 employee_number=E1")
}

func TestAChangeOfRulesDecidesEveryEntryAnew(t *testing.T) {
	t.Parallel()
	w, f := policies(t)
	if err := w.edit("Person", "F N", "function", "by user"); err != nil {
		t.Fatal(err)
	}
	rule(&f.source.Rules, "function").Policy = rollcall.Locked
	f.source.Rules.Fingerprint = rollcall.Hash{1}
	_, changes := w.sync()
	wantText(t, "changes", lines(changes), "repair b1 function:by user>src")
	if changes[0].Sets[0].Old != "by user" {
		t.Errorf("sets %+v", changes[0].Sets)
	}
	if err := w.edit("Person", "F N", "function", "by user"); err == nil || !strings.Contains(err.Error(), locked) {
		t.Errorf("after the change of rules: got %v", err)
	}
}

func TestAnEmptyValueClearsAndAnUnmappedOneDoesNot(t *testing.T) {
	t.Parallel()
	w, f := policies(t)
	delete(f.entries["b1"], "phone")
	_, changes := w.sync()
	wantText(t, "changes", lines(changes), "update b1 phone:1>")
	f.put("b1", "phone", "1\x00")
	result, changes := w.sync()
	if len(changes) != 0 || result.Run.Sources[0].Counters.EntryProblems != 1 {
		t.Errorf("a value that cannot be mapped made %s, counters %+v", lines(changes), result.Run.Sources[0].Counters)
	}
}

// TestTwoSourcesOfOneObject: what one locks the other may not write.
func TestTwoSourcesOfOneObject(t *testing.T) {
	t.Parallel()
	w, _ := policies(t)
	second := w.feed("second", "Person", func(r *rollcall.Rules) {
		reconcileBy(r, "email")
		rule(r, "email").Update = false
	}, "email", "phone", "function")
	second.put("s1", "email", "b@x.com", "phone", "1", "function", "second")
	w.sync()
	wantText(t, "phone agrees, function is free", w.table("Person", "phone", "function"), "F N phone=1 function=second")
	second.put("s1", "phone", "5")
	w.sync()
	wantText(t, "phone is the first one's", w.table("Person", "phone"), "F N phone=1")
	if got := w.replicas(second); !strings.Contains(got, "s1: modified tied err=Unable to update destination object: The field Phone (phone) "+locked) {
		t.Errorf("replicas: %s", got)
	}
}

// TestADryRunIsTheSameCode is the second law: a plan shows exactly what the
// sync after it does, and leaves nothing behind.
func TestADryRunIsTheSameCode(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
	f.away("x1")
	f.put("x2", "phone", "5")
	f.put("x4", "name", "N4", "first_name", "F4", "email", "4@x.com")
	f.put("x5", "name", "N5", "first_name", "F5", "email", "bad mail")
	before := state(w, f)
	runs, err := w.store.Runs(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	plan, planned, err := w.run(engine.Options{DryRun: true, Kind: "plan"})
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, "state after the plan", state(w, f), before)
	if after, err := w.store.Runs(t.Context(), 10); err != nil || len(after) != len(runs) {
		t.Errorf("the plan left a run: %d, were %d (%v)", len(after), len(runs), err)
	}
	done, changes, err := w.run(engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, "changes", lines(changes), lines(planned))
	if plan.Run.Digest == "" || plan.Run.Digest != done.Run.Digest {
		t.Errorf("digest %q of the plan, %q of the run", plan.Run.Digest, done.Run.Digest)
	}
	if plan.Run.Sources[0].Counters != done.Run.Sources[0].Counters {
		t.Errorf("counters %+v of the plan, %+v of the run", plan.Run.Sources[0].Counters, done.Run.Sources[0].Counters)
	}
}

// TestAPlanSeesWhatItsOwnSourcesMake: the accounts of a plan refer to persons
// that the same plan is to make.
func TestAPlanSeesWhatItsOwnSourcesMake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := persons(w, nil)
	u := w.feed("users", "UserLDAP", func(r *rollcall.Rules) {
		reconcileBy(r, "login")
		rule(r, "contactid").By = "email"
		constant(r, "profile_list", "profileid->name:Portal user", "")
	}, "login", "contactid", "profile_list")
	p.put("p1", "name", "N", "first_name", "F", "email", "a@x.com")
	u.put("u1", "login", "l", "contactid", "a@x.com")
	result, _, err := w.run(engine.Options{DryRun: true, Kind: "plan"})
	if err != nil {
		t.Fatal(err)
	}
	if c := result.Run.Sources[1].Counters; c.Created != 1 || c.CreatedWarnings != 0 || len(result.Problems) != 0 {
		t.Errorf("counters of users %+v, problems %+v", c, result.Problems)
	}
}

func TestOneRunPerSource(t *testing.T) {
	t.Parallel()
	w, _ := threeRows(t, rollcall.Gone{})
	release, err := w.store.LockSource(t.Context(), "persons")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.run(engine.Options{}); rollcall.KindOf(err) != rollcall.Conflict || !strings.Contains(err.Error(), "pid") {
		t.Errorf("got %v, want who holds the source", err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.run(engine.Options{}); err != nil {
		t.Error(err)
	}
}
