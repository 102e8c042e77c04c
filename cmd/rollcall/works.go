package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"rollcall/internal/config"
	"rollcall/internal/engine"
	"rollcall/internal/jobs"
	"rollcall/internal/notify"
	"rollcall/internal/rollcall"
)

// parts says which part of a run a kind of work does.
var parts = map[string]rollcall.Part{
	config.WorkSync:    rollcall.PartAll,
	config.WorkImport:  rollcall.PartImport,
	config.WorkRemoval: rollcall.PartRemoval,
	config.WorkQueue:   rollcall.PartRetry,
}

// laneOf keeps removals and retries from waiting for long imports.
func laneOf(work string) jobs.Lane {
	switch work {
	case config.WorkRemoval:
		return jobs.LaneRemoval
	case config.WorkQueue:
		return jobs.LaneRetry
	}
	return jobs.LaneMain
}

// jobPatience is how long a job waits for its turn to write: the first load of a
// large source, here or on another node, is no reason for all others to fail.
const jobPatience = time.Hour

// work carries out one job. The configuration may have changed since it was
// queued; what counts is the present one.
func (a *app) work(ctx context.Context, j *jobs.Job) (err error) {
	ctx = rollcall.Patient(ctx, jobPatience)
	ctx, end := a.tracer.Step(ctx, "job", slog.String("entry", j.Entry), slog.String("kind", j.Work.Kind), slog.Int("attempt", j.Attempt))
	defer func() { end(err) }()
	only, known := parts[j.Work.Kind]
	if !known {
		return rollcall.Errorf(rollcall.Invalid, "this program does not know work of kind %q", j.Work.Kind)
	}
	for _, name := range j.Work.Sources {
		if a.config.Source(name) == nil {
			return rollcall.Errorf(rollcall.NotFound, "there is no source %s in %s any more", name, a.config.Path)
		}
	}
	sources, err := a.choose(j.Work.Sources)
	if err != nil {
		return err
	}
	options := engine.Options{Kind: j.Work.Kind, By: "timetable " + j.Entry, Only: only}
	if j.By != "timetable" {
		options.By = j.By
	}
	if only == rollcall.PartRetry {
		err = a.retry(ctx, j, sources, options)
	} else {
		err = a.runJob(ctx, sources, options)
	}
	switch {
	case err == nil:
		return a.store.EndNotices(ctx, rollcall.NoticeParked, parkedJob+j.Entry, 0, a.program.now())
	case j.Attempt >= j.Attempts && isForAnother(err):
		err = errors.Join(err, a.notices.parked(context.WithoutCancel(ctx), j, err))
	}
	return err
}

// isForAnother reports whether an error is one that a job is tried again for.
func isForAnother(err error) bool {
	switch rollcall.KindOf(err) {
	case rollcall.Conflict, rollcall.Stopped, rollcall.Invalid, rollcall.Forbidden, rollcall.NotFound:
		return false
	}
	return !errors.Is(err, context.Canceled)
}

func (a *app) runJob(ctx context.Context, sources []*rollcall.Source, options engine.Options) error {
	list, err := a.jobs(ctx, sources)
	if err != nil {
		return err
	}
	result, err := a.engine.Run(ctx, list, options)
	if err != nil {
		return err
	}
	a.program.noteRun(result)
	return nil
}

// noteRun logs the end of a run that was carried out.
func (p *program) noteRun(result *engine.Result) {
	p.log.Info("a run is done", slog.Int64("run", result.Run.ID), slog.Int("count", len(result.Problems)+result.More))
}

// mostRetried is how many entries of a source one queue job tries.
const mostRetried = 1000

// retry tries again the entries that failed and are due, source by source: one
// that is being read just now does not keep the others waiting, and its own run
// tries them in any case.
func (a *app) retry(ctx context.Context, j *jobs.Job, sources []*rollcall.Source, options engine.Options) error {
	options.Retries = a.retriesOf(j.Entry)
	known, err := a.identified(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, src := range sources {
		id := rollcall.ObjectID(0)
		for i := range known {
			if known[i].Name == src.Name {
				id = known[i].ID
			}
		}
		if id == 0 {
			continue // it was never run
		}
		due, err := a.store.FailedEntries(ctx, rollcall.FailedFilter{Source: id, Due: a.program.now(), Limit: mostRetried})
		if err != nil {
			return err
		}
		if len(due) == 0 {
			continue
		}
		options.Entries = nil
		for k := range due {
			options.Entries = append(options.Entries, due[k].Key)
		}
		switch err := a.runJob(ctx, []*rollcall.Source{src}, options); {
		case rollcall.KindOf(err) == rollcall.Conflict && err != nil:
			a.program.log.Info("a source is being read; its failed entries are left to that", slog.String("source", src.Name))
		case err != nil:
			failed = errors.Join(failed, fmt.Errorf("source %s: %w", src.Name, err))
		}
	}
	return failed
}

// retriesOf is how often an entry is tried by the queue work of a line, or by
// such work that no line asked for.
func (a *app) retriesOf(line string) int {
	for _, l := range a.current().config.Timetable {
		if l.Name == line {
			return max(l.Retries, 1)
		}
	}
	return config.DefaultRetries
}

// tellParked says at the start what waits for somebody.
func (a *app) tellParked(ctx context.Context, queue *jobs.Service) {
	parked, err := queue.List(ctx, jobs.Filter{State: jobs.StateParked})
	if err != nil {
		a.program.log.Error("the queue cannot be read", slog.Any("err", err))
	}
	if len(parked) > 0 {
		a.program.log.Warn("jobs are parked: see rollcall jobs list --state parked", slog.Int("count", len(parked)))
	}
	entries, err := a.store.FailedEntries(ctx, rollcall.FailedFilter{Parked: true})
	if err != nil {
		a.program.log.Error("the failed entries cannot be read", slog.Any("err", err))
	}
	if len(entries) > 0 {
		a.program.log.Warn("entries are parked: see rollcall jobs entries --parked", slog.Int("count", len(entries)))
	}
}

// parked tells that a job failed at its last try.
func (n *notices) parked(ctx context.Context, j *jobs.Job, why error) error {
	tx, err := n.store.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // nothing to say once it is committed
	h := notify.Happening{
		Kind: rollcall.NoticeParked, At: n.now(), Sources: j.Work.Sources, Subject: fmt.Sprintf("Job %d of %s is parked", j.ID, j.Entry),
		Matter: parkedJob + j.Entry,
		Text:   fmt.Sprintf("It failed %d times, the last time so: %v\n\nrollcall jobs requeue %d tries it again, rollcall jobs forget %d does not.", j.Attempt, why, j.ID, j.ID),
	}
	if j.By != "timetable" {
		h.By = j.By
	}
	if err := n.spread(ctx, tx, &h); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	n.outbox.Wake()
	return nil
}

// keepNotices is for how long notices are kept.
const keepNotices = 180 * 24 * time.Hour

// run sends what is due, and removes what is old, until the context ends.
func (n *notices) run(ctx context.Context) error {
	sending := make(chan error, 1)
	go func() { sending <- n.outbox.Run(ctx) }()
	ticker := time.NewTicker(time.Hour)
	defer ticker.Stop()
	var err error
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ticker.C:
			if dropErr := n.store.DropNotices(ctx, n.now().Add(-keepNotices)); dropErr != nil && ctx.Err() == nil {
				err = dropErr
			}
		}
	}
	return errors.Join(err, <-sending)
}
