package main

import (
	"context"
	"strings"

	"rollcall/internal/api"
	"rollcall/internal/config"
	"rollcall/internal/jobs"
)

// Start queues work on sources. Requests for the same work and sources, in
// whatever order, are one job.
func (d *desk) Start(ctx context.Context, work string, names []string, by string) (api.Job, bool, error) {
	sources, err := d.chosen(names)
	if err != nil {
		return api.Job{}, false, err
	}
	e := jobs.Entry{Name: work, Work: jobs.Work{Kind: work}, Lane: laneOf(work)}
	if len(names) > 0 {
		for _, src := range sources { // in the order of the configuration, each once
			e.Work.Sources = append(e.Work.Sources, src.Name)
		}
		e.Name += " " + strings.Join(e.Work.Sources, " ")
	}
	return queued(d.queue.Put(ctx, e, by))
}

// Retry makes failed entries due, and queues the work that tries them.
func (d *desk) Retry(ctx context.Context, source string, keys []string, by string) (int, api.Job, bool, error) {
	n, err := d.requeueEntries(ctx, source, keys)
	if err != nil {
		return 0, api.Job{}, false, err
	}
	job, isNew, err := d.Start(ctx, config.WorkQueue, []string{source}, by)
	return n, job, isNew, err
}

// Ask queues the job of a line of the timetable.
func (d *desk) Ask(ctx context.Context, line, by string) (api.Job, bool, error) {
	return queued(d.queue.Ask(ctx, line, by))
}

func queued(j jobs.Job, isNew bool, err error) (api.Job, bool, error) { return toJob(j), isNew, err }

// toJob is a job as the API shows it.
func toJob(j jobs.Job) api.Job {
	return api.Job{
		ID: j.ID, Line: j.Entry, Kind: j.Work.Kind, Sources: j.Work.Sources, State: api.JobState(j.State), By: j.By,
		Created: j.Created, Due: j.Due, Started: j.Started, Ended: j.Ended, Attempt: j.Attempt, Attempts: j.Attempts, Node: j.Node, Error: j.Error,
	}
}

func oneJob(j jobs.Job, err error) (api.Job, error) { return toJob(j), err }

// Jobs lists the queue, newest first.
func (d *desk) Jobs(ctx context.Context, state api.JobState, line string, before int64, limit int) ([]api.Job, error) {
	found, err := d.queue.List(ctx, jobs.Filter{Entry: line, State: jobs.State(state), Before: before, Limit: limit})
	list := make([]api.Job, len(found))
	for i, j := range found {
		list[i] = toJob(j)
	}
	return list, err
}

// Job returns one job.
func (d *desk) Job(ctx context.Context, id int64) (api.Job, error) {
	return oneJob(d.queue.Job(ctx, id))
}

// Requeue tries a job again.
func (d *desk) Requeue(ctx context.Context, id int64) (api.Job, error) {
	return oneJob(d.queue.Requeue(ctx, id))
}

// Cancel takes a job out of the queue.
func (d *desk) Cancel(ctx context.Context, id int64) (api.Job, error) {
	return oneJob(d.queue.Cancel(ctx, id))
}

// Forget removes a job from the list.
func (d *desk) Forget(ctx context.Context, id int64) error { return d.queue.Forget(ctx, id) }

// Timetable lists the lines of the configuration's.
func (d *desk) Timetable() []api.Line {
	now := d.current()
	list := make([]api.Line, len(now.config.Timetable))
	entries, err := now.entries()
	for i := range now.config.Timetable {
		written := &now.config.Timetable[i]
		list[i] = api.Line{Name: written.Name, When: whenText(written), Sources: written.Sources, Retries: written.Retries}
		if err == nil && entries[i].Schedule != nil { // the server does not start with an error
			list[i].Next = entries[i].Schedule.Next(d.program.now())
		}
	}
	return list
}
