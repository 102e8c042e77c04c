package engine_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// telling is a grove that can say who changed, or joined or left a group.
type telling struct {
	*grove
	past     []map[string]string // what each account was at each checkpoint
	licences bool                // the binding that gives them is there
	isFull   bool                // everything is read at every run
	loads    []rollcall.Load     // of the runs
}

// shown is what an account is: its fields, and its groups with those above them.
func (s *telling) shown() map[string]string {
	all := map[string]string{}
	for login, fields := range s.entries {
		in := map[string]bool{}
		for _, key := range s.in[login] {
			for b, there := s.tree[key]; there && !in[key]; b, there = s.tree[key] {
				in[key] = true
				key = b.parent
			}
		}
		all[login] = fmt.Sprint(fields, slices.Sorted(maps.Keys(in)))
	}
	return all
}

func (s *telling) mark() rollcall.Checkpoint {
	s.past = append(s.past, s.shown())
	return rollcall.Checkpoint{byte(len(s.past))}
}

func (s *telling) CollectGrouped(ctx context.Context, begin func([]rollcall.Group, source.GroupFinder) error, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
	_, err := s.grove.CollectGrouped(ctx, begin, emit)
	return s.mark(), err
}

func (s *telling) OpenGroupedDelta(_ context.Context, since rollcall.Checkpoint, known source.Known, _ bool) (source.GroupedDelta, error) {
	all := func(ctx context.Context, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
		return s.grove.CollectGrouped(ctx, func([]rollcall.Group, source.GroupFinder) error { return nil }, emit)
	}
	return &groupDelta{telling: s, reread: reread{s.mark(), all}, since: s.past[since[0]-1], known: known}, nil
}

// groupDelta is a delta of it.
type groupDelta struct {
	*telling
	reread
	since map[string]string
	known source.Known
}

// Changed finds who is gone by what the caller knows, as a server does that
// reports no deletions.
func (d *groupDelta) Changed(ctx context.Context) (keys []string, err error) {
	for login, now := range d.shown() {
		if d.since[login] != now {
			keys = append(keys, login)
		}
	}
	err = d.known.Named(ctx, func(key, _ []byte) error {
		if d.entries[string(key)] == nil {
			keys = append(keys, string(key))
		}
		return nil
	})
	return keys, err
}

func (d *groupDelta) Groups(begin func([]rollcall.Group, source.GroupFinder) error) error {
	list, _ := d.groups()
	return begin(list, nil)
}

func (s *telling) jobs() []engine.Job {
	job := s.w.job(s.feed)
	job.Collector = s
	if !s.isFull {
		job.FullEvery = 1000 * time.Hour
	}
	job.Bindings = s.bindings()[:2]
	if s.licences {
		job.Bindings = append(job.Bindings, s.bindings()[2])
	}
	return []engine.Job{job}
}

// follow runs the source, by deltas where the engine trusts them.
func (s *telling) follow() string {
	s.w.t.Helper()
	s.w.clock = s.w.clock.Add(time.Hour)
	result, err := s.w.engine.Run(s.w.t.Context(), s.jobs(), engine.Options{Kind: "sync", By: "tester", Approved: true})
	if err != nil {
		s.w.t.Fatal(err)
	}
	s.loads = append(s.loads, result.Run.Sources[0].Load)
	return result.Run.Sources[0].Why
}

// TestDeltasOfGroupsComeToWhatFullLoadsComeTo: people come and go, join and
// leave, and now and then a group moves, which makes the load a full one.
func TestDeltasOfGroupsComeToWhatFullLoadsComeTo(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		random := rand.New(rand.NewPCG(seed, 7))
		s, full := &telling{grove: newGrove(newWorld(t))}, &telling{grove: newGrove(newWorld(t)), isFull: true}
		full.tree, full.in, full.entries = s.tree, s.in, s.entries
		keys := []string{"a", "b", "c"}
		for _, key := range keys {
			s.tree[key] = branch{strings.ToUpper(key), ""}
		}
		s.follow()
		full.follow()
		for round := range 6 {
			for range 1 + random.IntN(4) {
				login, some := fmt.Sprintf("user%d", random.IntN(5)), slices.DeleteFunc(slices.Clone(keys), func(string) bool { return random.IntN(2) == 0 })
				if s.join(login, some...); random.IntN(5) == 0 {
					delete(s.entries, login)
				}
			}
			if random.IntN(4) == 0 {
				s.tree["c"] = branch{"C", keys[random.IntN(2)]}
			}
			s.follow()
			full.follow()
			if diff := cmp.Diff(full.given(), s.given()); diff != "" {
				t.Fatalf("seed %d, round %d, after a %s load (-full loads +got):\n%s", seed, round, s.loads[len(s.loads)-1], diff)
			}
		}
		if !slices.Contains(s.loads, rollcall.LoadDelta) {
			t.Errorf("seed %d: no load was a delta: %v", seed, s.loads)
		}
	}
}

// TestDeltasThatBindingsForbid: what bindings give may change without anybody's
// groups, and then everything is read.
func TestDeltasThatBindingsForbid(t *testing.T) {
	t.Parallel()
	s := &telling{grove: newGrove(newWorld(t))}
	s.tree["v"] = branch{"vpn", ""}
	s.join("ann", "v")
	s.follow()
	if s.follow(); s.loads[1] != rollcall.LoadDelta {
		t.Fatalf("nothing changed: got a %s load", s.loads[1])
	}
	s.licences = true
	if why := s.follow(); !strings.Contains(why, "gives licences") {
		t.Errorf("licences: a full load because %q", why)
	}
	s.licences = false
	s.follow()
	s.w.erase("lnkUserToUserGroup", s.link("lnkUserToUserGroup"))
	if why := s.follow(); !strings.Contains(why, "somebody removed 1 of what binding mirror gave") {
		t.Errorf("a membership removed by hand: a full load because %q", why)
	}
	s.tree["w"] = branch{"web", "v"}
	if why := s.follow(); !strings.Contains(why, "the bindings, the bound groups or which groups are in which changed") {
		t.Errorf("another group: a full load because %q", why)
	}
}
