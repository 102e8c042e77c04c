package e2e

import (
	"testing"

	"rollcall/test/lab"
)

// TestSambaCompany takes a domain of 2,200 people with the configuration that
// init writes, unedited, and compares every object with the model.
func TestSambaCompany(t *testing.T) {
	t.Parallel()
	c := newCompany(2200, "DC=corp,DC=example,DC=com", true)
	s := lab.Samba(t, lab.SambaConfig{Data: c.ldif()})
	s.Ldbmodify(c.ringLDIF())
	for i := range c.people {
		if e := &c.people[i]; e.primary != "" {
			s.Tool("user", "setprimarygroup", e.login, e.primary)
		}
	}
	// An ordinary user may read all that is needed.
	const password = "Lovelace.1815"
	reader := &c.people[2]
	s.SetPassword(reader.login, password)
	h := newHome(t, "ROLLCALL_PASSWORD="+password, "ROLLCALL_LDAP_PASSWORD="+password)
	contains(t, h.want(exitDone, "init", s.LDAPS(), "--bind-dn", reader.dn, "--ca", s.CA.File),
		"Samba AD", s.BaseDN, "objectGUID", "corp.example.com")

	contains(t, h.want(exitDone, "check", "--all"), "persons: looked at 2200 entries; nothing will be trouble", "users: looked at 2200 entries; nothing will be trouble",
		"1 groups contain themselves")
	h.want(exitChanges, "plan", "--check")
	h.want(exitDone, "plan")
	if people := h.export("Person"); len(people) != 0 {
		t.Fatalf("a plan made %d persons", len(people))
	}

	first := parse[run](t, h.want(exitDone, "sync", "--json"))
	same(t, "created", first.counts("obj_created"), map[string]int{"organizations": 1, "persons": 2200, "users": 2200, "teams": 40})
	before := h.snapshot()
	c.compare(t, before, "corp.example.com")

	second := parse[run](t, h.want(exitDone, "sync", "--json"))
	for _, counter := range []string{"obj_created", "obj_updated", "obj_deleted", "obj_obsoleted", "replica_missing"} {
		same(t, counter+" by the second sync", second.counts(counter), map[string]int{"organizations": 0, "persons": 0, "users": 0, "teams": 0})
	}
	same(t, "the registry after the second sync", h.snapshot(), before)
	h.want(exitDone, "plan", "--check")
}
