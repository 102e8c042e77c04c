// Package server listens: TLS, limits against slow and greedy clients, panics,
// the access log, health and metrics, a stop that lets requests end. What
// answers requests is handed to it as http.Handlers.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"rollcall/internal/rollcall"
)

// Config says how to listen. Zero values stand for the defaults.
type Config struct {
	Listen string // host:port; an empty host means loopback
	Cert   string // path of the certificate and its chain; "" for plain HTTP
	Key    string // path of its key
	// Plain allows plain HTTP on addresses that others can reach.
	Plain  bool
	Limits Limits
	// Proxies are the addresses of web servers in front, whose word about the client counts.
	Proxies []netip.Prefix
	// MetricsFrom are the addresses that may read /metrics; none: loopback alone.
	MetricsFrom []netip.Prefix
	// Ready says why no request can be answered now, nil when it can.
	Ready func(context.Context) error
	// Detail is what /readyz tells besides, to addresses that may read /metrics; nil: nothing.
	Detail  func(context.Context) string
	Metrics *Metrics
	// Trace begins a request's step in a trace and returns the trace's ID, "" for none; nil: no request is followed.
	Trace TraceFunc
	Now   func() time.Time
	Log   *slog.Logger
}

// TraceFunc begins the step of a request to a route. The function that it returns
// ends it with the status of the answer.
type TraceFunc func(r *http.Request, route string) (ctx context.Context, trace string, end func(status int))

// Limits bound what one client can take.
type Limits struct {
	Connections int           // open at once
	Header      time.Duration // for the head of a request
	Idle        time.Duration // between two requests
	Grace       time.Duration // that any client may be slow
	Rate        int64         // bytes a second that it must keep up on average after that
	Stop        time.Duration // that requests have to end when the server stops
}

// DefaultLimits suit a server that strangers can reach.
func DefaultLimits() Limits {
	return Limits{
		Connections: 1000, Header: 10 * time.Second, Idle: 2 * time.Minute,
		Grace: 30 * time.Second, Rate: 4 << 10, Stop: 30 * time.Second,
	}
}

// Server is a listening server.
type Server struct {
	Config
	listener net.Listener
	http     *http.Server
	scheme   string
}

// mostHeader is how long the head of a request may be.
const mostHeader = 64 << 10

// Open starts to listen; requests wait until Run. Routes map paths to handlers,
// as http.ServeMux understands them.
func Open(ctx context.Context, c Config, routes map[string]http.Handler) (*Server, error) {
	c = c.withDefaults()
	conf, err := c.tls()
	if err != nil {
		return nil, err
	}
	if conf == nil && !c.Plain && !isLoopback(c.Listen) {
		return nil, rollcall.Errorf(rollcall.Invalid,
			"plain HTTP on %s would send passwords readable over the network: give serve.tls a certificate and a key, listen on 127.0.0.1 behind a web server, or write serve.plain_http: true", c.Listen)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Unavailable, "listen on %s: %w", c.Listen, err)
	}
	listener = limited(listener, c.Limits.Connections)
	s := &Server{Config: c, listener: listener, scheme: "http"}
	if conf != nil {
		s.listener, s.scheme = tls.NewListener(listener, conf), "https"
	}
	s.http = &http.Server{
		Handler:           s.handler(routes),
		ReadHeaderTimeout: c.Limits.Header,
		IdleTimeout:       c.Limits.Idle,
		MaxHeaderBytes:    mostHeader,
		TLSConfig:         conf,
		ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}
	return s, nil
}

func (c Config) withDefaults() Config {
	if c.Limits == (Limits{}) {
		c.Limits = DefaultLimits()
	}
	if c.Metrics == nil {
		c.Metrics = NewMetrics()
	}
	if c.Ready == nil {
		c.Ready = func(context.Context) error { return nil }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if host, port, err := net.SplitHostPort(c.Listen); err == nil && host == "" {
		c.Listen = net.JoinHostPort("127.0.0.1", port)
	}
	if len(c.MetricsFrom) == 0 {
		c.MetricsFrom = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	return c
}

// isLoopback reports whether an address can be reached from this machine alone.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// URL is where the server is, such as http://127.0.0.1:8080.
func (s *Server) URL() string {
	return s.scheme + "://" + s.listener.Addr().String()
}

// Run answers requests until ctx ends. Then it takes no more, and gives those
// under way some time.
func (s *Server) Run(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(s.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve on %s: %w", s.Listen, err)
	case <-ctx.Done():
	}
	s.Log.Info("stopping: requests under way may end", slog.Duration("within", s.Limits.Stop))
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Limits.Stop)
	defer cancel()
	err := s.http.Shutdown(stop)
	if errors.Is(err, context.DeadlineExceeded) {
		s.Log.Warn("requests were cut off")
		err = s.http.Close()
	}
	if ended := <-failed; err == nil && !errors.Is(ended, http.ErrServerClosed) {
		err = ended
	}
	return err
}

// Close stops at once, also a server that never ran.
func (s *Server) Close() error { return errors.Join(s.http.Close(), ignoreClosed(s.listener.Close())) }

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
