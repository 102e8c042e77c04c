package storetest

import (
	"io"
	"strings"
	"testing"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

func (s *suite) pageTests() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"ReplicasComeInPages":        s.replicaPages,
		"RunsAndProblemsComeInPages": s.runPages,
		"GrantsOfABindingInPages":    s.grantPages,
		"HistoryGoesOnAfterAStep":    s.historyAfter,
		"PlanThatWasAskedForIsKept":  s.planKept,
	}
}

func (s *suite) replicaPages(t *testing.T) {
	st := s.open(t)
	src, other := sourceOf(t, st, Model(), 5), sourceOf(t, st, Model(), 6)
	var all []rollcall.Replica
	for i, key := range []string{"a", "b", "c", "d", "e"} {
		r := replica(src, key)
		switch i {
		case 1:
			r.State = rollcall.StateObsolete
		case 2:
			r.LastError = "no"
		case 3:
			r.LastWarning = "hm"
		}
		all = append(all, r)
	}
	insertReplicas(t, st, src, all...)
	insertReplicas(t, st, other, replica(other, "z"))
	keys := func(f rollcall.ReplicaFilter) string {
		t.Helper()
		var list []string
		for _, r := range value[[]rollcall.Replica](t)(st.ReplicaList(t.Context(), f)) {
			list = append(list, r.Key)
		}
		return strings.Join(list, "")
	}
	first := value[[]rollcall.Replica](t)(st.ReplicaList(t.Context(), rollcall.ReplicaFilter{Source: src.ID, Limit: 2}))
	for _, tt := range []struct {
		filter rollcall.ReplicaFilter
		want   string
	}{
		{rollcall.ReplicaFilter{Limit: 10}, "abcde"},
		{rollcall.ReplicaFilter{Limit: 2}, "ab"},
		{rollcall.ReplicaFilter{Limit: 2, After: first[1].ID}, "cd"},
		{rollcall.ReplicaFilter{Limit: 10, State: rollcall.StateObsolete}, "b"},
		{rollcall.ReplicaFilter{Limit: 10, IsTroubled: true}, "cd"},
		{rollcall.ReplicaFilter{Limit: 10, IsTroubled: true, State: rollcall.StateObsolete}, ""},
	} {
		tt.filter.Source = src.ID
		if got := keys(tt.filter); got != tt.want {
			t.Errorf("%+v: got %s, want %s", tt.filter, got, tt.want)
		}
	}
}

func (s *suite) runPages(t *testing.T) {
	st := s.open(t)
	for i := range 5 {
		run := newRun("persons")
		must(t, st.StartRun(t.Context(), run))
		run.State, run.Ended = rollcall.RunCompleted, Now
		if i%2 == 0 {
			run.State = rollcall.RunFailed
		}
		must(t, st.FinishRun(t.Context(), run, []rollcall.Problem{{Reason: "1"}, {Reason: "2"}, {Reason: "3"}}))
	}
	ids := func(f rollcall.RunFilter) (list []int64) {
		t.Helper()
		for _, r := range value[[]rollcall.Run](t)(st.RunList(t.Context(), f)) {
			list = append(list, r.ID)
		}
		return list
	}
	same(t, "newest", ids(rollcall.RunFilter{Limit: 2}), []int64{5, 4})
	same(t, "older", ids(rollcall.RunFilter{Limit: 2, Before: 4}), []int64{3, 2})
	same(t, "failed", ids(rollcall.RunFilter{Limit: 5, States: []rollcall.RunState{rollcall.RunFailed, rollcall.RunHeld}}), []int64{5, 3, 1})

	list, last, err := st.ProblemList(t.Context(), 2, 0, 2)
	must(t, err)
	same(t, "problems", list, []rollcall.Problem{{Reason: "1"}, {Reason: "2"}})
	list, _, err = st.ProblemList(t.Context(), 2, last, 2)
	must(t, err)
	same(t, "further problems", list, []rollcall.Problem{{Reason: "3"}})
}

func (s *suite) grantPages(t *testing.T) {
	st := s.open(t)
	elsewhere := team(15, 21, 35)
	elsewhere.Binding = "other"
	write(t, st, func(tx *store.Tx) {
		must(t, tx.InsertGrants(t.Context(), 5, 1, []rollcall.Grant{team(13, 21, 33), team(12, 22, 32), elsewhere, team(12, 21, 31)}))
	})
	page := value[[]rollcall.Grant](t)(st.GrantList(t.Context(), 5, team(0, 0, 0).Binding, 0, 2))
	if len(page) != 2 || page[0].Holder != 13 || page[1].Target != 22 {
		t.Fatalf("got %+v, want the first two as they were given", page)
	}
	page = value[[]rollcall.Grant](t)(st.GrantList(t.Context(), 5, team(0, 0, 0).Binding, page[1].ID, 2))
	if len(page) != 1 || page[0].Link != 31 {
		t.Errorf("got %+v, want the last of the binding", page)
	}
}

func (s *suite) historyAfter(t *testing.T) {
	st := s.open(t)
	write(t, st, func(tx *store.Tx) {
		var steps []rollcall.History
		for id := range rollcall.ObjectID(4) {
			steps = append(steps, rollcall.History{Origin: rollcall.Origin{Run: 7, At: Now}, Verb: rollcall.HistoryCreate, Object: rollcall.Ref{Class: "Person", ID: id + 1}})
		}
		must(t, tx.InsertHistory(t.Context(), steps))
	})
	var got []rollcall.History
	read := func(after int64) {
		t.Helper()
		must(t, st.History(t.Context(), rollcall.HistoryFilter{Run: 7, After: after, Limit: 2}, func(h *rollcall.History) error {
			got = append(got, *h)
			return nil
		}))
	}
	read(0)
	read(got[1].ID)
	for i, h := range got {
		if h.Object.ID != rollcall.ObjectID(i+1) {
			t.Errorf("step %d is of object %d", i, h.Object.ID)
		}
	}
	if len(got) != 4 {
		t.Errorf("got %d steps, want 4", len(got))
	}
}

func (s *suite) planKept(t *testing.T) {
	st := s.open(t)
	running := newRun("persons")
	must(t, st.StartRun(t.Context(), running))
	plan := newRun("persons")
	plan.Kind, plan.State, plan.Ended, plan.Digest = "plan", rollcall.RunHeld, Now, "abc"
	problems := []rollcall.Problem{{Source: "persons", Reason: "no key"}}
	must(t, st.KeepPlan(t.Context(), plan, problems, strings.NewReader(`{"key":"1"}`)))
	same(t, "the plan", value[rollcall.Run](t)(st.Run(t.Context(), plan.ID)), *plan)
	same(t, "its problems", value[[]rollcall.Problem](t)(st.Problems(t.Context(), plan.ID)), problems)
	changes := value[io.ReadCloser](t)(st.Plan(t.Context(), plan.ID))
	same(t, "its changes", string(value[[]byte](t)(io.ReadAll(changes))), `{"key":"1"}`)
	// A run of the source that is under way goes on.
	same(t, "the run beside it", value[rollcall.Run](t)(st.Run(t.Context(), running.ID)), *running)
}
