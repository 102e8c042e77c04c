// Package cron answers cron.php as iTop 3.2.0 does: it runs the background
// tasks that are due, and tells of each. Which tasks there are is the business
// of whoever makes the service.
package cron

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"rollcall/internal/itop/gate"
)

// Task is something to be done again and again.
type Task interface {
	// Name is what the table of tasks calls it, such as "ExecAsyncTask".
	Name() string
	// Next says when it is due after a run that was planned for last; the zero time asks when it is due first.
	Next(last, now time.Time) time.Time
	// Process does what is due, until it is done or the deadline passes, and says in a sentence what it did.
	Process(ctx context.Context, deadline time.Time) (string, error)
}

// Config is what the page needs.
type Config struct {
	Tasks    []Task
	Now      func() time.Time                                 // time.Now when nil
	Wait     func(ctx context.Context, d time.Duration) error // sleeps; a test's clock is told instead
	Log      *slog.Logger                                     // silent when nil
	Duration time.Duration                                    // how long one call goes on (iTop's cron_max_execution_time); 10 minutes when 0
	Pause    time.Duration                                    // between two looks at the tasks (cron_sleep); 2 seconds when 0
}

// Service answers cron.php. It remembers when its tasks ran as long as it lives.
type Service struct {
	Config
	running sync.Mutex // held by the call that runs tasks
	lock    sync.Mutex // of records
	records []record   // beside Tasks
}

// record is what is known of a task's runs.
type record struct {
	last, next time.Time
	runs       int
	total      time.Duration
}

// New returns the page.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Wait == nil {
		c.Wait = wait
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Duration == 0 {
		c.Duration = 10 * time.Minute
	}
	if c.Pause == 0 {
		c.Pause = 2 * time.Second
	}
	s := &Service{Config: c, records: make([]record, len(c.Tasks))}
	for i, t := range c.Tasks {
		s.records[i].next = t.Next(time.Time{}, c.Now())
	}
	return s
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Run answers cron.php. It is a gate.Page.
func (s *Service) Run(ctx context.Context, w http.ResponseWriter, r *gate.Request) {
	p := newPrinter(w, r.CommandLine)
	defer p.end()
	switch {
	case !r.Account.Administrator:
		p.fail()
		p.line("Access restricted to administrators")
	case isSet(r.Params, "status_only") && !r.CommandLine:
		p.blank = true // iTop 3.2.0 answers with an empty page, observed
	case isSet(r.Params, "status_only"):
		s.table(p, s.byNext(s.Now(), false), true)
	default:
		s.run(ctx, p, isSet(r.Params, "verbose"), isSet(r.Params, "debug"))
	}
}

// isSet reads a flag as PHP does.
func isSet(p *gate.Params, name string) bool {
	v := p.Get(name, "")
	return v != "" && v != "0"
}

// run carries out one call: looks at the tasks again and again until its time is
// over.
func (s *Service) run(ctx context.Context, p *printer, verbose, debug bool) {
	started := s.Now()
	p.line("Starting: %d (%s)", started.Unix(), stamp(started))
	if !s.running.TryLock() {
		p.line("Already running...")
	} else {
		s.loop(ctx, p, started, verbose, debug)
		s.running.Unlock()
	}
	ended := s.Now()
	p.line("Exiting: %d (%s)", ended.Unix(), stamp(ended))
}

func (s *Service) loop(ctx context.Context, p *printer, started time.Time, verbose, debug bool) {
	end := started.Add(s.Duration)
	if verbose {
		names := make([]string, len(s.Tasks))
		for i, t := range s.Tasks {
			names[i] = t.Name()
		}
		p.line("Planned duration = %d seconds", int(s.Duration.Seconds()))
		p.line("Loop pause = %d seconds", int(s.Pause.Seconds()))
		p.line("Background processes: %s", strings.Join(names, ", "))
	}
	for ctx.Err() == nil && s.Now().Before(end) {
		s.round(ctx, p, end, verbose, debug)
		if verbose {
			p.line("Sleeping...\n")
		}
		p.flush()
		if err := s.Wait(ctx, s.Pause); err != nil {
			break
		}
	}
	if verbose {
		p.line("")
		s.table(p, s.byNext(s.Now(), false), true)
		if over := s.Now().Sub(end); over >= 0 {
			p.line("Reached normal execution time limit (exceeded by %ds)", int(over.Seconds()))
		}
	}
}

// round runs the tasks that are due once, those planned first before the others.
func (s *Service) round(ctx context.Context, p *printer, end time.Time, verbose, debug bool) {
	now := s.Now()
	due := s.byNext(now, true)
	if verbose && len(due) > 0 {
		p.line("%d Tasks planned to run now (%s):", len(due), stamp(now))
		s.table(p, due, false)
	}
	for _, i := range due {
		if ctx.Err() != nil || !s.Now().Before(end) {
			break
		}
		s.process(ctx, p, i, end, verbose, debug)
	}
	if !verbose {
		return
	}
	p.line("--")
	for _, i := range s.byNext(s.Now(), false) {
		if r := s.record(i); r.next.After(now) && !slices.Contains(due, i) {
			p.line("-- Skipping task: %s until: %s", padWith(s.Tasks[i].Name()+" ", widthSkipped, '-'), stamp(r.next))
		}
	}
}

// process runs one task. Its failure is told and ends nothing else.
func (s *Service) process(ctx context.Context, p *printer, i int, end time.Time, verbose, debug bool) {
	name := s.Tasks[i].Name()
	began := s.Now()
	if verbose {
		p.line(">> === %s Starting: %s", stamp(began), padWith(name+" ", widthStart, '='))
	}
	said, err := s.Tasks[i].Process(ctx, end)
	done := s.finished(i, began)
	switch {
	case err != nil:
		if !errors.Is(err, context.Canceled) {
			s.Log.Error("a background task failed", slog.String("task", name), slog.Any("err", err))
		}
		p.line("ERROR: an exception was thrown when processing '%s'", name)
		p.line("Processing failed with message: %s", shown(err, debug))
	case verbose:
		p.line("%s: %s", name, said)
	}
	if verbose {
		p.line("<< === %s End of:   %s Next: %s", stamp(s.Now()), padWith(name+" ", widthEnd, '='), stamp(done.next))
	}
}

// shown words an error; with debug with its causes.
func shown(err error, debug bool) string {
	if !debug {
		return err.Error()
	}
	var parts []string
	for ; err != nil; err = errors.Unwrap(err) {
		parts = append(parts, fmt.Sprintf("%T: %s", err, err))
	}
	return strings.Join(parts, "\n")
}

// finished notes a run and plans the next.
func (s *Service) finished(i int, began time.Time) record {
	s.lock.Lock()
	defer s.lock.Unlock()
	r := &s.records[i]
	r.last = began
	r.runs++
	r.total += s.Now().Sub(began)
	r.next = s.Tasks[i].Next(r.next, s.Now())
	return *r
}

func (s *Service) record(i int) record {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.records[i]
}

// Every returns a task that is done once in each period, and at once the first
// time.
func Every(name string, period time.Duration, process func(ctx context.Context, deadline time.Time) (string, error)) Task {
	return &periodic{name, period, process}
}

type periodic struct {
	name    string
	period  time.Duration
	process func(context.Context, time.Time) (string, error)
}

func (t *periodic) Name() string { return t.name }

// Next keeps to the beat of the first run: what was missed is not made up for.
func (t *periodic) Next(last, now time.Time) time.Time {
	if last.IsZero() {
		return now
	}
	next := last.Add(t.period)
	if missed := now.Sub(next); missed >= 0 {
		next = next.Add((missed/t.period + 1) * t.period)
	}
	return next
}

func (t *periodic) Process(ctx context.Context, deadline time.Time) (string, error) {
	return t.process(ctx, deadline)
}
