package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	_ "time/tzdata" // time zones of the timetable on machines without the database

	"rollcall/internal/engine"
	"rollcall/internal/jobs"
	"rollcall/internal/rollcall"
)

// workSync is the kind of work that runs sources.
const workSync = "sync"

// working opens the queue of a server, which keeps the timetable and carries
// jobs out. The caller runs and closes it.
func (a *app) working(ctx context.Context) (*jobs.Service, error) {
	entries, err := a.entries()
	if err != nil {
		return nil, err
	}
	return jobs.Open(ctx, jobs.Config{Store: a.config.Store, Entries: entries, Runner: a.work, Now: a.program.now, Log: a.program.log})
}

// work carries out one job. The configuration may have changed since it was
// queued; what counts is the present one.
func (a *app) work(ctx context.Context, j *jobs.Job) error {
	if j.Work.Kind != workSync {
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
	list, err := a.jobs(ctx, sources)
	if err != nil {
		return err
	}
	by := "timetable " + j.Entry
	if j.By != "timetable" {
		by = j.By
	}
	result, err := a.engine.Run(ctx, list, engine.Options{Kind: "sync", By: by})
	if err != nil {
		return err
	}
	a.program.log.Info("a run is done", slog.Int64("run", result.Run.ID), slog.Int("count", len(result.Problems)+result.More))
	return nil
}

// alongside runs what a server does besides answering: jobs and the outbox. Stop
// ends both and returns what went wrong.
func (a *app) alongside(ctx context.Context, queue *jobs.Service) (stop func() error) {
	var parts []func(context.Context) error
	if len(a.config.Sources) > 0 { // else there is nothing to work
		parts = append(parts, queue.Run)
	}
	ctx, cancel := context.WithCancel(ctx)
	if a.notices != nil {
		parts = append(parts, a.notices.outbox.Run)
	}
	ended := make(chan error, len(parts))
	for _, part := range parts {
		go func() {
			err := part(ctx)
			if err != nil && ctx.Err() == nil {
				a.program.log.Error("a part of the server ended", slog.Any("err", err))
			}
			ended <- err
		}()
	}
	return func() error {
		cancel()
		var err error
		for range parts {
			err = errors.Join(err, <-ended)
		}
		return err
	}
}

func joinedOr(list []string, otherwise string) string {
	if len(list) == 0 {
		return otherwise
	}
	return strings.Join(list, ", ")
}
