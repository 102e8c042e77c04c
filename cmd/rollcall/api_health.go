package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"rollcall/internal/jobs"
	"rollcall/internal/rollcall"
	"rollcall/internal/server"
)

// health tells how the sources and the queue do, for /metrics and /readyz.
type health struct {
	*app
	queue  *jobs.Service
	recent *recent
}

// measure adds the metrics of runs and of the queue.
func (h *health) measure(m *server.Metrics) {
	h.family(m, "rollcall_source_last_run_start_seconds", "When the last run of a source started, in Unix time.", []string{"source"},
		ofLast(func(run *rollcall.Run, _ *rollcall.SourceRun) float64 { return unix(run.Started) }))
	h.family(m, "rollcall_source_last_run_end_seconds", "When the last run of a source ended, in Unix time; 0 while it runs.", []string{"source"},
		ofLast(func(run *rollcall.Run, _ *rollcall.SourceRun) float64 { return unix(run.Ended) }))
	h.family(m, "rollcall_source_last_run_state", "1 for the state that the last run of a source is in.", []string{"source", "state"},
		func(source string, r lastRuns, add func(float64, ...string)) {
			if r.last != nil {
				add(1, source, string(r.last.State))
			}
		})
	h.family(m, "rollcall_source_last_run_count", "The counters of the last run of a source.", []string{"source", "counter"}, countersOfLast)
	h.family(m, "rollcall_source_last_good_run_start_seconds", "When the last run of a source that went through started, in Unix time.", []string{"source"},
		func(source string, r lastRuns, add func(float64, ...string)) {
			if r.good != nil {
				add(unix(r.good.Started), source)
			}
		})
	h.family(m, "rollcall_source_last_good_run_age_seconds", "How long ago the last run of a source that went through started.", []string{"source"},
		func(source string, r lastRuns, add func(float64, ...string)) {
			if r.good != nil {
				add(h.program.now().Sub(r.good.Started).Seconds(), source)
			}
		})
	m.Family("rollcall_jobs", "Jobs in the queue, by state.", []string{"state"}, h.depth)
}

// How long the reading of one metric may take, and how old what it tells of runs
// may be: one look for all metrics is enough.
const (
	measureWithin = 5 * time.Second
	recentWhile   = time.Second
)

// ofSource adds the samples of one source.
type ofSource func(source string, runs lastRuns, add func(value float64, labels ...string))

// family adds a metric of the sources of the configuration.
func (h *health) family(m *server.Metrics, name, help string, labels []string, tell ofSource) {
	m.Family(name, help, labels, func(add func(float64, ...string)) {
		ctx, cancel := context.WithTimeout(context.Background(), measureWithin)
		defer cancel()
		names := h.sourceNames()
		runs, err := h.recent.of(ctx, names, recentWhile)
		if err != nil {
			h.program.log.Warn("the runs cannot be read for metrics", slog.Any("err", err))
			return
		}
		for _, source := range names {
			tell(source, runs[source], add)
		}
	})
}

func ofLast(value func(*rollcall.Run, *rollcall.SourceRun) float64) ofSource {
	return func(source string, r lastRuns, add func(float64, ...string)) {
		if part := partOf(r.last, source); part != nil {
			add(value(r.last, part), source)
		}
	}
}

// partOf is a source's part of a run, nil when it has none.
func partOf(run *rollcall.Run, source string) *rollcall.SourceRun {
	if run == nil {
		return nil
	}
	for i := range run.Sources {
		if run.Sources[i].Source == source {
			return &run.Sources[i]
		}
	}
	return nil
}

// countersOfLast adds all counters, under the names that the API has for them.
func countersOfLast(source string, r lastRuns, add func(float64, ...string)) {
	part := partOf(r.last, source)
	if part == nil {
		return
	}
	text, err := json.Marshal(part.Counters)
	if err != nil { // numbers always are JSON
		return
	}
	var counters map[string]float64
	if json.Unmarshal(text, &counters) == nil {
		for name, n := range counters {
			add(n, source, name)
		}
	}
}

func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMicro()) / 1e6
}

// depth adds how many jobs are in each state but done.
func (h *health) depth(add func(float64, ...string)) {
	ctx, cancel := context.WithTimeout(context.Background(), measureWithin)
	defer cancel()
	for _, state := range []jobs.State{jobs.StateQueued, jobs.StateRunning, jobs.StateWaiting, jobs.StateParked, jobs.StateStopped} {
		list, err := h.queue.List(ctx, jobs.Filter{State: state})
		if err != nil {
			h.program.log.Warn("the queue cannot be read for metrics", slog.Any("err", err))
			return
		}
		add(float64(len(list)), string(state))
	}
}

// ready reports why no request can be answered, or that a source was not read
// for longer than serve.stale_after.
func (h *health) ready(ctx context.Context) error {
	if err := h.app.ready(ctx); err != nil || h.config.Serve.StaleAfter == 0 {
		return err
	}
	names := h.sourceNames()
	runs, err := h.recent.of(ctx, names, recentWhile)
	if err != nil {
		return err
	}
	for _, source := range names {
		good := runs[source].good
		switch {
		case good == nil:
			return rollcall.Errorf(rollcall.Unavailable, "source %s has no run that went through", source)
		case h.program.now().Sub(good.Started) > h.config.Serve.StaleAfter:
			return rollcall.Errorf(rollcall.Unavailable, "the last good run of source %s started more than %s ago", source, days(h.config.Serve.StaleAfter))
		}
	}
	return nil
}

// detail tells the age of the last good run of every source, a line each.
func (h *health) detail(ctx context.Context) string {
	names := h.sourceNames()
	runs, err := h.recent.of(ctx, names, recentWhile)
	if err != nil {
		h.program.log.Warn("the runs cannot be read for /readyz", slog.Any("err", err))
		return ""
	}
	var b strings.Builder
	for _, source := range names {
		switch r := runs[source]; {
		case r.good != nil:
			fmt.Fprintf(&b, "source %s: last good run %d, %s ago", source, r.good.ID, h.program.now().Sub(r.good.Started).Round(time.Second))
		default:
			fmt.Fprintf(&b, "source %s: no good run", source)
		}
		if last := runs[source].last; last != nil && last != runs[source].good {
			fmt.Fprintf(&b, "; last run %d: %s", last.ID, last.State)
		}
		b.WriteString("\n")
	}
	return b.String()
}
