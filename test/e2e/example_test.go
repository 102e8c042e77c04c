package e2e

import (
	"os"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// TestExampleConfiguration runs the manual's example against a domain
// controller: only the server's address differs.
func TestExampleConfiguration(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../internal/config/testdata/product.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := lab.Samba(t, lab.SambaConfig{Data: exampleData})
	s.SetPassword("svc", "Lovelace.1815")
	h := newHome(t, "CORP_LDAP_PASSWORD=Lovelace.1815")
	h.write("rollcall.yaml", strings.ReplaceAll(string(text), "dc1.corp.example.com", s.IP))
	ca, err := os.ReadFile(s.CA.File)
	if err != nil {
		t.Fatal(err)
	}
	h.write("corp-ca.pem", string(ca))

	// Nobody can belong to an organization that is not there.
	contains(t, h.want(exitProblems, "plan"), "Could not find [unique] object for 'org_id': searched on name = 'Demo'")
	h.write("organization.yaml", exampleOrganization)
	h.want(exitDone, "sync", "-c", "organization.yaml")

	// The built-in accounts have no last name.
	contains(t, h.want(exitProblems, "check"), "5 entries have no value for name, which is mandatory", "CN=krbtgt,CN=Users")
	h.want(exitChanges, "plan", "--check")
	h.want(exitProblems, "sync")
	got := h.snapshot()
	ada, bob := h.pick("Person", "name", "Boss"), h.pick("Person", "name", "Klein")
	same(t, "Ada", pickFields(ada, "first_name", "email", "function", "status", "manager_id"), []string{"Ada", "ada@corp.example.com", "Countess", "active", ""})
	same(t, "Bob", pickFields(bob, "first_name", "email", "function", "status", "manager_id"), []string{"Bob", "bob@corp.example.com", "", "inactive", ada["id"]})
	users := byField(t, h.export("UserLDAP"), "login")
	if len(got["Person"]) != 2 || len(users) != 2 {
		t.Errorf("%d persons and %d accounts, want two of each", len(got["Person"]), len(users))
	}
	same(t, "Ada's person", users["ada"]["contactid"], ada["id"])
	same(t, "Bob's person", users["bob"]["contactid"], bob["id"])
	same(t, "profiles", membersOf(got["URP_UserProfile"], "userid", "profileid", func(id string) string { return profileNames[id] }),
		map[string][]string{users["ada"]["id"]: {"Support Agent"}, users["bob"]["id"]: {"Portal user"}})
	h.want(exitProblems, "sync")
	same(t, "the registry after the second sync", h.snapshot(), got)
}

// pickFields returns some values of an object.
func pickFields(r row, names ...string) []string {
	values := make([]string, len(names))
	for i, name := range names {
		values[i] = r[name]
	}
	return values
}

// exampleOrganization is the organization that the example refers to.
const exampleOrganization = `store: rollcall.db
sources:
  organizations:
    class: Organization
    inline: {demo: {name: Demo}}
    attributes: {name: {from: name, reconcile: true}}
    gone: {then: ignore}
`

const exampleData = `dn: OU=Service,DC=corp,DC=example,DC=com
objectClass: organizationalUnit

dn: CN=svc,OU=Service,DC=corp,DC=example,DC=com
objectClass: user
sAMAccountName: svc
userAccountControl: 544

dn: CN=Ada Boss,CN=Users,DC=corp,DC=example,DC=com
objectClass: user
sAMAccountName: ada
userAccountControl: 544
sn: Boss
givenName: Ada
mail: ada@corp.example.com
title: Countess

dn: CN=Bob Klein,CN=Users,DC=corp,DC=example,DC=com
objectClass: user
sAMAccountName: bob
userAccountControl: 546
sn: Klein
givenName: Bob
mail: bob@corp.example.com
manager: CN=Ada Boss,CN=Users,DC=corp,DC=example,DC=com

dn: CN=itop-Support Agent,CN=Users,DC=corp,DC=example,DC=com
objectClass: group
sAMAccountName: itop-Support Agent
member: CN=Ada Boss,CN=Users,DC=corp,DC=example,DC=com
`
