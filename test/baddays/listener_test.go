package baddays

import (
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"rollcall/test/lab"
)

// closedPort returns the URL of a port on which nobody listens.
func closedPort(t testing.TB) string {
	t.Helper()
	return "ldap://127.0.0.1:" + strconv.Itoa(lab.FreePort(t))
}

// listener accepts connections, greets, and counts what it is sent.
type listener struct {
	net.Listener
	connections, received atomic.Int64
}

func listen(t testing.TB, greeting string) *listener {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{Listener: inner}
	var workers sync.WaitGroup
	workers.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			l.connections.Add(1)
			workers.Go(func() {
				defer c.Close()
				_, _ = io.WriteString(c, greeting)
				n, _ := io.Copy(io.Discard, c) // until the client leaves
				l.received.Add(n)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		workers.Wait()
	})
	return l
}

// chatter returns the URL of a server that speaks something else than LDAP.
func chatter(t testing.TB, greeting string) string {
	t.Helper()
	return "ldap://" + listen(t, greeting).Addr().String()
}
