package jobs_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rollcall/internal/jobs"
	"rollcall/test/lab/postgres"
)

// TestJobThatCountsAsRunningAndIsNotIsQueuedAgain: how it ended was lost, as
// when the database is away for longer than the library tries to write it down.
func TestJobThatCountsAsRunningAndIsNotIsQueuedAgain(t *testing.T) {
	t.Parallel()
	store := postgres.Start(t).Database(t)
	var times atomic.Int64
	s, err := jobs.Open(t.Context(), jobs.Config{
		Store: store, Entries: []jobs.Entry{entry("people")}, Log: slog.New(slog.DiscardHandler), Look: 100 * time.Millisecond,
		Runner: func(context.Context, *jobs.Job) error { times.Add(1); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	d := desk{s, t}
	d.serve()
	j := d.until(d.ask("people").ID, jobs.StateDone)
	db, err := pgx.Connect(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), "UPDATE river_job SET state = 'running', finalized_at = NULL WHERE id = $1", j.ID); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.until(j.ID, jobs.StateDone)
	if times.Load() != 2 {
		t.Errorf("the job was done %d times, want once more", times.Load())
	}
}
