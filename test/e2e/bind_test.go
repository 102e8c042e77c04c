package e2e

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// signIn is a directory section of a configuration and what check makes of it.
type signIn struct {
	name    string
	section string // lines of the directory, but for its base
	code    int
	says    []string
}

// run checks a source of the directory, and reads it when the sign-in is good.
func (b *signIn) run(t *testing.T, base, key string, env ...string) {
	t.Parallel()
	h := newHome(t, env...)
	h.write("rollcall.yaml", fmt.Sprintf(`store: rollcall.db
directories:
  main:
    base: %q
%s
sources:
  organizations:
    class: Organization
    directory: main
    filter: (|(uid=ada)(sAMAccountName=ada))
    key: %s
    attributes:
      name: {from: sn, reconcile: true}
    gone: {then: ignore}
`, base, indent(b.section), key))
	contains(t, h.want(b.code, "check"), b.says...)
	if b.code != exitDone {
		contains(t, h.want(b.code, "sync"), b.says...)
		return
	}
	h.want(exitDone, "sync")
	h.pick("Organization", "name", "Lovelace")
}

func indent(lines string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(lines), "\n", "\n    ")
}

// TestK3SignInToActiveDirectory in every way that there is, K5 among them: by DN,
// UPN and DOMAIN\name.
func TestK3SignInToActiveDirectory(t *testing.T) {
	t.Parallel()
	const password = "Lovelace.1815"
	user := func(name, more string) string {
		return "dn: CN=" + name + ",CN=Users,DC=corp,DC=example,DC=com\nobjectClass: user\nsAMAccountName: " + name +
			"\nuserPrincipalName: " + name + "@corp.example.com\nsn: Lovelace\nuserAccountControl: 512\n" + more + "\n"
	}
	s := lab.Samba(t, lab.SambaConfig{Data: user("ada", "") + user("off", "") + user("old", "accountExpires: 130000000000000000\n") + user("new", "")})
	for _, name := range []string{"ada", "off", "old", "new"} {
		s.SetPassword(name, password)
	}
	s.Tool("user", "disable", "off")
	// What a controller registers by itself when it has a DNS server to talk to;
	// here it is known by its address alone.
	s.Ldbmodify("dn: CN=DC1,OU=Domain Controllers," + s.BaseDN + "\nchangetype: modify\nadd: servicePrincipalName\nservicePrincipalName: ldap/" + s.IP + "\n\n" +
		"dn: CN=new,CN=Users," + s.BaseDN + "\nchangetype: modify\nreplace: pwdLastSet\npwdLastSet: 0\n")
	keytab, cache := s.Keytab("ada"), s.CredentialsCache("ada", password)
	ldaps := fmt.Sprintf("url: %s\ntls: {ca: %s}\n", s.LDAPS(), s.CA.File)
	plain := fmt.Sprintf("url: %s\n", s.URL())
	given := `password: "${env:LDAP_PASSWORD}"`
	for _, b := range []signIn{
		{name: "TestK5 DN", section: ldaps + `bind: {dn: "CN=ada,CN=Users,` + s.BaseDN + `", ` + given + `}`},
		{name: "TestK5 UPN", section: ldaps + `bind: {user: ada@corp.example.com, ` + given + `}`},
		{name: "TestK5 DOMAIN name", section: ldaps + `bind: {user: 'CORP\ada', ` + given + `}`},
		{name: "StartTLS", section: plain + "starttls: true\ntls: {ca: " + s.CA.File + "}\n" + `bind: {user: 'CORP\ada', ` + given + `}`},
		{name: "NTLM", section: plain + `bind: {method: ntlm, user: 'CORP\ada', ` + given + `}`},
		{name: "NTLM over TLS", section: ldaps + `bind: {method: ntlm, user: 'CORP\ada', ` + given + `}`},
		{name: "Kerberos by password", section: plain + `bind: {method: kerberos, user: ada@CORP.EXAMPLE.COM, krb5_conf: ` + s.Krb5Conf + `, ` + given + `}`},
		{name: "Kerberos by keytab", section: plain + `bind: {user: ada@CORP.EXAMPLE.COM, krb5_conf: ` + s.Krb5Conf + `, keytab: ` + keytab + `}`},
		{name: "Kerberos by cache", section: ldaps + `bind: {method: kerberos, krb5_conf: ` + s.Krb5Conf + `, ccache: ` + cache + `}`},
		{name: "the second server", section: fmt.Sprintf("url: [\"ldap://127.0.0.1:%d\", %s]\n", lab.FreePort(t), s.LDAPS()) + "tls: {ca: " + s.CA.File + "}\n" + `bind: {user: ada@corp.example.com, ` + given + `}`},

		{name: "wrong password", section: ldaps + `bind: {user: ada@corp.example.com, password: wrong}`, code: exitFailed, says: []string{"the password is wrong, or the user does not exist (52e)"}},
		{name: "disabled", section: ldaps + `bind: {user: off@corp.example.com, ` + given + `}`, code: exitFailed, says: []string{"the account is disabled (533)"}},
		{name: "expired", section: ldaps + `bind: {user: old@corp.example.com, ` + given + `}`, code: exitFailed, says: []string{"the account has expired (701)"}},
		{name: "must change", section: ldaps + `bind: {user: new@corp.example.com, ` + given + `}`, code: exitFailed, says: []string{"(773)"}},
		{name: "wrong password of NTLM", section: ldaps + `bind: {method: ntlm, user: 'CORP\ada', password: wrong}`, code: exitFailed, says: []string{"invalidCredentials"}},
		{name: "anonymous", section: ldaps, code: exitFailed, says: []string{"when nobody is signed in: give a user"}},
		{name: "unknown CA", section: "url: " + s.LDAPS() + "\n" + `bind: {user: ada@corp.example.com, ` + given + `}`, code: exitFailed, says: []string{"CA that is not trusted here"}},
	} {
		t.Run(b.name, func(t *testing.T) { b.run(t, s.BaseDN, "objectGUID", "LDAP_PASSWORD="+password) })
	}
}

// TestK3SignInToOpenLDAP in every way that there is.
func TestK3SignInToOpenLDAP(t *testing.T) {
	t.Parallel()
	ca := lab.NewCA(t)
	s := lab.Slapd(t, lab.SlapdConfig{CA: ca, ClientCerts: "allow", Data: strings.NewReader(
		"dn: uid=ada,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: ada\ncn: Ada\nsn: Lovelace\n")})
	cert := ca.Client("reader")
	trusted := "tls: {ca: " + ca.File + "}\n"
	given := `bind: {dn: "` + s.ReaderDN + `", password: "${env:LDAP_PASSWORD}"}`
	certified := fmt.Sprintf("tls: {ca: %s, cert: %s, key: %s}\nbind: {method: external}\n", ca.File, cert.CertFile, cert.KeyFile)
	silent := lab.Proxy(t, s.Addr)
	silent.Set(lab.Fault{Hold: true})
	for _, b := range []signIn{
		{name: "anonymous", section: "url: " + s.LDAP},
		{name: "DN", section: "url: " + s.LDAP + "\n" + given},
		{name: "DN over TLS", section: "url: " + s.LDAPS + "\n" + trusted + given},
		{name: "StartTLS", section: "url: " + s.LDAP + "\nstarttls: true\n" + trusted + given},
		{name: "EXTERNAL over ldapi", section: "url: " + s.LDAPI + "\nbind: {method: external}"},
		{name: "EXTERNAL by certificate", section: "url: " + s.LDAPS + "\n" + certified},
		{name: "EXTERNAL by certificate and StartTLS", section: "url: " + s.LDAP + "\nstarttls: true\n" + certified},
		{name: "the third server", section: fmt.Sprintf("url: [\"ldap://127.0.0.1:%d\", %s, %s]\ntimeouts: {connect: 5s}\n", lab.FreePort(t), silent.URL(), s.LDAP) + given},

		{name: "wrong password", section: "url: " + s.LDAP + "\n" + `bind: {dn: "` + s.ReaderDN + `", password: wrong}`, code: exitFailed, says: []string{"the user or the password is wrong"}},
		{name: "unknown CA", section: "url: " + s.LDAPS + "\n" + given, code: exitFailed, says: []string{"CA that is not trusted here"}},
		{name: "wrong name", section: "url: " + s.LDAPS + "\ntls: {ca: " + ca.File + ", server_name: elsewhere.example.org}\n" + given, code: exitFailed, says: []string{"not for elsewhere.example.org"}},
	} {
		t.Run(b.name, func(t *testing.T) { b.run(t, s.BaseDN, "entryUUID", "LDAP_PASSWORD="+s.Password) })
	}
}
