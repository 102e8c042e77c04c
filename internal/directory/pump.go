package directory

import (
	"context"
	"os"
	"sync/atomic"
	"time"
)

// The reader of a search works with a fixed number of buffers: what it may read
// ahead of the decoder, and so the memory of a search. A message that needs more
// gets a buffer of its own for once.
const (
	chunkSize  = 128 << 10
	chunkCount = 6
)

// chunk is a buffer of whole messages.
type chunk struct {
	buf   []byte
	whole int // bytes of whole messages at its start
}

// pump reads the answers to one search on a goroutine of its own: it cuts the
// stream into messages, asks for the next page the moment one ends, and hands
// whole messages on. It stops after the last page, at an error, or when told to.
type pump struct {
	conn *Conn
	ctx  context.Context
	turn func(done message) (request []byte, controls []byte) // nil request: that was the last page

	full    chan *chunk
	free    chan *chunk
	quit    chan struct{}
	waiting atomic.Bool // the decoder has nothing to do
	err     error       // to be read once full is closed
	pages   int
	bytes   int64
	last    bool // the last page ended
	pace    pace
}

// startPump reads the answers to the running request; pageSize is how many
// entries a page brings, 0 when nothing says so.
func startPump(ctx context.Context, c *Conn, pageSize int, turn func(message) ([]byte, []byte)) *pump {
	p := &pump{
		conn: c, ctx: ctx, turn: turn, pace: pace{size: pageSize},
		full: make(chan *chunk, chunkCount),
		free: make(chan *chunk, chunkCount),
		quit: make(chan struct{}),
	}
	for range chunkCount {
		p.free <- &chunk{} // its memory comes with its first use
	}
	go p.run()
	return p
}

// run owns the connection's reading side until it closes full.
func (p *pump) run() {
	defer close(p.full)
	for !p.last {
		var ch *chunk
		select {
		case ch = <-p.free:
		case <-p.quit:
			return
		}
		if cap(ch.buf) != chunkSize {
			ch.buf = make([]byte, chunkSize)
		}
		if p.err = p.fill(ch); p.err != nil && ch.whole == 0 {
			return
		}
		select {
		case p.full <- ch:
		case <-p.quit:
			return
		}
		if p.err != nil {
			return
		}
	}
}

// fill reads whole messages into a chunk until it is worth handing on, and
// leaves what follows them in the connection's rest.
func (p *pump) fill(ch *chunk) (err error) {
	c := p.conn
	if len(c.rest) > len(ch.buf) {
		ch.buf = make([]byte, 2*len(c.rest))
	}
	n := copy(ch.buf, c.rest)
	ch.whole = 0
	defer func() { c.rest = append(c.rest[:0], ch.buf[ch.whole:n]...) }()
	for {
		need, err := p.scan(ch, n)
		if err != nil {
			return err
		}
		if p.last || ch.whole > 0 && (need > len(ch.buf) || n > len(ch.buf)/2 || p.waiting.Load()) {
			return nil
		}
		if need > len(ch.buf) {
			// Grown by doubling, so that a server that only announces a lot
			// does not get it.
			bigger := make([]byte, min(need, 2*len(ch.buf)))
			copy(bigger, ch.buf[:n])
			ch.buf = bigger
		}
		if pause := p.pace.next(time.Now()); pause > 0 {
			nap(pause)
		}
		got, err := p.read(ch.buf[n:])
		n += got
		p.bytes += int64(got)
		p.pace.trickle = got < trickleSize
		if err != nil && got == 0 {
			return err
		}
	}
}

// scan moves ch.whole over every whole message in the first n bytes and returns
// how many bytes the chunk must hold for one more.
func (p *pump) scan(ch *chunk, n int) (need int, err error) {
	for !p.last {
		size, err := messageSize(ch.buf[ch.whole:n])
		switch {
		case err != nil:
			return 0, err
		case size > p.conn.cfg.MaxMessage:
			return 0, tooLarge(size, p.conn.cfg.MaxMessage)
		case size == 0:
			return ch.whole + 8, nil
		case ch.whole+size > n:
			return ch.whole + size, nil
		}
		if err := p.inspect(ch.buf[ch.whole : ch.whole+size]); err != nil {
			return 0, err
		}
		ch.whole += size
	}
	return ch.whole, nil
}

// inspect looks whether a message ends a page, and asks for the next one.
func (p *pump) inspect(raw []byte) error {
	m, ok := parseMessage(raw)
	if !ok {
		return errMalformed
	}
	if m.id == 0 {
		return notice(m)
	}
	if m.op == opSearchEntry {
		p.pace.entry()
	}
	if m.op != opSearchDone || m.id != p.conn.id {
		return nil
	}
	p.pages++
	p.pace.turn()
	request, controls := p.turn(m)
	if request == nil {
		p.last = true
		return nil
	}
	_ = p.conn.nc.SetWriteDeadline(time.Now().Add(p.conn.cfg.IdleTimeout))
	return p.conn.send(request, controls)
}

// read waits for bytes no longer than the idle timeout.
func (p *pump) read(b []byte) (int, error) {
	nc := p.conn.nc
	if err := nc.SetReadDeadline(time.Now().Add(p.conn.cfg.IdleTimeout)); err != nil {
		return 0, err
	}
	// Asked after the deadline is set: whoever ends ctx sets it into the past
	// from then on (see halt), and that must not be overwritten.
	select {
	case <-p.quit:
		return 0, os.ErrDeadlineExceeded
	default:
	}
	if err := context.Cause(p.ctx); err != nil {
		return 0, err
	}
	return nc.Read(b)
}

// halt makes a read that is under way return.
func (p *pump) halt() { _ = p.conn.nc.SetReadDeadline(time.Unix(1, 0)) }

// next returns the next chunk, nil after the last.
func (p *pump) next() *chunk {
	select {
	case ch := <-p.full:
		return ch
	default:
	}
	p.waiting.Store(true)
	ch := <-p.full
	p.waiting.Store(false)
	return ch
}

// stop ends the goroutine, whatever it is doing, and waits for it.
func (p *pump) stop() {
	close(p.quit)
	p.halt()
	for range p.full { // drained: what was read ahead is of no use
	}
}
