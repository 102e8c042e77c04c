package server

import (
	"net"
	"sync"
)

// limited lets only so many connections be open at once. The others wait in the
// queue of the operating system.
func limited(l net.Listener, most int) net.Listener {
	return &limitListener{Listener: l, room: make(chan struct{}, most), done: make(chan struct{})}
}

type limitListener struct {
	net.Listener
	room chan struct{}
	done chan struct{}
	once sync.Once
}

// Accept waits until there is room for a connection.
func (l *limitListener) Accept() (net.Conn, error) {
	select {
	case l.room <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	conn, err := l.Listener.Accept()
	if err != nil {
		<-l.room
		return nil, err
	}
	return &limitConn{Conn: conn, leave: func() { <-l.room }}, nil
}

// Close stops listening.
func (l *limitListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

type limitConn struct {
	net.Conn
	once  sync.Once
	leave func()
}

// Close makes room for another.
func (c *limitConn) Close() error {
	defer c.once.Do(c.leave)
	return c.Conn.Close()
}
