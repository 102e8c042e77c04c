package e2e

import (
	"fmt"
	"testing"

	"rollcall/test/lab"
)

// TestDirectory389 takes a 389 Directory Server: entries are known by
// nsUniqueId, and accounts switched off by nsAccountLock.
func TestDirectory389(t *testing.T) {
	t.Parallel()
	s := lab.Directory389(t)
	dn := func(login string) string { return "uid=" + login + ",ou=people," + s.BaseDN }
	for _, p := range [][3]string{{"ada", "Ada", "Boss"}, {"bob", "Bob", "Klein"}, {"cyd", "Cyd", "Lang"}, {"dan", "Dan", "Mai"}} {
		s.Add(fmt.Sprintf("dn: %s\nobjectClass: inetOrgPerson\nuid: %s\ncn: %[3]s %[4]s\ngivenName: %[3]s\nsn: %[4]s\n", dn(p[0]), p[0], p[1], p[2]))
	}
	group := "cn=itop-Support Agent,ou=groups," + s.BaseDN
	s.Add("dn: " + group + "\nobjectClass: groupOfNames\ncn: itop-Support Agent\nmember: " + dn("ada") + "\n")

	h := newHome(t, "ROLLCALL_PASSWORD="+s.Password, "ROLLCALL_LDAP_PASSWORD="+s.Password)
	contains(t, h.want(exitDone, "init", s.URL(), "--bind-dn", s.AdminDN), "389", "nsUniqueId", s.BaseDN)
	contains(t, h.want(exitDone, "check"), "389 Directory Server", "users: looked at 4 entries; nothing will be trouble")
	h.want(exitChanges, "plan", "--check")
	h.want(exitDone, "sync")
	before := h.snapshot()
	same(t, "Ada's profiles", pickFields(h.pick("URP_UserProfile", "userid", h.pick("UserLDAP", "login", "ada")["id"]), "profileid"), []string{"5"})
	h.want(exitDone, "plan", "--check")

	s.Modify("dn: " + dn("bob") + "\nchangetype: modify\nreplace: nsAccountLock\nnsAccountLock: true\n\n" +
		"dn: " + dn("ada") + "\nchangetype: modrdn\nnewrdn: uid=aboss\ndeleteoldrdn: 1\n\n" +
		"dn: " + group + "\nchangetype: modify\nreplace: member\nmember: " + dn("aboss") + "\n") // no plugin follows the rename here
	h.want(exitDone, "sync")
	same(t, "what came of it", difference(before, h.snapshot()), []string{
		"~ Person Bob Klein: status active -> inactive", "~ UserLDAP ada: login ada -> aboss", "~ UserLDAP bob: status enabled -> disabled",
	})
}
