package engine_test

import (
	"database/sql"
	"strings"
	"testing"

	"rollcall/internal/rollcall"
)

// behind writes to the database past the registry, as an administrator with a
// shell would.
func (w *world) behind(statement string, args ...any) {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(w.t.Context(), statement, args...); err != nil {
		w.t.Fatal(err)
	}
}

// TestDriftOnLockedAttributesIsRepaired: an object changed in the database is
// put right although its entry did not change; an unlocked attribute stays.
func TestDriftOnLockedAttributesIsRepaired(t *testing.T) {
	t.Parallel()
	w, f := policies(t)
	w.behind("UPDATE obj_contact SET phone = 'SQL', function = 'SQL' WHERE name = 'N'")
	result, changes := w.sync()
	wantText(t, "changes", lines(changes), "repair b1 phone:SQL>1")
	if changes[0].Key != "b1" || result.Run.Sources[0].Counters.Repaired != 1 {
		t.Errorf("counters: %+v", result.Run.Sources[0].Counters)
	}
	wantText(t, "person", w.table("Person", "phone", "function"), "F N phone=1 function=SQL")
	if _, changes := w.sync(); len(changes) != 0 {
		t.Errorf("the next run made %s", lines(changes))
	}
	f.put("b1", "phone", "2")
	if _, changes := w.sync(); lines(changes) != "update b1 phone:1>2" {
		t.Errorf("an ordinary change: %s", lines(changes))
	}
}

// TestAnOrphanIsOneProblemThenANewStart: one vanished object does not stop the
// run; it is said once, and the entry gets an object again at the next run.
func TestAnOrphanIsOneProblemThenANewStart(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{})
	w.behind("DELETE FROM obj_contact WHERE name = 'N1'")
	f.put("x2", "phone", "5")
	result, _ := w.sync()
	if c := result.Run.Sources[0].Counters; c.UpdatedErrors != 1 || c.Updated != 1 {
		t.Errorf("counters: %+v", c)
	}
	if got := w.replicas(f); !strings.Contains(got, "x1: orphan creator err=Destination object deleted unexpectedly") {
		t.Errorf("replicas: %s", got)
	}
	w.sync()
	wantText(t, "persons", w.table("Person", "phone"), "F1 N1 phone=1\nF2 N2 phone=5\nF3 N3 phone=1")
	if got := w.replicas(f); !strings.Contains(got, "x1: synchronized creator") {
		t.Errorf("replicas: %s", got)
	}
}

// TestTheRegistrysOwnDeletionsAreNoDrift: what the registry deletes is not noted.
func TestTheRegistrysOwnDeletionsAreNoDrift(t *testing.T) {
	t.Parallel()
	w, f := threeRows(t, rollcall.Gone{Then: rollcall.GoneDelete})
	f.away("x1")
	w.sync()
	if _, changes := w.sync(); len(changes) != 0 {
		t.Errorf("the run after a deletion made %s", lines(changes))
	}
}
