package engine_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
)

func TestReferencesByID(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("name", "Boss", "first_name", "Pre", "email", "boss@x.com")
	id := fmt.Sprint(w.object("Person", "Pre Boss").ID)
	f := w.feed("staff", "Person", func(r *rollcall.Rules) {
		reconcileBy(r, "email")
		constant(r, "org_id", "1", "")
	}, "name", "first_name", "email", "org_id", "manager_id")
	for key, boss := range map[string]string{"a": id, "b": "999999", "c": "abc", "d": "", "e": "0", "f": " " + id + " "} {
		f.put(key, "name", key, "first_name", "F", "email", key+"@x.com", "manager_id", boss)
	}
	result, _ := w.sync()
	wantText(t, "managers", w.table("Person", "manager_id"), "F a manager_id=Pre Boss\nF c manager_id=\nF d manager_id=\nF e manager_id=\nF f manager_id=Pre Boss\nPre Boss manager_id=")
	if c := result.Run.Sources[0].Counters; c.CreatedErrors != 1 || c.CreatedWarnings != 1 {
		t.Errorf("counters: %+v, problems %+v", c, result.Problems)
	}
}

// TestTheDataSourceObjectSaysWhatIsConfigured: rules and locks are visible to
// everybody, and follow the configuration.
func TestTheDataSourceObjectSaysWhatIsConfigured(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("name", "Duty", "first_name", "On", "email", "duty@x.com")
	f := persons(w, func(r *rollcall.Rules) {
		r.Gone = rollcall.Gone{Then: rollcall.GoneUpdate, After: 7 * 24 * 3600e9, Set: []rollcall.Assignment{{Attribute: "status", Value: "inactive"}, {Attribute: "function", Value: "gone"}}}
		rule(r, "phone").Policy = rollcall.IfEmpty
	})
	job := w.job(f)
	job.Profile = engine.Profile{Description: "people", Status: "implementation", Notify: "duty@x.com", User: "nobody", IconURL: "https://x.com/i.png", AppURL: "https://x.com/$this->name$"}
	result, err := w.engine.Run(t.Context(), []engine.Job{job}, engine.Options{Kind: "sync", By: "tester"})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Problems) != 1 || !result.Problems[0].Warning || result.Problems[0].Value != "nobody" {
		t.Errorf("problems: %+v", result.Problems)
	}
	wantText(t, "source", w.table("SynchroDataSource", "description", "status", "scope_class", "notify_contact_id", "full_load_periodicity", "reconciliation_policy",
		"action_on_zero", "action_on_one", "action_on_multiple", "delete_policy", "delete_policy_update", "user_delete_policy", "url_application"),
		"persons description=people status=implementation scope_class=Person notify_contact_id=On Duty full_load_periodicity=604800 reconciliation_policy=use_attributes "+
			"action_on_zero=create action_on_one=update action_on_multiple=error delete_policy=update delete_policy_update=status:inactive;function:gone user_delete_policy=nobody url_application=https://x.com/$this->name$")
	attributes := w.table("SynchroAttribute", "update", "reconcile", "update_policy")
	for _, want := range []string{
		"email update=1 reconcile=1 update_policy=master_locked", "phone update=1 reconcile=0 update_policy=write_if_empty",
		"org_id update=1 reconcile=0 update_policy=master_locked", "function update=0 reconcile=0", "team_list update=0 reconcile=0",
	} {
		if !strings.Contains(attributes, want) {
			t.Errorf("no %q in\n%s", want, attributes)
		}
	}
	wantText(t, "reconciliation key", firstWith(w.table("SynchroAttExtKey", "reconciliation_attcode"), "org_id"), "org_id reconciliation_attcode=name")
}

func firstWith(text, prefix string) string {
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, prefix) {
			return line
		}
	}
	return ""
}

func TestProblemsAreKeptUpToANumber(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := persons(w, nil)
	const n = 10_050
	for i := range n {
		f.put(fmt.Sprintf("nokey%05d", i), "name", "N")
	}
	result, _, err := w.run(engine.Options{DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Problems) != 10_000 || result.More != 50 || result.Run.Sources[0].Counters.EntryProblems != n {
		t.Errorf("%d kept and %d more, counters %+v", len(result.Problems), result.More, result.Run.Sources[0].Counters)
	}
}

func TestASignalEndsARunInEveryPhase(t *testing.T) {
	t.Parallel()
	w := busyWorld(t)
	before := everything(w)
	for _, phase := range []string{"read", "apply", "remove"} {
		ctx, cancel := context.WithCancel(t.Context())
		jobs := make([]engine.Job, len(w.sources))
		for i, f := range w.sources {
			jobs[i] = w.job(f)
		}
		result, err := w.engine.Run(ctx, jobs, engine.Options{Kind: "sync", By: "tester", Approved: true, Progress: func(p engine.Progress) {
			if p.Phase == phase {
				cancel()
			}
		}})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("%s: got %v", phase, err)
		}
		wantText(t, phase, everything(w), before)
		if kept, err := w.store.Run(t.Context(), result.Run.ID); err != nil || kept.State != rollcall.RunFailed {
			t.Errorf("%s: the record says %+v, %v", phase, kept, err)
		}
	}
}

func TestThePlansReaderCanFail(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{})
	before := state(w, f)
	f.put("x1", "phone", "5")
	full := errors.New("the pipe is closed")
	job := w.job(f)
	_, err := w.engine.Run(t.Context(), []engine.Job{job}, engine.Options{Kind: "sync", Sink: func(*rollcall.Change) error { return full }})
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	wantText(t, "state", state(w, f), before)
}

func TestNoRoomForTheSpool(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{})
	nowhere := filepath.Join(t.TempDir(), "missing")
	w.engine = engine.New(engine.Config{Store: bridge{w.store}, Registry: w.registry, Model: w.model, SpoolDir: nowhere, Now: w.now})
	f.put("x1", "phone", "5")
	if _, _, err := w.run(engine.Options{}); rollcall.KindOf(err) != rollcall.Unavailable || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestManyWarningsAreOneText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.feed("staff", "Person", func(r *rollcall.Rules) {
		reconcileBy(r, "email")
		constant(r, "org_id", "Demo", "name")
		rule(r, "manager_id").By = "email"
		rule(r, "location_id").By = "name"
	}, "name", "first_name", "email", "org_id", "manager_id", "location_id")
	f.put("a", "name", "N", "first_name", "F", "email", "a@x.com", "manager_id", "none@x.com", "location_id", strings.Repeat("far away ", 30))
	w.sync()
	got := w.replicas(f)
	if !strings.Contains(got, "warn=2 warnings: Could not find [unique] object for 'manager_id'") || !strings.HasSuffix(got, "...") {
		t.Errorf("replicas: %s", got)
	}
}
