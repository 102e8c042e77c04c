package baddays

import (
	"context"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// The hazards of the systems that this one replaces, each met with the built
// program.

// tamper changes the database past the program.
func (o *office) tamper(statement string) {
	o.t.Helper()
	db := o.openDatabase()
	defer db.Close()
	if _, err := db.ExecContext(context.Background(), statement); err != nil {
		o.t.Fatalf("%s: %v", statement, err)
	}
}

func (o *office) persons() string {
	o.t.Helper()
	return strings.Join(ask[string](o, "SELECT first_name || '=' || coalesce(function, '') FROM obj_contact WHERE finalclass = 'Person' ORDER BY first_name, id"), " ")
}

// TestAPersonWithAnAccountLeaves: the account goes first, and where that cannot
// be, the person is tried again at every run.
func TestAPersonWithAnAccountLeaves(t *testing.T) {
	t.Parallel()
	o, d := demoOffice(t, setting{Limits: "{gone: 90%}"})
	remove := strings.NewReplacer("gone:   {after: 0d, then: update, set: {status: inactive}}", "gone: {after: 0d, then: delete}",
		"gone:   {after: 0d, then: update, set: {status: disabled}}", "gone: {after: 0d, then: delete}")
	o.write("rollcall.yaml", remove.Replace(o.read("rollcall.yaml")))
	o.sync()
	for _, name := range []string{"ann", "bob"} {
		if err := d.Delete(personDN(name)); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // their accounts are another source's, which does not run
		o.run("sync", "persons").ended(problems).shows("Unable to delete the destination object", personDN("ann"), personDN("bob"))
		if got := o.persons(); got != "ann=Clerk bob=Clerk eve=Clerk" {
			t.Errorf("got persons %s, want all", got)
		}
	}
	o.sync()
	if got := o.persons(); got != "eve=Clerk" {
		t.Errorf("got persons %s, want eve alone", got)
	}
	if got := strings.Join(ask[string](o, "SELECT login FROM obj_user WHERE finalclass = 'UserLDAP'"), " "); got != "eve" {
		t.Errorf("got accounts %s, want eve's alone", got)
	}
}

// TestTwoEntriesAreTwoPersons: equal names without a mail are no reason to merge.
func TestTwoEntriesAreTwoPersons(t *testing.T) {
	t.Parallel()
	o, d := demoOffice(t, setting{NoUsers: true})
	for _, name := range []string{"twin1", "twin2"} {
		addPerson(t, d, name)
		set(t, d, personDN(name), "givenName", "twin")
		set(t, d, personDN(name), "mail")
	}
	o.sync()
	if got := strings.Count(o.persons(), "twin=Clerk"); got != 2 {
		t.Errorf("got %d twins, want 2", got)
	}
	if err := d.Delete(personDN("twin1")); err != nil {
		t.Fatal(err)
	}
	o.run("sync")
	if got := strings.Join(ask[string](o, "SELECT status FROM obj_contact WHERE first_name = 'twin' ORDER BY status"), " "); got != "active inactive" {
		t.Errorf("one twin left: got %q", got)
	}
}

// TestAnEmptyReferenceNamesNobody: the one person without a mail is not
// everybody's manager.
func TestAnEmptyReferenceNamesNobody(t *testing.T) {
	t.Parallel()
	o, d := demoOffice(t, setting{NoUsers: true, Manager: "{from: secretary, by: email}"})
	set(t, d, personDN("ann"), "mail")
	o.sync()
	if n := ask[int](o, "SELECT count(*) FROM obj_contact WHERE manager_id <> 0")[0]; n != 0 {
		t.Errorf("got %d persons with a manager, want none", n)
	}
}

// TestADanglingReplica: one object that vanished is one problem.
func TestADanglingReplica(t *testing.T) {
	t.Parallel()
	o, d := demoOffice(t, setting{NoUsers: true})
	o.sync()
	o.tamper("DELETE FROM obj_contact WHERE first_name = 'bob'")
	set(t, d, personDN("eve"), "title", "Boss")
	o.run("sync").ended(problems).shows(personDN("bob"), "Destination object deleted unexpectedly", "1 error")
	if persons := o.persons(); !strings.Contains(persons, "eve=Boss") || !strings.Contains(persons, "ann=Clerk") {
		t.Errorf("got persons %s, want ann's and eve's to be what the directory says", persons)
	}
}

// TestDriftIsPutRight: what somebody else wrote to a locked attribute is shown
// in the plan and put right by the run.
func TestDriftIsPutRight(t *testing.T) {
	t.Parallel()
	o, _ := demoOffice(t, setting{NoUsers: true})
	o.sync()
	o.tamper("UPDATE obj_contact SET function = 'King' WHERE first_name = 'bob'")
	o.run("plan", "--check").ended(4).shows("King -> Clerk")
	if got := o.persons(); got != "ann=Clerk bob=King eve=Clerk" {
		t.Errorf("a plan changed something: %s", got)
	}
	o.sync()
	if got := o.persons(); got != "ann=Clerk bob=Clerk eve=Clerk" {
		t.Errorf("got persons %s", got)
	}
}

// TestKeysAreExact: keys that differ in case alone are two keys.
func TestKeysAreExact(t *testing.T) {
	t.Parallel()
	o, d := demoOffice(t, setting{NoUsers: true, Key: "employeeNumber"})
	for name, key := range map[string]string{"ann": "k1", "bob": "K1", "eve": "k\u00e91"} {
		set(t, d, personDN(name), "employeeNumber", key)
	}
	o.sync()
	if got := o.persons(); got != "ann=Clerk bob=Clerk eve=Clerk" {
		t.Errorf("got persons %s", got)
	}
	if got := strings.Join(ask[string](o, "SELECT entry_key FROM priv_sync_replica WHERE entry_key LIKE 'k%' ORDER BY entry_key"), " "); got != "K1 k1 k\u00e91" {
		t.Errorf("got keys %q", got)
	}
}

// TestNamesOfAttributes: they compare without case, and one that never has a
// value is reported.
func TestNamesOfAttributes(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: company(10)})
	o := officeAt(t, s, s.URL())
	o.reconfigure(func(s *setting) { s.Persons = "phone: {from: TelephoneNumbr}" })
	o.write("rollcall.yaml", strings.Replace(o.read("rollcall.yaml"), "from: title", "from: TITLE", 1))
	o.run("check").shows("TelephoneNumbr")
	o.run("sync")
	if n := ask[int](o, "SELECT count(*) FROM obj_contact WHERE function LIKE 'Clerk %'")[0]; n != 10 {
		t.Errorf("got %d persons with a title, want 10", n)
	}
}
