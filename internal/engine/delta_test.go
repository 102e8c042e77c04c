package engine_test

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// teller is a feed that can say what changed: its checkpoint is what it held.
type teller struct {
	*feed
	past   []map[string]map[string]string // what it held at each checkpoint
	behind error
}

func (f *teller) mark() rollcall.Checkpoint {
	held := map[string]map[string]string{}
	for key, fields := range f.entries {
		held[key] = maps.Clone(fields)
	}
	f.past = append(f.past, held)
	return rollcall.Checkpoint{byte(len(f.past))}
}

func (f *teller) Collect(ctx context.Context, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
	_, err := f.feed.Collect(ctx, emit)
	return f.mark(), err
}

func (f *teller) OpenDelta(_ context.Context, since rollcall.Checkpoint, _ source.Known) (source.Delta, error) {
	if f.behind != nil {
		return nil, f.behind
	}
	return &reported{f, reread{f.mark(), f.feed.Collect}, f.past[since[0]-1]}, nil
}

type reported struct {
	*teller
	reread
	since map[string]map[string]string
}

func (d *reported) Changed(context.Context) ([]string, error) {
	var keys []string
	for key, fields := range d.entries {
		if !maps.Equal(fields, d.since[key]) {
			keys = append(keys, key)
		}
	}
	for key := range d.since {
		if d.entries[key] == nil {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// follow runs the one source by deltas.
func (w *world) follow(f *teller, opt engine.Options) (*engine.Result, error) {
	w.t.Helper()
	w.clock = w.clock.Add(time.Hour)
	job := w.job(f.feed)
	job.Collector, job.FullEvery = f, 24*time.Hour
	opt.Kind, opt.By = "sync", "tester"
	return w.engine.Run(w.t.Context(), []engine.Job{job}, opt)
}

func (w *world) mustFollow(f *teller, opt engine.Options, want rollcall.Load, why string) {
	w.t.Helper()
	result, err := w.follow(f, opt)
	if err != nil {
		w.t.Fatal(err)
	}
	if s := result.Run.Sources[0]; s.Load != want || !strings.Contains(s.Why, why) {
		w.t.Errorf("got a %s load (%s), want %s (%s)", s.Load, s.Why, want, why)
	}
}

func TestDeltaOrFullIsDecidedAndSaid(t *testing.T) {
	t.Parallel()
	w, feed := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
	f := &teller{feed: feed}
	w.mustFollow(f, engine.Options{}, rollcall.LoadFull, "left no checkpoint")
	w.mustFollow(f, engine.Options{}, rollcall.LoadDelta, "0 reported")
	w.mustFollow(f, engine.Options{Full: true}, rollcall.LoadFull, "asked for")
	feed.put("x1", "phone", "2")
	before := w.table("Person", "phone")
	stop := errors.New("stop")
	if _, err := w.follow(f, engine.Options{Confirm: func(*rollcall.Run) error { return stop }}); !errors.Is(err, stop) {
		t.Fatalf("got %v", err)
	}
	// What a run that did not commit had read is read again.
	w.mustFollow(f, engine.Options{}, rollcall.LoadDelta, "1 reported")
	if after := w.table("Person", "phone"); after == before {
		t.Errorf("the change of x1 is lost: %s", after)
	}
	w.sync() // a run that knows nothing of deltas
	w.mustFollow(f, engine.Options{}, rollcall.LoadFull, "came between")
	w.clock = w.clock.Add(24 * time.Hour)
	w.mustFollow(f, engine.Options{}, rollcall.LoadFull, "due")
	feed.source.Rules.Fingerprint[0]++
	w.mustFollow(f, engine.Options{}, rollcall.LoadFull, "rules")
	f.behind = rollcall.Errorf(rollcall.Unavailable, "the server is behind")
	if _, err := w.follow(f, engine.Options{}); rollcall.KindOf(err) != rollcall.Unavailable {
		t.Errorf("a server that is behind: got %v", err)
	}
	w.mustFollow(f, engine.Options{Full: true}, rollcall.LoadFull, "asked for")
}

// TestDeltasComeToWhatFullLoadsComeTo over random events: additions, changes,
// removals and returns, re-creations under another key, under each gone rule.
func TestDeltasComeToWhatFullLoadsComeTo(t *testing.T) {
	t.Parallel()
	rules := []rollcall.Deprovision{rollcall.GoneIgnore, rollcall.GoneDelete, rollcall.GoneUpdate, rollcall.GoneUpdateThenDelete}
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 1))
		gone := rollcall.Gone{
			After: time.Duration(random.IntN(4)) * time.Hour, Then: rules[int(seed)%len(rules)],
			Set: []rollcall.Assignment{{Attribute: "status", Value: "inactive"}}, DeleteAfter: time.Hour,
		}
		a, feedA := threeRows(t, gone)
		b, feedB := threeRows(t, gone)
		f := &teller{feed: feedA}
		a.mustFollow(f, engine.Options{}, rollcall.LoadFull, "")
		b.sync()
		for round := range 8 {
			for range random.IntN(4) {
				key := []string{"x1", "x2", "x3", "x4", "y1"}[random.IntN(5)]
				n, phone, leaves := key[1:], strconv.Itoa(1+random.IntN(3)), random.IntN(3) == 0
				for _, feed := range []*feed{feedA, feedB} {
					if leaves {
						delete(feed.entries, key)
						continue
					}
					feed.put(key, "name", "N"+n, "first_name", "F"+n, "email", n+"@x.com", "phone", phone)
				}
			}
			a.mustFollow(f, engine.Options{Approved: true}, rollcall.LoadDelta, "")
			b.clock = b.clock.Add(time.Hour)
			if _, _, err := b.run(engine.Options{Approved: true}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(b.table("Person", "phone")+state(b, feedB), a.table("Person", "phone")+state(a, feedA)); diff != "" {
				t.Fatalf("seed %d, round %d (-full loads +deltas):\n%s", seed, round, diff)
			}
		}
	}
}
