package rest_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

// create asks for an object and returns the answer.
func (w *world) create(class, fields, output string) string {
	w.Helper()
	return w.ask(fmt.Sprintf(`{"operation":"core/create","comment":"test","class":%q,"fields":%s,"output_fields":%q}`, class, fields, output))
}

func made(class string, id int, fields string) string {
	return fmt.Sprintf(`{"code":0,"message":null,"objects":{"%s::%d":{"code":0,"message":"created","class":%q,"key":"%d","fields":%s}}}`, class, id, class, id, fields)
}

func updated(class string, id int, fields string) string {
	return strings.Replace(made(class, id, fields), `"created"`, `"updated"`, 1)
}

func failure(text string) string { return `{"code":100,"message":"Error: ` + text + `"}` }

// issue is the answer to a write that the registry refuses.
func issue(text, class string, id int) string {
	return failure(fmt.Sprintf("%s: issues = {0=>%s}, class = %s, id = %d", text, text, class, id))
}

func TestCreate(t *testing.T) {
	t.Parallel()
	onBoth(t, map[string]func(*testing.T, *world){
		"Objects":   createObjects,
		"Refused":   createRefused,
		"Accounts":  createAccounts,
		"LinkSets":  createLinkSets,
		"OfStrange": createOfStrangeTypes,
	})
}

func createObjects(t *testing.T, w *world) {
	w.want(`{"operation":"core/create","class":"Organization","fields":{"name":"Création & <Cie>"},"comment":"","output_fields":"id,friendlyname"}`,
		made("Organization", 3, `{"id":"3","friendlyname":"Cr\u00e9ation & <Cie>"}`))
	for i, org := range []string{`2`, `"2"`, `{"name":"Demo"}`, `"SELECT Organization WHERE name='Demo'"`} {
		if got, want := w.create("Person", `{"org_id":`+org+`,"name":"Doe","first_name":"J`+fmt.Sprint(i)+`"}`, "org_id"), made("Person", i+1, `{"org_id":"2"}`); got != want {
			t.Errorf("org_id %s: got %s, want %s", org, got, want)
		}
	}
	if got, want := w.create("Server", `{"org_id":2,"name":"s","purchase_date":"2024-01-31","powerA_id":0,"finalclass":"Person"}`, "purchase_date,end_of_warranty,nb_u,powerA_id,powerA_id_finalclass_recall,rack_id_friendlyname,redundancy,status"),
		made("Server", 1, `{"purchase_date":"2024-01-31","end_of_warranty":"","nb_u":"","powerA_id":"0","powerA_id_finalclass_recall":"PowerConnection","rack_id_friendlyname":"","redundancy":"1","status":"production"}`); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	steps := w.history("Organization", 3)
	want := []rollcall.History{{
		Origin: rollcall.Origin{Kind: "webservice-rest", By: "My first name My last name", At: now}, Verb: rollcall.HistoryCreate,
		Object: rollcall.Ref{Class: "Organization", ID: 3}, Name: "Création & <Cie>",
	}}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

// history returns the steps of an object without their IDs.
func (w *world) history(class string, id rollcall.ObjectID) (steps []rollcall.History) {
	w.Helper()
	must(w, w.Store.History(w.Ctx, rollcall.HistoryFilter{Object: rollcall.Ref{Class: class, ID: id}}, func(h *rollcall.History) error {
		step := *h
		step.ID = 0
		steps = append(steps, step)
		return nil
	}))
	return steps
}

func createRefused(t *testing.T, w *world) {
	for range 2 {
		w.make("Person", `{"org_id":2,"name":"Twin","first_name":"Same","email":"dup@example.com"}`)
	}
	long := strings.Repeat("x", 300)
	for fields, want := range map[string]string{
		`"org_id":{"name":"Nowhere"},"name":"A","first_name":"B"`:                         failure("org_id: No item found with criteria: name: Nowhere (Nowhere)"),
		`"org_id":"SELECT Organization","name":"A","first_name":"B"`:                      failure("org_id: Several items found (2) for query: SELECT Organization"),
		`"org_id":9999,"name":"A","first_name":"B"`:                                       failure("org_id: Invalid object Organization::9999"),
		`"org_id":2,"name":"A"`:                                                           issue("Unexpected value for attribute 'First Name' (first_name) : Null not allowed", "Person", -1),
		`"org_id":2,"name":null,"first_name":"B"`:                                         issue("Unexpected value for attribute 'Last Name' (name) : Null not allowed", "Person", -1),
		`"org_id":0,"name":"A","first_name":"B"`:                                          issue("Unexpected value for attribute 'Organization' (org_id) : Null not allowed", "Person", -1),
		`"org_id":2,"name":"A","first_name":"B","status":"bogus"`:                         issue("Unexpected value for attribute 'Status' (status) : Value not allowed [bogus]", "Person", -1),
		`"org_id":2,"name":"A","first_name":"B","nosuch":"x"`:                             failure("nosuch: Unknown attribute"),
		`"org_id":2,"name":"` + long + `","first_name":"B"`:                               issue("Unexpected value for attribute 'Last Name' (name) : String too long (found 300, limited to 255)", "Person", -1),
		`"org_id":2,"name":"A","first_name":"B","email":"not a mail"`:                     issue("Unexpected value for attribute 'Email' (email) : Wrong format [not a mail]", "Person", -1),
		`"org_id":2,"name":"A","first_name":"B","manager_id":{"email":"dup@example.com"}`: failure("manager_id: Several items found (2) with criteria: email: dup@example.com (dup@example.com)"),
		`"org_id":2,"name":"A","first_name":"B","manager_id":""`:                          failure("manager_id: Wrong format for key"),
		`"org_id":2,"name":"A","first_name":"B","manager_id":null`:                        failure("manager_id: Wrong format for key"),
		`"org_id":2,"name":"A","first_name":"B","org_name":"x"`:                           failure("org_name: Attempting to set the value on the read-only attribute Person::org_name"),
		`"org_id":2,"name":"A","first_name":"B","friendlyname":"x"`:                       failure("friendlyname: Attempting to set the value on the read-only attribute Person::friendlyname"),
		`"org_id":2,"name":"A","first_name":"B","id":5`:                                   failure("id: Unknown attribute"),
		`"org_id":2,"name":{"a":1},"first_name":"B"`:                                      failure("name: the value must be a text, a number, true or false"),
		`"org_id":2,"name":"A","first_name":"B","team_list":{}`:                           failure("team_list: A link set must be defined by an array of objects"),
		`"org_id":2,"name":"A","first_name":"B","team_list":[1]`:                          failure("team_list: A link set must be defined by an array of objects"),
		`"org_id":2,"name":"A","first_name":"B","team_list":[{"team_id":{"name":"x"}}]`:   failure("team_list: team_id: No item found with criteria: name: x (x)"),
		`"org_id":2,"name":"A\u0000","first_name":"B"`:                                    issue("Unexpected value for attribute 'Last Name' (name) : Wrong format [A\\\\0]", "Person", -1),
	} {
		if got := w.create("Person", `{`+fields+`}`, "id"); got != want {
			t.Errorf("%s\n got %s\nwant %s", fields, got, want)
		}
	}
	if got, want := w.create("Server", `{"org_id":2,"name":"s","purchase_date":"31/01/2024"}`, "id"), failure(`purchase_date: Wrong format for date attribute purchase_date, expecting \"Y-m-d\" and got \"31\/01\/2024\"`); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	w.want(`{"operation":"core/create","class":"Organization","fields":{"name":"of"},"comment":"x","output_fields":"nosuch"}`, failure("output_fields: invalid attribute code 'nosuch'"))
	w.want(`{"operation":"core/create","class":"Organization","fields":{"name":"of"}}`, failure("Missing parameter 'comment'"))
	w.want(`{"operation":"core/create","class":"Organization","comment":"x"}`, failure("Missing parameter 'fields'"))
	w.want(`{"operation":"core/create","class":"Organization","comment":"x","fields":[{}]}`, failure("Parameter 'fields' must be an object: attribute codes and their values"))
	w.want(`{"operation":"core/create","class":"Contact","comment":"x","fields":{"name":"x","org_id":2}}`, failure("class: 'Contact' is abstract: its objects are of a class below it"))
	if got := w.ask(`{"operation":"core/get","class":"Contact","key":{},"output_fields":"id"}`); !strings.Contains(got, `"Found: 2"`) {
		t.Errorf("got %s, want the twins alone", got)
	}
}

func createAccounts(t *testing.T, w *world) {
	w.make("Person", `{"org_id":2,"name":"Doe","first_name":"John","email":"jd@example.com"}`)
	got := w.create("UserLDAP", `{"login":"jd","language":"EN US","contactid":{"email":"jd@example.com"},"profile_list":[{"profileid":{"name":"Portal user"},"reason":"because"}]}`, "*")
	want := made("UserLDAP", 2, `{"contactid":"1","last_name":"Doe","first_name":"John","email":"jd@example.com","org_id":"2","login":"jd","language":"EN US","status":"enabled",`+
		`"profile_list":[{"profileid":"2","profile":"Portal user","reason":"because","friendlyname":"Link between jd and Portal user","profileid_friendlyname":"Portal user"}],`+
		`"allowed_org_list":[],"log":{"entries":[]},"reset_pwd_token":"","ldap_server":"","finalclass":"UserLDAP","friendlyname":"jd","contactid_friendlyname":"John Doe","contactid_obsolescence_flag":"","org_id_friendlyname":"Demo","org_id_obsolescence_flag":""}`)
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	profile := `"profile_list":[{"profileid":{"name":"Portal user"}}]`
	weak := "Password must be at least 8 characters and include uppercase, lowercase, numeric and special characters."
	for fields, want := range map[string]string{
		`{"login":"jd2"}`:                issue("At least one profile must be assigned to this user.", "UserLDAP", -1),
		`{"login":"JD",` + profile + `}`: issue(`Login must be unique - \"JD\" is already being used.`, "UserLDAP", -1),
		`{"login":"j","profile_list":[{"profileid":{"name":"Nope"}}]}`:                          failure("profile_list: profileid: No item found with criteria: name: Nope (Nope)"),
		`{"login":"j","contactid":1,"allowed_org_list":[{"allowed_org_id":1}],` + profile + `}`: issue("Allowed organizations must contain User organization", "UserLDAP", -1),
	} {
		if got := w.create("UserLDAP", fields, "id"); got != want {
			t.Errorf("%s\n got %s\nwant %s", fields, got, want)
		}
	}
	if got, want := w.create("UserLocal", `{"login":"jl","password":"short",`+profile+`}`, "id"), issue(weak, "UserLocal", -1); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := w.create("UserLocal", `{"login":"jl","password":"Long-enough-1",`+profile+`}`, "password,reset_pwd_token,password_renewed_date"),
		made("UserLocal", 3, `{"password":"*****","reset_pwd_token":"","password_renewed_date":"2026-11-21"}`); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	users, err := w.Store.Objects(w.Ctx, w.Model.Class("UserLocal"), []rollcall.ObjectID{3})
	must(t, err)
	if !auth.Verify(users[0].Get("password"), "Long-enough-1") {
		t.Errorf("got %q, want a hash of the password", users[0].Get("password"))
	}
}

func createLinkSets(t *testing.T, w *world) {
	people(w)
	got := w.create("Team", `{"org_id":2,"name":"T1","persons_list":[{"person_id":{"email":"u000005@example.com"}},{"person_id":4},{"person_id":0}]}`, "friendlyname,persons_list")
	want := made("Team", 7, `{"friendlyname":"T1","persons_list":[`+
		`{"person_id":"6","person_name":"Durand","role_id":"0","role_name":"","friendlyname":"In\u00e9s Durand \/ T1","person_id_friendlyname":"In\u00e9s Durand","person_id_obsolescence_flag":"","role_id_friendlyname":""},`+
		`{"person_id":"4","person_name":"Robert","role_id":"0","role_name":"","friendlyname":"Dvo\u0159\u00e1k Robert \/ T1","person_id_friendlyname":"Dvo\u0159\u00e1k Robert","person_id_obsolescence_flag":"","role_id_friendlyname":""}]}`)
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	// Read again they come by name.
	body := w.ask(`{"operation":"core/get","class":"Team","key":7,"output_fields":"persons_list"}`)
	if first, second := strings.Index(body, "Robert"), strings.Index(body, "Durand"); first < 0 || first > second {
		t.Errorf("got %s, want Robert before Durand", body)
	}
	w.want(`{"operation":"core/update","comment":"u","class":"Team","key":{"name":"T1"},"fields":{"persons_list":[{"person_id":4,"role_id":0}]},"output_fields":"persons_list"}`,
		updated("Team", 7, `{"persons_list":[{"person_id":"4","person_name":"Robert","role_id":"0","role_name":"","friendlyname":"Dvo\u0159\u00e1k Robert \/ T1","person_id_friendlyname":"Dvo\u0159\u00e1k Robert","person_id_obsolescence_flag":"","role_id_friendlyname":""}]}`))
}

// createOfStrangeTypes gives what PHP makes of values of other types (observed),
// and of values that are structures.
func createOfStrangeTypes(t *testing.T, w *world) {
	for i, c := range [][2]string{{`"name":["x"],"first_name":"B"`, "B Array"}, {`"name":true,"first_name":12`, "12 1"}, {`"name":1.50,"first_name":1e20`, "1.0E+20 1.5"}} {
		if got, want := w.create("Person", `{"org_id":2,`+c[0]+`}`, "friendlyname"), made("Person", i+1, `{"friendlyname":"`+c[1]+`"}`); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	png := "\x89PNG\r\n\x1a\n123"
	code := base64.StdEncoding.EncodeToString([]byte(png))
	if got, want := w.create("Person", `{"org_id":2,"name":"P","first_name":"Q","picture":{"data":"`+code+`","mimetype":"image/png","filename":"a.png"}}`, "picture"),
		made("Person", 4, `{"picture":{"data":"`+strings.ReplaceAll(code, "/", `\/`)+`","mimetype":"image\/png","filename":"","downloads_count":0}}`); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := w.create("Person", `{"org_id":2,"name":"P","first_name":"Q","picture":{"data":"%%"}}`, "picture"), failure("picture: data must be in base64"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := w.create("EventIssue", `{"message":"m","issue":"i","page":"p","date":86400,"callstack":[{"a":1}]}`, "date,callstack"),
		made("EventIssue", 1, `{"date":"1970-01-02 00:00:00","callstack":""}`); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	onBoth(t, map[string]func(*testing.T, *world){"Objects": updateObjects, "CaseLogs": updateCaseLogs})
}

func updateObjects(t *testing.T, w *world) {
	w.make("Person", `{"org_id":2,"name":"Doe","first_name":"John","email":"jd@example.com"}`)
	for range 2 {
		w.make("Person", `{"org_id":2,"name":"Twin","first_name":"Same","email":"dup@example.com"}`)
	}
	update := func(key, fields string) string {
		return w.ask(`{"operation":"core/update","comment":"upd","class":"Person","key":` + key + `,"fields":` + fields + `,"output_fields":"friendlyname,phone"}`)
	}
	jd := `{"email":"jd@example.com"}`
	done := updated("Person", 1, `{"friendlyname":"John Doe","phone":"+33 1"}`)
	for _, c := range [][3]string{
		{jd, `{"phone":"+33 1"}`, done},
		{jd, `{"phone":"+33 1"}`, done}, // nothing changes: an update all the same
		{`"SELECT Person WHERE email='jd@example.com'"`, `{"function":"Boss"}`, done},
		{`1`, `{}`, done},
		{`1`, `[]`, done},
		{`{"email":"nobody@x"}`, `{"phone":"1"}`, failure("No item found with criteria: email: nobody@x (nobody@x)")},
		{`"SELECT Person"`, `{"phone":"1"}`, failure("Several items found (3) for query: SELECT Person")},
		{`{"org_id":2}`, `{"phone":"1"}`, failure("Several items found (3) with criteria: org_id: 2 (2)")},
		{`{"org_id":{"name":"Demo"}}`, `{"phone":"1"}`, failure(`Several items found (3) with criteria: org_id: {\"name\":\"Demo\"} (2)`)},
		{`999999`, `{"phone":"1"}`, failure("Invalid object Person::999999")},
		{jd, `{"status":"bogus"}`, issue("Unexpected value for attribute 'Status' (status) : Value not allowed [bogus]", "Person", 1)},
		{jd, `{"name":"","first_name":""}`, failure("Unexpected value for attribute 'Last Name' (name) : Null not allowed, Unexpected value for attribute 'First Name' (first_name) : Null not allowed: issues = {0=>Unexpected value for attribute 'Last Name' (name) : Null not allowed; 1=>Unexpected value for attribute 'First Name' (first_name) : Null not allowed}, class = Person, id = 1")},
		{jd, `{"manager_id":null}`, failure("manager_id: Wrong format for key")},
		{`"SELECT Person WHERE"`, `{}`, failure("Query failed to execute: query = SELECT Person WHERE, exception_class = OQLParserSyntaxErrorException, exception_message = Unexpected token End of Input - found '0' at 0 in 'SELECT Person WHERE'")},
		{jd, `{"phone":null}`, updated("Person", 1, `{"friendlyname":"John Doe","phone":""}`)},
	} {
		if got := update(c[0], c[1]); got != c[2] {
			t.Errorf("%s %s\n got %s\nwant %s", c[0], c[1], got, c[2])
		}
	}
	steps := w.history("Person", 1)
	if len(steps) != 4 || steps[1].Reason != "upd" || steps[1].Origin.Kind != "webservice-rest" {
		t.Errorf("got %+v, want a creation and three updates with their comment", steps)
	}
}

func updateCaseLogs(t *testing.T, w *world) {
	id := w.make("UserLDAP", `{"login":"x","profile_list":[{"profileid":2}],"log":"first"}`)
	update := func(v string) string {
		return w.ask(fmt.Sprintf(`{"operation":"core/update","comment":"","class":"UserLDAP","key":%d,"fields":{"log":%s},"output_fields":"log"}`, id, v))
	}
	entry := func(date, who, id, plain, markup string) string {
		return fmt.Sprintf(`{"date":%q,"user_login":%q,"user_id":%q,"message":%q,"message_html":%q}`, date, who, id, plain, markup)
	}
	first := entry("2026-11-21 20:02:01", "My first name My last name", "1", "first", "first")
	second := entry("2020-01-02 03:04:05", "somebody", "7", "a < b", "<p>a &lt; b<\\/p>")
	second = strings.ReplaceAll(second, `\\/`, `\/`)
	if got, want := update(`{"add_item":{"message":"a < b","format":"text","date":"2020-01-02 03:04:05","user_id":7,"user_login":"somebody"}}`),
		updated("UserLDAP", int(id), `{"log":{"entries":[`+first+`,`+second+`]}}`); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got, want := update(`{"items":[{"message":"only"}]}`), updated("UserLDAP", int(id), `{"log":{"entries":[`+strings.ReplaceAll(first, "first\"", "only\"")+`]}}`); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	for v, want := range map[string]string{`{"add_item":{}}`: "log: Missing mandatory entry: 'message'", `{"x":1}`: "log: a case log takes a text, or an object with add_item or items"} {
		if got := update(v); got != failure(want) {
			t.Errorf("%s: got %s, want %s", v, got, want)
		}
	}
}

func TestWritingAsksForRights(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	people(w)
	const no = `{"code":1,"message":"The current user does not have enough permissions for %s data of class %s","objects":null}`
	author := &auth.Account{Login: "author", Profiles: []string{"Document author"}}
	for data, want := range map[string]string{
		`{"operation":"core/create","comment":"","class":"Person","fields":{}}`:                                fmt.Sprintf(no, "creating", "Person"),
		`{"operation":"core/update","comment":"","class":"Person","key":1,"fields":{}}`:                        fmt.Sprintf(no, "modifying", "Person"),
		`{"operation":"core/delete","comment":"","class":"Person","key":1}`:                                    fmt.Sprintf(no, "deleting", "Person"),
		`{"operation":"core/apply_stimulus","comment":"","class":"Person","key":1,"fields":{},"stimulus":"x"}`: fmt.Sprintf(no, "modifying", "Person"),
		`{"operation":"core/create","comment":"","class":"SynchroDataSource","fields":{"name":"x"}}`:           fmt.Sprintf(no, "creating", "SynchroDataSource"),
	} {
		if got := w.as(author, data); got != want {
			t.Errorf("%s\n got %s\nwant %s", data, got, want)
		}
	}
	manager := &auth.Account{Login: "manager", Name: "manager", Profiles: []string{"Configuration Manager"}}
	if got, want := w.as(manager, `{"operation":"core/update","comment":"x","class":"Person","key":1,"fields":{"phone":"77"},"output_fields":"phone"}`), updated("Person", 1, `{"phone":"77"}`); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOwnAccountIsProtected(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	update := func(fields string) string {
		return w.ask(`{"operation":"core/update","comment":"","class":"UserLocal","key":1,"fields":` + fields + `,"output_fields":"status"}`)
	}
	for fields, want := range map[string]string{
		`{"status":"disabled"}`:                 issue("Changing status is not allowed for your own User", "UserLocal", 1),
		`{"expiration":"otp_expire"}`:           issue(`Setting password expiration to \"One-time password\" is not allowed for your own User`, "UserLocal", 1),
		`{"profile_list":[{"profileid":1024}]}`: issue("The profile Administrator cannot be taken from your own User: ask another administrator", "UserLocal", 1),
		`{"language":"FR FR"}`:                  updated("UserLocal", 1, `{"status":"enabled"}`),
	} {
		if got := update(fields); got != want {
			t.Errorf("%s\n got %s\nwant %s", fields, got, want)
		}
	}
	got := w.ask(`{"operation":"core/delete","comment":"","class":"UserLocal","key":{"login":"admin"},"simulate":true}`)
	want := `{"code":1,"message":"SIMULATING: Deletion not allowed on some objects","objects":{"UserLocal::1":{"code":1,"message":"Cannot be deleted: You are not allowed to delete this object","class":"UserLocal","key":"1","fields":{"id":"1","friendlyname":"admin"}},` +
		`"URP_UserProfile::1":{"code":0,"message":"","class":"URP_UserProfile","key":"1","fields":{"id":"1","friendlyname":"Link between admin and Administrator"}},` +
		`"URP_UserProfile::2":{"code":0,"message":"","class":"URP_UserProfile","key":"2","fields":{"id":"2","friendlyname":"Link between admin and REST Services User"}}}}`
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}
