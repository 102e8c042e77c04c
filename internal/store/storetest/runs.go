package storetest

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

func (s *suite) runTests() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"RunsKeepEverything":                  s.runsKeep,
		"RunOfADeadProcessIsClosed":           s.runsAbandoned,
		"FinishedRunGoesWithItsTransaction":   s.runsInTx,
		"RunOvertakesHeldOnesOfItsSources":    s.runsOvertaken,
		"RunsThatDoNotExistAreNotFound":       s.runsMissing,
		"PlanIsGivenBackByteForByte":          s.plans,
		"PlanThatCannotBeReadLeavesTheOldOne": s.planBroken,
	}
}

func newRun(sources ...string) *rollcall.Run {
	r := &rollcall.Run{Kind: "sync", Started: Now, State: rollcall.RunRunning, By: "root"}
	for _, name := range sources {
		r.Sources = append(r.Sources, rollcall.SourceRun{Source: name})
	}
	return r
}

func (s *suite) runsKeep(t *testing.T) {
	st := s.open(t)
	first, second := newRun("persons", "users"), newRun("teams")
	second.Kind, second.Undoes = "undo", 1
	must(t, st.StartRun(t.Context(), first))
	must(t, st.StartRun(t.Context(), second))
	first.Ended, first.State, first.Error, first.Digest = Now.Add(time.Minute), rollcall.RunHeld, "limit", "abc"
	first.Sources[0] = rollcall.SourceRun{Source: "persons", Held: "gone", Scope: "x", Counters: rollcall.Counters{Read: 5, Deleted: 2}}
	problems := []rollcall.Problem{
		{Source: "persons", Key: "k", Entry: "CN=x", Attribute: "phone", Value: "abc", Rule: "from mail", Reason: "no number"},
		{Source: "persons", Reason: "slow", Warning: true},
	}
	must(t, st.FinishRun(t.Context(), first, problems))
	same(t, "run", value[rollcall.Run](t)(st.Run(t.Context(), first.ID)), *first)
	same(t, "runs", value[[]rollcall.Run](t)(st.Runs(t.Context(), 0)), []rollcall.Run{*second, *first})
	same(t, "newest", value[[]rollcall.Run](t)(st.Runs(t.Context(), 1)), []rollcall.Run{*second})
	same(t, "problems", value[[]rollcall.Problem](t)(st.Problems(t.Context(), first.ID)), problems)
	must(t, st.SetRunState(t.Context(), first.ID, rollcall.RunDropped))
	if got := value[rollcall.Run](t)(st.Run(t.Context(), first.ID)); got.State != rollcall.RunDropped {
		t.Errorf("got state %s, want %s", got.State, rollcall.RunDropped)
	}
}

func (s *suite) runsAbandoned(t *testing.T) {
	st := s.open(t)
	dead, alive, ended := newRun("persons", "users"), newRun("teams"), newRun("persons")
	must(t, st.StartRun(t.Context(), ended))
	ended.State, ended.Ended = rollcall.RunCompleted, Now
	must(t, st.FinishRun(t.Context(), ended, nil))
	must(t, st.StartRun(t.Context(), dead))
	must(t, st.StartRun(t.Context(), alive))
	must(t, st.StartRun(t.Context(), newRun("users")))

	got := value[rollcall.Run](t)(st.Run(t.Context(), dead.ID))
	if got.State != rollcall.RunFailed || got.Error != "the process ended before the run did; nothing was changed" || !got.Ended.Equal(Now) {
		t.Errorf("got %+v, want it closed as an error", got)
	}
	same(t, "another source's run", value[rollcall.Run](t)(st.Run(t.Context(), alive.ID)), *alive)
	same(t, "a run that ended", value[rollcall.Run](t)(st.Run(t.Context(), ended.ID)), *ended)
	// It was not dead but had lost its locks: what it did is not kept.
	dead.State, dead.Ended = rollcall.RunCompleted, Now
	wantKind(t, st.FinishRun(t.Context(), dead, nil), rollcall.Unavailable)
	wantKind(t, st.FinishRun(t.Context(), ended, nil), rollcall.Conflict)
}

func (s *suite) runsInTx(t *testing.T) {
	st := s.open(t)
	run := newRun("persons")
	must(t, st.StartRun(t.Context(), run))
	done := *run
	done.State, done.Ended = rollcall.RunCompleted, Now
	tx := begin(t, st)
	must(t, tx.FinishRun(t.Context(), &done, []rollcall.Problem{{Reason: "x"}}))
	must(t, tx.Rollback())
	same(t, "rolled back", value[rollcall.Run](t)(st.Run(t.Context(), run.ID)), *run)
	write(t, st, func(tx *store.Tx) { must(t, tx.FinishRun(t.Context(), &done, nil)) })
	same(t, "committed", value[rollcall.Run](t)(st.Run(t.Context(), run.ID)), done)
}

func (s *suite) runsOvertaken(t *testing.T) {
	st := s.open(t)
	end := func(state rollcall.RunState, sources ...string) int64 {
		t.Helper()
		run := newRun(sources...)
		must(t, st.StartRun(t.Context(), run))
		run.State, run.Ended = state, Now
		must(t, st.FinishRun(t.Context(), run, nil))
		return run.ID
	}
	persons, both, teams := end(rollcall.RunHeld, "persons"), end(rollcall.RunHeld, "persons", "users"), end(rollcall.RunHeld, "teams")
	want := func(wants ...rollcall.RunState) {
		t.Helper()
		var got []rollcall.RunState
		for _, id := range []int64{persons, both, teams} {
			got = append(got, value[rollcall.Run](t)(st.Run(t.Context(), id)).State)
		}
		same(t, "states of the held runs", got, wants)
	}
	end(rollcall.RunFailed, "persons")
	end(rollcall.RunHeld, "persons", "users")
	want(rollcall.RunHeld, rollcall.RunHeld, rollcall.RunHeld)
	end(rollcall.RunCompleted, "persons")
	want(rollcall.RunOvertaken, rollcall.RunHeld, rollcall.RunHeld)
	end(rollcall.RunCompleted, "users", "persons")
	want(rollcall.RunOvertaken, rollcall.RunOvertaken, rollcall.RunHeld)
}

func (s *suite) runsMissing(t *testing.T) {
	st := s.open(t)
	_, err := st.Run(t.Context(), 77)
	wantKind(t, err, rollcall.NotFound)
	wantKind(t, st.FinishRun(t.Context(), &rollcall.Run{ID: 77}, nil), rollcall.NotFound)
	wantKind(t, st.SetRunState(t.Context(), 77, rollcall.RunDropped), rollcall.NotFound)
	_, err = st.Plan(t.Context(), 77)
	wantKind(t, err, rollcall.NotFound)
	wantKind(t, st.SavePlan(t.Context(), 77, strings.NewReader("x")), rollcall.Conflict)
}

func (s *suite) plans(t *testing.T) {
	st := s.open(t)
	run := newRun("persons")
	must(t, st.StartRun(t.Context(), run))
	noise := rand.NewChaCha8([32]byte{1})
	for _, size := range []int{1, 0, 256 << 10, 700_001} {
		plan := make([]byte, size)
		_, _ = noise.Read(plan)
		must(t, st.SavePlan(t.Context(), run.ID, bytes.NewReader(plan)))
		r := value[io.ReadCloser](t)(st.Plan(t.Context(), run.ID))
		got, err := io.ReadAll(r)
		must(t, err)
		must(t, r.Close())
		if !bytes.Equal(got, plan) {
			t.Errorf("plan of %d bytes: got %d other ones", size, len(got))
		}
	}
}

func (s *suite) planBroken(t *testing.T) {
	st := s.open(t)
	run := newRun("persons")
	must(t, st.StartRun(t.Context(), run))
	must(t, st.SavePlan(t.Context(), run.ID, strings.NewReader("old")))
	broken := io.MultiReader(strings.NewReader("new"), iotestErr{})
	if err := st.SavePlan(t.Context(), run.ID, broken); err == nil {
		t.Error("got no error from a plan that cannot be read")
	}
	got, err := io.ReadAll(value[io.ReadCloser](t)(st.Plan(t.Context(), run.ID)))
	if must(t, err); string(got) != "old" {
		t.Errorf("got plan %q, want the old one", got)
	}
}

// iotestErr is a reader that breaks.
type iotestErr struct{}

func (iotestErr) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }
