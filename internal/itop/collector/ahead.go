package collector

import "context"

// reading is a task that is read while the one before it is: a directory answers
// two connections in little more time than one.
type reading struct {
	stop context.CancelFunc
	done chan struct{}
	out  *output
	err  error
}

// readAhead begins to read the first of the tasks behind t that is not under way
// yet, when both read a directory. What the log says of it is kept until its turn, and its files have no
// final names before.
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
	a.accompany(next, rest[1:])
	ctx, stop := context.WithCancel(ctx)
	r := &reading{stop: stop, done: make(chan struct{})}
	next.ahead = r
	source.log.part()
	go func() {
		defer close(r.done)
		defer stop()
		r.out, r.err = a.read(ctx, next, nil)
	}()
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
