package e2e

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// staffDomain is a domain with people and nested groups in one place.
func staffDomain(t *testing.T) *lab.SambaServer {
	t.Helper()
	base := "DC=corp,DC=example,DC=com"
	unit := "OU=Staff," + base
	var b strings.Builder
	fmt.Fprintf(&b, "dn: %s\nobjectClass: organizationalUnit\n\n", unit)
	for _, login := range []string{"ada", "bob", "eve"} {
		fmt.Fprintf(&b, "dn: CN=%[1]s Byron,%[2]s\nobjectClass: user\nsAMAccountName: %[1]s\ngivenName: %[1]s\nsn: Byron\nmail: %[1]s@example.org\nuserAccountControl: 512\n"+
			"otherTelephone: +44 1\notherTelephone: +44 2\nthumbnailPhoto:: AP8A\n\n", login, unit)
	}
	fmt.Fprintf(&b, "dn: CN=inner,%[1]s\nobjectClass: group\nsAMAccountName: inner\nmember: CN=ada Byron,%[1]s\n\n", unit)
	fmt.Fprintf(&b, "dn: CN=outer,%[1]s\nobjectClass: group\nsAMAccountName: outer\nmember: CN=inner,%[1]s\nmember: CN=bob Byron,%[1]s\n\n", unit)
	return lab.Samba(t, lab.SambaConfig{Data: b.String()})
}

// TestK14NestedMembershipOnActiveDirectory binds groups of a domain: members of
// nested groups by the server's own rule and by ours, a primary group, and a
// group that is renamed and moved.
func TestK14NestedMembershipOnActiveDirectory(t *testing.T) {
	t.Parallel()
	s := staffDomain(t)
	unit := "OU=Staff," + s.BaseDN
	s.Ldbadd("dn: CN=desk," + unit + "\nobjectClass: group\nsAMAccountName: desk\nmember: CN=eve Byron," + unit + "\n")
	s.Tool("user", "setprimarygroup", "eve", "desk")
	h := accountsHome(t, s.Password, accounts{
		url: s.LDAPS(), base: s.BaseDN, user: s.AdminDN, ca: s.CA.File, filter: "(&(objectClass=user)(sn=Byron))", key: "objectGUID", login: "sAMAccountName",
	}, `  server: {source: users, groups: {name: outer}, members: '(memberOf:1.2.840.113556.1.4.1941:=[#LDAPGroupDN#])', role: By the server}
  ours: {source: users, groups: {name: outer}, role: By us}
  direct: {source: users, groups: {name: outer}, nested: false, role: Direct}
  primary: {source: users, groups: {name: desk}, role: Desk}
`)
	h.want(exitDone, "sync")
	want := "ada / By the server\nada / By us\nbob / By the server\nbob / By us\nbob / Direct\neve / Desk"
	same(t, "roles", h.roles(), want)
	h.want(exitDone, "plan", "--check")

	s.Ldbrename("CN=outer,"+unit, "CN=outer,CN=Users,"+s.BaseDN)
	h.want(exitDone, "sync")
	same(t, "roles after the group moved", h.roles(), want)
	guid := h.boundKey("server")
	h.replace("rollcall.yaml", "ours: {source: users, groups: {name: outer}", "ours: {source: users, groups: {id: "+guid+"}")
	h.want(exitDone, "sync")
	same(t, "roles by the group's identifier", h.roles(), want)
	h.want(exitDone, "plan", "--check")
}

// boundKey returns the identifier of the group that a binding is bound to, as the
// history of its role tells it.
func (h *home) boundKey(binding string) string {
	h.t.Helper()
	for _, step := range parse[struct {
		Steps []struct{ Key, Reason string }
	}](h.t, h.want(exitDone, "why", "OrganizationalRole::"+h.pick("Role", "name", "By the server")["id"], "--json")).Steps {
		if strings.Contains(step.Reason, "binding "+binding) {
			return step.Key
		}
	}
	h.t.Fatalf("no step names the group of binding %s", binding)
	return ""
}
