package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"rollcall/internal/config"
	"rollcall/internal/jobs"
	"rollcall/internal/report"
)

type jobsCmd struct {
	List      jobsListCmd      `cmd:"" default:"withargs" help:"List the jobs, newest first."`
	Timetable jobsTimetableCmd `cmd:"" help:"Show the timetable and when each line is due."`
	Run       jobsRunCmd       `cmd:"" help:"Queue the job of a line of the timetable now."`
	Requeue   jobsRequeueCmd   `cmd:"" help:"Try a job again that is parked, stopped or waiting."`
	Cancel    jobsCancelCmd    `cmd:"" help:"Take a job out of the queue, or interrupt it."`
	Forget    jobsForgetCmd    `cmd:"" help:"Remove a job that has ended from the list."`
	Entries   jobsEntriesCmd   `cmd:"" help:"List the entries that failed and are to be tried again."`
	Retry     jobsRetryCmd     `cmd:"" help:"Try failed entries again, parked or not."`
}

// queue opens the queue of a configuration for somebody who asks; a running
// server does the work. The caller closes it.
func (p *program) queue(ctx context.Context) (*jobs.Service, error) {
	s, err := p.load()
	if err != nil {
		return nil, err
	}
	entries, err := s.entries()
	if err != nil {
		return nil, err
	}
	return jobs.Open(ctx, jobs.Config{Store: s.config.Store, Entries: entries, Now: p.now, Log: p.log})
}

// entries is the configuration's timetable.
func (s setup) entries() ([]jobs.Entry, error) {
	entries := make([]jobs.Entry, len(s.config.Timetable))
	for i := range s.config.Timetable {
		line := &s.config.Timetable[i]
		e := jobs.Entry{Name: line.Name, Work: jobs.Work{Kind: line.Work, Sources: line.Sources}, Retries: line.Retries, Lane: laneOf(line.Work)}
		var err error
		switch {
		case line.Cron != "":
			e.Schedule, err = jobs.ParseCron(line.Cron, line.Zone)
		case line.Every > 0:
			e.Schedule, err = jobs.Every(line.Every)
		}
		if err != nil {
			return nil, s.config.Explain(line.CronPosition().Line, fmt.Errorf("timetable %s: %w", line.Name, err))
		}
		entries[i] = e
	}
	return entries, nil
}

type jobsListCmd struct {
	data
	State string `enum:",queued,running,waiting,done,parked,stopped" default:"" placeholder:"STATE" help:"Only jobs that are queued, running, waiting, done, parked or stopped."`
	Line  string `placeholder:"NAME" help:"Only jobs of this line of the timetable."`
	Limit int    `default:"50" placeholder:"N" help:"How many at most."`
}

// Help is the manual's text.
func (jobsListCmd) Help() string {
	return `Lists jobs: queued, running, waiting for another try, done, parked after the last try, or stopped
because trying again as it is would be pointless (a held run, a wrong configuration).

Examples:

    rollcall jobs
    rollcall jobs list --state parked
    rollcall jobs requeue 17`
}

// Run carries the command out.
func (c *jobsListCmd) Run(ctx context.Context, p *program) (err error) {
	queue, err := p.queue(ctx)
	if err != nil {
		return err
	}
	defer closing(queue.Close, &err)
	list, err := queue.List(ctx, jobs.Filter{Entry: c.Line, State: jobs.State(c.State), Limit: c.Limit})
	if err != nil {
		return err
	}
	return p.showJobs(c.data, list)
}

func (p *program) showJobs(d data, list []jobs.Job) error {
	options := p.look(d)
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.In(options.Zone).Format(time.DateTime)
	}
	rows := make([][]string, len(list))
	for i, j := range list {
		rows[i] = []string{
			strconv.FormatInt(j.ID, 10), j.Entry, string(j.State), fmt.Sprintf("%d/%d", j.Attempt, j.Attempts),
			stamp(j.Due), stamp(j.Started), stamp(j.Ended), j.By, j.Node, j.Error,
		}
	}
	return report.Table(p.out, options, []string{"job", "line", "state", "try", "due", "started", "ended", "by", "node", "error"}, rows)
}

type jobsTimetableCmd struct {
	data
}

// Help is the manual's text.
func (jobsTimetableCmd) Help() string {
	return `Shows the lines of the configuration's timetable, and when each is due next. It asks no server, so it
is a way to try a line before it counts.

Examples:

    rollcall jobs timetable
    rollcall jobs timetable --json`
}

// Run carries the command out.
func (c *jobsTimetableCmd) Run(_ context.Context, p *program) error {
	s, err := p.load()
	if err != nil {
		return err
	}
	entries, err := s.entries()
	if err != nil {
		return err
	}
	options := p.look(c.data)
	rows := make([][]string, len(entries))
	for i, e := range entries {
		line, next := &s.config.Timetable[i], ""
		if e.Schedule != nil {
			if at := e.Schedule.Next(p.now()); !at.IsZero() {
				next = at.In(options.Zone).Format(time.DateTime)
			}
		}
		rows[i] = []string{e.Name, whenText(line), next, joinedOr(line.Sources, "all sources"), strconv.Itoa(e.Retries), line.Work}
	}
	return report.Table(p.out, options, []string{"line", "when", "next", "sources", "retries", "work"}, rows)
}

// whenText says when a line of the timetable is due, "" for only on demand.
func whenText(line *config.Line) string {
	if line.Every > 0 {
		return "every " + line.Every.String()
	}
	return line.Cron
}

type jobsRunCmd struct {
	data
	Line string `arg:"" help:"The line of the timetable."`
}

// Help is the manual's text.
func (jobsRunCmd) Help() string {
	return `Queues the job of a line of the timetable; a running "rollcall serve" carries it out. While one of
that line is queued, running or waiting, no second one is queued.

Examples:

    rollcall jobs run nightly
    rollcall jobs run "on demand" --json`
}

// Run carries the command out.
func (c *jobsRunCmd) Run(ctx context.Context, p *program) (err error) {
	queue, err := p.queue(ctx)
	if err != nil {
		return err
	}
	defer closing(queue.Close, &err)
	job, isNew, err := queue.Ask(ctx, c.Line, who())
	if err != nil {
		return err
	}
	if c.JSON {
		return p.showJobs(c.data, []jobs.Job{job})
	}
	if isNew {
		fmt.Fprintf(p.out, "Job %d is queued.\n", job.ID)
	} else {
		fmt.Fprintf(p.out, "Job %d of %s is %s already; no second one is queued.\n", job.ID, job.Entry, job.State)
	}
	return nil
}

type jobsRequeueCmd struct {
	ID int64 `arg:"" help:"The job."`
}

// Help is the manual's text.
func (jobsRequeueCmd) Help() string {
	return `Queues a job again that is parked, stopped or waits for its next try. A job that a limit held is held
again, unless somebody approved its run ("rollcall apply") or the directory says something else.

Examples:

    rollcall jobs list --state parked
    rollcall jobs requeue 17`
}

// Run carries the command out.
func (c *jobsRequeueCmd) Run(ctx context.Context, p *program) error {
	return p.onJob(ctx, c.ID, "is queued again", func(q *jobs.Service) error { _, err := q.Requeue(ctx, c.ID); return err })
}

type jobsCancelCmd struct {
	ID int64 `arg:"" help:"The job."`
}

// Help is the manual's text.
func (jobsCancelCmd) Help() string {
	return `Takes a job out of the queue. One that is running is interrupted: its run changes nothing.

Examples:

    rollcall jobs cancel 17`
}

// Run carries the command out.
func (c *jobsCancelCmd) Run(ctx context.Context, p *program) error {
	return p.onJob(ctx, c.ID, "is cancelled", func(q *jobs.Service) error { _, err := q.Cancel(ctx, c.ID); return err })
}

type jobsForgetCmd struct {
	ID int64 `arg:"" help:"The job."`
}

// Help is the manual's text.
func (jobsForgetCmd) Help() string {
	return `Removes a job that has ended, is parked or was stopped from the list. What its runs did stays in
"rollcall runs".

Examples:

    rollcall jobs forget 17`
}

// Run carries the command out.
func (c *jobsForgetCmd) Run(ctx context.Context, p *program) error {
	return p.onJob(ctx, c.ID, "is forgotten", func(q *jobs.Service) error { return q.Forget(ctx, c.ID) })
}

func (p *program) onJob(ctx context.Context, id int64, done string, do func(*jobs.Service) error) (err error) {
	queue, err := p.queue(ctx)
	if err != nil {
		return err
	}
	defer closing(queue.Close, &err)
	if err := do(queue); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "Job %d %s.\n", id, done)
	return nil
}
