package baddays

import (
	"testing"

	"rollcall/internal/demo"
)

// TestReferences has references that lead nowhere, to several, or round in a
// circle. What names nobody, or several, names nobody, and is a warning at every
// run until it is put right; the entry is taken over all the same. The server is the demo's: it keeps no reference whole.
func TestReferences(t *testing.T) {
	t.Parallel()
	dn := func(name string) string { return "uid=" + name + ",ou=people," + baseDN }
	for _, c := range []struct {
		name    string
		manager string // the rule
		change  func(t *testing.T, d *demo.Directory)
		code    int
		shows   []string
		bosses  string // afterwards, of ann, bob and eve
	}{
		{"to nobody", "", func(t *testing.T, d *demo.Directory) {
			set(t, d, dn("bob"), "manager", dn("nobody"))
		}, done, []string{dn("bob"), "manager_id", dn("nobody")}, "ann <  bob <  eve < ann"},
		{"to no DN", "", func(t *testing.T, d *demo.Directory) {
			set(t, d, dn("bob"), "manager", "the boss")
		}, done, []string{dn("bob"), "manager_id", "the boss"}, "ann <  bob <  eve < ann"},
		{"to nobody by mail", "{from: secretary, by: email}", func(t *testing.T, d *demo.Directory) {
			set(t, d, dn("bob"), "secretary", "nobody@example.org")
		}, done, []string{dn("bob"), "manager_id", "nobody@example.org"}, "ann <  bob <  eve < "},
		{"to several by name", "{from: secretary, by: name}", func(t *testing.T, d *demo.Directory) {
			set(t, d, dn("bob"), "secretary", "Andersen")
		}, done, []string{dn("bob"), "manager_id", "Andersen"}, "ann <  bob <  eve < "},
		{"emptied", "", func(t *testing.T, d *demo.Directory) {
			set(t, d, dn("bob"), "manager")
		}, done, nil, "ann <  bob <  eve < ann"},
		{"to oneself", "", func(t *testing.T, d *demo.Directory) {
			set(t, d, dn("ann"), "manager", dn("ann"))
		}, done, nil, "ann < ann bob < ann eve < ann"},
		{"in a circle", "", func(t *testing.T, d *demo.Directory) {
			set(t, d, dn("ann"), "manager", dn("eve"))
			set(t, d, dn("bob"), "manager", dn("ann"))
			set(t, d, dn("eve"), "manager", dn("bob"))
		}, done, nil, "ann < eve bob < ann eve < bob"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDemo(t)
			addPerson(t, d, "ann")
			addPerson(t, d, "bob", demo.Attr("manager", dn("ann")))
			addPerson(t, d, "eve", demo.Attr("manager", dn("ann")))
			o := newOffice(t, setting{URL: serveDemo(t, d), NoUsers: true}, demoPassword)
			o.sync()
			c.change(t, d)
			o.reconfigure(func(s *setting) { s.Manager = c.manager })
			o.run("sync").ended(c.code).shows(c.shows...)
			bosses := ""
			for _, line := range ask[string](o, `SELECT p.first_name || ' < ' || coalesce(m.first_name, '') FROM obj_contact p
				LEFT JOIN obj_contact m ON m.id = p.manager_id WHERE p.finalclass = 'Person' ORDER BY p.first_name`) {
				bosses += line + " "
			}
			if bosses != c.bosses+" " {
				t.Errorf("got managers %q, want %q", bosses, c.bosses)
			}
		})
	}
}
