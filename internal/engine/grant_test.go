package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
	"rollcall/internal/store"
)

// crowd is a source of accounts that are all in one group, but for some.
type crowd struct {
	*feed
	size   int
	out    map[int]bool // who is not in the group
	broken error        // the read ends with it, once all entries came
	hidden bool         // no group is shown
}

func (c *crowd) CollectGrouped(_ context.Context, begin func([]rollcall.Group, source.GroupFinder) error, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
	groups := []rollcall.Group{{Key: "g", RawKey: "g", DN: "cn=all,dc=example", Name: "all"}}
	if c.hidden {
		groups = nil
	}
	if err := begin(groups, nil); err != nil {
		return nil, err
	}
	e := rollcall.Entry{Fields: c.fields, Values: make([][][]byte, len(c.fields))}
	for i := range c.size {
		login := fmt.Appendf(nil, "user%06d", i)
		e.Key, e.Name, e.Groups = login, login, []uint32{0}
		if c.out[i] || c.hidden {
			e.Groups = nil
		}
		for f := range c.fields {
			e.Values[f] = [][]byte{login}
		}
		if err := emit(&e); err != nil {
			return nil, err
		}
	}
	return nil, c.broken
}

func newCrowd(w *world, size int) *crowd {
	return &crowd{size: size, out: map[int]bool{}, feed: w.feed("users", "UserLDAP", func(r *rollcall.Rules) {
		r.UserDelete = "everybody"
		reconcileBy(r, "login")
		constant(r, "profile_list", "profileid->name:Portal user", "")
	}, "login", "profile_list")}
}

func (c *crowd) sync(w *world, opt engine.Options) (*engine.Result, error) {
	w.clock = w.clock.Add(time.Hour)
	job := w.job(c.feed)
	job.Collector = c
	job.Bindings = []rollcall.Binding{{Name: "all", Groups: rollcall.GroupChoice{Name: "all"}, Nested: true, Rename: true, Type: "member", Vanished: rollcall.VanishedRelease,
		Gives: []rollcall.Gift{{Kind: rollcall.GrantRole, Target: "All"}}, Taken: rollcall.Limit{Percent: 50, IsSet: true}}}
	opt.Kind, opt.By = "sync", "tester"
	return w.engine.Run(w.t.Context(), []engine.Job{job}, opt)
}

func (c *crowd) must(w *world) *engine.Result {
	w.t.Helper()
	result, err := c.sync(w, engine.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	return result
}

func (w *world) roles() string {
	return strings.ReplaceAll(w.table("lnkUserToRole", "user_id", "role_id"), "\n", "; ")
}

// TestAReadThatBreaksTakesNothingAway ends a read with an error when the last
// entry came, and shows no group at all.
func TestAReadThatBreaksTakesNothingAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newCrowd(w, 6)
	if got := c.must(w).Run.Sources[0]; got.Granted != 6 || got.Taken != 0 {
		t.Errorf("gave %d and took %d, want 6 and 0", got.Granted, got.Taken)
	}
	before := w.roles()
	c.out = map[int]bool{0: true, 1: true}
	c.broken = errors.New("the connection broke")
	if _, err := c.sync(w, engine.Options{}); !errors.Is(err, c.broken) {
		t.Errorf("got %v, want the error of the read", err)
	}
	if got := w.roles(); got != before {
		t.Errorf("after a broken read: %s\nwant %s", got, before)
	}
	c.broken, c.hidden = nil, true
	_, err := c.sync(w, engine.Options{})
	if rollcall.KindOf(err) != rollcall.Stopped || !strings.Contains(err.Error(), "no group at all") {
		t.Errorf("got %v, want the run held", err)
	}
	if got := w.roles(); got != before {
		t.Errorf("after a read that shows no group: %s\nwant %s", got, before)
	}
	c.hidden = false
	if got := c.must(w).Run.Sources[0]; got.Granted != 0 || got.Taken != 2 {
		t.Errorf("gave %d and took %d, want 0 and 2", got.Granted, got.Taken)
	}
}

// TestARoleRemovedByHandIsGivenAgain, and what a deleted account had is closed.
func TestARoleRemovedByHandIsGivenAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := newCrowd(w, 3)
	c.must(w)
	first := w.roles()
	var link rollcall.ObjectID
	err := w.store.Scan(t.Context(), w.model.Class("lnkUserToRole"), 0, func(o *rollcall.Object) error {
		link = o.ID
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	w.erase("lnkUserToRole", link)
	if got := c.must(w).Run.Sources[0]; got.Granted != 1 || got.Taken != 0 {
		t.Errorf("gave %d and took %d, want 1 and 0", got.Granted, got.Taken)
	}
	if got := w.roles(); got != first {
		t.Errorf("got %s, want %s", got, first)
	}
	c.size = 2
	w.erase("UserLDAP", w.object("UserLDAP", "user000002").ID)
	if got := c.must(w).Run.Sources[0]; got.Taken != 1 {
		t.Errorf("took %d, want the grant of the account that is gone", got.Taken)
	}
	if got := c.must(w).Run.Sources[0]; got.Taken != 0 || got.Granted != 0 {
		t.Errorf("a run later: gave %d and took %d, want nothing", got.Granted, got.Taken)
	}
}

// erase deletes an object by hand.
func (w *world) erase(class string, id rollcall.ObjectID) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		refused, err := w.registry.On(tx, w.origin()).Delete(w.t.Context(), w.model.Class(class), []rollcall.ObjectID{id}, nil)
		return errors.Join(append(refused, err)...)
	})
}

// BenchmarkMembership measures runs of 50,000 members of one group: when nothing
// changed, when one member left, and when half of them did.
func BenchmarkMembership(b *testing.B) {
	const size = 50_000
	w := newWorld(b)
	c := newCrowd(w, size)
	start := time.Now()
	c.must(w)
	b.ReportMetric(time.Since(start).Seconds(), "s/first-load")
	left := make([]int, 0, size)
	for i := range size {
		left = append(left, i)
	}
	for _, step := range []struct {
		name  string
		leave []int
	}{{"nothing", nil}, {"one", left[:1]}, {"thousand", left[:1000]}, {"half", left[:size/2]}, {"back", nil}} {
		clear(c.out)
		for _, i := range step.leave {
			c.out[i] = true
		}
		start := time.Now()
		got := c.must(w).Run.Sources[0]
		b.ReportMetric(time.Since(start).Seconds(), "s/"+step.name)
		b.Logf("%s: gave %d, took %d in %v", step.name, got.Granted, got.Taken, time.Since(start).Round(time.Millisecond))
	}
}
