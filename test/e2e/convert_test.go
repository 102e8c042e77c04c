package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/internal/migrate"
	"rollcall/test/lab"
)

// converted runs init --from on a sample of testdata, whose placeholders are
// replaced, and returns what init said.
func converted(t *testing.T, password, ca, sample string, replace ...string) (*home, answer) {
	t.Helper()
	h := newHome(t, migrate.PasswordVariable+"="+password)
	text, err := os.ReadFile(filepath.Join("testdata", sample))
	if err != nil {
		t.Fatal(err)
	}
	h.write(sample, strings.NewReplacer(replace...).Replace(string(text)))
	a := h.want(exitDone, "init", "--from", sample, "--ca", ca)
	for _, file := range []string{a.out, h.read("rollcall.yaml")} {
		if strings.Contains(file, "never-to-be-seen") {
			t.Errorf("the password of %s is taken over:\n%s", sample, file)
		}
	}
	return h, a
}

// exoStaff are people in two places, one of them without what is required, with
// values of every kind, and a tree of groups.
func exoStaff(base string) string {
	person := func(uid, unit, first, last, more string) string {
		return "dn: uid=" + uid + ",ou=" + unit + "," + base + "\nobjectClass: inetOrgPerson\nuid: " + uid + "\ncn: " + first + " " + last +
			"\nsn: " + last + "\ngivenName: " + first + "\nmail: " + uid + "@example.org\n" + more + "\n"
	}
	return "dn: ou=people," + base + "\nobjectClass: organizationalUnit\n\ndn: ou=guests," + base + "\nobjectClass: organizationalUnit\n\n" +
		"dn: ou=groups," + base + "\nobjectClass: organizationalUnit\n\n" +
		person("ada", "people", "Ada", "Lovelace", "departmentNumber: 7\ntelephoneNumber: +44 1\ntelephoneNumber: +44 2\njpegPhoto:: /9j/4AAQSkZJRg==\nl: London\n") +
		person("bob", "people", "Bob", "Byron", "") +
		person("eve", "guests", "Eve", "Ete", "departmentNumber: 8\n") +
		"dn: uid=not,ou=groups," + base + "\nobjectClass: inetOrgPerson\nuid: not\ncn: not\nsn: not\n\n" +
		groupLDIF(base, "backend", "ada") + groupLDIF(base, "eng", "bob", "cn=backend,ou=groups")
}

// TestX9EveryPropertyOfExoIsConverted takes a file with every property through
// init, check and sync: the registry is what eXo's would be, each property is
// accounted for, and a misspelt one is named with its line.
func TestX9EveryPropertyOfExoIsConverted(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(exoStaff(s.BaseDN))
	h, said := converted(t, s.Password, s.CA.File, "exo.properties", "LDAP_URL", s.LDAP, "ADMIN_DN", s.AdminDN, "BASE_DN", s.BaseDN)
	contains(t, said, "1 unknown", "line 61, exo.ldap.user.search.scope: there is no such property; did you mean exo.ldap.users.search.scope?")
	if n := strings.Count(h.read("rollcall.yaml"), ": unknown;"); n != 1 {
		t.Errorf("%d properties are unknown, want one:\n%s", n, h.read("rollcall.yaml"))
	}
	// Bob has no department, and it is required: he is told and taken over all the same.
	contains(t, h.want(exitProblems, "check"), "it is required")
	contains(t, h.want(exitProblems, "sync"), "department: it is required, and the entry has no value for it")
	same(t, "accounts", h.statuses(), "ada enabled\nbob enabled\neve enabled")
	ada := h.pick("Person", "email", "ada@example.org")
	same(t, "what eXo keeps of a person", row{
		"name": ada["name"], "first_name": ada["first_name"], "department": ada["department"], "phones": ada["phones"], "city": ada["city"], "badge": ada["badge"],
	}, row{"name": "Lovelace", "first_name": "Ada", "department": "7", "phones": "+44 1\n+44 2", "city": "London", "badge": "/9j/4AAQSkZJRg=="})
	same(t, "whose account it is", h.pick("UserLDAP", "login", "ada")["contactid"], ada["id"])
	same(t, "groups", h.names("UserGroup"), "/ldap-groups\n/ldap-groups/eng\n/ldap-groups/eng/backend")
	same(t, "memberships", h.memberships(), "ada / /ldap-groups/eng/backend\nbob / /ldap-groups/eng")

	s.Modify("dn: uid=eve,ou=guests," + s.BaseDN + "\nchangetype: delete\n")
	h.want(exitProblems, "sync")
	same(t, "accounts after somebody left", h.statuses(), "ada enabled\nbob enabled")

	// The timetable and the way in are taken by the server as they are.
	_, stop := h.serve()
	stop()
	contains(t, h.want(exitDone, "jobs", "timetable"), "import", "0 */10 * ? * *", "removal", "0 59 23 ? * *", "queue", "0 */1 * ? * *")
}

// TestX1TheTypeSaysTheDefaults: an empty type is no directory, ldap and ad have
// defaults of their own, and anything else is refused.
func TestX1TheTypeSaysTheDefaults(t *testing.T) {
	t.Parallel()
	h := newHome(t)
	for text, says := range map[string]string{
		"exo.ldap.url=ldap://127.0.0.1:1\n":        "exo.ldap.type is empty",
		"exo.ldap.type=\n":                         "no directory is asked",
		"exo.ldap.type=opends\n":                   `not "opends"`,
		"exo.ldap.type=ad\nexo.ldap.url=ftp://x\n": "line 2: exo.ldap.url is a URL such as",
	} {
		h.write("exo.properties", text)
		contains(t, h.want(exitFailed, "init", "--from", "exo.properties"), "exo.properties", says)
		if _, err := os.Stat(h.path("rollcall.yaml")); err == nil {
			t.Fatalf("a configuration was written for %q", text)
		}
	}
	for kind, wants := range map[string][]string{
		"ldap": {"{from: uid, reconcile: true}", "{from: cn, reconcile: true}", `filter: "(uid=*)"`, "key: entryUUID"},
		"ad":   {"{from: sAMAccountName, reconcile: true}", "{from: givenName, reconcile: true}", "(sAMAccountName=*)", "key: objectGUID"},
	} {
		h.write("exo.properties", "exo.ldap.type="+kind+"\n")
		got := h.want(exitDone, "init", "--from", "exo.properties", "-o", "-")
		contains(t, got, append(wants, "{from: sn, reconcile: true}", "{from: mail, reconcile: true}", "ou=users,dc=company,dc=org", "search: 10s", "page_size: 1000", "0 */10 * ? * *")...)
	}
}

// minimalExo is the least that eXo needs.
func minimalExo(s *lab.SlapdServer, more ...string) string {
	return "exo.ldap.type=ldap\nexo.ldap.url=" + s.LDAP + "\nexo.ldap.admin.dn=" + s.AdminDN + "\nexo.ldap.admin.password=never-to-be-seen\n" +
		"exo.ldap.users.base.dn=ou=people," + s.BaseDN + "\n" + strings.Join(more, "\n") + "\n"
}

// exoHome converts properties and returns what is to be synchronized.
func exoHome(t *testing.T, s *lab.SlapdServer, properties string) *home {
	t.Helper()
	h := newHome(t, migrate.PasswordVariable+"="+s.Password)
	h.write("exo.properties", properties)
	h.want(exitDone, "init", "--from", "exo.properties")
	return h
}

// TestX2TheMinimalSetIsEnough: type, URL, account, password and base.
func TestX2TheMinimalSetIsEnough(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada"))
	h := exoHome(t, s, minimalExo(s))
	h.want(exitDone, "check")
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled")
}

// bobLDIF is a person whose names and mail tell their attributes apart.
func bobLDIF(base string) string {
	return "dn: uid=bob,ou=people," + base + "\nobjectClass: inetOrgPerson\nuid: bob\ncn: Robert\nsn: Byron\nmail: bob@example.org\n"
}

// TestX11TheDefaultMappings are uid, cn, sn and mail.
func TestX11TheDefaultMappings(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN) + bobLDIF(s.BaseDN))
	h := exoHome(t, s, minimalExo(s))
	h.want(exitDone, "sync")
	bob := h.pick("Person", "id", h.pick("UserLDAP", "login", "bob")["contactid"])
	same(t, "first name, last name, mail", bob["first_name"]+" "+bob["name"]+" "+bob["email"], "Robert Byron bob@example.org")
}

// TestX13ANewUserAppears after one run, with nothing else to be done.
func TestX13ANewUserAppears(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada"))
	h := exoHome(t, s, minimalExo(s))
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled")
	s.Add(bobLDIF(s.BaseDN))
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled\nbob enabled")
}

// TestX4WithoutABaseOfGroupsUsersAreRead, and no group is.
func TestX4WithoutABaseOfGroupsUsersAreRead(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada") + groupLDIF(s.BaseDN, "eng", "ada"))
	h := exoHome(t, s, minimalExo(s, "exo.ldap.groups.base.dn="))
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled")
	same(t, "groups", h.names("UserGroup"), "")
}

// TestX5AMacroStandsForAnyName in the filters of users and groups.
func TestX5AMacroStandsForAnyName(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob") + groupLDIF(s.BaseDN, "eng", "ada") + groupLDIF(s.BaseDN, "ops", "ada"))
	s.Modify("dn: uid=ada,ou=people," + s.BaseDN + "\nchangetype: modify\nadd: employeeType\nemployeeType: staff\n\ndn: cn=ops,ou=groups," + s.BaseDN + "\nchangetype: modify\nadd: description\ndescription: x\n")
	h := exoHome(t, s, minimalExo(s, "exo.ldap.users.filter=(&(uid={0})(employeeType=staff))", "exo.ldap.groups.base.dn=ou=groups,"+s.BaseDN,
		"exo.ldap.groups.filter=(&(cn={0})(description=*))"))
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled")
	same(t, "memberships", h.memberships(), "ada / /platform/ops")
}

// TestX12CustomAttributes: text, binary, several values; an entry without a
// required one is told, and nothing of it is lost.
func TestX12CustomAttributes(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada"))
	who := "dn: uid=ada,ou=people," + s.BaseDN + "\nchangetype: modify\n"
	s.Modify(who + "add: ou\nou: one\nou: two\n-\nadd: jpegPhoto\njpegPhoto:: AP8A\n-\nadd: l\nl: London\n")
	h := exoHome(t, s, minimalExo(s, "exo.ldap.users.attributes.custom.names=units,stamp,l", "exo.ldap.users.attributes.units.mapping=ou",
		"exo.ldap.users.attributes.units.isMultivalued=true", "exo.ldap.users.attributes.stamp.mapping=jpegPhoto",
		"exo.ldap.users.attributes.stamp.type=binary", "exo.ldap.users.attributes.l.isRequired=true"))
	h.want(exitDone, "sync")
	want := row{"units": "one\ntwo", "stamp": "AP8A", "l": "London"}
	got := func() row {
		p := h.pick("Person", "name", "ada")
		return row{"units": p["units"], "stamp": p["stamp"], "l": p["l"]}
	}
	same(t, "custom attributes", got(), want)
	s.Modify(who + "delete: l\n-\ndelete: ou\nou: one\n")
	contains(t, h.want(exitProblems, "sync"), "l: it is required, and the entry has no value for it")
	want["units"] = "two"
	same(t, "custom attributes without the required one", got(), want)
}

// TestX16ABlankValueErasesNothing: names and mail stay when the directory has
// none any more, and follow again when it has.
func TestX16ABlankValueErasesNothing(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada"))
	who := "dn: uid=ada,ou=people," + s.BaseDN + "\nchangetype: modify\n"
	s.Modify(who + "add: givenName\ngivenName: Ada\n-\nadd: mail\nmail: ada@example.org\n")
	h := exoHome(t, s, minimalExo(s, "exo.ldap.users.attributes.firstName.mapping=givenName"))
	h.want(exitDone, "sync")
	shown := func() string {
		p := h.pick("Person", "name", "ada")
		return p["first_name"] + " " + p["email"]
	}
	same(t, "name and mail", shown(), "Ada ada@example.org")
	s.Modify(who + "delete: givenName\n-\nreplace: mail\nmail: \n")
	h.want(exitDone, "sync")
	same(t, "name and mail with blanks", shown(), "Ada ada@example.org")
	s.Modify(who + "replace: mail\nmail: countess@example.org\n")
	h.want(exitDone, "sync")
	same(t, "name and mail with another mail", shown(), "Ada countess@example.org")
}
