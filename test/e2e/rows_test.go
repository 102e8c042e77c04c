package e2e

import (
	"fmt"
	"slices"
	"testing"

	"rollcall/test/lab"
)

// told returns what a run changed of users, groups and memberships, sorted.
func (h *home) told(id int64) []string {
	h.t.Helper()
	run := parse[struct {
		Changes []struct{ Verb, Class, Name string }
	}](h.t, h.want(exitDone, "runs", fmt.Sprint(id), "--changes", "--json"))
	lines := []string{}
	for _, c := range run.Changes {
		if slices.Contains([]string{"UserLDAP", "UserGroup", "lnkUserToUserGroup"}, c.Class) {
			lines = append(lines, c.Verb+" "+c.Class+" "+c.Name)
		}
	}
	slices.Sort(lines)
	return lines
}

// TestX41EachChangeIsToldOnce: what a run makes, changes, moves and deletes of
// users and groups is told by that run, each once, and by no run after it.
func TestX41EachChangeIsToldOnce(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob") + groupLDIF(s.BaseDN, "eng", "ada") + groupLDIF(s.BaseDN, "ops", "bob"))
	h := bindingHome(t, s, mirrored(s))
	h.replace("rollcall.yaml", "gone: {after: 0, set: {status: disabled}}", "gone: {after: 0, then: delete}")
	for _, step := range []struct {
		what string
		ldif string
		want []string
	}{
		{"all is new", "", []string{
			"create UserGroup /ldap-groups", "create UserGroup /ldap-groups/eng", "create UserGroup /ldap-groups/ops", "create UserLDAP ada", "create UserLDAP bob",
			"create lnkUserToUserGroup ada / /ldap-groups/eng", "create lnkUserToUserGroup bob / /ldap-groups/ops"}},
		{"nothing happens", "", []string{}},
		{"a user is changed", "dn: uid=ada,ou=people,%[1]s\nchangetype: modify\nadd: uid\nuid: countess\n\ndn: uid=ada,ou=people,%[1]s\nchangetype: modrdn\nnewrdn: uid=countess\ndeleteoldrdn: 1\n",
			[]string{"update UserLDAP countess"}},
		{"a group is changed", "dn: cn=eng,ou=groups,%[1]s\nchangetype: modrdn\nnewrdn: cn=engine\ndeleteoldrdn: 1\n", []string{"update UserGroup /ldap-groups/engine"}},
		{"a user goes", "dn: uid=bob,ou=people,%[1]s\nchangetype: delete\n", []string{"delete UserLDAP bob", "delete lnkUserToUserGroup bob / /ldap-groups/ops"}},
		{"a group goes", "dn: cn=engine,ou=groups,%[1]s\nchangetype: delete\n", []string{"delete UserGroup /ldap-groups/engine", "delete lnkUserToUserGroup countess / /ldap-groups/engine"}},
	} {
		if step.ldif != "" {
			s.Modify(fmt.Sprintf(step.ldif, s.BaseDN))
		}
		same(t, step.what, h.told(parse[run](t, h.want(exitDone, "sync", "--json")).ID), step.want)
	}
}

// TestX42TheDirectoryIsNeverWritten: an account that may write everything leaves
// not one attribute changed, those that the server keeps by itself included,
// through init, check, plan, sync, why and undo.
func TestX42TheDirectoryIsNeverWritten(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob") + groupLDIF(s.BaseDN, "eng", "ada"))
	everything := func() string { return s.Search("(objectClass=*)", "*", "+") }
	before := everything()
	h := exoHome(t, s, minimalExo(s, "exo.ldap.groups.base.dn=ou=groups,"+s.BaseDN, "exo.ldap.admin.writer.dn="+s.AdminDN, "exo.portal.allow.change.external.password=true"))
	contains(t, answer{out: h.read("rollcall.yaml")}, "exo.portal.allow.change.external.password: left out")
	h.want(exitDone, "check", "--all", "--groups")
	h.want(exitDone, "plan")
	last := parse[run](t, h.want(exitDone, "sync", "--json"))
	h.want(exitDone, "why", "ada")
	h.want(exitDone, "undo", fmt.Sprint(last.ID))
	h.want(exitDone, "sync", "--full")
	same(t, "the directory", everything(), before)
	if before == "" {
		t.Error("the directory is empty")
	}
}
