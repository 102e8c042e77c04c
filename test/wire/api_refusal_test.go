package wire

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/internal/api"
)

// TestTheAPISaysWhatIsWrong sends what no client should, and reads the one
// sentence that comes back.
func TestTheAPISaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir).local("boss", "Administrator")
	s := serve(t, dir, "serve: {root: /itop, maintenance: closed, allowed_login_types: form}\n")
	s.url = strings.TrimSuffix(s.url, "/itop") + "/itop"
	c := &apiClient{TB: t, site: s, contract: readContract(t, s)}
	boss, _ := c.signIn("boss", password)
	const invalid = http.StatusBadRequest
	for _, tt := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/nothing", "", 404, "there is nothing at /itop/api/v1/nothing: see /itop/api/v1/openapi.json"},
		{"DELETE", "/runs/1", "", 405, "/itop/api/v1/runs/1 takes GET and HEAD, not DELETE"},
		{"GET", "/sign-in", "", 405, "/itop/api/v1/sign-in takes POST, not GET"},
		{"GET", "/runs?limit=0", "", invalid, "limit must be from 1 to 1000, not 0"},
		{"GET", "/runs?limit=ten", "", invalid, `limit must be a whole number, not "ten"`},
		{"GET", "/runs?limit=1&limit=2", "", invalid, "the parameter limit is given 2 times"},
		{"GET", "/runs?limits=1", "", invalid, `there is no parameter "limits" here; expected are: source, state, cursor, limit`},
		{"GET", "/runs?state=gone", "", invalid, `state must be one of running, completed, error, held, dropped, approved, overtaken, undone, not "gone"`},
		{"GET", "/runs?cursor=x", "", invalid, "cursor must be the text next of the page before"},
		{"GET", "/runs?cursor=%zz", "", invalid, "the query string cannot be read: …"},
		{"GET", "/runs?source=%ff", "", invalid, "source is no text"},
		{"GET", "/runs/x", "", invalid, `run must be a whole number, not "x"`},
		{"GET", "/runs/7", "", 404, "there is no run 7"},
		{"GET", "/why?object=nobody%40example.com", "", 404, `neither the registry nor a directory knows "nobody@example.com"`},
		{"GET", "/why?object=Person%3A%3Ax", "", invalid, `"x" is no ID: an object is written as Person::42`},
		{"GET", "/why?object=" + strings.Repeat("x", 1001), "", invalid, "object is longer than 1000 characters"},
		{"GET", "/objects?oql=SELECT", "", invalid, "oql: …"},
		{"GET", "/objects?oql=" + url.QueryEscape("SELECT p, t FROM Person AS p JOIN Organization AS t ON p.org_id = t.id"), "", invalid, "oql: the query selects 2 classes: name one after SELECT"},
		{"GET", "/objects?oql=SELECT+Person&fields=nose", "", invalid, `fields: class Person has no attribute "nose"`},
		{"GET", "/objects?oql=SELECT+Person&fields=name,name", "", invalid, "fields: name is named twice"},
		{"GET", "/objects?oql=SELECT+Person&fields=team_list", "", invalid, "fields: team_list is a set: ask for it with a query of class lnkPersonToTeam"},
		{"GET", "/objects?oql=SELECT+UserLocal&fields=password", "", 403, "fields: password is a secret, which is never shown"},
		{"GET", "/objects?oql=SELECT+PersonalToken&fields=auth_token", "", 403, "fields: auth_token is a secret, which is never shown"},
		{"POST", "/runs", `{"source":["x"]}`, invalid, `the body has a field "source" that is not known here; expected are: work, sources`},
		{"POST", "/runs", `{"sources":"x"}`, invalid, "the field sources must be a list of texts"},
		{"POST", "/runs", `{"sources":null}`, invalid, "the field sources must be a list of texts"},
		{"POST", "/runs", `["x"]`, invalid, "the body must be a JSON object"},
		{"POST", "/runs", `{"sources":`, invalid, "the body is no JSON: at byte 11: unexpected end of JSON input"},
		{"POST", "/runs", "{\"sources\":[\"\xff\"]}", invalid, "the body is not UTF-8"},
		{"POST", "/runs", `{"sources":["` + strings.Repeat("x", 1<<16) + `"]}`, 413, "the body is longer than 65536 bytes"},
		{"POST", "/runs", "", invalid, "…rollcall.yaml has no sources; rollcall init writes some for a directory"},
		{"POST", "/runs/1/undo", `{"dry_run":1}`, invalid, "the field dry_run must be true or false"},
		{"POST", "/sign-in", `{"login":"boss","password":"x","Password":"y"}`, invalid, `the body has a field "Password" that is not known here; expected are: login, password`},
	} {
		var body []byte
		if tt.body != "" {
			body = []byte(tt.body)
		}
		refused(t, boss.askText(tt.method, tt.path, body), tt.status, tt.want)
	}

	form := boss.as("Authorization", boss.header.Get("Authorization"))
	form.header.Set("Content-Type", "application/x-www-form-urlencoded")
	refused(t, form.askText("POST", "/runs", []byte("sources=x")), http.StatusUnsupportedMediaType, "the body must be JSON, and the header Content-Type say application/json")
	refused(t, c.as("Authorization", "Basic Ym9zczp4").ask("GET", "/me", nil), http.StatusUnauthorized, "sign in first: send the token of POST /api/v1/sign-in in …")
	page := boss.as("Authorization", boss.header.Get("Authorization"))
	page.header.Set("Sec-Fetch-Site", "cross-site")
	refused(t, page.ask("POST", "/plans/1/drop", nil), http.StatusForbidden, "a page of another site may not send this request")
	refused(t, boss.ask("POST", "/plans/1/drop", nil), http.StatusNotFound, "there is no run 1")
	if a := boss.ask("GET", "/me", nil); a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("got headers %v", a.header)
	}
	must(t, os.WriteFile(filepath.Join(dir, "closed"), nil, 0o600))
	refused(t, boss.ask("GET", "/me", nil), http.StatusServiceUnavailable, "the application is under maintenance")
}

// TestGuessingThroughTheAPIIsLimited tries wrong passwords until even the right
// one is not looked at any more.
func TestGuessingThroughTheAPIIsLimited(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := open(t, dir)
	r.local("victim", "Administrator")
	r.local("other", "Administrator")
	s := serve(t, dir, "")
	c := &apiClient{TB: t, site: s, contract: readContract(t, s)}
	const no = "the login or the password is wrong, or the account may not sign in"
	for range 11 {
		refused(t, c.ask("POST", "/sign-in", map[string]string{"login": "victim", "password": "wrong"}), http.StatusUnauthorized, no)
	}
	refused(t, c.ask("POST", "/sign-in", map[string]string{"login": "victim", "password": password}), http.StatusUnauthorized, no)
	c.signIn("other", password)
}

// TestReadinessEndsWhenSourcesAreStale looks at a server that must not be
// trusted before its source was read.
func TestReadinessEndsWhenSourcesAreStale(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	open(t, dir).local("boss", "Administrator")
	must(t, os.WriteFile(filepath.Join(dir, "companies.csv"), []byte("id,name\n1,Demo\n"), 0o600))
	s := serve(t, dir, `
serve: {stale_after: 1h}
sources:
  companies:
    class: Organization
    csv: {file: companies.csv, separator: ","}
    key: id
    attributes: {name: {from: name, reconcile: true}}
    gone: {then: ignore}
`)
	ready := func() answer {
		r, err := http.NewRequest(http.MethodGet, s.url+"/readyz", nil)
		must(t, err)
		return ask(t, r)
	}
	if a := ready(); a.status != http.StatusServiceUnavailable || a.body != "not ready\nsource companies: no good run\n" {
		t.Errorf("before the first run: got %d %s", a.status, a.body)
	}
	c := &apiClient{TB: t, site: s, contract: readContract(t, s)}
	boss, _ := c.signIn("boss", password)
	made := want[api.Run](t, http.StatusCreated, boss.ask("POST", "/plans", nil))
	want[api.Run](t, http.StatusCreated, boss.ask("POST", fmt.Sprintf("/plans/%d/approve", made.ID), nil))
	time.Sleep(1100 * time.Millisecond) // what is told of runs may be a second old
	if a := ready(); a.status != http.StatusOK || !strings.HasPrefix(a.body, "ready\nsource companies: last good run ") {
		t.Errorf("after it: got %d %s", a.status, a.body)
	}
}

// TestAPlanEndsWithItsRequest hangs up while a source is being read: the read
// ends, nothing is kept, and the source is free.
func TestAPlanEndsWithItsRequest(t *testing.T) {
	t.Parallel()
	asked, left := make(chan struct{}, 1), make(chan struct{}, 1)
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
		left <- struct{}{}
	}))
	t.Cleanup(slow.Close)
	dir := t.TempDir()
	open(t, dir).local("boss", "Administrator")
	s := serve(t, dir, `
sources:
  companies:
    class: Organization
    json: {url: "`+slow.URL+`"}
    key: id
    attributes: {name: {from: name, reconcile: true}}
    gone: {then: ignore}
`)
	c := &apiClient{TB: t, site: s, contract: readContract(t, s)}
	boss, _ := c.signIn("boss", password)
	ctx, hangUp := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/api/v1/plans", nil)
	must(t, err)
	r.Header = boss.header.Clone()
	ended := make(chan error, 1)
	go func() {
		res, err := client.Do(r)
		if err == nil {
			_ = res.Body.Close()
		}
		ended <- err
	}()
	<-asked
	hangUp()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	select {
	case <-left:
	case <-time.After(20 * time.Second):
		t.Fatal("the source is read on though nobody waits")
	}
	if runs := want[api.Page[api.Run]](t, http.StatusOK, boss.ask("GET", "/runs", nil)).Items; len(runs) != 0 {
		t.Errorf("got %+v, want nothing kept", runs)
	}
}
