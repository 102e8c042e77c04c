package collector

import (
	"context"
	"slices"
	"sync/atomic"
	"time"
)

// reading is a task that is read while the one before it is: a directory answers
// two connections in little more time than one.
type reading struct {
	stop context.CancelFunc
	done chan struct{}
	rows atomic.Int64 // so far
	out  *output
	err  error
}

// readAhead begins to read the first of the tasks behind t that is not under way
// yet, when both read a directory. What the log says of it is kept until its turn,
// and its files have no final names before.
func (a *app) readAhead(ctx context.Context, t *task, rest []*task) {
	for len(rest) > 0 && rest[0].ahead != nil {
		rest = rest[1:]
	}
	if len(rest) == 0 || a.strict {
		return
	}
	next := rest[0]
	source, isLDAP := next.source.(*ldapSource)
	if _, alike := t.source.(*ldapSource); !isLDAP || !alike {
		return
	}
	a.begin(ctx, next, source, rest[1:])
}

// readWhileAsking begins to read the first task, when that is a directory's, while
// iTop is asked about the definitions: what is read goes nowhere until they are
// settled.
func (a *app) readWhileAsking(ctx context.Context) {
	// What a killed run left says that the files are not whole; reading removes it.
	if a.strict || len(a.tasks) == 0 || slices.ContainsFunc(a.tasks, a.wasInterrupted) {
		return
	}
	if source, isLDAP := a.tasks[0].source.(*ldapSource); isLDAP {
		a.begin(ctx, a.tasks[0], source, a.tasks[1:])
	}
}

// begin reads a task beside whatever else is done.
func (a *app) begin(ctx context.Context, next *task, source *ldapSource, rest []*task) {
	a.accompany(next, rest)
	ctx, stop := context.WithCancel(ctx)
	r := &reading{stop: stop, done: make(chan struct{})}
	next.ahead = r
	source.log.part()
	go func() {
		defer close(r.done)
		defer stop()
		r.out, r.err = a.read(ctx, next, func(_ string, rows int) { r.rows.Store(int64(rows)) })
	}()
}

// wait waits for the end of a reading and shows how far it is.
func (r *reading) wait(show func(rows int)) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-r.done:
			return
		case <-tick.C:
			show(int(r.rows.Load()))
		}
	}
}

// abandon ends a reading whose turn does not come, and waits for its end.
func (r *reading) abandon() {
	if r == nil {
		return
	}
	r.stop()
	<-r.done
	if r.out != nil {
		r.out.discard()
	}
}

// logger returns where a task's source and files say what they do.
func (t *task) logger(a *app) *logger {
	if s, ok := t.source.(*ldapSource); ok {
		return s.log
	}
	return a.log
}
