package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// abandoned is the error of a run whose process ended before it did.
const abandoned = "the process ended before the run did; nothing was changed"

const readRuns = "SELECT id, kind, started, ended, state, made_by, sources, error, digest, undoes FROM run"

// StartRun records that a run begins and gives it its ID. The caller holds the
// locks of the run's sources, so any other run of one of them that still counts
// as running belongs to a process that died: it is closed as an error.
func (s *Store) StartRun(ctx context.Context, run *rollcall.Run) error {
	return s.write(ctx, func(tx *Tx) error {
		if err := tx.closeAbandoned(ctx, run); err != nil {
			return fmt.Errorf("start a run: %w", err)
		}
		if err := tx.insertRun(ctx, run); err != nil {
			return fmt.Errorf("start a run: %w", err)
		}
		return nil
	})
}

func (t *Tx) insertRun(ctx context.Context, run *rollcall.Run) error {
	sources, err := json.Marshal(run.Sources)
	if err != nil {
		return err
	}
	return t.one(ctx, "INSERT INTO run (kind, started, ended, state, made_by, sources, error, digest, undoes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
		[]any{run.Kind, requiredTime(run.Started), timeText(run.Ended), string(run.State), run.By, string(sources), run.Error, run.Digest, run.Undoes}, &run.ID)
}

// requiredTime is timeText for a column that is never NULL.
func requiredTime(t time.Time) string {
	text, _ := timeText(t).(string)
	return text
}

func (t *Tx) closeAbandoned(ctx context.Context, next *rollcall.Run) error {
	running, err := t.runs(ctx, readRuns+" WHERE state = ?", []any{string(rollcall.RunRunning)})
	if err != nil {
		return err
	}
	for _, r := range running {
		shared := slices.ContainsFunc(r.Sources, func(a rollcall.SourceRun) bool {
			return slices.ContainsFunc(next.Sources, func(b rollcall.SourceRun) bool { return a.Source == b.Source })
		})
		if !shared {
			continue
		}
		_, err := t.exec(ctx, "UPDATE run SET state = ?, ended = ?, error = ? WHERE id = ?",
			string(rollcall.RunFailed), timeText(t.now()), abandoned, r.ID)
		if err != nil {
			return err
		}
	}
	return nil
}

// overtake closes the held runs that a later one of their sources made pointless:
// what they would have done is done, or no longer asked for.
func (t *Tx) overtake(ctx context.Context, done *rollcall.Run) error {
	held, err := t.runs(ctx, readRuns+" WHERE state = ? AND id < ?", []any{string(rollcall.RunHeld), done.ID})
	if err != nil {
		return err
	}
	for _, r := range held {
		left := slices.ContainsFunc(r.Sources, func(a rollcall.SourceRun) bool {
			return !slices.ContainsFunc(done.Sources, func(b rollcall.SourceRun) bool { return a.Source == b.Source && covers(b.Only, a.Only) })
		})
		if left {
			continue
		}
		if err := t.SetRunState(ctx, r.ID, rollcall.RunOvertaken); err != nil {
			return err
		}
	}
	return nil
}

// covers reports whether a run did what one that was held was to do.
func covers(done, held rollcall.Part) bool {
	return done == rollcall.PartAll || done == held && done != rollcall.PartRetry
}

// FinishRun records how a run ended, with its problems, within the transaction
// that carried it out. One that went through overtakes older held runs of its
// sources.
func (t *Tx) FinishRun(ctx context.Context, run *rollcall.Run, problems []rollcall.Problem) error {
	sources, err := json.Marshal(run.Sources)
	if err != nil {
		return fmt.Errorf("finish run %d: %w", run.ID, err)
	}
	n, err := t.exec(ctx, "UPDATE run SET ended = ?, state = ?, sources = ?, error = ?, digest = ? WHERE id = ? AND state = ?",
		timeText(run.Ended), string(run.State), string(sources), run.Error, run.Digest, run.ID, string(rollcall.RunRunning))
	if err != nil {
		return fmt.Errorf("finish run %d: %w", run.ID, err)
	}
	if n == 0 {
		return t.unfinished(ctx, run.ID)
	}
	if run.State == rollcall.RunCompleted && run.Undoes == 0 {
		if err := t.overtake(ctx, run); err != nil {
			return fmt.Errorf("finish run %d: close the held runs before it: %w", run.ID, err)
		}
	}
	return t.insertProblems(ctx, run.ID, problems)
}

func (t *Tx) insertProblems(ctx context.Context, run int64, problems []rollcall.Problem) error {
	b := t.insert("run_problem", []string{"run", "source", "entry_key", "entry", "attribute", "value", "rule", "reason", "warning"})
	for _, p := range problems {
		warning := 0
		if p.Warning {
			warning = 1
		}
		if err := b.add(ctx, run, p.Source, p.Key, p.Entry, p.Attribute, p.Value, p.Rule, p.Reason, warning); err != nil {
			return fmt.Errorf("keep the problems of run %d: %w", run, err)
		}
	}
	if err := b.flush(ctx); err != nil {
		return fmt.Errorf("keep the problems of run %d: %w", run, err)
	}
	return nil
}

// unfinished says why a run cannot end. One that another process closed lost its
// locks while it went on, as when the database was restarted: what it decided by
// is no longer so, and must not be kept.
func (t *Tx) unfinished(ctx context.Context, id int64) error {
	found, err := t.runs(ctx, readRuns+" WHERE id = ?", []any{id})
	switch {
	case err != nil:
		return fmt.Errorf("finish run %d: %w", id, err)
	case len(found) == 0:
		return rollcall.Errorf(rollcall.NotFound, "finish run %d: there is no such run", id)
	case found[0].Error == abandoned:
		return rollcall.Errorf(rollcall.Unavailable, "finish run %d: the connection to the database that held its sources was lost, and another process has taken them since; nothing was changed", id)
	}
	return rollcall.Errorf(rollcall.Conflict, "finish run %d: it has ended as %s", id, found[0].State)
}

// FinishRun records how a run ended in a transaction of its own: the run's was
// rolled back.
func (s *Store) FinishRun(ctx context.Context, run *rollcall.Run, problems []rollcall.Problem) error {
	return s.write(ctx, func(tx *Tx) error { return tx.FinishRun(ctx, run, problems) })
}

// SetRunState changes the state of a run that ended, in a transaction of its
// own: a held one is approved or dropped.
func (s *Store) SetRunState(ctx context.Context, id int64, state rollcall.RunState) error {
	return s.write(ctx, func(tx *Tx) error { return tx.SetRunState(ctx, id, state) })
}

// SetRunState changes the state of a run that ended within the transaction: one
// that is taken back.
func (t *Tx) SetRunState(ctx context.Context, id int64, state rollcall.RunState) error {
	n, err := t.exec(ctx, "UPDATE run SET state = ? WHERE id = ?", string(state), id)
	if err == nil && n == 0 {
		err = rollcall.Errorf(rollcall.NotFound, "there is no such run")
	}
	if err != nil {
		return fmt.Errorf("set the state of run %d: %w", id, err)
	}
	return nil
}

// Runs returns runs, newest first: so many, or all of them for 0.
func (q *queries) Runs(ctx context.Context, limit int) ([]rollcall.Run, error) {
	query, args := readRuns+" ORDER BY id DESC", []any(nil)
	if limit > 0 {
		query, args = query+" LIMIT ?", []any{limit}
	}
	runs, err := q.runs(ctx, query, args)
	if err != nil {
		return nil, fmt.Errorf("read the runs: %w", err)
	}
	return runs, nil
}

// RunList returns a page of runs, newest first.
func (q *queries) RunList(ctx context.Context, f rollcall.RunFilter) ([]rollcall.Run, error) {
	where, args := []string{"1 = 1"}, []any(nil)
	if len(f.States) > 0 {
		where = append(where, "state IN ("+marks(len(f.States))+")")
		for _, s := range f.States {
			args = append(args, string(s))
		}
	}
	if f.Before > 0 {
		where, args = append(where, "id < ?"), append(args, f.Before)
	}
	runs, err := q.runs(ctx, readRuns+" WHERE "+strings.Join(where, " AND ")+" ORDER BY id DESC LIMIT ?", append(args, f.Limit))
	if err != nil {
		return nil, fmt.Errorf("read the runs: %w", err)
	}
	return runs, nil
}

// Run returns one run.
func (q *queries) Run(ctx context.Context, id int64) (rollcall.Run, error) {
	runs, err := q.runs(ctx, readRuns+" WHERE id = ?", []any{id})
	if err != nil {
		return rollcall.Run{}, fmt.Errorf("read run %d: %w", id, err)
	}
	if len(runs) == 0 {
		return rollcall.Run{}, rollcall.Errorf(rollcall.NotFound, "there is no run %d", id)
	}
	return runs[0], nil
}

func (q *queries) runs(ctx context.Context, query string, args []any) ([]rollcall.Run, error) {
	var runs []rollcall.Run
	err := q.each(ctx, query, args, func(rows *sql.Rows) error {
		var r rollcall.Run
		var started, sources string
		var ended sql.NullString
		if err := rows.Scan(&r.ID, &r.Kind, &started, &ended, &r.State, &r.By, &sources, &r.Error, &r.Digest, &r.Undoes); err != nil {
			return err
		}
		var err error
		if r.Started, err = parseTime(started); err != nil {
			return err
		}
		if r.Ended, err = parseTime(ended.String); err != nil {
			return err
		}
		runs = append(runs, r)
		return json.Unmarshal([]byte(sources), &runs[len(runs)-1].Sources)
	})
	return runs, err
}

// Problems returns the problems of a run in the order they were kept.
func (q *queries) Problems(ctx context.Context, run int64) ([]rollcall.Problem, error) {
	problems, _, err := q.ProblemList(ctx, run, 0, math.MaxInt32)
	return problems, err
}

// ProblemList returns so many problems of a run that were kept after a number,
// and the number of the last one.
func (q *queries) ProblemList(ctx context.Context, run, after int64, limit int) (problems []rollcall.Problem, last int64, err error) {
	const query = "SELECT id, source, entry_key, entry, attribute, value, rule, reason, warning FROM run_problem WHERE run = ? AND id > ? ORDER BY id LIMIT ?"
	err = q.each(ctx, query, []any{run, after, limit}, func(rows *sql.Rows) error {
		var p rollcall.Problem
		var warning int
		if err := rows.Scan(&last, &p.Source, &p.Key, &p.Entry, &p.Attribute, &p.Value, &p.Rule, &p.Reason, &warning); err != nil {
			return err
		}
		p.Warning = warning != 0
		problems = append(problems, p)
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("read the problems of run %d: %w", run, err)
	}
	return problems, last, nil
}
