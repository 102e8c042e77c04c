package registry_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

func updateTellsWhatReallyChanged(t *testing.T, w *world) {
	boss, other := w.person("Boss"), w.person("Other")
	ann := w.person("Klein", "phone", "1", "manager_id", id(boss))
	w.run = 5
	got := w.update(w.by(), w.edit("Person", ann, "phone", "2", "name", "Klein", "manager_id", id(other), "status", "Inactive"))[0]
	must(t, got.Err)
	want := []rollcall.Set{
		{Attribute: "status", Old: "active", New: "inactive"},
		{Attribute: "phone", Old: "1", New: "2"},
		{Attribute: "manager_id", Old: id(boss), New: id(other), OldText: "F Boss", NewText: "F Other"},
	}
	if diff := cmp.Diff(want, got.Sets); diff != "" {
		t.Error(diff)
	}
	steps := w.history(rollcall.HistoryFilter{Run: 5})
	wantStep := []rollcall.History{{
		Origin: rollcall.Origin{Kind: "interactive", By: "admin", Run: 5, At: now},
		Verb:   "update", Object: rollcall.Ref{Class: "Person", ID: ann}, Name: "F Klein", Key: "key", Reason: "test", Sets: want,
	}}
	if diff := cmp.Diff(wantStep, steps, cmpopts.IgnoreFields(rollcall.History{}, "ID")); diff != "" {
		t.Error(diff)
	}
	w.run = 6
	if got := w.update(w.by(), w.edit("Person", ann, "phone", "2"))[0]; got.Err != nil || len(got.Sets) != 0 {
		t.Errorf("the same again: got %+v", got)
	}
	if steps := w.history(rollcall.HistoryFilter{Run: 6}); len(steps) != 0 {
		t.Errorf("the same again left history: %v", steps)
	}
}

func TestUpdateRefusesInTheWordsOfTheOriginal(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	ann := w.person("Klein")
	w.person("Other", "employee_number", "7")
	user := w.user("ann", []rollcall.ObjectID{2})
	w.user("bob", []rollcall.ObjectID{2})
	child := w.make("Organization", "name", "Child", "parent_id", id(w.org))
	team := w.make("Team", "name", "T", "org_id", id(w.org))
	source := w.make("SynchroDataSource", "name", "s", "scope_class", "Person", "reconciliation_policy", "use_primary_key")
	withLinks := func(d registry.Edit, attr string, l ...rollcall.Link) registry.Edit {
		d.Links = map[string][]rollcall.Link{attr: l}
		return d
	}
	for _, tt := range []struct {
		edit registry.Edit
		want string
	}{
		{w.edit("Person", ann, "name", ""), "Unexpected value for attribute 'Last Name' (name) : Null not allowed"},
		{w.edit("Person", ann, "phone", "bad phone!"), "Unexpected value for attribute 'Phone' (phone) : Wrong format [bad phone!]"},
		{w.edit("Person", ann, "nosuch", "1"), "Unknown attribute code 'nosuch'"},
		{w.edit("Person", ann, "org_name", "1"), "Attempting to set the value on the read-only attribute Person::org_name"},
		{w.edit("Person", ann, "team_list", "1"), "team_list of class Person is a link set: its contents are not one value"},
		{w.edit("Person", ann, "manager_id", "999"), "No result for the single row query: manager_id names Person::999, which does not exist"},
		{w.edit("Person", ann, "employee_number", "7"), "there is already a person in 'Demo' organization with the same employee number"},
		{w.edit("Organization", w.org, "parent_id", id(w.org)), "Unexpected value for attribute 'Parent' (parent_id) : Value not allowed [" + id(w.org) + "]"},
		{w.edit("Organization", w.org, "parent_id", id(child)), "Unexpected value for attribute 'Parent' (parent_id) : Value not allowed [" + id(child) + "]"},
		{w.edit("UserLDAP", user, "login", "BOB"), `Login must be unique - "BOB" is already being used.`},
		{withLinks(w.edit("UserLDAP", user), "profile_list"), "At least one profile must be assigned to this user."},
		{withLinks(w.edit("Team", team), "persons_list", links(ann, ann)...), "Team: T is already linked to Person: F Klein, duplicates are not allowed on this relation."},
		{withLinks(w.edit("Team", team), "persons_list", links(4711)...), "Unexpected value for attribute 'Person' (person_id) : Target object not found (Person::4711)"},
		{w.edit("SynchroDataSource", source, "delete_policy", "update_then_delete", "delete_policy_update", "status:inactive"), "A delete retention period must be specified, since objects are to be deleted after being marked as obsolete"},
		{w.edit("SynchroDataSource", source, "scope_class", "Team"), "The target class of a data source cannot change: make another one for Team"},
		{
			w.edit("SynchroDataSource", source, "reconciliation_policy", "use_attributes"),
			"At Least one reconciliation key must be specified, or the reconciliation policy must be to use the primary key.",
		},
	} {
		before := w.dump()
		got := w.update(w.by(), tt.edit)[0]
		if text(got.Err) != tt.want || len(got.Sets) != 0 {
			t.Errorf("got  %v %v\nwant %s", got.Err, got.Sets, tt.want)
		}
		if diff := cmp.Diff(before, w.dump()); diff != "" {
			t.Errorf("%s: something changed: %s", tt.want, diff)
		}
	}
}

func TestUpdateKeepsTheDataTable(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	source := w.make("SynchroDataSource", "name", "s", "scope_class", "Person", "database_table_name", "persons")
	got := w.update(w.by(), w.edit("SynchroDataSource", source, "database_table_name", "other", "description", "d"))[0]
	must(t, got.Err)
	if diff := cmp.Diff([]rollcall.Set{{Attribute: "description", New: "d"}}, got.Sets); diff != "" {
		t.Error(diff)
	}
}

func TestUpdateLetsTwoSwapAUniqueValue(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	a, b, c := w.person("A", "employee_number", "1"), w.person("B", "employee_number", "2"), w.person("C", "employee_number", "3")
	for _, got := range w.update(w.by(), w.edit("Person", a, "employee_number", "2"), w.edit("Person", b, "employee_number", "1")) {
		must(t, got.Err)
	}
	// A keeps its number when its own edit is refused, and so C cannot have it.
	got := w.update(w.by(), w.edit("Person", c, "employee_number", "2"), w.edit("Person", a, "employee_number", "1"))
	for i, o := range got {
		if want := "there is already a person in 'Demo' organization with the same employee number"; text(o.Err) != want {
			t.Errorf("edit %d: got %v, want %s", i, o.Err, want)
		}
	}
}

func TestUpdateLooksForLoopsAmongTheEditsOfOneCall(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	a, b := w.make("Organization", "name", "A"), w.make("Organization", "name", "B")
	got := w.update(w.by(), w.edit("Organization", a, "parent_id", id(b)), w.edit("Organization", b, "parent_id", id(a)))
	for i, o := range got {
		if o.Err == nil {
			t.Errorf("edit %d went through", i)
		}
	}
	// Turning a branch upside down in one call is no loop.
	must(t, w.update(w.by(), w.edit("Organization", a, "parent_id", id(b)))[0].Err)
	for _, o := range w.update(w.by(), w.edit("Organization", a, "parent_id", ""), w.edit("Organization", b, "parent_id", id(a))) {
		must(t, o.Err)
	}
}

func updateReplacesTheContentsOfALinkSet(t *testing.T, w *world) {
	user := w.user("ann", []rollcall.ObjectID{2, 3})
	attr := w.model.Class("UserLDAP").Attribute("profile_list")
	before, err := w.tx.Links(w.ctx, attr, []rollcall.ObjectID{user})
	must(t, err)
	w.run = 9
	edit := w.edit("UserLDAP", user)
	edit.Links = map[string][]rollcall.Link{"profile_list": {{Target: 5}, {Target: 3, Values: map[string]string{"reason": "x"}}, {Target: 5}, {Target: 0}}}
	got := w.update(w.by(), edit)[0]
	must(t, got.Err)
	want := []rollcall.Set{{
		Attribute: "profile_list", Old: "2,3", New: "3,5",
		OldText: "Portal user, Configuration Manager", NewText: "Configuration Manager (x), Support Agent",
	}}
	if diff := cmp.Diff(want, got.Sets); diff != "" {
		t.Error(diff)
	}
	after, err := w.tx.Links(w.ctx, attr, []rollcall.ObjectID{user})
	must(t, err)
	wantLinks := []rollcall.Link{{ID: before[0][1].ID, Target: 3, Values: map[string]string{"reason": "x"}}, {Target: 5}}
	if diff := cmp.Diff(wantLinks, after[0], cmp.FilterPath(func(p cmp.Path) bool {
		return p.String() == "ID" && len(p) > 0
	}, cmp.Comparer(func(a, b rollcall.ObjectID) bool { return a == b || a == 0 || b == 0 }))); diff != "" {
		t.Error(diff)
	}
	verbs := map[string]int{}
	for _, h := range w.history(rollcall.HistoryFilter{Run: 9}) {
		verbs[h.Object.Class+" "+string(h.Verb)]++
	}
	wantVerbs := map[string]int{"UserLDAP update": 1, "URP_UserProfile create": 1, "URP_UserProfile delete": 1, "URP_UserProfile update": 1}
	if diff := cmp.Diff(wantVerbs, verbs); diff != "" {
		t.Error(diff)
	}
	again := w.update(w.by(), edit)[0]
	if again.Err != nil || len(again.Sets) != 0 {
		t.Errorf("the same again: got %+v", again)
	}
}

func TestUpdateHidesPasswords(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	d := w.draft("UserLocal", "login", "local", "password", "$old$")
	d.Links = map[string][]rollcall.Link{"profile_list": links(1)}
	user := w.created(d)
	w.run = 3
	got := w.update(w.by(), w.edit("UserLocal", user, "password", "$new$"))[0]
	must(t, got.Err)
	want := []rollcall.Set{{Attribute: "password", Old: "*****", New: "*****", OldText: "*****", NewText: "*****"}}
	if diff := cmp.Diff(want, got.Sets); diff != "" {
		t.Error(diff)
	}
	if got := w.get("UserLocal", user).Get("password_renewed_date"); got != "2026-05-06" {
		t.Errorf("renewed on %s", got)
	}
}

func TestUpdateKeepsPortalUsersInSight(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	there := w.make("Organization", "name", "There")
	ann := w.person("Klein")
	d := w.userDraft("ann", []rollcall.ObjectID{2}, "contactid", id(ann))
	d.Links["allowed_org_list"] = links(w.org)
	user := w.created(d)
	got := w.update(w.by(), w.edit("Person", ann, "org_id", id(there)))[0]
	if want := `The organization cannot change: the portal user "ann" of this person is not allowed to see the new one.`; text(got.Err) != want {
		t.Errorf("got %v", got.Err)
	}
	must(t, w.update(w.sync(77), w.edit("Person", ann, "org_id", id(there)))[0].Err)
	must(t, w.update(w.sync(77), w.edit("Person", ann, "org_id", id(w.org)))[0].Err)
	must(t, w.update(w.by(), w.edit("UserLDAP", user, "status", "disabled"))[0].Err)
	must(t, w.update(w.by(), w.edit("Person", ann, "org_id", id(there)))[0].Err)
}

func TestUpdateRefusesTheSecondEditOfOneObject(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	ann := w.person("Klein")
	got := w.update(w.by(), w.edit("Person", ann, "phone", "1"), w.edit("Person", ann, "phone", "2"))
	must(t, got[0].Err)
	if want := "Person::" + id(ann) + " is changed by another entry at the same time"; text(got[1].Err) != want || w.get("Person", ann).Get("phone") != "1" {
		t.Errorf("got %v", got[1].Err)
	}
}
