package engine_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
)

// TestExecBreaksOffWhole: whichever call to the database fails, a run over what
// stands has changed nothing and says so, and the next one does it all.
func TestExecBreaksOffWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.etl("probe", "Person", map[string]string{"delete_policy": "delete"}, personRules...)
	s.syncFile(personHeader, "a;Demo;A;F;a@x.com;active;1", "b;Demo;B;F;b@x.com;active;1")
	w.pass(2 * time.Second)
	s.deliver(personHeader, "a;Demo;A;F;a@x.com;active;2", "c;Demo;C;F;c@x.com;active;1")
	since, before, stood := w.now(), w.table("Person", "phone"), s.stands()
	for n := 1; n < 100; n++ {
		f := &faults{left: n}
		e := engine.New(engine.Config{Store: faultyStore{bridge{w.store}, f}, Registry: w.registry, Model: w.model, SpoolDir: t.TempDir(), Now: w.now})
		out, err := e.Exec(t.Context(), rollcall.Exec{Source: s.id, By: s.by, Since: since})
		if f.left > 0 {
			w.same("in the end", told(out), "replica_seen=2 replica_total=3 deleted=1 created=1 updated=1")
			return
		}
		if err == nil && out.Error == "" || err != nil && !errors.Is(err, errFault) || err == nil && !strings.Contains(out.Error, "internal error") {
			t.Fatalf("call %d failed: got %v, %v", n, out, err)
		}
		w.same("persons", w.table("Person", "phone"), before)
		w.same("replicas", s.stands(), stood)
	}
	t.Fatal("a run takes more than a hundred calls")
}
