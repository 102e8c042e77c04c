package lab_test

import (
	"strings"
	"testing"

	"crypto/tls"

	"github.com/go-ldap/ldap/v3"

	"rollcall/test/lab"
)

const ada = `dn: CN=Ada Ärger,CN=Users,DC=corp,DC=example,DC=com
objectClass: user
sAMAccountName: ada
sn:: w4RyZ2Vy
userPrincipalName: ada@corp.example.com
userAccountControl: 512
`

func TestSambaServesADomain(t *testing.T) {
	t.Parallel()
	s := lab.Samba(t, lab.SambaConfig{Data: ada})
	s.SetPassword("ada", "Lovelace.1815")
	c, err := ldap.DialURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.StartTLS(&tls.Config{RootCAs: s.CA.Pool(), ServerName: s.Host}); err != nil {
		t.Errorf("StartTLS: %v", err)
	}
	if err := c.Bind("ada@corp.example.com", "wrong"); err == nil || !strings.Contains(err.Error(), "data 52e") {
		t.Errorf("bind with a wrong password: got %v, want data 52e", err)
	}
	if err := c.Bind(s.Domain+`\ada`, "Lovelace.1815"); err != nil {
		t.Errorf("bind: %v", err)
	}
	s.Ldbmodify("dn: CN=Ada Ärger,CN=Users,DC=corp,DC=example,DC=com\nchangetype: modify\nreplace: title\ntitle: Countess\n")
	got, err := c.Search(ldap.NewSearchRequest(s.BaseDN, ldap.ScopeWholeSubtree, 0, 0, 5, false, "(sAMAccountName=ada)", []string{"sn", "title"}, nil))
	if err != nil || len(got.Entries) != 1 {
		t.Fatalf("search: got %v, %v", got, err)
	}
	if sn, title := got.Entries[0].GetAttributeValue("sn"), got.Entries[0].GetAttributeValue("title"); sn != "Ärger" || title != "Countess" {
		t.Errorf("got %q, %q; want Ärger, Countess", sn, title)
	}
}

func TestSambaGivesTicketsAndKeys(t *testing.T) {
	t.Parallel()
	s := lab.Samba(t, lab.SambaConfig{})
	for _, file := range []string{s.CredentialsCache("Administrator", s.Password), s.Keytab("Administrator")} {
		if file == "" {
			t.Error("no file")
		}
	}
	s.Kill()
	if c, err := ldap.DialURL(s.LDAPS(), ldap.DialWithTLSConfig(&tls.Config{RootCAs: s.CA.Pool()})); err == nil {
		_ = c.Close()
		t.Error("the controller answers after Kill")
	}
	s.Start()
}
