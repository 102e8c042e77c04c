package report

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Progress shows how far long work is: a bar that is drawn again and again on a
// terminal, one line a step elsewhere. It is safe for concurrent use. A nil
// Progress shows nothing.
type Progress struct {
	w        io.Writer
	terminal bool
	now      func() time.Time

	mu          sync.Mutex
	step        string
	done, total int
	began, last time.Time
}

// NewProgress shows progress on w.
func NewProgress(w io.Writer, terminal bool, now func() time.Time) *Progress {
	return &Progress{w: w, terminal: terminal, now: now}
}

// Step ends the step before and begins one. Total is 0 where it is not known.
func (p *Progress) Step(name string, total int) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
	p.step, p.done, p.total, p.began = Printable(name), 0, total, p.now()
	p.draw()
}

// Add counts work done in the present step.
func (p *Progress) Add(n int) {
	if p == nil {
		return
	}
	const often = 100 * time.Millisecond
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += n
	if p.terminal && p.now().Sub(p.last) >= often {
		p.draw()
	}
}

// Done ends the last step and leaves the line to others.
func (p *Progress) Done() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end()
}

// end writes the finished step's line. Where the bar cannot be written, the
// work goes on all the same.
func (p *Progress) end() {
	if p.step == "" {
		return
	}
	clear := ""
	if p.terminal {
		clear = "\r\x1b[K"
	}
	count := ""
	if p.done > 0 {
		count = fmt.Sprintf("%d in ", p.done)
	}
	_, _ = fmt.Fprintf(p.w, "%s%s: %s%s\n", clear, p.step, count, took(p.now().Sub(p.began)))
	p.step = ""
}

// draw draws the bar over itself.
func (p *Progress) draw() {
	if !p.terminal || p.step == "" {
		return
	}
	const width = 24
	p.last = p.now()
	state := fmt.Sprintf("%d", p.done)
	if p.total > 0 {
		full := min(width, p.done*width/p.total)
		state = fmt.Sprintf("[%s%s] %d/%d", strings.Repeat("#", full), strings.Repeat(" ", width-full), p.done, p.total)
	}
	rate := ""
	if s := p.last.Sub(p.began).Seconds(); s >= 1 && p.done > 0 {
		rate = fmt.Sprintf(", %.0f/s", float64(p.done)/s)
	}
	_, _ = fmt.Fprintf(p.w, "\r\x1b[K%s: %s%s", p.step, state, rate)
}
