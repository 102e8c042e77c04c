package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// How jobs are worked.
const (
	busyWait   = 30 * time.Second // until somebody else at a source is looked for again
	firstRetry = 30 * time.Second
	lastRetry  = time.Hour
	keepDone   = 90 * 24 * time.Hour
	never      = 100 * 365 * 24 * time.Hour
	timetable  = "timetable"
)

// Config is what a Service is made of.
type Config struct {
	Store   string // as in the configuration: a path (SQLite) or a postgres:// URL
	Entries []Entry
	Runner  Runner        // nil on a client that only asks
	Node    string        // what this process is called; made up when empty
	Wait    time.Duration // before the second try, doubled for each further one; 0 is 30 s
	Look    time.Duration // how often jobs are looked for that nobody does; 0 is 5 s
	Now     func() time.Time
	Log     *slog.Logger
}

// client is what River's client does, whatever the database.
type client interface {
	Insert(ctx context.Context, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
	JobGet(ctx context.Context, id int64) (*rivertype.JobRow, error)
	JobList(ctx context.Context, params *river.JobListParams) (*river.JobListResult, error)
	JobRetry(ctx context.Context, id int64) (*rivertype.JobRow, error)
	JobCancel(ctx context.Context, id int64) (*rivertype.JobRow, error)
	JobDelete(ctx context.Context, id int64) (*rivertype.JobRow, error)
	Start(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
	PeriodicJobs() *river.PeriodicJobBundle
}

// Service is the queue with its timetable. It is safe for concurrent use.
type Service struct {
	cfg    Config
	queue  database
	client client // asks; River's own races when one that works is also asked as it starts
	server client // works; nil without a Runner

	changing sync.Mutex // the timetable
	hand     hand
}

// Open opens the queue, making its tables where they are missing. The caller
// closes it.
func Open(ctx context.Context, cfg Config) (*Service, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Wait <= 0 {
		cfg.Wait = firstRetry
	}
	if cfg.Look <= 0 {
		cfg.Look = 5 * time.Second
	}
	if cfg.Node == "" {
		cfg.Node = nodeName()
	}
	s := &Service{cfg: cfg}
	var err error
	if s.queue, err = openDatabase(ctx, cfg.Store, cfg.Node); err != nil {
		return nil, fmt.Errorf("open the queue: %w", err)
	}
	if s.client, err = s.queue.client(s.settings()); err == nil && cfg.Runner != nil {
		s.server, err = s.serving()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the queue: %w", err), s.queue.close())
	}
	return s, nil
}

// Close gives the queue back. Run must have returned.
func (s *Service) Close() error { return s.queue.close() }

func (s *Service) settings() *river.Config {
	return &river.Config{
		ID:                          s.cfg.Node,
		Logger:                      slog.New(onlyWarnings{s.cfg.Log.Handler()}),
		CompletedJobRetentionPeriod: keepDone,
		CancelledJobRetentionPeriod: keepDone,
		// Parked jobs stay until somebody decides. River's -1 for that is no good: its driver for SQLite (v0.31.0) counts back from
		// now by it, and removes them all.
		DiscardedJobRetentionPeriod: never,
		JobTimeout:                  -1, // a run takes as long as its directory
		RescueStuckJobsAfter:        never,
		RetryPolicy:                 backOff{s.cfg.Wait, s.cfg.Now},
		FetchCooldown:               100 * time.Millisecond,
		FetchPollInterval:           time.Second,
	}
}

// serving returns the client that works jobs and keeps the timetable.
func (s *Service) serving() (client, error) {
	c := s.settings()
	c.Queues = map[string]river.QueueConfig{}
	for _, l := range lanes() {
		c.Queues[l.queue()] = river.QueueConfig{MaxWorkers: l.workers()}
	}
	c.Workers = river.NewWorkers()
	if err := river.AddWorkerSafely(c.Workers, &worker{service: s}); err != nil {
		return nil, err
	}
	c.PeriodicJobs = periodic(s.cfg.Entries)
	return s.queue.client(c)
}

// periodic is what the entries of a timetable are to River.
func periodic(entries []Entry) []*river.PeriodicJob {
	var list []*river.PeriodicJob
	for i := range entries {
		e := &entries[i]
		if e.Schedule == nil {
			continue
		}
		list = append(list, river.NewPeriodicJob(endless{e.Schedule}, func() (river.JobArgs, *river.InsertOpts) {
			return args{Entry: e.Name, Work: e.Work, By: timetable}, e.options()
		}, nil))
	}
	return list
}

// Timetable returns the entries as they are now.
func (s *Service) Timetable() []Entry {
	s.changing.Lock()
	defer s.changing.Unlock()
	return s.cfg.Entries
}

// SetTimetable puts other entries in the place of those that are kept. Jobs that
// are queued or running stay.
func (s *Service) SetTimetable(entries []Entry) {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.cfg.Entries = entries
	if s.server != nil {
		s.server.PeriodicJobs().Clear()
		s.server.PeriodicJobs().AddMany(periodic(entries))
	}
}

// endless gives a schedule without a next time one that never comes: River
// knows no end.
type endless struct{ Schedule }

func (e endless) Next(t time.Time) time.Time {
	if next := e.Schedule.Next(t); !next.IsZero() {
		return next
	}
	return t.Add(never)
}

func (e *Entry) options() *river.InsertOpts {
	return &river.InsertOpts{
		MaxAttempts: e.Retries + 1,
		Queue:       e.Lane.queue(),
		UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
			rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning,
			rivertype.JobStateRetryable, rivertype.JobStateScheduled,
		}},
	}
}

// Run works jobs until the context ends; the service has a Runner. Jobs under way are interrupted then and
// go on at the next start, here or on another node.
func (s *Service) Run(ctx context.Context) error {
	atStart := func(err error) error {
		if ctx.Err() != nil {
			return nil // it was told to end before it had begun
		}
		return err
	}
	release, err := s.queue.serve(ctx)
	if err != nil {
		return atStart(err)
	}
	defer func() {
		if err := release(); err != nil {
			s.cfg.Log.Error("the queue is not given back", slog.Any("err", err))
		}
	}()
	if err := s.catchUp(ctx); err != nil {
		return atStart(err)
	}
	// A client whose context ends while it starts may never end (River 0.31): it is
	// let start, and then stopped.
	if err := s.server.Start(context.WithoutCancel(ctx)); err != nil {
		return atStart(fmt.Errorf("start the queue: %w", err))
	}
	s.takeOver(ctx) // until the context ends
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := s.server.StopAndCancel(stopping); err != nil {
		return fmt.Errorf("stop the queue: %w", err)
	}
	return nil
}

// takeOver puts jobs back into the queue that nobody does, every few seconds:
// those of nodes that died, and those that this node lost.
func (s *Service) takeOver(ctx context.Context) {
	ticker := time.NewTicker(s.cfg.Look)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		nodes, err := s.queue.takeOver(ctx)
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("jobs of nodes that died cannot be looked for", slog.Any("err", err))
		}
		if err := s.recall(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("jobs that were lost cannot be looked for", slog.Any("err", err))
		}
		for _, node := range nodes {
			s.cfg.Log.Warn("a node died; its jobs are queued again", slog.String("node", node))
		}
	}
}

// catchUp queues entries whose time came while no server ran.
func (s *Service) catchUp(ctx context.Context) error {
	entries := s.Timetable()
	for i := range entries {
		e := &entries[i]
		if e.Schedule == nil {
			continue
		}
		last, err := s.List(ctx, Filter{Entry: e.Name, Limit: 1})
		if err != nil {
			return err
		}
		_, isInterval := e.Schedule.(every)
		missed := len(last) == 0 && isInterval
		if len(last) > 0 {
			next := e.Schedule.Next(last[0].Created)
			missed = !next.IsZero() && next.Before(s.cfg.Now())
		}
		if missed {
			if _, _, err := s.Ask(ctx, e.Name, timetable); err != nil {
				return err
			}
		}
	}
	return nil
}
