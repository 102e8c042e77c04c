package binding_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rollcall/internal/binding"
	"rollcall/internal/rollcall"
)

// tree makes groups of a list of names, each followed by the names of the groups
// that it belongs to.
func tree(lines ...string) []rollcall.Group {
	at := map[string]uint32{}
	groups := make([]rollcall.Group, len(lines))
	for i, line := range lines {
		name := strings.Fields(line)[0]
		at[name] = uint32(i)
		groups[i] = rollcall.Group{Key: "id-" + name, RawKey: "id-" + name, Name: name, DN: "cn=" + name + ",dc=x"}
	}
	for i, line := range lines {
		for _, p := range strings.Fields(line)[1:] {
			groups[i].Parents = append(groups[i].Parents, at[p])
		}
	}
	return groups
}

func TestGroupsAreChosen(t *testing.T) {
	t.Parallel()
	groups := tree("app-crm", "app-mail", "sales")
	groups[2].DN = "cn=sales,ou=Business,dc=x"
	for _, c := range []struct {
		name   string
		choice rollcall.GroupChoice
		want   []uint32
	}{
		{"identifier", rollcall.GroupChoice{ID: "ID-SALES"}, []uint32{2}},
		{"name, whatever its case", rollcall.GroupChoice{Name: "Sales"}, []uint32{2}},
		{"DN, however it is spelled", rollcall.GroupChoice{DN: "CN=Sales, OU=business, DC=X"}, []uint32{2}},
		{"base", rollcall.GroupChoice{Base: "OU=business,dc=x"}, []uint32{2}},
		{"pattern", rollcall.GroupChoice{Pattern: regexp.MustCompile("^app-")}, []uint32{0, 1}},
		{"what the directory found", rollcall.GroupChoice{Filter: "(cn=*)"}, []uint32{0, 2}},
		{"nobody", rollcall.GroupChoice{Name: "other"}, nil},
	} {
		if got := binding.Choose(groups, &c.choice, []uint32{2, 0, 2}); !cmp.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// TestK11MacrosAreEscaped puts names into a filter that would change its meaning.
func TestK11MacrosAreEscaped(t *testing.T) {
	t.Parallel()
	group := rollcall.Group{Key: "0102", RawKey: "\x01*\x02", Name: `a*b(c)\d`, DN: `cn=a\,b(c),dc=x`}
	got := binding.MembersFilter("(|(memberOf=[#LDAPGroupDN#])(cn=[#LDAPGroupName#])(id=[#LDAPGroupIdentity#])(ou={0}))", &group)
	want := `(|(memberOf=cn=a\5c,b\28c\29,dc=x)(cn=a\2ab\28c\29\5cd)(id=\01\2a\02)(ou=a\2ab\28c\29\5cd))`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := binding.GroupsFilter("(&(cn={0})(objectClass=group))"), "(&(cn=*)(objectClass=group))"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAMacroCannotBreakOutOfItsFilter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOf(rapid.Byte()).Draw(t, "raw")
		group := rollcall.Group{Key: "text", RawKey: string(raw), Name: rapid.String().Draw(t, "name"), DN: rapid.String().Draw(t, "dn")}
		for _, macro := range []string{binding.MacroDN, binding.MacroName, binding.MacroIdentity, binding.MacroAny} {
			got := binding.MembersFilter("(a="+macro+")", &group)
			inner := strings.TrimSuffix(strings.TrimPrefix(got, "(a="), ")")
			if strings.ContainsAny(inner, "()*\x00") {
				t.Fatalf("%s: %q can be read as more than a value", macro, got)
			}
		}
	})
}

func via(rights []binding.Right) []string {
	var list []string
	for _, r := range rights {
		list = append(list, fmt.Sprintf("%s %d by %s", r.Kind, r.Target, strings.ReplaceAll(r.Via, "\n", " and ")))
	}
	return list
}

func TestTheShortestWayToEachGroupIsTold(t *testing.T) {
	t.Parallel()
	groups := tree("company", "eu company", "office eu", "ring1 ring2", "ring2 ring1 company", "self self")
	nested := &rollcall.Binding{Name: "n", Nested: true, Type: "member"}
	direct := &rollcall.Binding{Name: "d", Type: "member"}
	r := binding.NewRights(groups, []binding.Slot{
		{Binding: nested, Group: 0, Kind: rollcall.GrantRole, Target: 1},
		{Binding: direct, Group: 0, Kind: rollcall.GrantRole, Target: 2},
		{Binding: direct, Group: 2, Kind: rollcall.GrantProfile, Target: 3},
		{Binding: nested, Group: 5, Kind: rollcall.GrantRole, Target: 4},
	})
	for _, c := range []struct {
		direct []uint32
		want   []string
	}{
		{nil, nil},
		{[]uint32{0}, []string{"role 1 by cn=company,dc=x", "role 2 by cn=company,dc=x"}},
		{[]uint32{2}, []string{"profile 3 by cn=office,dc=x", "role 1 by cn=office,dc=x > cn=eu,dc=x > cn=company,dc=x"}},
		{[]uint32{1, 2}, []string{"profile 3 by cn=office,dc=x", "role 1 by cn=eu,dc=x > cn=company,dc=x"}},
		{[]uint32{3}, []string{"role 1 by cn=ring1,dc=x > cn=ring2,dc=x > cn=company,dc=x"}},
		{[]uint32{5}, []string{"role 4 by cn=self,dc=x"}},
	} {
		if diff := cmp.Diff(c.want, via(r.Of(nil, binding.Entry{Direct: c.direct}))); diff != "" {
			t.Errorf("directly in %v (-want +got):\n%s", c.direct, diff)
		}
	}
}

func TestAVeryDeepNestingEnds(t *testing.T) {
	t.Parallel()
	const depth = 10_000
	groups := make([]rollcall.Group, depth)
	for i := range groups {
		groups[i] = rollcall.Group{DN: fmt.Sprintf("cn=%d", i), Parents: []uint32{uint32((i + 1) % depth)}}
	}
	b := &rollcall.Binding{Name: "b", Nested: true}
	r := binding.NewRights(groups, []binding.Slot{{Binding: b, Group: depth - 1, Kind: rollcall.GrantRole, Target: 1}})
	got := r.Of(nil, binding.Entry{Direct: []uint32{0}})
	if len(got) != 1 || !strings.HasPrefix(got[0].Via, "cn=0 > ") || !strings.HasSuffix(got[0].Via, " > cn=9999") || len(got[0].Via) > 1000 {
		t.Errorf("got %v, want one right by a way that is told in short", got)
	}
}

// world is a made-up directory with what its bindings come to.
type world struct {
	groups []rollcall.Group
	slots  []binding.Slot
	direct [][]uint32 // of each holder
}

func drawWorld(t *rapid.T) *world {
	n := rapid.IntRange(1, 8).Draw(t, "groups")
	w := &world{groups: make([]rollcall.Group, n)}
	some := rapid.SliceOfN(rapid.Uint32Range(0, uint32(n-1)), 0, 3)
	for i := range w.groups {
		w.groups[i] = rollcall.Group{Key: fmt.Sprint(i), DN: fmt.Sprintf("cn=%d", i), Parents: some.Draw(t, "parents")}
	}
	bindings := []*rollcall.Binding{{Name: "a", Nested: true, Type: "member"}, {Name: "b", Type: "member"}, {Name: "c", Nested: true, Type: "guest"}}
	for range rapid.IntRange(0, 8).Draw(t, "slots") {
		w.slots = append(w.slots, binding.Slot{
			Binding: rapid.SampledFrom(bindings).Draw(t, "binding"),
			Group:   rapid.Uint32Range(0, uint32(n-1)).Draw(t, "group"),
			Kind:    rapid.SampledFrom([]rollcall.GrantKind{rollcall.GrantRole, rollcall.GrantProfile}).Draw(t, "kind"),
			Target:  rollcall.ObjectID(rapid.IntRange(1, 3).Draw(t, "target")),
		})
	}
	for range rapid.IntRange(1, 5).Draw(t, "holders") {
		w.direct = append(w.direct, some.Draw(t, "direct"))
	}
	return w
}

// reachable works out membership the plain way.
func (w *world) reachable(from, to uint32) bool {
	seen := map[uint32]bool{from: true}
	for queue := []uint32{from}; len(queue) > 0; queue = queue[1:] {
		if queue[0] == to {
			return true
		}
		for _, p := range w.groups[queue[0]].Parents {
			if !seen[p] {
				seen[p] = true
				queue = append(queue, p)
			}
		}
	}
	return false
}

type gotten struct {
	kind   rollcall.GrantKind
	typ    string
	target rollcall.ObjectID
}

func (w *world) wants(holder int) map[gotten]bool {
	want := map[gotten]bool{}
	for _, s := range w.slots {
		for _, d := range w.direct[holder] {
			if d == s.Group || s.Binding.Nested && w.reachable(d, s.Group) {
				typ := ""
				if s.Kind == rollcall.GrantRole {
					typ = s.Binding.Type
				}
				want[gotten{s.Kind, typ, s.Target}] = true
			}
		}
	}
	return want
}

func rightsOf(rights []binding.Right) map[gotten]bool {
	got := map[gotten]bool{}
	for _, r := range rights {
		got[gotten{r.Kind, r.Type, r.Target}] = true
	}
	return got
}

// grantsOf is what runs keep of rights that they gave.
func grantsOf(rights []binding.Right) []rollcall.Grant {
	var grants []rollcall.Grant
	for i, r := range rights {
		grants = append(grants, rollcall.Grant{ID: int64(i + 1), Binding: r.Binding, Kind: r.Kind, Type: r.Type, Target: r.Target, Via: r.Via, Made: true})
	}
	return grants
}

func isNothing(s binding.Step) bool {
	return len(s.Add)+len(s.Again)+len(s.Retell)+len(s.Take) == 0
}

func TestRightsAreThoseOfAllGroupsReached(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		r := binding.NewRights(w.groups, w.slots)
		for h := range w.direct {
			rights := r.Of(nil, binding.Entry{Direct: w.direct[h]})
			if diff := cmp.Diff(w.wants(h), rightsOf(rights)); diff != "" {
				t.Fatalf("holder %d (-want +got):\n%s", h, diff)
			}
			if len(rights) != len(rightsOf(rights)) {
				t.Fatalf("a right comes twice: %v", rights)
			}
		}
	})
}

func TestTwiceIsOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		r := binding.NewRights(w.groups, w.slots)
		for h := range w.direct {
			rights := r.Of(nil, binding.Entry{Direct: w.direct[h]})
			again := r.Of(nil, binding.Entry{Direct: w.direct[h]})
			if s := binding.Compare(again, grantsOf(rights), nil, nil); !isNothing(s) {
				t.Fatalf("the second time: %+v", s)
			}
		}
	})
}

// TestLeavingOneOfTwoGroupsKeepsWhatTheOtherGives takes one group at a time from
// a holder: what is taken away is what no other group gives.
func TestLeavingOneOfTwoGroupsKeepsWhatTheOtherGives(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		r := binding.NewRights(w.groups, w.slots)
		for h := range w.direct {
			if len(w.direct[h]) == 0 {
				continue
			}
			before := r.Of(nil, binding.Entry{Direct: w.direct[h]})
			w.direct[h] = w.direct[h][1:]
			s := binding.Compare(r.Of(nil, binding.Entry{Direct: w.direct[h]}), grantsOf(before), nil, nil)
			left := rightsOf(before)
			for _, g := range s.Take {
				delete(left, gotten{g.Kind, g.Type, g.Target})
			}
			if len(s.Add) > 0 || !maps.Equal(left, w.wants(h)) {
				t.Fatalf("left with %v and given %v, want %v", left, s.Add, w.wants(h))
			}
		}
	})
}

// TestOnlyWhatRunsGaveIsTakenAway holds a decision to the grants on record: a
// membership that somebody made by hand is not among them.
func TestOnlyWhatRunsGaveIsTakenAway(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		r := binding.NewRights(w.groups, w.slots)
		rights := r.Of(nil, binding.Entry{Direct: w.direct[0]})
		all := grantsOf(rights)
		recorded := all[:rapid.IntRange(0, len(all)).Draw(t, "recorded")]
		s := binding.Compare(nil, recorded, nil, nil)
		if len(s.Take) != len(recorded) || len(s.Add) > 0 {
			t.Fatalf("took %v of %v", s.Take, recorded)
		}
		s = binding.Compare(nil, recorded, nil, func(*rollcall.Grant) bool { return true })
		if !isNothing(s) {
			t.Fatalf("kept grants: %+v", s)
		}
	})
}

func TestAGrantWhoseLinkSomebodyRemovedIsGivenAgain(t *testing.T) {
	t.Parallel()
	w := []binding.Right{{Binding: "a", Kind: rollcall.GrantRole, Target: 1, Via: "x"}}
	s := binding.Compare(w, grantsOf(w), map[int64]bool{1: true}, nil)
	if len(s.Again) != 1 || len(s.Add)+len(s.Take)+len(s.Retell) > 0 {
		t.Errorf("got %+v, want it given again", s)
	}
	w[0].Via = "y"
	s = binding.Compare(w, []rollcall.Grant{{ID: 1, Binding: "a", Kind: rollcall.GrantRole, Target: 1, Via: "x"}}, nil, nil)
	if len(s.Retell) != 1 || s.Retell[0].Via != "y" {
		t.Errorf("got %+v, want the new way told", s)
	}
}

func TestScarceThingsGoToWhoAsksFirst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		free, short int
		want        []string
	}{{3, 0, []string{"a", "b"}}, {1, 1, []string{"a"}}, {0, 2, []string{}}, {-4, 2, []string{}}} {
		got, short := binding.Allot([]string{"a", "b"}, c.free)
		if !slices.Equal(got, c.want) || short != c.short {
			t.Errorf("%d free: got %v and %d short, want %v and %d", c.free, got, short, c.want, c.short)
		}
	}
}
