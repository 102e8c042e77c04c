package engine_test

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
	"rollcall/internal/store"
)

// branch is a group of a directory.
type branch struct{ name, parent string }

// grove is a source of accounts in a tree of groups, with a binding of every
// kind.
type grove struct {
	*feed
	w    *world
	tree map[string]branch   // by key
	in   map[string][]string // login -> keys of groups
}

func newGrove(w *world) *grove {
	s := &grove{w: w, tree: map[string]branch{}, in: map[string][]string{}}
	s.feed = w.feed("users", "UserLDAP", func(r *rollcall.Rules) {
		reconcileBy(r, "login")
		constant(r, "profile_list", "profileid->name:Portal user", "")
	}, "login", "profile_list")
	w.write(func(tx *store.Tx) error {
		crm, mail := rollcall.NewObject(w.model.Class("LicencePackage")), rollcall.NewObject(w.model.Class("LicencePackage"))
		crm.Set("name", "crm")
		crm.Set("quantity", "2")
		mail.Set("name", "mail")
		mail.Set("quantity", "100")
		return w.create(tx, crm, mail)
	})
	return s
}

// join puts somebody into groups, and into no others.
func (s *grove) join(login string, keys ...string) {
	s.put(login, "login", login)
	s.in[login] = keys
}

func (s *grove) bindings() []rollcall.Binding {
	binding := func(name string, groups rollcall.GroupChoice, vanished rollcall.Vanished, nested bool, gives ...rollcall.Gift) rollcall.Binding {
		return rollcall.Binding{Name: name, Groups: groups, Gives: gives, Nested: nested, Rename: true, Type: "member", Vanished: vanished, Taken: rollcall.Limit{Percent: 100, IsSet: true}}
	}
	pattern := regexp.MustCompile("^(.*)$")
	return []rollcall.Binding{
		binding("mirror", rollcall.GroupChoice{Base: "dc=example"}, rollcall.VanishedDelete, false, rollcall.Gift{Kind: rollcall.GrantPath, Target: "/directory/groups"}),
		binding("roles", rollcall.GroupChoice{Pattern: pattern}, rollcall.VanishedDelete, true, rollcall.Gift{Kind: rollcall.GrantFunctional, Target: "Does $1"}),
		binding("vpn", rollcall.GroupChoice{ID: "v"}, rollcall.VanishedRelease, true, rollcall.Gift{Kind: rollcall.GrantRole, Target: "Remote workers"},
			rollcall.Gift{Kind: rollcall.GrantProfile, Target: "Support Agent"}, rollcall.Gift{Kind: rollcall.GrantLicence, Target: rollcall.AllLicences}),
		binding("nonsense", rollcall.GroupChoice{ID: "v"}, rollcall.VanishedRelease, true, rollcall.Gift{Kind: rollcall.GrantProfile, Target: "No such profile"}),
	}
}

// groups are the tree as a directory lists it: by DN, each with its place.
func (s *grove) groups() (list []rollcall.Group, at map[string]uint32) {
	for key, b := range s.tree {
		list = append(list, rollcall.Group{Key: key, RawKey: key, DN: "cn=" + strings.ToLower(b.name) + ",dc=example", Name: b.name})
	}
	slices.SortFunc(list, func(a, b rollcall.Group) int { return strings.Compare(a.DN, b.DN) })
	at = map[string]uint32{}
	for i := range list {
		at[list[i].Key] = uint32(i)
	}
	for i := range list {
		if place, ok := at[s.tree[list[i].Key].parent]; ok {
			list[i].Parents = []uint32{place}
		}
	}
	return list, at
}

func (s *grove) CollectGrouped(ctx context.Context, begin func([]rollcall.Group, source.GroupFinder) error, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
	list, at := s.groups()
	if err := begin(list, nil); err != nil {
		return nil, err
	}
	return s.Collect(ctx, func(e *rollcall.Entry) error {
		e.Groups = nil
		for _, key := range s.in[string(e.Key)] {
			if place, ok := at[key]; ok {
				e.Groups = append(e.Groups, place)
			}
		}
		slices.Sort(e.Groups)
		return emit(e)
	})
}

// Pick reads one account by its name.
func (s *grove) Pick(ctx context.Context, name string, begin func([]rollcall.Group, source.GroupFinder) error, emit func(*rollcall.Entry) error) error {
	_, err := s.CollectGrouped(ctx, begin, func(e *rollcall.Entry) error {
		if string(e.Name) != name {
			return nil
		}
		return emit(e)
	})
	return err
}

func (s *grove) jobs() []engine.Job {
	job := s.w.job(s.feed)
	job.Collector, job.Bindings = s, s.bindings()
	return []engine.Job{job}
}

// run runs the source, an hour after the run before, and returns what it told.
func (s *grove) run(dry bool) (*engine.Result, string) {
	s.w.t.Helper()
	var told []string
	opt := engine.Options{Kind: "sync", By: "tester", DryRun: dry, Approved: true}
	opt.Sink = func(c *rollcall.Change) error {
		line := fmt.Sprintf("%s %s %s", c.Verb, c.Class, c.Name)
		for _, set := range c.Sets {
			line += fmt.Sprintf(" %s: %s > %s", set.Attribute, set.Old, set.New)
		}
		told = append(told, line)
		return nil
	}
	result, err := s.w.engine.Run(s.w.t.Context(), s.jobs(), opt)
	if err != nil {
		s.w.t.Fatal(err)
	}
	return result, strings.Join(told, "\n")
}

// sync runs the source and wants what a dry run just before tells, and nothing
// more of a second run.
func (s *grove) sync() *engine.Result {
	s.w.t.Helper()
	s.w.clock = s.w.clock.Add(time.Hour)
	before := s.given()
	_, planned := s.run(true)
	if diff := cmp.Diff(before, s.given()); diff != "" {
		s.w.t.Errorf("a dry run changed something (-before +after):\n%s", diff)
	}
	result, told := s.run(false)
	if diff := cmp.Diff(planned, told); diff != "" {
		s.w.t.Errorf("told by a dry run and by the run (-dry +run):\n%s", diff)
	}
	if _, again := s.run(false); again != "" {
		s.w.t.Errorf("a second run changed something:\n%s", again)
	}
	return result
}

// given renders everything that bindings gave, and what it is made of: by class,
// the friendly names of its objects, sorted.
func (s *grove) given() map[string]string {
	s.w.t.Helper()
	all := map[string]string{}
	for _, code := range []string{"lnkUserToUserGroup", "UserGroup", "lnkUserToRole", "OrganizationalRole", "FunctionalRole", "URP_UserProfile", "lnkUserToLicencePackage"} {
		class := s.w.model.Class(code)
		var lines []string
		err := s.w.store.Scan(s.w.t.Context(), class, 0, func(o *rollcall.Object) error {
			lines = append(lines, s.w.name(class, o.ID))
			return nil
		})
		if err != nil {
			s.w.t.Fatal(err)
		}
		slices.Sort(lines)
		all[code] = strings.Join(lines, "\n")
	}
	return all
}

// link is the newest object of a class of links.
func (s *grove) link(class string) (id rollcall.ObjectID) {
	s.w.t.Helper()
	err := s.w.store.Scan(s.w.t.Context(), s.w.model.Class(class), 0, func(o *rollcall.Object) error {
		id = max(id, o.ID)
		return nil
	})
	if err != nil {
		s.w.t.Fatal(err)
	}
	return id
}

// TestWhatATreeOfGroupsGives over its life: its groups are mirrored, renamed,
// moved and gone, and each of the runs can be taken back.
func TestWhatATreeOfGroupsGives(t *testing.T) {
	t.Parallel()
	s := newGrove(newWorld(t))
	s.tree = map[string]branch{"a": {"Sales", ""}, "b": {"Sales/North", "a"}, "v": {"vpn", ""}}
	s.join("ann", "a", "v")
	s.join("bob", "b", "v")
	s.join("eve", "v")
	type step struct {
		run    int64
		before map[string]string
	}
	var steps []step
	after := func(change func(), want string, class string, problems ...string) {
		t.Helper()
		change()
		before := s.given()
		result := s.sync()
		steps = append(steps, step{result.Run.ID, before})
		if got := s.given()[class]; got != want {
			t.Errorf("got %s\n%s\nwant\n%s", class, got, want)
		}
		for _, problem := range problems {
			if !slices.ContainsFunc(result.Problems, func(p rollcall.Problem) bool { return strings.Contains(p.Reason, problem) }) {
				t.Errorf("no problem says %q: %v", problem, result.Problems)
			}
		}
	}
	after(func() {}, "/directory\n/directory/groups\n/directory/groups/Sales\n"+
		"/directory/groups/Sales/Sales∕North\n/directory/groups/vpn",
		"UserGroup", `there is no profile "No such profile"`, "1 licences of package crm are short: it has 2, 0 are taken up, 3 more are wanted")
	after(func() { s.tree["v"] = branch{"Remote", "a"} }, "Remote", "OrganizationalRole")
	after(func() { s.tree["b"] = branch{"North", "v"} }, "ann / Does Remote\nann / Does Sales\nann / Remote\nbob / Does North\nbob / Does Remote\nbob / Does Sales\nbob / Remote\n"+
		"eve / Does Remote\neve / Does Sales\neve / Remote", "lnkUserToRole")
	after(func() { delete(s.tree, "b") }, "/directory\n/directory/groups\n/directory/groups/Sales\n"+
		"/directory/groups/Sales/Remote", "UserGroup")
	after(func() { delete(s.tree, "v") }, "Remote", "OrganizationalRole") // released, not deleted
	if got := s.given()["lnkUserToLicencePackage"]; got != "" {
		t.Errorf("licences without the group:\n%s", got)
	}
	for _, step := range slices.Backward(steps) {
		if _, err := s.w.engine.Undo(t.Context(), step.run, nil, "tester", false); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.before, s.given()); diff != "" {
			t.Errorf("run %d taken back (-before it +now):\n%s", step.run, diff)
		}
	}
}

// TestGrantsAreThoseOfAFreshStart: whatever became of the groups since, what
// everybody has is what one run over an empty registry would give.
func TestGrantsAreThoseOfAFreshStart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s := newGrove(newWorld(t))
		keys, logins := []string{"a", "b", "c", "d"}, []string{"ann", "bob", "eve"}
		for _, login := range logins {
			s.join(login)
		}
		s.tree["a"] = branch{"A", ""} // a directory without any group is held
		for range rapid.IntRange(1, 2).Draw(rt, "days") {
			for range rapid.IntRange(1, 5).Draw(rt, "events") {
				key, login := rapid.SampledFrom(keys).Draw(rt, "group"), rapid.SampledFrom(logins).Draw(rt, "login")
				switch rapid.IntRange(0, 3).Draw(rt, "event") {
				case 0:
					delete(s.tree, key)
				case 1:
					s.join(login, slices.Compact(slices.Sorted(slices.Values(append(s.in[login], key))))...)
				case 2:
					s.join(login, slices.DeleteFunc(slices.Clone(s.in[login]), func(k string) bool { return k == key })...)
				default:
					s.tree[key] = branch{rapid.StringMatching("[A-C]").Draw(rt, "name") + key, rapid.SampledFrom(keys[:slices.Index(keys, key)+1]).Draw(rt, "parent")}
				}
			}
			s.tree["a"] = branch{"A", ""}
			s.sync()
		}
		fresh := newGrove(newWorld(t))
		fresh.tree, fresh.in = s.tree, s.in
		maps.Copy(fresh.entries, s.entries)
		fresh.sync()
		if diff := cmp.Diff(fresh.given(), s.given()); diff != "" {
			rt.Errorf("after days of changes (-a fresh start +got):\n%s", diff)
		}
	})
}

// TestAnAccountByItselfFollowsItsGroups: what one entry gets when it is taken over
// by itself is what the next run would give it, and nobody else's changes.
func TestAnAccountByItselfFollowsItsGroups(t *testing.T) {
	t.Parallel()
	s := newGrove(newWorld(t))
	s.tree = map[string]branch{"a": {"Sales", ""}, "v": {"vpn", "a"}}
	s.join("ann", "a")
	s.join("bob")
	s.sync()
	takeOver := func(groups string) *engine.Taken {
		t.Helper()
		taken, err := s.w.engine.TakeOver(t.Context(), engine.Single{Name: "cn=ann", Jobs: s.jobs(), Groups: groups}, engine.Options{Kind: "sign-in", By: "ann"})
		if err != nil {
			t.Fatal(err)
		}
		return taken
	}
	if same := takeOver(""); same.Run != 0 || same.Changes != 0 {
		t.Errorf("nothing changed: got %+v", same)
	}
	s.join("ann", "v")
	s.join("bob", "a", "v")
	taken := takeOver("")
	if taken.Run == 0 || !strings.Contains(taken.Reason(), "No such profile") {
		t.Errorf("she joined a group: got %+v", taken)
	}
	if again := takeOver(taken.Groups); again.Run != 0 {
		t.Errorf("as she was: got %+v", again)
	}
	roles := "ann / Does Sales\nann / Does vpn\nann / Remote workers"
	if got := s.given()["lnkUserToRole"]; got != roles {
		t.Errorf("got\n%s\nwant\n%s", got, roles)
	}
	// A grant that somebody took from her by hand comes back.
	s.w.erase("lnkUserToRole", s.link("lnkUserToRole"))
	if taken = takeOver(""); taken.Changes == 0 || s.given()["lnkUserToRole"] != roles {
		t.Errorf("a role removed by hand: got %+v\n%s", taken, s.given()["lnkUserToRole"])
	}
	s.join("ann")
	if taken = takeOver(taken.Groups); taken.Changes == 0 || s.given()["lnkUserToRole"] != "" {
		t.Errorf("she left: got %+v\n%s", taken, s.given()["lnkUserToRole"])
	}
	s.sync()
	if got := s.given()["lnkUserToRole"]; got != strings.ReplaceAll(roles, "ann", "bob") {
		t.Errorf("after a run got\n%s", got)
	}
}
