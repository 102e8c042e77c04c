package jobs_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/jobs"
	"rollcall/internal/rollcall"
	"rollcall/test/lab/postgres"
)

func contains(err error, text string) bool { return strings.Contains(err.Error(), text) }

// TestJobsSurviveAKill kills the process that runs a job with SIGKILL, and looks
// for another to run it.
func TestJobsSurviveAKill(t *testing.T) {
	t.Parallel()
	t.Run("SQLite, the next server", func(t *testing.T) {
		t.Parallel()
		store := filepath.Join(t.TempDir(), "rollcall.db")
		id, kill := doomed(t, store)
		kill()
		d := open(t, store, func(context.Context, *jobs.Job) error { return nil }, entry("people"))
		d.serve()
		d.until(id, jobs.StateDone)
	})
	t.Run("PostgreSQL, another node that is running", func(t *testing.T) {
		t.Parallel()
		store := postgres.Start(t).Database(t)
		id, kill := doomed(t, store)
		d := open(t, store, func(context.Context, *jobs.Job) error { return nil }, entry("people"))
		d.serve()
		// It lives, so its job is its own.
		if j := d.until(id, jobs.StateRunning); j.Node != "doomed" {
			t.Errorf("got %+v, want it with its node", j)
		}
		kill()
		if j := d.until(id, jobs.StateDone); j.Node == "doomed" {
			t.Errorf("got %+v, want another node to have done it", j)
		}
	})
}

// doom is what the jobs of a process that is to be killed do.
func doom(ctx context.Context, j *jobs.Job) error {
	switch j.Entry {
	case "done":
		return nil
	case "busy":
		return rollcall.Errorf(rollcall.Conflict, "somebody is at it")
	case "stopped":
		return rollcall.Errorf(rollcall.Invalid, "it makes no sense")
	case "failed", "parked":
		return rollcall.Errorf(rollcall.Unavailable, "no server answers")
	}
	fmt.Println("started")
	<-ctx.Done()
	return ctx.Err()
}

// TestAKillInEachStateOfAJob kills the process that works a queue while there is
// a job in each state. The next one does all that was not over, once, and leaves
// alone what was.
func TestAKillInEachStateOfAJob(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		killedInEachState(t, filepath.Join(t.TempDir(), "rollcall.db"))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		killedInEachState(t, postgres.Start(t).Database(t))
	})
}

func killedInEachState(t *testing.T, store string) {
	before := map[string]jobs.State{
		"people": jobs.StateRunning, "running too": jobs.StateRunning, "waiting its turn": jobs.StateQueued, "busy": jobs.StateQueued,
		"failed": jobs.StateWaiting, "done": jobs.StateDone, "parked": jobs.StateParked, "stopped": jobs.StateStopped,
	}
	_, kill := doomed(t, store)
	ids := map[string]int64{}
	d := open(t, store, nil)
	for _, name := range []string{"running too", "waiting its turn", "done", "failed", "parked", "stopped", "busy"} {
		e := entry(name)
		switch name {
		case "running too", "waiting its turn":
			e.Retries = 1 // the main lane has two workers
		case "failed":
			e.Lane, e.Retries = jobs.LaneRetry, 3
		default:
			e.Lane = jobs.LaneRetry
		}
		j, _, err := d.Put(t.Context(), e, "ann")
		if err != nil {
			t.Fatal(err)
		}
		if ids[name] = j.ID; name != "waiting its turn" && name != "busy" {
			d.until(j.ID, before[name])
		}
	}
	// One that found its source busy is queued again, for later.
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if j, err := d.Job(t.Context(), ids["busy"]); err != nil || j.State == jobs.StateQueued && j.Due.After(time.Now()) {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the busy job does not wait")
		}
	}
	kill()
	got := map[string]jobs.State{}
	list, err := d.List(t.Context(), jobs.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		ids[list[i].Entry], got[list[i].Entry] = list[i].ID, list[i].State
	}
	if diff := cmp.Diff(before, got); diff != "" {
		t.Fatalf("states at the kill (-want +got):\n%s", diff)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	done := map[string]int{}
	next := open(t, store, func(_ context.Context, j *jobs.Job) error {
		mu.Lock()
		defer mu.Unlock()
		done[j.Entry]++
		return nil
	})
	next.serve()
	want := map[string]int{}
	for name, state := range before {
		switch {
		case name == "busy": // it is due in half a minute
			if j, err := next.Job(t.Context(), ids[name]); err != nil || j.State != state && j.State != jobs.StateDone {
				t.Errorf("the busy job: got %+v, %v, want it to wait or to be done", j, err)
			}
		case state == jobs.StateDone || state == jobs.StateParked || state == jobs.StateStopped:
			if j, err := next.Job(t.Context(), ids[name]); err != nil || j.State != state {
				t.Errorf("job %s: got %+v, %v, want it %s as before", name, j, err, state)
			}
		default:
			if state == jobs.StateWaiting { // its turn comes by itself, once another process keeps the time
				if _, err := next.Requeue(t.Context(), ids[name]); err != nil && rollcall.KindOf(err) != rollcall.Conflict {
					t.Error(err)
				}
			}
			next.until(ids[name], jobs.StateDone)
			want[name] = 1
		}
	}
	mu.Lock()
	defer mu.Unlock()
	delete(done, "busy")
	if diff := cmp.Diff(want, done); diff != "" {
		t.Errorf("what the next one did (-want +got):\n%s", diff)
	}
}

// doomed starts a process that serves a queue, waits until it runs a job, and
// returns that with what kills the process.
func doomed(t *testing.T, store string) (id int64, kill func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	d := open(t, store, nil, entry("people"))
	id = d.ask("people").ID
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), crash+"="+store)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = cmd.Process.Kill() // it may be gone
		_ = cmd.Wait()         // "signal: killed"
	}
	t.Cleanup(kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "started\n" {
		t.Fatalf("got %q, %v, want the job started", line, err)
	}
	return id, kill
}
