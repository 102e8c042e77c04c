package ldap_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
	"rollcall/internal/source/ldap"
	"rollcall/internal/source/sourcetest"
	"rollcall/test/lab"
)

// company is a small OpenLDAP tree: odd names, every kind of group, a cycle.
const company = `dn: ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: people

dn: ou=away,ou=people,dc=example,dc=org
objectClass: organizationalUnit
ou: away

dn: ou=groups,dc=example,dc=org
objectClass: organizationalUnit
ou: groups

dn: uid=ann,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
objectClass: posixAccount
uid: ann
cn: Ann Archer
sn: Archer
employeeNumber: 1
mail: ann@example.org
mail: a.archer@example.org
uidNumber: 1001
gidNumber: 100
homeDirectory: /home/ann

dn: cn=Böck\2C Bob \2B \22x\22,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
cn: Böck, Bob + "x"
sn: Böck
employeeNumber: 2
jpegPhoto:: /9j/AAECAwA=

dn: uid=cyd,ou=away,ou=people,dc=example,dc=org
objectClass: inetOrgPerson
objectClass: shadowAccount
uid: cyd
cn: Cyd
sn: C
employeeNumber: 3
shadowExpire: 1

dn: cn=inner,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: inner
member: UID=Ann, OU=People,dc=example,dc=org

dn: cn=outer,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: outer
member: cn=inner,ou=groups,dc=example,dc=org
member: cn=loop,ou=groups,dc=example,dc=org

dn: cn=loop,ou=groups,dc=example,dc=org
objectClass: groupOfNames
cn: loop
member: cn=outer,ou=groups,dc=example,dc=org

dn: cn=unique,ou=groups,dc=example,dc=org
objectClass: groupOfUniqueNames
cn: unique
uniqueMember: cn=Böck\, Bob \+ \"x\",ou=people,dc=example,dc=org

dn: cn=logins,ou=groups,dc=example,dc=org
objectClass: posixGroup
cn: logins
gidNumber: 200
memberUid: cyd

dn: cn=primary,ou=groups,dc=example,dc=org
objectClass: posixGroup
cn: primary
gidNumber: 100
`

var fields = []string{"CN", "mail", "jpegphoto", "dn", "parent", "rdn", "groups", "disabled", "expired", "cn"}

func config(s *lab.SlapdServer) ldap.Config {
	return ldap.Config{
		Directory: directory.Config{URLs: []string{s.LDAP}, Bind: directory.Bind{User: s.AdminDN, Password: rollcall.Secret(s.Password)}},
		Filter:    "(objectClass=inetOrgPerson)",
		Key:       "employeenumber",
		Fields:    fields,
	}
}

func open(t testing.TB, cfg ldap.Config) *ldap.Collector {
	t.Helper()
	c, err := ldap.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCollector(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: strings.NewReader(company), Limits: []string{`dn.exact="cn=reader,dc=example,dc=org" size=2`}})
	group := func(names ...string) []string {
		var dns []string
		for _, n := range names {
			dns = append(dns, "cn="+n+",ou=groups,dc=example,dc=org")
		}
		return dns
	}
	const (
		ann = "uid=ann,ou=people,dc=example,dc=org"
		bob = `cn=Böck\2C Bob \2B \22x\22,ou=people,dc=example,dc=org`
		cyd = "uid=cyd,ou=away,ou=people,dc=example,dc=org"
	)
	want := map[string]sourcetest.Entry{
		"1": {Name: ann, Fields: map[string][]string{
			"CN": {"Ann Archer"}, "cn": {"Ann Archer"}, "mail": {"ann@example.org", "a.archer@example.org"}, "dn": {ann},
			"parent": {"ou=people,dc=example,dc=org"}, "rdn": {"ann"}, "groups": group("inner", "loop", "outer", "primary"), "disabled": {"0"}, "expired": {"0"}}},
		"2": {Name: bob, Fields: map[string][]string{
			"CN": {`Böck, Bob + "x"`}, "cn": {`Böck, Bob + "x"`}, "jpegphoto": {"\xff\xd8\xff\x00\x01\x02\x03\x00"}, "dn": {bob},
			"parent": {"ou=people,dc=example,dc=org"}, "rdn": {`Böck, Bob + "x"`}, "groups": group("unique"), "disabled": {"0"}, "expired": {"0"}}},
		"3": {Name: cyd, Fields: map[string][]string{
			"CN": {"Cyd"}, "cn": {"Cyd"}, "dn": {cyd},
			"parent": {"ou=away,ou=people,dc=example,dc=org"}, "rdn": {"cyd"}, "groups": group("logins"), "disabled": {"0"}, "expired": {"1"}}},
	}
	broken := func(change func(*ldap.Config)) func(testing.TB) source.Collector {
		return func(t testing.TB) source.Collector {
			cfg := config(s)
			change(&cfg)
			return open(t, cfg)
		}
	}
	fault := func(f lab.Fault) func(testing.TB) source.Collector {
		return func(t testing.TB) source.Collector {
			proxy := lab.Proxy(t, s.Addr)
			proxy.Set(f)
			cfg := config(s)
			cfg.Directory.URLs, cfg.Directory.PageSize = []string{proxy.URL()}, 1
			cfg.Directory.IdleTimeout, cfg.Directory.ConnectTimeout = 300*time.Millisecond, 300*time.Millisecond
			return open(t, cfg)
		}
	}
	sourcetest.Run(t, sourcetest.Suite{
		Open: func(t testing.TB) source.Collector { return open(t, config(s)) },
		Want: want,
		Broken: map[string]func(testing.TB) source.Collector{
			"missing base":      broken(func(c *ldap.Config) { c.Bases = []string{"ou=nobody," + s.BaseDN} }),
			"one base missing":  broken(func(c *ldap.Config) { c.Bases = []string{s.BaseDN, "dc=elsewhere"} }),
			"wrong password":    broken(func(c *ldap.Config) { c.Directory.Bind.Password = "nicht-geheim" }),
			"size limit":        broken(func(c *ldap.Config) { c.Directory.Bind.User = s.ReaderDN }),
			"missing sentinel":  broken(func(c *ldap.Config) { c.Sentinels = []string{ann, "uid=zoe," + s.BaseDN} }),
			"cut in page 3":     fault(lab.Fault{CutPages: 9}),
			"refused":           fault(lab.Fault{Refuse: true}),
			"silent":            fault(lab.Fault{Hold: true}),
			"silent in the end": fault(lab.Fault{CutPages: 9, Stall: true}),
		},
	})
	t.Run("nested and doubled bases read nothing twice", func(t *testing.T) {
		cfg := config(s)
		cfg.Bases = []string{"ou=away,ou=people," + s.BaseDN, "OU=People, " + s.BaseDN, "ou=people," + s.BaseDN}
		if got := keys(t, open(t, cfg)); !slices.Equal(got, []string{"1", "2", "3"}) {
			t.Errorf("got %q", got)
		}
	})
	t.Run("scopes", func(t *testing.T) {
		cfg := config(s)
		cfg.Bases, cfg.Scope = []string{"ou=people," + s.BaseDN, "ou=away,ou=people," + s.BaseDN}, "one"
		if got := keys(t, open(t, cfg)); !slices.Equal(got, []string{"1", "2", "3"}) {
			t.Errorf("one: got %q", got)
		}
		cfg.Bases = cfg.Bases[:1]
		if got := keys(t, open(t, cfg)); !slices.Equal(got, []string{"1", "2"}) {
			t.Errorf("one, upper: got %q", got)
		}
		cfg.Bases, cfg.Scope = []string{ann}, "base"
		if got := keys(t, open(t, cfg)); !slices.Equal(got, []string{"1"}) {
			t.Errorf("base: got %q", got)
		}
	})
	t.Run("the default key is the server's", func(t *testing.T) {
		cfg := config(s)
		cfg.Key = ""
		for _, k := range keys(t, open(t, cfg)) {
			if !regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(k) {
				t.Errorf("got %q, want an entryUUID", k)
			}
		}
	})
	t.Run("a sentinel that the filter leaves out says so", func(t *testing.T) {
		cfg := config(s)
		cfg.Sentinels = []string{"ou=people," + s.BaseDN}
		_, err := open(t, cfg).Collect(t.Context(), func(*rollcall.Entry) error { return nil })
		if rollcall.KindOf(err) != rollcall.Stopped || !strings.Contains(err.Error(), "it exists, but") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("direct groups only", func(t *testing.T) {
		cfg := config(s)
		cfg.Fields, cfg.Groups.Direct = []string{"groups"}, true
		cfg.Filter = "(uid=ann)"
		_, err := open(t, cfg).Collect(t.Context(), func(e *rollcall.Entry) error {
			if got := fmt.Sprintf("%s", e.Values[0]); got != fmt.Sprint(group("inner", "primary")) {
				t.Errorf("got %s", got)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	t.Run("notices", func(t *testing.T) {
		cfg := config(s)
		cfg.Key, cfg.Fields = "uid", []string{"cn", "maill"}
		c := open(t, cfg)
		keys(t, c)
		text := fmt.Sprint(c.Notices())
		for _, words := range []string{"1 of 3 entries have no uid", `no entry has a value for "maill"`} {
			if !strings.Contains(text, words) {
				t.Errorf("got %s, want %q", text, words)
			}
		}
	})
	t.Run("check", func(t *testing.T) {
		got, err := open(t, config(s)).Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(got)
		for _, words := range []string{"the server is OpenLDAP", `the base "dc=example,dc=org" exists`, "looked at 3"} {
			if !strings.Contains(text, words) {
				t.Errorf("got %s, want %q", text, words)
			}
		}
	})
	t.Run("describe", func(t *testing.T) {
		got, err := open(t, config(s)).Describe(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		by := map[string]source.Field{}
		for _, f := range got {
			by[f.Name] = f
		}
		if f := by["mail"]; !f.Multiple || f.Entries != 1 || len(f.Examples) != 1 {
			t.Errorf("mail: got %+v", f)
		}
		if !by["jpegPhoto"].Binary || !by["groups"].Computed || by["entryUUID"].Entries != 3 {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("find says what keeps an entry out", func(t *testing.T) {
		cfg := config(s)
		cfg.Filter = "(&(objectClass=inetOrgPerson)(mail=*)(!(sn=Böck)))"
		cfg.Bases, cfg.Key = []string{"ou=people," + s.BaseDN}, "uid"
		c := open(t, cfg)
		for text, want := range map[string][]ldap.Candidate{
			"ann@example.org": {{DN: ann, Key: "ann", Included: true, Groups: group("inner", "loop", "outer", "primary"),
				Ways: [][]string{group("inner"), group("inner", "outer", "loop"), group("inner", "outer"), group("primary")}}},
			"Ann Archer": {{DN: ann, Key: "ann", Included: true, Groups: group("inner", "loop", "outer", "primary"),
				Ways: [][]string{group("inner"), group("inner", "outer", "loop"), group("inner", "outer"), group("primary")}}},
			bob: {{DN: bob, Groups: group("unique"), Ways: [][]string{group("unique")}, Reasons: []string{
				"it does not fulfil (mail=*); it has no mail",
				"it does not fulfil (!(sn=Böck)); it has sn=Böck",
				"it has no uid, the source's key",
			}}},
			"inner": {{DN: group("inner")[0], Groups: group("loop", "outer"), Ways: [][]string{group("outer", "loop"), group("outer")}, Reasons: []string{
				`it lies outside the base "ou=people,dc=example,dc=org"`,
				"it does not fulfil (objectClass=inetOrgPerson); it has objectClass=groupOfNames",
				"it does not fulfil (mail=*); it has no mail",
				"it has no uid, the source's key",
			}}},
			"nobody":        nil,
			"*)(uid=*":      nil,
			"uid=nobody,dc": nil,
		} {
			got, err := c.Find(t.Context(), text)
			if err != nil {
				t.Errorf("%s: %v", text, err)
			} else if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", text, diff)
			}
		}
	})
}

func TestConfigurationIsCheckedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*ldap.Config){
		"at character 4":              func(c *ldap.Config) { c.Filter = "(cn" },
		"groups: the filter":          func(c *ldap.Config) { c.Groups.Filter = "(" },
		"base: the DN":                func(c *ldap.Config) { c.Bases = []string{"people"} },
		"base of groups: the DN":      func(c *ldap.Config) { c.Groups.Bases = []string{"people"} },
		"sentinel: the DN":            func(c *ldap.Config) { c.Sentinels = []string{"ann"} },
		`unknown scope "all"`:         func(c *ldap.Config) { c.Scope = "all" },
		"no server: give a URL":       func(c *ldap.Config) { c.Directory.URLs = nil },
		"the password of x is empty":  func(c *ldap.Config) { c.Directory.Bind = directory.Bind{User: "x"} },
		"StartTLS needs an ldap://":   func(c *ldap.Config) { c.Directory.StartTLS, c.Directory.URLs = true, []string{"ldaps://x"} },
		`unknown way to bind "magic"`: func(c *ldap.Config) { c.Directory.Bind.Method = "magic" },
	} {
		cfg := ldap.Config{Directory: directory.Config{URLs: []string{"ldap://127.0.0.1"}}}
		change(&cfg)
		if _, err := ldap.New(cfg); rollcall.KindOf(err) != rollcall.Invalid || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// keys collects the sorted keys.
func keys(t *testing.T, c *ldap.Collector) []string {
	t.Helper()
	var list []string
	if _, err := c.Collect(t.Context(), func(e *rollcall.Entry) error {
		list = append(list, string(e.Key))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}
