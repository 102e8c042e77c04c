package engine_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/internal/engine"
	"rollcall/internal/oql"
	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

// TestExecReferences: an external key found by another attribute, by name, by
// id, and not at all.
func TestExecReferences(t *testing.T) {
	t.Parallel()
	const warning = "Could not find [unique] object for 'manager_id': searched on %s = '%s'"
	for _, c := range []struct{ by, value, manager, warned string }{
		{"email", "boss@x.com", "Pre Boss", ""}, {"email", "BOSS@X.COM", "Pre Boss", ""},
		{"email", "none@x.com", "", "email"}, {"email", "twin@x.com", "", "email"},
		{"email", "<NULL>", "", ""}, {"email", "", "", ""}, // iTop takes the one person without mail for everybody's manager
		{"friendlyname", "Pre Boss", "Pre Boss", ""}, {"friendlyname", "No Body", "", "friendlyname"}, {"friendlyname", "Tw Twin", "", "friendlyname"},
		{"name", "Boss", "Pre Boss", ""}, {"", "1", "Pre Boss", ""}, {"", "", "", ""},
	} {
		t.Run(c.by+" "+c.value, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.person("name", "Boss", "first_name", "Pre", "email", "boss@x.com")
			w.person("name", "Nomail", "first_name", "Pre")
			w.person("name", "Twin", "first_name", "Tw", "email", "twin@x.com", "phone", "1")
			w.person("name", "Twin", "first_name", "Tw", "email", "twin@x.com", "phone", "2")
			s := w.etl("probe", "Person", nil, "org_id by name", "name", "first_name", "email!", "manager_id by "+c.by)
			s.deliver("primary_key;org_id;name;first_name;email;manager_id", "i;Demo;I;F;i@x.com;"+c.value)
			log, replica := "replica_seen=1 replica_total=1 created=1", "i: synchronized creator"
			if c.warned != "" {
				log += " created_warnings=1"
				replica += " warn=" + fmt.Sprintf(warning, c.warned, c.value)
			}
			w.same("log", told(s.exec()), log)
			w.same("replica", s.stands(), replica)
			if found := w.table("Person", "manager_id"); !strings.Contains(found, "F I manager_id="+c.manager+"\n") {
				t.Errorf("got %s, want the manager %q", found, c.manager)
			}
		})
	}
}

// TestExecTriesWarningsAgain: a reference whose target comes later is filled in
// then, and emptied when its target is unknown.
func TestExecTriesWarningsAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.etl("probe", "Person", nil, "org_id by name", "name", "first_name", "email!", "manager_id by email")
	const header = "primary_key;org_id;name;first_name;email;manager_id"
	late := func() *rollcall.Executed {
		w.person("name", "Late", "first_name", "L", "email", "late@x.com")
		return s.exec()
	}
	unknown := func() *rollcall.Executed {
		s.deliver(header, "i;Demo;I;F;i@x.com;none@x.com")
		return s.exec()
	}
	noOrg := func() *rollcall.Executed {
		s.deliver(header, "j;Nowhere;J;F;j@x.com;")
		return s.exec()
	}
	const null = "Unexpected value for attribute 'Organization' (org_id) : Null not allowed"
	s.steps("Person", []string{"manager_id"}, []step{
		{"not there yet", func() *rollcall.Executed {
			s.deliver(header, "i;Demo;I;F;i@x.com;late@x.com")
			return s.exec()
		}, "F I manager_id=", "", "replica_seen=1 replica_total=1 created=1 created_warnings=1"},
		{"there now", late, "F I manager_id=L Late\nL Late manager_id=", "i: synchronized creator", "replica_seen=1 replica_total=1 updated=1"},
		{"unknown", unknown, "F I manager_id=\nL Late manager_id=", "", "replica_seen=1 replica_total=1 updated=1 updated_warnings=1"},
		{"no organization", noOrg, "", "", "replica_seen=2 replica_total=2 created_errors=1 unchanged_warnings=1"},
	})
	if got := s.stands(); !strings.Contains(got, "j: new dest=none err=Unable to create destination object: "+null+": issues = {0=>"+null+"}, class = Person, id = -1") {
		t.Errorf("got %s", got)
	}
}

// TestExecFindsThoseOfTheSameDelivery: managers may come after their staff.
func TestExecFindsThoseOfTheSameDelivery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.etl("probe", "Person", nil, "org_id by name", "name", "first_name", "email!", "manager_id by email")
	s.deliver("primary_key;org_id;name;first_name;email;manager_id", "a;Demo;A;F;a@x.com;b@x.com", "b;Demo;B;F;b@x.com;a@x.com")
	w.same("log", told(s.exec()), "replica_seen=2 replica_total=2 created=2")
	w.same("persons", w.table("Person", "manager_id"), "F A manager_id=F B\nF B manager_id=F A")
}

// TestExecTellsEmptyFromNothing: an empty cell resets, <NULL> and a column that
// does not come leave alone.
func TestExecTellsEmptyFromNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("name", "Boss", "first_name", "Pre", "email", "boss@x.com")
	s := w.etl("probe", "Person", nil, "org_id by name", "name", "first_name", "email!", "phone", "manager_id by email")
	const all = "primary_key;org_id;name;first_name;email;phone;manager_id"
	then := func(lines ...string) func() *rollcall.Executed {
		return func() *rollcall.Executed {
			s.deliver(lines...)
			return s.exec()
		}
	}
	const rest = "\nPre Boss phone= manager_id="
	s.steps("Person", []string{"phone", "manager_id"}, []step{
		{"start", then(all, "j;Demo;J;F;j@x.com;1;boss@x.com"), "F J phone=1 manager_id=Pre Boss" + rest, "", "replica_seen=1 replica_total=1 created=1"},
		{"columns that do not come", then("primary_key;name", "j;K"), "F K phone=1 manager_id=Pre Boss" + rest, "", "replica_seen=1 replica_total=1 updated=1"},
		{"NULL", then(all, "j;Demo;K;F;j@x.com;<NULL>;<NULL>"), "F K phone=1 manager_id=Pre Boss" + rest, "j: synchronized creator", "replica_seen=1 replica_total=1"},
		{"empty", then(all, "j;Demo;K;F;j@x.com;;"), "F K phone= manager_id=" + rest, "", "replica_seen=1 replica_total=1 updated=1"},
		{"a mandatory one empty", then(all, "j;Demo;;F;j@x.com;2;"), "F K phone= manager_id=" + rest,
			"j: modified creator err=Unable to update destination object: Unexpected value for attribute 'Last Name' (name) : Null not allowed: issues = {0=>Unexpected value for attribute 'Last Name' (name) : Null not allowed}, class = Person, id = 2",
			"replica_seen=1 replica_total=1 updated_errors=1"},
		{"and good again", then(all, "j;Demo;J;F;j@x.com;2;"), "F J phone=2 manager_id=" + rest, "j: synchronized creator", "replica_seen=1 replica_total=1 updated=1"},
	})
}

// TestExecKeys: the last of two rows with one key wins, and keys are exact.
func TestExecKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.etl("probe", "Person", nil, personRules...)
	fates := s.deliver(personHeader, "l1;Demo;N;F;l@x.com;active;1", "l1;Demo;N;F;l@x.com;active;2", "L1;Demo;O;F;o@x.com;active;3", "l1;Demo;N;F;l@x.com;active;4")
	w.same("fates", strings.Join(fates, " "), "new seen new seen")
	w.same("log", told(s.exec()), "replica_seen=2 replica_total=2 created=2")
	w.same("persons", w.table("Person", "phone"), "F N phone=4\nF O phone=3")
	fates = s.deliver(personHeader, "l1;Demo;N;F;l@x.com;active;4", "l1;Demo;N;F;l@x.com;active;5", "l1;Demo;N;F;l@x.com;active;4")
	w.same("fates", strings.Join(fates, " "), "seen seen seen")
	w.same("there and back", s.stands(), "L1: synchronized creator\nl1: synchronized creator")
}

// TestExecByPrimaryKey: the key is the object's id.
func TestExecByPrimaryKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("name", "Old", "first_name", "Pre", "email", "p@x.com")
	s := w.etl("probe", "Person", map[string]string{"reconciliation_policy": "use_primary_key"}, "org_id by name", "name", "first_name", "phone")
	s.deliver("primary_key;org_id;name;first_name;phone", "1;Demo;One;F;1", "999999;Demo;Two;F;2", "abc;Demo;Three;F;3")
	w.same("log", told(s.exec()), "replica_seen=3 replica_total=3 created=2 new_updated=1")
	w.same("persons", w.table("Person", "phone"), "F One phone=1\nF Three phone=3\nF Two phone=2")
}

// TestExecLeavesAnOrphan: iTop breaks off the whole run, at every run.
func TestExecLeavesAnOrphan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.etl("probe", "Person", nil, personRules...)
	s.syncFile(personHeader, "a;Demo;A;F;a@x.com;active;1", "b;Demo;B;F;b@x.com;active;1")
	w.behind(`DELETE FROM obj_contact WHERE name = 'A'`)
	s.deliver(personHeader, "a;Demo;A;F;a@x.com;active;2", "b;Demo;B;F;b@x.com;active;2")
	s.steps("Person", []string{"phone"}, []step{
		{"its object is gone", s.exec, "F B phone=2", "a: orphan creator err=Destination object deleted unexpectedly\nb: synchronized creator", "replica_seen=2 replica_total=2 updated=1 updated_errors=1"},
		{"it looks for another one", s.exec, "F A phone=2\nF B phone=2", "a: synchronized creator\nb: synchronized creator", "replica_seen=2 replica_total=2 created=1"},
	})
}

// scoped lets the world's engine read scope restrictions.
func (w *world) scoped() {
	w.engine = engine.New(engine.Config{Store: bridge{w.store}, Registry: w.registry, Model: w.model, SpoolDir: w.t.TempDir(), Now: w.now,
		Scope: func(ctx context.Context, tx engine.Tx, _ *rollcall.Class, scope string, ids []rollcall.ObjectID) (map[rollcall.ObjectID]bool, error) {
			q, err := oql.Compile(w.model, scope, nil)
			if err != nil {
				return nil, rollcall.Errorf(rollcall.Invalid, "%w", err)
			}
			texts := make([]string, len(ids))
			for i, id := range ids {
				texts[i] = strconv.Itoa(int(id))
			}
			found, err := tx.(*store.Tx).SelectIDs(ctx, q.Where("id", texts...), rollcall.Window{})
			within := map[rollcall.ObjectID]bool{}
			for _, id := range found {
				within[id] = true
			}
			return within, err
		}})
}

// TestExecKeepsToItsScope: iTop 3.2.0 takes a scope restriction and never looks
// at it.
func TestExecKeepsToItsScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("name", "In", "first_name", "P", "email", "in@x.com", "function", "clerk")
	w.person("name", "Out", "first_name", "P", "email", "out@x.com", "function", "boss")
	s := w.etl("probe", "Person", map[string]string{"scope_restriction": "SELECT Person WHERE function = 'clerk'", "action_on_zero": "error"}, personRules...)
	s.deliver(personHeader, "a;Demo;A;F;in@x.com;active;1", "b;Demo;B;F;out@x.com;active;1")
	if out, err := w.engine.Exec(t.Context(), rollcall.Exec{Source: s.id, By: s.by}); err == nil {
		t.Errorf("a scope that nobody can read: got %v, want an error", out)
	}
	w.scoped()
	w.same("log", told(s.exec()), "replica_seen=2 replica_total=2 replica_reconciled_errors=1 new_updated=1")
	w.same("persons", w.table("Person", "phone"), "F A phone=1\nP Out phone=")
	s.define("scope_restriction", "SELECT nonsense")
	if out := s.exec(); !strings.Contains(out.Error, "scope restriction") {
		t.Errorf("a scope that makes no sense: got %q", out.Error)
	}
}

// TestExecOfRowsWrittenBySQL: what an ETL tool writes is taken over.
func TestExecOfRowsWrittenBySQL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.etl("probe", "Person", map[string]string{"database_table_name": "etl", "delete_policy": "delete"}, personRules...)
	sql := func(statement string) func() *rollcall.Executed {
		return func() *rollcall.Executed {
			w.behind(statement)
			return s.exec()
		}
	}
	s.steps("Person", []string{"phone"}, []step{
		{"insert", sql(`INSERT INTO synchro_data_etl (primary_key, org_id, name, first_name, email, phone) VALUES ('r1', 'Demo', 'N', 'F', 'r@x.com', '1')`),
			"F N phone=1", "r1: synchronized creator", "replica_seen=1 replica_total=1 created=1"},
		{"touch", sql(`UPDATE synchro_data_etl SET phone = '1'`), "F N phone=1", "r1: synchronized creator", "replica_seen=1 replica_total=1"},
		{"change", sql(`UPDATE synchro_data_etl SET phone = '2'`), "F N phone=2", "r1: synchronized creator", "replica_seen=1 replica_total=1 updated=1"},
		{"another key", sql(`UPDATE synchro_data_etl SET primary_key = 'r1b'`), "F N phone=2", "r1b: synchronized creator", "replica_seen=1 replica_total=1"},
	})
	w.behind(`DELETE FROM synchro_data_etl`)
	w.same("deleted", told(s.exec()), "")
	w.same("deleted: the object stays", w.table("Person", "phone"), "F N phone=2")
	w.behind(`INSERT INTO synchro_data_etl (primary_key, org_id, name, first_name, email, phone) VALUES ('r2', 'Demo', 'N', 'F', 'r@x.com', '2')`)
	w.same("inserted again", told(s.exec()), "replica_seen=1 replica_total=1 new_unchanged=1")
	w.same("inserted again", s.stands(), "r2: synchronized dest=yes")
	// What an import delivered and SQL changed since is new to the next import.
	s.deliver(personHeader, "r2;Demo;N;F;r@x.com;active;2")
	s.exec()
	w.behind(`UPDATE synchro_data_etl SET phone = '9'`)
	s.deliver(personHeader, "r2;Demo;N;F;r@x.com;active;2")
	s.exec()
	w.same("imported over a change by SQL", w.table("Person", "phone"), "F N phone=2")
}

// TestExecOneAtATime: two runs of a source wait for each other.
func TestExecOneAtATime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.etl("probe", "Person", nil, personRules...)
	var rows []string
	for i := range 60 {
		rows = append(rows, fmt.Sprintf("k%d;Demo;N%d;F;k%d@x.com;active;1", i, i, i))
	}
	s.deliver(append([]string{personHeader}, rows...)...)
	var all sync.WaitGroup
	created := make([]int, 4)
	for i := range created {
		all.Go(func() {
			out, err := w.engine.Exec(context.Background(), rollcall.Exec{Source: s.id, By: s.by})
			if err != nil || out.Error != "" {
				t.Errorf("got %v, %v", out, err)
				return
			}
			created[i] = out.Counters.Created
		})
	}
	all.Wait()
	sum := 0
	for _, n := range created {
		sum += n
	}
	if sum != 60 {
		t.Errorf("got %v created, want 60 in one run", created)
	}
}

// TestExecRefusals: what a run does not start with, in iTop's words.
func TestExecRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.etl("probe", "Person", nil, personRules...)
	s.deliver(personHeader, "a;Demo;A;F;a@x.com;active;1")
	s.by = rollcall.Runner{Name: "Rob Rest", User: 7}
	w.same("stranger", told(s.exec()), "replica_total=1 ERROR: Only adminstrators or the user specified in the data source can execute this operation. Operation cancelled.")
	s.by = anAdministrator
	s.define("status", "obsolete")
	w.same("obsolete", told(s.exec()), "replica_total=1 ERROR: The data source is marked as obsolete. Operation cancelled.")
	none := w.etl("nothing to update", "Person", nil, "email!-")
	w.same("nothing to update", told(none.exec()), "ERROR: There is no attribute to update")
	blind := w.etl("no key", "Person", nil, "name", "email")
	w.same("no key", told(blind.exec()), "ERROR: No attribute for reconciliation")
	abstract := w.etl("abstract", "Contact", nil, "name", "email!")
	if got := told(abstract.exec()); !strings.Contains(got, "ERROR: The class Contact is abstract") {
		t.Errorf("abstract class: got %s", got)
	}
	runs, err := w.store.Runs(t.Context(), 0)
	if err != nil || len(runs) != 0 {
		t.Errorf("got %v (%v), want no trace of runs that did not start", runs, err)
	}
	if _, err := w.engine.Exec(t.Context(), rollcall.Exec{Source: 4711}); rollcall.KindOf(err) != rollcall.NotFound {
		t.Errorf("a source that is not there: got %v", err)
	}
}

// TestSimulatedDeliveryLeavesNothing: rows and run are as if, and gone.
func TestSimulatedDeliveryLeavesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.etl("probe", "Person", map[string]string{"delete_policy": "delete"}, personRules...)
	s.syncFile(personHeader, "a;Demo;A;F;a@x.com;active;1")
	w.pass(time.Second)
	_, out, err := s.feed(&rollcall.Exec{Source: s.id, By: s.by, Since: w.now(), Simulate: true}, true, personHeader, "b;Demo;B;F;b@x.com;active;1")
	if err != nil {
		t.Fatal(err)
	}
	w.same("simulated", told(out), "replica_seen=1 replica_total=2 deleted=1 created=1")
	w.same("persons", w.table("Person"), "F A")
	w.same("replicas", s.stands(), "a: synchronized creator")
	runs, err := w.store.Runs(t.Context(), 0)
	if err != nil || len(runs) != 1 || runs[0].Kind != engine.KindExec {
		t.Errorf("got runs %v (%v), want the real one", runs, err)
	}
}
