package registry_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

func TestCreateRefusesInTheWordsOfTheOriginal(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.user("jd", []rollcall.ObjectID{2})
	w.person("Old", "employee_number", "7")
	team := w.make("Team", "name", "T1", "org_id", id(w.org))
	ann := w.person("Klein")
	person := func(pairs ...string) registry.Draft {
		return w.draft("Person", append([]string{"name", "N", "first_name", "F", "org_id", id(w.org)}, pairs...)...)
	}
	linked := func(d registry.Draft, attr string, l ...rollcall.Link) registry.Draft {
		d.Links = map[string][]rollcall.Link{attr: l}
		return d
	}
	tests := []struct {
		name  string
		draft registry.Draft
		want  string
	}{
		{"mandatory value", person("name", ""), "Unexpected value for attribute 'Last Name' (name) : Null not allowed"},
		{"mandatory key", person("org_id", "0"), "Unexpected value for attribute 'Organization' (org_id) : Null not allowed"},
		{"two issues", person("name", "", "first_name", ""), "Unexpected value for attribute 'Last Name' (name) : Null not allowed, Unexpected value for attribute 'First Name' (first_name) : Null not allowed"},
		{"email", person("email", "o3notamail"), "Unexpected value for attribute 'Email' (email) : Wrong format [o3notamail]"},
		{"phone", person("phone", "abc def!"), "Unexpected value for attribute 'Phone' (phone) : Wrong format [abc def!]"},
		{"enum", person("status", "bogus"), "Unexpected value for attribute 'Status' (status) : Value not allowed [bogus]"},
		{"too long", person("name", strings.Repeat("x", 300)), "Unexpected value for attribute 'Last Name' (name) : String too long (found 300, limited to 255)"},
		{"reference to nobody", person("manager_id", "999999"), "No result for the single row query: manager_id names Person::999999, which does not exist"},
		{"reference to another class", person("manager_id", id(team)), "No result for the single row query: manager_id names Person::" + id(team) + ", which does not exist"},
		{"employee number", person("employee_number", "7"), "there is already a person in 'Demo' organization with the same employee number"},
		{"abstract class", w.draft("Contact", "name", "x"), "class Contact is abstract: its objects are of a class below it"},
		{"predefined class", w.draft("URP_Profiles", "name", "x", "description", "x"), "objects of class URP_Profiles are predefined: none can be added"},
		{"login", w.userDraft("JD", []rollcall.ObjectID{2}), `Login must be unique - "JD" is already being used.`},
		{"no profiles", w.draft("UserLDAP", "login", "x"), "At least one profile must be assigned to this user."},
		{"empty profiles", w.userDraft("x", nil), "At least one profile must be assigned to this user."},
		{"profile that does not exist", w.userDraft("x", []rollcall.ObjectID{99}), "Unexpected value for attribute 'Profile' (profileid) : Target object not found (URP_Profiles::99)"},
		{
			"person twice in a team", linked(w.draft("Team", "name", "X", "org_id", id(w.org)), "persons_list", links(ann, ann)...),
			"Team: X is already linked to Person: F Klein, duplicates are not allowed on this relation.",
		},
		{
			"pair that is linked already", func() registry.Draft {
				w.make("lnkPersonToTeam", "team_id", id(team), "person_id", id(ann))
				return w.draft("lnkPersonToTeam", "team_id", id(team), "person_id", id(ann))
			}(), "Uniqueness rule 'no_duplicate' in error",
		},
		{
			"link value of another form", linked(w.draft("Team", "name", "X", "org_id", id(w.org)), "persons_list", rollcall.Link{Target: ann, Values: map[string]string{"role_id": "x"}}),
			"Unexpected value for attribute 'Role' (role_id) : Wrong format [x]",
		},
		{"no such link set", linked(person(), "profile_list"), "class Person has no link set profile_list"},
		{
			"retention", w.draft("SynchroDataSource", "name", "s", "scope_class", "Person", "delete_policy", "update_then_delete", "delete_policy_update", "status:inactive"),
			"A delete retention period must be specified, since objects are to be deleted after being marked as obsolete",
		},
		{"update rules", w.draft("SynchroDataSource", "name", "s", "scope_class", "Person", "delete_policy", "update"), "Obsolete objects are to be updated, but no update is specified."},
		{"delete policy", w.draft("SynchroDataSource", "name", "s", "scope_class", "Person", "delete_policy", "explode"), "Unexpected value for attribute 'Delete Policy' (delete_policy) : Value not allowed [explode]"},
		{"scope that is no class", w.draft("SynchroDataSource", "name", "s", "scope_class", "Nope"), "Unexpected value for attribute 'Target class' (scope_class) : Value not allowed [Nope]"},
		{"scope that is no business class", w.draft("SynchroDataSource", "name", "s", "scope_class", "EventIssue"), "Unexpected value for attribute 'Target class' (scope_class) : Value not allowed [EventIssue]"},
	}
	before := w.dump()
	for _, tt := range tests {
		errs := w.try(tt.draft)
		if got := text(errs[0]); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
	}
	if diff := cmp.Diff(before, w.dump()); diff != "" {
		t.Errorf("refused drafts changed something: %s", diff)
	}
}

func TestCreateGivesIssuesOneByOne(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	errs := w.try(w.draft("Person", "org_id", id(w.org)))
	want := []string{
		"Unexpected value for attribute 'Last Name' (name) : Null not allowed",
		"Unexpected value for attribute 'First Name' (first_name) : Null not allowed",
	}
	if diff := cmp.Diff(want, registry.IssuesOf(errs[0])); diff != "" {
		t.Error(diff)
	}
	if got := rollcall.KindOf(errs[0]); got != rollcall.Invalid {
		t.Errorf("got kind %v", got)
	}
}

func createWritesTheOthersOfARefusedDraft(t *testing.T, w *world) {
	drafts := []registry.Draft{
		w.draft("Person", "name", "A", "first_name", "F", "org_id", id(w.org), "status", "ACTIVE"),
		w.draft("Person", "name", "", "first_name", "F", "org_id", id(w.org)),
		w.draft("Team", "name", "T", "org_id", id(w.org)),
		w.userDraft("login", []rollcall.ObjectID{2, 3, 2}),
	}
	errs, err := w.by().Create(w.ctx, drafts)
	must(t, err)
	for i, wantErr := range []bool{false, true, false, false} {
		if (errs[i] != nil) != wantErr {
			t.Errorf("draft %d: got error %v", i, errs[i])
		}
	}
	if drafts[1].Object.ID != 0 {
		t.Errorf("the refused draft got id %d", drafts[1].Object.ID)
	}
	if got := w.get("Person", drafts[0].Object.ID); got.Get("status") != "active" || got.Name() != "F A" {
		t.Errorf("got %v", got.Values)
	}
	if diff := cmp.Diff([]rollcall.ObjectID{2, 3}, w.targets("User", "profile_list", drafts[3].Object.ID)); diff != "" {
		t.Errorf("profiles: %s", diff)
	}
	steps := w.history(rollcall.HistoryFilter{Object: rollcall.Ref{Class: "UserLDAP", ID: drafts[3].Object.ID}})
	if len(steps) != 1 || steps[0].Verb != rollcall.HistoryCreate || steps[0].Name != "login" || steps[0].Key != "key" || len(steps[0].Sets) != 0 {
		t.Errorf("got history %+v", steps)
	}
	var names []string
	for _, h := range w.history(rollcall.HistoryFilter{}) {
		if h.Object.Class == "URP_UserProfile" {
			names = append(names, h.Name)
		}
	}
	if diff := cmp.Diff([]string{"Link between login and Portal user", "Link between login and Configuration Manager"}, names); diff != "" {
		t.Error(diff)
	}
}

func TestCreateLooksForDoublesWithinOneCall(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	drafts := []registry.Draft{
		w.userDraft("", []rollcall.ObjectID{2}), // refused, so its login is nobody's
		w.userDraft("ann", []rollcall.ObjectID{2}),
		w.userDraft("ANN ", []rollcall.ObjectID{2}),
		w.draft("UserLocal", "login", "ann"),
	}
	drafts[3].Links = map[string][]rollcall.Link{"profile_list": links(1)}
	errs := w.try(drafts...)
	want := []string{
		"Unexpected value for attribute 'Login' (login) : Null not allowed", "",
		`Login must be unique - "ANN " is already being used.`, `Login must be unique - "ann" is already being used.`,
	}
	for i := range want {
		if got := text(errs[i]); got != want[i] {
			t.Errorf("draft %d: got %q, want %q", i, got, want[i])
		}
	}
}

func TestCreateWarnsOfANamesakeAndGoesOn(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.person("Same")
	drafts := []registry.Draft{w.draft("Person", "name", "same", "first_name", "f", "org_id", id(w.org)), w.draft("Person", "name", "Other", "first_name", "f", "org_id", id(w.org))}
	errs, err := w.by().Create(w.ctx, drafts)
	must(t, err)
	must(t, errs[0])
	if diff := cmp.Diff([]string{"There is already a person in 'Demo' organization with the same name"}, drafts[0].Warnings); diff != "" {
		t.Error(diff)
	}
	if len(drafts[1].Warnings) != 0 {
		t.Errorf("got %v", drafts[1].Warnings)
	}
}

func TestCreateTakesReferencesToDraftsOfTheSameCall(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	person := w.model.Class("Person")
	first, err := w.by().Reserve(w.ctx, person, 3)
	must(t, err)
	drafts := make([]registry.Draft, 3)
	for i := range drafts {
		drafts[i] = w.draft("Person", "name", "N"+id(first+rollcall.ObjectID(i)), "first_name", "F", "org_id", id(w.org))
		drafts[i].Object.ID = first + rollcall.ObjectID(i)
	}
	drafts[0].Object.Set("manager_id", id(first+1)) // manager loops are no hierarchy and allowed
	drafts[1].Object.Set("manager_id", id(first))
	drafts[2].Object.Set("manager_id", id(first))
	for i, err := range w.try(drafts...) {
		if err != nil {
			t.Errorf("draft %d: %v", i, err)
		}
	}

	first, err = w.by().Reserve(w.ctx, person, 3)
	must(t, err)
	for i := range drafts {
		drafts[i] = w.draft("Person", "name", "M"+id(first+rollcall.ObjectID(i)), "first_name", "F", "org_id", id(w.org), "manager_id", id(first+rollcall.ObjectID(i)-1))
		drafts[i].Object.ID = first + rollcall.ObjectID(i)
	}
	drafts[0].Object.Set("manager_id", "")
	drafts[0].Object.Set("name", "")
	errs := w.try(drafts...)
	for i, want := range []string{
		"Unexpected value for attribute 'Last Name' (name) : Null not allowed",
		"manager_id names Person::" + id(first) + ", which was itself refused",
		"manager_id names Person::" + id(first+1) + ", which was itself refused",
	} {
		if got := text(errs[i]); got != want {
			t.Errorf("draft %d: got %q, want %q", i, got, want)
		}
	}
}

func TestCreateNamesTheDataTable(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	plain := w.make("SynchroDataSource", "name", "a", "scope_class", "Person")
	for want, sid := range map[string]rollcall.ObjectID{
		"synchro_data_person_" + id(plain): plain,
		"synchro_data_my_table":            w.make("SynchroDataSource", "name", "b", "scope_class", "Person", "database_table_name", "my_table"),
		"synchro_data_x":                   w.make("SynchroDataSource", "name", "c", "scope_class", "Person", "database_table_name", "synchro_data_x"),
	} {
		if got := w.get("SynchroDataSource", sid).Get("database_table_name"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	errs := w.try(w.draft("SynchroDataSource", "name", "d", "scope_class", "Person", "database_table_name", "synchro_data_x"), w.draft("SynchroDataSource", "name", "A", "scope_class", "Team"))
	for i, want := range []string{
		"The table synchro_data_x already exists in the database. Please use another name for the synchro data table.",
		"", // two may have one name, as on the original; that is a warning
	} {
		if got := text(errs[i]); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDefaultAttributesOfASource(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	got := map[string]string{}
	for _, o := range w.reg.DefaultAttributes(7, w.model.Class("Person")) {
		got[o.Get("attcode")] = strings.Join([]string{o.Class.Name, o.Get("sync_source_id"), o.Get("update"), o.Get("reconcile"), o.Get("update_policy")}, " ")
	}
	want := map[string]string{}
	for _, code := range []string{"status", "phone", "notify", "function", "picture", "mobile_phone"} {
		want[code] = "SynchroAttribute 7 1 0 master_locked"
	}
	for _, code := range []string{"name", "first_name", "email", "employee_number"} {
		want[code] = "SynchroAttribute 7 1 1 master_locked"
	}
	want["org_id"] = "SynchroAttExtKey 7 1 1 master_locked"
	want["location_id"], want["manager_id"] = "SynchroAttExtKey 7 1 0 master_locked", "SynchroAttExtKey 7 1 0 master_locked"
	want["cis_list"], want["team_list"] = "SynchroAttLinkSet 7 1 0 master_locked", "SynchroAttLinkSet 7 1 0 master_locked"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func seedTwiceIsOnce(t *testing.T, w *world) {
	before := w.dump()
	must(t, w.reg.Seed(w.ctx, w.tx))
	if diff := cmp.Diff(before, w.dump()); diff != "" {
		t.Error(diff)
	}
	if got := w.get("URP_Profiles", 1024).Get("name"); got != "REST Services User" {
		t.Errorf("got %q", got)
	}
	if n, err := w.tx.Count(w.ctx, w.model.Class("URP_Profiles")); err != nil || n != 13 {
		t.Errorf("got %d profiles, %v", n, err)
	}
}

func TestCreateFillsInWhatEventsLeaveOut(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	long := strings.Repeat("é", 300)
	event := w.get("EventIssue", w.make("EventIssue", "message", "m", "page", "exec.php", "issue", long))
	if got := event.Get("date"); got != "2026-05-06 07:08:09" {
		t.Errorf("got date %s", got)
	}
	if got := event.Get("issue"); got != long[:2*255] {
		t.Errorf("got an issue of %d bytes", len(got))
	}
}

func TestLookupsAreTheRulesOfUniqueness(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	var got []string
	for _, class := range []string{"Person", "UserLDAP", "Team"} {
		for _, l := range w.reg.Lookups(w.model.Class(class)) {
			got = append(got, class+": "+l.Class.Name+" "+strings.Join(l.Attrs, " "))
		}
	}
	want := []string{"Person: Person org_id employee_number", "Person: Person org_id name first_name", "UserLDAP: User login"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCreateNumbersInTheOrderOfTheDrafts(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	source := w.make("SynchroDataSource", "name", "a", "scope_class", "Person")
	codes := []string{"name", "org_id", "email"}
	var drafts []registry.Draft
	for i, class := range []string{"SynchroAttribute", "SynchroAttExtKey", "SynchroAttribute"} {
		drafts = append(drafts, w.draft(class, "sync_source_id", id(source), "attcode", codes[i]))
	}
	for i, err := range w.try(drafts...) {
		if err != nil {
			t.Fatalf("draft %d: %v", i, err)
		}
	}
	for i := range drafts {
		if got, want := drafts[i].Object.ID, drafts[0].Object.ID+rollcall.ObjectID(i); got != want {
			t.Errorf("draft %d: got id %d, want %d", i, got, want)
		}
	}
}
