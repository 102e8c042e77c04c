package directory

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"rollcall/internal/rollcall"
)

// Conn is one bound connection to one server. It carries one operation at a
// time and is not for use by several goroutines at once.
type Conn struct {
	cfg  Config
	end  endpoint
	nc   net.Conn
	rest []byte // bytes read beyond the last message
	id   int    // of the last request

	writing sync.Mutex // the reader of a search writes too: the next page's request
	root    *Root
	second  *Conn // for what a running search needs besides, see sibling
	broken  error // why the connection is of no use any more
}

// URL returns the URL of the server that answered.
func (c *Conn) URL() string { return c.end.text }

// TLS returns the state of the connection's encryption, false when it has none.
func (c *Conn) TLS() (tls.ConnectionState, bool) {
	if tc, ok := c.nc.(*tls.Conn); ok {
		return tc.ConnectionState(), true
	}
	return tls.ConnectionState{}, false
}

// Close says goodbye and closes the connection.
func (c *Conn) Close() error {
	var err error
	if c.second != nil {
		err = c.second.Close()
	}
	if c.broken == nil {
		_ = c.nc.SetWriteDeadline(time.Now().Add(time.Second))
		_ = c.send(appendElement(nil, opUnbindRequest, nil), nil) // a courtesy: the close says the same
	}
	c.broken = net.ErrClosed
	return errors.Join(err, c.nc.Close())
}

// sibling returns a second connection to the same server, made when first asked
// for: the rest of a ranged attribute is fetched while a search runs.
func (c *Conn) sibling(ctx context.Context) (*Conn, error) {
	if c.second == nil {
		second, err := connect(ctx, c.cfg, c.end)
		if err != nil {
			return nil, err
		}
		second.root = c.root
		c.second = second
	}
	return c.second, nil
}

// send writes one request under a new message ID, which c.id keeps.
func (c *Conn) send(op, controls []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.id++
	body := appendInt(make([]byte, 0, len(op)+len(controls)+16), tagInteger, c.id)
	body = append(body, op...)
	body = append(body, controls...)
	_, err := c.nc.Write(appendElement(make([]byte, 0, len(body)+8), tagSequence, body))
	return err
}

// roundTrip sends a request and returns the one answer to it. The deadline on
// the socket is the caller's business.
func (c *Conn) roundTrip(op, controls []byte) (message, error) {
	if c.broken != nil {
		return message{}, c.broken
	}
	if err := c.send(op, controls); err != nil {
		return message{}, err
	}
	for {
		raw, err := c.readMessage()
		if err != nil {
			return message{}, err
		}
		m, ok := parseMessage(raw)
		switch {
		case !ok:
			return message{}, errMalformed
		case m.id == c.id:
			return m, nil
		case m.id == 0:
			return message{}, notice(m)
		}
	}
}

// readMessage reads one whole message, which is the caller's to keep.
func (c *Conn) readMessage() ([]byte, error) {
	buf := c.rest
	for {
		size, err := messageSize(buf)
		if err != nil {
			return nil, err
		}
		if size > c.cfg.MaxMessage {
			return nil, tooLarge(size, c.cfg.MaxMessage)
		}
		if size > 0 && size <= len(buf) {
			c.rest = buf[size:]
			return buf[:size:size], nil
		}
		piece := make([]byte, len(buf)+4096)
		n := copy(piece, buf)
		got, err := c.nc.Read(piece[n:])
		if buf = piece[:n+got]; err != nil && got == 0 {
			return nil, err
		}
	}
}

func tooLarge(size, limit int) error {
	return rollcall.Errorf(rollcall.Invalid, "the server sent a message of %d bytes, more than the limit of %d", size, limit)
}

// notice makes an error of an unsolicited notification (RFC 4511 section 4.4):
// the server is about to hang up.
func notice(m message) error {
	if m.op == opExtendedResponse {
		if r, _, ok := parseResult(m.body); ok {
			return r.explain("the server closes the connection")
		}
	}
	return errMalformed
}

// deadline lets every read and write until release fail at a time, or as soon as
// ctx ends.
func (c *Conn) deadline(ctx context.Context, at time.Time) (release func()) {
	_ = c.nc.SetDeadline(at)
	stop := context.AfterFunc(ctx, func() { _ = c.nc.SetDeadline(time.Unix(1, 0)) })
	return func() {
		if stop() {
			_ = c.nc.SetDeadline(time.Time{})
		}
	}
}

// fail marks the connection as broken unless the error is an answer, and
// explains what happened.
func (c *Conn) fail(ctx context.Context, what string, err error, waited time.Duration) error {
	if re, ok := errors.AsType[*ResultError](err); ok {
		if _, ok := errors.AsType[*rollcall.Error](err); ok {
			return fmt.Errorf("%s: %w", what, err)
		}
		return re.explain(what)
	}
	c.broken = errBroken
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", what, context.Cause(ctx))
	}
	if _, ok := errors.AsType[*rollcall.Error](err); ok {
		return fmt.Errorf("%s: %w", what, err)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return rollcall.Errorf(rollcall.Unavailable, "%s: the server keeps the connection open but said nothing for %s: it may be overloaded; look into its log, or raise the timeouts: %w", what, waited, err)
	}
	return explainNetwork(what, c.end, err)
}

var errBroken = rollcall.Errorf(rollcall.Unavailable, "the connection broke earlier")
