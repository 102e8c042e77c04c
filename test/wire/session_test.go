package wire

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// TestALoginFormAndItsSession goes the way of a browser: it is shown the form,
// fills it in, sees the page, and comes back with its cookie.
func TestALoginFormAndItsSession(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := open(t, dir)
	id := r.local("anna", "Support Agent")
	s := serve(t, dir, "")
	const page = "/webservices/export-v2.php?format=csv&fields=name"
	expression := values("expression", "SELECT Organization")

	shown := ask(t, s.form(page, expression))
	if shown.status != 200 || !strings.Contains(shown.body, `<input type="hidden" name="loginop" value="login"`) ||
		!strings.Contains(shown.body, "Identify yourself before continuing") || shown.header.Get("X-Frame-Options") != "SAMEORIGIN" {
		t.Fatalf("got %d %s", shown.status, shown.body)
	}
	fields := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(shown.body, -1) {
		fields.Set(m[1], m[2])
	}
	fields.Set("auth_user", `anna"><script>`)
	fields.Set("auth_pwd", "wrong")
	again := ask(t, s.form(page, fields))
	if !strings.Contains(again.body, "Incorrect login/password, please try again.") || strings.Contains(again.body, "<script>") || strings.Contains(again.body, "wrong\"") {
		t.Errorf("after a wrong password: got %s", again.body)
	}
	if len(again.header.Values("Set-Cookie")) != 0 {
		t.Error("got a cookie for a wrong password")
	}
	fields.Set("auth_user", "anna")
	fields.Set("auth_pwd", password)
	in := ask(t, s.form(page, fields))
	if !strings.HasPrefix(in.body, `"Name"`) {
		t.Fatalf("signed in: got %.200s", in.body)
	}
	cookie := (&http.Response{Header: in.header}).Cookies()
	if len(cookie) != 1 || !cookie[0].HttpOnly || cookie[0].SameSite != http.SameSiteStrictMode {
		t.Fatalf("got cookies %v", cookie)
	}
	come := func(page string, form url.Values) answer {
		t.Helper()
		q := s.form(page, form)
		q.AddCookie(cookie[0])
		return ask(t, q)
	}
	if back := come(page, expression); !strings.HasPrefix(back.body, `"Name"`) {
		t.Errorf("with the cookie: got %.200s", back.body)
	}
	// The web services want credentials with every request.
	if got := come("/webservices/import.php", values("class", "Location")); !strings.Contains(got.body, "Invalid login") {
		t.Errorf("import.php with the cookie: got %s", got.body)
	}
	if got := come("/webservices/rest.php?version=1.3", values("json_data", listOperations)); !strings.Contains(got.body, "Invalid login") {
		t.Errorf("rest.php with the cookie: got %s", got.body)
	}
	// Another process disables the account.
	r.Update("UserLocal", id, "status", "disabled")
	if got := come(page, expression); !strings.Contains(got.body, `name="loginop"`) {
		t.Errorf("a disabled account with the cookie: got %.200s", got.body)
	}
	r.Update("UserLocal", id, "status", "enabled")
	if got := come(page, expression); !strings.Contains(got.body, `name="loginop"`) {
		t.Errorf("the session lives on: got %.200s", got.body)
	}
}

func TestPromptsOfOtherKinds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir).local("portal", "Portal user")
	s := serve(t, dir, "serve: {root: /itop}\n")
	const page = "/webservices/export-v2.php?expression=SELECT+Organization&format=csv"
	basic := s.form(page+"&login_mode=basic", nil)
	basic.SetBasicAuth("portal", "wrong")
	a := ask(t, basic)
	if a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") != `Basic realm="iTop version 3.2.0"` ||
		a.body != "<p><strong>iTop access to this page is restricted. Please, contact an iTop administrator.</strong></p>" {
		t.Errorf("basic: got %d %q %s", a.status, a.header.Get("WWW-Authenticate"), a.body)
	}
	ajax := s.form(page, nil)
	ajax.Header.Set("X-Combodo-Ajax", "true")
	if a := ask(t, ajax); a.status != http.StatusUnauthorized || a.body != "" {
		t.Errorf("ajax: got %d %s", a.status, a.body)
	}
	if a := ask(t, s.form(page, values("auth_user", "portal", "auth_pwd", password))); a.status != http.StatusFound || a.header.Get("Location") != "/itop/" {
		t.Errorf("a portal user: got %d to %s", a.status, a.header.Get("Location"))
	}
	if len(ask(t, s.form(page, values("auth_user", "portal", "auth_pwd", "wrong"))).header.Values("Set-Cookie")) != 0 {
		t.Error("got a cookie")
	}
}
