package reconcile_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rollcall/internal/reconcile"
	"rollcall/internal/rollcall"
)

func hashOf(n int) rollcall.Hash { return rollcall.Hash{byte(n), byte(n >> 8), 1} }

// TestIndexAgreesWithAMap holds every answer of the index against a plain map,
// over random replicas and random loads.
func TestIndexAgreesWithAMap(t *testing.T) {
	t.Parallel()
	type replica struct {
		id              int64
		content         int
		due, gone, away bool
		seen            bool
	}
	rapid.Check(t, func(t *rapid.T) {
		model := map[string]*replica{}
		index := reconcile.NewIndex(rapid.IntRange(0, 50).Draw(t, "room"))
		for i := range rapid.IntRange(0, 300).Draw(t, "replicas") {
			r := &replica{id: int64(i + 1), content: rapid.IntRange(0, 3).Draw(t, "content"),
				due: rapid.Bool().Draw(t, "due"), gone: rapid.Bool().Draw(t, "gone"), away: rapid.Bool().Draw(t, "away")}
			key := fmt.Sprint("key", i)
			model[key] = r
			mark := rollcall.Mark{ID: r.id, Key: []byte(key), Content: hashOf(r.content), Due: r.due, Gone: r.gone}
			if r.away {
				mark.LastSeen = time.Unix(1, 0)
			}
			if err := index.Add(&mark); err != nil {
				t.Fatal(err)
			}
		}
		known := len(model)
		for range rapid.IntRange(0, 300).Draw(t, "entries") {
			key := fmt.Sprint("key", rapid.IntRange(0, 400).Draw(t, "key"))
			content := rapid.IntRange(0, 3).Draw(t, "content")
			want, wantID := reconcile.New, int64(0)
			switch r := model[key]; {
			case r == nil:
				model[key] = &replica{content: content, seen: true}
			case r.seen:
				want, wantID = reconcile.Doubled, r.id
			case r.content != content:
				want, wantID, r.seen = reconcile.Changed, r.id, true
			case r.due || r.gone || r.away:
				want, wantID, r.seen = reconcile.Due, r.id, true
			default:
				want, wantID, r.seen = reconcile.Same, r.id, true
			}
			if got, id := index.See([]byte(key), hashOf(content)); got != want || id != wantID {
				t.Fatalf("See(%s) got %v %d, want %v %d", key, got, id, want, wantID)
			}
			probe := fmt.Sprint("key", rapid.IntRange(0, 400).Draw(t, "probe"))
			if got, want := index.IsSeen(probe), model[probe] != nil && model[probe].seen; got != want {
				t.Fatalf("IsSeen(%s) got %v, want %v", probe, got, want)
			}
		}
		index.Trim()
		for key, r := range model {
			if got := index.IsSeen(key); got != r.seen {
				t.Fatalf("IsSeen(%s) got %v after all, want %v", key, got, r.seen)
			}
		}
		var got, want []int64
		index.Missing(func(id int64, _, _ bool) bool { got = append(got, id); return true })
		seen := 0
		for _, r := range model {
			if r.id != 0 && r.seen {
				seen++
			}
			if r.id != 0 && !r.seen {
				want = append(want, r.id)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal("Missing:", diff)
		}
		if index.Known() != known || index.Seen() != seen {
			t.Fatalf("got %d known and %d seen, want %d and %d", index.Known(), index.Seen(), known, seen)
		}
	})
}

func TestIndexSaysWhoWasAwayAndWhoIsGone(t *testing.T) {
	t.Parallel()
	index := reconcile.NewIndex(3)
	for _, m := range []rollcall.Mark{
		{ID: 1, Key: []byte("first")},
		{ID: 2, Key: []byte("away"), LastSeen: time.Unix(1, 0)},
		{ID: 3, Key: []byte("gone"), LastSeen: time.Unix(1, 0), Gone: true},
	} {
		if err := index.Add(&m); err != nil {
			t.Fatal(err)
		}
	}
	got := map[int64][2]bool{}
	index.Missing(func(id int64, away, gone bool) bool { got[id] = [2]bool{away, gone}; return true })
	want := map[int64][2]bool{1: {}, 2: {true, false}, 3: {true, true}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	count := 0
	index.Missing(func(int64, bool, bool) bool { count++; return false })
	if count != 1 {
		t.Errorf("Missing went on for %d after it was told to stop", count)
	}
}

func TestIndexRefusesOneKeyTwice(t *testing.T) {
	t.Parallel()
	index := reconcile.NewIndex(2)
	mark := rollcall.Mark{ID: 1, Key: []byte("same")}
	if err := index.Add(&mark); err != nil {
		t.Fatal(err)
	}
	mark.ID = 2
	if err := index.Add(&mark); err == nil {
		t.Error("two replicas with one fingerprint were accepted")
	}
}

func BenchmarkIndexSee(b *testing.B) {
	const n = 100_000
	keys := make([][]byte, n)
	for i := range keys {
		keys[i] = fmt.Appendf(nil, "%08x-0000-4000-8000-%012x", i*2654435761, i)
	}
	b.ReportAllocs()
	for b.Loop() {
		index := reconcile.NewIndex(n)
		for i, key := range keys {
			if err := index.Add(&rollcall.Mark{ID: int64(i + 1), Key: key}); err != nil {
				b.Fatal(err)
			}
		}
		for _, key := range keys {
			index.See(key, rollcall.Hash{})
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/entry")
}
