package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rollcall/internal/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lines is a log that several goroutines write.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// running is a server under test.
type running struct {
	*server.Server
	log    *lines
	stop   context.CancelFunc
	ended  chan error
	client *http.Client
}

// run starts a server with one page.
func run(t *testing.T, c server.Config, page http.HandlerFunc) *running {
	t.Helper()
	r := &running{log: &lines{}, ended: make(chan error, 1), client: &http.Client{Transport: &http.Transport{}}}
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	c.Log = slog.New(slog.NewTextHandler(r.log, nil))
	s, err := server.Open(t.Context(), c, map[string]http.Handler{"/page": page})
	if err != nil {
		t.Fatal(err)
	}
	r.Server = s
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	r.stop = cancel
	go func() { r.ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		r.client.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// limits are short enough for tests.
func limits() server.Limits {
	l := server.DefaultLimits()
	l.Header, l.Grace, l.Rate, l.Stop = 300*time.Millisecond, 300*time.Millisecond, 100_000, 5*time.Second
	return l
}

func (r *running) get(t *testing.T, path string) (int, string) {
	t.Helper()
	res, err := r.client.Get(r.URL() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func (r *running) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(r.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func echo(w http.ResponseWriter, r *http.Request) {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		w.WriteHeader(http.StatusRequestTimeout)
	}
	_, _ = fmt.Fprintf(w, "%d bytes, %v", n, err)
}

func TestHealthReadinessAndMetrics(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var trouble error
	r := run(t, server.Config{Ready: func(context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		return trouble
	}}, echo)
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n", "/page": "0 bytes, <nil>"} {
		if status, text := r.get(t, path); status != 200 || text != want {
			t.Errorf("%s: got %d %q, want %q", path, status, text, want)
		}
	}
	mu.Lock()
	trouble = errors.New("the database of db.internal is gone")
	mu.Unlock()
	if status, text := r.get(t, "/readyz"); status != 503 || text != "not ready\n" {
		t.Errorf("got %d %q, want 503 and not why", status, text)
	}
	if !strings.Contains(r.log.String(), "db.internal") {
		t.Error("the log does not say why")
	}
	_, text := r.get(t, "/metrics")
	for _, want := range []string{
		`rollcall_http_requests_total{page="/page",status="200"} 1`,
		`rollcall_http_requests_total{page="GET /readyz",status="503"} 1`,
		`rollcall_http_requests_in_flight 1`, "go_goroutines",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

func TestMetricsAreNotForEverybody(t *testing.T) {
	t.Parallel()
	r := run(t, server.Config{MetricsFrom: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}, echo)
	if status, _ := r.get(t, "/metrics"); status != http.StatusForbidden {
		t.Errorf("got %d, want 403", status)
	}
}

func TestAPageThatBreaks(t *testing.T) {
	t.Parallel()
	r := run(t, server.Config{}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "late" {
			_, _ = w.Write(bytes.Repeat([]byte("x"), 10_000))
		}
		panic("the secret is hunter2")
	})
	status, text := r.get(t, "/page")
	if status != 500 || !strings.HasPrefix(text, "internal error; the log has it under ") || strings.Contains(text, "hunter2") {
		t.Errorf("got %d %q", status, text)
	}
	id := strings.TrimSpace(strings.TrimPrefix(text, "internal error; the log has it under "))
	if log := r.log.String(); !strings.Contains(log, id) || !strings.Contains(log, "hunter2") || !strings.Contains(log, "server_test.go") {
		t.Errorf("the log does not tell what broke where under %s:\n%s", id, log)
	}
	res, err := r.client.Get(r.URL() + "/page?late")
	if err == nil {
		_, err = io.ReadAll(res.Body)
		_ = res.Body.Close()
	}
	if err == nil {
		t.Error("half an answer passed for a whole one")
	}
	if status, _ := r.get(t, "/healthz"); status != 200 {
		t.Error("the server is gone")
	}
}

func TestTheAccessLogHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	r := run(t, server.Config{}, echo)
	q, err := http.NewRequest(http.MethodPost, r.URL()+"/page?auth_pwd=hunter2&auth_token=tok3n", strings.NewReader("auth_pwd=hunter2"))
	if err != nil {
		t.Fatal(err)
	}
	q.SetBasicAuth("admin", "hunter2")
	q.Header.Set("Auth-Token", "tok3n")
	res, err := r.client.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	id := res.Header.Get("X-Request-Id")
	r.stop()
	if err := <-r.ended; err != nil {
		t.Fatal(err)
	}
	log := r.log.String()
	for _, secret := range []string{"hunter2", "tok3n", "auth_pwd", "admin"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %s:\n%s", secret, log)
		}
	}
	if !strings.Contains(log, "path=/page status=200") || !strings.Contains(log, "request="+id) || !strings.Contains(log, "from=127.0.0.1") {
		t.Errorf("the log lacks the request %s:\n%s", id, log)
	}
}

func TestAStopLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	began, goOn := make(chan struct{}), make(chan struct{})
	r := run(t, server.Config{Limits: limits()}, func(w http.ResponseWriter, _ *http.Request) {
		close(began)
		<-goOn
		_, _ = io.WriteString(w, "done")
	})
	answer := make(chan string, 1)
	go func() {
		res, err := r.client.Get(r.URL() + "/page")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(res.Body)
		answer <- string(text)
	}()
	<-began
	r.stop()
	select {
	case err := <-r.ended:
		t.Fatalf("the server ended (%v) with a request under way", err)
	case <-time.After(100 * time.Millisecond):
	}
	close(goOn)
	if got := <-answer; got != "done" {
		t.Errorf("got %q", got)
	}
	if err := <-r.ended; err != nil {
		t.Errorf("got %v", err)
	}
	if _, err := net.Dial("tcp", strings.TrimPrefix(r.URL(), "http://")); err == nil {
		t.Error("the server still listens")
	}
}

func TestAStopCutsOffWhatDoesNotEnd(t *testing.T) {
	t.Parallel()
	l := limits()
	l.Stop = 200 * time.Millisecond
	began := make(chan struct{})
	r := run(t, server.Config{Limits: l}, func(_ http.ResponseWriter, r *http.Request) {
		close(began)
		<-r.Context().Done()
	})
	c := r.dial(t)
	if _, err := io.WriteString(c, "GET /page HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-began
	r.stop()
	if err := <-r.ended; err != nil {
		t.Errorf("got %v", err)
	}
}

func TestConnectionsAreLimited(t *testing.T) {
	t.Parallel()
	l := limits()
	l.Connections, l.Header = 2, time.Minute
	r := run(t, server.Config{Limits: l}, echo)
	first, second := r.dial(t), r.dial(t)
	for _, c := range []net.Conn{first, second} {
		if _, err := io.WriteString(c, "GET /page HTTP/1.1\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	third := r.dial(t)
	if _, err := io.WriteString(third, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := third.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := third.Read(make([]byte, 1)); err == nil {
		t.Fatalf("got %d bytes through a third connection", n)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := third.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(third); err != nil || !strings.HasSuffix(string(text), "ok\n") {
		t.Errorf("got %q, %v", text, err)
	}
}

func TestWhoAsks(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct {
		peer, forwarded, proto, login string
		want                          string
		secure                        bool
		vouched                       string
	}{
		{"192.0.2.1:5", "", "", "", "192.0.2.1", false, ""},
		{"192.0.2.1:5", "203.0.113.9", "https", "root", "192.0.2.1", false, ""}, // nobody's proxy
		{"10.1.1.1:5", "203.0.113.9", "https", "anna", "203.0.113.9", true, "anna"},
		{"10.1.1.1:5", "1.1.1.1, 203.0.113.9, 10.2.2.2", "http", "", "203.0.113.9", false, ""},
		{"10.1.1.1:5", "nonsense", "HTTPS", "", "10.1.1.1", true, ""},
		{"10.1.1.1:5", "203.0.113.9, nonsense", "", "", "10.1.1.1", false, ""},
		{"10.1.1.1:5", "", "", "", "10.1.1.1", false, ""},
		{"[::1]:5", "2001:db8::1", "", "", "2001:db8::1", false, ""},
		{"[::ffff:10.1.1.1]:5", "203.0.113.9", "", "", "203.0.113.9", false, ""},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.peer
		for name, value := range map[string]string{"X-Forwarded-For": c.forwarded, "X-Forwarded-Proto": c.proto, "X-Remote-User": c.login} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		from, secure := server.Client(r, proxies)
		if from.String() != c.want || secure != c.secure {
			t.Errorf("%+v: got %s, %t", c, from, secure)
		}
		if got := server.Vouched(r, "X-Remote-User", proxies); got != c.vouched {
			t.Errorf("%+v: got %q vouched for", c, got)
		}
	}
}
