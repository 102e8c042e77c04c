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
		for end := time.After(20 * time.Second); n > 0; {
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
		case <-time.After(20 * time.Second):
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
