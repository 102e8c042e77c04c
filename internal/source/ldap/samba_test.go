package ldap_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
	"rollcall/internal/source/ldap"
	"rollcall/internal/source/sourcetest"
	"rollcall/test/lab"
)

const domain = "DC=corp,DC=example,DC=com"

func user(name, more string) string {
	return fmt.Sprintf("dn: CN=%[1]s,CN=Users,%[2]s\nobjectClass: user\nsAMAccountName: %[1]s\nuserPrincipalName: %[1]s@corp.example.com\nsn: %[1]s\nuserAccountControl: 512\n%[3]s\n", name, domain, more)
}

func adGroup(name string, members ...string) string {
	text := fmt.Sprintf("dn: CN=%[1]s,CN=Users,%[2]s\nobjectClass: group\nsAMAccountName: %[1]s\n", name, domain)
	for _, m := range members {
		text += fmt.Sprintf("member: CN=%s,CN=Users,%s\n", m, domain)
	}
	return text + "\n"
}

func TestCollectorReadsADomain(t *testing.T) {
	t.Parallel()
	s := lab.Samba(t, lab.SambaConfig{Data: user("ada", "") + user("bob", "manager: CN=ada,CN=Users,"+domain+"\naccountExpires: 133536798050000000\n") + user("cyd", "") +
		adGroup("inner", "ada") + adGroup("outer", "inner", "cyd")})
	for _, name := range []string{"ada", "bob", "cyd"} {
		s.SetPassword(name, "Lovelace.1815")
	}
	s.Tool("user", "disable", "bob")
	s.Tool("domain", "passwordsettings", "set", "--account-lockout-threshold=3")
	cfg := ldap.Config{
		Directory: directory.Config{
			URLs: []string{s.LDAPS()}, TLS: directory.TLS{CAFile: s.CA.File}, PageSize: 2, IdleTimeout: 20 * time.Second,
			Bind: directory.Bind{User: s.AdminUPN, Password: rollcall.Secret(s.Password)},
		},
		Filter: "(&(objectCategory=person)(objectClass=user)(sn=*))",
		Key:    "samaccountname",
		Fields: []string{"manager", "accountExpires", "groups", "disabled", "locked", "expired", "password_expired", "rdn"},
	}
	wrong := cfg.Directory
	wrong.Bind = directory.Bind{User: "cyd@corp.example.com", Password: "nicht-geheim"}
	for range 4 {
		if _, err := directory.Dial(t.Context(), wrong); err == nil {
			t.Fatal("a wrong password was accepted")
		}
	}
	wrong.Bind.Password = "Lovelace.1815"
	if _, err := directory.Dial(t.Context(), wrong); err == nil || !strings.Contains(err.Error(), "the account is locked after too many wrong passwords (775)") {
		t.Errorf("locked: got %v", err)
	}
	entry := func(name string, fields map[string][]string, groups ...string) sourcetest.Entry {
		fields["rdn"] = []string{name}
		for _, flag := range []string{"disabled", "locked", "expired", "password_expired"} {
			if fields[flag] == nil {
				fields[flag] = []string{"0"}
			}
		}
		for _, g := range append(groups, "Domain Users,CN=Users", "Users,CN=Builtin") {
			fields["groups"] = append(fields["groups"], "CN="+g+","+domain)
		}
		slices.SortFunc(fields["groups"], func(a, b string) int { return strings.Compare(rollcall.FoldDN(a), rollcall.FoldDN(b)) })
		return sourcetest.Entry{Name: "CN=" + name + ",CN=Users," + domain, Fields: fields}
	}
	on := []string{"1"}
	sourcetest.Run(t, sourcetest.Suite{
		Open: func(t testing.TB) source.Collector { return open(t, cfg) },
		Want: map[string]sourcetest.Entry{
			"ada": entry("ada", map[string][]string{}, "inner,CN=Users", "outer,CN=Users"),
			"bob": entry("bob", map[string][]string{"manager": {"CN=ada,CN=Users," + domain}, "accountExpires": {"2024-02-29 11:30:05"}, "disabled": on, "expired": on}),
			"cyd": entry("cyd", map[string][]string{"locked": on}, "outer,CN=Users"),
		},
		Broken: map[string]func(testing.TB) source.Collector{
			"missing base": func(t testing.TB) source.Collector {
				other := cfg
				other.Bases = []string{"OU=Nobody," + domain}
				return open(t, other)
			},
		},
	})
	t.Run("the default key is the GUID", func(t *testing.T) {
		other := cfg
		other.Key = ""
		c := open(t, other)
		list := keys(t, c)
		for _, k := range list {
			if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(k) {
				t.Errorf("got %q", k)
			}
		}
		found, err := c.Find(t.Context(), list[0])
		if err != nil || len(found) != 1 || found[0].Key != list[0] || !found[0].Included {
			t.Errorf("find by GUID: got %+v, %v", found, err)
		}
		if text := fmt.Sprint(c.Notices()); !strings.Contains(text, "parts of the tree live on other servers") {
			t.Errorf("got %s, want the referrals", text)
		}
	})
	t.Run("find explains a bit filter", func(t *testing.T) {
		other := cfg
		other.Filter = "(&(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))"
		found, err := open(t, other).Find(t.Context(), "bob")
		want := "it does not fulfil (!(userAccountControl:1.2.840.113556.1.4.803:=2)); it has userAccountControl=514"
		if err != nil || len(found) != 1 || len(found[0].Reasons) != 1 || found[0].Reasons[0] != want {
			t.Errorf("got %+v, %v", found, err)
		}
	})
}
