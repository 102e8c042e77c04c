package ldap_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
	"rollcall/internal/source/ldap"
	"rollcall/test/lab"
)

// seen is what was read of an entry and its groups.
type seen struct {
	Key            string
	Fields         []string
	Direct, Closed []string // what the groups are called, those above them included
}

// read reads one entry by Pick or Glance and tells what came of it.
func read(t *testing.T, name string, by func(context.Context, string, func([]rollcall.Group, source.GroupFinder) error, func(*rollcall.Entry) error) error) (list []seen) {
	t.Helper()
	var groups []rollcall.Group
	err := by(t.Context(), name, func(all []rollcall.Group, _ source.GroupFinder) error {
		groups = all
		return nil
	}, func(e *rollcall.Entry) error {
		one := seen{Key: string(e.Key)}
		for i := range e.Fields {
			one.Fields = append(one.Fields, fmt.Sprintf("%s %q", e.Fields[i], e.Values[i]))
		}
		known := map[uint32]bool{}
		queue := slices.Clone(e.Groups)
		for _, at := range queue {
			one.Direct = append(one.Direct, groups[at].Key+" "+groups[at].Name+" "+groups[at].DN)
		}
		for ; len(queue) > 0; queue = queue[1:] {
			if at := queue[0]; !known[at] {
				known[at] = true
				one.Closed = append(one.Closed, groups[at].Key+" "+groups[at].Name+" "+groups[at].DN)
				queue = append(queue, groups[at].Parents...)
			}
		}
		slices.Sort(one.Closed)
		list = append(list, one)
		return nil
	})
	if err != nil {
		t.Fatalf("read %s: %v", name, err)
	}
	return list
}

// glanced compares what a glance and a whole reading tell of some entries, and
// returns how many a glance was sure of.
func glanced(t *testing.T, c *ldap.Collector, names ...string) (surely int) {
	t.Helper()
	for _, name := range names {
		sure := false
		got := read(t, name, func(ctx context.Context, name string, begin func([]rollcall.Group, source.GroupFinder) error, emit func(*rollcall.Entry) error) error {
			var err error
			sure, err = c.Glance(ctx, name, begin, emit)
			return err
		})
		if !sure {
			if got != nil {
				t.Errorf("%s: got %v without being sure", name, got)
			}
			continue
		}
		surely++
		if diff := cmp.Diff(read(t, name, c.Pick), got); diff != "" {
			t.Errorf("%s (-pick +glance):\n%s", name, diff)
		}
	}
	return surely
}

// TestAGlanceTellsTheGroupsThatARunWould of OpenLDAP, whoever belongs to
// whatever: groups in groups, cycles, several attributes of membership, primary
// groups by number, names that must be escaped.
func TestAGlanceTellsTheGroupsThatARunWould(t *testing.T) {
	t.Parallel()
	const people, groups = 20, 40
	random := rand.New(rand.NewPCG(5, 8))
	person := func(n int) string { return fmt.Sprintf(`cn=Per\2C son (%d*),ou=people,dc=example,dc=org`, n) }
	group := func(n int) string { return fmt.Sprintf(`cn=Group \2B%d,ou=groups,dc=example,dc=org`, n) }
	var b strings.Builder
	b.WriteString("dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n\ndn: ou=groups,dc=example,dc=org\nobjectClass: organizationalUnit\nou: groups\n\n")
	var names []string
	for n := range people {
		names = append(names, person(n))
		fmt.Fprintf(&b, "dn: %s\nobjectClass: inetOrgPerson\nobjectClass: posixAccount\ncn: Per, son (%d*)\nsn: x\nuid: p%[2]d\nuidNumber: %[2]d\ngidNumber: %d\nhomeDirectory: /\nemployeeNumber: %[2]d\n\n", person(n), n, n%7)
	}
	for n := range groups {
		class, attribute := "groupOfNames", "member"
		switch {
		case n%8 == 3:
			class, attribute = "groupOfUniqueNames", "uniqueMember"
		case n%8 == 5:
			fmt.Fprintf(&b, "dn: %s\nobjectClass: posixGroup\ncn: Group +%d\ngidNumber: %d\n\n", group(n), n, n%7)
			continue
		}
		fmt.Fprintf(&b, "dn: %s\nobjectClass: %s\ncn: Group +%d\n", group(n), class, n)
		for _, m := range random.Perm(people + groups)[:1+random.IntN(4)] {
			if m < people {
				fmt.Fprintf(&b, "%s: %s\n", attribute, person(m))
			} else {
				fmt.Fprintf(&b, "%s: %s\n", attribute, group(m-people))
			}
		}
		b.WriteString("\n")
	}
	s := lab.Slapd(t, lab.SlapdConfig{Data: strings.NewReader(b.String())})
	cfg := config(s)
	cfg.Fields = []string{"cn", "groups", "dn"}
	if surely := glanced(t, open(t, cfg), append(names, "cn=nobody,ou=people,dc=example,dc=org")...); surely < people/2 {
		t.Errorf("a glance was sure of %d of %d people", surely, people)
	}
	// Who is asked for elsewhere is there nowhere.
	if glanced(t, open(t, cfg), group(0), "dc=elsewhere") != 2 {
		t.Error("not sure of who is not in the source")
	}
	// Logins in groups compare in another way on the server: nothing is sure then.
	s.Add("dn: cn=late,ou=groups,dc=example,dc=org\nobjectClass: posixGroup\ncn: late\ngidNumber: 99\nmemberUid: P1\n")
	if surely := glanced(t, open(t, cfg), names...); surely != 0 {
		t.Errorf("sure of %d people in a directory with logins in groups", surely)
	}
	// Within a part of the tree without such groups all is well.
	cfg.Groups.Filter = "(objectClass=groupOfNames)"
	if surely := glanced(t, open(t, cfg), names...); surely < people/3 {
		t.Errorf("a glance was sure of %d of %d people among groups of names", surely, people)
	}
}

// TestAGlanceTellsTheGroupsOfADomain: memberOf, nested groups and primary groups
// of Active Directory.
func TestAGlanceTellsTheGroupsOfADomain(t *testing.T) {
	t.Parallel()
	s := lab.Samba(t, lab.SambaConfig{Data: user("ada", "") + user("bob", "") + user("cyd", "") +
		adGroup("inner", "ada") + adGroup("middle", "inner", "bob") + adGroup("outer", "middle") + adGroup("odd (x*)", "outer", "ada")})
	c := open(t, ldap.Config{
		Directory: directory.Config{
			URLs: []string{s.LDAPS()}, TLS: directory.TLS{CAFile: s.CA.File}, IdleTimeout: 20 * time.Second,
			Bind: directory.Bind{User: s.AdminUPN, Password: rollcall.Secret(s.Password)},
		},
		Filter: "(&(objectCategory=person)(objectClass=user)(sn=*))",
		Fields: []string{"sAMAccountName", "groups"},
	})
	var names []string
	for _, name := range []string{"ada", "bob", "cyd"} {
		names = append(names, "CN="+name+",CN=Users,"+domain)
	}
	if surely := glanced(t, c, names...); surely != 3 {
		t.Errorf("sure of %d people of three", surely)
	}
	s.Tool("group", "addmembers", "outer", "cyd")
	s.Tool("group", "removemembers", "inner", "ada")
	if surely := glanced(t, c, names...); surely != 3 {
		t.Errorf("sure of %d people of three after changes", surely)
	}
}
