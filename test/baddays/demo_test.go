package baddays

import (
	"context"
	"net"
	"testing"
	"time"

	"rollcall/internal/demo"
)

// serveDemo serves a directory that says whatever it is told to say, and returns
// its URL.
func serveDemo(t *testing.T, d *demo.Directory) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- d.Serve(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return "ldap://" + l.Addr().String()
}

// newDemo returns a directory with an account to read it and an empty ou=people.
func newDemo(t *testing.T) *demo.Directory {
	t.Helper()
	d, err := demo.NewDirectory(baseDN, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	add(t, d, baseDN, demo.Attr("objectClass", "domain"))
	add(t, d, "cn=reader,"+baseDN, demo.Attr("objectClass", "organizationalRole"), demo.Attr("userPassword", demoPassword))
	add(t, d, "ou=people,"+baseDN, demo.Attr("objectClass", "organizationalUnit"))
	return d
}

const demoPassword = "sesame-open"

func add(t *testing.T, d *demo.Directory, dn string, attributes ...demo.Attribute) {
	t.Helper()
	if err := d.Add(dn, attributes...); err != nil {
		t.Fatal(err)
	}
}

func addPerson(t *testing.T, d *demo.Directory, name string, more ...demo.Attribute) {
	t.Helper()
	add(t, d, "uid="+name+",ou=people,"+baseDN, append([]demo.Attribute{
		demo.Attr("objectClass", "inetOrgPerson"), demo.Attr("sn", "Andersen"), demo.Attr("givenName", name),
		demo.Attr("cn", name), demo.Attr("mail", name+"@example.org"), demo.Attr("title", "Clerk"),
	}, more...)...)
}

func set(t *testing.T, d *demo.Directory, dn, attribute string, values ...string) {
	t.Helper()
	if err := d.Set(dn, attribute, values...); err != nil {
		t.Fatal(err)
	}
}

// demoOffice is an installation that reads ann, bob and eve.
func demoOffice(t *testing.T, s setting) (*office, *demo.Directory) {
	t.Helper()
	d := newDemo(t)
	for _, name := range []string{"ann", "bob", "eve"} {
		addPerson(t, d, name)
	}
	s.URL = serveDemo(t, d)
	return newOffice(t, s, demoPassword), d
}

func personDN(name string) string { return "uid=" + name + ",ou=people," + baseDN }
