package e2e

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// withPersons adds a source of persons before the one of accounts, which are tied
// to them.
func (h *home) withPersons() {
	h.t.Helper()
	h.replace("rollcall.yaml", "sources:\n", `sources:
  persons:
    class: Person
    directory: main
    filter: (objectClass=inetOrgPerson)
    key: entryUUID
    attributes:
      name: {from: sn}
      first_name: {from: cn}
      employee_number: {from: uid, reconcile: true}
      email: {from: mail}
      phone: {from: telephoneNumber}
      org_id: {value: Example, by: name}
    update: {phone: if_empty}
    gone: {then: ignore}
`)
	h.replace("rollcall.yaml", "      login: {from: uid, reconcile: true}\n", "      login: {from: uid, reconcile: true}\n      contactid: {from: dn, by: dn, source: persons}\n")
	h.byHand("Organization", "name", "Example")
}

// TestK15ANewMemberGetsAnAccountAndAContact, tied to each other, and the role.
func TestK15ANewMemberGetsAnAccountAndAContact(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob") + groupLDIF(s.BaseDN, "staff", "bob"))
	h := bindingHome(t, s, onlyGroups)
	h.withPersons()
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "bob enabled")
	change(s, "add", "staff", "ada")
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled\nbob enabled")
	same(t, "roles", h.roles(), "ada / Staff\nbob / Staff")
	person := h.pick("Person", "employee_number", "ada")
	same(t, "the account's contact", h.pick("UserLDAP", "login", "ada")["contactid"], person["id"])
	same(t, "the contact's name", person["first_name"]+" "+person["name"], "ada ada")
}

// TestK16OptionalFieldsAreFilledWhereTheyAreMapped and left alone where not.
func TestK16OptionalFieldsAreFilledWhereTheyAreMapped(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada") + groupLDIF(s.BaseDN, "staff", "ada"))
	who := "dn: uid=ada,ou=people," + s.BaseDN + "\nchangetype: modify\n"
	s.Modify(who + "add: mail\nmail: ada@example.com\n-\nadd: telephoneNumber\ntelephoneNumber: +49 30 1\n-\nadd: mobile\nmobile: +49 171 1\n")
	h := bindingHome(t, s, onlyGroups)
	h.withPersons()
	h.want(exitDone, "sync")
	got := h.pick("Person", "name", "ada")
	same(t, "mail, phone and mobile", got["email"]+", "+got["phone"]+", "+got["mobile_phone"], "ada@example.com, +49 30 1, ")
	h.byHand("Person", "id,mobile_phone", got["id"]+",0170")
	s.Modify(who + "replace: mail\nmail: countess@example.com\n")
	h.want(exitDone, "sync")
	got = h.pick("Person", "name", "ada")
	same(t, "mail, phone and mobile", got["email"]+", "+got["phone"]+", "+got["mobile_phone"], "countess@example.com, +49 30 1, 0170")
}

// TestK20ARenamedEntryIsTheSameAccount and keeps what its groups give, and TestK40
// its DN is that of its new place.
func TestK20ARenamedEntryIsTheSameAccount(t *testing.T) { renamedEntry(t) }

func TestK40TheStoredDNFollowsTheEntry(t *testing.T) { renamedEntry(t) }

func renamedEntry(t *testing.T) {
	t.Helper()
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada") + groupLDIF(s.BaseDN, "all", "ada"))
	h := bindingHome(t, s, "  all: {source: users, groups: {name: all}, role: All}\n")
	h.want(exitDone, "sync")
	before := h.pick("UserLDAP", "login", "ada")["id"]
	s.Modify(fmt.Sprintf("dn: uid=ada,ou=people,%[1]s\nchangetype: modrdn\nnewrdn: uid=countess\ndeleteoldrdn: 1\nnewsuperior: ou=groups,%[1]s\n", s.BaseDN))
	h.want(exitDone, "sync")
	same(t, "the account", h.pick("UserLDAP", "login", "countess")["id"], before)
	same(t, "accounts", h.statuses(), "countess enabled")
	same(t, "roles", h.roles(), "countess / All")
	contains(t, h.want(exitDone, "why", "countess"), "uid=countess,ou=groups,"+s.BaseDN)
}

// TestK22ALocalAccountMayBeBound: where the rules say so, an account made by hand
// is synchronised from then on.
func TestK22ALocalAccountMayBeBound(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob") + groupLDIF(s.BaseDN, "all", "ada", "bob"))
	h := bindingHome(t, s, "  all: {source: users, groups: {name: all}, role: All}\n")
	h.byHand("UserLDAP", "login,profile_list", "ada,profileid->name:Portal user")
	before := h.pick("UserLDAP", "login", "ada")["id"]
	h.want(exitDone, "sync")
	same(t, "the account", h.pick("UserLDAP", "login", "ada")["id"], before)
	same(t, "roles", h.roles(), "ada / All\nbob / All")
	s.Modify("dn: uid=ada,ou=people," + s.BaseDN + "\nchangetype: delete\n")
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada disabled\nbob enabled")
	same(t, "roles", h.roles(), "bob / All")
}

// TestX3SeveralBasesAreRead, and nothing beside them.
func TestX3SeveralBasesAreRead(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada") + groupLDIF(s.BaseDN, "all", "ada"))
	for _, ou := range []string{"east", "west"} {
		s.Add(fmt.Sprintf("dn: ou=%[1]s,%[2]s\nobjectClass: organizationalUnit\nou: %[1]s\n\ndn: uid=%[1]s,ou=%[1]s,%[2]s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: x\nsn: x\n", ou, s.BaseDN))
	}
	h := bindingHome(t, s, "  all: {source: users, groups: {name: all}, role: All}\n")
	h.replace("rollcall.yaml", "    filter: (objectClass=inetOrgPerson)\n", fmt.Sprintf("    base: ['ou=people,%[1]s', 'ou=west,%[1]s']\n    filter: (objectClass=inetOrgPerson)\n", s.BaseDN))
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled\nwest enabled")
}

// TestX6ScopesSelectWhatLDAPSays: the entry itself, those right below, all below.
func TestX6ScopesSelectWhatLDAPSays(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada") + groupLDIF(s.BaseDN, "all", "ada") +
		fmt.Sprintf("dn: uid=below,uid=ada,ou=people,%s\nobjectClass: inetOrgPerson\nuid: below\ncn: x\nsn: x\n\n", s.BaseDN))
	for scope, want := range map[string]string{"base": "", "one": "ada enabled", "sub": "ada enabled\nbelow enabled"} {
		h := bindingHome(t, s, "  all: {source: users, groups: {name: all}, role: All}\n")
		h.replace("rollcall.yaml", "    filter: (objectClass=inetOrgPerson)\n", fmt.Sprintf("    base: 'ou=people,%s'\n    scope: %s\n    filter: (objectClass=inetOrgPerson)\n", s.BaseDN, scope))
		h.want(exitDone, "sync")
		same(t, "accounts with scope "+scope, h.statuses(), want)
	}
}

// TestX19LookupsIgnoreCase: Ada in the registry and ada in the directory are one.
func TestX19LookupsIgnoreCase(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada") + groupLDIF(s.BaseDN, "all", "ada"))
	h := bindingHome(t, s, "  all: {source: users, groups: {name: ALL}, role: All}\n")
	h.byHand("UserLDAP", "login,profile_list", "ADA,profileid->name:Portal user")
	h.want(exitDone, "sync")
	same(t, "accounts", strings.ToLower(h.statuses()), "ada enabled")
	same(t, "roles", strings.ToLower(h.roles()), "ada / all")
}
