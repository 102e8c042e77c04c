package schema_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
)

func TestARequestGoesThroughItsStates(t *testing.T) {
	t.Parallel()
	m, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	request := m.Class("UserRequest")
	l := request.Lifecycle
	if l == nil || l.Attribute != "status" || l.Initial != "new" {
		t.Fatalf("got %+v", l)
	}
	for _, tt := range []struct{ from, stimulus, to string }{
		{"new", "ev_assign", "assigned"}, {"assigned", "ev_assign", ""}, {"assigned", "ev_resolve", "resolved"},
		{"resolved", "ev_close", "closed"}, {"closed", "ev_reopen", ""}, {"new", "ev_nosuch", ""}, {"nosuch", "ev_assign", ""},
	} {
		to := ""
		if transition := l.Transition(tt.from, tt.stimulus); transition != nil {
			to = transition.To
		}
		if to != tt.to {
			t.Errorf("%s on %s: got %q, want %q", tt.stimulus, tt.from, to, tt.to)
		}
	}
	if diff := cmp.Diff([]string{"resolution_code", "solution"}, l.Mandatory(request, "resolved")); diff != "" {
		t.Error(diff)
	}
	if got := l.Mandatory(request, "nosuch"); got != nil {
		t.Errorf("got %v", got)
	}
	if got := m.Class("Person"); got.StateAttribute != "status" || got.Lifecycle != nil {
		t.Errorf("a person has a state and no lifecycle: got %q, %v", got.StateAttribute, got.Lifecycle)
	}
}

func TestRelationsAddUpAlongTheParents(t *testing.T) {
	t.Parallel()
	m, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	impacts := m.Class("Server").Relation("impacts")
	if impacts == nil {
		t.Fatal("a server impacts nothing")
	}
	want := []rollcall.Neighbour{
		{Attribute: "contacts_list"}, {Attribute: "applicationsolution_list"}, {Attribute: "softwares_list"}, {Attribute: "services_list"},
		{Attribute: "networkdevice_list", Upwards: true},
		{Attribute: "powerA_id", Upwards: true}, {Attribute: "powerB_id", Upwards: true},
		{Attribute: "logicalvolumes_list", Upwards: true}, {Class: "Hypervisor", Attribute: "server_id"},
	}
	less := func(a, b rollcall.Neighbour) int { return strings.Compare(a.Class+a.Attribute, b.Class+b.Attribute) }
	if diff := cmp.Diff(sorted(want, less), sorted(impacts.Neighbours, less)); diff != "" {
		t.Error(diff)
	}
	if m.Class("FunctionalCI").Relation("impacts").Neighbours[0].Attribute != "contacts_list" || len(m.Class("FunctionalCI").Relation("impacts").Neighbours) != 4 {
		t.Error("a child's neighbours reached its parent")
	}
	if got, want := impacts.Redundancy, []rollcall.Redundancy{{Setting: "redundancy", Over: []string{"powerA_id", "powerB_id"}}}; !cmp.Equal(want, got) {
		t.Errorf("got the redundancy %v, want %v", got, want)
	}
	if m.Class("Person").Relation("impacts") != nil {
		t.Error("a person impacts somebody")
	}
}

func TestOrderAndSystemAreInherited(t *testing.T) {
	t.Parallel()
	m, err := load(t, `
classes:
  Diary:
    category: log
    order: [-day, friendlyname]
    named_by: [day]
    attributes: {day: date}
  Night:
    parent: Diary
`)
	if err != nil {
		t.Fatal(err)
	}
	want := []rollcall.OrderBy{{Attribute: "day", Descending: true}, {Attribute: "friendlyname"}}
	if diff := cmp.Diff(want, m.Class("Night").Order); diff != "" {
		t.Error(diff)
	}
	if !m.Class("SynchroReplica").System || m.Class("Person").System {
		t.Error("replicas are the program's, persons are not")
	}
}

func sorted[T any](list []T, compare func(a, b T) int) []T {
	return slices.SortedFunc(slices.Values(list), compare)
}
