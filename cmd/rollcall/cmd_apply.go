package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
)

type applyCmd struct {
	data
	Drop bool   `help:"Refuse the held run instead of approving it."`
	Plan string `arg:"" name:"plan" help:"A file that plan wrote, or the ID of a run that was held."`
}

// Help is the manual's text.
func (applyCmd) Help() string {
	return `Carries out a plan that "rollcall plan --out" wrote: the sources are read again, and only when the
run would do exactly what the plan says does it happen; else it lists what moved on. Limits do not
hold it, since somebody has seen the plan.

Given the ID of a held run, it does the same for that run: it is carried out when the sources still
say what they said then.

Examples:

    rollcall plan --out monday.plan
    rollcall apply monday.plan
    rollcall apply 17              approve run 17, which a limit held
    rollcall apply --drop 17       refuse it`
}

// Run carries the command out.
func (c *applyCmd) Run(ctx context.Context, p *program) (err error) {
	id, numeric := runID(c.Plan)
	if c.Drop && !numeric {
		return ended{exitUsage, fmt.Sprintf("--drop needs the ID of a held run, not %q", c.Plan)}
	}
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	switch {
	case c.Drop:
		return c.drop(ctx, a, id)
	case numeric:
		return c.approve(ctx, a, id)
	}
	return c.apply(ctx, a)
}

// runID reads the ID of a run. A file of that name is a plan all the same.
func runID(text string) (int64, bool) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id <= 0 {
		return 0, false
	}
	_, err = os.Stat(text)
	return id, err != nil
}

func (c *applyCmd) apply(ctx context.Context, a *app) (err error) {
	plan, err := openPlan(c.Plan)
	if err != nil {
		return err
	}
	defer closing(plan.close, &err)
	sources, err := a.planned(plan.header)
	if err != nil {
		return err
	}
	match, err := newMatcher(plan)
	if err != nil {
		return err
	}
	defer closing(match.now.discard, &err)
	result, err := a.sync(ctx, sources, engine.Options{Kind: "apply", Only: plan.header.Only, Approved: true, Sink: match.now.change, Confirm: match.confirm})
	return a.report(c.data, result, err)
}

// planned returns a plan's sources, which must mean what they meant.
func (a *app) planned(h header) ([]*rollcall.Source, error) {
	names := make([]string, len(h.Sources))
	for i, s := range h.Sources {
		names[i] = s.Source
	}
	for _, s := range h.Sources {
		i := slices.Index(a.sourceNames(), s.Source)
		switch {
		case i < 0:
			return nil, rollcall.Errorf(rollcall.Conflict, "the plan is of source %s, which %s no longer has: make a new plan", s.Source, a.config.Path)
		case a.sources[i].Scope != s.Scope:
			return nil, rollcall.Errorf(rollcall.Conflict, "source %s reads something else since the plan was made (%s, was %s): make a new plan", s.Source, a.sources[i].Scope, s.Scope)
		case fingerprint(a.sources[i]) != s.Fingerprint:
			return nil, rollcall.Errorf(rollcall.Conflict, "the rules of source %s changed since the plan was made: make a new plan", s.Source)
		}
	}
	return a.choose(names)
}

// held returns a run that waits for a decision.
func (a *app) held(ctx context.Context, id int64) (rollcall.Run, error) {
	run, err := a.store.Run(ctx, id)
	if err != nil {
		return run, err
	}
	if run.State != rollcall.RunHeld {
		return run, rollcall.Errorf(rollcall.Conflict, "run %d is not held: its state is %s", id, run.State)
	}
	return run, nil
}

func (c *applyCmd) drop(ctx context.Context, a *app, id int64) error {
	if err := a.drop(ctx, id); err != nil {
		return err
	}
	if !c.JSON {
		fmt.Fprintf(a.program.out, "Run %d is dropped. As long as the sources say the same, the next sync is held as well.\n", id)
	}
	return nil
}

// drop refuses a held run.
func (a *app) drop(ctx context.Context, id int64) error {
	if _, err := a.held(ctx, id); err != nil {
		return err
	}
	if err := a.store.SetRunState(ctx, id, rollcall.RunDropped); err != nil {
		return err
	}
	return a.store.EndNotices(ctx, rollcall.NoticeHeld, "", id, a.program.now())
}

func (c *applyCmd) approve(ctx context.Context, a *app, id int64) error {
	result, err := a.approve(ctx, id, a.sync, engine.Options{})
	return a.report(c.data, result, err)
}

// approve carries out a held run, provided that it would still do what it was
// held for.
func (a *app) approve(ctx context.Context, id int64, run runFunc, options engine.Options) (*engine.Result, error) {
	held, err := a.held(ctx, id)
	if err != nil {
		return nil, err
	}
	confirm := func(run *rollcall.Run) error { return sameRun(&held, run) }
	var result *engine.Result
	if held.Kind == engine.KindExec { // its rows were delivered: there is nothing to read again
		by := options.By
		if by == "" {
			by = who()
		}
		result, err = a.engine.Approve(ctx, &held, by, confirm)
	} else {
		result, err = a.approveRead(ctx, &held, run, options, confirm)
	}
	if err == nil {
		err = a.store.SetRunState(ctx, id, rollcall.RunApproved)
	}
	return result, err
}

// approveRead carries out a held run of sources that are read.
func (a *app) approveRead(ctx context.Context, held *rollcall.Run, run runFunc, options engine.Options, confirm func(*rollcall.Run) error) (*engine.Result, error) {
	names := make([]string, len(held.Sources))
	for i, s := range held.Sources {
		names[i] = s.Source
	}
	sources, err := a.choose(names)
	if err != nil {
		return nil, err
	}
	if options.Only = held.Sources[0].Only; options.Only == rollcall.PartRetry {
		return nil, rollcall.Errorf(rollcall.Conflict, "run %d was to try single entries again: rollcall sync does that with all others", held.ID)
	}
	options.Kind, options.Approved, options.Confirm = "apply", true, confirm
	// The sink makes the engine sum its changes up, which is what confirm compares.
	options.Sink = func(*rollcall.Change) error { return nil }
	return run(ctx, sources, options)
}

// runFunc makes a run of some sources.
type runFunc func(ctx context.Context, sources []*rollcall.Source, options engine.Options) (*engine.Result, error)

// sameRun refuses a run that would do other things than the held one.
func sameRun(held, now *rollcall.Run) error {
	if held.Digest == now.Digest {
		return nil
	}
	var differences []string
	for i, s := range now.Sources {
		was := held.Sources[i].Counters
		for _, f := range []struct {
			what     string
			was, now int
		}{
			{"read", was.Read, s.Counters.Read},
			{"created", was.Created, s.Counters.Created},
			{"updated", was.Updated + was.NewUpdated, s.Counters.Updated + s.Counters.NewUpdated},
			{"gone", was.Deleted + was.Obsoleted + was.Missing, s.Counters.Deleted + s.Counters.Obsoleted + s.Counters.Missing},
			{"in error", was.Errors(), s.Counters.Errors()},
		} {
			if f.was != f.now {
				differences = append(differences, fmt.Sprintf("source %s: %d %s, was %d", s.Source, f.now, f.what, f.was))
			}
		}
	}
	if len(differences) == 0 {
		differences = append(differences, "the numbers are the same, and single changes are not")
	}
	return rollcall.Errorf(rollcall.Conflict, "things moved on since run %d was held: see \"rollcall plan\", then \"rollcall sync\". What differs:\n  %s",
		held.ID, strings.Join(differences, "\n  "))
}
