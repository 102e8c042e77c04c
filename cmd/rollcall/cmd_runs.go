package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

type runsCmd struct {
	data
	Changes bool  `help:"Of one run: list what it changed, too."`
	Limit   int   `default:"20" placeholder:"N" help:"How many runs to list, newest first; 0 for all."`
	ID      int64 `arg:"" optional:"" name:"id" help:"The run to show."`
}

// Help is the manual's text.
func (runsCmd) Help() string {
	return `Lists the runs, newest first; or shows one with its counters and everything that was wrong with
single entries.

Examples:

    rollcall runs                  the last twenty
    rollcall runs 17               one run, with all its problems
    rollcall runs 17 --changes     and what it changed; of a held run, what it would change
    rollcall runs --json --limit 1 the last one, for scripts`
}

// Run carries the command out.
func (c *runsCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	if c.ID == 0 {
		runs, err := a.store.Runs(ctx, c.Limit)
		if err != nil {
			return err
		}
		return report.Runs(p.out, p.look(c.data), runs)
	}
	run, err := a.store.Run(ctx, c.ID)
	if err != nil {
		return err
	}
	problems, err := a.store.Problems(ctx, c.ID)
	if err != nil {
		return err
	}
	if c.Changes {
		return c.changes(ctx, a, &run, problems)
	}
	return report.Run(p.out, p.look(c.data), &run, problems)
}

// changes shows a run in the form of a plan, as its history tells it.
func (c *runsCmd) changes(ctx context.Context, a *app, run *rollcall.Run, problems []rollcall.Problem) error {
	shown := report.NewPlan(a.program.out, a.program.look(c.data))
	switch run.State {
	case rollcall.RunHeld, rollcall.RunDropped, rollcall.RunApproved, rollcall.RunOvertaken: // it did nothing itself
		if err := a.keptPlan(ctx, run.ID, shown.Change); err != nil {
			return err
		}
		return shown.Close(run)
	}
	err := a.store.History(ctx, rollcall.HistoryFilter{Run: run.ID}, func(h *rollcall.History) error {
		change := a.told(h)
		return shown.Change(&change)
	})
	if err != nil {
		return err
	}
	for i := range problems {
		if err := shown.Problem(&problems[i]); err != nil {
			return err
		}
	}
	return shown.Close(run)
}

// keptPlan reads what a held run would do.
func (a *app) keptPlan(ctx context.Context, run int64, yield func(*rollcall.Change) error) (err error) {
	plan, err := a.store.Plan(ctx, run)
	if err != nil {
		return err
	}
	defer closing(plan.Close, &err)
	lines := json.NewDecoder(plan)
	for {
		var c rollcall.Change
		if err := lines.Decode(&c); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read the plan of run %d: %w", run, err)
		}
		if err := yield(&c); err != nil {
			return err
		}
	}
}

// told turns a step of history into a line of a plan.
func (a *app) told(h *rollcall.History) rollcall.Change {
	c := rollcall.Change{Key: h.Key, Class: h.Object.Class, ID: h.Object.ID, Name: h.Name, Sets: a.masked(h), Reason: h.Reason}
	switch h.Verb {
	case rollcall.HistoryCreate:
		c.Verb = rollcall.VerbProvision
	case rollcall.HistoryDelete:
		c.Verb, c.Sets = rollcall.VerbDelete, nil
	default:
		c.Verb = rollcall.VerbUpdate
	}
	return c
}

// masked returns a copy of what a step set, without passwords, whose hashes
// history keeps to put them back and shows to nobody, and with words for pictures.
func (a *app) masked(h *rollcall.History) []rollcall.Set {
	class, sets := a.model.Class(h.Object.Class), slices.Clone(h.Sets)
	for i := range sets {
		if class == nil {
			continue
		}
		s := &sets[i]
		att := class.Attribute(s.Attribute)
		switch {
		case att == nil:
		case att.Type == rollcall.TypePassword:
			s.Old, s.New = mask(s.Old), mask(s.New)
		case att.Type == rollcall.TypeImage:
			s.Old, s.New = rollcall.PictureText(s.Old), rollcall.PictureText(s.New)
			s.OldText, s.NewText = "", ""
		}
	}
	return sets
}

func mask(secret string) string { return strings.Repeat("*", min(5, len(secret))) }
