package wire

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"rollcall/internal/auth"
	"rollcall/internal/registry/registrytest"
	"rollcall/internal/rollcall"
)

// What became of a request.
const (
	in      = "in"      // it was carried out
	noLogin = "login"   // whoever asked was not recognised
	portal  = "portal"  // recognised, and kept out of the back office
	profile = "profile" // without the profile that rest.php asks for
	right   = "right"   // let in, and without the right to do that
)

// endpoint is one thing that a server can be asked.
type endpoint struct {
	name, page string
	fields     url.Values
	method     string // POST when ""
	open       bool   // asks for no sign-in
}

// rest is a request to rest.php.
func rest(name, operation string) endpoint {
	return endpoint{name: name, page: "/webservices/rest.php?version=1.3", fields: values("json_data", operation)}
}

func endpoints(source rollcall.ObjectID) []endpoint {
	csv := "primary_key;name;first_name;org_id;email\nx1;Doe;Jane;Demo;jane@example.com\n"
	return []endpoint{
		rest("list", listOperations),
		rest("get Person", `{"operation":"core/get","class":"Person","key":"SELECT Person"}`),
		rest("get User", `{"operation":"core/get","class":"User","key":"SELECT User"}`),
		rest("get Source", `{"operation":"core/get","class":"SynchroDataSource","key":"SELECT SynchroDataSource"}`),
		rest("get Event", `{"operation":"core/get","class":"EventIssue","key":"SELECT EventIssue"}`),
		rest("create", `{"operation":"core/create","class":"Location","comment":"t","fields":{"name":"L","org_id":"SELECT Organization WHERE name='Demo'"}}`),
		rest("update", `{"operation":"core/update","class":"Person","comment":"t","key":{"email":"old@example.com"},"fields":{"function":"x"}}`),
		rest("delete", `{"operation":"core/delete","class":"Person","comment":"t","simulate":true,"key":{"email":"old@example.com"}}`),
		rest("create User", `{"operation":"core/create","class":"UserLDAP","comment":"t","fields":{"login":"made-by-$who","profile_list":[{"profileid":{"name":"Portal user"}}]}}`),
		rest("check", `{"operation":"core/check_credentials","user":"admin","password":"`+password+`"}`),
		{name: "load", page: "/synchro/synchro_import.php", fields: values("data_source_id", fmt.Sprint(source), "csvdata", csv, "output", "details", "synchronize", "0")},
		{name: "load+run", page: "/synchro/synchro_import.php", fields: values("data_source_id", fmt.Sprint(source), "csvdata", csv, "output", "details", "synchronize", "1")},
		{name: "run", page: "/synchro/synchro_exec.php", fields: values("data_sources", fmt.Sprint(source))},
		{name: "import", page: "/webservices/import.php", fields: values("class", "Location", "csvdata", "name;org_id->name\nI;Demo\n", "separator", ";", "reconciliationkeys", "name", "output", "details", "simulate", "1")},
		{name: "import User", page: "/webservices/import.php", fields: values("class", "UserLDAP", "csvdata", "login\nx\n", "separator", ";", "reconciliationkeys", "login", "output", "details", "simulate", "1")},
		{name: "export", page: "/webservices/export.php", fields: values("expression", "SELECT Person", "format", "csv", "fields", "name")},
		{name: "export-v2", page: "/webservices/export-v2.php", fields: values("expression", "SELECT Person", "format", "csv", "fields", "name")},
		{name: "export-v2 User", page: "/webservices/export-v2.php", fields: values("expression", "SELECT User", "format", "csv", "fields", "login")},
		{name: "cron", page: "/webservices/cron.php", fields: values("status_only", "1")},
		{name: "replica", page: "/synchro/replica.php", fields: values("operation", "oql", "oql", "SELECT SynchroReplica")},
		{name: "status", page: "/webservices/status.php", method: http.MethodGet, open: true},
		{name: "health", page: "/healthz", method: http.MethodGet, open: true},
		{name: "ready", page: "/readyz", method: http.MethodGet, open: true},
	}
}

// became tells what an answer means.
func became(a answer) string {
	switch has := func(text string) bool { return strings.Contains(a.body, text) }; {
	case a.status == http.StatusFound, has("Portal user is not allowed"):
		return portal
	case has("Invalid login"), has(`name="loginop" value="login"`):
		return noLogin
	case has("The profile REST Services User is required"):
		return profile
	case has("does not have enough permissions"), has("Access restricted to administrators"), has("Only adminstrators or the user specified"),
		has("You do not have enough permissions"), has("not allowed to perform a bulk update"), has("does not have permission for exporting"):
		return right
	case a.status == 200 && !has(`{"code":1`) && !has("ERROR:"):
		return in
	}
	return fmt.Sprintf("%d %.300s", a.status, a.body)
}

// account is somebody who asks, and how.
type account struct {
	name string
	sign func(r *http.Request, fields url.Values)
	want string // what becomes of each endpoint but the open ones, beside the columns
}

// columns name the endpoints of the table below, in order.
const columns = "list|get Person|get User|get Source|get Event|create|update|delete|create User|check|load|load+run|run|import|import User|export|export-v2|export-v2 User|cron|replica"

// TestWhoMayDoWhat is the matrix of every endpoint and every kind of account,
// through the built program. Letters: i in, l not recognised, p portal user, r
// no REST profile, . no right.
func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := open(t, dir)
	owner := matrixRegistry(t, r)
	s := serve(t, dir, `
serve:
  allowed_login_types: form|external|basic|token
  external_header: X-Remote-User
  proxies: 127.0.0.1
`)
	source := makeSource(t, s, owner)
	names := strings.Split(columns, "|")
	for _, who := range accounts() {
		var got strings.Builder
		for i, e := range endpoints(source) {
			fields := url.Values{}
			for name, list := range e.fields {
				fields[name] = []string{strings.ReplaceAll(list[0], "$who", who.name)}
			}
			q := s.form(e.page, fields)
			if who.sign != nil {
				who.sign(q, fields)
				signed := s.form(e.page, fields)
				signed.Header = q.Header
				q = signed
			}
			if e.method != "" {
				q.Method = e.method
			}
			a := became(ask(t, q))
			if e.open {
				if a != in {
					t.Errorf("%s, %s: got %s, want it open to everybody", who.name, e.name, a)
				}
				continue
			}
			if names[i] != e.name {
				t.Fatalf("column %d is %s, endpoint %s", i, names[i], e.name)
			}
			letter, ok := map[string]string{in: "i", noLogin: "l", portal: "p", profile: "r", right: "."}[a]
			if !ok {
				t.Errorf("%s, %s: got %s", who.name, e.name, a)
				letter = "?"
			}
			got.WriteString(letter)
		}
		if got.String() != strings.ReplaceAll(who.want, " ", "") {
			t.Errorf("%s:\ngot  %s\nwant %s\nof   %s", who.name, &got, strings.ReplaceAll(who.want, " ", ""), columns)
		}
	}
}

// The tokens of the matrix.
var applicationToken, restToken, exportToken = auth.NewToken(), auth.NewToken(), auth.NewToken()

// matrixRegistry fills the registry of the matrix and returns the account that
// may run the data source.
func matrixRegistry(t *testing.T, r *registryOf) rollcall.ObjectID {
	t.Helper()
	hash, err := passwordHash()
	must(t, err)
	demo := fmt.Sprint(r.Create("Organization", nil, "name", "Demo"))
	r.Create("Person", nil, "name", "Old", "first_name", "O", "org_id", demo, "email", "old@example.com")
	r.local("admin", "Administrator", "REST Services User")
	r.local("norest", "Administrator")
	r.local("victim", "Administrator")
	r.local("restonly", "REST Services User")
	r.local("config", "REST Services User", "Configuration Manager")
	r.local("agent", "Support Agent")
	r.local("portal", "Portal user")
	r.local("portal-admin", "Portal user", "Administrator", "REST Services User")
	r.Update("UserLocal", r.local("disabled", "Administrator", "REST Services User"), "status", "disabled")
	owner := r.local("owner", "REST Services User", "Configuration Manager")
	r.Create("UserExternal", links{"profile_list": r.profiles("REST Services User", "Configuration Manager")}, "login", "sso")
	r.Create("UserToken", links{"profile_list": r.profiles("Administrator", "REST Services User")}, "login", "robot", "auth_token", auth.HashToken(applicationToken))
	r.Create("UserLocal", links{"profile_list": r.profiles("REST Services User", "Configuration Manager"), "allowed_org_list": registrytest.LinkTo(
		r.Create("Organization", nil, "name", "Elsewhere"))}, "login", "limited", "password", hash)
	admin := fmt.Sprint(r.local("token-owner", "Administrator", "REST Services User"))
	r.Create("PersonalToken", nil, "user_id", admin, "application", "a", "scope", "REST/JSON", "auth_token", auth.HashToken(restToken))
	r.Create("PersonalToken", nil, "user_id", admin, "application", "b", "scope", "Export", "auth_token", auth.HashToken(exportToken))
	return owner
}

// makeSource makes a data source as collectors do, and returns its number.
func makeSource(t *testing.T, s *site, owner rollcall.ObjectID) rollcall.ObjectID {
	t.Helper()
	a := ask(t, s.form("/webservices/rest.php?version=1.3", values("auth_user", "admin", "auth_pwd", password, "json_data",
		fmt.Sprintf(`{"operation":"core/create","class":"SynchroDataSource","comment":"t","output_fields":"id","fields":{
			"name":"Matrix","scope_class":"Person","status":"production","user_id":%d,"reconciliation_policy":"use_primary_key"}}`, owner))))
	var made struct {
		Objects map[string]struct{ Key string }
	}
	if err := json.Unmarshal([]byte(a.body), &made); err != nil || len(made.Objects) != 1 {
		t.Fatalf("make the data source: got %s", a.body)
	}
	for _, o := range made.Objects {
		id, err := strconv.ParseInt(o.Key, 10, 64)
		must(t, err)
		return rollcall.ObjectID(id)
	}
	return 0
}

// accounts is the table. The columns stand in groups: rest.php, the synchro
// pages, import, export, cron. The original lets everybody load rows; here
// whoever may run the source, or write every object of its class anyway.
func accounts() []account {
	byForm := func(login, pass string) func(*http.Request, url.Values) {
		return func(_ *http.Request, fields url.Values) {
			fields.Set("auth_user", login)
			fields.Set("auth_pwd", pass)
		}
	}
	header := func(name, value string) func(*http.Request, url.Values) {
		return func(r *http.Request, _ url.Values) { r.Header.Set(name, value) }
	}
	local := func(login, want string) account { return account{login, byForm(login, password), want} }
	return []account{
		{"nobody", nil, "llllllllll lll ll lll ll"},
		{"unknown", byForm("unknown", password), "llllllllll lll ll lll ll"},
		{"wrong", byForm("victim", "wrong"), "llllllllll lll ll lll ll"},
		{"empty", byForm("victim", ""), "llllllllll lll ll lll ll"},
		local("disabled", "llllllllll lll ll lll ll"),
		local("portal", "pppppppppp ppp pp ppp pp"),
		local("portal-admin", "pppppppppp ppp pp ppp pp"),
		local("restonly", "i........i ... .. ... .."),
		local("config", "ii...iii.i i.. i. ii. .."),
		local("agent", "rrrrrrrrrr ... .. ii. .."),
		local("owner", "ii...iii.i iii i. ii. .."),
		local("norest", "rrrrrrrrrr iii ii iii ii"),
		local("admin", "iiiiiiiiii iii ii iii ii"),
		{"sso", header("X-Remote-User", "sso"), "ii...iii.i i.. i. ii. .."},
		{"sso of an internal account", header("X-Remote-User", "admin"), "llllllllll lll ll lll ll"},
		{"robot", header("Auth-Token", applicationToken.Reveal()), "iiiiiiiiii iii ii iii ii"},
		{"token for REST", header("Auth-Token", restToken.Reveal()), "iiiiiiiiii lll ll lll ll"},
		{"token for export", header("Auth-Token", exportToken.Reveal()), "llllllllll lll ll iii ll"},
		{"no such token", header("Auth-Token", "nonsense"), "llllllllll lll ll lll ll"},
	}
}
