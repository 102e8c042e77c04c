package replay

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// passwords are those of the accounts, as the recordings' parameter files say
// them; in the recordings themselves each is the word SECRET.
var passwords = map[string]string{
	"admin": "admin", "norest": "Norest-pwd-1!", "restonly": "Restonly-pwd-1!", "syncer": "Syncer-pwd-1!",
}

const (
	secret        = "SECRET"
	wrongPassword = "Wrong-pwd-9!"
	freshPassword = "Fresh-pwd-1!" // of an account that a request makes
	weakPassword  = "weak"
)

// client sends recorded requests to a server.
type client struct {
	base string
	http *http.Client
}

func newClient(base string) *client {
	return &client{base: base, http: &http.Client{
		Timeout:       20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// send makes the request of an exchange and returns the answer. Each request
// stands alone: no cookie is kept.
func (c *client) send(t *testing.T, e *exchange) response {
	t.Helper()
	address := c.base + e.Request.Path
	if len(e.Request.Query) > 0 {
		address += "?" + encode(e, e.Request.Query)
	}
	var body io.Reader
	if e.Request.Method == http.MethodPost {
		body = strings.NewReader(form(e))
	}
	r, err := http.NewRequestWithContext(t.Context(), e.Request.Method, address, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"Content-Type", "User-Agent", "Accept"} {
		if value, given := e.Request.Headers[name]; given {
			r.Header.Set(name, value)
		}
	}
	if _, given := e.Request.Headers["Authorization"]; given {
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("admin:"+password(e, "admin"))))
	}
	got, err := c.http.Do(r)
	if err != nil {
		return response{Body: "no answer: " + err.Error()}
	}
	defer got.Body.Close()
	var text bytes.Buffer
	if _, err := io.Copy(&text, got.Body); err != nil {
		return response{Status: got.StatusCode, Body: "no whole answer: " + err.Error()}
	}
	headers := map[string]string{}
	for name, values := range got.Header {
		headers[name] = strings.Join(values, ", ")
	}
	return response{Status: got.StatusCode, Headers: headers, Body: text.String()}
}

// form is the body of a request: as it was, or made of its parameters.
func form(e *exchange) string {
	for _, p := range e.Request.Form {
		switch p.name {
		case "_raw":
			return p.value
		case "_raw_multipart":
			return strings.ReplaceAll(p.value, secret, password(e, "admin"))
		}
	}
	return encode(e, e.Request.Form)
}

func encode(e *exchange, parameters fields) string {
	parts := make([]string, len(parameters))
	for i, p := range parameters {
		value := p.value
		switch {
		case p.name == "auth_pwd":
			value = password(e, parameters.get("auth_user"))
		case p.name == "json_data":
			value = strings.ReplaceAll(value, secret, inner(e))
		}
		parts[i] = url.QueryEscape(p.name) + "=" + url.QueryEscape(value)
	}
	return strings.Join(parts, "&")
}

// password returns the password that was sent with an account: a wrong one
// where the request could have signed in and was refused.
func password(e *exchange, account string) string {
	body := e.Response.Body
	refused := strings.Contains(body, "Invalid login") || strings.Contains(body, "Incorrect login/password")
	// In these two cases the right password is not taken either.
	elsewhere := e.Request.Form.get("auth_user") == "" && e.Request.Headers["Authorization"] == "" && e.Request.Form.get("_raw_multipart") == ""
	basic := e.Request.Query.get("login_mode") == "basic" && e.Request.Headers["Authorization"] == ""
	if refused && !elsewhere && !basic {
		return wrongPassword
	}
	if known, ok := passwords[account]; ok {
		return known
	}
	return wrongPassword
}

// inner returns the password within the JSON of a request: that of the account
// that is asked about, or of the one that is made.
func inner(e *exchange) string {
	data, body := e.Request.Form.get("json_data"), e.Response.Body
	switch {
	case strings.Contains(body, "Password must be"):
		return weakPassword
	case !strings.Contains(data, "core/check_credentials"):
		return freshPassword
	case !strings.Contains(body, `"authorized":true`):
		return wrongPassword
	}
	for account, word := range passwords {
		if strings.Contains(data, `"user": "`+account+`"`) {
			return word
		}
	}
	return wrongPassword
}
