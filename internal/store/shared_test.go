package store

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/rollcall"
	lab "rollcall/test/lab/postgres"
)

// shared opens what nodes know together, in a database of its own.
func shared(t *testing.T) *Shared {
	t.Helper()
	s, err := Open(t.Context(), Config{DSN: lab.Start(t).Database(t), Model: rollcall.NewModel(nil)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s.Shared()
}

func TestOneNodeOnSQLiteSharesNothing(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Config{DSN: t.TempDir() + "/x.db", Model: rollcall.NewModel(nil)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Shared() != nil {
		t.Error("got something shared on SQLite")
	}
}

// TestBucketsHoldWhatTheyHold: however many draw side by side, and however many
// give back, a bucket gives as many tries as it has, and none of it takes long
// while a run writes.
func TestBucketsHoldWhatTheyHold(t *testing.T) {
	t.Parallel()
	s := shared(t)
	tx, err := s.store.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // it only keeps other writers waiting
	bucket := func(name string, tries int) rollcall.Draw {
		return rollcall.Draw{Bucket: name, Every: time.Hour, Room: time.Duration(tries) * time.Hour}
	}
	const tries, clients = 7, 40
	var drawn, kept atomic.Int64
	var all sync.WaitGroup
	for n := range clients {
		all.Go(func() {
			// Each client has a bucket of its own, then two that it shares.
			draws := []rollcall.Draw{bucket("own"+string(rune('A'+n)), 1), bucket("many", clients), bucket("few", tries)}
			for range 3 {
				_, ok, err := s.Draw(t.Context(), draws)
				if err != nil {
					t.Error(err)
					return
				}
				if !ok {
					continue
				}
				drawn.Add(1)
				if n%2 == 0 {
					if _, err := s.GiveBack(t.Context(), draws); err != nil {
						t.Error(err)
					}
					continue
				}
				kept.Add(1)
			}
		})
	}
	all.Wait()
	if kept.Load() > tries || drawn.Load() < tries {
		t.Errorf("%d tries kept and %d drawn of a bucket with %d", kept.Load(), drawn.Load(), tries)
	}
	draws := []rollcall.Draw{bucket("many", clients), bucket("few", tries)}
	owed, err := s.left(t.Context(), draws)
	if err != nil {
		t.Fatal(err)
	}
	for i := range owed {
		if got := owed[i].Round(time.Hour); got != time.Duration(kept.Load())*time.Hour {
			t.Errorf("bucket %s: %s until it is full, want %d hours", draws[i].Bucket, owed[i], kept.Load())
		}
	}
	for range tries - int(kept.Load()) {
		if _, ok, err := s.Draw(t.Context(), draws); err != nil || !ok {
			t.Fatalf("got %t, %v with tries left", ok, err)
		}
	}
	if _, ok, err := s.Draw(t.Context(), draws); err != nil || ok {
		t.Errorf("got %t, %v from an empty bucket", ok, err)
	}
	again, err := s.left(t.Context(), draws[:1])
	if err != nil || again[0].Round(time.Hour) != tries*time.Hour {
		t.Errorf("got %s, %v: a draw that was refused took from the other bucket", again[0], err)
	}
}

// TestTriesComeBackWithTime, and no more than a bucket holds.
func TestTriesComeBackWithTime(t *testing.T) {
	t.Parallel()
	s := shared(t)
	draws := []rollcall.Draw{{Bucket: "x", Every: time.Hour, Room: 3 * time.Hour}}
	left := func() (n int) {
		t.Helper()
		for ; ; n++ {
			if _, ok, err := s.Draw(t.Context(), draws); err != nil {
				t.Fatal(err)
			} else if !ok {
				return n
			}
		}
	}
	for _, c := range []struct {
		pass string // in microseconds
		want int
	}{{"0", 3}, {"0", 0}, {"7200000000", 2}, {"720000000000", 3}} {
		if err := s.run(t.Context(), "let time pass", "UPDATE sign_in_try SET full_at = full_at - "+c.pass); err != nil {
			t.Fatal(err)
		}
		if got := left(); got != c.want {
			t.Errorf("after %s µs: got %d tries, want %d", c.pass, got, c.want)
		}
	}
}

// TestPlacesAreTakenOnce, side by side, and again when their time is over.
func TestPlacesAreTakenOnce(t *testing.T) {
	t.Parallel()
	s := shared(t)
	var all sync.WaitGroup
	var mu sync.Mutex
	got := map[int]int{}
	for range 20 {
		all.Go(func() {
			place, ok, err := s.Claim(t.Context(), "anna", 4, time.Hour)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if ok {
				got[place]++
			}
		})
	}
	all.Wait()
	if diff := cmp.Diff(map[int]int{0: 1, 1: 1, 2: 1, 3: 1}, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	if err := s.Unclaim(t.Context(), "anna", 2); err != nil {
		t.Fatal(err)
	}
	if place, ok, err := s.Claim(t.Context(), "anna", 4, time.Hour); err != nil || !ok || place != 2 {
		t.Errorf("got %d, %t, %v, want the place that was freed", place, ok, err)
	}
	if _, ok, err := s.Claim(t.Context(), "anna", 4, time.Nanosecond); err != nil || !ok {
		t.Errorf("got %t, %v, want a place whose time is over", ok, err)
	}
	if err := s.Forgive(t.Context(), "anna"); err != nil {
		t.Fatal(err)
	}
	if place, ok, err := s.Claim(t.Context(), "anna", 4, time.Hour); err != nil || !ok || place != 0 {
		t.Errorf("got %d, %t, %v, want the first place", place, ok, err)
	}
}

// TestWhatNodesKnowIsClearedUp when it counts no longer, and sessions have a
// bound.
func TestWhatNodesKnowIsClearedUp(t *testing.T) {
	t.Parallel()
	s := shared(t)
	ctx, now := t.Context(), time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for _, d := range []rollcall.Draw{{Bucket: "short", Every: time.Microsecond, Room: time.Second}, {Bucket: "long", Every: time.Hour, Room: time.Hour}} {
		if _, ok, err := s.Draw(ctx, []rollcall.Draw{d}); err != nil || !ok {
			t.Fatal(ok, err)
		}
	}
	if _, _, err := s.Claim(ctx, "anna", 4, time.Hour); err != nil {
		t.Fatal(err)
	}
	for i, seen := range []time.Duration{0, time.Hour, 2 * time.Hour} {
		one := rollcall.Session{Hash: string(rune('a' + i)), Account: 7, Seal: "x", Since: now, Seen: now.Add(seen)}
		if err := s.AddSession(ctx, &one, 3); err != nil {
			t.Fatal(err)
		}
		got, found, err := s.Session(ctx, one.Hash)
		if diff := cmp.Diff(one, got); err != nil || !found || diff != "" {
			t.Errorf("got %t, %v\n%s", found, err, diff)
		}
	}
	if err := s.AddSession(ctx, &rollcall.Session{Hash: "d", Since: now, Seen: now}, 3); rollcall.KindOf(err) != rollcall.Unavailable {
		t.Errorf("a session too many: got %v", err)
	}
	if err := s.Sweep(ctx, time.Hour, now.Add(time.Hour), now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	s.has(t, 1, 1, 1)
	if err := s.Sweep(ctx, 0, now, now); err != nil {
		t.Fatal(err)
	}
	s.has(t, 1, 0, 0)
}

func (s *Shared) has(t *testing.T, buckets, places, sessions int) {
	t.Helper()
	for table, want := range map[string]int{"sign_in_try": buckets, "sign_in_guess": places, "session": sessions} {
		var got int
		if err := s.store.one(t.Context(), "SELECT count(*) FROM "+table, nil, &got); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", table, got, err, want)
		}
	}
}
