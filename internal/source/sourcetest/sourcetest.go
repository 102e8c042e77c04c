// Package sourcetest holds the tests that every collector must pass, against a
// real source.
package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// Suite is one kind of source made ready for the tests.
type Suite struct {
	// Open returns a collector over a source of at least three entries.
	Open func(t testing.TB) source.Collector
	// Want is what it must emit, in any order: by key, name and the values of
	// every field. The values' syntax is the test's own matter: a nil map skips
	// the comparison of an entry.
	Want map[string]Entry
	// Broken returns collectors over sources that cannot be read whole, each of
	// which must end in an error.
	Broken map[string]func(t testing.TB) source.Collector
}

// Entry is an entry that the suite expects.
type Entry struct {
	Name   string
	Fields map[string][]string
}

// Run runs the suite.
func Run(t *testing.T, s Suite) {
	t.Run("EmitsEveryEntryOnce", s.emitsEveryEntryOnce)
	t.Run("TwiceIsTheSame", s.twiceIsTheSame)
	t.Run("StopsAtTheCallersError", s.stopsAtTheCallersError)
	t.Run("StopsWhenTheContextEnds", s.stopsWhenTheContextEnds)
	t.Run("LeavesNothingBehind", s.leavesNothingBehind)
	for name, open := range s.Broken {
		t.Run("Broken/"+name, func(t *testing.T) {
			if _, err := open(t).Collect(t.Context(), discard); err == nil {
				t.Error("a source that cannot be read whole was called complete")
			}
		})
	}
}

func discard(*rollcall.Entry) error { return nil }

// collect reads a source and keeps everything, in order.
func collect(t testing.TB, c source.Collector) []rollcall.Entry {
	t.Helper()
	var all []rollcall.Entry
	if _, err := c.Collect(t.Context(), func(e *rollcall.Entry) error {
		if len(e.Values) != len(e.Fields) {
			t.Errorf("%s: %d values beside %d fields", e.Name, len(e.Values), len(e.Fields))
		}
		all = append(all, e.Clone())
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func (s Suite) emitsEveryEntryOnce(t *testing.T) {
	got := map[string]Entry{}
	for _, e := range collect(t, s.Open(t)) {
		key := string(e.Key)
		if _, twice := got[key]; twice {
			t.Errorf("%s was emitted twice", key)
		}
		fields := map[string][]string{}
		for i, f := range e.Fields {
			for _, v := range e.Values[i] {
				fields[f] = append(fields[f], string(v))
			}
		}
		if want, ok := s.Want[key]; ok && want.Fields == nil {
			fields = nil
		}
		got[key] = Entry{Name: string(e.Name), Fields: fields}
	}
	if diff := cmp.Diff(s.Want, got); diff != "" {
		t.Errorf("want -, got +\n%s", diff)
	}
}

func (s Suite) twiceIsTheSame(t *testing.T) {
	c := s.Open(t)
	if diff := cmp.Diff(collect(t, c), collect(t, c)); diff != "" {
		t.Errorf("first -, second +\n%s", diff)
	}
}

func (s Suite) stopsAtTheCallersError(t *testing.T) {
	c := s.Open(t)
	enough := errors.New("enough")
	for after := range 3 {
		calls := 0
		_, err := c.Collect(t.Context(), func(*rollcall.Entry) error {
			if calls++; calls > after {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) || calls != after+1 {
			t.Errorf("after %d entries: got %v after %d calls, want the caller's error after %d", after, err, calls, after+1)
		}
	}
	collect(t, c) // and it can be used again
}

func (s Suite) stopsWhenTheContextEnds(t *testing.T) {
	c := s.Open(t)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Collect(ended, discard); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: got %v, want canceled", err)
	}
}

// leavesNothingBehind looks for goroutines that carry the label of this test: they
// have it from whoever began them. Other tests have theirs at the same time.
func (s Suite) leavesNothingBehind(t *testing.T) {
	c := s.Open(t)
	pprof.Do(t.Context(), pprof.Labels("sourcetest", t.Name()), func(context.Context) {
		collect(t, c)
		_, _ = c.Collect(t.Context(), func(*rollcall.Entry) error { return errors.New("enough") }) // stopped on purpose
		if len(labelled(t)) == 0 {
			t.Error("the label of this test is not found")
		}
	})
	left := labelled(t)
	for end := time.Now().Add(time.Minute); len(left) > 0 && time.Now().Before(end); left = labelled(t) {
		time.Sleep(10 * time.Millisecond)
	}
	if len(left) > 0 {
		t.Errorf("goroutines are left behind:\n%s", strings.Join(left, "\n\n"))
	}
}

// labelled returns the goroutines, those of one stack as one, with a test's label.
func labelled(t *testing.T) []string {
	t.Helper()
	var all strings.Builder
	if err := pprof.Lookup("goroutine").WriteTo(&all, 1); err != nil {
		t.Fatal(err)
	}
	stacks := strings.Split(all.String(), "\n\n")
	return slices.DeleteFunc(stacks, func(stack string) bool { return !strings.Contains(stack, fmt.Sprintf("%q:%q", "sourcetest", t.Name())) })
}
