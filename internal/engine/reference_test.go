package engine_test

import (
	"strings"
	"testing"

	"rollcall/internal/rollcall"
)

// staff is a source of persons with managers by DN.
func staff(w *world) *feed {
	return w.feed("staff", "Person", func(r *rollcall.Rules) {
		reconcileBy(r, "email")
		constant(r, "org_id", "Demo", "name")
		rule(r, "manager_id").By = "dn"
	}, "name", "first_name", "email", "org_id", "manager_id")
}

func (f *feed) member(key, boss string) {
	f.put(key, "dn", "cn="+key+",ou=staff", "name", strings.ToUpper(key), "first_name", "F", "email", key+"@x.com")
	delete(f.entries[key], "manager_id")
	if boss != "" {
		f.put(key, "manager_id", "CN="+boss+", ou=Staff")
	}
}

// TestManagersByDN: whoever comes first, in a loop, one's own manager, moved in
// the same load, and unknown ones.
func TestManagersByDN(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := staff(w)
	f.member("ann", "zoe")
	f.member("bob", "ann")
	f.member("zoe", "bob") // a loop of three
	f.member("sol", "sol")
	f.member("tim", "nobody")
	managers := func() string { return w.table("Person", "manager_id") }
	result, _ := w.sync()
	wantText(t, "managers", managers(), "F ANN manager_id=F ZOE\nF BOB manager_id=F ANN\nF SOL manager_id=F SOL\nF TIM manager_id=\nF ZOE manager_id=F BOB")
	if c := result.Run.Sources[0].Counters; c.Created != 5 || c.Updated != 0 || c.CreatedWarnings != 1 {
		t.Errorf("counters: %+v", c)
	}
	if !strings.Contains(w.replicas(f), "tim: synchronized creator warn=Could not find [unique] object for 'manager_id': searched on dn = 'CN=nobody, ou=Staff'") {
		t.Errorf("replicas: %s", w.replicas(f))
	}
	if _, changes := w.sync(); len(changes) != 0 {
		t.Errorf("the second run made %s", lines(changes))
	}
	// The unknown one arrives; ann moves and bob follows; zoe takes ann's old name.
	f.member("nobody", "")
	f.put("ann", "dn", "cn=ann,ou=moved")
	f.put("bob", "manager_id", "cn=ann,ou=moved")
	f.put("zoe", "dn", "cn=ann,ou=staff")
	f.put("sol", "manager_id", "cn=ann,ou=staff")
	w.sync()
	wantText(t, "managers", managers(), "F ANN manager_id=\nF BOB manager_id=F ANN\nF NOBODY manager_id=\nF SOL manager_id=F ZOE\nF TIM manager_id=F NOBODY\nF ZOE manager_id=F BOB")
}

// TestAnErrorNamesTheReferenceItComesOf: the replica keeps the error alone, as
// iTop's does; the report says which reference was not found.
func TestAnErrorNamesTheReferenceItComesOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := staff(w)
	constant(&f.source.Rules, "org_id", "Elsewhere", "name")
	f.member("ann", "")
	result, changes := w.sync()
	const cause = "Could not find [unique] object for 'org_id': searched on name = 'Elsewhere'"
	if len(result.Problems) != 1 || !strings.HasSuffix(result.Problems[0].Reason, "("+cause+")") {
		t.Errorf("problems: %+v", result.Problems)
	}
	if len(changes) != 1 || len(changes[0].Warnings) != 1 || changes[0].Warnings[0] != cause {
		t.Errorf("changes: %+v", changes)
	}
	if kept := w.replicas(f); strings.Contains(kept, cause) {
		t.Errorf("the replica keeps %s", kept)
	}
}

func TestReferencesByAttribute(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.person("name", "Boss", "first_name", "Pre", "email", "boss@x.com")
	w.person("name", "Twin", "first_name", "A", "email", "twin@x.com")
	w.person("name", "Twin", "first_name", "B", "email", "twin@x.com")
	f := w.feed("staff", "Person", func(r *rollcall.Rules) {
		reconcileBy(r, "email")
		constant(r, "org_id", "Demo", "name")
		rule(r, "manager_id").By = "email"
	}, "name", "first_name", "email", "org_id", "manager_id")
	for _, c := range []struct{ key, boss string }{
		{"a", "boss@x.com"}, {"b", "none@x.com"}, {"c", "twin@x.com"}, {"d", ""}, {"e", "BOSS@x.com"}, {"f", "a@x.com"}, {"g", "z@x.com"}, {"z", "g@x.com"},
	} {
		f.put(c.key, "name", c.key, "first_name", "F", "email", c.key+"@x.com", "manager_id", c.boss)
	}
	result, _ := w.sync()
	wantText(t, "managers", w.table("Person", "manager_id"), `A Twin manager_id=
B Twin manager_id=
F a manager_id=Pre Boss
F b manager_id=
F c manager_id=
F d manager_id=
F e manager_id=Pre Boss
F f manager_id=F a
F g manager_id=F z
F z manager_id=F g
Pre Boss manager_id=`)
	if c := result.Run.Sources[0].Counters; c.Created != 8 || c.CreatedWarnings != 2 || len(result.Problems) != 2 {
		t.Errorf("counters %+v, problems %+v", c, result.Problems)
	}
	f.put("a", "manager_id", "none2@x.com")
	_, changes := w.sync()
	wantText(t, "an unknown one resets", lines(changes), "update a manager_id:Pre Boss>")
}

func TestAMandatoryReferenceToNobodyFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.feed("staff", "Person", func(r *rollcall.Rules) {
		reconcileBy(r, "email")
		rule(r, "org_id").By = "name"
	}, "name", "first_name", "email", "org_id")
	f.put("a", "name", "N", "first_name", "F", "email", "a@x.com", "org_id", "Nowhere")
	result, _ := w.sync()
	if c := result.Run.Sources[0].Counters; c.CreatedErrors != 1 || c.CreatedWarnings != 0 {
		t.Errorf("counters: %+v", c)
	}
	if !strings.HasPrefix(w.replicas(f), "a: new err=Unable to create destination object: Unexpected value for attribute 'Organization' (org_id) : Null not allowed: issues = {0=>Unexpected value for attribute 'Organization' (org_id) : Null not allowed}, class = Person, id = -1") {
		t.Errorf("replicas: %s", w.replicas(f))
	}
}

// TestLinkSetsAsText repeats the recorded probes of UserLDAP.profile_list.
func TestLinkSetsAsText(t *testing.T) {
	t.Parallel()
	const failed = "!Unable to create destination object: "
	for _, c := range []struct{ text, want string }{
		{"profileid->name:Portal user", "[Portal user]"},
		{"profileid->name:Portal user|profileid->name:Configuration Manager", "[Configuration Manager, Portal user]"},
		{"profileid->name:Portal user;reason:because", "[Portal user]"},
		{"profileid->name:'Portal user';reason:'a;b|c:d'", "[Portal user]"},
		{"profileid->name:No Such", failed + "Found no match: ext_key = profileid, reconciliation = name=No Such"},
		{"profileid->name:Portal user|profileid->name:No Such", failed + "Found no match: ext_key = profileid, reconciliation = name=No Such"},
		{"profileid->name:Portal user|profileid->name:Portal user", "[Portal user]"},
		{"profileid:2", "[Portal user]"},
		{"profileid->nosuch:x", failed + "Wrong attribute code for link attribute specification: class = URP_Profiles, attcode = nosuch"},
		{"nosuch:x", failed + "Wrong attribute code for link attribute specification: class = URP_UserProfile, attcode = nosuch"},
		{"Portal user", failed + "Wrong format for link attribute specification: value = Portal user"},
		{"", failed + "At least one profile must be assigned to this user."},
		{"profileid->name:portal USER", "[Portal user]"},
	} {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			f := w.feed("users", "UserLDAP", func(r *rollcall.Rules) {
				reconcileBy(r, "login")
				constant(r, "profile_list", c.text, "")
			}, "login", "profile_list")
			f.put("u", "login", "l")
			_, changes := w.sync()
			if !strings.HasPrefix(c.want, "!") {
				wantText(t, "profiles", w.table("UserLDAP", "profile_list"), "l profile_list="+c.want)
				return
			}
			if got := lines(changes); !strings.HasPrefix(got, "fail u "+c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestLinkSetsFollowTheirSource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := w.feed("users", "UserLDAP", func(r *rollcall.Rules) { reconcileBy(r, "login") }, "login", "profile_list", "language")
	f.put("u", "login", "l", "language", "EN US", "profile_list", "profileid->name:Portal user'|'")
	delete(f.entries, "u")
	f.put("u", "login", "l", "language", "EN US")
	// The feed splits values at bars, so the whole text comes from an expression.
	a := rule(&f.source.Rules, "profile_list")
	a.From, a.Expr = "", `join(entry.all("profiles"), "|")`
	f.put("u", "profiles", "profileid->name:Portal user|profileid->name:Support Agent")
	profiles := func() string { return w.table("UserLDAP", "profile_list") }
	w.sync()
	wantText(t, "two", profiles(), "l profile_list=[Portal user, Support Agent]")
	f.put("u", "profiles", "profileid->name:Support Agent|profileid->name:Portal user")
	if _, changes := w.sync(); len(changes) != 0 {
		t.Errorf("another order made %s", lines(changes))
	}
	f.put("u", "profiles", "profileid->name:Support Agent")
	_, changes := w.sync()
	wantText(t, "one", profiles(), "l profile_list=[Support Agent]")
	if len(changes) != 1 || changes[0].Verb != rollcall.VerbUpdate {
		t.Errorf("changes: %s", lines(changes))
	}
}

// TestMembersByDN: a team's members are the entries of another source; those
// not known yet are left out and come with a later run.
func TestMembersByDN(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := staff(w)
	p.member("ann", "")
	p.member("bob", "")
	teams := w.feed("teams", "Team", func(r *rollcall.Rules) {
		reconcileBy(r, "name")
		constant(r, "org_id", "Demo", "name")
		a := rule(r, "persons_list")
		a.From, a.By, a.Source, a.All, a.Separator = "member", "dn", "staff", true, "\n"
	}, "name", "org_id", "persons_list")
	teams.put("t", "name", "Night", "member", "cn=ann,ou=staff|CN=Bob,OU=staff|cn=cleo,ou=staff|cn=ann,ou=staff")
	members := func() string { return w.table("Team", "persons_list") }
	result, _ := w.sync()
	wantText(t, "two known", members(), "Night persons_list=[F ANN, F BOB]")
	if len(result.Problems) != 1 || !result.Problems[0].Warning || !strings.Contains(result.Problems[0].Reason, "cn=cleo,ou=staff") {
		t.Errorf("problems: %+v", result.Problems)
	}
	p.member("cleo", "")
	w.sync()
	wantText(t, "three", members(), "Night persons_list=[F ANN, F BOB, F CLEO]")
	teams.put("t", "member", "cn=cleo,ou=staff")
	w.sync()
	wantText(t, "one", members(), "Night persons_list=[F CLEO]")
	if _, changes := w.sync(); len(changes) != 0 {
		t.Errorf("unchanged made %s", lines(changes))
	}
}
