package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"rollcall/internal/engine"
	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

// shownOf says how many changes of each source the demo shows.
type shownOf map[string]int

// plan shows a plan in short: some changes of each source, and the sum of all.
func (s *show) plan(ctx context.Context, a *app, most shownOf) error {
	var text strings.Builder
	look := report.Options{Format: report.Text, Color: s.color}
	shown := report.NewPlan(&text, look)
	seen, verbs := map[string]int{}, map[string]int{}
	var order []string
	result, err := a.plan(ctx, a.sources, rollcall.PartAll, func(c *rollcall.Change) error {
		what := fmt.Sprintf("%s %s", c.Verb, c.Class)
		if verbs[what]++; verbs[what] == 1 {
			order = append(order, what)
		}
		if seen[c.Source]++; seen[c.Source] > most[c.Source] {
			return nil
		}
		return shown.Change(c)
	})
	if err != nil {
		return err
	}
	s.indent(text.String(), 200)
	parts := make([]string, len(order))
	for i, what := range order {
		verb, class, _ := strings.Cut(what, " ")
		parts[i] = fmt.Sprintf("%s %d %s", verb, verbs[what], class)
	}
	s.say("   … in all: %s.\n", strings.Join(parts, ", "))
	for _, src := range result.Run.Sources {
		if src.Held != "" {
			s.say("   A sync would be held: source %s: %s\n", src.Source, src.Held)
		}
	}
	return nil
}

// sync makes a run and shows its counters.
func (s *show) sync(ctx context.Context, a *app) (*engine.Result, error) {
	result, err := a.sync(ctx, a.sources, engine.Options{Kind: "sync"})
	if err != nil {
		return nil, err
	}
	run := &result.Run
	for i := range run.Sources {
		src := &run.Sources[i]
		c := &src.Counters
		s.say("   %-14s %4d read, %4d created, %3d updated, %3d gone, %d in error\n",
			src.Source, c.Read, c.Created, c.Updated+c.NewUpdated, c.Deleted+c.Obsoleted+c.Missing, c.Errors())
	}
	s.say("   Run %d, %s, in %.1f s.\n", run.ID, run.State, run.Ended.Sub(run.Started).Seconds())
	return result, nil
}

// sumOf says in a few words what a run did.
func sumOf(run *rollcall.Run) string {
	read, changes := 0, 0
	for i := range run.Sources {
		read += run.Sources[i].Counters.Read
		changes += run.Sources[i].Counters.Changes()
	}
	return fmt.Sprintf("%d entries read, %d changes", read, changes)
}

// digest sums up everything that is in the registry: how many objects, and a
// hash over all their values and the length of their history.
func (a *app) digest(ctx context.Context) (string, error) {
	hash, objects := sha256.New(), 0
	for _, class := range a.model.Classes {
		if class.Parent != "" || class.System { // system classes show runs, and a run that fails is one
			continue
		}
		err := a.store.Scan(ctx, class, 0, func(o *rollcall.Object) error {
			objects++
			fmt.Fprintf(hash, "%s %d %q\n", o.Class.Name, o.ID, o.Values)
			return nil
		})
		if err != nil {
			return "", fmt.Errorf("sum up the registry: %w", err)
		}
	}
	steps := 0
	err := a.store.History(ctx, rollcall.HistoryFilter{}, func(*rollcall.History) error { steps++; return nil })
	if err != nil {
		return "", fmt.Errorf("sum up the history: %w", err)
	}
	fmt.Fprintf(hash, "%d\n", steps)
	return fmt.Sprintf("%d objects, %d steps of history, digest %s", objects, steps, hex.EncodeToString(hash.Sum(nil)[:8])), nil
}
