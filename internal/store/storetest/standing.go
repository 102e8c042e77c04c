package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

func (s *suite) standing(t *testing.T) {
	st := s.open(t)
	src := sourceOf(t, st, Model(), 5)
	same(t, "at first", value[rollcall.Standing](t)(st.Standing(t.Context(), src.ID)), rollcall.Standing{})
	for i := range 2 {
		want := rollcall.Standing{LastComplete: Now, LastRun: int64(i + 1), Scope: "(x=?)", Fingerprint: rollcall.Hash{byte(i), 7}, Replicas: 99}
		write(t, st, func(tx *store.Tx) { must(t, tx.SaveStanding(t.Context(), src.ID, want)) })
		insertReplicas(t, st, src, replica(src, fmt.Sprint("k", i)))
		want.Replicas = i + 1
		same(t, "standing", value[rollcall.Standing](t)(st.Standing(t.Context(), src.ID)), want)
	}
}

// tally keeps the number of replicas without counting them, and forgets where a
// delta begins when some go that no run accounts for.
func (s *suite) tally(t *testing.T) {
	st := s.open(t)
	src := sourceOf(t, st, Model(), 5)
	resume := rollcall.Resume{Checkpoint: []byte("x"), LastFull: Now, Run: 3}
	list := insertReplicas(t, st, src, replica(src, "a"), replica(src, "b"), replica(src, "c"))
	is := func(what string, replicas int, resumes bool) {
		t.Helper()
		if got := value[rollcall.Standing](t)(st.Standing(t.Context(), src.ID)); got.Replicas != replicas {
			t.Errorf("%s: got %d replicas, want %d", what, got.Replicas, replicas)
		}
		if got := value[rollcall.Resume](t)(st.Resume(t.Context(), src.ID)); (got.Checkpoint != nil) != resumes {
			t.Errorf("%s: got %+v", what, got)
		}
	}
	write(t, st, func(tx *store.Tx) {
		must(t, tx.SaveStanding(t.Context(), src.ID, rollcall.Standing{LastRun: 3}))
		must(t, tx.SaveResume(t.Context(), src.ID, resume))
	})
	is("counted", 3, true)
	list = append(list, insertReplicas(t, st, src, replica(src, "d"))...)
	is("one more", 4, true)
	write(t, st, func(tx *store.Tx) {
		must(t, tx.DeleteReplicas(t.Context(), src, []int64{list[0].ID, list[1].ID}))
		must(t, tx.SaveResume(t.Context(), src.ID, resume))
	})
	is("dropped by the run that says where the next one begins", 2, true)
	write(t, st, func(tx *store.Tx) { must(t, tx.DeleteReplicas(t.Context(), src, []int64{list[2].ID})) })
	is("dropped by somebody else", 1, false)
}

func (s *suite) lastSeen(t *testing.T) {
	st := s.open(t)
	m := Model()
	src, other := sourceOf(t, st, m, 5), sourceOf(t, st, m, 6)
	a := insertReplicas(t, st, src, replica(src, "a"), replica(src, "b"))
	b := insertReplicas(t, st, other, replica(other, "a"))
	write(t, st, func(tx *store.Tx) {
		must(t, tx.SetLastSeen(t.Context(), src.ID, []int64{a[0].ID, b[0].ID}, Now.Add(1500*time.Nanosecond).In(time.FixedZone("x", 3600))))
	})
	a[0].LastSeen = Now.Add(time.Microsecond) // UTC, cut to microseconds
	same(t, "replicas", value[[]rollcall.Replica](t)(st.Replicas(t.Context(), src, replicaIDs(a))), a)
	same(t, "another source's", value[[]rollcall.Replica](t)(st.Replicas(t.Context(), other, replicaIDs(b))), b)
}

func (s *suite) moved(t *testing.T) {
	st := s.open(t)
	m := Model()
	src, other := sourceOf(t, st, m, 5), sourceOf(t, st, m, 6)
	a := insertReplicas(t, st, src, replica(src, "a"), replica(src, "b"))
	b := insertReplicas(t, st, other, replica(other, "a"))
	var was map[int64]string
	write(t, st, func(tx *store.Tx) {
		was = value[map[int64]string](t)(tx.MoveReplicas(t.Context(), src.ID, map[int64]string{a[0].ID: "CN=new", a[1].ID: a[1].Name, b[0].ID: "CN=stolen"}))
	})
	same(t, "old names", was, map[int64]string{a[0].ID: a[0].Name})
	a[0].Name = "CN=new"
	same(t, "replicas", value[[]rollcall.Replica](t)(st.Replicas(t.Context(), src, replicaIDs(a))), a)
	same(t, "another source's", value[[]rollcall.Replica](t)(st.Replicas(t.Context(), other, replicaIDs(b))), b)
}

// failedEntries follows entries through trouble: three in error, one of which a
// removal could not remove; one mended, one tried and parked, one requeued.
func (s *suite) failedEntries(t *testing.T) {
	st := s.open(t)
	src := sourceOf(t, st, Model(), 5)
	fine, bad, gone, warned := replica(src, "fine"), replica(src, "bad"), replica(src, "gone"), replica(src, "warned")
	bad.State, bad.LastError = rollcall.StateNew, "no name"
	gone.State, gone.LastError, gone.LastSeen = rollcall.StateObsolete, "cannot go", Now
	warned.LastWarning = "odd"
	list := insertReplicas(t, st, src, fine, bad, gone, warned)
	note := func() { write(t, st, func(tx *store.Tx) { must(t, tx.NoteFailed(t.Context(), src.ID, Now)) }) }
	show := func(f rollcall.FailedFilter) string {
		t.Helper()
		var b strings.Builder
		for _, e := range value[[]rollcall.FailedEntry](t)(st.FailedEntries(t.Context(), f)) {
			fmt.Fprintf(&b, "%s %q tries=%d in=%s parked=%v; ", e.Key, e.Error, e.Tries, e.Next.Sub(Now), e.Parked)
		}
		return b.String()
	}
	note()
	note() // twice is once
	const both = `bad "no name" tries=0 in=0s parked=false; gone "cannot go" tries=0 in=0s parked=false; `
	same(t, "failed", show(rollcall.FailedFilter{}), both)
	same(t, "of another source", show(rollcall.FailedFilter{Source: 6}), "")
	same(t, "due before", show(rollcall.FailedFilter{Due: Now.Add(-time.Second)}), "")
	same(t, "one of them", show(rollcall.FailedFilter{Source: 5, Due: Now, Limit: 1}), `bad "no name" tries=0 in=0s parked=false; `)

	try := func(want int, keys ...string) {
		t.Helper()
		write(t, st, func(tx *store.Tx) {
			same(t, "parked now", value[int](t)(tx.RetriedEntries(t.Context(), src.ID, keys, Now, 3)), want)
		})
	}
	try(0, "bad", "fine", "nobody")
	try(0, "bad")
	same(t, "tried twice", show(rollcall.FailedFilter{Due: Now.Add(2 * time.Minute)}), `gone "cannot go" tries=0 in=0s parked=false; bad "no name" tries=2 in=2m0s parked=false; `)
	try(1, "bad")
	try(0, "bad") // it is parked
	same(t, "parked", show(rollcall.FailedFilter{Parked: true}), `bad "no name" tries=3 in=4m0s parked=true; `)
	same(t, "due", show(rollcall.FailedFilter{Due: Now.Add(24 * time.Hour)}), `gone "cannot go" tries=0 in=0s parked=false; `)
	same(t, "requeued", value[int](t)(st.RequeueEntries(t.Context(), src.ID, []string{"bad", "nobody"}, Now)), 1)
	same(t, "failed", show(rollcall.FailedFilter{}), both)

	mended := list[1]
	mended.State, mended.LastError = rollcall.StateSynchronized, ""
	write(t, st, func(tx *store.Tx) { must(t, tx.UpdateReplicas(t.Context(), src, []rollcall.Replica{mended})) })
	same(t, "mended, before a run noted it", show(rollcall.FailedFilter{}), `gone "cannot go" tries=0 in=0s parked=false; `)
	write(t, st, func(tx *store.Tx) { must(t, tx.DeleteReplicas(t.Context(), src, []int64{list[2].ID})) })
	note()
	same(t, "all is well", show(rollcall.FailedFilter{}), "")
	same(t, "requeued", value[int](t)(st.RequeueEntries(t.Context(), src.ID, nil, Now)), 0)
}
