package registry_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

const owned = "You <b>cannot delete the object</b> because it is owned by the external data source persons"

func deleteTakesAlongWhatHangsOnIt(t *testing.T, w *world) {
	ann := w.person("Klein", "phone", "1")
	report := w.person("Report", "manager_id", id(ann))
	user := w.user("ann", []rollcall.ObjectID{2}, "contactid", id(ann))
	d := w.draft("Team", "name", "T", "org_id", id(w.org))
	d.Links = map[string][]rollcall.Link{"persons_list": links(ann, report)}
	team := w.created(d)
	source := w.source("persons", "Person", "everybody")
	w.tie(source, "Person", ann, true, rollcall.StateSynchronized)
	w.run = 7

	plan, err := w.by().PlanDelete(w.ctx, w.model.Class("Contact"), []rollcall.ObjectID{ann})
	must(t, err)
	want := registry.DeletePlan{
		Deletions: []registry.Deletion{{Object: rollcall.Ref{Class: "Person", ID: ann}, Name: "F Klein", Asked: true}, {Object: rollcall.Ref{Class: "lnkPersonToTeam", ID: 1}, Name: "F Klein / T"}},
		Resets: []registry.Reset{
			{Object: rollcall.Ref{Class: "Person", ID: report}, Attribute: w.model.Class("Person").Attribute("manager_id"), Target: ann},
			{Object: rollcall.Ref{Class: "UserLDAP", ID: user}, Attribute: w.model.Class("UserLDAP").Attribute("contactid"), Target: ann},
		},
	}
	if diff := cmp.Diff(want, plan, cmpopts.SortSlices(func(a, b registry.Reset) bool { return a.Object.Class < b.Object.Class })); diff != "" {
		t.Error(diff)
	}
	if plan.Stopped() {
		t.Error("nothing stands against the plan")
	}

	must(t, w.delete(w.by(), "Contact", ann)[0])
	if w.exists("Person", ann) || w.exists("lnkPersonToTeam", 1) {
		t.Error("the person or the membership is still there")
	}
	if got := w.get("Person", report).Get("manager_id") + w.get("UserLDAP", user).Get("contactid"); got != "" {
		t.Errorf("keys still point at %s", got)
	}
	if diff := cmp.Diff([]rollcall.ObjectID{report}, w.targets("Team", "persons_list", team)); diff != "" {
		t.Error(diff)
	}
	if left, err := w.tx.ReplicasByDest(w.ctx, w.model.Class("Person"), []rollcall.ObjectID{ann}); err != nil || len(left) != 0 {
		t.Errorf("replicas left: %v, %v", left, err)
	}
	var steps []string
	for _, h := range w.history(rollcall.HistoryFilter{Run: 7}) {
		var sets []string
		for _, s := range h.Sets {
			sets = append(sets, s.Attribute+"="+s.Old+">"+s.New)
		}
		steps = append(steps, strings.Join([]string{string(h.Verb), h.Object.Class, h.Name, h.Key, h.Reason, strings.Join(sets, " ")}, "|"))
	}
	key, gone := "key"+id(ann), "Person::"+id(ann)+" F Klein was deleted"
	wantSteps := []string{
		"update|Person|F Report|" + key + "|" + gone + "|manager_id=" + id(ann) + ">",
		"update|UserLDAP|ann|" + key + "|" + gone + "|contactid=" + id(ann) + ">",
		"delete|Person|F Klein|" + key + "|gone|name=Klein> status=active> org_id=" + id(w.org) + "> phone=1> notify=yes> first_name=F>",
		"delete|lnkPersonToTeam|F Klein / T|" + key + "|" + gone + "|team_id=" + id(team) + "> person_id=" + id(ann) + ">",
	}
	if diff := cmp.Diff(wantSteps, steps, cmpopts.SortSlices(func(a, b string) bool { return a < b })); diff != "" {
		t.Error(diff)
	}
}

func TestDeleteIsStoppedByOwners(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	other := w.source("other", "Person", "nobody")
	for policy, want := range map[string][2]string{ // administrator, other person
		"nobody": {owned, owned}, "administrators": {"", owned}, "everybody": {"", ""},
	} {
		src := w.source("persons", "Person", policy)
		for i, isAdministrator := range []bool{true, false} {
			ann := w.person("Klein")
			w.tie(src, "Person", ann, true, rollcall.StateSynchronized)
			if got := w.delete(w.by().ForUser(isAdministrator), "Person", ann)[0]; text(got) != want[i] {
				t.Errorf("%s, administrator %v: got %v, want %q", policy, isAdministrator, got, want[i])
			}
		}
		ann := w.person("Klein")
		w.tie(src, "Person", ann, true, rollcall.StateSynchronized)
		if got := w.delete(w.sync(other.ID), "Person", ann)[0]; text(got) != want[0] {
			t.Errorf("%s, another source: got %v, want %q", policy, got, want[0])
		}
		if w.exists("Person", ann) {
			must(t, w.delete(w.sync(src.ID), "Person", ann)[0])
		}
		matched := w.person("Matched")
		w.tie(src, "Person", matched, false, rollcall.StateSynchronized)
		must(t, w.delete(w.by(), "Person", matched)[0])
		must(t, w.update(w.by(), w.edit("SynchroDataSource", src.ID, "name", "persons "+policy))[0].Err)
	}
}

func TestDeleteIsStoppedByHolders(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	org := w.make("Organization", "name", "Busy")
	place := w.make("Location", "name", "L", "org_id", id(org))
	ann := w.person("Klein", "org_id", id(org), "location_id", id(place))
	errs := w.delete(w.by(), "Organization", org, 4711)
	if want := "Location::" + id(place) + " Must be deleted manually, Person::" + id(ann) + " Must be deleted manually"; text(errs[0]) != want && !sameIssues(errs[0], want) {
		t.Errorf("got %v, want %s", errs[0], want)
	}
	if got := rollcall.KindOf(errs[0]); got != rollcall.Conflict {
		t.Errorf("got kind %v", got)
	}
	if got := rollcall.KindOf(errs[1]); got != rollcall.NotFound {
		t.Errorf("nobody: got %v", errs[1])
	}
	plan, err := w.by().PlanDelete(w.ctx, w.model.Class("Organization"), []rollcall.ObjectID{org})
	must(t, err)
	if !plan.Stopped() || len(plan.Blocks) != 2 {
		t.Errorf("got blocks %v", plan.Blocks)
	}
	if !w.exists("Location", place) || w.get("Person", ann).Get("location_id") == "" {
		t.Error("the refused deletion changed something")
	}
	must(t, w.delete(w.by(), "Person", ann)[0])
	must(t, w.delete(w.by(), "Location", place)[0])
	must(t, w.delete(w.by(), "Organization", org)[0])
}

func sameIssues(err error, want string) bool {
	return cmp.Equal(registry.IssuesOf(err), strings.Split(want, ", "), cmpopts.SortSlices(func(a, b string) bool { return a < b }))
}

func TestDeleteOfHolderAndTargetInOneCall(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	ann := w.person("Klein")
	bob := w.person("Bob", "manager_id", id(ann))
	cat := w.person("Cat", "manager_id", id(bob))
	src := w.source("persons", "Person", "nobody", "manager_id", "master_locked")
	w.tie(src, "Person", bob, true, rollcall.StateSynchronized)
	w.tie(src, "Person", cat, false, rollcall.StateSynchronized)
	const locked = "The field Manager (manager_id) is not writable because it is mastered by the data synchronization. Value not set."

	// Bob is owned and stays, so his locked key stands in Ann's way after all;
	// Cat was only matched, and goes.
	errs := w.delete(w.by(), "Person", ann, bob, cat)
	for i, want := range []string{locked, owned, ""} {
		if text(errs[i]) != want {
			t.Errorf("%d: got %v, want %q", i, errs[i], want)
		}
	}
	for i, err := range w.delete(w.sync(src.ID), "Person", ann, bob) {
		if err != nil {
			t.Errorf("the source itself, %d: %v", i, err)
		}
	}
}

// As recorded: a person whose user another source masters cannot go, and both
// reasons are told.
func TestDeleteOfAPersonWhoseUserIsMastered(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	persons := w.source("persons", "Person", "nobody")
	users := w.source("users", "UserLDAP", "nobody", "contactid", "master_locked")
	ann := w.person("Klein")
	user := w.user("ann", []rollcall.ObjectID{2}, "contactid", id(ann))
	w.tie(persons, "Person", ann, true, rollcall.StateSynchronized)
	w.tie(users, "UserLDAP", user, true, rollcall.StateSynchronized)
	const locked = "The field Person (contactid) is not writable because it is mastered by the data synchronization. Value not set."
	if got, want := text(w.delete(w.by(), "Person", ann)[0]), owned+", "+locked; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := text(w.delete(w.sync(persons.ID), "Person", ann)[0]); got != locked {
		t.Errorf("got  %s\nwant %s", got, locked)
	}
	must(t, w.delete(w.sync(users.ID), "UserLDAP", user)[0])
	must(t, w.delete(w.sync(persons.ID), "Person", ann)[0])
}

func TestDeleteLeavesPredefinedObjects(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	if got, want := text(w.delete(w.by(), "URP_Profiles", 2)[0]), "Objects of class URP_Profiles are predefined and cannot be deleted"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestDeleteOfASourceTakesItsAttributesAlong(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	src := w.source("persons", "Person", "nobody", "phone", "master_locked")
	ann := w.person("Klein")
	w.tie(src, "Person", ann, false, rollcall.StateSynchronized)
	must(t, w.delete(w.by(), "SynchroDataSource", src.ID)[0])
	if n, err := w.tx.Count(w.ctx, w.model.Class("SynchroAttribute")); err != nil || n != 0 {
		t.Errorf("%d records left, %v", n, err)
	}
	must(t, w.update(w.by(), w.edit("Person", ann, "phone", "5"))[0].Err)
}
