package api

import (
	"context"

	"rollcall/internal/rollcall"
)

type plansIn struct {
	State  string `query:"state" default:"held" enum:"held,dropped,approved,overtaken" doc:"held: it waits for a decision."`
	Source string `query:"source" doc:"Only plans of this data source, by its name."`
	paging
}

func (c *call) plans(ctx context.Context, in *plansIn) (*Page[Run], error) {
	return c.runPage(ctx, rollcall.RunFilter{States: []rollcall.RunState{rollcall.RunState(in.State)}}, in.Source, &in.paging)
}

type onePlan struct {
	Plan int64 `path:"plan" doc:"Its number."`
}

func (c *call) plan(ctx context.Context, in *onePlan) (*Run, error) {
	run, err := c.visibleRun(ctx, in.Plan)
	if err != nil {
		return nil, err
	}
	if !IsPlanned(run.State) {
		return nil, rollcall.Errorf(rollcall.NotFound, "run %d is no plan: its state is %s", run.ID, run.State)
	}
	return toRun(run), nil
}

func (c *call) makePlan(ctx context.Context, in *sourcesBody) (*Run, error) {
	run, err := c.Desk.Plan(ctx, in.Sources, c.by())
	return toRun(&run), err
}

func (c *call) approve(ctx context.Context, in *onePlan) (*Run, error) {
	run, err := c.Desk.Approve(ctx, in.Plan, c.by())
	return toRun(&run), err
}

func (c *call) drop(ctx context.Context, in *onePlan) (*Run, error) {
	if err := c.Desk.Drop(ctx, in.Plan); err != nil {
		return nil, err
	}
	run, err := c.Store.Run(ctx, in.Plan)
	return toRun(&run), err
}
