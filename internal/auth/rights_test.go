package auth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/auth"
	"rollcall/internal/registry/registrytest"
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
)

// letters writes what an account may do with a class: r and R for reading one and
// many, w and W for writing, d and D for deleting.
func letters(r *auth.Rights, a *auth.Account, c *rollcall.Class) string {
	var b strings.Builder
	for i, letter := range "rRwWdD" {
		if r.Allows(a, c, auth.Action(i)) {
			b.WriteRune(letter)
		}
	}
	return b.String()
}

func TestRightsOfTheBuiltInProfiles(t *testing.T) {
	t.Parallel()
	model, err := schema.Load()
	must(t, err)
	rights := auth.NewRights(model)
	const all, look = "rRwWdD", "rR"
	for _, c := range []struct {
		profiles string
		want     map[string]string
	}{
		{"", map[string]string{"Person": "", "User": "", "EventIssue": "r"}},
		{"REST Services User", map[string]string{"Person": "", "User": "", "SynchroDataSource": "", "EventIssue": "r"}},
		{"Administrator", map[string]string{"Person": all, "User": all, "SynchroDataSource": all, "EventIssue": all, "URP_Profiles": all, "lnkPersonToTeam": all}},
		{"Configuration Manager", map[string]string{
			"Organization": all, "Person": all, "Team": all, "Location": all, "Server": all, "lnkPersonToTeam": all, "ContactType": all,
			"User": "", "UserLDAP": "", "URP_Profiles": "", "URP_UserProfile": "", "URP_UserOrg": "", "PersonalToken": "",
			"SynchroDataSource": "", "SynchroAttribute": "", "EventIssue": "r", "ModuleInstallation": "r",
			"UserRequest": look,
		}},
		{"Support Agent", map[string]string{"Person": look, "Server": look, "lnkPersonToTeam": look, "UserRequest": "rRwW", "User": ""}},
		{"Portal user", map[string]string{"Person": look, "User": ""}},
		{"Portal power user", map[string]string{"Person": ""}},
		{"Support Agent,Configuration Manager", map[string]string{"Person": all, "UserRequest": "rRwW", "User": ""}},
		{"Configuration Manager,Administrator", map[string]string{"User": all}},
		{"No such profile", map[string]string{"Person": ""}},
	} {
		a := &auth.Account{Profiles: strings.Split(c.profiles, ",")}
		a.Administrator = a.Has(auth.ProfileAdministrator)
		for class, want := range c.want {
			if got := letters(rights, a, model.Class(class)); got != want {
				t.Errorf("%s on %s: got %q, want %q", c.profiles, class, got, want)
			}
		}
	}
	if letters(rights, nil, model.Class("Person")) != "" || letters(rights, &auth.Account{Administrator: true}, nil) != "" {
		t.Error("got rights for nobody or on nothing")
	}
}

// TestNoBuiltInProfileReadsAccountsOrSources holds for every class of the model
// that is not of the business: nothing but events can be read.
func TestNoBuiltInProfileReadsAccountsOrSources(t *testing.T) {
	t.Parallel()
	model, err := schema.Load()
	must(t, err)
	rights := auth.NewRights(model)
	for _, seed := range model.Class("URP_Profiles").Seeds {
		a := &auth.Account{Profiles: []string{seed.Values["name"]}}
		if a.Has(auth.ProfileAdministrator) {
			continue
		}
		for _, class := range model.Classes {
			want := ""
			switch class.Category {
			case "bizmodel":
				continue
			case "log":
				want = "r"
			}
			if class.IsLink {
				want = ""
			}
			if got := letters(rights, a, class); got != want {
				t.Errorf("%s on %s (%s): got %q, want %q", a.Profiles[0], class.Name, class.Category, got, want)
			}
		}
	}
}

func TestADenyWins(t *testing.T) {
	t.Parallel()
	model, err := schema.Load()
	must(t, err)
	rights := auth.NewRights(model, auth.Grant{Profile: "Portal power user", Classes: []string{"Contact"}, Actions: []auth.Action{auth.Delete}, Stimuli: []string{"ev_x"}, Deny: true})
	person := model.Class("Person")
	a := &auth.Account{Profiles: []string{"Configuration Manager", "Portal power user"}}
	if got := letters(rights, a, person); got != "rRwWD" {
		t.Errorf("got %q", got)
	}
	slices.Reverse(a.Profiles)
	if got := letters(rights, a, person); got != "rRwWD" {
		t.Errorf("in another order: got %q", got)
	}
}

func TestStimuli(t *testing.T) {
	t.Parallel()
	model, err := schema.Load()
	must(t, err)
	rights, request := auth.NewRights(model), model.Class("UserRequest")
	for profile, want := range map[string]bool{"Support Agent": true, "Configuration Manager": false, "REST Services User": false} {
		if got := rights.AllowsStimulus(&auth.Account{Profiles: []string{profile}}, request, "ev_assign"); got != want {
			t.Errorf("%s: got %t, want %t", profile, got, want)
		}
	}
	if !rights.AllowsStimulus(&auth.Account{Administrator: true}, request, "ev_assign") || rights.AllowsStimulus(nil, request, "ev_assign") {
		t.Error("got other rights for an administrator, or for nobody")
	}
}

func organisations(_ *testing.T, w *world) {
	rights := auth.NewRights(w.Model)
	below := w.Create("Organization", nil, "name", "Below", "parent_id", fmt.Sprint(w.org))
	deep := w.Create("Organization", nil, "name", "Deep", "parent_id", fmt.Sprint(below))
	other := w.Create("Organization", nil, "name", "Other")
	names := map[rollcall.ObjectID]string{w.org: "top", below: "below", deep: "deep", other: "other"}
	for _, org := range []rollcall.ObjectID{w.org, below, deep, other} {
		person := w.Create("Person", nil, "name", names[org], "first_name", "A", "org_id", fmt.Sprint(org))
		w.Create("UserLDAP", map[string][]rollcall.Link{"profile_list": registrytest.LinkTo(support)}, "login", names[org], "contactid", fmt.Sprint(person))
	}
	limited := func(login string, orgs ...rollcall.ObjectID) *auth.Account {
		w.Helper()
		hash, err := auth.Hash(secret)
		must(w, err)
		w.Create("UserLocal", map[string][]rollcall.Link{"profile_list": registrytest.LinkTo(support), "allowed_org_list": registrytest.LinkTo(orgs...)}, "login", login, "password", hash)
		return w.enters(login, secret)
	}
	seen := func(a *auth.Account, class, by string) (list []string) {
		w.Helper()
		q := rights.Visible(a, rollcall.SelectAll(w.Model.Class(class)))
		must(w, w.Store.Select(w.Ctx, q, rollcall.Window{}, func(row []rollcall.Object) error {
			list = append(list, row[0].Get(by))
			return nil
		}))
		slices.Sort(list)
		return list
	}
	for _, c := range []struct {
		a    *auth.Account
		orgs string
		want string
	}{
		{limited("all"), "[Below Deep Demo Other]", "[below deep other top]"},
		{limited("below-and-deep", below), "[Below Deep]", "[below deep]"},
		{limited("deep-and-other", deep, other), "[Deep Other]", "[deep other]"},
		{limited("everything-twice", w.org, below), "[Below Deep Demo]", "[below deep top]"},
	} {
		if got := fmt.Sprint(seen(c.a, "Organization", "name")); got != c.orgs {
			w.Errorf("%s: got organizations %s, want %s", c.a.Login, got, c.orgs)
		}
		for _, class := range []string{"Person", "Contact"} {
			if got := fmt.Sprint(seen(c.a, class, "name")); got != c.want {
				w.Errorf("%s: got %s of class %s, want %s", c.a.Login, got, class, c.want)
			}
		}
		if got := fmt.Sprint(seen(c.a, "UserLDAP", "login")); got != c.want {
			w.Errorf("%s: got accounts %s, want %s", c.a.Login, got, c.want)
		}
	}
	if diff := cmp.Diff([]rollcall.ObjectID{w.org, below, deep}, limited("sorted", w.org).Organisations); diff != "" {
		w.Errorf("organizations (-want +got):\n%s", diff)
	}
}
