package engine_test

import (
	"encoding/json"
	"errors"
	"io"
	"testing"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
)

// TestAHeldRunKeepsItsPlan: what a limit stopped can be read change by change,
// and its digest is that of the run that is approved later.
func TestAHeldRunKeepsItsPlan(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
	f.source.Rules.Limits.Gone = rollcall.Limit{Count: 1, IsSet: true}
	f.away("x1", "x2")
	f.put("x3", "phone", "7")
	f.put("x4", "name", "N4", "first_name", "F4", "email", "4@x.com")
	f.put("x5", "name", "N5", "first_name", "F5", "email", "bad mail")
	jobs := []engine.Job{w.job(f)}
	held, err := w.engine.Run(t.Context(), jobs, engine.Options{Kind: "sync", By: "tester"})
	if rollcall.KindOf(err) != rollcall.Stopped {
		t.Fatal(err)
	}
	kept := w.plan(held.Run.ID)
	if len(held.Problems) != 1 {
		t.Errorf("problems are told %d times, want once: %+v", len(held.Problems), held.Problems)
	}
	if run, err := w.store.Run(t.Context(), held.Run.ID); err != nil || run.Digest == "" || run.Digest != held.Run.Digest {
		t.Errorf("the record's digest is %q, the result's %q (%v)", run.Digest, held.Run.Digest, err)
	}
	// Somebody makes an object of the same hierarchy in between: the plan is the same.
	w.person("name", "Else", "first_name", "Somebody", "email", "else@x.com")
	done, changes, err := w.run(engine.Options{Approved: true})
	if err != nil {
		t.Fatal(err)
	}
	wantText(t, "plan", lines(kept), lines(changes))
	if done.Run.Digest != held.Run.Digest {
		t.Errorf("digest %q of the approved run, %q of the held one", done.Run.Digest, held.Run.Digest)
	}
}

// plan reads the plan that is kept of a held run.
func (w *world) plan(run int64) []rollcall.Change {
	w.t.Helper()
	plan, err := w.store.Plan(w.t.Context(), run)
	if err != nil {
		w.t.Fatal(err)
	}
	var kept []rollcall.Change
	for from := json.NewDecoder(plan); ; {
		var c rollcall.Change
		if err := from.Decode(&c); errors.Is(err, io.EOF) {
			return kept
		} else if err != nil {
			w.t.Fatal(err)
		}
		kept = append(kept, c)
	}
}

// TestGroupsWithinGroupsAreNoMistake: a team's member that is a team of the
// same source is no person, and nobody to look for at every run.
func TestGroupsWithinGroupsAreNoMistake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := staff(w)
	p.member("ann", "")
	teams := w.feed("teams", "Team", func(r *rollcall.Rules) {
		reconcileBy(r, "name")
		constant(r, "org_id", "Demo", "name")
		a := rule(r, "persons_list")
		a.From, a.By, a.Source, a.All, a.Separator = "member", "dn", "staff", true, "\n"
	}, "name", "org_id", "persons_list")
	teams.put("a", "dn", "cn=a,ou=groups", "name", "Outer", "member", "cn=b,ou=groups|cn=ann,ou=staff")
	teams.put("b", "dn", "cn=b,ou=groups", "name", "Inner", "member", "cn=ann,ou=staff|cn=a,ou=groups")
	result, changes := w.sync()
	wantText(t, "changes", lines(changes[1:]), "create a name:>Outer org_id:>Demo persons_list:>cn=b,ou=groups, cn=ann,ou=staff\ncreate b name:>Inner org_id:>Demo persons_list:>cn=ann,ou=staff, cn=a,ou=groups")
	wantText(t, "teams", w.table("Team", "persons_list"), "Inner persons_list=[F ANN]\nOuter persons_list=[F ANN]")
	if len(result.Problems) != 0 {
		t.Errorf("problems: %+v", result.Problems)
	}
	if _, changes := w.sync(); len(changes) != 0 {
		t.Errorf("again: %s", lines(changes))
	}
}
