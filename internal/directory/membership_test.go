package directory

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rollcall/internal/rollcall"
)

// naive is the obvious way: walk up, remembering where one was.
func naive(direct map[string][]string, name string, nested bool) []string {
	seen := map[string]bool{}
	var visit func(string)
	visit = func(n string) {
		for _, g := range direct[n] {
			if !seen[g] {
				seen[g] = true
				if nested {
					visit(g)
				}
			}
		}
	}
	visit(name)
	var out []string
	for g := range seen {
		out = append(out, g)
	}
	slices.Sort(out)
	return out
}

func TestMembershipEqualsTheNaiveClosure(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		groups, people := rapid.IntRange(1, 12).Draw(t, "groups"), rapid.IntRange(1, 10).Draw(t, "people")
		group := func(i int) string { return fmt.Sprintf("cn=g%02d,dc=x", i) }
		person := func(i int) string { return fmt.Sprintf("uid=p%02d,dc=x", i) }
		m, direct := NewMembership(), map[string][]string{}
		for i := range groups {
			m.AddGroup(group(i))
		}
		for range rapid.IntRange(0, 60).Draw(t, "edges") {
			g := rapid.IntRange(0, groups-1).Draw(t, "group")
			who := rapid.IntRange(0, groups+people-1).Draw(t, "member")
			name := person(who - groups)
			if who < groups {
				name = group(who) // cycles and a group within itself included
			}
			switch { // either side may tell
			case who < groups && rapid.Bool().Draw(t, "memberOf"):
				m.AddMemberOf(m.AddGroup(name), []byte(group(g)))
			default:
				m.AddMember(m.AddGroup(group(g)), []byte(strings.ToUpper(name)))
			}
			direct[name] = append(direct[name], group(g))
		}
		m.Seal()
		w := m.NewWalker()
		for i := range people {
			for _, nested := range []bool{true, false} {
				w.Begin()
				w.DN([]byte(person(i)))
				var got []string
				for _, g := range w.Groups(nested) {
					got = append(got, m.DN(g))
				}
				if want := naive(direct, person(i), nested); !slices.Equal(got, want) {
					t.Fatalf("%s nested=%v: got %v, want %v", person(i), nested, got, want)
				}
			}
		}
	})
}

func TestMembershipKnowsEveryWayIn(t *testing.T) {
	t.Parallel()
	m := NewMembership()
	sid := append([]byte{1, 5, 0, 0, 0, 0, 0, 5}, make([]byte, 20)...)
	primary := slices.Clone(sid)
	primary[24], primary[25] = 0x01, 0x02 // RID 513
	m.AddSID(m.AddGroup("CN=Domain Users,DC=x"), primary)
	m.AddLogin(m.AddGroup("cn=posix,dc=x"), []byte("Ann"))
	m.AddGID(m.AddGroup("cn=own,dc=x"), []byte("1000"))
	m.AddMember(m.AddGroup("cn=unique,dc=x"), []byte("CN=Ann\\, B, DC=x#'0101'B"))
	m.AddMemberOf(m.AddGroup("cn=own,dc=x"), []byte("CN=Above,DC=x"))
	m.AddMemberOf(m.AddGroup("cn=own,dc=x"), []byte("CN=Never Read,DC=x"))
	m.AddMember(m.AddGroup("cn=other,dc=x"), []byte("cn=Somebody Else,dc=x"))
	m.AddGroup("cn=above,dc=x")
	m.Seal()
	w := m.NewWalker()
	w.Begin()
	w.DN([]byte("cn=ann\\2c b,dc=x"))
	w.Login([]byte("ann"))
	w.GID([]byte("1000"))
	w.SID(PrimaryGroupSID(nil, sid, []byte("513")))
	var got []string
	for _, g := range w.Groups(true) {
		got = append(got, m.DN(g))
	}
	want := []string{"cn=above,dc=x", "CN=Domain Users,DC=x", "cn=own,dc=x", "cn=posix,dc=x", "cn=unique,dc=x"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMembershipPathIsTheShortestWay(t *testing.T) {
	t.Parallel()
	m := NewMembership()
	above := func(low, high string) { m.AddMemberOf(m.AddGroup(low), []byte(high)); m.AddGroup(high) }
	above("cn=a,dc=x", "cn=b,dc=x")
	above("cn=b,dc=x", "cn=c,dc=x")
	above("cn=c,dc=x", "cn=a,dc=x") // a cycle
	above("cn=a,dc=x", "cn=c,dc=x")
	m.Seal()
	w := m.NewWalker()
	w.Begin()
	w.MemberOf([]byte("CN=A,DC=X"))
	if diff := cmp.Diff([]string{"cn=a,dc=x", "cn=c,dc=x"}, w.Path("cn=C,dc=x")); diff != "" {
		t.Error(diff)
	}
	if got := w.Path("cn=nowhere,dc=x"); got != nil {
		t.Errorf("got %v, want no path", got)
	}
}

func TestFoldedDNEqualsTheParsersFold(t *testing.T) {
	t.Parallel()
	value := rapid.StringOfN(rapid.RuneFrom([]rune(`aZ é,+\ "#=;<>.-_@()09*ßΣ`)), 1, 12, -1)
	var folder dnFolder
	rapid.Check(t, func(t *rapid.T) {
		var text string
		for i := range rapid.IntRange(1, 4).Draw(t, "parts") {
			if i > 0 {
				text += rapid.SampledFrom([]string{",", ", ", " ,", ";"}).Draw(t, "separator")
			}
			text += rapid.SampledFrom([]string{"CN", "ou", "OID.2.5.4.3", "dc "}).Draw(t, "type") + rapid.SampledFrom([]string{"=", " = "}).Draw(t, "equals") +
				rollcall.EscapeDN(value.Draw(t, "value"))
		}
		if got, want := string(AppendFoldedDN(nil, []byte(text))), rollcall.FoldDN(text); got != want {
			t.Fatalf("%q: got %q, want %q", text, got, want)
		}
		sibling := "cn=" + rollcall.EscapeDN(value.Draw(t, "sibling")) + text[max(0, strings.IndexByte(text, ',')):]
		for _, dn := range []string{text, sibling, text} {
			if got, want := string(folder.append([]byte("x"), []byte(dn))), "x"+rollcall.FoldDN(dn); got != want {
				t.Fatalf("%q after others: got %q, want %q", dn, got, want)
			}
		}
	})
}

func TestPruneBasesReadsNoEntryTwice(t *testing.T) {
	t.Parallel()
	bases := []string{"OU=a, DC=x", "ou=B,dc=x", "ou=deep,ou=a,dc=x", "OU=A,DC=X", "ou=aa,dc=x"}
	for scope, want := range map[Scope][]string{
		ScopeSubtree: {"OU=a, DC=x", "ou=B,dc=x", "ou=aa,dc=x"},
		ScopeOne:     {"OU=a, DC=x", "ou=B,dc=x", "ou=deep,ou=a,dc=x", "ou=aa,dc=x"},
	} {
		got, err := PruneBases(bases, scope)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v, want %q", scope, got, err, want)
		}
	}
}

// BenchmarkMembership builds the closure of 100,000 members over 2,000 groups,
// ten deep, with a cycle, and asks it for every member.
func BenchmarkMembership(b *testing.B) {
	const groups, members = 2000, 100_000
	name := make([][]byte, members)
	for i := range name {
		name[i] = fmt.Appendf(nil, "uid=u%06d,ou=people,dc=example,dc=org", i)
	}
	b.ReportAllocs()
	for b.Loop() {
		m := NewMembership()
		for g := range groups {
			id := m.AddGroup(fmt.Sprintf("cn=g%04d,ou=groups,dc=example,dc=org", g))
			if g%10 != 9 {
				m.AddMemberOf(id, fmt.Appendf(nil, "cn=g%04d,ou=groups,dc=example,dc=org", g+1))
			}
			for i := range members / groups {
				m.AddMember(id, name[g*(members/groups)+i])
			}
		}
		m.AddMemberOf(m.AddGroup("cn=g1999,ou=groups,dc=example,dc=org"), []byte("cn=g1990,ou=groups,dc=example,dc=org"))
		m.Seal()
		w := m.NewWalker()
		total := 0
		for _, n := range name {
			w.Begin()
			w.DN(n)
			total += len(w.Groups(true))
		}
		if total < members {
			b.Fatal(total)
		}
	}
}
