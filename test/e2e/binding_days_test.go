package e2e

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// chain makes groups that each hold the one before, the first one a login.
func chain(base, name string, depth int, login string) string {
	var b strings.Builder
	member := login
	for i := range depth {
		b.WriteString(groupLDIF(base, fmt.Sprintf("%s-%d", name, i), member))
		member = fmt.Sprintf("cn=%s-%d,ou=groups", name, i)
	}
	return b.String()
}

// TestGroupsThatAreNotAsTheyShouldBe goes through what happens to groups in a
// directory that keeps no order among them: they name nobody, strangers and
// themselves, hold one another in a ring and a thousand deep, name somebody twice,
// give one role by two and two roles by one; then one is emptied, made anew and
// deleted, and another shows only a part of its members.
func TestGroupsThatAreNotAsTheyShouldBe(t *testing.T) {
	t.Parallel()
	const base, depth = "dc=example,dc=org", 1_000
	twice := strings.Replace(groupLDIF(base, "twice", "max"), "objectClass: groupOfNames\n",
		"objectClass: groupOfNames\nobjectClass: extensibleObject\nuniqueMember: "+memberDN(base, "max")+"\n", 1)
	s := lab.Slapd(t, lab.SlapdConfig{Plain: true, Data: strings.NewReader(staff(base, "ada", "bob", "eve", "max", "outside") +
		groupLDIF(base, "sales", "ada", "bob", "nobody", "outside", "cn=S-1-5-21-1-2-3-500,cn=ForeignSecurityPrincipals", "cn=sales,ou=groups") +
		groupLDIF(base, "ring-a", "cn=ring-b,ou=groups") + groupLDIF(base, "ring-b", "cn=ring-a,ou=groups", "ada") +
		twice + groupLDIF(base, "all", "ada", "bob", "eve", "max") + chain(base, "deep", depth, "eve"))})
	h := accountsHome(t, s.Password, accounts{
		url: s.LDAPS, base: s.BaseDN, user: s.ReaderDN, ca: s.CA.File, filter: "(&(objectClass=inetOrgPerson)(!(uid=outside)))", key: "entryUUID", login: "uid",
	}, fmt.Sprintf(`  sales: {source: users, groups: {name: sales}, role: [Seller, Visitor], limits: {taken: 100%%}}
  ring:  {source: users, groups: {name: ring-a}, role: Visitor}
  twice: {source: users, groups: {name: twice}, role: Doubled}
  deep:  {source: users, groups: {name: deep-%d}, role: Deep}
  all:   {source: users, groups: {name: all}, role: All}
`, depth-1))
	const everybody = "ada / All\nada / %sVisitor\nbob / All\n%seve / All\neve / Deep\nmax / All\nmax / Doubled"
	h.want(exitDone, "sync")
	same(t, "roles at first", h.roles(), fmt.Sprintf(everybody, "Seller\nada / ", "bob / Seller\nbob / Visitor\n"))
	h.want(exitDone, "plan", "--check")

	change(s, "delete", "sales", "ada", "bob")
	h.want(exitDone, "sync")
	same(t, "roles once the group was emptied", h.roles(), fmt.Sprintf(everybody, "", ""))

	remove(s, "sales")
	s.Add(groupLDIF(base, "sales", "bob"))
	h.want(exitDone, "sync")
	same(t, "roles by the group that was made anew", h.roles(), fmt.Sprintf(everybody, "", "bob / Seller\nbob / Visitor\n"))
	same(t, "roles that there are", h.names("OrganizationalRole"), "All\nDeep\nDoubled\nSeller\nVisitor")

	remove(s, "sales")
	h.want(exitDone, "sync")
	before := fmt.Sprintf(everybody, "", "")
	same(t, "roles once the group was deleted", h.roles(), before)

	// The server hides members, without a word: all of them, then three of four.
	for _, hidden := range []string{"", ` val.regex="^uid=(ada|bob|eve),"`} {
		access := fmt.Sprintf("olcAccess: {0}to dn.base=\"cn=all,ou=groups,%s\" attrs=member%s by * none\n", base, hidden)
		s.Modify("dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\nadd: olcAccess\n" + access)
		contains(t, h.want(exitStopped, "sync"), "of 4 grants, and the limit is 2")
		same(t, "roles by a group that shows not all", h.roles(), before)
		s.Modify("dn: olcDatabase={1}mdb,cn=config\nchangetype: modify\ndelete: olcAccess\nolcAccess: {0}\n")
	}
	h.want(exitDone, "sync")
	same(t, "roles in the end", h.roles(), before)
}
