package e2e

import (
	"strings"
	"testing"

	"rollcall/test/lab"
)

// TestWholeOrganization reads more than people: organizations from a tree of
// units, places, people in two branches with their pictures, and teams, with
// every kind of rule, two entries a page.
func TestWholeOrganization(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: strings.NewReader(wholeData)})
	h := newHome(t)
	h.write("rollcall.yaml", strings.ReplaceAll(wholeConfiguration, "URL", s.LDAP))
	contains(t, h.want(exitDone, "check"), "organizations: looked at 3 entries", "places: looked at 2 entries", "people: looked at 3 entries")
	contains(t, h.want(exitChanges, "plan", "--check", "--json"), "10 bytes, sha256 ")
	h.want(exitDone, "sync")
	for _, want := range []struct {
		class, by, value string
		row              row
	}{
		{"Organization", "name", "Units", row{"id": "1", "code": "ALL", "parent_id": ""}},
		{"Organization", "name", "Sales", row{"id": "2", "code": "SAL", "parent_id": "1"}},
		{"Organization", "name", "Export, Import", row{"id": "3", "code": "EXP", "parent_id": "2"}},
		{"Location", "name", "Berlin", row{"id": "1", "org_id": "1", "country": "Germany", "address": "Hof 1\nEingang B"}},
		{"Location", "name", "Lyon", row{"id": "2", "org_id": "1", "country": "France, Rhône", "address": ""}},
		{"Person", "name", "Adler", row{"id": "1", "first_name": "Ann", "employee_number": "7", "email": "ann.adler@example.org",
			"picture": "/9j/4AAQSkZJRg==", "function": "Manager", "location_id": "1", "org_id": "2", "manager_id": "", "status": "active"}},
		{"Person", "name", "Bär", row{"id": "2", "first_name": "-", "email": "", "picture": "", "function": "Staff", "location_id": "2", "org_id": "3", "manager_id": "1", "status": "active"}},
		{"Person", "name", "Can", row{"id": "3", "first_name": "Cem", "function": "Staff", "location_id": "", "org_id": "1", "manager_id": "2", "status": "inactive"}},
		{"Team", "name", "Choir", row{"org_id": "1"}},
	} {
		got := h.pick(want.class, want.by, want.value)
		for attribute, value := range want.row {
			if got[attribute] != value {
				t.Errorf("%s %s: %s is %q, want %q", want.class, want.value, attribute, got[attribute], value)
			}
		}
	}
	if places := h.export("Location"); len(places) != 2 {
		t.Errorf("got %v, want the places of one level", places)
	}
	everybody := func(id string) string { return id }
	same(t, "teams", membersOf(h.snapshot()["lnkPersonToTeam"], "team_id", "person_id", everybody),
		map[string][]string{h.pick("Team", "name", "Choir")["id"]: {"1", "3"}})
	h.want(exitDone, "plan", "--check")
}

const wholeConfiguration = `store: rollcall.db
directories:
  main: {url: URL, base: "dc=example,dc=org", page_size: 2}
sources:
  organizations:
    class: Organization
    directory: main
    base: ou=Units,dc=example,dc=org
    filter: (objectClass=organizationalUnit)
    key: entryUUID
    attributes:
      name:      {from: ou, reconcile: true}
      code:      {expr: 'upper(entry.description)'}
      parent_id: {from: parent, by: dn}
    gone: {then: ignore}
  places:
    class: Location
    directory: main
    scope: one
    base: ou=Places,dc=example,dc=org
    filter: (objectClass=locality)
    key: entryUUID
    attributes:
      name:    {from: l, reconcile: true}
      address: {from: street, all: true, separator: "\n"}
      country: {from: st, lookup: {'^(?i)d(e|eutschland)?$': Germany, '^F-(.*)$': 'France, $1'}, on_miss: keep}
      org_id:  {value: Units, by: name}
    gone: {then: ignore}
  people:
    class: Person
    directory: main
    base: ["ou=Inside,dc=example,dc=org", "ou=Outside,dc=example,dc=org"]
    filter: (objectClass=inetOrgPerson)
    key: entryUUID
    attributes:
      name:            {from: sn, reconcile: true}
      first_name:      {from: givenName, default: "-"}
      employee_number: {from: employeeNumber, reconcile: true}
      email:           {expr: 'lower(entry.mail)'}
      picture:         jpegPhoto
      function:        {from: title, lookup: [{match: '(?i)boss', to: Manager}], on_miss: empty, default: Staff}
      location_id:     {from: l, by: name}
      org_id:          {from: departmentNumber, by: code}
      manager_id:      {from: manager, by: dn}
      status:          {expr: 'entry.parent contains "Outside" ? "inactive" : "active"'}
    gone: {then: ignore}
  teams:
    class: Team
    directory: main
    filter: (objectClass=groupOfUniqueNames)
    key: entryUUID
    attributes:
      name:         {from: cn, reconcile: true}
      org_id:       {value: Units, by: name}
      persons_list: {from: uniqueMember, by: dn, source: people, all: true}
    gone: {then: ignore}
`

const wholeData = `dn: ou=Units,dc=example,dc=org
objectClass: organizationalUnit
ou: Units
description: all

dn: ou=Sales,ou=Units,dc=example,dc=org
objectClass: organizationalUnit
ou: Sales
description: sal

dn: ou=Export\, Import,ou=Sales,ou=Units,dc=example,dc=org
objectClass: organizationalUnit
ou: Export, Import
description: exp

dn: ou=Places,dc=example,dc=org
objectClass: organizationalUnit
ou: Places

dn: l=Berlin,ou=Places,dc=example,dc=org
objectClass: locality
l: Berlin
st: D
street: Hof 1
street: Eingang B

dn: l=Lyon,ou=Places,dc=example,dc=org
objectClass: locality
l: Lyon
st: F-Rhône

dn: l=Keller,l=Berlin,ou=Places,dc=example,dc=org
objectClass: locality
l: Keller

dn: ou=Inside,dc=example,dc=org
objectClass: organizationalUnit
ou: Inside

dn: ou=Outside,dc=example,dc=org
objectClass: organizationalUnit
ou: Outside

dn: uid=ann,ou=Inside,dc=example,dc=org
objectClass: inetOrgPerson
uid: ann
cn: Ann
sn: Adler
givenName: Ann
employeeNumber: 7
mail: Ann.Adler@Example.ORG
jpegPhoto:: /9j/4AAQSkZJRg==
title: Big boss
l: berlin
departmentNumber: SAL

dn: uid=ben,ou=Inside,dc=example,dc=org
objectClass: inetOrgPerson
uid: ben
cn: Ben
sn: Bär
employeeNumber: 8
title: Clerk
l: Lyon
departmentNumber: EXP
manager: UID=ann , OU=Inside,DC=example,DC=org

dn: uid=cem,ou=Outside,dc=example,dc=org
objectClass: inetOrgPerson
uid: cem
cn: Cem
sn: Can
givenName: Cem
departmentNumber: ALL
manager: uid=ben,ou=Inside,dc=example,dc=org

dn: cn=Choir,dc=example,dc=org
objectClass: groupOfUniqueNames
cn: Choir
uniqueMember: uid=ann,ou=Inside,dc=example,dc=org
uniqueMember: uid=cem,ou=Outside,dc=example,dc=org
`
