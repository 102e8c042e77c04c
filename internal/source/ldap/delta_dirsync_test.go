package ldap_test

import (
	"errors"
	"strings"
	"testing"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
	"rollcall/internal/source/ldap"
	"rollcall/test/lab"
)

// TestDirSyncFollowsAController, and makes way for a full load when a cookie is
// refused by the server or changed on its way.
func TestDirSyncFollowsAController(t *testing.T) {
	t.Parallel()
	s := lab.Samba(t, lab.SambaConfig{Data: user("ada", "") + user("bob", "") + user("cyd", "") + adGroup("desk", "ada")})
	collector := open(t, ldap.Config{
		Directory: directory.Config{URLs: []string{s.URL()}, Bind: directory.Bind{User: s.AdminUPN, Password: rollcall.Secret(s.Password)}},
		Filter:    "(&(objectCategory=person)(objectClass=user)(sn=*))", Fields: []string{"sAMAccountName", "groups"}, Delta: true, DeltaBy: ldap.DeltaDirSync,
	})
	k, at := readAll(t, collector)
	const staff = "OU=Staff," + domain
	for _, event := range []struct {
		what   string
		happen func()
	}{
		{"nothing", func() {}},
		{"somebody comes", func() { s.Ldbadd(user("dan", "")) }},
		{"a container comes, and somebody moves into it", func() {
			s.Ldbadd("dn: " + staff + "\nobjectClass: organizationalUnit\n\n")
			s.Ldbrename("CN=ada,CN=Users,"+domain, "CN=ada,"+staff)
		}},
		{"the container is renamed", func() { s.Ldbrename(staff, "OU=Crew,"+domain) }},
		{"somebody is deleted", func() { s.Ldbdel("CN=bob,CN=Users," + domain) }},
		{"somebody leaves the filter", func() {
			s.Ldbmodify("dn: CN=cyd,CN=Users," + domain + "\nchangetype: modify\ndelete: sn\n\n")
		}},
	} {
		event.happen()
		next, err := k.follow(t, collector, at)
		if err != nil {
			t.Fatalf("%s: %v", event.what, err)
		}
		at = next
		if all, _ := readAll(t, collector); k.list() != all.list() {
			t.Errorf("%s:\ngot  %s\nwant %s", event.what, k.list(), all.list())
		}
	}
	s.Ldbmodify("dn: CN=desk,CN=Users," + domain + "\nchangetype: modify\nadd: member\nmember: CN=dan,CN=Users," + domain + "\n\n")
	if keys := changed(t, collector, k, at); len(keys) != 2 { // the group, and whose groups changed
		t.Errorf("somebody joins a group: got %d keys, want 2", len(keys))
	}
	duringADelta(t, collector, func() {
		s.Ldbmodify("dn: CN=ada,OU=Crew," + domain + "\nchangetype: modify\nreplace: title\ntitle: x\n\n")
	}, func() { s.Ldbrename("OU=Crew,"+domain, staff) })
	refused, err := ldap.WithCookies(at, func(cookie []byte) []byte { return cookie[:len(cookie)/2] })
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.follow(t, collector, refused)
	if refusal, is := errors.AsType[*source.NoDelta](err); !is || !strings.Contains(refusal.Reason, "the server refused the cookie") {
		t.Errorf("got %v, want a full load that says why", err)
	}
}

// changed returns the keys that a delta reports.
func changed(t *testing.T, c *ldap.Collector, k known, since rollcall.Checkpoint) []string {
	t.Helper()
	d, err := c.OpenDelta(t.Context(), since, k)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	keys, err := d.Changed(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return keys
}
