package main

import (
	"errors"
	"log/slog"

	"rollcall/internal/engine"
	"rollcall/internal/report"
)

// progress shows an engine's progress on standard error, and logs its steps.
type progress struct {
	bar   *report.Progress
	log   *slog.Logger
	step  string
	count int
}

func (p *program) progress() *progress {
	if p.quiet || p.json && !isTerminal(p.err) {
		return &progress{log: p.log}
	}
	return &progress{log: p.log, bar: report.NewProgress(p.err, isTerminal(p.err), p.now)}
}

func (b *progress) show(e engine.Progress) {
	if step := e.Source + ": " + e.Phase; step != b.step {
		b.step, b.count = step, 0
		b.log.Debug("a step begins", slog.String("source", e.Source), slog.String("step", e.Phase), slog.Int("count", e.Total))
		b.bar.Step(step, e.Total)
	}
	b.bar.Add(e.Done - b.count)
	b.count = e.Done
}

func (b *progress) done() { b.bar.Done() }

// closing adds a close error to the error that a function returns.
func closing(f func() error, err *error) { *err = errors.Join(*err, f()) }
