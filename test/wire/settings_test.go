package wire

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/internal/auth"
)

// TestSettingsOfTheWebServices serves with the settings that are off by default:
// calls are kept, obsolete objects exported, tokens need no profile, and requests
// name parameter files.
func TestSettingsOfTheWebServices(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := open(t, dir)
	r.local("admin", "Administrator", "REST Services User")
	r.Create("Organization", nil, "name", "Old", "status", "inactive")
	const token = "0123456789abcdef0123456789abcdef"
	r.Create("UserToken", links{"profile_list": r.profiles("Administrator")}, "login", "monitor", "auth_token", auth.HashToken(token))
	must(t, os.Mkdir(filepath.Join(dir, "params"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "params", "callback.txt"), []byte("callback = told # who\n"), 0o600))
	s := serve(t, dir, `
serve:
  allowed_login_types: form|token
  allow_rest_services_via_tokens: true
  log_rest_service: true
  show_obsolete_data: true
  param_files: params
`)
	rest := func(data string, more ...string) *http.Request {
		return s.form("/webservices/rest.php?version=1.3", values(append([]string{"auth_user", "admin", "auth_pwd", password, "json_data", data}, more...)...))
	}
	byToken := s.form("/webservices/rest.php?version=1.3", values("json_data", `{"operation":"core/get","class":"Organization","key":{},"output_fields":"obsolescence_flag"}`))
	byToken.Header.Set("Auth-Token", token)
	found := `{"code":0,"message":"Found: 1","objects":{"Organization::1":{"code":0,"message":"","class":"Organization","key":"1","fields":{"obsolescence_flag":true}}}}`
	for _, c := range []struct {
		what string
		ask  *http.Request
		want string
	}{
		{"a token without the profile", byToken, found},
		{"a parameter file", rest(`{"operation":"core/check_credentials","user":"admin","password":"Wrong-1-wrong"}`, "param_file", "callback.txt"),
			`told({"code":0,"message":null,"authorized":false});`},
		{"a parameter file that is not there", rest(listOperations, "param_file", "nosuch.txt"), `{"code":100,"message":"Error: Could not find the parameter file: 'nosuch.txt'"}`},
		{"a parameter file elsewhere", rest(listOperations, "param_file", "../rollcall.yaml"), `{"code":100,"message":"Error: Could not find the parameter file: '..\/rollcall.yaml'"}`},
		{"an export", s.form("/webservices/export-v2.php", values("auth_user", "admin", "auth_pwd", password, "expression", "SELECT Organization", "format", "csv", "fields", "name")),
			"\"Name\"\n\"Old\"\n"},
	} {
		if got := ask(t, c.ask); got.body != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.what, got.body, c.want)
		}
	}
	var kept struct {
		Objects map[string]struct{ Fields map[string]string }
	}
	body := ask(t, rest(`{"operation":"core/get","class":"EventRestService","key":{},"output_fields":"userinfo,operation,json_input,json_output,message"}`)).body
	must(t, json.Unmarshal([]byte(body), &kept))
	got := map[string]string{}
	for _, o := range kept.Objects {
		got[o.Fields["userinfo"]+" "+o.Fields["operation"]] = o.Fields["message"] + " " + o.Fields["json_output"]
	}
	if len(got) != 2 || got["monitor core/get"] != "Found: 1 "+found || got["admin core/check_credentials"] != `Ok {"code":0,"message":null,"authorized":false}` {
		t.Errorf("got %q, want the call of monitor and that of admin", got)
	}
	if strings.Contains(body, "Wrong-1") || strings.Contains(s.log.String(), "Wrong-1") {
		t.Errorf("a password is kept: %s\n%s", body, s.log)
	}
}
