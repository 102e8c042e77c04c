package jobs

import (
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riversqlite"
)

// TestParkedJobsAreNotCleanedUp: what River removes every half minute is not what
// waits for somebody to decide. The queue is cleaned as River does it, which
// takes too long to wait for.
func TestParkedJobsAreNotCleanedUp(t *testing.T) {
	t.Parallel()
	d, err := openSQLite(t.Context(), filepath.Join(t.TempDir(), "rollcall.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	now := time.Now()
	for state, ended := range map[string]time.Time{"discarded": now.Add(-time.Hour), "completed": now.Add(-2 * keepDone), "cancelled": now.Add(-time.Hour)} {
		_, err := d.db.ExecContext(t.Context(), `INSERT INTO river_job (state, kind, args, attempt, max_attempts, finalized_at) VALUES (?, 'x', '{}', 1, 1, ?)`,
			state, ended.UTC().Format("2006-01-02 15:04:05.000"))
		if err != nil {
			t.Fatal(err)
		}
	}
	c := (&Service{cfg: Config{Log: slog.New(slog.DiscardHandler)}}).settings()
	_, err = riversqlite.New(d.db).GetExecutor().JobDeleteBefore(t.Context(), &riverdriver.JobDeleteBeforeParams{
		CancelledDoDelete: true, CancelledFinalizedAtHorizon: now.Add(-c.CancelledJobRetentionPeriod),
		CompletedDoDelete: true, CompletedFinalizedAtHorizon: now.Add(-c.CompletedJobRetentionPeriod),
		DiscardedDoDelete: c.DiscardedJobRetentionPeriod != -1, DiscardedFinalizedAtHorizon: now.Add(-c.DiscardedJobRetentionPeriod),
		Max: 100,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := statesLeft(t, d.db); got != "cancelled discarded" {
		t.Errorf("got the jobs %q left, want those that were cancelled and parked a while ago", got)
	}
}

// statesLeft lists the states of all jobs.
func statesLeft(t *testing.T, db *sql.DB) (list string) {
	t.Helper()
	err := db.QueryRowContext(context.WithoutCancel(t.Context()), "SELECT coalesce(group_concat(state, ' ' ORDER BY state), '') FROM river_job").Scan(&list)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
