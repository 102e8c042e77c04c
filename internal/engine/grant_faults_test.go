package engine_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
)

// whateverFails fails calls that something makes to the database, one try each:
// it ends with the reason, and what bindings gave is as it was. At last it goes
// through.
func (s *grove) whateverFails(try func() error) {
	s.w.t.Helper()
	before := s.given()
	const every = 4 // calls: a run over a tree of groups makes many alike
	for n := 1; ; n += every {
		f := s.w.faulty(n)
		err := try()
		if f.left > 0 {
			if err != nil {
				s.w.t.Fatal(err)
			}
			s.w.t.Logf("%d calls", n-f.left)
			return
		}
		if !errors.Is(err, errFault) {
			s.w.t.Fatalf("call %d failed, and what is said is %v", n, err)
		}
		if n%lookEvery > every {
			continue
		}
		if diff := cmp.Diff(before, s.given()); diff != "" {
			s.w.t.Fatalf("call %d failed, and something changed (-before +after):\n%s", n, diff)
		}
	}
}

// sales is a grove in which a group was renamed, another is gone, and people
// joined and left since the last run.
func sales(t *testing.T) *grove {
	s := newGrove(newWorld(t))
	s.tree = map[string]branch{"a": {"Sales", ""}, "b": {"North", "a"}, "v": {"vpn", ""}}
	s.join("ann", "a", "v")
	s.join("bob", "b", "v")
	s.join("eve", "v")
	s.sync()
	s.tree["v"] = branch{"Remote", "a"}
	delete(s.tree, "b")
	s.join("ann", "a")
	s.join("dan", "v")
	return s
}

// TestWhateverFailsOfGrantsNothingIsHalfGiven in a run over a tree of groups.
func TestWhateverFailsOfGrantsNothingIsHalfGiven(t *testing.T) {
	t.Parallel()
	s := sales(t)
	s.whateverFails(func() error {
		sink := func(*rollcall.Change) error { return nil }
		_, err := s.w.engine.Run(t.Context(), s.jobs(), engine.Options{Kind: "sync", By: "tester", Approved: true, Sink: sink})
		return err
	})
	calm := sales(t)
	calm.sync()
	if diff := cmp.Diff(calm.given(), s.given()); diff != "" {
		t.Errorf("after all the failures (-undisturbed +got):\n%s", diff)
	}
}

// TestWhateverFailsOfASingleEntry that is taken over, it keeps what it had.
func TestWhateverFailsOfASingleEntry(t *testing.T) {
	t.Parallel()
	s := sales(t)
	s.whateverFails(func() error {
		_, err := s.w.engine.TakeOver(t.Context(), engine.Single{Name: "cn=ann", Jobs: s.jobs()}, engine.Options{Kind: "sign-in", By: "ann"})
		return err
	})
	if got, want := s.given()["lnkUserToLicencePackage"], "bob / crm\nbob / mail\neve / mail"; got != want {
		t.Errorf("licences after she left the group: got\n%s\nwant\n%s", got, want)
	}
}

// TestWhateverFailsOfADeltaOfGroups: the next one does all of it.
func TestWhateverFailsOfADeltaOfGroups(t *testing.T) {
	t.Parallel()
	s := &telling{grove: newGrove(newWorld(t))}
	s.tree = map[string]branch{"a": {"Sales", ""}, "b": {"North", "a"}}
	s.join("ann", "a")
	s.join("bob", "b")
	s.follow()
	s.join("ann", "b")
	s.join("bob")
	delete(s.entries, "bob")
	s.join("eve", "a")
	s.whateverFails(func() error {
		_, err := s.w.engine.Run(t.Context(), s.jobs(), engine.Options{Kind: "sync", By: "tester", Approved: true})
		return err
	})
	if got, want := s.given()["lnkUserToRole"], "ann / Does North\nann / Does Sales\nbob / Does North\nbob / Does Sales\neve / Does Sales"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestWhateverFailsOfADelivery of rows, some of them twice, nothing of it is kept.
func TestWhateverFailsOfADelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.etl("probe", "Person", nil, personRules...)
	s.deliver(personHeader, "a;Demo;A;F;a@x.com;active;1", "b;Demo;B;F;b@x.com;active;1")
	w.pass(2 * time.Second)
	before := s.stands()
	for n := 1; n < 100; n++ {
		f := w.faulty(n)
		_, _, err := s.feed(nil, false, personHeader, "a;Demo;A;F;a@x.com;active;1", "b;Demo;B;F;b@x.com;active;2", "b;Demo;B;F;b@x.com;active;3", "c;Demo;C;F;c@x.com;active;1", "c;Demo;C;F;c@x.com;active;2")
		if f.left > 0 {
			if err != nil {
				t.Fatal(err)
			}
			f.left = -1
			w.same("once nothing fails", told(s.exec()), "replica_seen=3 replica_total=3 created=3")
			w.same("the last of a key counts", w.table("Person", "phone"), "F A phone=1\nF B phone=3\nF C phone=2")
			return
		}
		if !errors.Is(err, errFault) {
			t.Fatalf("call %d failed: got %v", n, err)
		}
		w.same("replicas", s.stands(), before)
	}
	t.Fatal("a delivery takes more than a hundred calls")
}
