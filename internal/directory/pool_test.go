package directory_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"rollcall/internal/directory"
	"rollcall/test/lab"
)

func TestPool(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	proxy := lab.Proxy(t, s.Addr)
	cfg := slapdConfig(s)
	cfg.URLs = []string{proxy.URL()}
	p := directory.NewPool(cfg, 2)
	t.Cleanup(func() { _ = p.Close() })
	look := func() error {
		return p.Do(t.Context(), func(c *directory.Conn) error {
			_, err := c.Read(t.Context(), s.BaseDN)
			return err
		})
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := look(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := proxy.Connections(); n > 2 {
		t.Errorf("20 questions took %d connections, want at most 2", n)
	}
	before := proxy.Connections()
	proxy.CutAll() // as a server does with idle connections
	if err := look(); err != nil {
		t.Errorf("after a cut: %v", err)
	}
	if proxy.Connections() != before+1 {
		t.Errorf("got %d new connections, want one", proxy.Connections()-before)
	}
	holding, release := make(chan struct{}, 2), make(chan struct{})
	for range 2 {
		all.Go(func() {
			_ = p.Do(t.Context(), func(*directory.Conn) error { holding <- struct{}{}; <-release; return nil })
		})
	}
	<-holding
	<-holding
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := p.Do(short, func(*directory.Conn) error { return nil }); err == nil {
		t.Error("a third connection was given out of two")
	}
	close(release)
	all.Wait()
}
