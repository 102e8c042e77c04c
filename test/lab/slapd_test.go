package lab_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"rollcall/test/lab"
)

const alice = `dn: uid=alice,dc=example,dc=org
objectClass: inetOrgPerson
uid: alice
cn: Alice Ärger
sn: Ärger
mail: alice@example.org

`

const staff = `dn: cn=staff,dc=example,dc=org
objectClass: groupOfNames
cn: staff
member: uid=alice,dc=example,dc=org
`

func TestSlapdServesOnAllItsURLs(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: strings.NewReader(alice)})
	config := &tls.Config{RootCAs: s.CA.Pool(), ServerName: "localhost"}
	for _, url := range s.URLs() {
		c, err := ldap.DialURL(url, ldap.DialWithTLSConfig(config))
		if err != nil {
			t.Fatalf("dial %s: %v", url, err)
		}
		if url == s.LDAP {
			if err := c.StartTLS(config); err != nil {
				t.Errorf("StartTLS at %s: %v", url, err)
			}
		}
		if url == s.LDAPI {
			err = c.ExternalBind()
		} else {
			err = c.Bind(s.ReaderDN, s.Password)
		}
		if err != nil {
			t.Errorf("bind at %s: %v", url, err)
		}
		got, err := c.Search(ldap.NewSearchRequest(s.BaseDN, ldap.ScopeWholeSubtree, 0, 0, 0, false, "(uid=alice)", []string{"sn"}, nil))
		if err != nil || len(got.Entries) != 1 || got.Entries[0].GetAttributeValue("sn") != "Ärger" {
			t.Errorf("search at %s: got %v, %v", url, got, err)
		}
		_ = c.Close()
	}
}

func TestSlapdKeepsMemberOfAndSurvivesKillAndLoad(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(alice + staff)
	const want = "memberOf: cn=staff,dc=example,dc=org"
	if got := s.Search("(uid=alice)", "memberOf"); !strings.Contains(got, want) {
		t.Errorf("got %q, want %q in it", got, want)
	}
	s.Kill()
	if c, err := ldap.DialURL(s.URL()); err == nil {
		_ = c.Close()
		t.Error("the server answers after Kill")
	}
	s.Start()
	s.Load(strings.NewReader(strings.ReplaceAll(alice, "alice", "berta")))
	s.Modify("dn: uid=berta,dc=example,dc=org\nchangetype: modify\nreplace: title\ntitle: Chefin\n")
	if got := s.Search("(uid=berta)", "title"); !strings.Contains(got, "title: Chefin") {
		t.Errorf("got %q, want berta's title in it", got)
	}
}

func TestSlapdHonoursSizeLimit(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{SizeLimit: "2"})
	c, err := ldap.DialURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Search(ldap.NewSearchRequest(s.BaseDN, ldap.ScopeWholeSubtree, 0, 0, 0, false, "(objectClass=*)", nil, nil))
	if !ldap.IsErrorWithCode(err, ldap.LDAPResultSizeLimitExceeded) {
		t.Errorf("got %v, want size limit exceeded", err)
	}
}

func TestCertificatesAreGoodExpiredOrForAnotherHost(t *testing.T) {
	t.Parallel()
	ca := lab.NewCA(t)
	for name, test := range map[string]struct {
		cert lab.Cert
		want string
	}{
		"good":       {ca.Server(), ""},
		"expired":    {ca.Expired(), "expired"},
		"wrong name": {ca.WrongName(), "192.0.2.1"},
	} {
		s := lab.Slapd(t, lab.SlapdConfig{CA: ca, Cert: &test.cert})
		c, err := ldap.DialURL(s.LDAPS, ldap.DialWithTLSConfig(&tls.Config{RootCAs: ca.Pool()}))
		if err == nil {
			_ = c.Close()
		}
		if got := errorText(err); (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: got error %q, want %q in it", name, got, test.want)
		}
	}
}

func TestClientCertificateBindsAsItsName(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{ClientCerts: "demand"})
	client := s.CA.Client("reader")
	pair, err := tls.LoadX509KeyPair(client.CertFile, client.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ldap.DialURL(s.LDAPS, ldap.DialWithTLSConfig(&tls.Config{RootCAs: s.CA.Pool(), Certificates: []tls.Certificate{pair}}))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.ExternalBind(); err != nil {
		t.Fatal(err)
	}
	who, err := c.WhoAmI(nil)
	if err != nil || who.AuthzID != "dn:"+s.ReaderDN {
		t.Errorf("got %v, %v, want dn:%s", who, err, s.ReaderDN)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
