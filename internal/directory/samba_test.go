package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

const contacts = 1600 // more than one range of values

// corp is a small Active Directory: accounts in every state, nested groups with
// a cycle, and a group of more members than one answer holds.
func corp() string {
	const base = "DC=corp,DC=example,DC=com"
	var b strings.Builder
	fmt.Fprintf(&b, "dn: OU=Staff,%[1]s\nobjectClass: organizationalUnit\n\ndn: OU=Groups,%[1]s\nobjectClass: organizationalUnit\n\n", base)
	for _, u := range []struct {
		name string
		uac  int
		more string
	}{
		{"ada", 512, ""},
		{"bob", 514, ""},
		{"cyd", 512, "accountExpires: 130000000000000000\n"},
		{"dan", 512, "pwdLastSet: 0\n"},
		{"eve", 66048, ""},
		{"fay", 512, ""},
	} {
		fmt.Fprintf(&b, "dn: CN=%[1]s,OU=Staff,%[2]s\nobjectClass: user\nsAMAccountName: %[1]s\nuserPrincipalName: %[1]s@corp.example.com\nuserAccountControl: %[3]d\n%[4]s\n", u.name, base, u.uac, u.more)
	}
	for i := range contacts {
		fmt.Fprintf(&b, "dn: CN=contact%04d,OU=Staff,%s\nobjectClass: contact\n\n", i, base)
	}
	group := func(name string, members ...string) {
		fmt.Fprintf(&b, "dn: CN=%[1]s,OU=Groups,%[2]s\nobjectClass: group\nsAMAccountName: %[1]s\n", name, base)
		for _, m := range members {
			fmt.Fprintf(&b, "member: CN=%s,%s\n", m, base)
		}
		b.WriteString("\n")
	}
	group("inner", "ada,OU=Staff")
	group("middle", "inner,OU=Groups", "bob,OU=Staff")
	group("outer", "middle,OU=Groups")
	group("empty")
	var all []string
	for i := range contacts {
		all = append(all, fmt.Sprintf("contact%04d,OU=Staff", i))
	}
	group("large", all...)
	return b.String()
}

func TestActiveDirectory(t *testing.T) {
	t.Parallel()
	s := lab.Samba(t, lab.SambaConfig{Data: corp()})
	const password = "Lovelace.1815"
	for _, name := range []string{"ada", "bob", "cyd", "eve", "fay"} {
		s.SetPassword(name, password)
	}
	s.Tool("user", "disable", "bob") // setting a password enabled it
	// What a controller registers by itself when it has a DNS server to talk to.
	s.Ldbmodify("dn: CN=DC1,OU=Domain Controllers," + s.BaseDN + "\nchangetype: modify\nadd: servicePrincipalName\nservicePrincipalName: " + s.SPN + "\n")
	as := func(b directory.Bind) directory.Config {
		return directory.Config{URLs: []string{s.URL()}, Bind: b, IdleTimeout: 20 * time.Second}
	}
	admin := as(directory.Bind{User: s.AdminUPN, Password: rollcall.Secret(s.Password)})

	t.Run("binds", func(t *testing.T) {
		secret := rollcall.Secret(password)
		kerberos := directory.Bind{Method: directory.BindKerberos, Krb5Conf: s.Krb5Conf, Service: s.SPN}
		for name, change := range map[string]func(*directory.Bind){
			"simple by UPN":          func(b *directory.Bind) { *b = directory.Bind{User: "ada@corp.example.com", Password: secret} },
			"simple by DOMAIN\\name": func(b *directory.Bind) { *b = directory.Bind{User: s.Domain + `\ada`, Password: secret} },
			"simple by DN":           func(b *directory.Bind) { *b = directory.Bind{User: "CN=ada,OU=Staff," + s.BaseDN, Password: secret} },
			"NTLM": func(b *directory.Bind) {
				*b = directory.Bind{Method: directory.BindNTLM, User: s.Domain + `\ada`, Password: secret}
			},
			"Kerberos by password":           func(b *directory.Bind) { b.User, b.Password = "ada@"+s.Realm, secret },
			"Kerberos by keytab":             func(b *directory.Bind) { b.User, b.Keytab = "Administrator@"+s.Realm, s.Keytab("Administrator") },
			"Kerberos by cache":              func(b *directory.Bind) { b.CCache = s.CredentialsCache("Administrator", s.Password) },
			"Kerberos without configuration": func(b *directory.Bind) { b.User, b.Password, b.Krb5Conf, b.Realm = "ada", secret, "", s.Realm },
		} {
			t.Run(name, func(t *testing.T) {
				b := kerberos
				change(&b)
				for _, url := range []string{s.URL(), s.LDAPS()} {
					cfg := as(b)
					cfg.URLs, cfg.TLS.CAFile = []string{url}, s.CA.File
					reads(t, cfg, s.BaseDN)
				}
			})
		}
	})
	t.Run("refused binds say why", func(t *testing.T) {
		secret := rollcall.Secret(password)
		for name, c := range map[string]struct {
			bind directory.Bind
			want []string
		}{
			"wrong password":    {directory.Bind{User: "ada@corp.example.com", Password: "nicht-geheim"}, []string{"the password is wrong", "(52e)"}},
			"nobody":            {directory.Bind{User: "nobody@corp.example.com", Password: secret}, []string{"52"}},
			"disabled":          {directory.Bind{User: "bob@corp.example.com", Password: secret}, []string{"the account is disabled (533)"}},
			"expired":           {directory.Bind{User: "cyd@corp.example.com", Password: secret}, []string{"the account has expired (701)"}},
			"NTLM":              {directory.Bind{Method: directory.BindNTLM, User: s.Domain + `\ada`, Password: "nicht-geheim"}, []string{"invalidCredentials"}},
			"Kerberos":          {directory.Bind{Method: directory.BindKerberos, Krb5Conf: s.Krb5Conf, Service: s.SPN, User: "ada@" + s.Realm, Password: "nicht-geheim"}, []string{"refuses the password or key of ada"}},
			"Kerberos, nobody":  {directory.Bind{Method: directory.BindKerberos, Krb5Conf: s.Krb5Conf, Service: s.SPN, User: "nobody@" + s.Realm, Password: secret}, []string{"does not know nobody"}},
			"Kerberos, no file": {directory.Bind{Method: directory.BindKerberos, Krb5Conf: s.Krb5Conf, User: "ada@" + s.Realm, Keytab: "/nowhere/keytab"}, nil},
		} {
			t.Run(name, func(t *testing.T) {
				kind := rollcall.Unauthorized
				if c.bind.Keytab != "" {
					kind = rollcall.Invalid
				}
				refused(t, as(c.bind), kind, c.want...)
			})
		}
	})
	t.Run("the server is known", func(t *testing.T) {
		root, err := dial(t, admin).Root(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if root.Kind != directory.SambaAD || root.Key != "objectGUID" || root.Base != s.BaseDN || !root.Paging || !root.DirSync || root.Sync || root.Level == 0 {
			t.Errorf("got %+v", root)
		}
	})
	t.Run("ranged values arrive whole", func(t *testing.T) {
		c := dial(t, admin)
		for range 2 {
			e, err := c.Read(t.Context(), "CN=large,OU=Groups,"+s.BaseDN, "member", "cn")
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]bool{}
			for _, v := range e.Get("member") {
				got[string(v)] = true
			}
			if len(got) != contacts || len(e.Get("member")) != contacts {
				t.Errorf("got %d members, %d different, want %d", len(e.Get("member")), len(got), contacts)
			}
		}
	})
	t.Run("account states", func(t *testing.T) {
		states := map[string]directory.Account{}
		names := append([]string{"sAMAccountName"}, directory.AccountAttributes(directory.SambaAD)...)
		_, err := dial(t, admin).Search(t.Context(), directory.Search{Base: "OU=Staff," + s.BaseDN, Scope: directory.ScopeOne, Filter: directory.MustFilter("(objectClass=user)"), Attributes: names}, func(e *directory.Entry) error {
			states[e.First("sAMAccountName")] = directory.AccountOf(directory.SambaAD, e.Get, time.Now())
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]directory.Account{
			"ada": {}, "bob": {Disabled: true}, "cyd": {Expired: true}, "dan": {PasswordExpired: true}, "eve": {}, "fay": {},
		}
		if diff := cmp.Diff(want, states); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("groups: nested and primary", func(t *testing.T) {
		c := dial(t, admin)
		m, r, err := c.Membership(t.Context(), directory.Groups{Bases: []string{s.BaseDN}})
		if err != nil {
			t.Fatal(err)
		}
		if r.References == 0 {
			t.Error("a domain's referrals were not counted")
		}
		e, err := c.Read(t.Context(), "CN=ada,OU=Staff,"+s.BaseDN, "memberOf", "objectSid", "primaryGroupID")
		if err != nil {
			t.Fatal(err)
		}
		w := m.NewWalker()
		w.Begin()
		for _, g := range e.Get("memberOf") {
			w.MemberOf(g)
		}
		w.SID(directory.PrimaryGroupSID(nil, e.Get("objectSid")[0], e.Get("primaryGroupID")[0]))
		var got []string
		for _, g := range w.Groups(true) {
			got = append(got, strings.TrimSuffix(m.DN(g), ","+s.BaseDN))
		}
		want := []string{"CN=Domain Users,CN=Users", "CN=Users,CN=Builtin", "CN=inner,OU=Groups", "CN=middle,OU=Groups", "CN=outer,OU=Groups"}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Error(cmp.Diff(want, got))
		}
	})
	t.Run("identifiers as people write them", func(t *testing.T) {
		e, err := dial(t, admin).Read(t.Context(), "CN=ada,OU=Staff,"+s.BaseDN, "objectGUID", "objectSid", "whenCreated")
		if err != nil {
			t.Fatal(err)
		}
		guid := directory.SyntaxOf("objectguid").Text(e.Get("objectGUID")[0])
		sid := directory.SyntaxOf("objectSid").Text(e.Get("objectSid")[0])
		by := func(dn string) string {
			found, err := dial(t, admin).Read(t.Context(), dn, "cn")
			if err != nil {
				t.Fatalf("%s: %v", dn, err)
			}
			return found.First("cn")
		}
		// The server itself understands both forms as names.
		if by("<GUID="+guid+">") != "ada" || by("<SID="+sid+">") != "ada" {
			t.Errorf("got %s, %s", guid, sid)
		}
		created, err := time.Parse(time.DateTime, directory.SyntaxOf("whenCreated").Text(e.Get("whenCreated")[0]))
		if err != nil || time.Since(created) > time.Hour || time.Since(created) < -time.Minute {
			t.Errorf("created: got %s, %v", created, err)
		}
	})
}

func TestHardenedDomainSaysWhatItWants(t *testing.T) {
	t.Parallel()
	s := lab.Samba(t, lab.SambaConfig{StrongAuth: true})
	cfg := directory.Config{URLs: []string{s.URL()}, Bind: directory.Bind{User: s.AdminUPN, Password: rollcall.Secret(s.Password)}}
	refused(t, cfg, rollcall.Unauthorized, "use ldaps:// or starttls", "strongerAuthRequired (8)")
	cfg.StartTLS, cfg.TLS.CAFile = true, s.CA.File
	reads(t, cfg, s.BaseDN)
	cfg.StartTLS, cfg.URLs = false, []string{s.LDAPS()}
	reads(t, cfg, s.BaseDN)
}
