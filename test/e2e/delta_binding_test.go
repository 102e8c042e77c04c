package e2e

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

// bound is a registry of accounts that get roles, profiles and groups from the
// groups of a directory, which it follows by deltas.
type bound struct {
	t *testing.T
	h *home
}

// step lets something happen. The load must be as wanted and say why it is a full
// one, and a full load right after it must find nothing more to do.
func (b *bound) step(what string, want rollcall.Load, why string) {
	b.t.Helper()
	r := parse[rollcall.Run](b.t, b.h.want(exitDone, "sync", "--json")).Sources[0]
	if r.Load != want || !strings.Contains(r.Why, why) {
		b.t.Errorf("%s: a %s load (%s), want %s (%s)", what, r.Load, r.Why, want, why)
	}
	b.t.Logf("%s: %s, %s", what, r.Load, r.Why)
	all := parse[rollcall.Run](b.t, b.h.want(exitDone, "sync", "--full", "--json")).Sources[0]
	if c := all.Counters; c.Created+c.Updated+c.Deleted+c.Obsoleted+all.Granted+all.Taken > 0 {
		b.t.Errorf("%s: a full load finds more to do: %+v", what, all)
	}
}

// has compares who has which role.
func (b *bound) has(want string) {
	b.t.Helper()
	same(b.t, "roles", b.h.roles(), want)
}

const boundBindings = `  outer: {source: users, groups: {name: outer}, role: Outer, profile: Support Agent, limits: {taken: none}}
  strict: {source: users, groups: {name: outer}, nested: false, role: Direct, limits: {taken: none}}
  mirrored: {source: users, groups: {base: "%s"}, path: /ldap-groups/*, limits: {taken: none}}
`

func newBound(t *testing.T, h *home) *bound {
	b := &bound{t: t, h: h}
	h.replace("rollcall.yaml", "\n  users:\n", "\n  users:\n    delta: {full_every: 24h}\n")
	b.step("the first load", rollcall.LoadFull, "first")
	return b
}

// TestDeltasOfBindingsOnOpenLDAP: who joins or leaves is a delta; a change of
// what is bound, or of groups in groups, is a full load.
func TestDeltasOfBindingsOnOpenLDAP(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob", "eve", "max") + groupLDIF(s.BaseDN, "inner", "ada") + groupLDIF(s.BaseDN, "outer", "bob", "cn=inner,ou=groups"))
	b := newBound(t, bindingHome(t, s, fmt.Sprintf(boundBindings, "ou=groups,"+s.BaseDN)))
	b.step("nothing", rollcall.LoadDelta, "0 reported")
	change(s, "add", "inner", "eve")
	b.step("somebody joins a nested group", rollcall.LoadDelta, "")
	b.has("ada / Outer\nbob / Direct\nbob / Outer\neve / Outer")
	change(s, "add", "outer", "ada")
	b.step("somebody in a nested group joins the outer one", rollcall.LoadDelta, "")
	change(s, "delete", "outer", "ada")
	b.step("and leaves it", rollcall.LoadDelta, "")
	change(s, "delete", "inner", "ada")
	b.step("somebody leaves", rollcall.LoadDelta, "")
	s.Modify("dn: uid=bob,ou=people," + s.BaseDN + "\nchangetype: modrdn\nnewrdn: uid=rob\ndeleteoldrdn: 1\n\n")
	b.step("a member is renamed", rollcall.LoadDelta, "")
	s.Modify("dn: uid=eve,ou=people," + s.BaseDN + "\nchangetype: delete\n\n")
	b.step("a member is deleted", rollcall.LoadDelta, "")
	change(s, "add", "outer", "max")
	s.Modify("dn: uid=new,ou=people," + s.BaseDN + "\nchangetype: add\nobjectClass: inetOrgPerson\nuid: new\ncn: new\nsn: new\n\n")
	change(s, "add", "inner", "new")
	b.step("somebody new, who joins", rollcall.LoadDelta, "")
	change(s, "delete", "outer", "cn=inner,ou=groups")
	b.step("a group leaves a group", rollcall.LoadFull, "which groups are in which")
	s.Modify("dn: cn=outer,ou=groups," + s.BaseDN + "\nchangetype: modrdn\nnewrdn: cn=other\ndeleteoldrdn: 1\n\n")
	b.step("a bound group is renamed", rollcall.LoadFull, "bound groups")
	b.step("nothing again", rollcall.LoadDelta, "0 reported")
	b.h.replace("rollcall.yaml", "groups: {name: outer}, role: Outer, profile: Support Agent", "groups: {name: inner}, role: Inner")
	b.step("other bindings", rollcall.LoadFull, "the bindings")
}

// TestDeltasOfBindingsOnActiveDirectory does the same where memberships are told
// by back links and primary groups.
func TestDeltasOfBindingsOnActiveDirectory(t *testing.T) {
	t.Parallel()
	const base = "DC=corp,DC=example,DC=com"
	var ldif strings.Builder
	for _, login := range []string{"ada", "bob", "eve"} {
		fmt.Fprintf(&ldif, "dn: CN=%[1]s,CN=Users,%[2]s\nobjectClass: user\nsAMAccountName: %[1]s\nsn: %[1]s\nemployeeType: staff\nuserAccountControl: 512\n\n", login, base)
	}
	ldif.WriteString("dn: OU=Groups," + base + "\nobjectClass: organizationalUnit\n\n")
	for name, member := range map[string]string{"inner": "CN=ada,CN=Users", "outer": "CN=bob,CN=Users", "desk": "CN=eve,CN=Users"} {
		fmt.Fprintf(&ldif, "dn: CN=%[1]s,OU=Groups,%[2]s\nobjectClass: group\nsAMAccountName: %[1]s\nmember: %[3]s,%[2]s\n\n", name, base, member)
	}
	s := lab.Samba(t, lab.SambaConfig{Data: ldif.String()})
	member := func(verb, group, who string) {
		s.Ldbmodify(fmt.Sprintf("dn: CN=%s,OU=Groups,%s\nchangetype: modify\n%s: member\nmember: %s,%s\n\n", group, base, verb, who, base))
	}
	member("add", "outer", "CN=inner,OU=Groups")
	h := newHome(t, "LDAP_PASSWORD="+s.Password)
	h.write("rollcall.yaml", fmt.Sprintf(`store: rollcall.db
directories:
  main: {url: %s, base: %q, bind: {dn: %q, password: "${env:LDAP_PASSWORD}"}, tls: {ca: %s}}
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
    limits: {gone: none}
bindings:
%s  desk: {source: users, groups: {name: desk}, role: Desk, limits: {taken: none}}
`, s.LDAPS(), s.BaseDN, s.AdminDN, s.CA.File, fmt.Sprintf(boundBindings, "OU=Groups,"+base)))
	b := newBound(t, h)
	b.step("nothing", rollcall.LoadDelta, "0 reported")
	member("add", "inner", "CN=eve,CN=Users")
	b.step("somebody joins a nested group", rollcall.LoadDelta, "")
	member("delete", "inner", "CN=ada,CN=Users")
	b.step("somebody leaves", rollcall.LoadDelta, "")
	b.has("bob / Direct\nbob / Outer\neve / Desk\neve / Outer")
	s.Tool("user", "setprimarygroup", "eve", "desk")
	b.step("a member's primary group changes", rollcall.LoadDelta, "")
	member("add", "outer", "CN=desk,OU=Groups")
	b.step("a primary group joins a group", rollcall.LoadFull, "group")
	s.Ldbrename("CN=outer,OU=Groups,"+base, "CN=other,OU=Groups,"+base)
	b.step("a bound group is renamed", rollcall.LoadFull, "group")
	s.Ldbdel("CN=bob,CN=Users," + base)
	b.step("a member is deleted", rollcall.LoadDelta, "")
}
