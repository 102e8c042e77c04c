package engine_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// Pick emits the entry of a name.
func (f *teller) Pick(ctx context.Context, name string, _ func([]rollcall.Group, source.GroupFinder) error, emit func(*rollcall.Entry) error) error {
	_, err := f.feed.Collect(ctx, func(e *rollcall.Entry) error {
		if string(e.Name) != name {
			return nil
		}
		return emit(e)
	})
	return err
}

// takeOver takes over one entry by itself.
func (w *world) takeOver(f *teller, name string) *engine.Taken {
	w.t.Helper()
	job := w.job(f.feed)
	job.Collector = f
	taken, err := w.engine.TakeOver(w.t.Context(), engine.Single{Name: name, Jobs: []engine.Job{job}}, engine.Options{Kind: "sign-in", By: "x"})
	if err != nil {
		w.t.Fatal(err)
	}
	return taken
}

// TestASingleEntryLeavesAllOthersAlone: one entry is new, one changed and one
// gone when a fourth is taken over; a delta finds all of that afterwards, as if
// nothing had been between.
func TestASingleEntryLeavesAllOthersAlone(t *testing.T) {
	t.Parallel()
	w, feed := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
	f := &teller{feed: feed}
	w.mustFollow(f, engine.Options{}, rollcall.LoadFull, "")
	person := func(n, phone string) {
		feed.put("x"+n, "name", "N"+n, "first_name", "F"+n, "email", n+"@x.com", "phone", phone)
	}
	delete(feed.entries, "x1")
	person("2", "22")
	person("4", "44")
	person("5", "55")

	before := w.table("Person", "phone")
	if taken := w.takeOver(f, "cn=nobody"); taken.Run != 0 || len(taken.Sources) != 0 || w.table("Person", "phone") != before {
		t.Errorf("an entry that is not there: got %+v and\n%s", taken, w.table("Person", "phone"))
	}
	taken := w.takeOver(f, "cn=x4")
	if taken.Run == 0 || taken.Changes != 1 || len(taken.Sources) != 1 || taken.Sources[0].Key != "x4" || taken.Sources[0].Object.Class != "Person" {
		t.Errorf("a new entry: got %+v", taken)
	}
	same := w.takeOver(f, "cn=x4")
	if same.Run != 0 || same.Changes != 0 || len(same.Sources) != 1 || same.Sources[0].Object != taken.Sources[0].Object {
		t.Errorf("an entry that did not change: got %+v, want no run and %+v", same, taken.Sources[0].Object)
	}
	got := map[string]string{}
	for _, n := range []string{"1", "2", "3", "4"} {
		o := w.object("Person", "F"+n+" N"+n)
		got[n] = o.Get("phone")
	}
	if diff := cmp.Diff(map[string]string{"1": "1", "2": "1", "3": "1", "4": "44"}, got); diff != "" {
		t.Errorf("phones after a single entry (-want +got):\n%s", diff)
	}
	w.mustFollow(f, engine.Options{Approved: true}, rollcall.LoadDelta, "4 reported")
	full, other := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
	delete(other.entries, "x1")
	for key, entry := range feed.entries {
		other.entries[key] = entry
	}
	full.clock = full.clock.Add(time.Hour)
	if _, _, err := full.run(engine.Options{Approved: true}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(full.table("Person", "phone"), w.table("Person", "phone")); diff != "" {
		t.Errorf("after the next delta (-a full load +got):\n%s", diff)
	}
}

// TestSingleEntriesComeToWhatFullLoadsComeTo over random events, with deltas in
// between.
func TestSingleEntriesComeToWhatFullLoadsComeTo(t *testing.T) {
	t.Parallel()
	rules := []rollcall.Deprovision{rollcall.GoneIgnore, rollcall.GoneDelete, rollcall.GoneUpdate, rollcall.GoneUpdateThenDelete}
	for seed := range uint64(8) {
		random := rand.New(rand.NewPCG(seed, 2))
		gone := rollcall.Gone{Then: rules[int(seed)%len(rules)], Set: []rollcall.Assignment{{Attribute: "status", Value: "inactive"}}, DeleteAfter: 100 * time.Hour}
		a, feedA := threeRows(t, gone)
		b, feedB := threeRows(t, gone)
		f := &teller{feed: feedA}
		a.mustFollow(f, engine.Options{}, rollcall.LoadFull, "")
		b.sync()
		for round := range 6 {
			for range random.IntN(5) {
				n := 1 + random.IntN(5)
				key, phone, leaves := "x"+strconv.Itoa(n), strconv.Itoa(1+random.IntN(3)), random.IntN(3) == 0
				for _, feed := range []*feed{feedA, feedB} {
					if leaves {
						delete(feed.entries, key)
						continue
					}
					feed.put(key, "name", "N"+strconv.Itoa(n), "first_name", "F"+strconv.Itoa(n), "email", strconv.Itoa(n)+"@x.com", "phone", phone)
				}
				if random.IntN(2) == 0 {
					a.takeOver(f, "cn=x"+strconv.Itoa(1+random.IntN(5)))
				}
			}
			a.mustFollow(f, engine.Options{Approved: true}, rollcall.LoadDelta, "")
			b.clock = b.clock.Add(time.Hour)
			if _, _, err := b.run(engine.Options{Approved: true}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(b.table("Person", "status", "phone"), a.table("Person", "status", "phone")); diff != "" {
				t.Fatalf("seed %d, round %d (-full loads +single entries and deltas):\n%s", seed, round, diff)
			}
		}
	}
}
