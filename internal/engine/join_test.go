package engine_test

import (
	"strconv"
	"strings"
	"testing"

	"rollcall/internal/rollcall"
)

// TestJoinByCountOfMatches repeats the recorded probes of zero, one and many
// matches: the objects, the replica and the counters are those of iTop 3.2.0.
func TestJoinByCountOfMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		existing int
		set      func(*rollcall.Rules)
		persons  string
		replica  string
		counters rollcall.Counters
	}{
		{"none, create", 0, nil, "F N phone=1", "k: synchronized creator", rollcall.Counters{Created: 1}},
		{"none, error", 0, func(r *rollcall.Rules) { r.OnNone = rollcall.ActError }, "",
			"k: new err=Could not find a match for reconciliation", rollcall.Counters{ReconciledErrors: 1}},
		{"one, update", 1, nil, "F N phone=1", "k: synchronized tied", rollcall.Counters{NewUpdated: 1}},
		{"one, error", 1, func(r *rollcall.Rules) { r.OnOne = rollcall.ActError }, "Pre N phone=9",
			"k: new err=Found a match while expecting several", rollcall.Counters{ReconciledErrors: 1}},
		{"two, error", 2, nil, "Pre N phone=9\nPre N phone=9",
			"k: new err=2 destination objects match the reconciliation criterias: email=a@x.com", rollcall.Counters{ReconciledErrors: 1}},
		{"two, create", 2, func(r *rollcall.Rules) { r.OnMany = rollcall.ActCreate }, "F N phone=1\nPre N phone=9\nPre N phone=9",
			"k: synchronized creator", rollcall.Counters{Created: 1}},
		{"two, take first", 2, func(r *rollcall.Rules) { r.OnMany = rollcall.ActTakeFirst }, "F N phone=1\nPre N phone=9",
			"k: synchronized tied", rollcall.Counters{NewUpdated: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for range c.existing {
				w.person("name", "N", "first_name", "Pre", "email", "a@x.com", "phone", "9")
			}
			f := persons(w, c.set)
			f.put("k", "name", "N", "first_name", "F", "email", "a@x.com", "phone", "1")
			result, _ := w.sync()
			wantText(t, "persons", w.table("Person", "phone"), c.persons)
			wantText(t, "replica", w.replicas(f), c.replica)
			got := result.Run.Sources[0].Counters
			c.counters.Read, c.counters.Total, c.counters.Seen = 1, 1, 1
			if got != c.counters {
				t.Errorf("counters got %+v, want %+v", got, c.counters)
			}
		})
	}
}

func TestAnEntryInErrorIsTriedAtEveryRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := persons(w, func(r *rollcall.Rules) { r.OnNone = rollcall.ActError })
	f.put("k", "name", "N", "first_name", "F", "email", "a@x.com", "phone", "1")
	for range 2 {
		result, _ := w.sync()
		if c := result.Run.Sources[0].Counters; c.ReconciledErrors != 1 || len(result.Problems) != 1 {
			t.Fatalf("counters %+v, problems %+v", c, result.Problems)
		}
	}
	w.person("name", "N", "first_name", "Pre", "email", "A@X.com", "phone", "9")
	_, changes := w.sync()
	wantText(t, "once it exists", lines(changes), "join k email:A@X.com>a@x.com phone:9>1 first_name:Pre>F")
	wantText(t, "replica", w.replicas(f), "k: synchronized tied")
}

func TestAnEmptyJoinValueMatchesNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("name", "N", "first_name", "Pre", "phone", "9")
	f := persons(w, nil)
	f.put("k1", "name", "N", "first_name", "F1")
	f.put("k2", "name", "N", "first_name", "F2")
	w.sync()
	wantText(t, "persons", w.table("Person", "phone"), "F1 N phone=\nF2 N phone=\nPre N phone=9")
}

func TestAnUnknownJoinValueIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := persons(w, func(r *rollcall.Rules) {
		a := rule(r, "email")
		a.From, a.Expr = "", `entry.mail == "" ? nil : entry.mail`
	})
	f.put("k", "name", "N", "first_name", "F")
	w.sync()
	wantText(t, "replica", w.replicas(f), "k: new err=Could not reconcile on null value for attribute 'email'")
}

// TestTwoEntriesNeverShareAnObject: the second entry of a load that finds the
// first one's object is a problem that names both keys, in one batch and in a
// later run.
func TestTwoEntriesNeverShareAnObject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := persons(w, nil)
	f.put("k1", "name", "N1", "first_name", "F1", "email", "a@x.com")
	f.put("k2", "name", "N2", "first_name", "F2", "email", "A@x.com")
	result, _ := w.sync()
	wantText(t, "persons", w.table("Person"), "F1 N1")
	if len(result.Problems) != 1 || result.Problems[0].Key != "k2" || !strings.Contains(result.Problems[0].Reason, "cn=k1 (key k1)") {
		t.Errorf("problems: %+v", result.Problems)
	}
	f.put("k3", "name", "N3", "first_name", "F3", "email", "a@x.com")
	result, _ = w.sync()
	wantText(t, "persons", w.table("Person"), "F1 N1")
	if c := result.Run.Sources[0].Counters; c.ReconciledErrors != 2 {
		t.Errorf("counters: %+v", c)
	}
	// Once the first one has another address, one of the others gets a person.
	f.put("k1", "email", "b@x.com")
	f.put("k3", "email", "c@x.com")
	w.sync()
	w.sync()
	wantText(t, "persons", w.table("Person", "email"), "F1 N1 email=b@x.com\nF2 N2 email=A@x.com\nF3 N3 email=c@x.com")
}

// TestReCreationTakesTheObjectOver: the same person under a new key is the same
// object; the old key has no claim on it any more.
func TestReCreationTakesTheObjectOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := persons(w, func(r *rollcall.Rules) { r.Gone = rollcall.Gone{Then: rollcall.GoneDelete} })
	f.put("old", "name", "N", "first_name", "F", "email", "a@x.com")
	f.put("other", "name", "M", "first_name", "G", "email", "b@x.com")
	w.sync()
	id := w.object("Person", "F N").ID
	f.away("old")
	f.put("young", "name", "N", "first_name", "F", "email", "a@x.com", "phone", "4")
	_, changes := w.sync()
	wantText(t, "changes", lines(changes), "join young phone:>4")
	if changes[0].Reason != "made anew: entry old had it before" {
		t.Errorf("reason %q", changes[0].Reason)
	}
	wantText(t, "replicas", w.replicas(f), "other: synchronized creator\nyoung: synchronized creator")
	if got := w.object("Person", "F N").ID; got != id {
		t.Errorf("the person is object %d, was %d", got, id)
	}
	wantText(t, "history", w.reasons(id), "cn=young (made anew: entry old had it before)\ncn=old")
	f.away("young")
	w.sync()
	wantText(t, "persons", w.table("Person"), "G M")
}

func TestRenameAndMoveAreTheSameEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := persons(w, nil)
	f.put("k", "dn", "cn=F N,ou=a", "name", "N", "first_name", "F", "email", "a@x.com")
	w.sync()
	id := w.object("Person", "F N").ID
	f.put("k", "dn", "cn=F N,ou=b")
	_, changes := w.sync()
	wantText(t, "moved", lines(changes), "move k")
	if changes[0].Reason != "moved from cn=F N,ou=a" {
		t.Errorf("reason %q", changes[0].Reason)
	}
	f.put("k", "dn", "cn=F M,ou=b", "name", "M")
	_, changes = w.sync()
	wantText(t, "renamed", lines(changes), "update k name:N>M")
	wantText(t, "history", w.reasons(id), "cn=F M,ou=b (moved from cn=F N,ou=b)\ncn=F N,ou=a")
	if got := w.object("Person", "F M").ID; got != id {
		t.Errorf("the person is object %d, was %d", got, id)
	}
}

func TestJoinByTheObjectsID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("name", "N", "first_name", "Pre")
	f := persons(w, func(r *rollcall.Rules) { rule(r, "email").Reconcile = false; r.JoinByID = true })
	f.put("1", "name", "N", "first_name", "F", "email", "a@x.com")
	f.put("999", "name", "M", "first_name", "G", "email", "b@x.com")
	f.put("abc", "name", "O", "first_name", "H", "email", "c@x.com")
	w.sync()
	wantText(t, "persons", w.table("Person"), "F N\nG M\nH O")
	wantText(t, "replicas", w.replicas(f), "1: synchronized tied\n999: synchronized creator\nabc: synchronized creator")
}

// TestOneBadEntryIsNotABadRun is the fourth law: what is wrong with single
// entries is said, and the others go on; a bad entry counts as seen.
func TestOneBadEntryIsNotABadRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := persons(w, func(r *rollcall.Rules) { r.Gone = rollcall.Gone{Then: rollcall.GoneDelete} })
	f.put("good", "name", "N1", "first_name", "F1", "email", "1@x.com")
	f.put("bad", "name", "N2", "first_name", "F2", "email", "2@x.com", "phone", "2")
	f.put("twice", "name", "N3", "first_name", "F3", "email", "3@x.com")
	w.sync()
	f.put("bad", "phone", "not a phone!")
	f.put("nokey", "name", "N4", "first_name", "F4", "email", "4@x.com")
	f.put("twice", "phone", "5")
	f.doubled = []string{"twice"}
	f.put("nul", "name", "N\x00", "first_name", "F5", "email", "5@x.com")
	f.put("new", "name", "N6", "first_name", "F6", "email", "6@x.com")
	result, _ := w.sync()
	wantText(t, "persons", w.table("Person", "phone"), "F1 N1 phone=\nF2 N2 phone=2\nF3 N3 phone=\nF6 N6 phone=")
	if got := w.replicas(f); !strings.Contains(got, "bad: modified creator err=Unable to update destination object: Unexpected value for attribute 'Phone' (phone) : Wrong format [not a phone!]: issues = {0=>") {
		t.Errorf("replicas: %s", got)
	}
	c := result.Run.Sources[0].Counters
	if c.UpdatedErrors != 1 || c.EntryProblems != 3 || c.CreatedErrors != 1 || c.Created != 1 || c.Deleted != 0 {
		t.Errorf("counters: %+v", c)
	}
	f.doubled = nil
	f.put("bad", "phone", "3")
	f.put("nul", "name", "N5")
	w.sync()
	wantText(t, "put right", w.table("Person", "phone"), "F1 N1 phone=\nF2 N2 phone=3\nF3 N3 phone=5\nF5 N5 phone=\nF6 N6 phone=")
}

// A key that says nothing of who its entry is must not look like a leaving.
func TestAnEntryWithABadKeyIsNotGone(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(f *feed){
		"it lost its key": func(f *feed) {
			f.put("nokey", "dn", "cn=b", "name", "N2", "first_name", "F2", "email", "2@x.com")
		},
		"it got another's key": func(f *feed) { f.again("a", "cn=b") },
		"it got another's key and came first": func(f *feed) {
			f.entries["a"]["dn"] = "CN=B"
			f.again("a", "cn=a")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			f := persons(w, func(r *rollcall.Rules) { r.Gone = rollcall.Gone{Then: rollcall.GoneDelete} })
			for i, key := range []string{"a", "b", "c"} {
				n := strconv.Itoa(i + 1)
				f.put(key, "name", "N"+n, "first_name", "F"+n, "email", n+"@x.com")
			}
			w.sync()
			before := w.table("Person") + w.replicas(f)
			f.away("b")
			spoil(f)
			result, _ := w.sync()
			wantText(t, "persons and replicas", w.table("Person")+w.replicas(f), before)
			if c := result.Run.Sources[0].Counters; c.EntryProblems != 1 || c.Missing+c.Deleted != 0 {
				t.Errorf("counters: %+v", c)
			}
		})
	}
}
