package directory

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"rollcall/internal/rollcall"
)

// Pool keeps bound connections for many short questions, such as look-ups while
// people wait. It is for use by several goroutines.
type Pool struct {
	cfg   Config
	slots chan struct{} // one for each connection in use

	mu     sync.Mutex
	idle   []idleConn
	closed bool
}

type idleConn struct {
	*Conn
	since time.Time
}

// maxIdle is how long a connection waits to be used again: less than the time
// after which servers and firewalls drop silent ones.
const maxIdle = time.Minute

// NewPool returns a pool of at most size connections; none is made yet.
func NewPool(cfg Config, size int) *Pool {
	return &Pool{cfg: cfg, slots: make(chan struct{}, size)}
}

// Do runs f with a connection of the pool's own, made when none is free. It
// waits while all are in use.
func (p *Pool) Do(ctx context.Context, f func(*Conn) error) error {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return rollcall.Errorf(rollcall.Unavailable, "wait for a free connection to the directory: %w", context.Cause(ctx))
	}
	c, err := p.take(ctx)
	if err != nil {
		return err
	}
	defer p.giveBack(c)
	return f(c)
}

// Close closes the idle connections; those in use are closed when they come
// back.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	var err error
	for _, c := range p.idle {
		err = errors.Join(err, c.Close())
	}
	p.idle = nil
	return err
}

// take returns the connection that was used last, if it still lives.
func (p *Pool) take(ctx context.Context) (*Conn, error) {
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n == 0 {
			p.mu.Unlock()
			return Dial(ctx, p.cfg)
		}
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		if time.Since(c.since) < maxIdle && c.alive() {
			return c.Conn, nil
		}
		_ = c.Close() // it is of no use any more
	}
}

func (p *Pool) giveBack(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || c.broken != nil {
		_ = c.Close() // it is of no use any more
		return
	}
	p.idle = append(p.idle, idleConn{c, time.Now()})
}

// alive reports whether the other side still holds the connection and has
// nothing to say: a server that closes an idle one says so first.
func (c *Conn) alive() bool {
	if c.broken != nil {
		return false
	}
	if err := c.nc.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return false
	}
	var b [1]byte
	_, err := c.nc.Read(b[:])
	var t net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}
