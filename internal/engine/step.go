package engine

import (
	"context"
	"log/slog"

	"rollcall/internal/rollcall"
)

// StepFunc begins a step of the work, for whoever follows how long each takes; a
// step that begins within its context is a part of it. The function that it
// returns ends the step: with the error it ended in, and what is known by then.
type StepFunc func(ctx context.Context, name string, about ...slog.Attr) (context.Context, func(error, ...slog.Attr))

// unfollowed is the StepFunc where nobody follows.
func unfollowed(ctx context.Context, _ string, _ ...slog.Attr) (context.Context, func(error, ...slog.Attr)) {
	return ctx, func(error, ...slog.Attr) {}
}

// part does a part of the run's work on one source, as a step.
func (r *runner) part(ctx context.Context, name string, l *load, do func(context.Context, *load) error) error {
	ctx, end := r.engine.step(ctx, name, slog.String("source", l.src.Name))
	err := do(ctx, l)
	end(err)
	return err
}

// about is what a run's step tells of it at its end.
func about(run *rollcall.Run) []slog.Attr {
	return []slog.Attr{slog.Int64("run", run.ID), slog.String("state", string(run.State))}
}
