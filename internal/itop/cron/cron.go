// Package cron answers cron.php as iTop 3.2.0 does: it runs the background
// tasks that are due, and tells of each. Which tasks there are is the business
// of whoever makes the service.
package cron

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"rollcall/internal/itop/gate"
)

// Task is something to be done again and again.
type Task interface {
	// Name is what the table of tasks calls it, such as "ExecAsyncTask".
	Name() string
	// Next says when it is due after a run that began at last; the zero time asks when it is due first.
	Next(last, now time.Time) time.Time
	// Process does what is due, until it is done or the deadline passes, and says in a sentence what it did.
	Process(ctx context.Context, deadline time.Time) (string, error)
}

// Config is what the page needs.
type Config struct {
	Tasks    []Task
	Now      func() time.Time
	Log      *slog.Logger
	Duration time.Duration // how long one call goes on (iTop's cron_max_execution_time); 10 minutes when 0
	Pause    time.Duration // between two looks at the tasks (cron_sleep); 2 seconds when 0
}

// Service answers cron.php.
type Service struct {
	Config
}

// New returns the page.
func New(c Config) *Service { return &Service{Config: c} }

// Run answers cron.php. It is a gate.Page.
func (s *Service) Run(ctx context.Context, w http.ResponseWriter, r *gate.Request) {}
