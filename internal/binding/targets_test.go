package binding_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rollcall/internal/binding"
	"rollcall/internal/rollcall"
)

func described(targets []binding.Target) []string {
	var list []string
	for _, t := range targets {
		above := "the root"
		if t.Parent >= 0 {
			above = targets[t.Parent].Name
		}
		line := fmt.Sprintf("%s below %s", t.Name, above)
		if t.Renamed {
			line += ", renamed"
		}
		list = append(list, line)
	}
	return list
}

func TestTheTreeOfGroupsIsMirroredParentsFirst(t *testing.T) {
	t.Parallel()
	mirror := []rollcall.Binding{{Name: "m", Gives: []rollcall.Gift{{Kind: rollcall.GrantPath, Target: "/ldap-groups"}}}}
	groups := tree("a b", "b c", "c", "d a c", "ring1 ring2", "ring2 ring1", "self self", "out/side")
	targets, _ := binding.Targets(mirror, [][]uint32{{0, 1, 2, 3, 4, 5, 6, 7}}, groups, nil)
	want := []string{"c below the root", "b below c", "a below b", "d below a", "ring2 below the root", "ring1 below ring2", "self below the root", "out∕side below the root"}
	if diff := cmp.Diff(want, described(targets)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestEveryTargetComesAfterItsParent(t *testing.T) {
	t.Parallel()
	mirror := []rollcall.Binding{{Name: "m", Gives: []rollcall.Gift{{Kind: rollcall.GrantPath, Target: "/x"}}}}
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		var all []uint32
		for i := range w.groups {
			all = append(all, uint32(i))
		}
		targets, vanished := binding.Targets(mirror, [][]uint32{all}, w.groups, nil)
		if len(targets) != len(all) || len(vanished) > 0 {
			t.Fatalf("%d targets for %d groups, %d vanished", len(targets), len(all), len(vanished))
		}
		seen := map[uint32]bool{}
		for i, target := range targets {
			if target.Parent >= i || seen[target.Group] {
				t.Fatalf("target %d of group %d hangs below %d", i, target.Group, target.Parent)
			}
			seen[target.Group] = true
		}
	})
}

func TestARoleFollowsItsGroupsName(t *testing.T) {
	t.Parallel()
	role := rollcall.Gift{Kind: rollcall.GrantRole, Target: "Vertrieb"}
	was := rollcall.BoundGroup{ID: 1, Binding: "r", Gift: role, Key: "id-sales", Name: "verkauf"}
	for _, c := range []struct {
		name    string
		binding rollcall.Binding
		earlier []rollcall.BoundGroup
		want    string
	}{
		{"new", rollcall.Binding{Name: "r", Rename: true, Gives: []rollcall.Gift{role}}, nil, "Vertrieb below the root"},
		{"renamed", rollcall.Binding{Name: "r", Rename: true, Gives: []rollcall.Gift{role}}, []rollcall.BoundGroup{was}, "sales below the root, renamed"},
		{"not followed", rollcall.Binding{Name: "r", Gives: []rollcall.Gift{role}}, []rollcall.BoundGroup{was}, "Vertrieb below the root"},
	} {
		targets, _ := binding.Targets([]rollcall.Binding{c.binding}, [][]uint32{{0}}, tree("sales"), c.earlier)
		if diff := cmp.Diff([]string{c.want}, described(targets)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestATargetTakesItsNameFromThePattern(t *testing.T) {
	t.Parallel()
	b := []rollcall.Binding{{Name: "b", Groups: rollcall.GroupChoice{Pattern: regexp.MustCompile(`^app-(.+)$`)},
		Gives: []rollcall.Gift{{Kind: rollcall.GrantRole, Target: "$1 user"}, {Kind: rollcall.GrantTeam, Target: "${1}"}}}}
	targets, _ := binding.Targets(b, [][]uint32{{0}}, tree("app-crm"), nil)
	if diff := cmp.Diff([]string{"crm user below the root", "crm below the root"}, described(targets)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAGroupThatIsNotReadVanished(t *testing.T) {
	t.Parallel()
	gift := rollcall.Gift{Kind: rollcall.GrantRole, Target: "R"}
	b := []rollcall.Binding{{Name: "b", Gives: []rollcall.Gift{gift}}}
	earlier := []rollcall.BoundGroup{
		{ID: 1, Binding: "b", Gift: gift, Key: "id-here"}, {ID: 2, Binding: "b", Gift: gift, Key: "id-gone"}, {ID: 3, Binding: "removed", Gift: gift, Key: "id-here"},
	}
	targets, vanished := binding.Targets(b, [][]uint32{{0}}, tree("here"), earlier)
	if len(targets) != 1 || targets[0].Was == nil || targets[0].Was.ID != 1 {
		t.Errorf("got %+v, want the group as it was bound", targets)
	}
	if len(vanished) != 2 || vanished[0].ID != 2 || vanished[1].ID != 3 {
		t.Errorf("vanished: %+v, want the group that is gone and the binding that is", vanished)
	}
}
