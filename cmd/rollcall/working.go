package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	_ "time/tzdata" // time zones of the timetable on machines without the database

	"rollcall/internal/jobs"
)

// working opens the queue of a server, which keeps the timetable and carries
// jobs out. The caller runs and closes it.
func (a *app) working(ctx context.Context) (*jobs.Service, error) {
	entries, err := a.entries()
	if err != nil {
		return nil, err
	}
	return jobs.Open(ctx, jobs.Config{Store: a.config.Store, Entries: entries, Runner: a.work, Now: a.program.now, Log: a.program.log})
}

// alongside runs what a server does besides answering: jobs and the outbox. Stop
// ends both and returns what went wrong.
func (a *app) alongside(ctx context.Context, queue *jobs.Service) (stop func() error) {
	var parts []func(context.Context) error
	if len(a.config.Sources) > 0 { // else there is nothing to work
		parts = append(parts, queue.Run)
	}
	ctx, cancel := context.WithCancel(ctx)
	parts = append(parts, a.notices.run, func(ctx context.Context) error { return a.follow(ctx, queue) })
	a.tellParked(ctx, queue)
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
