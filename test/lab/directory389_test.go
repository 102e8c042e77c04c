package lab_test

import (
	"testing"

	"github.com/go-ldap/ldap/v3"

	"rollcall/test/lab"
)

func TestDirectory389ServesAndLocksAccounts(t *testing.T) {
	t.Parallel()
	s := lab.Directory389(t)
	s.Add(`dn: uid=alice,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
uid: alice
cn: Alice
sn: Alice
nsAccountLock: true
userPassword: einhorn-12
`)
	c, err := ldap.DialURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	err = c.Bind("uid=alice,ou=people,dc=example,dc=org", "einhorn-12")
	if !ldap.IsErrorWithCode(err, ldap.LDAPResultUnwillingToPerform) {
		t.Errorf("bind as a locked account: got %v, want unwilling to perform", err)
	}
	if err := c.Bind(s.AdminDN, s.Password); err != nil {
		t.Fatal(err)
	}
	got, err := c.Search(ldap.NewSearchRequest(s.BaseDN, ldap.ScopeWholeSubtree, 0, 0, 0, false, "(uid=alice)", []string{"nsUniqueId"}, nil))
	if err != nil || len(got.Entries) != 1 || got.Entries[0].GetAttributeValue("nsUniqueId") == "" {
		t.Errorf("search: got %v, %v; want one entry with nsUniqueId", got, err)
	}
}
