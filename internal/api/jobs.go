package api

import (
	"context"
	"strconv"
)

type jobsIn struct {
	State string `query:"state" enum:"queued,running,waiting,done,parked,stopped" doc:"Only jobs in this state."`
	Line  string `query:"line" doc:"Only jobs of this line of the timetable."`
	paging
}

func (c *call) jobs(ctx context.Context, in *jobsIn) (*Page[Job], error) {
	before, err := in.number()
	if err != nil {
		return nil, err
	}
	found, err := c.Desk.Jobs(ctx, JobState(in.State), in.Line, before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	return pageOf(found, in.Limit, func(j *Job) (Job, string) { return *j, strconv.FormatInt(j.ID, 10) }), nil
}

type jobBody struct {
	Line string `json:"line" required:"true" doc:"The line of the timetable."`
}

func (c *call) startJob(ctx context.Context, in *jobBody) (*Queued, error) {
	job, isNew, err := c.Desk.Ask(ctx, in.Line, c.by())
	return &Queued{job, isNew}, err
}

type oneJob struct {
	Job int64 `path:"job" doc:"Its number."`
}

func (c *call) job(ctx context.Context, in *oneJob) (*Job, error) {
	job, err := c.Desk.Job(ctx, in.Job)
	return &job, err
}

func (c *call) requeue(ctx context.Context, in *oneJob) (*Job, error) {
	job, err := c.Desk.Requeue(ctx, in.Job)
	return &job, err
}

func (c *call) cancel(ctx context.Context, in *oneJob) (*Job, error) {
	job, err := c.Desk.Cancel(ctx, in.Job)
	return &job, err
}

func (c *call) forget(ctx context.Context, in *oneJob) (*nothing, error) {
	return nil, c.Desk.Forget(ctx, in.Job)
}

func (c *call) timetable(context.Context, *nothing) (*Page[Line], error) {
	return &Page[Line]{Items: c.Desk.Timetable()}, nil
}
