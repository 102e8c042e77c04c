package ldap_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
	"rollcall/internal/source/ldap"
	"rollcall/test/lab"
)

// TestDeltasByTimeFollowTheServersClock, whatever ours says: one that is ahead
// loses no change, one that went back makes the load a full one.
func TestDeltasByTimeFollowTheServersClock(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Plain: true})
	s.Modify(people(1, 2))
	wrong := time.Duration(0) // how far our clock is ahead
	collector := open(t, ldap.Config{
		Directory: directory.Config{URLs: []string{s.LDAP}, Bind: directory.Bind{User: s.AdminDN, Password: rollcall.Secret(s.Password)}},
		Filter:    "(objectClass=inetOrgPerson)", Key: "entryUUID", Fields: []string{"cn"}, Delta: true,
		Now: func() time.Time { return time.Now().Add(wrong) },
	})
	k, at := readAll(t, collector)
	for n, step := range []struct {
		what  string
		wrong time.Duration
		full  bool
	}{
		{"right", 0, false},
		{"three hours ahead", 3 * time.Hour, false},
		{"and stays there", 3 * time.Hour, false},
		{"right again", 0, false},
		{"three hours behind", -3 * time.Hour, true},
		{"and stays there", -3 * time.Hour, false},
		{"right at last", 0, false},
		{"a full load twenty hours ahead", 20 * time.Hour, true},
		{"and stays there", 20 * time.Hour, false},
	} {
		wrong = step.wrong
		s.Modify(people(10 + n))
		next, err := k.follow(t, collector, at)
		_, isFull := errors.AsType[*source.NoDelta](err)
		switch {
		case strings.HasPrefix(step.what, "a full load"):
			k, next = readAll(t, collector)
		case isFull && strings.Contains(err.Error(), "the clock went back"):
			k, next = readAll(t, collector)
			if !step.full {
				t.Errorf("%s: %v", step.what, err)
			}
		case err != nil || step.full:
			t.Errorf("%s: got %v, want a full load: %t", step.what, err, step.full)
		}
		at = next
		if all, _ := readAll(t, collector); k.list() != all.list() {
			t.Errorf("%s:\ngot  %s\nwant %s", step.what, k.list(), all.list())
		}
	}
}

// TestNoStampsNoDeltas: a user who may not see when entries were written is told
// of no change, and must not take that for none.
func TestNoStampsNoDeltas(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Plain: true})
	s.Modify("dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\nadd: olcAccess\nolcAccess: {1}to attrs=modifyTimestamp by * none\n\n" + people(1))
	collector := open(t, ldap.Config{
		Directory: directory.Config{URLs: []string{s.LDAP}, Bind: directory.Bind{User: s.ReaderDN, Password: rollcall.Secret(s.Password)}},
		Filter:    "(objectClass=inetOrgPerson)", Key: "entryUUID", Fields: []string{"cn"}, Delta: true,
	})
	k, at := readAll(t, collector)
	if _, err := k.follow(t, collector, at); err == nil || !strings.Contains(err.Error(), "sees no modifyTimestamp") {
		t.Errorf("got %v", err)
	}
}

// TestAContainerIsRenamedDuringADelta: after the changes were asked for, and
// before the entries are read. That delta may or may not see it; the next one
// does.
func TestAContainerIsRenamedDuringADelta(t *testing.T) {
	t.Parallel()
	const unit = "dn: ou=staff,dc=example,dc=org\nchangetype: add\nobjectClass: organizationalUnit\nou: staff\n\n"
	for name, cfg := range map[string]lab.SlapdConfig{"syncrepl": {}, "no session log": {NoLog: true}, "timestamps": {Plain: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := lab.Slapd(t, cfg)
			s.Modify(unit + strings.ReplaceAll(people(1, 2, 3), ",dc=example", ",ou=staff,dc=example") + people(4))
			duringADelta(t, deltaCollector(t, s.LDAP, s), func() {
				s.Modify("dn: cn=p1,ou=staff,dc=example,dc=org\nchangetype: modify\nreplace: sn\nsn: x\n\ndn: cn=p4,dc=example,dc=org\nchangetype: modify\nreplace: sn\nsn: x\n\n")
			}, func() {
				s.Modify("dn: ou=staff,dc=example,dc=org\nchangetype: modrdn\nnewrdn: ou=crew\ndeleteoldrdn: 1\n\n")
			})
		})
	}
}

// duringADelta lets something happen before a delta, and something else between
// its two halves.
func duringADelta(t *testing.T, c *ldap.Collector, before, between func()) {
	t.Helper()
	k, at := readAll(t, c)
	before()
	at, err := k.followAnd(t, c, at, between)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.follow(t, c, at); err != nil {
		t.Fatal(err)
	}
	if all, _ := readAll(t, c); k.list() != all.list() {
		t.Errorf("got  %s\nwant %s", k.list(), all.list())
	}
}
