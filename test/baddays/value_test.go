package baddays

import (
	"bytes"
	"strings"
	"testing"

	"rollcall/internal/demo"
	"rollcall/test/lab"
)

// TestOddValues puts one entry with one odd value among sound ones. The server
// is the demo's, which passes on what no schema would let in.
func TestOddValues(t *testing.T) {
	t.Parallel()
	const victim = "uid=ann,ou=people," + baseDN
	long := strings.Repeat("ä", 300)
	for _, c := range []struct {
		name      string
		attribute string
		value     string
		mapping   string // further attributes of persons
		column    string
		code      int
		want      string   // the column afterwards
		shows     []string // of the report
	}{
		{"a NUL byte in a name", "sn", "An\x00dersen", "", "name", problems, "Andersen",
			[]string{victim, "name", "NUL"}},
		{"a NUL byte in a title", "title", "Chief\x00", "", "function", problems, "Clerk",
			[]string{victim, "function", "NUL"}},
		{"invalid UTF-8 in a title", "title", "Chef f\xfcr alles", "", "function", problems, "Clerk",
			[]string{victim, "function", "UTF-8"}},
		{"invalid UTF-8 in the mail", "mail", "ann\xff@example.org", "", "email", problems, "ann@example.org",
			[]string{victim, "email", "UTF-8"}},
		{"a title longer than its column", "title", long, "", "function", problems, "Clerk",
			[]string{victim, "String too long (found 300, limited to 255)"}},
		{"an unknown enum value", "employeeType", "retired", "status: {from: employeeType, default: active}", "status", problems, "active",
			[]string{victim, "Value not allowed [retired]"}},
		{"a mail that is none", "mail", "ann at example", "", "email", problems, "ann@example.org",
			[]string{victim, "Wrong format [ann at example]"}},
		{"an empty last name", "sn", " ", "", "name", problems, "Andersen",
			[]string{victim, "Null not allowed"}},
		{"a newline in a name", "sn", "Ander\r\nsen", "", "name", done, "Ander sen", nil},
		{"spaces around a name", "sn", "  Anders\ten ", "", "name", done, "Anders en", nil},
		{"an escape sequence in a title", "title", "Boss\x1b[31m", "", "function", done, "Boss [31m", nil},
		{"quotes and markup in a name", "sn", `O'Neill"; DROP TABLE--<b>`, "", "name", done, `O'Neill"; DROP TABLE--<b>`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d := newDemo(t)
			for _, name := range []string{"ann", "bob", "eve"} {
				addPerson(t, d, name)
			}
			o := newOffice(t, setting{URL: serveDemo(t, d), NoUsers: true, Persons: c.mapping}, demoPassword)
			o.sync()
			set(t, d, victim, c.attribute, c.value)
			set(t, d, victim, "telephoneNumber", "+49 30 1")
			set(t, d, "uid=bob,ou=people,"+baseDN, "title", "Boss")
			o.run("sync").ended(c.code).shows(c.shows...)
			if got := o.person("ann", c.column); got != c.want {
				t.Errorf("got %s %q, want %q", c.column, got, c.want)
			}
			if got := o.person("bob", "function"); got != "Boss" {
				t.Errorf("the entry beside it was not taken over: got %q", got)
			}
			if n := ask[int](o, "SELECT count(*) FROM obj_contact WHERE finalclass = 'Person' AND status = 'active'")[0]; n != 3 {
				t.Errorf("got %d active persons, want 3", n)
			}
			if c.code == problems {
				o.run("sync").ended(problems).shows(c.shows...) // until it is put right
			} else {
				o.sync()
			}
			sound := map[string]string{"sn": "Andersen", "title": "Clerk", "mail": "ann@example.org", "employeeType": "active"}[c.attribute]
			set(t, d, victim, c.attribute, sound)
			o.sync()
			if got := o.person("ann", c.column); got != sound {
				t.Errorf("put right: got %s %q, want %q", c.column, got, sound)
			}
		})
	}
}

// person returns a column of the person with a first name.
func (o *office) person(first, column string) string {
	o.t.Helper()
	list := ask[string](o, "SELECT coalesce("+column+", '') FROM obj_contact WHERE first_name = '"+first+"'")
	if len(list) != 1 {
		o.t.Fatalf("got %d persons named %s, want one", len(list), first)
	}
	return list[0]
}

// TestALargePhoto carries ten megabytes from the directory into the registry and
// changes one bit of them.
func TestALargePhoto(t *testing.T) {
	t.Parallel()
	photo := bytes.Repeat([]byte{0xff, 0xd8, 0x00, '\n', 0x80}, 2<<20)
	d := newDemo(t)
	addPerson(t, d, "ann", demo.Attr("jpegPhoto", string(photo)))
	addPerson(t, d, "bob")
	o := newOffice(t, setting{URL: serveDemo(t, d), NoUsers: true, Persons: "picture: {from: jpegPhoto}"}, demoPassword)
	for range 2 {
		o.sync().shows("persons: 2 read, 0 errors")
		if got := ask[[]byte](o, "SELECT picture FROM obj_contact WHERE first_name = 'ann'")[0]; !bytes.Equal(got, photo) {
			t.Fatalf("got a picture of %d bytes that is not the one of %d", len(got), len(photo))
		}
		photo[len(photo)/2] ^= 1
		set(t, d, "uid=ann,ou=people,"+baseDN, "jpegPhoto", string(photo))
	}
	if shown := o.run("plan").ended(done); len(shown.stdout) > 20_000 {
		t.Errorf("the plan shows %d bytes for one changed picture", len(shown.stdout))
	}
}

// TestNamesThatNeedEscapes has entries whose DNs hold every character that needs
// an escape, on a real server, and a manager and an account tied through them.
func TestNamesThatNeedEscapes(t *testing.T) {
	t.Parallel()
	const boss = `cn=\20Boss\, Big\+\"Q\"\\x\<y\>\;\#1\=1 \20,ou=people,` + baseDN
	const hash = `cn=\#hash,ou=people,` + baseDN
	s := lab.Slapd(t, lab.SlapdConfig{Data: strings.NewReader(unit("people") +
		"dn: " + boss + "\nobjectClass: inetOrgPerson\nsn: Boss\ngivenName: Big\nuid: boss\nmail: boss@example.org\n\n" +
		"dn: " + hash + "\nobjectClass: inetOrgPerson\nsn: Hash\ngivenName: Al\nuid: hash\nmail: hash@example.org\nmanager: " + boss + "\n\n" +
		"dn: cn=multi+uid=multi,ou=people," + baseDN + "\nobjectClass: inetOrgPerson\nsn: Multi\ngivenName: M\nmail: multi@example.org\nmanager: " + hash + "\n\n")})
	o := officeAt(t, s, s.URL())
	o.sync().shows("persons: 3 read, 0 errors", "users: 3 read, 0 errors")
	got := o.run("export", "Person", "--fields", "name,manager_id_friendlyname").ended(done).stdout
	if want := "name,manager_id_friendlyname\nBoss,\nHash,Big Boss\nMulti,Al Hash\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	got = o.run("export", "UserLDAP", "--fields", "login,contactid_friendlyname").ended(done).stdout
	for _, want := range []string{"boss,Big Boss\n", "hash,Al Hash\n", "multi,M Multi\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("got %q, want it to hold %q", got, want)
		}
	}
	before := o.dump()
	o.sync()
	o.unchangedBut(before, "standing")
}
