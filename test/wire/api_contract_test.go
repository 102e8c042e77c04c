package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"rollcall/internal/api"
)

// contract is the document that a server gives of its API, made strict: what it
// does not name may not be in an answer.
type contract struct {
	doc   *openapi3.T
	paths map[string]*regexp.Regexp
	mu    sync.Mutex
	seen  map[string]bool // operations that answered, by their IDs

	secrets []string // what no answer may hold
}

// readContract reads the document of a server and holds it against the rules of
// OpenAPI and the table of routes.
func readContract(t testing.TB, s *site) *contract {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.url+"/api/v1/openapi.json", nil)
	must(t, err)
	a := ask(t, r)
	doc, err := openapi3.NewLoader().LoadFromData([]byte(a.body))
	must(t, err)
	must(t, doc.Validate(context.Background()))
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("got OpenAPI %s, want 3.1.0", doc.OpenAPI)
	}
	if doc.Servers[0].URL == "/" {
		doc.Servers[0].URL = ""
	}
	c := &contract{doc: doc, paths: map[string]*regexp.Regexp{}, seen: map[string]bool{"describe": true}}
	no := false
	for _, ref := range doc.Components.Schemas {
		if len(ref.Value.Properties) > 0 {
			ref.Value.AdditionalProperties = openapi3.AdditionalProperties{Has: &no}
		}
	}
	parameter := regexp.MustCompile(`\{(\w+)\}`)
	described := 0
	for path, item := range doc.Paths.Map() {
		c.paths[path] = regexp.MustCompile("^" + parameter.ReplaceAllString(path, `(?P<$1>[^/]+)`) + "$")
		described += len(item.Operations())
	}
	for _, route := range api.Routes() {
		item := doc.Paths.Value(route.Path)
		if item == nil || item.GetOperation(route.Method) == nil {
			t.Errorf("the document lacks %s %s", route.Method, route.Path)
			continue
		}
		described--
		if o := item.GetOperation(route.Method); o.OperationID != route.ID || o.Extensions["x-right"] != string(route.Gate) {
			t.Errorf("%s %s: got ID %s and right %v", route.Method, route.Path, o.OperationID, o.Extensions["x-right"])
		}
	}
	if described != 0 {
		t.Errorf("the document has %d operations that the table of routes does not have", described)
	}
	return c
}

// check holds an answer, and the request when it was taken, against the
// document. Paths and methods that it does not have answer with a problem.
func (c *contract) check(t testing.TB, r *http.Request, body []byte, a answer) {
	t.Helper()
	for _, secret := range c.secrets {
		if strings.Contains(a.body, secret) {
			t.Errorf("%s %s: the answer has a secret: %s", r.Method, r.URL, a.body)
		}
	}
	for path, pattern := range c.paths {
		found := pattern.FindStringSubmatch(strings.TrimPrefix(r.URL.EscapedPath(), c.doc.Servers[0].URL))
		item := c.doc.Paths.Value(path)
		if found == nil || item.GetOperation(r.Method) == nil {
			continue
		}
		parameters := map[string]string{}
		for i, name := range pattern.SubexpNames() {
			if name != "" {
				parameters[name] = found[i]
			}
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		operation := item.GetOperation(r.Method)
		request := &openapi3filter.RequestValidationInput{
			Request: r, PathParams: parameters,
			Route:   &routers.Route{Spec: c.doc, Path: path, PathItem: item, Method: r.Method, Operation: operation},
			Options: &openapi3filter.Options{IncludeResponseStatus: true, AuthenticationFunc: openapi3filter.NoopAuthenticationFunc},
		}
		if a.status < 300 {
			c.mu.Lock()
			c.seen[operation.OperationID] = true
			c.mu.Unlock()
			if err := openapi3filter.ValidateRequest(context.Background(), request); err != nil {
				t.Errorf("%s %s was taken, and is not as the document says: %v", r.Method, r.URL, err)
			}
		}
		err := openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
			RequestValidationInput: request, Status: a.status, Header: a.header,
			Body: io.NopCloser(strings.NewReader(a.body)), Options: request.Options,
		})
		if err != nil {
			t.Errorf("%s %s answers %d %s\nwhich is not as the document says: %v", r.Method, r.URL, a.status, a.body, err)
		}
		return
	}
	var p api.Problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || p.Status != a.status || p.Detail == "" {
		t.Errorf("%s %s: got %d %s, want a problem", r.Method, r.URL, a.status, a.body)
	}
}

// unseen lists the operations that never answered.
func (c *contract) unseen() []string {
	var list []string
	for _, route := range api.Routes() {
		if !c.seen[route.ID] {
			list = append(list, route.ID)
		}
	}
	slices.Sort(list)
	return list
}

// apiClient asks a server's API as somebody.
type apiClient struct {
	testing.TB
	site     *site
	contract *contract
	header   http.Header
}

// ask sends JSON, nothing for nil, and holds the answer against the document.
func (c *apiClient) ask(method, path string, body any) answer {
	c.Helper()
	var text []byte
	if body != nil {
		var err error
		text, err = json.Marshal(body)
		must(c, err)
	}
	return c.askText(method, path, text)
}

func (c *apiClient) askText(method, path string, text []byte) answer {
	c.Helper()
	r, err := http.NewRequest(method, c.site.url+"/api/v1"+path, bytes.NewReader(text))
	must(c, err)
	for name, list := range c.header {
		r.Header[name] = list
	}
	if text != nil && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	a := ask(c, r)
	c.contract.check(c, r, text, a)
	return a
}

// as returns a client that shows other credentials.
func (c *apiClient) as(name, value string) *apiClient {
	other := *c
	other.header = http.Header{name: {value}}
	return &other
}

// signIn signs in and returns a client with the session, and the verdict.
func (c *apiClient) signIn(login, pass string) (*apiClient, api.SignedIn) {
	c.Helper()
	signed := want[api.SignedIn](c, http.StatusOK, c.ask("POST", "/sign-in", map[string]string{"login": login, "password": pass}))
	return c.as("Authorization", "Bearer "+signed.Token), signed
}

// want reads an answer of a status.
func want[T any](t testing.TB, status int, a answer) (v T) {
	t.Helper()
	if a.status != status {
		t.Fatalf("got %d %s, want %d", a.status, a.body, status)
	}
	must(t, json.Unmarshal([]byte(a.body), &v))
	return v
}

// refused expects a problem with a sentence, in which … stands for anything.
func refused(t testing.TB, a answer, status int, sentence string) {
	t.Helper()
	var p api.Problem
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Errorf("got %d %s, want a problem", a.status, a.body)
		return
	}
	pattern := "^" + strings.ReplaceAll(regexp.QuoteMeta(sentence), "…", ".*") + "$"
	if a.status != status || p.Status != status || !regexp.MustCompile(pattern).MatchString(p.Detail) || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %q, want %d %q", a.status, p.Detail, status, sentence)
	}
}
