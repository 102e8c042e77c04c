package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
)

// only makes a part of a run, an hour after the one before.
func (w *world) only(part rollcall.Part, opt engine.Options) (string, error) {
	w.t.Helper()
	w.clock = w.clock.Add(time.Hour)
	opt.Only = part
	_, changes, err := w.run(opt)
	return lines(changes), err
}

func (w *world) mustOnly(part rollcall.Part) string {
	w.t.Helper()
	changes, err := w.only(part, engine.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	return changes
}

func (w *world) standing(f *feed) rollcall.Standing {
	w.t.Helper()
	s, err := w.store.Standing(w.t.Context(), w.source(f).ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// TestAnImportTakesNobodyAway loses one entry, changes one and gets a new one.
func TestAnImportTakesNobodyAway(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
	first := w.standing(f)
	f.away("x2")
	f.put("x1", "phone", "7")
	f.put("x4", "name", "N4", "first_name", "F4", "email", "4@x.com")
	for range 2 { // and once more: still not
		w.mustOnly(rollcall.PartImport)
	}
	wantText(t, "people", w.table("Person", "phone"), "F1 N1 phone=7\nF2 N2 phone=1\nF3 N3 phone=1\nF4 N4 phone=")
	wantText(t, "replicas", w.replicas(f), "x1: synchronized creator\nx2: synchronized creator\nx3: synchronized tied\nx4: synchronized creator")
	if s := w.standing(f); s.Left != 1 || !s.LastComplete.Equal(first.LastComplete) || s.LastRun == first.LastRun {
		t.Errorf("got %+v, want one entry left to a removal, and the time when all were there kept", s)
	}
	f.put("x1", "phone", "8") // what changed is not a removal's
	f.put("x5", "name", "N5", "first_name", "F5", "email", "5@x.com")
	wantText(t, "removal", w.mustOnly(rollcall.PartRemoval), "delete x2")
	wantText(t, "people", w.table("Person", "phone"), "F1 N1 phone=7\nF3 N3 phone=1\nF4 N4 phone=")
	if s := w.standing(f); s.Left != 0 || !s.LastComplete.Equal(w.clock) {
		t.Errorf("got %+v, want that none is left, and that this read was complete", s)
	}
	wantText(t, "import", w.mustOnly(rollcall.PartImport), "create x5 name:>N5 first_name:>F5 email:>5@x.com org_id:>Demo\nupdate x1 phone:7>8")
	if _, changes := w.sync(); len(changes) != 0 {
		t.Errorf("got %s, want nothing left for a whole run", lines(changes))
	}
}

// TestARemovalProvesAbsenceAsAWholeRunDoes: a read that breaks, that is empty, or
// that finds more gone than the limit allows takes nothing away.
func TestARemovalProvesAbsenceAsAWholeRunDoes(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
	f.source.Rules.Limits.Gone = rollcall.Limit{IsSet: true, Count: 1}
	before := w.table("Person")

	f.broken = errors.New("cut")
	if _, err := w.only(rollcall.PartRemoval, engine.Options{}); err == nil {
		t.Error("a read that broke is no error")
	}
	f.broken = nil
	back := f.away("x1", "x2", "x3")
	w.mustOnly(rollcall.PartImport)
	_, err := w.only(rollcall.PartRemoval, engine.Options{})
	if rollcall.KindOf(err) != rollcall.Stopped || !strings.Contains(err.Error(), "no entry at all") {
		t.Errorf("got %v, want the empty directory disbelieved", err)
	}
	back()
	f.away("x1", "x2")
	w.mustOnly(rollcall.PartImport) // which must not hide how many are gone
	_, err = w.only(rollcall.PartRemoval, engine.Options{})
	if rollcall.KindOf(err) != rollcall.Stopped || !strings.Contains(err.Error(), "2 of 3") {
		t.Errorf("got %v, want the run held by its limit", err)
	}
	wantText(t, "people", w.table("Person"), before)
	wantText(t, "preview", must(w.only(rollcall.PartRemoval, engine.Options{DryRun: true})), "delete x1\ndelete x2")
	wantText(t, "people", w.table("Person"), before)
	wantText(t, "approved", must(w.only(rollcall.PartRemoval, engine.Options{Approved: true})), "delete x1\ndelete x2")
}

func must(changes string, err error) string {
	if err != nil {
		return err.Error()
	}
	return changes
}

// TestWhatIsReadChangedUnderAnImport: the import keeps the proof that a removal
// asks for.
func TestWhatIsReadChangedUnderAnImport(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
	f.source.Scope = "less"
	f.away("x2")
	w.mustOnly(rollcall.PartImport)
	_, err := w.only(rollcall.PartRemoval, engine.Options{})
	if rollcall.KindOf(err) != rollcall.Stopped || !strings.Contains(err.Error(), "what is read changed") {
		t.Errorf("got %v, want it held because another part of the source is read", err)
	}
}

// TestImportsAndRemovalsShareTheWorkOfBindings: an import gives and takes as
// groups change; what the gone had is the removal's, and groups that vanished.
func TestImportsAndRemovalsShareTheWorkOfBindings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newCrowd(w, 3)
	c.source.Rules.Gone = rollcall.Gone{Then: rollcall.GoneDelete}
	c.must(w)
	const three = " /  user_id=user000000 role_id=All;  /  user_id=user000001 role_id=All;  /  user_id=user000002 role_id=All"
	wantText(t, "roles", w.roles(), three)
	part := func(only rollcall.Part) {
		t.Helper()
		if _, err := c.sync(w, engine.Options{Only: only, Approved: true}); err != nil {
			t.Fatal(err)
		}
	}
	c.out[1] = true // of the group
	c.size = 2      // and the third is gone
	part(rollcall.PartRemoval)
	wantText(t, "after the removal", w.roles(), strings.Join(strings.Split(three, "; ")[:2], "; "))
	part(rollcall.PartImport)
	wantText(t, "after the import", w.roles(), strings.Split(three, "; ")[0])
	c.hidden = true // the group vanished
	part(rollcall.PartImport)
	wantText(t, "an import leaves what a vanished group gave", w.roles(), strings.Split(three, "; ")[0])
	part(rollcall.PartRemoval)
	wantText(t, "a removal takes it", w.roles(), "")
}

// TestFailedEntriesAreTriedAgainAlone: an entry without its name fails; a retry
// reads it alone, counts, and parks it in the end.
func TestFailedEntriesAreTriedAgainAlone(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
	f.put("x4", "email", "4@x.com")
	f.put("x5", "email", "5@x.com")
	w.sync()
	failed := func() string {
		t.Helper()
		list, err := w.store.FailedEntries(t.Context(), rollcall.FailedFilter{})
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, e := range list {
			fmt.Fprintf(&b, "%s tries=%d parked=%v in=%s; ", e.Key, e.Tries, e.Parked, e.Next.Sub(w.clock))
		}
		return b.String()
	}
	wantText(t, "failed", failed(), "x4 tries=0 parked=false in=0s; x5 tries=0 parked=false in=0s; ")

	retry := func(keys ...string) string {
		return must(w.only(rollcall.PartRetry, engine.Options{Entries: keys, Retries: 2}))
	}
	f.put("x1", "phone", "7") // not asked for
	f.away("x2")              // nor judged
	last := w.standing(f)
	if got := retry("x4"); !strings.HasPrefix(got, "fail x4 ") || strings.Contains(got, "\n") {
		t.Errorf("got %s, want that x4 failed once more and nothing else", got)
	}
	wantText(t, "failed", failed(), "x5 tries=0 parked=false in=-1h0m0s; x4 tries=1 parked=false in=1m0s; ")
	if s := w.standing(f); !s.LastComplete.Equal(last.LastComplete) {
		t.Errorf("got %+v, want that a retry is no complete read", s)
	}
	retry("x4")
	wantText(t, "failed", failed(), "x5 tries=0 parked=false in=-2h0m0s; x4 tries=2 parked=true in=2m0s; ")
	if n, err := w.store.RequeueEntries(t.Context(), w.source(f).ID, []string{"x4"}, w.clock); err != nil || n != 1 {
		t.Fatalf("got %d, %v, want one requeued", n, err)
	}
	f.put("x4", "name", "N4", "first_name", "F4")
	f.away("x5") // deleted meanwhile
	wantText(t, "a try with success", retry("x4", "x5"), "create x4 name:>N4 first_name:>F4 email:>4@x.com org_id:>Demo")
	wantText(t, "failed", failed(), "x5 tries=1 parked=false in=1m0s; ")
	wantText(t, "people", w.table("Person", "phone"), "F1 N1 phone=1\nF2 N2 phone=1\nF3 N3 phone=1\nF4 N4 phone=")
	wantText(t, "all the rest", must(w.only(rollcall.PartAll, engine.Options{})), "update x1 phone:1>7\ndelete x2\nforget x5")
	wantText(t, "failed", failed(), "")
}

// TestAGroupThatAnImportLeftIsSeenToByAWholeRun, though no entry is gone.
func TestAGroupThatAnImportLeftIsSeenToByAWholeRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newCrowd(w, 2)
	c.must(w)
	c.hidden = true
	if _, err := c.sync(w, engine.Options{Only: rollcall.PartImport, Approved: true}); err != nil {
		t.Fatal(err)
	}
	if s := w.standing(c.feed); s.Left != 1 {
		t.Errorf("got %+v, want the group left to a removal", s)
	}
	if _, err := c.sync(w, engine.Options{Approved: true}); err != nil {
		t.Fatal(err)
	}
	wantText(t, "roles", w.roles(), "")
	if s := w.standing(c.feed); s.Left != 0 {
		t.Errorf("got %+v, want nothing left", s)
	}
}
