package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rollcall/internal/jobs"
	"rollcall/internal/rollcall"
	"rollcall/test/lab/postgres"
)

// patience bounds what a test waits for; nothing takes a tenth of it.
const patience = time.Minute

func TestSQLite(t *testing.T) {
	t.Parallel()
	suite{func(t testing.TB) string { return filepath.Join(t.TempDir(), "rollcall.db") }}.run(t)
}

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	suite{func(t testing.TB) string { return server.Database(t) }}.run(t)
}

// suite holds what is true of the queue on either database.
type suite struct{ store func(testing.TB) string }

func (s suite) run(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"JobIsDoneOnce":                     s.done,
		"JobNeverOverlapsItself":            s.unique,
		"FailedJobIsTriedAgainThenParked":   s.parked,
		"ParkedJobIsRequeued":               s.requeued,
		"RefusedJobIsNotTriedAgain":         s.refused,
		"BusySourceCostsNoTry":              s.busy,
		"QueuedJobIsCancelled":              s.cancelled,
		"RunningJobIsInterrupted":           s.cancelledInRun,
		"TimetableIsKept":                   s.timetable,
		"MissedTimeIsMadeUpFor":             s.missed,
		"InterruptedJobGoesOnAtTheNextTime": s.interrupted,
		"WhatDoesNotExistIsNotFound":        s.unknown,
		"JobsAreListedByStateAndEntry":      s.listed,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); test(t) })
	}
}

// desk is a queue whose jobs do what its work function says.
type desk struct {
	*jobs.Service
	t testing.TB
}

func open(t testing.TB, store string, runner jobs.Runner, entries ...jobs.Entry) desk {
	t.Helper()
	s, err := jobs.Open(t.Context(), jobs.Config{
		Store: store, Entries: entries, Runner: runner, Wait: 50 * time.Millisecond, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return desk{s, t}
}

// serve works jobs until the test ends, or until stop is called.
func (d desk) serve() (stop func()) {
	d.t.Helper()
	ctx, cancel := context.WithCancel(d.t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			d.t.Errorf("serve: %v", err)
		}
		if err := d.Close(); err != nil {
			d.t.Errorf("close: %v", err)
		}
	})
	d.t.Cleanup(stop)
	return stop
}

func (d desk) ask(entry string) jobs.Job {
	d.t.Helper()
	j, _, err := d.Ask(d.t.Context(), entry, "ann")
	if err != nil {
		d.t.Fatal(err)
	}
	return j
}

// until waits until a job is in a state.
func (d desk) until(id int64, state jobs.State) jobs.Job {
	d.t.Helper()
	var j jobs.Job
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		var err error
		if j, err = d.Job(d.t.Context(), id); err != nil {
			d.t.Fatal(err)
		}
		if j.State == state {
			return j
		}
	}
	d.t.Fatalf("job %d is still %s after %s, want %s: %+v", id, j.State, patience, state, j)
	return j
}

// entry is a line of the timetable; names may hold blanks, as in a configuration.
func entry(name string) jobs.Entry {
	return jobs.Entry{Name: name, Work: jobs.Work{Kind: "sync", Sources: []string{"persons", "users"}}}
}

func (s suite) done(t *testing.T) {
	var seen atomic.Pointer[jobs.Job]
	var times atomic.Int64
	d := open(t, s.store(t), func(_ context.Context, j *jobs.Job) error {
		times.Add(1)
		seen.Store(j)
		return nil
	}, entry("people"))
	d.serve()
	j := d.until(d.ask("people").ID, jobs.StateDone)
	got := seen.Load()
	if times.Load() != 1 || got.Entry != "people" || got.By != "ann" || got.Work.Kind != "sync" || !slices.Equal(got.Work.Sources, []string{"persons", "users"}) {
		t.Errorf("got %+v %d times, want the entry's work once", got, times.Load())
	}
	if j.Attempt != 1 || j.Attempts != 1 || j.Error != "" || j.Node == "" || j.Ended.IsZero() {
		t.Errorf("got %+v, want it done at the first try", j)
	}
}

func (s suite) unique(t *testing.T) {
	goOn := make(chan struct{})
	d := open(t, s.store(t), func(ctx context.Context, _ *jobs.Job) error {
		select {
		case <-goOn:
		case <-ctx.Done():
		}
		return ctx.Err()
	}, entry("people"), entry("teams"))
	first := d.ask("people")
	if j, isNew, err := d.Ask(t.Context(), "people", "bob"); err != nil || isNew || j.ID != first.ID {
		t.Errorf("queued: got job %d (new: %t), %v, want job %d", j.ID, isNew, err, first.ID)
	}
	d.serve()
	d.until(first.ID, jobs.StateRunning)
	if j, isNew, err := d.Ask(t.Context(), "people", "bob"); err != nil || isNew || j.ID != first.ID {
		t.Errorf("running: got job %d (new: %t), %v, want job %d", j.ID, isNew, err, first.ID)
	}
	if j, isNew, err := d.Ask(t.Context(), "teams", "bob"); err != nil || !isNew {
		t.Errorf("another entry: got job %d (new: %t), %v, want a new one", j.ID, isNew, err)
	}
	close(goOn)
	d.until(first.ID, jobs.StateDone)
	if j, isNew, err := d.Ask(t.Context(), "people", "bob"); err != nil || !isNew {
		t.Errorf("done: got job %d (new: %t), %v, want a new one", j.ID, isNew, err)
	}
}

func (s suite) parked(t *testing.T) {
	var times atomic.Int64
	e := entry("people")
	e.Retries = 2
	d := open(t, s.store(t), func(context.Context, *jobs.Job) error {
		return fmt.Errorf("try %d: %w", times.Add(1), rollcall.Errorf(rollcall.Unavailable, "no answer"))
	}, e)
	d.serve()
	j := d.until(d.ask("people").ID, jobs.StateParked)
	if times.Load() != 3 || j.Attempt != 3 || j.Error != "try 3: no answer" {
		t.Errorf("got %d tries, %+v, want three, and the last error", times.Load(), j)
	}
}

func (s suite) requeued(t *testing.T) {
	var fine atomic.Bool
	d := open(t, s.store(t), func(context.Context, *jobs.Job) error {
		if fine.Load() {
			return nil
		}
		return errors.New("no answer")
	}, entry("people"))
	d.serve()
	id := d.ask("people").ID
	d.until(id, jobs.StateParked)
	fine.Store(true)
	if _, err := d.Requeue(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	d.until(id, jobs.StateDone)
	if _, err := d.Requeue(t.Context(), id); rollcall.KindOf(err) != rollcall.Conflict {
		t.Errorf("got %v, want a job that is done left alone", err)
	}
	if err := d.Forget(t.Context(), id); err != nil {
		t.Error(err)
	}
	if _, err := d.Job(t.Context(), id); rollcall.KindOf(err) != rollcall.NotFound {
		t.Errorf("got %v, want it forgotten", err)
	}
}

func (s suite) refused(t *testing.T) {
	var times atomic.Int64
	e := entry("people")
	e.Retries = 5
	d := open(t, s.store(t), func(context.Context, *jobs.Job) error {
		times.Add(1)
		return rollcall.Errorf(rollcall.Stopped, "run 7 is held")
	}, e)
	d.serve()
	j := d.until(d.ask("people").ID, jobs.StateStopped)
	if times.Load() != 1 || j.Error != "run 7 is held" {
		t.Errorf("got %d tries, %+v, want one", times.Load(), j)
	}
}

func (s suite) busy(t *testing.T) {
	tried := make(chan struct{}, 1)
	d := open(t, s.store(t), func(context.Context, *jobs.Job) error {
		tried <- struct{}{}
		return rollcall.Errorf(rollcall.Conflict, "somebody is at it")
	}, entry("people"))
	d.serve()
	id := d.ask("people").ID
	<-tried
	j := d.until(id, jobs.StateQueued)
	if j.Attempt != 0 || !j.Due.After(time.Now()) {
		t.Errorf("got %+v, want no try counted and a time to come", j)
	}
}

func (s suite) cancelled(t *testing.T) {
	d := open(t, s.store(t), nil, entry("people"))
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	id := d.ask("people").ID
	if err := d.Forget(t.Context(), id); rollcall.KindOf(err) != rollcall.Conflict {
		t.Errorf("got %v, want a queued job not forgotten", err)
	}
	if _, err := d.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if j := d.until(id, jobs.StateStopped); j.Ended.IsZero() {
		t.Errorf("got %+v, want it ended", j)
	}
	if _, err := d.Cancel(t.Context(), id); rollcall.KindOf(err) != rollcall.Conflict {
		t.Errorf("got %v, want it cancelled once", err)
	}
	if _, isNew, err := d.Ask(t.Context(), "people", "bob"); err != nil || !isNew {
		t.Errorf("got new: %t, %v, want a cancelled job to make room", isNew, err)
	}
}

func (s suite) cancelledInRun(t *testing.T) {
	started := make(chan struct{})
	d := open(t, s.store(t), func(ctx context.Context, _ *jobs.Job) error {
		close(started)
		<-ctx.Done()
		return fmt.Errorf("run 3: %w", ctx.Err())
	}, entry("people"))
	d.serve()
	id := d.ask("people").ID
	<-started
	if _, err := d.Cancel(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	d.until(id, jobs.StateStopped)
}

func (s suite) interrupted(t *testing.T) {
	store := s.store(t)
	started := make(chan struct{}, 1)
	d := open(t, store, func(ctx context.Context, _ *jobs.Job) error {
		started <- struct{}{}
		<-ctx.Done()
		return fmt.Errorf("run 3: %w", ctx.Err())
	}, entry("people"))
	stop := d.serve()
	id := d.ask("people").ID
	<-started
	stop()
	d = open(t, store, func(context.Context, *jobs.Job) error { return nil }, entry("people"))
	d.serve()
	if j := d.until(id, jobs.StateDone); j.Attempt != 1 {
		t.Errorf("got %+v, want the interruption to cost no try", j)
	}
}

func (s suite) unknown(t *testing.T) {
	d := open(t, s.store(t), nil, entry("people"))
	defer func() { _ = d.Close() }()
	_, _, err := d.Ask(t.Context(), "poeple", "ann")
	if rollcall.KindOf(err) != rollcall.NotFound {
		t.Errorf("got %v, want NotFound", err)
	}
	for name, call := range map[string]func() error{
		"job":     func() error { _, err := d.Job(t.Context(), 77); return err },
		"requeue": func() error { _, err := d.Requeue(t.Context(), 77); return err },
		"cancel":  func() error { _, err := d.Cancel(t.Context(), 77); return err },
		"forget":  func() error { return d.Forget(t.Context(), 77) },
	} {
		if err := call(); rollcall.KindOf(err) != rollcall.NotFound {
			t.Errorf("%s: got %v, want NotFound", name, err)
		}
	}
	if _, err := d.List(t.Context(), jobs.Filter{State: "lost"}); rollcall.KindOf(err) != rollcall.Invalid {
		t.Errorf("got %v, want an unknown state refused", err)
	}
}

func (s suite) listed(t *testing.T) {
	d := open(t, s.store(t), nil, entry("people"), entry("te'ams"))
	defer func() { _ = d.Close() }()
	people, teams := d.ask("people").ID, d.ask("te'ams").ID
	if _, err := d.Cancel(t.Context(), teams); err != nil {
		t.Fatal(err)
	}
	again := d.ask("te'ams").ID
	for _, test := range []struct {
		filter jobs.Filter
		want   []int64
	}{
		{jobs.Filter{}, []int64{again, teams, people}},
		{jobs.Filter{Limit: 2}, []int64{again, teams}},
		{jobs.Filter{Entry: "te'ams"}, []int64{again, teams}},
		{jobs.Filter{State: jobs.StateQueued}, []int64{again, people}},
		{jobs.Filter{State: jobs.StateStopped, Entry: "te'ams"}, []int64{teams}},
		{jobs.Filter{State: jobs.StateParked}, nil},
	} {
		list, err := d.List(t.Context(), test.filter)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, j := range list {
			got = append(got, j.ID)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%+v: got jobs %v, want %v", test.filter, got, test.want)
		}
	}
}
