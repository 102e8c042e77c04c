// Package report renders plans, runs and their like as text, JSON and CSV. It
// decides nothing and reads nothing: the caller hands it values and a writer.
package report

import (
	"io"
	"time"

	"rollcall/internal/rollcall"
)

// Format is how something is written.
type Format string

// The formats.
const (
	Text Format = "text"
	JSON Format = "json"
	CSV  Format = "csv"
)

// Options say how to write. The zero value is plain text.
type Options struct {
	Format Format
	Color  bool           // of text: only for a terminal
	Zone   *time.Location // of text: times are shown in it; UTC when nil
}

// Plan writes the changes of a plan or a run as they come, and their sum at the
// end.
type Plan struct {
	w io.Writer
}

// NewPlan starts a plan on w.
func NewPlan(w io.Writer, o Options) *Plan { return &Plan{w: w} }

// Change writes one change.
func (p *Plan) Change(c *rollcall.Change) error { return nil }

// Problem writes one problem.
func (p *Plan) Problem(pr *rollcall.Problem) error { return nil }

// Close writes the sum. The run may be nil.
func (p *Plan) Close(run *rollcall.Run) error { return nil }
