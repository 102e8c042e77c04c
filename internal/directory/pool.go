package directory

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
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
	other  string    // a server that answered when those before it in the list did not
	until  time.Time // how long it is asked first
}

type idleConn struct {
	*Conn
	since time.Time
}

// maxIdle is how long a connection waits to be used again: less than the time
// after which servers and firewalls drop silent ones.
const maxIdle = time.Minute

// certain is how long a connection that was just used is taken to live.
const certain = 500 * time.Millisecond

// preferOther is how long the server that answered is asked before those that
// did not.
const preferOther = time.Minute

// NewPool returns a pool of at most size connections; none is made yet.
func NewPool(cfg Config, size int) *Pool {
	return &Pool{cfg: cfg, slots: make(chan struct{}, size)}
}

// Do runs f with a connection of the pool's own, made when none is free. It
// waits while all are in use. When a connection that waited in the pool turns
// out to be dead, f is called once more, with a new one.
func (p *Pool) Do(ctx context.Context, f func(*Conn) error) error {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return rollcall.Errorf(rollcall.Unavailable, "wait for a free connection to the directory: %w", context.Cause(ctx))
	}
	c := p.take()
	if c != nil {
		err := f(c)
		isDead := c.broken != nil
		p.giveBack(c)
		if !isDead || err == nil || rollcall.KindOf(err) != rollcall.Unavailable || ctx.Err() != nil {
			return err
		}
	}
	c, err := p.dial(ctx)
	if err != nil {
		return err
	}
	defer p.giveBack(c)
	return f(c)
}

// dial makes a connection to the first server that answers, and remembers when
// that was not the first of the list.
func (p *Pool) dial(ctx context.Context) (*Conn, error) {
	cfg := p.cfg
	p.mu.Lock()
	if at := slices.Index(cfg.URLs, p.other); at > 0 && time.Now().Before(p.until) {
		cfg.URLs = slices.Concat(cfg.URLs[at:], cfg.URLs[:at])
	} else {
		p.other = ""
	}
	p.mu.Unlock()
	c, err := Dial(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if c.URL() != cfg.URLs[0] {
		p.mu.Lock()
		p.other, p.until = c.URL(), time.Now().Add(preferOther)
		p.mu.Unlock()
	}
	return c, nil
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

// take returns the connection that was used last, if it still lives; nil when
// there is none.
func (p *Pool) take() *Conn {
	for {
		p.mu.Lock()
		n := len(p.idle)
		if n == 0 {
			p.mu.Unlock()
			return nil
		}
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		if idle := time.Since(c.since); idle < certain || idle < maxIdle && c.alive() {
			return c.Conn
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
