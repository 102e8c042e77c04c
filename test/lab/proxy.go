package lab

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Fault is what a proxy does to connections; its zero value does nothing.
// Counts are kept per connection and begin when it is made. Of CutBytes,
// CutPages and CutEntries the first that is reached counts, except that
// CutPages and CutEntries together mean: so many entries after so many pages.
// Pages and entries can be told only in plain LDAP, not inside TLS.
type Fault struct {
	Refuse     bool          // new connections are reset at once
	Hold       bool          // new connections are accepted and never answered
	Delay      time.Duration // before each message or chunk from the server
	CutBytes   int64         // cut after so many bytes from the server
	CutPages   int           // cut after so many SearchResultDone messages
	CutEntries int           // cut after so many SearchResultEntry messages
	Stall      bool          // instead of cutting: stay connected and pass nothing on any more
	Reset      bool          // cut with a TCP reset rather than an orderly end
	Times      int           // how many connections meet the fault, counted from Set; 0 is all
}

// FaultProxy passes TCP connections on to a server and breaks them as told.
type FaultProxy struct {
	Addr string // host:port where it listens

	target   string
	listener net.Listener
	accepted atomic.Int64
	closing  chan struct{}
	workers  sync.WaitGroup

	mu    sync.Mutex
	fault Fault
	met   int // connections that met the present fault
	open  map[net.Conn]struct{}
}

// Proxy starts a proxy in front of target, a host:port; it passes everything on
// until Set says otherwise.
func Proxy(t testing.TB, target string) *FaultProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("start the proxy: %v", err)
	}
	p := &FaultProxy{
		Addr:     l.Addr().String(),
		target:   target,
		listener: l,
		closing:  make(chan struct{}),
		open:     map[net.Conn]struct{}{},
	}
	p.workers.Go(p.accept)
	t.Cleanup(func() {
		close(p.closing)
		_ = l.Close()
		p.CutAll()
		p.workers.Wait()
	})
	return p
}

// URL returns the proxy's address as an ldap URL.
func (p *FaultProxy) URL() string { return "ldap://" + p.Addr }

// Set changes the fault for connections made from now on.
func (p *FaultProxy) Set(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.met = f, 0
}

// CutAll cuts all connections that are open.
func (p *FaultProxy) CutAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.Close()
	}
}

// Connections returns how many connections were accepted so far.
func (p *FaultProxy) Connections() int { return int(p.accepted.Load()) }

func (p *FaultProxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.accepted.Add(1)
		fault := p.next()
		p.workers.Go(func() { p.serve(c, fault) })
	}
}

// next returns the fault that a new connection meets.
func (p *FaultProxy) next() Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fault.Times > 0 && p.met >= p.fault.Times {
		return Fault{}
	}
	p.met++
	return p.fault
}

// keep remembers an open connection, so that CutAll can end it; the function
// returned closes it.
func (p *FaultProxy) keep(c net.Conn) (closeConn func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = struct{}{}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.open, c)
		_ = c.Close()
	}
}

func (p *FaultProxy) serve(client net.Conn, fault Fault) {
	defer p.keep(client)()
	if fault.Refuse {
		reset(client)
		return
	}
	if fault.Hold {
		_, _ = io.Copy(io.Discard, client)
		return
	}
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		reset(client)
		return
	}
	closeServer := p.keep(server)
	p.workers.Go(func() {
		_, _ = io.Copy(server, client)
		closeServer() // the client has gone: the answer's loop below ends too
	})
	defer closeServer()

	if err := p.answer(client, server, fault); !errors.Is(err, errCut) {
		return
	}
	if fault.Stall {
		// Reading from the client goes on above until it gives up.
		_, _ = io.Copy(io.Discard, server)
	} else if fault.Reset {
		reset(client)
	}
}

// reset makes the coming close of a TCP connection a reset.
func reset(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }

// errCut says that the point was reached at which the connection is cut.
var errCut = errors.New("cut here")

// answer passes on what the server says, up to the fault.
func (p *FaultProxy) answer(client io.Writer, server io.Reader, fault Fault) error {
	out := &limitedWriter{w: client, left: fault.CutBytes, limited: fault.CutBytes > 0}
	if fault.CutPages == 0 && fault.CutEntries == 0 {
		return p.copy(out, server, fault)
	}
	in := bufio.NewReader(server)
	pages, entries := 0, 0
	for {
		message, op, err := readMessage(in)
		if err != nil {
			return err
		}
		if err := p.wait(fault.Delay); err != nil {
			return err
		}
		if _, err := out.Write(message); err != nil {
			return err
		}
		switch op {
		case opSearchEntry:
			if pages >= fault.CutPages {
				entries++
			}
		case opSearchDone:
			pages++
		}
		if pages >= fault.CutPages && entries >= fault.CutEntries {
			return errCut
		}
	}
}

func (p *FaultProxy) copy(out io.Writer, in io.Reader, fault Fault) error {
	chunk := make([]byte, 32<<10)
	for {
		n, err := in.Read(chunk)
		if err != nil {
			return err
		}
		if err := p.wait(fault.Delay); err != nil {
			return err
		}
		if _, err := out.Write(chunk[:n]); err != nil {
			return err
		}
	}
}

// wait waits, unless the proxy closes first.
func (p *FaultProxy) wait(d time.Duration) error {
	if d == 0 {
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-p.closing:
		return net.ErrClosed
	}
}

// limitedWriter writes up to a number of bytes and then answers errCut.
type limitedWriter struct {
	w       io.Writer
	left    int64
	limited bool
}

func (l *limitedWriter) Write(b []byte) (int, error) {
	if !l.limited {
		return l.w.Write(b)
	}
	n, err := l.w.Write(b[:min(int64(len(b)), l.left)])
	l.left -= int64(n)
	if err == nil && l.left == 0 {
		err = errCut
	}
	return n, err
}

// The operations of RFC 4511 that the proxy counts, as BER tags.
const (
	opSearchEntry = 0x64
	opSearchDone  = 0x65
)

// readMessage reads one LDAPMessage whole and tells its operation's tag.
func readMessage(in *bufio.Reader) (message []byte, op byte, err error) {
	head, err := in.Peek(2)
	if err != nil {
		return nil, 0, err
	}
	headLen, bodyLen := 2, uint64(head[1])
	if head[1] >= 0x80 {
		extra := int(head[1] & 0x7f)
		if extra == 0 || extra > 4 {
			return nil, 0, fmt.Errorf("length in %d bytes: this is not plain LDAP", extra)
		}
		headLen += extra
		if head, err = in.Peek(headLen); err != nil {
			return nil, 0, err
		}
		var long [8]byte
		copy(long[8-extra:], head[2:])
		bodyLen = binary.BigEndian.Uint64(long[:])
	}
	message = make([]byte, headLen+int(bodyLen))
	if _, err := io.ReadFull(in, message); err != nil {
		return nil, 0, err
	}
	// The body begins with the message ID: tag, short length, bytes.
	if body := message[headLen:]; len(body) > 2 && int(body[1])+2 < len(body) {
		op = body[2+int(body[1])]
	}
	return message, op, nil
}
