package wire

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const listOperations = `{"operation":"list_operations"}`

// TestLoginModes is the table of the recorded exchanges h01, 18 to 35, and what
// follows from the rules that they show.
func TestLoginModes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := open(t, dir)
	r.local("admin", "Administrator", "REST Services User")
	r.Create("UserLocal", links{"profile_list": r.profiles("Administrator", "REST Services User")}, "login", "colon", "password", hashOf(t, "With:Colons:1a"))
	r.Create("UserLocal", links{"profile_list": r.profiles("Administrator", "REST Services User")}, "login", "umlaut", "password", hashOf(t, "Ümläut-Pass-1"))
	s := serve(t, dir, "")
	basic := func(login, pass string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(login+":"+pass))
	}
	for _, c := range []struct {
		name   string
		method string
		query  string
		form   url.Values
		auth   string
		in     bool
	}{
		{"form in a POST", "POST", "login_mode=form", values("auth_user", "admin", "auth_pwd", password), "", true},
		{"form in a GET", "GET", "login_mode=form&auth_user=admin&auth_pwd=" + password + "&json_data=" + url.QueryEscape(listOperations), nil, "", false},
		{"no mode named", "POST", "", values("auth_user", "admin", "auth_pwd", password), "", true},
		{"a header and no mode", "POST", "", nil, basic("admin", password), true},
		{"a header and basic", "POST", "login_mode=basic", nil, basic("admin", password), true},
		{"a wrong header", "POST", "login_mode=basic", nil, basic("admin", "wrong"), false},
		{"basic with form fields", "POST", "login_mode=basic", values("auth_user", "admin", "auth_pwd", password), "", false},
		{"url is not open: the form decides", "POST", "login_mode=url", values("auth_user", "admin", "auth_pwd", password), "", true},
		{"credentials in the address", "POST", "login_mode=url&auth_user=admin&auth_pwd=" + password, nil, "", false},
		{"form with credentials in the address", "POST", "login_mode=form&auth_user=admin&auth_pwd=" + password, nil, "", false},
		{"token is not open", "POST", "login_mode=token", values("auth_token", "xyz"), "", false},
		{"an unknown mode is ignored", "POST", "login_mode=nosuch", values("auth_user", "admin", "auth_pwd", password), "", true},
		{"nothing", "POST", "", nil, "", false},
		{"a wrong password", "POST", "login_mode=form", values("auth_user", "admin", "auth_pwd", "wrong"), "", false},
		{"an unknown login", "POST", "login_mode=form", values("auth_user", "nobody", "auth_pwd", password), "", false},
		{"an empty password", "POST", "", values("auth_user", "admin", "auth_pwd", ""), "", false},
		{"no password", "POST", "", values("auth_user", "admin"), "", false},
		{"the header decides over the form", "POST", "", values("auth_user", "admin", "auth_pwd", password), basic("admin", "wrong"), false},
		{"a form named over the header", "POST", "login_mode=form", values("auth_user", "admin", "auth_pwd", password), basic("admin", "wrong"), true},
		{"a bearer token", "POST", "", values("auth_user", "admin", "auth_pwd", password), "Bearer abc", false},
		{"external without a proxy", "POST", "login_mode=external", values("auth_user", "admin", "auth_pwd", password), "", false},
		{"colons in the password", "POST", "", nil, basic("colon", "With:Colons:1a"), true},
		{"a header in ISO-8859-1", "POST", "", nil, basic("umlaut", "\xdcml\xe4ut-Pass-1"), true},
		{"a header in UTF-8", "POST", "", nil, basic("umlaut", "Ümläut-Pass-1"), true},
		{"a trailing blank and capitals", "POST", "", values("auth_user", "ADMIN ", "auth_pwd", password), "", true},
		{"an accent", "POST", "", values("auth_user", "ädmin", "auth_pwd", password), "", true},
		{"a mode that the filter refuses", "POST", "login_mode=form%27", values("auth_user", "admin", "auth_pwd", password), "", true},
		{"the mode in the form", "POST", "", values("login_mode", "basic", "auth_user", "admin", "auth_pwd", password), "", false},
	} {
		if c.form == nil {
			c.form = url.Values{}
		}
		c.form.Set("json_data", listOperations)
		q := s.form("/webservices/rest.php?version=1.3&"+c.query, c.form)
		if c.method == http.MethodGet {
			q.Method, q.Body, q.ContentLength = http.MethodGet, http.NoBody, 0
		}
		if c.auth != "" {
			q.Header.Set("Authorization", c.auth)
		}
		got := ask(t, q)
		want := `{"code":1,"message":"Error: Invalid login"}`
		if c.in {
			want = `{"code":0,"message":"Operations: `
		}
		if got.status != 200 || !strings.HasPrefix(got.body, want) {
			t.Errorf("%s: got %d %.120s, want %s", c.name, got.status, got.body, want)
		}
		for name, value := range map[string]string{
			"Expires": "Thu, 19 Nov 1981 08:52:00 GMT", "Cache-Control": "no-store, no-cache, must-revalidate", "Pragma": "no-cache",
			"Access-Control-Allow-Origin": "*", "Content-Type": "application/json",
		} {
			if got.header.Get(name) != value {
				t.Errorf("%s: got header %s: %s, want %s", c.name, name, got.header.Get(name), value)
			}
		}
	}
}

// TestAJSONBodyAndAMultipartOne are the recorded exchanges h01, 34 and 35.
func TestAJSONBodyAndAMultipartOne(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir).local("admin", "Administrator", "REST Services User")
	s := serve(t, dir, "")
	const page = "/webservices/rest.php?version=1.3&login_mode=form"
	q, err := http.NewRequest(http.MethodPost, s.url+page, strings.NewReader(listOperations))
	must(t, err)
	q.Header.Set("Content-Type", "application/json")
	if got := ask(t, q); got.body != `{"code":1,"message":"Error: Invalid login"}` {
		t.Errorf("JSON: got %s", got.body)
	}
	part := func(name, value string) string {
		return "--XX\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n"
	}
	q, err = http.NewRequest(http.MethodPost, s.url+page, strings.NewReader(
		part("auth_user", "admin")+part("auth_pwd", password)+
			"--XX\r\nContent-Disposition: form-data; name=\"json_data\"; filename=\"q.json\"\r\n\r\n"+listOperations+"\r\n--XX--\r\n"))
	must(t, err)
	q.Header.Set("Content-Type", "multipart/form-data; boundary=XX")
	if got := ask(t, q); !strings.HasPrefix(got.body, `{"code":0,"message":"Operations: `) {
		t.Errorf("multipart: got %s", got.body)
	}
}

// TestOtherWaysIn opens url, token and external, in an order of their own.
func TestOtherWaysIn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := open(t, dir)
	r.local("admin", "Administrator", "REST Services User")
	r.Create("UserExternal", links{"profile_list": r.profiles("Administrator", "REST Services User")}, "login", "sso")
	s := serve(t, dir, `
serve:
  allowed_login_types: external|url|token|basic
  external_header: X-Remote-User
  proxies: 127.0.0.1
`)
	for name, c := range map[string]struct {
		query, header, value string
		in                   bool
	}{
		"url":                             {"auth_user=admin&auth_pwd=" + password, "", "", true},
		"url with a wrong password":       {"auth_user=admin&auth_pwd=wrong", "", "", false},
		"external":                        {"", "X-Remote-User", "sso", true},
		"external, an internal account":   {"", "X-Remote-User", "admin", false},
		"external before url":             {"auth_user=admin&auth_pwd=" + password, "X-Remote-User", "nobody", false},
		"url, named, before external":     {"login_mode=url&auth_user=admin&auth_pwd=" + password, "X-Remote-User", "nobody", true},
		"an external account with a form": {"auth_user=sso&auth_pwd=" + password, "", "", false},
		"nothing":                         {"", "", "", false},
	} {
		q := s.form("/webservices/rest.php?version=1.3&"+c.query, values("json_data", listOperations))
		if c.header != "" {
			q.Header.Set(c.header, c.value)
		}
		got := ask(t, q)
		if in := strings.HasPrefix(got.body, `{"code":0`); in != c.in {
			t.Errorf("%s: got %.100s, want in: %t", name, got.body, c.in)
		}
	}
	form := s.form("/webservices/rest.php?version=1.3", values("auth_user", "admin", "auth_pwd", password, "json_data", listOperations))
	if got := ask(t, form); !strings.HasPrefix(got.body, `{"code":0`) { // url takes them from the body too
		t.Errorf("got %s", got.body)
	}
}

func TestPlainHTTPIsRefusedWhereItMust(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir).local("admin", "Administrator", "REST Services User")
	s := serve(t, dir, "serve: {secure_connection_required: true, proxies: 127.0.0.1, root: /itop}\n")
	q := s.form("/webservices/rest.php?version=1.3", values("auth_user", "admin", "auth_pwd", password, "json_data", listOperations))
	if got := ask(t, q); got.status != 200 || got.body != "Secure connection required!" {
		t.Errorf("got %d %s", got.status, got.body)
	}
	q = s.form("/webservices/rest.php?version=1.3", values("auth_user", "admin", "auth_pwd", password, "json_data", listOperations))
	q.Header.Set("X-Forwarded-Proto", "https")
	if got := ask(t, q); !strings.HasPrefix(got.body, `{"code":0`) {
		t.Errorf("by a proxy's TLS: got %s", got.body)
	}
}
