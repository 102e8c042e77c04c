package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// bindingHome is a configuration that reads accounts from a directory, and a
// section of bindings.
func bindingHome(t *testing.T, s *lab.SlapdServer, bindings string) *home {
	t.Helper()
	h := newHome(t, "LDAP_PASSWORD="+s.Password)
	h.write("rollcall.yaml", fmt.Sprintf(`store: rollcall.db
directories:
  main:
    url: %s
    base: %q
    bind: {dn: %q, password: "${env:LDAP_PASSWORD}"}
    tls: {ca: %s}
sources:
  users:
    class: UserLDAP
    directory: main
    filter: (objectClass=inetOrgPerson)
    key: entryUUID
    attributes:
      login: {from: uid, reconcile: true}
      profile_list: {value: "profileid->name:Portal user"}
    update: {profile_list: if_empty}
    gone: {after: 0, set: {status: disabled}}
    limits: {gone: none}
bindings:
%s`, s.LDAPS, s.BaseDN, s.AdminDN, s.CA.File, bindings))
	return h
}

// staff makes inetOrgPersons with these logins.
func staff(base string, logins ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "dn: ou=people,%[1]s\nobjectClass: organizationalUnit\nou: people\n\ndn: ou=groups,%[1]s\nobjectClass: organizationalUnit\nou: groups\n\n", base)
	for _, login := range logins {
		fmt.Fprintf(&b, "dn: uid=%[1]s,ou=people,%[2]s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: %[1]s\nsn: %[1]s\n\n", login, base)
	}
	return b.String()
}

// groupLDIF makes a groupOfNames; a member with a comma is a DN, any other a login.
func groupLDIF(base, name string, members ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "dn: cn=%s,ou=groups,%s\nobjectClass: groupOfNames\ncn: %s\n", name, base, name)
	for _, m := range members {
		fmt.Fprintf(&b, "member: %s\n", memberDN(base, m))
	}
	return b.String() + "\n"
}

func memberDN(base, member string) string {
	if strings.Contains(member, "=") {
		return member + "," + base
	}
	return "uid=" + member + ",ou=people," + base
}

// change adds to or takes from a group.
func change(s *lab.SlapdServer, verb, name string, members ...string) {
	var b strings.Builder
	fmt.Fprintf(&b, "dn: cn=%s,ou=groups,%s\nchangetype: modify\n%s: member\n", name, s.BaseDN, verb)
	for _, m := range members {
		fmt.Fprintf(&b, "member: %s\n", memberDN(s.BaseDN, m))
	}
	s.Modify(b.String())
}

// names returns the friendly names of a class, sorted, one a line.
func (h *home) names(class string) string {
	h.t.Helper()
	var list []string
	for _, o := range parse[[]row](h.t, h.want(exitDone, "export", class, "--json", "--fields", "friendlyname")) {
		list = append(list, o["friendlyname"])
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// roles returns who has which role.
func (h *home) roles() string { return h.names("lnkUserToRole") }

// TestK25RolesAreBoundToGroups binds an organizational and a functional role to
// one group each, by its immutable id and by its name; the roles are called as
// the configuration says.
func TestK25RolesAreBoundToGroups(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob", "eve") + groupLDIF(s.BaseDN, "sales", "ada", "bob") + groupLDIF(s.BaseDN, "approvers", "eve"))
	id := entryUUID(t, s, "cn=sales")
	h := bindingHome(t, s, fmt.Sprintf(`  sales: {source: users, groups: {id: %s}, role: Vertrieb}
  approving: {source: users, groups: {name: APPROVERS}, functional_role: Approver}
`, id))
	h.want(exitDone, "sync")
	same(t, "roles", h.roles(), "ada / Vertrieb\nbob / Vertrieb\neve / Approver")
	same(t, "kinds of role", h.names("FunctionalRole")+", "+h.names("OrganizationalRole"), "Approver, Vertrieb")
	h.want(exitDone, "plan", "--check")

	change(s, "delete", "sales", "bob")
	change(s, "add", "sales", "eve")
	h.want(exitChanges, "plan", "--check")
	h.want(exitDone, "sync")
	same(t, "roles", h.roles(), "ada / Vertrieb\neve / Approver\neve / Vertrieb")
	h.want(exitDone, "plan", "--check")
}

func entryUUID(t *testing.T, s *lab.SlapdServer, rdn string) string {
	t.Helper()
	for line := range strings.Lines(s.Search("("+rdn+")", "entryUUID")) {
		if id, ok := strings.CutPrefix(line, "entryUUID: "); ok {
			return strings.TrimSpace(id)
		}
	}
	t.Fatalf("no entryUUID for %s", rdn)
	return ""
}
