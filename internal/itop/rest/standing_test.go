package rest_test

import (
	"testing"

	"rollcall/internal/auth"
	"rollcall/internal/itop/rest"
	"rollcall/internal/rollcall"
)

// TestQueriesKnowWhoAsks asks with the parameters that every query has (iTop
// 3.2.0), as somebody with a person and as somebody without.
func TestQueriesKnowWhoAsks(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.make("Person", `{"org_id":2,"name":"Boss","first_name":"B","email":"boss@example.com"}`)
	w.make("Person", `{"org_id":2,"name":"Klein","first_name":"Ann","manager_id":1,"email":"ann@example.com"}`)
	id := w.make("UserLocal", `{"login":"ann","contactid":2,"password":"Secret-123","profile_list":[{"profileid":1}]}`)
	ann := &auth.Account{
		Ref: rollcall.Ref{Class: "UserLocal", ID: id}, Login: "ann", Contact: 2, Profiles: []string{auth.ProfileAdministrator, auth.ProfileREST}, Administrator: true,
	}
	w.config.Operations = []rest.Operation{{Verb: "acme/mine", Query: "SELECT Person WHERE manager_id = :current_contact->manager_id"}}
	w.service = rest.New(w.config)
	person := func(id, name string) string {
		return `{"code":0,"message":"Found: 1","objects":{"Person::` + id + `":{"code":0,"message":"","class":"Person","key":"` + id + `","fields":{"name":"` + name + `"}}}}`
	}
	none := `{"code":0,"message":"Found: 0","objects":null}`
	for query, want := range map[string]string{
		"SELECT Person WHERE id = :current_contact_id":                                                                person("2", "Klein"),
		"SELECT Person WHERE id = :current_contact->id":                                                               person("2", "Klein"),
		"SELECT Person WHERE id = :current_contact->manager_id":                                                       person("1", "Boss"),
		"SELECT Person WHERE name = :current_contact->manager_name":                                                   person("1", "Boss"),
		"SELECT Person WHERE friendlyname = :current_contact->friendlyname":                                           person("2", "Klein"),
		"SELECT Person WHERE email = :current_user->email":                                                            person("2", "Klein"),
		"SELECT Person WHERE org_id = :current_user->org_id AND name = 'Boss'":                                        person("1", "Boss"),
		"SELECT Person AS p JOIN UserLocal AS u ON u.contactid = p.id WHERE u.login = :current_user->login":           person("2", "Klein"),
		"SELECT Person AS p JOIN UserLocal AS u ON u.contactid = p.id WHERE u.finalclass = :current_user->finalclass": person("2", "Klein"),
		"SELECT Person WHERE location_id = :current_contact->location_id AND name = 'Boss'":                           person("1", "Boss"),
		"SELECT Person WHERE name = :current_contact->location_name":                                                  none,
	} {
		if got := w.as(ann, `{"operation":"core/get","class":"Person","output_fields":"name","key":"`+query+`"}`); got != want {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
	if got, want := w.as(ann, `{"operation":"acme/mine","output_fields":"name"}`), person("2", "Klein"); got != want {
		t.Errorf("declared: got %s, want %s", got, want)
	}
	missing := func(name, available string) string {
		return failure("Missing query argument: expecting = " + name + ", available = {" + available + "}")
	}
	for query, want := range map[string]string{
		"SELECT Person WHERE id = :current_contact_id":            none,
		"SELECT Person WHERE email = :current_contact->email":     missing("current_contact->email", ""),
		"SELECT Person WHERE name = :current_user->password":      missing("current_user->password", ""),
		"SELECT Person WHERE name = :current_user->nosuch":        missing("current_user->nosuch", ""),
		"SELECT Person WHERE name = :current_user":                missing("current_user", ""),
		"SELECT Person WHERE id = :current_contact_id OR id = :x": missing("x", "0=>current_contact_id"),
	} {
		if got := w.ask(`{"operation":"core/get","class":"Person","output_fields":"name","key":"` + query + `"}`); got != want {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
}
