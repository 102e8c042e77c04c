package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

func toRun(r *rollcall.Run) *Run {
	shown := &Run{
		ID: r.ID, Kind: r.Kind, State: r.State, Started: r.Started, Ended: r.Ended, By: r.By, Error: r.Error, Digest: r.Digest, Undoes: r.Undoes,
	}
	for _, part := range r.Sources {
		shown.Sources = append(shown.Sources, SourceRun{part, report.PictureOf(part.Counters)})
	}
	return shown
}

type runsIn struct {
	Source string `query:"source" doc:"Only runs of this data source, by its name."`
	State  string `query:"state" enum:"running,completed,error,held,dropped,approved,overtaken,undone" doc:"Only runs in this state."`
	paging
}

func (c *call) runs(ctx context.Context, in *runsIn) (*Page[Run], error) {
	filter := rollcall.RunFilter{}
	if in.State != "" {
		filter.States = []rollcall.RunState{rollcall.RunState(in.State)}
	}
	return c.runPage(ctx, filter, in.Source, &in.paging)
}

// mostLooked is how many runs are looked at for one page of those of a source.
const mostLooked = 10_000

// runPage lists runs, newest first, of those that whoever asks may see.
func (c *call) runPage(ctx context.Context, filter rollcall.RunFilter, source string, p *paging) (*Page[Run], error) {
	sources, err := c.visibleSources(ctx)
	if err != nil {
		return nil, err
	}
	if filter.Before, err = p.number(); err != nil {
		return nil, err
	}
	filter.Limit = p.Limit + 1
	var found []rollcall.Run
	for looked := 0; len(found) <= p.Limit && looked < mostLooked; {
		runs, err := c.Store.RunList(ctx, filter)
		if err != nil {
			return nil, err
		}
		for _, run := range runs {
			of := slices.ContainsFunc(run.Sources, func(part rollcall.SourceRun) bool { return part.Source == source })
			if (source == "" || of) && (c.account.Administrator || isVisible(&run, sources)) && len(found) <= p.Limit {
				found = append(found, run)
			}
		}
		if len(runs) < filter.Limit {
			break
		}
		looked += len(runs)
		filter.Before = runs[len(runs)-1].ID
	}
	return pageOf(found, p.Limit, func(r *rollcall.Run) (Run, string) { return *toRun(r), strconv.FormatInt(r.ID, 10) }), nil
}

type oneRun struct {
	Run int64 `path:"run" doc:"Its number."`
}

// visibleRun returns a run that whoever asks may see.
func (c *call) visibleRun(ctx context.Context, id int64) (*rollcall.Run, error) {
	sources, err := c.visibleSources(ctx)
	if err != nil {
		return nil, err
	}
	run, err := c.Store.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	if !c.account.Administrator && !isVisible(&run, sources) {
		return nil, rollcall.Errorf(rollcall.NotFound, "there is no run %d", id)
	}
	return &run, nil
}

func (c *call) run(ctx context.Context, in *oneRun) (*Run, error) {
	run, err := c.visibleRun(ctx, in.Run)
	if err != nil {
		return nil, err
	}
	return toRun(run), nil
}

type runPart struct {
	oneRun
	paging
}

func (c *call) problems(ctx context.Context, in *runPart) (*Page[rollcall.Problem], error) {
	if _, err := c.visibleRun(ctx, in.Run); err != nil {
		return nil, err
	}
	after, err := in.number()
	if err != nil {
		return nil, err
	}
	list, last, err := c.Store.ProblemList(ctx, in.Run, after, in.Limit)
	page := &Page[rollcall.Problem]{Items: list}
	if len(list) == in.Limit {
		page.Next = strconv.FormatInt(last, 10)
	}
	return page, err
}

func (c *call) changes(ctx context.Context, in *runPart) (*Page[rollcall.Change], error) {
	run, err := c.visibleRun(ctx, in.Run)
	if err != nil {
		return nil, err
	}
	after, err := in.number()
	if err != nil {
		return nil, err
	}
	type placed struct {
		rollcall.Change
		at int64
	}
	var list []placed
	keep := func(change rollcall.Change, at int64) error {
		list = append(list, placed{change, at})
		return nil
	}
	if IsPlanned(run.State) {
		err = c.planned(ctx, run.ID, after, in.Limit+1, keep)
	} else {
		err = c.Desk.History(ctx, run.ID, after, in.Limit+1, keep)
	}
	if err != nil {
		return nil, err
	}
	return pageOf(list, in.Limit, func(p *placed) (rollcall.Change, string) { return p.Change, strconv.FormatInt(p.at, 10) }), nil
}

// IsPlanned reports whether a run in a state did nothing itself: what it would
// have done was kept.
func IsPlanned(s rollcall.RunState) bool {
	switch s {
	case rollcall.RunHeld, rollcall.RunDropped, rollcall.RunApproved, rollcall.RunOvertaken:
		return true
	}
	return false
}

// planned yields what was kept of a plan. The places are those of its lines.
func (c *call) planned(ctx context.Context, run, after int64, limit int, yield func(rollcall.Change, int64) error) error {
	plan, err := c.Store.Plan(ctx, run)
	if err != nil {
		return err
	}
	defer plan.Close()
	lines := json.NewDecoder(plan)
	for at := int64(1); at <= after+int64(limit); at++ {
		var change rollcall.Change
		if err := lines.Decode(&change); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read the plan of run %d: %w", run, err)
		}
		if at <= after {
			continue
		}
		if err := yield(change, at); err != nil {
			return err
		}
	}
	return nil
}

type sourcesBody struct {
	Sources []string `json:"sources" doc:"Their names; none: all of the configuration."`
}

// startBody asks for work.
type startBody struct {
	Work string `json:"work" default:"sync" enum:"sync,import,removal,queue" doc:"sync: all of a run; import: what is new and changed; removal: what is gone; queue: the entries that failed."`
	sourcesBody
}

// Queued is a job that was asked for.
type Queued struct {
	Job Job  `json:"job"`
	New bool `json:"new" doc:"false: it was queued, running or waiting already, and no second one is queued."`
}

func (c *call) startRun(ctx context.Context, in *startBody) (*Queued, error) {
	if !c.account.Administrator {
		var wanted []Source
		for _, name := range in.Sources {
			source, err := c.visibleSource(ctx, name)
			if err != nil {
				return nil, err
			}
			wanted = append(wanted, *source)
		}
		if err := c.mayRun(wanted...); err != nil {
			return nil, err
		}
	}
	job, isNew, err := c.Desk.Start(ctx, in.Work, in.Sources, c.by())
	return &Queued{job, isNew}, err
}

type undoIn struct {
	oneRun
	DryRun bool `json:"dry_run" doc:"Only tell whether it can be taken back."`
}

func (c *call) undo(ctx context.Context, in *undoIn) (*Run, error) {
	run, err := c.Desk.Undo(ctx, in.Run, c.by(), in.DryRun)
	return toRun(&run), err
}
