package jobs_test

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/internal/jobs"
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
