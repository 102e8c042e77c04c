package engine_test

import (
	"testing"
	"time"

	"rollcall/internal/rollcall"
)

// approve carries out a held run when it would do what it was held for.
func (s *etl) approve(id int64) (rollcall.Run, error) {
	s.t.Helper()
	held, err := s.store.Run(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	result, err := s.engine.Approve(s.t.Context(), &held, "Ann Approver", func(now *rollcall.Run) error {
		if now.Digest != held.Digest || now.Digest == "" {
			return rollcall.Errorf(rollcall.Conflict, "things moved on")
		}
		return nil
	})
	if result == nil {
		return rollcall.Run{}, err
	}
	return result.Run, err
}

// threeDelivered is a source that may lose one of three persons unasked, and lost
// two.
func threeDelivered(t *testing.T) (s *etl, held *rollcall.Executed) {
	t.Helper()
	w := newWorld(t)
	s = w.etl("probe", "Person", map[string]string{"delete_policy": "delete"}, personRules...)
	s.limits.Gone = rollcall.Limit{Count: 1, IsSet: true}
	s.syncFile(personHeader, "a;Demo;N;A;a@x.com;active;1", "b;Demo;N;B;b@x.com;active;1", "c;Demo;N;C;c@x.com;active;1")
	w.pass(time.Second)
	held = s.syncFile(personHeader, "a;Demo;N;A;a@x.com;active;2", "d;Demo;N;D;d@x.com;active;1")
	if !held.Held {
		t.Fatalf("the run is not held: %+v", held)
	}
	return s, held
}

// TestAHeldExecKeepsItsPlanAndIsApproved, however much later: what counts as gone
// is what was gone then.
func TestAHeldExecKeepsItsPlanAndIsApproved(t *testing.T) {
	t.Parallel()
	s, held := threeDelivered(t)
	s.same("plan", lines(s.plan(held.Run)), "delete b\ndelete c\ncreate d name:>N status:>active org_id:>Demo email:>d@x.com phone:>1 first_name:>D\nupdate a phone:1>2")
	s.pass(26 * time.Hour)
	run, err := s.approve(held.Run)
	if err != nil {
		t.Fatal(err)
	}
	s.same("approved", s.table("Person", "phone"), "A N phone=2\nD N phone=1")
	c := run.Sources[0].Counters
	if run.State != rollcall.RunCompleted || c.Deleted != 2 || c.Created != 1 || c.Updated != 1 || run.By != "Ann Approver" {
		t.Errorf("got %+v", run)
	}
	if again := s.exec(); again.Error != "" || again.Counters.Changes() != 0 {
		t.Errorf("the next run: %+v", again)
	}
}

// TestAHeldExecThatMovedOnIsNotApproved: somebody delivered in between.
func TestAHeldExecThatMovedOnIsNotApproved(t *testing.T) {
	t.Parallel()
	s, held := threeDelivered(t)
	before := s.table("Person", "phone")
	s.deliver(personHeader, "b;Demo;N;B;b@x.com;active;1")
	if _, err := s.approve(held.Run); rollcall.KindOf(err) != rollcall.Conflict {
		t.Errorf("got %v, want a conflict", err)
	}
	s.same("not approved", s.table("Person", "phone"), before)
	s.define("status", "obsolete")
	if _, err := s.approve(held.Run); rollcall.KindOf(err) != rollcall.Conflict {
		t.Errorf("of an obsolete source: got %v, want a conflict", err)
	}
	s.same("not approved", s.table("Person", "phone"), before)
}

// TestASimulatedExecPastItsLimitWaitsForNobody.
func TestASimulatedExecPastItsLimitWaitsForNobody(t *testing.T) {
	t.Parallel()
	s, held := threeDelivered(t)
	out, err := s.engine.Exec(t.Context(), rollcall.Exec{Source: s.id, By: s.by, Since: s.now(), Limits: rollcall.Limits{New: rollcall.Limit{IsSet: true}}, Simulate: true})
	if err != nil || !out.Held || out.Run != 0 {
		t.Errorf("got %+v, %v", out, err)
	}
	if _, err := s.store.Run(t.Context(), held.Run+1); rollcall.KindOf(err) != rollcall.NotFound {
		t.Errorf("a simulated run left a record: %v", err)
	}
}

// TestUndoOfARunOverDeliveredRows, of a source that only the database knows: what
// was delivered stays, and the next run does it again.
func TestUndoOfARunOverDeliveredRows(t *testing.T) {
	t.Parallel()
	s, held := threeDelivered(t)
	before, stood := s.table("Person", "phone"), s.stands()
	run, err := s.approve(held.Run)
	if err != nil {
		t.Fatal(err)
	}
	after := s.table("Person", "phone")
	if _, err := s.engine.Undo(t.Context(), run.ID, nil, "tester", true); err != nil {
		t.Fatal(err)
	}
	s.same("after a dry undo", s.table("Person", "phone"), after)
	if _, err := s.engine.Undo(t.Context(), run.ID, nil, "tester", false); err != nil {
		t.Fatal(err)
	}
	s.same("undone", s.table("Person", "phone"), before)
	s.same("replicas, undone", s.stands(), stood)
	if _, err := s.engine.Undo(t.Context(), run.ID, nil, "tester", false); rollcall.KindOf(err) != rollcall.Conflict {
		t.Errorf("twice: %v", err)
	}
	s.limits = rollcall.Limits{}
	s.syncFile(personHeader, "a;Demo;N;A;a@x.com;active;2", "d;Demo;N;D;d@x.com;active;1")
	s.same("done again", s.table("Person", "phone"), after)
}
