package e2e

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// accounts says where a configuration reads accounts from.
type accounts struct {
	url, base, user, ca string
	filter, key, login  string
}

// accountsHome is a configuration that reads accounts from a directory, and a
// section of bindings.
func accountsHome(t *testing.T, password string, a accounts, bindings string) *home {
	t.Helper()
	h := newHome(t, "LDAP_PASSWORD="+password)
	h.write("rollcall.yaml", mainDirectory(a.url, a.base, a.user, a.ca)+fmt.Sprintf(`sources:
  users:
    class: UserLDAP
    directory: main
    filter: %s
    key: %s
    attributes:
      login: {from: %s, reconcile: true}
      profile_list: {value: "profileid->name:Portal user"}
    update: {profile_list: if_empty}
    gone: {after: 0, set: {status: disabled}}
    limits: {gone: none}
bindings:
%s`, a.filter, a.key, a.login, bindings))
	return h
}

// bindingHome is accountsHome of an OpenLDAP server.
func bindingHome(t *testing.T, s *lab.SlapdServer, bindings string) *home {
	t.Helper()
	return accountsHome(t, s.Password, accounts{
		url: s.LDAPS, base: s.BaseDN, user: s.AdminDN, ca: s.CA.File, filter: "(objectClass=inetOrgPerson)", key: "entryUUID", login: "uid",
	}, bindings)
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
	fmt.Fprintf(&b, "dn: cn=%s,ou=groups,%s\nobjectClass: groupOfNames\n", name, base)
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

// byHand makes objects as an administrator would, from columns and lines.
func (h *home) byHand(class string, lines ...string) {
	h.t.Helper()
	h.write("hand.csv", strings.Join(lines, "\n")+"\n")
	h.want(exitDone, "import", class, "hand.csv")
}

func (h *home) statuses() string {
	h.t.Helper()
	var list []string
	for _, o := range h.export("UserLDAP") {
		list = append(list, o["login"]+" "+o["status"])
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// rename gives a group another name.
func rename(s *lab.SlapdServer, from, to string) {
	s.Modify(fmt.Sprintf("dn: cn=%s,ou=groups,%s\nchangetype: modrdn\nnewrdn: cn=%s\ndeleteoldrdn: 1\n", from, s.BaseDN, to))
}

func remove(s *lab.SlapdServer, group string) {
	s.Modify(fmt.Sprintf("dn: cn=%s,ou=groups,%s\nchangetype: delete\n", group, s.BaseDN))
}

// TestK11MembersAreFoundByAFilter finds members by the macros of a filter, of a
// group whose name means something to filters.
func TestK11MembersAreFoundByAFilter(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob", "eve") + groupLDIF(s.BaseDN, `R&D (old*)\, Berlin`, "ada") + groupLDIF(s.BaseDN, "all", "ada", "bob", "eve"))
	s.Modify("dn: uid=bob,ou=people," + s.BaseDN + "\nchangetype: modify\nadd: ou\nou: R&D (old*), Berlin\n")
	h := bindingHome(t, s, fmt.Sprintf(`  dn: {source: users, groups: {filter: '(cn=R&D \28old\2a\29, Berlin)'}, members: '(memberOf=[#LDAPGroupDN#])', role: By DN}
  name: {source: users, groups: {name: 'R&D (old*), Berlin'}, members: '(ou=[#LDAPGroupName#])', role: By name}
  any: {source: users, groups: {filter: '(&(cn={0})(member=uid=eve,ou=people,%s))'}, role: Any}
`, s.BaseDN))
	h.want(exitDone, "sync")
	same(t, "roles", h.roles(), "ada / Any\nada / By DN\nbob / Any\nbob / By name\neve / Any")
	h.want(exitDone, "plan", "--check")
}

// TestK12AnUnbalancedFilterIsRefused, before anything is sent: the server is not
// there any more.
func TestK12AnUnbalancedFilterIsRefused(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada") + groupLDIF(s.BaseDN, "all", "ada"))
	h := bindingHome(t, s, "  any: {source: users, groups: {filter: '(&(cn={0})'}, role: Any}\n")
	s.Stop()
	contains(t, h.want(exitFailed, "check"), "filter", "rollcall.yaml:", "binding any")
	contains(t, h.want(exitFailed, "sync"), "filter", "rollcall.yaml:")
}

// TestK17NamesAreMatchedVerbatimAndNothingIsMadeOfThem has a job title and a
// company that the registry knows, and some that it does not.
func TestK17NamesAreMatchedVerbatimAndNothingIsMade(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob"))
	s.Modify("dn: uid=ada,ou=people," + s.BaseDN + "\nchangetype: modify\nadd: title\ntitle: Engineer\n-\nadd: o\no: Example AG\n\n" +
		"dn: uid=bob,ou=people," + s.BaseDN + "\nchangetype: modify\nadd: title\ntitle: Engineer II\n-\nadd: o\no: Example\n")
	h := bindingHome(t, s, "  none: {source: users, groups: {name: none}, role: None}\n")
	h.write("rollcall.yaml", strings.ReplaceAll(h.read("rollcall.yaml"), "profile_list: {value", "title_id: {from: title, by: name}\n      account_id: {from: o, by: name}\n      profile_list: {value"))
	if err := os.Mkdir(h.path("model"), 0o700); err != nil {
		t.Fatal(err)
	}
	h.write("model/title.yaml", "extend:\n  UserLDAP:\n    attributes:\n      title_id: {type: key, to: JobTitle}\n      account_id: {type: key, to: Account}\n")
	h.byHand("JobTitle", "name", "Engineer")
	h.byHand("Account", "name", "Example AG")
	h.want(exitDone, "sync")
	got := map[string]string{}
	for _, u := range parse[[]row](t, h.want(exitDone, "export", "UserLDAP", "--json", "--fields", "login,title_id_friendlyname,account_id_friendlyname")) {
		got[u["login"]] = u["title_id_friendlyname"] + ", " + u["account_id_friendlyname"]
	}
	same(t, "titles", got, map[string]string{"ada": "Engineer, Example AG", "bob": ", "})
	same(t, "job titles", h.names("JobTitle"), "Engineer")
	same(t, "companies", h.names("Account"), "Example AG")
}

// TestK26ARoleIsRenamedWithItsGroup renames groups in the directory: one role
// follows, one is not to.
func TestK26ARoleIsRenamedWithItsGroup(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada") + groupLDIF(s.BaseDN, "sales", "ada") + groupLDIF(s.BaseDN, "support", "ada") + groupLDIF(s.BaseDN, "app-crm", "ada"))
	h := bindingHome(t, s, fmt.Sprintf(`  sales: {source: users, groups: {id: %s}, role: Vertrieb}
  support: {source: users, groups: {id: %s}, role: Hilfe, rename: false}
  apps: {source: users, groups: {pattern: '^app-(.+)$'}, functional_role: 'User of $1'}
`, entryUUID(t, s, "cn=sales"), entryUUID(t, s, "cn=support")))
	h.want(exitDone, "sync")
	same(t, "roles", h.roles(), "ada / Hilfe\nada / User of crm\nada / Vertrieb")
	before := h.export("Role")
	rename(s, "sales", "global sales")
	rename(s, "support", "help")
	rename(s, "app-crm", "app-erp")
	h.want(exitDone, "sync")
	same(t, "roles", h.roles(), "ada / Hilfe\nada / User of erp\nada / global sales")
	after := h.export("Role")
	for i := range before {
		same(t, "the role's identity", after[i]["id"], before[i]["id"])
	}
	h.want(exitDone, "plan", "--check")
}

// onlyGroups is a binding under which accounts are those of bound groups.
const onlyGroups = "  staff: {source: users, groups: {name: staff}, role: Staff, only_groups: true}\n"

// TestK27WhoLeavesTheGroupIsDeactivated and loses the role, with only_groups.
func TestK27WhoLeavesTheGroupIsDeactivated(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob") + groupLDIF(s.BaseDN, "staff", "ada", "bob"))
	h := bindingHome(t, s, onlyGroups)
	h.want(exitDone, "sync")
	change(s, "delete", "staff", "bob")
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled\nbob disabled")
	same(t, "roles", h.roles(), "ada / Staff")
	h.want(exitDone, "plan", "--check")
}

// TestK28WhoJoinsTheGroupIsActivated and gets the role, the same account as
// before.
func TestK28WhoJoinsTheGroupIsActivated(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob") + groupLDIF(s.BaseDN, "staff", "ada", "bob"))
	h := bindingHome(t, s, onlyGroups)
	h.want(exitDone, "sync")
	before := h.pick("UserLDAP", "login", "bob")["id"]
	change(s, "delete", "staff", "bob")
	h.want(exitDone, "sync")
	change(s, "add", "staff", "bob")
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled\nbob enabled")
	same(t, "roles", h.roles(), "ada / Staff\nbob / Staff")
	same(t, "the account", h.pick("UserLDAP", "login", "bob")["id"], before)
}

// TestK30WhoIsInNoBoundGroupIsNotImported, with only_groups; members of nested
// groups are.
func TestK30WhoIsInNoBoundGroupIsNotImported(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob", "eve") + groupLDIF(s.BaseDN, "inner", "bob") + groupLDIF(s.BaseDN, "staff", "ada", "cn=inner,ou=groups") + groupLDIF(s.BaseDN, "other", "eve"))
	h := bindingHome(t, s, onlyGroups)
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled\nbob enabled")
}

// TestK31MembersOfTwoGroupsHaveBothRoles, and leaving one leaves the other; a
// role that two groups give stays until the second is left.
func TestK31MembersOfTwoGroupsHaveBothRoles(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob") + groupLDIF(s.BaseDN, "one", "ada", "bob") + groupLDIF(s.BaseDN, "two", "ada", "bob"))
	h := bindingHome(t, s, `  one: {source: users, groups: {name: one}, role: [One, Both]}
  two: {source: users, groups: {name: two}, role: [Two, Both]}
`)
	h.want(exitDone, "sync")
	same(t, "roles", h.roles(), "ada / Both\nada / One\nada / Two\nbob / Both\nbob / One\nbob / Two")
	change(s, "delete", "one", "ada")
	h.want(exitDone, "sync")
	same(t, "roles", h.roles(), "ada / Both\nada / Two\nbob / Both\nbob / One\nbob / Two")
}

// TestK32MembersGetTheLicencesListed, and all there are for all.
func TestK32MembersGetTheLicencesListed(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob") + groupLDIF(s.BaseDN, "one", "ada") + groupLDIF(s.BaseDN, "all", "bob"))
	h := bindingHome(t, s, `  one: {source: users, groups: {name: one}, licence: [crm, mail]}
  all: {source: users, groups: {name: all}, licence: "*"}
`)
	h.byHand("LicencePackage", "name,quantity", "crm,10", "mail,10", "erp,10")
	h.want(exitDone, "sync")
	same(t, "licences", h.names("lnkUserToLicencePackage"), "ada / crm\nada / mail\nbob / crm\nbob / erp\nbob / mail")
	h.want(exitDone, "plan", "--check")
}

// TestK33AShortageOfLicencesIsTold: the run goes on, says how many are short,
// and gives them when there are more.
func TestK33AShortageOfLicencesIsTold(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob", "eve") + groupLDIF(s.BaseDN, "all", "ada", "bob", "eve"))
	h := bindingHome(t, s, "  all: {source: users, groups: {name: all}, licence: crm, role: All}\n")
	h.byHand("LicencePackage", "name,quantity", "crm,1")
	contains(t, h.want(exitProblems, "sync"), "2 licences of package crm are short: it has 1, 0 are taken up, 3 more are wanted")
	same(t, "licences", len(strings.Split(h.names("lnkUserToLicencePackage"), "\n")), 1)
	same(t, "roles", h.roles(), "ada / All\nbob / All\neve / All")
	h.byHand("LicencePackage", "name,quantity", "crm,3")
	h.want(exitDone, "sync")
	same(t, "licences", h.names("lnkUserToLicencePackage"), "ada / crm\nbob / crm\neve / crm")
	h.byHand("LicencePackage", "name,quantity", "crm,0")
	h.want(exitDone, "sync")
	same(t, "licences", h.names("lnkUserToLicencePackage"), "ada / crm\nbob / crm\neve / crm")
}
