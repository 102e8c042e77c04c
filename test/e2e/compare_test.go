package e2e

import (
	"cmp"
	"slices"
	"testing"
)

// person, account and team are objects as the model has them: references are
// names that no two share.
type person struct{ First, Last, Mail, Phone, Mobile, Title, Status, Org, Manager string }

type account struct {
	Person, Status, Language string
	Profiles                 []string
}

type team struct {
	About, Status, Org string
	Members            []string // phone numbers, which no two people share
}

// compare compares a registry with the model, object by object.
func (c *company) compare(t testing.TB, s snapshot, organization string) {
	t.Helper()
	orgs := s["Organization"]
	phoneOf := func(id string) string { return s["Person"][id]["phone"] }

	gotPeople, wantPeople := map[string]person{}, map[string]person{}
	for _, p := range s["Person"] {
		gotPeople[p["phone"]] = person{p["first_name"], p["name"], p["email"], p["phone"], p["mobile_phone"], p["function"], p["status"],
			orgs[p["org_id"]]["name"], phoneOf(p["manager_id"])}
	}
	gotUsers, wantUsers := map[string]account{}, map[string]account{}
	profiles := membersOf(s["URP_UserProfile"], "userid", "profileid", func(id string) string { return profileNames[id] })
	for id, u := range s["UserLDAP"] {
		gotUsers[u["login"]] = account{phoneOf(u["contactid"]), u["status"], u["language"], profiles[id]}
	}
	for i := range c.people {
		e := &c.people[i]
		want := person{e.firstShown, e.last, e.mail, e.phone, e.mobile, e.title, "active", organization, ""}
		user := account{e.phone, "enabled", "EN US", e.profiles}
		if e.manager >= 0 {
			want.Manager = c.people[e.manager].phone
		}
		if e.disabled || e.expired {
			want.Status, user.Status = "inactive", "disabled"
		}
		wantPeople[e.phone], wantUsers[e.login] = want, user
	}
	same(t, "persons", gotPeople, wantPeople)
	same(t, "accounts", gotUsers, wantUsers)
	same(t, "teams", teamsOf(s, phoneOf), c.wantTeams(organization))
}

func (c *company) wantTeams(organization string) map[string]team {
	want := map[string]team{}
	for _, g := range c.groups {
		if c.isTeam(&g) {
			want[g.name] = team{About: g.about, Status: "active", Org: organization}
		}
	}
	for i := range c.people {
		for _, name := range c.people[i].teams {
			tm := want[name]
			tm.Members = append(tm.Members, c.people[i].phone)
			want[name] = tm
		}
	}
	return want
}

func teamsOf(s snapshot, shown func(id string) string) map[string]team {
	members := membersOf(s["lnkPersonToTeam"], "team_id", "person_id", shown)
	got := map[string]team{}
	for id, tm := range s["Team"] {
		got[tm["name"]] = team{tm["function"], tm["status"], s["Organization"][tm["org_id"]]["name"], members[id]}
	}
	return got
}

// membersOf returns what links lead to by the object they start from, sorted.
func membersOf(links map[string]row, host, target string, shown func(id string) string) map[string][]string {
	sets := map[string][]string{}
	for _, l := range links {
		sets[l[host]] = append(sets[l[host]], shown(l[target]))
	}
	for _, set := range sets {
		slices.SortFunc(set, cmp.Compare[string])
	}
	return sets
}

// profileNames are the predefined profiles that the tests use.
var profileNames = map[string]string{
	"1": "Administrator", "2": "Portal user", "3": "Configuration Manager", "5": "Support Agent", "9": "Change Approver", "12": "Portal power user",
}
