package engine

import (
	"context"

	"rollcall/internal/rollcall"
)

// early takes a source's entries while the replicas that they are compared with
// are still being read: the first entries are kept until then, so that neither
// the directory nor the database waits for the other.
type early struct {
	take   func(*rollcall.Entry) error // to be called once the replicas are there
	loaded chan error                  // how the reading of the replicas ended
	stop   context.CancelFunc          // ends it
	done   bool
	failed error // why there are no replicas
	kept   []rollcall.Entry
	size   int // of kept, in bytes
}

// mostEarly bounds what is kept, in bytes: some ten thousand entries. The source
// waits once it is reached.
const mostEarly = 8 << 20

// early begins to read a load's replicas.
func (r *runner) early(ctx context.Context, l *load, take func(*rollcall.Entry) error) *early {
	e := &early{take: take, loaded: make(chan error, 1)}
	ctx, e.stop = context.WithCancel(ctx)
	go func() { e.loaded <- r.loadIndex(ctx, l) }()
	return e
}

// entry takes one entry.
func (e *early) entry(entry *rollcall.Entry) error {
	if !e.done && e.size < mostEarly {
		select {
		case err := <-e.loaded:
			e.end(err)
		default:
			e.kept = append(e.kept, entry.Clone())
			e.size += entry.Size()
			return nil
		}
	}
	if err := e.catchUp(); err != nil {
		return err
	}
	return e.take(entry)
}

// catchUp waits for the replicas and takes what was kept.
func (e *early) catchUp() error {
	if !e.done {
		e.end(<-e.loaded)
	}
	if e.failed != nil {
		return e.failed
	}
	for i := range e.kept {
		if err := e.take(&e.kept[i]); err != nil {
			return err
		}
	}
	e.kept = nil
	return nil
}

// finish ends the reading of the replicas when the source gave its last entry,
// or broke off.
func (e *early) finish(broken error) error {
	if broken == nil {
		broken = e.catchUp()
	}
	e.stop()
	if !e.done {
		e.end(<-e.loaded)
	}
	return broken
}

func (e *early) end(err error) { e.done, e.failed = true, err }
