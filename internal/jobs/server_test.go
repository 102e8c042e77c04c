package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rollcall/internal/jobs"
	"rollcall/internal/rollcall"
	"rollcall/test/lab/postgres"
)

func TestTwoServersDoNotWorkOneFile(t *testing.T) {
	t.Parallel()
	store := filepath.Join(t.TempDir(), "rollcall.db")
	first := open(t, store, func(context.Context, *jobs.Job) error { return nil }, entry("people"))
	first.serve()
	first.until(first.ask("people").ID, jobs.StateDone)
	second := open(t, store, func(context.Context, *jobs.Job) error { return nil }, entry("people"))
	defer func() { _ = second.Close() }()
	if err := second.Run(t.Context()); rollcall.KindOf(err) != rollcall.Conflict {
		t.Errorf("got %v, want the second server refused", err)
	}
}

// crash makes this process one that serves a queue until it is killed.
const crash = "ROLLCALL_TEST_QUEUE"

func TestMain(m *testing.M) {
	if store := os.Getenv(crash); store != "" {
		s, err := jobs.Open(context.Background(), jobs.Config{Store: store, Entries: []jobs.Entry{entry("people")}, Node: "doomed", Runner: doom, Wait: time.Second})
		if err == nil {
			err = s.Run(context.Background())
		}
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// TestAServerThatIsStoppedAtItsStartEndsWell at whatever it is then.
func TestAServerThatIsStoppedAtItsStartEndsWell(t *testing.T) {
	t.Parallel()
	for name, store := range map[string]string{"SQLite": filepath.Join(t.TempDir(), "rollcall.db"), "PostgreSQL": postgres.Start(t).Database(t)} {
		for _, after := range []time.Duration{0, time.Millisecond, 10 * time.Millisecond} {
			d := open(t, store, func(context.Context, *jobs.Job) error { return nil }, entry("people"))
			ctx, cancel := context.WithTimeout(t.Context(), after)
			if err := d.Run(ctx); err != nil {
				t.Errorf("%s, stopped after %s: %v", name, after, err)
			}
			cancel()
			if err := d.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestPasswordsOfADatabaseAreNotTold(t *testing.T) {
	t.Parallel()
	_, err := jobs.Open(t.Context(), jobs.Config{Store: "postgres://rc:hunter2@127.0.0.1:1/none?sslmode=bogus"})
	if err == nil || errors.Is(err, pgx.ErrNoRows) || contains(err, "hunter2") {
		t.Errorf("got %v, want an error without the password", err)
	}
	_, err = jobs.Open(t.Context(), jobs.Config{Store: "postgres://rc:hunter2@127.0.0.1:1/none?connect_timeout=1"})
	if err == nil || contains(err, "hunter2") {
		t.Errorf("got %v, want an error without the password", err)
	}
}
