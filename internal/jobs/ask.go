package jobs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"rollcall/internal/rollcall"
)

// Ask queues the job of an entry for now. When one is queued, running or waiting
// already, that one is returned, and isNew is false.
func (s *Service) Ask(ctx context.Context, entry, by string) (job Job, isNew bool, err error) {
	entries := s.Timetable()
	i := slices.IndexFunc(entries, func(e Entry) bool { return e.Name == entry })
	if len(entries) == 0 {
		return Job{}, false, rollcall.Errorf(rollcall.NotFound, "the timetable has no %q: there is no timetable", entry)
	}
	if i < 0 {
		names := make([]string, len(entries))
		for i, e := range entries {
			names[i] = e.Name
		}
		return Job{}, false, rollcall.Errorf(rollcall.NotFound, "the timetable has no %q; it has %s", entry, strings.Join(names, ", "))
	}
	return s.Put(ctx, entries[i], by)
}

// Put queues work for now, whether or not the timetable has it. When a job of
// the entry's name is queued, running or waiting already, that one is returned,
// and isNew is false.
func (s *Service) Put(ctx context.Context, e Entry, by string) (job Job, isNew bool, err error) {
	result, err := s.client.Insert(ctx, args{Entry: e.Name, Work: e.Work, By: by}, e.options())
	if err != nil {
		return Job{}, false, fmt.Errorf("queue %s: %w", e.Name, err)
	}
	job, err = fromRow(result.Job)
	return job, !result.UniqueSkippedAsDuplicate, err
}

// Filter chooses jobs; its zero value takes all of them.
type Filter struct {
	Entry  string
	State  State
	Before int64 // only jobs with a smaller ID; 0: all
	Limit  int
}

// most is how many jobs one answer holds.
const most = 10_000

// List returns jobs, newest first.
func (s *Service) List(ctx context.Context, f Filter) ([]Job, error) {
	params := river.NewJobListParams().OrderBy(river.JobListOrderByID, river.SortOrderDesc).Kinds(args{}.Kind())
	if f.Limit <= 0 || f.Limit > most {
		f.Limit = most
	}
	params = params.First(f.Limit)
	if f.State != "" {
		of := states(f.State)
		if len(of) == 0 {
			return nil, rollcall.Errorf(rollcall.Invalid, "%q is no state of a job: queued, running, waiting, done, parked or stopped", f.State)
		}
		params = params.States(of...)
	}
	if f.Entry != "" {
		params = params.Where(s.queue.entryIs(), river.NamedArgs{"entry": f.Entry})
	}
	if f.Before > 0 {
		params = params.Where("id < @before", river.NamedArgs{"before": f.Before})
	}
	result, err := s.client.JobList(ctx, params)
	if err != nil {
		return nil, fmt.Errorf("read the queue: %w", err)
	}
	jobs := make([]Job, len(result.Jobs))
	for i, row := range result.Jobs {
		if jobs[i], err = fromRow(row); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

// Job returns one job.
func (s *Service) Job(ctx context.Context, id int64) (Job, error) {
	return one(id)(s.client.JobGet(ctx, id))
}

// Requeue makes a job that is parked, stopped or waiting due at once; its tries
// begin anew.
func (s *Service) Requeue(ctx context.Context, id int64) (Job, error) {
	j, err := s.Job(ctx, id)
	if err != nil {
		return j, err
	}
	switch j.State {
	case StateParked, StateStopped, StateWaiting:
		return one(id)(s.client.JobRetry(ctx, id))
	default:
		return j, rollcall.Errorf(rollcall.Conflict, "job %d is %s: only one that is parked, stopped or waiting is requeued", id, j.State)
	}
}

// Cancel takes a job out of the queue. One that is running is interrupted, which
// changes nothing halfway.
func (s *Service) Cancel(ctx context.Context, id int64) (Job, error) {
	j, err := s.Job(ctx, id)
	if err != nil {
		return j, err
	}
	if j.State == StateDone || j.State == StateParked || j.State == StateStopped {
		return j, rollcall.Errorf(rollcall.Conflict, "job %d is %s already", id, j.State)
	}
	return one(id)(s.client.JobCancel(ctx, id))
}

// Forget removes a job that is parked, stopped or done from the list.
func (s *Service) Forget(ctx context.Context, id int64) error {
	j, err := s.Job(ctx, id)
	if err != nil {
		return err
	}
	if j.State != StateDone && j.State != StateParked && j.State != StateStopped {
		return rollcall.Errorf(rollcall.Conflict, "job %d is %s: cancel it first", id, j.State)
	}
	_, err = one(id)(s.client.JobDelete(ctx, id))
	return err
}

// one reads the answer about one job.
func one(id int64) func(*rivertype.JobRow, error) (Job, error) {
	return func(row *rivertype.JobRow, err error) (Job, error) {
		if errors.Is(err, rivertype.ErrNotFound) {
			return Job{}, rollcall.Errorf(rollcall.NotFound, "there is no job %d", id)
		}
		if err != nil {
			return Job{}, fmt.Errorf("job %d: %w", id, err)
		}
		return fromRow(row)
	}
}
