package rest_test

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/internal/auth"
)

// people makes some persons of the recordings, two each of one name.
func people(w *world) {
	w.Helper()
	for i, p := range [][2]string{{"Anaïs", "González"}, {"Ann", "Hartmann"}, {"Ann", "Klein"}, {"Dvořák", "Robert"}, {"Émilie", "Schneider"}, {"Inés", "Durand"}} {
		w.make("Person", fmt.Sprintf(`{"org_id":2,"first_name":%q,"name":%q,"email":"u%06d@example.com","function":"R&D \"Z\""}`, p[0], p[1], i))
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	onBoth(t, map[string]func(*testing.T, *world){
		"ByEveryKindOfKey": getByEveryKindOfKey,
		"InOrderAndPages":  getInOrderAndPages,
		"FieldsOfEachKind": getFieldsOfEachKind,
		"LinkSets":         getLinkSets,
		"Obsolete":         getObsolete,
	})
}

func getByEveryKindOfKey(_ *testing.T, w *world) {
	people(w)
	one := `{"code":0,"message":"Found: 1","objects":{"Organization::2":{"code":0,"message":"","class":"Organization","key":"2","fields":{"id":"2","friendlyname":"Demo"}}}}`
	none := `{"code":0,"message":"Found: 0","objects":null}`
	wrong := `{"code":100,"message":"Error: Wrong format for key"}`
	for key, want := range map[string]string{
		`2`: one, `"2"`: one, `" 2 "`: one, `2.0`: one, `{"name":"Demo"}`: one, `{"name":"dEmo"}`: one, `"SELECT Organization WHERE name = 'Demo'"`: one,
		`0`: none, `99`: none, `{"name":"none"}`: none, `1e30`: none,
		`[1,2]`: wrong, `true`: wrong, `false`: wrong,
		`null`:                        `{"code":100,"message":"Error: Missing parameter 'key'"}`,
		`{"id":2}`:                    `{"code":100,"message":"Error: id: Unknown attribute"}`,
		`{"nosuchatt":"x"}`:           `{"code":100,"message":"Error: nosuchatt: Unknown attribute"}`,
		`{"finalclass":"Nope"}`:       `{"code":100,"message":"Error: finalclass: Unknown class 'Nope'"}`,
		`{"finalclass":"Person"}`:     `{"code":100,"message":"Error: finalclass: 'Person' is not a child class of 'Organization'"}`,
		`{"parent_id":{"name":"no"}}`: `{"code":100,"message":"Error: parent_id: No item found with criteria: name: no (no)"}`,
		`"SELECT Organization WHERE"`: `{"code":100,"message":"Error: Query failed to execute: query = SELECT Organization WHERE, exception_class = OQLParserSyntaxErrorException, exception_message = Unexpected token End of Input - found '0' at 0 in 'SELECT Organization WHERE'"}`,
	} {
		w.want(`{"operation":"core/get","class":"Organization","output_fields":"id,friendlyname","key":`+key+`}`, want)
	}
	person := `{"code":0,"message":"Found: 1","objects":{"Person::6":{"code":0,"message":"","class":"Person","key":"6","fields":{"name":"Durand"}}}}`
	for _, key := range []string{
		`{"org_id":{"name":"Demo"},"email":"u000005@example.com"}`, `{"org_id":"SELECT Organization WHERE name='Demo'","name":"durand"}`, `{"org_id":2,"org_name":"Demo","name":"Durand"}`,
		`{"friendlyname":"inés durand"}`, `{"finalclass":"Person","name":"Durand"}`,
	} {
		w.want(`{"operation":"core/get","class":"Person","output_fields":"name","key":`+key+`}`, person)
	}
	// A class above or another one: its own fields, or the two that every object has.
	w.want(`{"operation":"core/get","class":"Contact","output_fields":"name,finalclass","key":6}`, strings.Replace(person, `"name":"Durand"`, `"name":"Durand","finalclass":"Person"`, 1))
	w.want(`{"operation":"core/get","class":"Organization","output_fields":"name","key":"SELECT Person WHERE id = 6"}`,
		strings.Replace(person, `"name":"Durand"`, `"id":"6","friendlyname":"In\u00e9s Durand"`, 1))
}

func getInOrderAndPages(_ *testing.T, w *world) {
	people(w)
	all := []int{1, 2, 3, 4, 5, 6}
	list := func(ids []int) string {
		if len(ids) == 0 {
			return `{"code":0,"message":"Found: 6","objects":null}`
		}
		var parts []string
		for _, id := range ids {
			parts = append(parts, fmt.Sprintf(`"Person::%d":{"code":0,"message":"","class":"Person","key":"%d","fields":{"id":"%d"}}`, id, id, id))
		}
		return `{"code":0,"message":"Found: 6","objects":{` + strings.Join(parts, ",") + `}}`
	}
	const page = `{"code":13,"message":"The request page number is not valid. It must be an integer greater than 0","objects":null}`
	for window, want := range map[string]string{
		``: list(all), `,"limit":0,"page":3`: list(all), `,"limit":"x"`: list(all), `,"page":2`: list(all), `,"limit":-1`: list(all),
		`,"limit":4`: list(all[:4]), `,"limit":"4","page":"2"`: list(all[4:]), `,"limit":4,"page":9`: list(nil), `,"limit":4,"page":1e18`: list(nil),
		`,"limit":4,"page":0`: page, `,"limit":4,"page":-1`: page, `,"page":"x"`: page,
	} {
		w.want(`{"operation":"core/get","class":"Person","output_fields":"id","key":"SELECT Person"`+window+`}`, want)
		w.want(`{"operation":"core/get","class":"Person","output_fields":"id","key":{}`+window+`}`, want)
	}
	// A person appears once, however many rows of a join have it.
	w.make("Team", `{"org_id":2,"name":"T","persons_list":[{"person_id":1},{"person_id":2}]}`)
	w.want(`{"operation":"core/get","class":"Team","output_fields":"name","key":"SELECT t, l FROM Team AS t JOIN lnkPersonToTeam AS l ON l.team_id = t.id"}`,
		`{"code":0,"message":"Found: 1","objects":{"Team::7":{"code":0,"message":"","class":"Team","key":"7","fields":{"name":"T"}}}}`)
}

func getFieldsOfEachKind(t *testing.T, w *world) {
	people(w)
	body := w.ask(`{"operation":"core/get","class":"Person","key":1}`)
	want := `"fields":{"name":"Gonz\u00e1lez","status":"active","org_id":"2","org_name":"Demo","email":"u000000@example.com","phone":"","notify":"yes","function":"R&D \"Z\"","cis_list":[],` +
		`"picture":{"data":"","mimetype":"","filename":"","downloads_count":0},"first_name":"Ana\u00efs","employee_number":"","mobile_phone":"","location_id":"0","location_name":"",` +
		`"manager_id":"0","manager_name":"","team_list":[],"user_list":[],"tickets_list":[],"finalclass":"Person","friendlyname":"Ana\u00efs Gonz\u00e1lez","obsolescence_flag":false,"obsolescence_date":"",` +
		`"org_id_friendlyname":"Demo","org_id_obsolescence_flag":"","location_id_friendlyname":"","location_id_obsolescence_flag":"","manager_id_friendlyname":"","manager_id_obsolescence_flag":""}`
	if !strings.Contains(body, want) {
		t.Errorf("got %s\nwant %s", body, want)
	}
	// The name of nobody, asked for by itself, is made of two empty parts.
	w.want(`{"operation":"core/get","class":"Person","key":1,"output_fields":" org_id , org_id_friendlyname,manager_id_friendlyname,picture,id"}`,
		`{"code":0,"message":"Found: 1","objects":{"Person::1":{"code":0,"message":"","class":"Person","key":"1","fields":{"org_id":"2","org_id_friendlyname":"Demo","manager_id_friendlyname":" ","picture":{"data":"","mimetype":"","filename":"","downloads_count":0},"id":"1"}}}}`)
	for fields, code := range map[string]string{`"name,nosuch"`: "nosuch", `""`: "", `"Person:first_name,name;Team:friendlyname"`: "Person:first_name"} {
		w.want(`{"operation":"core/get","class":"Person","key":1,"output_fields":`+fields+`}`, `{"code":100,"message":"Error: output_fields: invalid attribute code '`+code+`'"}`)
	}
	w.want(`{"operation":"core/get","class":"Person","key":1,"output_fields":["name"]}`,
		`{"code":100,"message":"Error: Parameter 'output_fields' must be a text: *, *+ or attribute codes with commas between"}`)
	w.want(`{"operation":"core/get","class":"UserLocal","key":{"login":"ADMIN"},"output_fields":"login,password,reset_pwd_token,org_id,log"}`,
		`{"code":0,"message":"Found: 1","objects":{"UserLocal::1":{"code":0,"message":"","class":"UserLocal","key":"1","fields":{"login":"admin","password":"*****","reset_pwd_token":"*****","org_id":"0","log":{"entries":[]}}}}}`)
}

func getLinkSets(t *testing.T, w *world) {
	people(w)
	w.make("UserLDAP", `{"login":"u1","contactid":1,"profile_list":[{"profileid":{"name":"Portal user"},"reason":"because"}]}`)
	user := `{"login":"u1","language":"EN US","status":"enabled","profile_list":[{"profileid":"2","profile":"Portal user","reason":"because","friendlyname":"Link between u1 and Portal user","profileid_friendlyname":"Portal user"}],"allowed_org_list":[],"log":{"entries":[]},`
	for fields, more := range map[string]string{"*": "", "*+": `"reset_pwd_token":"*****","ldap_server":"",`} {
		body := w.ask(`{"operation":"core/get","class":"Person","key":1,"output_fields":"` + fields + `"}`)
		if want := `"user_list":[` + user + more + `"finalclass":"UserLDAP","friendlyname":"u1"}]`; !strings.Contains(body, want) {
			t.Errorf("%s: got %s\nwant %s", fields, body, want)
		}
	}
	// Somebody who may not read accounts sees none.
	reader := &auth.Account{Login: "reader", Profiles: []string{"Configuration Manager"}}
	if body := w.as(reader, `{"operation":"core/get","class":"Person","key":1,"output_fields":"user_list"}`); !strings.Contains(body, `"fields":{"user_list":[]}`) {
		t.Errorf("got %s, want no account", body)
	}
}

func getObsolete(_ *testing.T, w *world) {
	org := w.make("Organization", `{"name":"Old","status":"inactive"}`)
	w.make("Person", fmt.Sprintf(`{"org_id":%d,"first_name":"A","name":"B","status":"inactive"}`, org))
	w.want(`{"operation":"core/get","class":"Person","key":1,"output_fields":"obsolescence_flag,org_id_obsolescence_flag"}`,
		`{"code":0,"message":"Found: 1","objects":{"Person::1":{"code":0,"message":"","class":"Person","key":"1","fields":{"obsolescence_flag":true,"org_id_obsolescence_flag":"1"}}}}`)
}

func TestGetAsksForRights(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	people(w)
	manager := &auth.Account{Login: "restonly", Profiles: []string{"Configuration Manager", auth.ProfileREST}}
	for _, class := range []string{"User", "UserLDAP", "SynchroDataSource", "SynchroAttribute", "URP_Profiles"} {
		want := `{"code":1,"message":"The current user does not have enough permissions for reading data of class ` + class + `","objects":null}`
		if got := w.as(manager, `{"operation":"core/get","class":"`+class+`","key":{}}`); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := w.as(manager, `{"operation":"core/get","class":"EventIssue","key":{}}`); !strings.Contains(got, `for exporting data of class EventIssue`) {
		t.Errorf("got %s, want no right to export", got)
	}
	elsewhere := &auth.Account{Login: "x", Profiles: []string{"Configuration Manager"}, Organisations: nil}
	elsewhere.Organisations = append(elsewhere.Organisations, 1)
	for _, key := range []string{`1`, `{}`, `"SELECT Person"`, `{"name":"Klein"}`} {
		if got := w.as(elsewhere, `{"operation":"core/get","class":"Person","key":`+key+`}`); got != `{"code":0,"message":"Found: 0","objects":null}` {
			t.Errorf("key %s: got %s, want nothing of another organization", key, got)
		}
	}
	if got := w.as(elsewhere, `{"operation":"core/update","comment":"","class":"Person","key":1,"fields":{"phone":"1"}}`); got != `{"code":100,"message":"Error: Invalid object Person::1"}` {
		t.Errorf("got %s, want an object that is not there", got)
	}
}

// A large answer is sent in parts and still is one: the number of objects in
// front, every object once.
func TestALargeAnswerIsWhole(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	const n = 1300
	long := strings.Repeat("x", 60_000)
	members := make([]string, 0, n)
	for i := range n {
		members = append(members, fmt.Sprintf(`{"attcode":"a%04d"}`, i))
	}
	w.make("SynchroDataSource", `{"name":"S","scope_class":"Server","attribute_list":[{"attcode":"name","reconcile":1},`+strings.Join(members, ",")+`]}`)
	body := w.ask(`{"operation":"core/get","class":"SynchroAttribute","key":{},"output_fields":"attcode"}`)
	if !strings.HasPrefix(body, fmt.Sprintf(`{"code":0,"message":"Found: %d","objects":{`, n+1)) || strings.Count(body, `"code":0`) != n+2 || !strings.HasSuffix(body, `"}}}}`) {
		t.Errorf("got %.200s … %s", body, body[len(body)-100:])
	}
	for i := range 90 {
		w.make("Location", fmt.Sprintf(`{"org_id":2,"name":"L%d","address":%q}`, i, long))
	}
	body = w.ask(`{"operation":"core/get","class":"Location","key":{},"output_fields":"address"}`)
	if len(body) < 90*len(long) || !strings.HasPrefix(body, `{"code":0,"message":"Found: 90","objects":{"Location::`) || strings.Count(body, `"code":0`) != 91 {
		t.Errorf("got %d bytes: %.200s", len(body), body)
	}
}
