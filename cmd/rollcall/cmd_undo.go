package main

import (
	"context"
	"fmt"

	"rollcall/internal/engine"
	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

type undoCmd struct {
	data
	DryRun bool  `help:"Show what would be taken back; nothing changes."`
	ID     int64 `arg:"" name:"id" help:"The run to take back."`
}

// Help is the manual's text.
func (undoCmd) Help() string {
	return `Takes a run back: objects that it made go, those that it changed or deleted are as they were, and so
is what is remembered of the source's entries. When an object moved on since, nothing is done and
every such object is named.

The source still says what it said: unless the reason is put right first, the next sync does the
same again.

Examples:

    rollcall undo 17 --dry-run     what would be taken back
    rollcall undo 17`
}

// Run carries the command out.
func (c *undoCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	result, err := a.undo(ctx, c.ID, who(), c.DryRun)
	if err != nil {
		return err
	}
	if c.DryRun {
		return c.preview(ctx, a)
	}
	if c.JSON {
		return report.Run(p.out, p.look(c.data), &result.Run, nil)
	}
	fmt.Fprintf(p.out, "Run %d is undone (as run %d).\n", c.ID, result.Run.ID)
	return nil
}

// undo takes a run back.
func (a *app) undo(ctx context.Context, id int64, by string, dry bool) (*engine.Result, error) {
	sources := make([]rollcall.Source, len(a.sources))
	for i, src := range a.sources {
		sources[i] = *src
	}
	return a.engine.Undo(ctx, id, sources, by, dry)
}

// preview shows the run's steps backwards.
func (c *undoCmd) preview(ctx context.Context, a *app) error {
	shown := report.NewPlan(a.program.out, a.program.look(c.data))
	err := a.store.History(ctx, rollcall.HistoryFilter{Run: c.ID, Newest: true}, func(h *rollcall.History) error {
		change := a.reversed(h)
		return shown.Change(&change)
	})
	if err != nil {
		return err
	}
	return shown.Close(nil)
}

// reversed is the change that takes a step of history back.
func (a *app) reversed(h *rollcall.History) rollcall.Change {
	c := a.told(h)
	c.Reason = ""
	switch h.Verb {
	case rollcall.HistoryCreate:
		c.Verb, c.Sets = rollcall.VerbDelete, nil
	case rollcall.HistoryDelete:
		c.Verb, c.Sets = rollcall.VerbProvision, a.masked(h)
	}
	for i := range c.Sets {
		s := &c.Sets[i]
		s.Old, s.New, s.OldText, s.NewText, s.Why = s.New, s.Old, s.NewText, s.OldText, ""
	}
	return c
}
