package baddays

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// TestWhatIsRead spoils what a source says of which entries to read.
func TestWhatIsRead(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: company(40)})
	for _, c := range []struct {
		name   string
		change func(*setting)
		want   []string
	}{
		{"base missing", func(s *setting) { s.Base = "ou=nobody," + baseDN },
			[]string{`below "ou=nobody,dc=example,dc=org"`, "there is no such entry, or this user may not see it", `what exists ends at "dc=example,dc=org"`, "noSuchObject (32)"}},
		{"base outside the server", func(s *setting) { s.Base = "dc=elsewhere,dc=org" },
			[]string{`below "dc=elsewhere,dc=org"`, "noSuchObject (32)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := officeAt(t, s, s.URL())
			o.sync()
			before := o.dump()
			good := o.Config
			o.reconfigure(c.change)
			o.run("sync").ended(failed).says(c.want...)
			o.unchanged(before)
			o.Config = good
			o.configure()
			o.sync()
		})
	}
}

// TestMalformedFilters names the character that is wrong, before anything is
// sent.
func TestMalformedFilters(t *testing.T) {
	t.Parallel()
	for filter, want := range map[string]string{
		"(&(objectClass=person)(mail=*)":     "character 31",
		"(objectClass=person))":              "character 21",
		"(&(objectClass=person)(mail*))":     "character 28",
		"(mail=a(b)":                         "character 8",
		"(|(mail=*)(=x))":                    "character 12",
		`(cn=\zz)`:                           "character 5",
		"objectClass=person":                 "a filter begins with a parenthesis",
		"(&(objectClass=person)(größe=5)())": "character",
	} {
		t.Run(filter, func(t *testing.T) {
			t.Parallel()
			ear := listen(t, "")
			o := newOffice(t, setting{URL: "ldap://" + ear.Addr().String(), Filter: filter, NoUsers: true}, "unused")
			got := o.run("sync").ended(failed)
			first, _, _ := strings.Cut(aside.ReplaceAllString(got.stderr, ""), "\n")
			if !strings.HasPrefix(first, "rollcall: rollcall.yaml:") || !strings.Contains(first, want) {
				t.Errorf("got %q, want a place in rollcall.yaml and %q", first, want)
			}
			t.Log(first)
			if n := ear.connections.Load(); n != 0 {
				t.Errorf("the server saw %d connections, want none", n)
			}
		})
	}
}

// TestAFilterThatMatchesTooFew is the classic disaster: nobody, or half, is there
// all at once, by a change of the filter or of what it asks for.
func TestAFilterThatMatchesTooFew(t *testing.T) {
	t.Parallel()
	const all, half = 30, 15
	for _, c := range []struct {
		name   string
		change func(o *office, s *lab.SlapdServer, unit string)
		gone   int
		want   []string
	}{
		{"the filter matches nobody", func(o *office, _ *lab.SlapdServer, _ string) {
			o.reconfigure(func(s *setting) { s.Filter = "(employeeType=stuff)" })
		}, all, []string{"source persons: the directory answered with no entry at all, where 30 were known"}},
		{"the filter matches half", func(o *office, _ *lab.SlapdServer, _ string) {
			o.reconfigure(func(s *setting) { s.Filter = "(departmentNumber=1)" })
		}, half, []string{"source persons: what is read changed since the last run", "filter (departmentNumber=1)", "15 of 30 entries are no longer in it"}},
		{"nobody matches the filter", func(_ *office, s *lab.SlapdServer, unit string) {
			s.Modify(withoutType(unit, 0, all))
		}, all, []string{"source persons: the directory answered with no entry at all, where 30 were known"}},
		{"half match the filter", func(_ *office, s *lab.SlapdServer, unit string) {
			s.Modify(withoutType(unit, 0, half))
		}, half, []string{"source persons: 15 of 30 entries are gone, and the limit is 6 (limits: gone: 20%)"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			unit := "people"
			s := lab.Slapd(t, lab.SlapdConfig{Data: strings.NewReader(staffed(unit, all))})
			o := officeAt(t, s, s.URL())
			o.reconfigure(func(s *setting) { s.Filter = "(employeeType=staff)" })
			o.sync()
			before := o.dump()
			c.change(o, s, unit)

			held := o.run("sync").ended(stopped)
			for _, text := range append(c.want, "rollcall: run 2 is held and changed nothing: ", "rollcall apply 2", "rollcall apply --drop 2") {
				if !strings.Contains(held.stderr, text) {
					t.Errorf("got %q, want it to say %q", held.stderr, text)
				}
			}
			o.unchanged(before)
			o.run("plan").ended(done)
			o.unchanged(before)
			o.run("sync").ended(stopped) // asking again is no approval
			o.unchanged(before)

			o.run("apply", "2").ended(done)
			if n := ask[int](o, "SELECT count(*) FROM obj_contact WHERE finalclass = 'Person' AND status = 'inactive'")[0]; n != c.gone {
				t.Errorf("approved: got %d inactive persons, want %d", n, c.gone)
			}
			if n := ask[int](o, "SELECT count(*) FROM obj_user WHERE status = 'disabled'")[0]; n != c.gone {
				t.Errorf("approved: got %d disabled accounts, want %d", n, c.gone)
			}
			if got, want := o.states(), "completed approved overtaken completed"; got != want {
				t.Errorf("got runs %s, want %s", got, want)
			}
			o.run("apply", "2").ended(failed).says("run 2 is not held")
			o.sync()
		})
	}
}

// staffed returns persons that a filter can tell apart.
func staffed(name string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s\nemployeeType: staff\ndepartmentNumber: %d\n\n", strings.TrimSpace(person(name, i)), i%2)
	}
	return unit(name) + b.String()
}

// withoutType returns the LDIF that takes the filter's attribute away.
func withoutType(unit string, from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&b, "dn: uid=u%d,ou=%s,%s\nchangetype: modify\ndelete: employeeType\n\n", i, unit, baseDN)
	}
	return b.String()
}

// TestAHeldRunThatMovedOnIsNotApproved changes the directory between the hold and
// its approval.
func TestAHeldRunThatMovedOnIsNotApproved(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: strings.NewReader(staffed("people", 30))})
	o := officeAt(t, s, s.URL())
	o.reconfigure(func(s *setting) { s.Filter = "(employeeType=staff)" })
	o.sync()
	before := o.dump()
	s.Modify(withoutType("people", 0, 15))
	o.run("sync").ended(stopped)
	s.Modify(withoutType("people", 15, 20))
	got := o.run("apply", "2").ended(failed)
	if !strings.Contains(got.stderr, "changed nothing: things moved on since run 2 was held") {
		t.Errorf("got %q", got.stderr)
	}
	o.unchanged(before)
	o.run("apply", "--drop", "2").ended(done)
	o.unchanged(before)
	o.run("apply", "2").ended(failed).says("run 2 is not held: its state is dropped")
	o.unchanged(before)
}
