package engine_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rollcall/internal/rollcall"
)

const personHeader = "primary_key;org_id;name;first_name;email;status;phone"

// TestExecReconciles holds reconciliation against what iTop 3.2.0 was seen to do
// for no, one and several matches and each action.
func TestExecReconciles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		matches               int
		zero, one, many       string
		objects, replica, log string
	}{
		{0, "create", "update", "error", "F N phone=1", "k: synchronized creator", "replica_seen=1 replica_total=1 created=1"},
		{0, "error", "update", "error", "", "k: new dest=none err=Could not find a match for reconciliation", "replica_seen=1 replica_total=1 replica_reconciled_errors=1"},
		{1, "create", "update", "error", "F N phone=1", "k: synchronized dest=yes", "replica_seen=1 replica_total=1 new_updated=1"},
		{1, "create", "error", "error", "Pre Old phone=9", "k: new dest=none err=Found a match while expecting several", "replica_seen=1 replica_total=1 replica_reconciled_errors=1"},
		{2, "create", "update", "error", "Pre Old phone=9\nPre Old phone=9",
			"k: new dest=none err=2 destination objects match the reconciliation criterias: email=k@x.com", "replica_seen=1 replica_total=1 replica_reconciled_errors=1"},
		{2, "create", "update", "create", "F N phone=1\nPre Old phone=9\nPre Old phone=9", "k: synchronized creator", "replica_seen=1 replica_total=1 created=1"},
		{2, "create", "update", "take_first", "F N phone=1\nPre Old phone=9", "k: synchronized dest=yes", "replica_seen=1 replica_total=1 new_updated=1"},
	} {
		t.Run(fmt.Sprint(c.matches, c.zero, c.one, c.many), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for range c.matches {
				w.person("name", "Old", "first_name", "Pre", "email", "k@x.com", "phone", "9")
			}
			s := w.etl("probe", "Person", map[string]string{"action_on_zero": c.zero, "action_on_one": c.one, "action_on_multiple": c.many}, personRules...)
			s.deliver(personHeader, "k;Demo;N;F;k@x.com;active;1")
			out := s.exec()
			w.same("objects", w.table("Person", "phone"), c.objects)
			w.same("replica", s.stands(), c.replica)
			w.same("log", told(out), c.log)
		})
	}
}

func TestExecTriesErrorsAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.etl("probe", "Person", map[string]string{"action_on_zero": "error"}, personRules...)
	s.deliver(personHeader, "a;Demo;N;F;a@x.com;active;1", "n;Demo;N;F;<NULL>;active;1", "e;Demo;N;F;;active;1")
	failed := "replica_seen=3 replica_total=3 replica_reconciled_errors=3"
	s.steps("Person", []string{"phone"}, []step{
		{what: "no match", do: s.exec, counters: failed, replicas: "a: new dest=none err=Could not find a match for reconciliation\n" +
			"e: new dest=none err=Could not find a match for reconciliation\nn: new dest=none err=Could not reconcile on null value for attribute 'email'"},
		{what: "again", do: s.exec, counters: failed},
	})
	w.person("name", "N", "first_name", "F", "email", "A@X.com", "phone", "9") // another case is the same
	w.same("recovered", told(s.exec()), "replica_seen=3 replica_total=3 replica_reconciled_errors=2 new_updated=1")
}

// TestExecPolicies follows the update policies: phone is locked, function
// unlocked, mobile_phone written if empty, employee_number not written.
func TestExecPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.etl("probe", "Person", nil, "org_id by name", "name", "first_name", "email!", "phone", "function~", "mobile_phone?")
	row := func(phone, function, mobile string) func() *rollcall.Executed {
		return func() *rollcall.Executed {
			s.deliver("primary_key;org_id;name;first_name;email;phone;function;mobile_phone", "b1;Demo;N;F;b@x.com;"+phone+";"+function+";"+mobile)
			return s.exec()
		}
	}
	byUser := func(next func() *rollcall.Executed, values ...string) func() *rollcall.Executed {
		return func() *rollcall.Executed {
			if err := w.edit("Person", "F N", values...); err != nil {
				t.Error(err)
			}
			return next()
		}
	}
	unchanged, updated := "replica_seen=1 replica_total=1", "replica_seen=1 replica_total=1 updated=1"
	s.steps("Person", []string{"phone", "function", "mobile_phone", "employee_number"}, []step{
		{"first load", row("1", "src", "11"), "F N phone=1 function=src mobile_phone=11 employee_number=", "b1: synchronized creator", "replica_seen=1 replica_total=1 created=1"},
		{"unchanged", byUser(row("1", "src", "11"), "function", "byuser", "mobile_phone", "88", "employee_number", "E1"),
			"F N phone=1 function=byuser mobile_phone=88 employee_number=E1", "b1: synchronized creator", unchanged},
		// iTop writes all columns again when one changed; here what a person wrote stays.
		{"phone alone", row("2", "src", "11"), "F N phone=2 function=byuser mobile_phone=88 employee_number=E1", "", updated},
		{"function alone", row("2", "src2", "11"), "F N phone=2 function=src2 mobile_phone=88 employee_number=E1", "", updated},
		{"emptied, unchanged file", byUser(row("2", "src2", "11"), "mobile_phone", ""), "F N phone=2 function=src2 mobile_phone= employee_number=E1", "", unchanged},
		{"empty is filled", row("3", "src2", "11"), "F N phone=3 function=src2 mobile_phone=11 employee_number=E1", "", updated},
	})
	if err := w.edit("Person", "F N", "phone", "77"); err == nil || !strings.Contains(err.Error(), "The field Phone (phone) is not writable because it is mastered by the data synchronization. Value not set.") {
		t.Errorf("writing a locked attribute: got %v", err)
	}
	w.behind(`UPDATE obj_contact SET phone = 'SQL' WHERE phone = '3'`)
	w.same("drift is put right", told(s.exec()), updated)
	w.same("drift is put right", w.table("Person", "phone"), "F N phone=3")
}

// TestExecDeletePolicies follows the four policies: row 3 was reconciled with a
// person that existed before.
func TestExecDeletePolicies(t *testing.T) {
	t.Parallel()
	one, two, three := "x1;Demo;N;F1;x1@x.com;active;1", "x2;Demo;N;F2;x2@x.com;active;1", "x3;Demo;N;F3;x3@x.com;active;1"
	all := "F1 N status=active phone=1\nF2 N status=active phone=1\nF3 N status=active phone=1"
	at := func(second, third string) string { return "x1: synchronized creator\nx2: " + second + "\nx3: " + third }
	first := "replica_seen=3 replica_total=3 created=2 new_updated=1"
	const away = "replica_seen=1 replica_total=3"
	const unknown = "err=Unable to update the destination object: Unknown attribute code 'nosuch'"
	gone := "F1 N status=active phone=1\nF2 N status=inactive phone=1\nF3 N status=inactive phone=1"
	for _, c := range []struct {
		policy, update, retention string
		leave, stay, back         [3]string // objects, replicas, counters
	}{
		{policy: "ignore", leave: [3]string{all, at("synchronized creator", "synchronized dest=yes"), away}, stay: [3]string{all, "", away},
			back: [3]string{all, "", "replica_seen=3 replica_total=3"}},
		{policy: "delete", leave: [3]string{"F1 N status=active phone=1\nF3 N status=active phone=1", "x1: synchronized creator", "replica_seen=1 replica_total=3 deleted=1 replica_disappeared_no_action=1"},
			stay: [3]string{"", "x1: synchronized creator", "replica_seen=1 replica_total=1"},
			back: [3]string{all, at("synchronized creator", "synchronized dest=yes"), "replica_seen=3 replica_total=3 created=1 new_unchanged=1"}},
		{policy: "update", update: "status:inactive", leave: [3]string{gone, at("obsolete creator", "obsolete dest=yes"), "replica_seen=1 replica_total=3 obsoleted=2"},
			stay: [3]string{gone, at("obsolete creator", "obsolete dest=yes"), away}, back: [3]string{all, at("synchronized creator", "synchronized dest=yes"), "replica_seen=3 replica_total=3 updated=2"}},
		{policy: "update_then_delete", update: "status:inactive", retention: "3", leave: [3]string{gone, at("obsolete creator", "obsolete dest=yes"), "replica_seen=1 replica_total=3 obsoleted=2"},
			stay: [3]string{"F1 N status=active phone=1\nF3 N status=inactive phone=1", "x1: synchronized creator", "replica_seen=1 replica_total=3 deleted=1 replica_disappeared_no_action=1"},
			back: [3]string{all, at("synchronized creator", "synchronized dest=yes"), "replica_seen=3 replica_total=3 created=1 new_updated=1"}},
		{policy: "update", update: "nosuch:1", leave: [3]string{all, at("synchronized creator "+unknown, "synchronized dest=yes "+unknown), "replica_seen=1 replica_total=3 obsoleted_errors=2"},
			stay: [3]string{all, "", "replica_seen=1 replica_total=3 obsoleted_errors=2"}, back: [3]string{all, "", "replica_seen=3 replica_total=3"}},
	} {
		t.Run(c.policy+" "+c.update, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.person("name", "N", "first_name", "F3", "email", "x3@x.com", "phone", "9")
			settings := map[string]string{"delete_policy": c.policy, "delete_policy_update": c.update, "delete_policy_retention": c.retention}
			s := w.etl("probe", "Person", settings, personRules...)
			sync := func(after time.Duration, rows ...string) func() *rollcall.Executed {
				return func() *rollcall.Executed {
					w.pass(after)
					return s.syncFile(append([]string{personHeader}, rows...)...)
				}
			}
			s.steps("Person", []string{"status", "phone"}, []step{
				{"all", sync(time.Second, one, two, three), all, at("synchronized creator", "synchronized dest=yes"), first},
				{"one", sync(time.Second, one), c.leave[0], c.leave[1], c.leave[2]},
				{"one, later", sync(4*time.Second, one), c.stay[0], c.stay[1], c.stay[2]},
				{"back", sync(time.Second, one, two, three), c.back[0], c.back[1], c.back[2]},
			})
		})
	}
}

// TestExecDeletesAgainWhatCouldNotGo: a person whose account another source
// masters cannot be deleted before the account.
func TestExecDeletesAgainWhatCouldNotGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	people := w.etl("people", "Person", map[string]string{"delete_policy": "delete"}, personRules...)
	users := w.etl("users", "UserLDAP", map[string]string{"delete_policy": "delete"}, "contactid by email", "login!", "profile_list")
	one, two := "p1;Demo;N;F1;p1@x.com;active;1", "p2;Demo;N;F2;p2@x.com;active;1"
	people.syncFile(personHeader, one, two)
	const header = "primary_key;contactid;login;profile_list"
	out := users.syncFile(header, "u1;p1@x.com;u1;profileid->name:Portal user", "u2;p2@x.com;u2;profileid->name:Portal user")
	w.same("accounts", told(out), "replica_seen=2 replica_total=2 created=2")
	w.pass(time.Second)
	const stuck = "p1: synchronized creator\np2: obsolete creator err=Unable to delete the destination object: " +
		"The field Person (contactid) is not writable because it is mastered by the data synchronization. Value not set."
	people.steps("Person", nil, []step{
		{"the person goes first", func() *rollcall.Executed { return people.syncFile(personHeader, one) }, "F1 N\nF2 N", stuck, "replica_seen=1 replica_total=2 deleted_errors=1"},
		{"its account follows", func() *rollcall.Executed {
			return users.syncFile(header, "u1;p1@x.com;u1;profileid->name:Portal user")
		}, "", "", "replica_seen=1 replica_total=2 deleted=1"},
		{"a run that misses nobody leaves it", people.exec, "F1 N\nF2 N", stuck, "replica_seen=1 replica_total=2"},
	})
	w.pass(time.Second)
	// iTop never tries again.
	w.same("tried again", told(people.syncFile(personHeader, one)), "replica_seen=1 replica_total=2 deleted=1")
	w.same("tried again", w.table("Person"), "F1 N")
}

// TestExecFullLoadInterval: who counts as missing, by who starts the run.
func TestExecFullLoadInterval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.etl("probe", "Person", map[string]string{"delete_policy": "delete"}, personRules...)
	one, two := "d1;Demo;N;F1;d1@x.com;active;1", "d2;Demo;N;F2;d2@x.com;active;1"
	load := func(after time.Duration, rows ...string) func() *rollcall.Executed {
		return func() *rollcall.Executed {
			w.pass(after)
			s.deliver(append([]string{personHeader}, rows...)...)
			return s.exec()
		}
	}
	sync := func(after time.Duration, rows ...string) func() *rollcall.Executed {
		return func() *rollcall.Executed {
			w.pass(after)
			return s.syncFile(append([]string{personHeader}, rows...)...)
		}
	}
	interval := func(seconds string, next func() *rollcall.Executed) func() *rollcall.Executed {
		return func() *rollcall.Executed {
			s.define("full_load_periodicity", seconds)
			return next()
		}
	}
	var twelve []string
	for i := range 12 {
		twelve = append(twelve, fmt.Sprintf("t%d;Demo;N;T%d;t%d@x.com;active;1", i, i, i))
	}
	s.steps("Person", nil, []step{
		{"interval 0", load(0, one, two), "F1 N\nF2 N", "", "replica_seen=2 replica_total=2 created=2"},
		{"interval 0, a bare run deletes nothing, ever", load(time.Hour, one), "F1 N\nF2 N", "", "replica_seen=2 replica_total=2"},
		{"interval 0, a load that runs", sync(time.Second, one), "F1 N", "", "replica_seen=1 replica_total=2 deleted=1"},
		{"interval 3 s", interval("3", load(0, one, two)), "F1 N\nF2 N", "", "replica_seen=2 replica_total=2 created=1"},
		{"within the interval", load(time.Second, one), "F1 N\nF2 N", "", "replica_seen=2 replica_total=2"},
		{"all are older than the interval", func() *rollcall.Executed { w.pass(4 * time.Second); return s.exec() }, "", "", "replica_total=2 deleted=2"},
		{"interval 1 h", interval("3600", sync(0, one, two)), "F1 N\nF2 N", "", "replica_seen=2 replica_total=2 created=2"},
		{"a load that runs, within the interval", sync(time.Second, one), "F1 N\nF2 N", "", "replica_seen=2 replica_total=2"},
		{"two hours later", sync(2*time.Hour, one), "F1 N", "", "replica_seen=1 replica_total=2 deleted=1"},
		{"interval 0, twelve", interval("0", sync(time.Second, twelve...)), "", "", "replica_seen=12 replica_total=13 deleted=1 created=12"},
		{"all of twelve at once", sync(time.Second), "", "", "replica_total=12 ERROR: All records have been untouched for some time (all of the objects could be deleted). " +
			"Please check that the process that writes into the synchronization table is still running. Operation cancelled."},
		{"twelve of thirteen", sync(time.Second, one), "F1 N", "d1: synchronized creator", "replica_seen=1 replica_total=13 deleted=12 created=1"},
	})
	s.define("full_load_periodicity", "3")
	s.syncFile(personHeader)
	s.deliver(personHeader, two)
	w.pass(4 * time.Second)
	w.same("never taken over and late", told(s.exec()), "replica_total=2 deleted=1 replica_disappeared_no_action=1")
}

// TestExecLimitsHoldARun: a source of any size may have limits, which nobody
// passes unasked.
func TestExecLimitsHoldARun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.etl("probe", "Person", map[string]string{"delete_policy": "delete"}, personRules...)
	s.limits.Gone = rollcall.Limit{Count: 1, IsSet: true}
	s.syncFile(personHeader, "a;Demo;N;A;a@x.com;active;1", "b;Demo;N;B;b@x.com;active;1", "c;Demo;N;C;c@x.com;active;1")
	w.pass(time.Second)
	out := s.syncFile(personHeader, "a;Demo;N;A;a@x.com;active;1")
	w.same("past the limit", told(out), "replica_total=3 ERROR: 2 of 3 entries are gone, and the limit is 1 (limits: gone: 1): nothing was changed, and run 2 waits for approval")
	if !out.Held {
		t.Error("the run does not say that a limit held it")
	}
	w.same("past the limit", w.table("Person"), "A N\nB N\nC N")
	w.pass(time.Second)
	w.same("within the limit", told(s.syncFile(personHeader, "a;Demo;N;A;a@x.com;active;1", "b;Demo;N;B;b@x.com;active;1")), "replica_seen=2 replica_total=3 deleted=1")
}
