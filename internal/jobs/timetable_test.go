package jobs_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"rollcall/internal/jobs"
)

// TestSetTimetableTakesEffect changes a line's interval from a day to a second
// while the service works, and takes another one away.
func TestSetTimetableTakesEffect(t *testing.T) {
	t.Parallel()
	every := func(d time.Duration) jobs.Schedule {
		t.Helper()
		s, err := jobs.Every(d)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	line := func(name string, d time.Duration) jobs.Entry {
		return jobs.Entry{Name: name, Work: jobs.Work{Kind: "sync"}, Schedule: every(d)}
	}
	worked := make(chan string, 100)
	s, err := jobs.Open(t.Context(), jobs.Config{
		Store: t.TempDir() + "/r.db", Entries: []jobs.Entry{line("people", 24*time.Hour), line("groups", time.Second)}, Log: slog.New(slog.DiscardHandler),
		Runner: func(_ context.Context, j *jobs.Job) error { worked <- j.Entry; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	count := func(name string, n int) {
		t.Helper()
		for end := time.After(patience); n > 0; {
			select {
			case got := <-worked:
				if got == name {
					n--
				}
			case <-end:
				t.Fatalf("%s is %d times short", name, n)
			}
		}
	}
	count("groups", 2) // the other one once, at the start
	s.SetTimetable([]jobs.Entry{line("people", time.Second)})
	count("people", 3)
	if _, _, err := s.Ask(t.Context(), "groups", "somebody"); err == nil {
		t.Error("a line that was taken away can be asked for")
	}
	if now := s.Timetable(); len(now) != 1 || now[0].Name != "people" {
		t.Errorf("got %v, want the new timetable", now)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestLanesDoNotWaitForOneAnother has two long jobs of the main lane, which take
// all of its workers.
func TestLanesDoNotWaitForOneAnother(t *testing.T) {
	t.Parallel()
	entries := []jobs.Entry{
		{Name: "long"}, {Name: "longer"}, {Name: "waits"},
		{Name: "retry", Lane: jobs.LaneRetry}, {Name: "removal", Lane: jobs.LaneRemoval},
	}
	started, release := make(chan string, 10), make(chan struct{})
	s, err := jobs.Open(t.Context(), jobs.Config{
		Store: t.TempDir() + "/r.db", Entries: entries, Log: slog.New(slog.DiscardHandler),
		Runner: func(_ context.Context, j *jobs.Job) error {
			started <- j.Entry
			if j.Entry == "long" || j.Entry == "longer" {
				<-release
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	ask := func(name string) {
		t.Helper()
		if _, _, err := s.Ask(t.Context(), name, "somebody"); err != nil {
			t.Fatal(err)
		}
	}
	next := func() string {
		t.Helper()
		select {
		case name := <-started:
			return name
		case <-time.After(patience):
			t.Fatal("nothing starts")
			return ""
		}
	}
	for _, name := range []string{"long", "longer"} {
		ask(name)
		next()
	}
	ask("waits")
	for _, name := range []string{"retry", "removal"} {
		ask(name)
		if got := next(); got != name {
			t.Errorf("got %s started, want %s", got, name)
		}
	}
	close(release)
	if got := next(); got != "waits" {
		t.Errorf("got %s started, want the one that waited", got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func (s suite) timetable(t *testing.T) {
	fired := make(chan string, 100)
	e := entry("every second")
	var err error
	if e.Schedule, err = jobs.ParseCron("* * * ? * *", time.UTC); err != nil {
		t.Fatal(err)
	}
	d := open(t, s.store(t), func(_ context.Context, j *jobs.Job) error {
		fired <- j.By
		return nil
	}, e, entry("on demand"))
	d.serve()
	for range 2 {
		select {
		case by := <-fired:
			if by != "timetable" {
				t.Errorf("got a job by %q, want it by the timetable", by)
			}
		case <-time.After(patience):
			t.Fatal("the timetable asked for nothing")
		}
	}
	if asked, err := d.List(t.Context(), jobs.Filter{Entry: "on demand"}); err != nil || len(asked) != 0 {
		t.Errorf("got %v, %v, want what is on demand left alone", asked, err)
	}
}

func (s suite) missed(t *testing.T) {
	store := s.store(t)
	fired := make(chan string, 10)
	work := func(_ context.Context, j *jobs.Job) error { fired <- j.Entry; return nil }
	yearly, nightly := entry("yearly"), entry("nightly")
	var err error
	if yearly.Schedule, err = jobs.ParseCron("0 0 1 1 *", time.UTC); err != nil {
		t.Fatal(err)
	}
	nightly.Schedule = yearly.Schedule
	interval := entry("interval")
	if interval.Schedule, err = jobs.Every(100 * 24 * time.Hour); err != nil {
		t.Fatal(err)
	}
	d := open(t, store, work, yearly, nightly, interval)
	stop := d.serve()
	if got := <-fired; got != "interval" { // never done: at once; a time of day waits for its time
		t.Errorf("got %s first, want the interval", got)
	}
	d.until(d.ask("yearly").ID, jobs.StateDone)
	<-fired
	stop()

	// A clock two years on.
	later, err := jobs.Open(t.Context(), jobs.Config{
		Store: store, Entries: []jobs.Entry{yearly, nightly}, Runner: work, Now: func() time.Time { return time.Now().AddDate(2, 0, 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	desk{later, t}.serve()
	if got := <-fired; got != "yearly" {
		t.Errorf("got %s, want what was missed", got)
	}
	if asked, err := later.List(t.Context(), jobs.Filter{Entry: "nightly"}); err != nil || len(asked) != 0 {
		t.Errorf("got %v, %v, want what never ran to wait for its time", asked, err)
	}
}
