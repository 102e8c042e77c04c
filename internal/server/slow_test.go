package server_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"rollcall/internal/server"
)

func TestASlowHeadIsCutOff(t *testing.T) {
	t.Parallel()
	r := run(t, server.Config{Limits: limits()}, echo)
	c := r.dial(t)
	if _, err := io.WriteString(c, "POST /page HTTP/1.1\r\nHost: x\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(c); err != nil {
		t.Errorf("got %q, %v, want the connection ended", text, err)
	}
}

// TestASlowBodyIsCutOff sends a body that never stops and never comes: a byte at a
// time, faster than any time-out between two of them.
func TestASlowBodyIsCutOff(t *testing.T) {
	t.Parallel()
	r := run(t, server.Config{Limits: limits()}, echo)
	c := r.dial(t)
	if _, err := io.WriteString(c, "POST /page HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			if _, err := c.Write([]byte("x")); err != nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}()
	if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusRequestTimeout {
		t.Errorf("got %s, want 408", res.Status)
	}
}

func TestALargeBodyAtAFairPaceComesThrough(t *testing.T) {
	t.Parallel()
	r := run(t, server.Config{Limits: limits()}, echo)
	body := io.MultiReader(strings.NewReader(strings.Repeat("x", 200_000)), pause(400*time.Millisecond), strings.NewReader(strings.Repeat("x", 200_000)))
	res, err := r.client.Post(r.URL()+"/page", "text/plain", body)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if text, err := io.ReadAll(res.Body); err != nil || string(text) != "400000 bytes, <nil>" {
		t.Errorf("got %q, %v", text, err)
	}
}

// pause is a reader of nothing that takes its time.
type pause time.Duration

func (p pause) Read([]byte) (int, error) {
	time.Sleep(time.Duration(p))
	return 0, io.EOF
}

func TestAClientThatLeavesEndsThePage(t *testing.T) {
	t.Parallel()
	began, left := make(chan struct{}), make(chan struct{})
	r := run(t, server.Config{Limits: limits()}, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(began)
		<-r.Context().Done()
		close(left)
	})
	c := r.dial(t)
	if _, err := io.WriteString(c, "POST /page HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"); err != nil {
		t.Fatal(err)
	}
	<-began
	select { // the pace of the body no longer counts
	case <-left:
		t.Fatal("the page was told that a client left who did not")
	case <-time.After(600 * time.Millisecond):
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-left:
	case <-time.After(10 * time.Second):
		t.Fatal("the page was not told that the client left")
	}
}

func TestAClientThatReadsNothingIsCutOff(t *testing.T) {
	t.Parallel()
	failed := make(chan error, 1)
	r := run(t, server.Config{Limits: limits()}, func(w http.ResponseWriter, _ *http.Request) {
		piece := bytes.Repeat([]byte("x"), 8<<10)
		for {
			if _, err := w.Write(piece); err != nil {
				failed <- err
				return
			}
		}
	})
	c := r.dial(t)
	if _, err := io.WriteString(c, "GET /page HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-failed:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the page still writes")
	}
}
