package reconcile_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rollcall/internal/reconcile"
	"rollcall/internal/rollcall"
)

// TestJoinTakesEveryAction has a row for every count of matches and every
// action that may be configured for it.
func TestJoinTakesEveryAction(t *testing.T) {
	t.Parallel()
	const (
		noMatch   = "Could not find a match for reconciliation"
		oneMatch  = "Found a match while expecting several"
		twoMatch  = "2 destination objects match the reconciliation criterias: email=a@x.com AND name=Klein"
		create    = rollcall.ActCreate
		update    = rollcall.ActUpdate
		takeFirst = rollcall.ActTakeFirst
		fail      = rollcall.ActError
	)
	for _, c := range []struct {
		found           int
		none, one, many rollcall.Action
		want            rollcall.Action
		wantError       string
	}{
		{0, create, update, fail, create, ""},
		{0, fail, update, fail, fail, noMatch},
		{0, create, fail, create, create, ""},
		{1, create, update, fail, update, ""},
		{1, fail, update, takeFirst, update, ""},
		{1, create, fail, fail, fail, oneMatch},
		{2, create, update, fail, fail, twoMatch},
		{2, create, update, create, create, ""},
		{2, create, update, takeFirst, update, ""},
		{2, fail, fail, takeFirst, update, ""},
	} {
		rules := rollcall.Rules{OnNone: c.none, OnOne: c.one, OnMany: c.many}
		got := reconcile.Join(&rules, c.found, func() string {
			return reconcile.Criteria([]string{"email", "name"}, []string{"a@x.com", "Klein"})
		})
		if got.Action != c.want || got.Error != c.wantError {
			t.Errorf("%d found, none %s, one %s, many %s: got %+v, want %s %q", c.found, c.none, c.one, c.many, got, c.want, c.wantError)
		}
	}
}

// TestDifferKeepsEveryPolicy has a row for every policy, with the source's
// value changed or not, the object's value the same, another or none, and the
// entry tied just now or before.
func TestDifferKeepsEveryPolicy(t *testing.T) {
	t.Parallel()
	const joined, same, changed = "joined", "same", "changed"
	for _, c := range []struct {
		policy  rollcall.UpdatePolicy
		source  string // what happened to the source's value
		current string // of the object; the source says "new"
		want    string // why; "" for left alone
	}{
		{rollcall.Locked, joined, "old", reconcile.WhyJoined},
		{rollcall.Locked, joined, "", reconcile.WhyJoined},
		{rollcall.Locked, joined, "new", ""},
		{rollcall.Locked, same, "old", reconcile.WhyDrift},
		{rollcall.Locked, same, "", reconcile.WhyDrift},
		{rollcall.Locked, same, "new", ""},
		{rollcall.Locked, changed, "old", reconcile.WhySource},
		{rollcall.Locked, changed, "", reconcile.WhySource},
		{rollcall.Locked, changed, "new", ""},
		{rollcall.Unlocked, joined, "old", reconcile.WhyJoined},
		{rollcall.Unlocked, joined, "", reconcile.WhyJoined},
		{rollcall.Unlocked, joined, "new", ""},
		{rollcall.Unlocked, same, "old", ""},
		{rollcall.Unlocked, same, "", ""},
		{rollcall.Unlocked, same, "new", ""},
		{rollcall.Unlocked, changed, "old", reconcile.WhySource},
		{rollcall.Unlocked, changed, "", reconcile.WhySource},
		{rollcall.Unlocked, changed, "new", ""},
		{rollcall.IfEmpty, joined, "old", ""},
		{rollcall.IfEmpty, joined, "", reconcile.WhyEmpty},
		{rollcall.IfEmpty, joined, "new", ""},
		{rollcall.IfEmpty, same, "old", ""},
		{rollcall.IfEmpty, same, "", reconcile.WhyEmpty},
		{rollcall.IfEmpty, same, "new", ""},
		{rollcall.IfEmpty, changed, "old", ""},
		{rollcall.IfEmpty, changed, "", reconcile.WhyEmpty},
		{rollcall.IfEmpty, changed, "new", ""},
	} {
		rules := rollcall.Rules{Attributes: []rollcall.AttributeRule{{Update: true, Policy: c.policy}}}
		after := rollcall.Row{{Text: "new", Set: true}}
		before := map[string]rollcall.Row{joined: nil, same: after, changed: {{Text: "was", Set: true}}}[c.source]
		steps := reconcile.Differ(&rules, []string{c.current}, []reconcile.Value{{IsSet: true, Text: "new"}}, before, after)
		var want []reconcile.Step
		if c.want != "" {
			want = []reconcile.Step{{Rule: 0, Why: c.want}}
		}
		if diff := cmp.Diff(want, steps); diff != "" {
			t.Errorf("%s, source %s, object has %q: %s", c.policy, c.source, c.current, diff)
		}
	}
}

func TestDifferLeavesAloneWhatItMayNotWrite(t *testing.T) {
	t.Parallel()
	rules := rollcall.Rules{Attributes: []rollcall.AttributeRule{
		{Update: false, Policy: rollcall.Locked},
		{Update: true, Policy: rollcall.Locked},
	}}
	steps := reconcile.Differ(&rules, []string{"old", "old"}, []reconcile.Value{{IsSet: true, Text: "new"}, {}}, nil, make(rollcall.Row, 2))
	if len(steps) != 0 {
		t.Errorf("got %v for an attribute used to join only and one without a value, want nothing", steps)
	}
}

// TestTwiceIsOnce: once every step is taken, the same entry asks for nothing.
func TestTwiceIsOnce(t *testing.T) {
	t.Parallel()
	policies := []rollcall.UpdatePolicy{rollcall.Locked, rollcall.Unlocked, rollcall.IfEmpty}
	text := rapid.SampledFrom([]string{"", "a", "b", "c"})
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "attributes")
		rules := rollcall.Rules{Attributes: make([]rollcall.AttributeRule, n)}
		current, wanted := make([]string, n), make([]reconcile.Value, n)
		before, after := make(rollcall.Row, n), make(rollcall.Row, n)
		for i := range n {
			rules.Attributes[i] = rollcall.AttributeRule{Update: true, Policy: rapid.SampledFrom(policies).Draw(t, "policy")}
			current[i] = text.Draw(t, "current")
			after[i] = rollcall.Cell{Text: text.Draw(t, "after"), Set: true}
			before[i] = rollcall.Cell{Text: text.Draw(t, "before"), Set: true}
			wanted[i] = reconcile.Value{IsSet: true, Text: after[i].Text}
		}
		if rapid.Bool().Draw(t, "joined") {
			before = nil
		}
		for _, step := range reconcile.Differ(&rules, current, wanted, before, after) {
			current[step.Rule] = wanted[step.Rule].Text
		}
		if again := reconcile.Differ(&rules, current, wanted, after, after); len(again) != 0 {
			t.Fatalf("the same entry again asks for %v", again)
		}
	})
}

// TestAbsentFollowsThePolicy has a row for every policy, state of the replica
// and stage of time.
func TestAbsentFollowsThePolicy(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	const (
		synchronized = rollcall.StateSynchronized
		obsolete     = rollcall.StateObsolete
		none         = rollcall.Verb("")
	)
	for _, c := range []struct {
		name    string
		then    rollcall.Deprovision
		state   rollcall.ReplicaState
		creator bool
		tied    bool
		away    time.Duration
		first   bool
		want    rollcall.Verb
	}{
		{"ignored, first", rollcall.GoneIgnore, synchronized, true, true, 400 * day, true, rollcall.VerbMiss},
		{"ignored, later", rollcall.GoneIgnore, synchronized, true, true, 400 * day, false, none},
		{"unset is ignored", "", synchronized, true, true, 400 * day, false, none},
		{"within the interval, first", rollcall.GoneDelete, synchronized, true, true, 6 * day, true, rollcall.VerbMiss},
		{"within the interval, later", rollcall.GoneDelete, synchronized, true, true, 6 * day, false, none},
		{"deleted when its time is up", rollcall.GoneDelete, synchronized, true, true, 7 * day, false, rollcall.VerbDelete},
		{"deleted at once after a long pause", rollcall.GoneDelete, synchronized, true, true, 8 * day, true, rollcall.VerbDelete},
		{"let go: not its own", rollcall.GoneDelete, synchronized, false, true, 7 * day, false, rollcall.VerbForget},
		{"a failed deletion is tried again", rollcall.GoneDelete, obsolete, true, true, 9 * day, false, rollcall.VerbDelete},
		{"modified is deleted too", rollcall.GoneDelete, rollcall.StateModified, true, true, 9 * day, false, rollcall.VerbDelete},
		{"an orphan is forgotten through its object", rollcall.GoneDelete, rollcall.StateOrphan, true, true, 9 * day, false, rollcall.VerbDelete},
		{"never had an object", rollcall.GoneDelete, rollcall.StateNew, false, false, 9 * day, false, rollcall.VerbForget},
		{"never had an object, in time", rollcall.GoneUpdate, rollcall.StateNew, false, false, 3 * day, false, none},
		{"never had an object, disable", rollcall.GoneUpdate, rollcall.StateNew, false, false, 9 * day, false, rollcall.VerbForget},
		{"disabled", rollcall.GoneUpdate, synchronized, true, true, 7 * day, false, rollcall.VerbDisable},
		{"disabled, not its own", rollcall.GoneUpdate, synchronized, false, true, 7 * day, false, rollcall.VerbDisable},
		{"disabled once", rollcall.GoneUpdate, obsolete, true, true, 900 * day, false, none},
		{"disabled before deleted", rollcall.GoneUpdateThenDelete, synchronized, true, true, 900 * day, false, rollcall.VerbDisable},
		{"retention runs", rollcall.GoneUpdateThenDelete, obsolete, true, true, 96 * day, false, none},
		{"retention is over", rollcall.GoneUpdateThenDelete, obsolete, true, true, 97 * day, false, rollcall.VerbDelete},
		{"retention is over, not its own", rollcall.GoneUpdateThenDelete, obsolete, false, true, 97 * day, false, rollcall.VerbForget},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			gone := rollcall.Gone{After: 7 * day, Then: c.then, DeleteAfter: 90 * day}
			replica := rollcall.Replica{State: c.state, IsCreator: c.creator}
			if c.tied {
				replica.Dest = rollcall.Ref{Class: "Person", ID: 7}
			}
			seen := now.Add(-c.away)
			if !c.first {
				replica.LastSeen = seen
			}
			if got := reconcile.Absent(gone, &replica, seen, now); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestAbsentNeverDeletesWhatTheSourceDidNotMake holds for every rule, state and time.
func TestAbsentNeverDeletesWhatTheSourceDidNotMake(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		gone := rollcall.Gone{
			After:       time.Duration(rapid.IntRange(0, 100).Draw(t, "after")) * time.Hour,
			Then:        rapid.SampledFrom([]rollcall.Deprovision{"", rollcall.GoneIgnore, rollcall.GoneDelete, rollcall.GoneUpdate, rollcall.GoneUpdateThenDelete}).Draw(t, "then"),
			DeleteAfter: time.Duration(rapid.IntRange(0, 100).Draw(t, "delete_after")) * time.Hour,
		}
		seen := now.Add(-time.Duration(rapid.IntRange(0, 300).Draw(t, "away")) * time.Hour)
		replica := rollcall.Replica{
			State:     rapid.SampledFrom([]rollcall.ReplicaState{rollcall.StateNew, rollcall.StateSynchronized, rollcall.StateModified, rollcall.StateOrphan, rollcall.StateObsolete}).Draw(t, "state"),
			IsCreator: rapid.Bool().Draw(t, "creator"),
			Dest:      rollcall.Ref{ID: rollcall.ObjectID(rapid.IntRange(0, 1).Draw(t, "dest"))},
		}
		verb := reconcile.Absent(gone, &replica, seen, now)
		switch {
		case verb == rollcall.VerbDelete && !replica.IsCreator:
			t.Fatal("would delete an object that the source only found")
		case verb != "" && verb != rollcall.VerbMiss && now.Sub(seen) < gone.After:
			t.Fatalf("would %s before its time is up", verb)
		case verb != "" && verb != rollcall.VerbMiss && (gone.Then == "" || gone.Then == rollcall.GoneIgnore):
			t.Fatalf("would %s although gone is ignored", verb)
		}
	})
}
