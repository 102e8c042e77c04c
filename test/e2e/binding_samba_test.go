package e2e

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// TestK14NestedMembershipOnActiveDirectory binds groups of a domain: members of
// nested groups by the server's own rule and by ours, a primary group, and a
// group that is renamed and moved.
func TestK14NestedMembershipOnActiveDirectory(t *testing.T) {
	t.Parallel()
	base := "DC=corp,DC=example,DC=com"
	var b strings.Builder
	for _, login := range []string{"ada", "bob", "eve"} {
		fmt.Fprintf(&b, "dn: CN=%[1]s,CN=Users,%[2]s\nobjectClass: user\nsAMAccountName: %[1]s\nsn: %[1]s\nemployeeType: staff\nuserAccountControl: 512\n\n", login, base)
	}
	group := func(name string, members ...string) {
		fmt.Fprintf(&b, "dn: CN=%[1]s,CN=Users,%[2]s\nobjectClass: group\nsAMAccountName: %[1]s\n", name, base)
		for _, m := range members {
			fmt.Fprintf(&b, "member: CN=%s,CN=Users,%s\n", m, base)
		}
		b.WriteString("\n")
	}
	group("inner", "ada")
	group("outer", "inner", "bob")
	group("desk", "eve")
	s := lab.Samba(t, lab.SambaConfig{Data: b.String()})
	s.Tool("user", "setprimarygroup", "eve", "desk")
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
    filter: (employeeType=staff)
    key: objectGUID
    attributes:
      login: {from: sAMAccountName, reconcile: true}
      profile_list: {value: "profileid->name:Portal user"}
    update: {profile_list: if_empty}
    gone: {after: 0, set: {status: disabled}}
bindings:
  server: {source: users, groups: {name: outer}, members: '(memberOf:1.2.840.113556.1.4.1941:=[#LDAPGroupDN#])', role: By the server}
  ours: {source: users, groups: {name: outer}, role: By us}
  direct: {source: users, groups: {name: outer}, nested: false, role: Direct}
  primary: {source: users, groups: {name: desk}, role: Desk}
`, s.LDAPS(), s.BaseDN, s.AdminDN, s.CA.File))
	h.want(exitDone, "sync")
	want := "ada / By the server\nada / By us\nbob / By the server\nbob / By us\nbob / Direct\neve / Desk"
	same(t, "roles", h.roles(), want)
	h.want(exitDone, "plan", "--check")

	s.Ldbrename("CN=outer,CN=Users,"+base, "CN=outer,OU=Domain Controllers,"+base)
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
