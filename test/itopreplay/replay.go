// Package itopreplay answers as a recorded iTop did: request by request, and
// with an error for a request that the recording does not have.
package itopreplay

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Exchange is one recorded request and its answer.
type Exchange struct {
	Request struct {
		Method, Path string
		Query        map[string]string
		Headers      map[string]string
		Form         map[string]string
	}
	Response struct {
		Status  int
		Headers map[string]string
		Body    string
	}
}

// Load reads a recording.
func Load(t testing.TB, path string) []Exchange {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []Exchange
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
	return list
}

// masked are the form fields that the recordings do not show.
var masked = []string{"auth_pwd", "auth_token"}

// Server replays one recording.
type Server struct {
	URL string

	t         testing.TB
	mu        sync.Mutex
	exchanges []Exchange
	next      int
	skipped   []string
	mayAsk    func(class, query string) bool
}

// Start serves a recording until the test ends. A recorded request that maySkip
// allows may be left out, and a question that mayAsk allows is denied as to an
// account without the right; any other order or content fails the test.
func Start(t testing.TB, exchanges []Exchange, maySkip func(Exchange) bool, mayAsk func(class, query string) bool) *Server {
	t.Helper()
	s := &Server{t: t, exchanges: exchanges, mayAsk: mayAsk}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.answer(w, r, maySkip) }))
	t.Cleanup(web.Close)
	s.URL = web.URL
	return s
}

// Skipped lists the recorded requests that were left out, those after the last
// one included.
func (s *Server) Skipped() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.skipped
	for _, e := range s.exchanges[s.next:] {
		list = append(list, Describe(e))
	}
	return list
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, maySkip func(Exchange) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	got, err := read(r)
	if err != nil {
		s.fail(w, "read the request: %v", err)
		return
	}
	if s.isExtra(got) {
		_, _ = w.Write([]byte(`{"code":1,"message":"not in the recording"}`))
		return
	}
	for ; s.next < len(s.exchanges); s.next++ {
		e := s.exchanges[s.next]
		diff := cmp.Diff(comparable(s.t, e), got)
		if diff == "" {
			s.next++
			s.send(w, e)
			return
		}
		if maySkip == nil || !maySkip(e) {
			s.fail(w, "request %d differs from the recording (-recorded +sent):\n%s", s.next+1, diff)
			return
		}
		s.skipped = append(s.skipped, Describe(e))
	}
	s.fail(w, "the recording has no further request, but this came: %v", got)
}

// isExtra reports whether a request is a question beyond the recording.
func (s *Server) isExtra(r request) bool {
	data, _ := r.Form["json_data"].(map[string]any)
	class, _ := data["class"].(string)
	query, isQuery := data["key"].(string)
	return s.mayAsk != nil && isQuery && data["operation"] == "core/get" && s.mayAsk(class, query)
}

func (s *Server) fail(w http.ResponseWriter, format string, args ...any) {
	s.t.Errorf(format, args...)
	http.Error(w, "not in the recording", http.StatusTeapot)
}

func (s *Server) send(w http.ResponseWriter, e Exchange) {
	for _, name := range []string{"Content-Type", "Location"} {
		if v, ok := e.Response.Headers[name]; ok {
			w.Header().Set(name, v)
		}
	}
	w.WriteHeader(e.Response.Status)
	_, _ = w.Write([]byte(strings.ReplaceAll(e.Response.Body, "http://127.0.0.1:8088", s.URL)))
}

// request is what is compared of a request.
type request struct {
	Method, Path string
	Query        map[string]string
	Form         map[string]any
	Agent, Type  string
}

func comparable(t testing.TB, e Exchange) request {
	r := request{e.Request.Method, e.Request.Path, e.Request.Query, map[string]any{}, e.Request.Headers["User-Agent"], e.Request.Headers["Content-Type"]}
	for k, v := range e.Request.Form {
		if err := r.field(k, v); err != nil {
			t.Fatalf("recorded form field %s: %v", k, err)
		}
	}
	return r
}

func read(h *http.Request) (request, error) {
	r := request{h.Method, h.URL.Path, map[string]string{}, map[string]any{}, h.Header.Get("User-Agent"), h.Header.Get("Content-Type")}
	if h.ContentLength < 0 {
		return r, fmt.Errorf("the length of the body is not said")
	}
	if err := h.ParseForm(); err != nil {
		return r, err
	}
	flat := func(values url.Values, into func(string, string) error) error {
		for k, vs := range values {
			if len(vs) != 1 {
				return fmt.Errorf("the field %s came %d times", k, len(vs))
			}
			if err := into(k, vs[0]); err != nil {
				return err
			}
		}
		return nil
	}
	query, err := url.ParseQuery(h.URL.RawQuery)
	if err != nil {
		return r, err
	}
	if err := flat(query, func(k, v string) error { r.Query[k] = v; return nil }); err != nil {
		return r, err
	}
	return r, flat(h.PostForm, r.field)
}

// field keeps a form field: JSON decoded, secrets masked.
func (r *request) field(name, value string) error {
	for _, m := range masked {
		if name == m {
			value = "SECRET"
		}
	}
	if name != "json_data" {
		r.Form[name] = value
		return nil
	}
	var v any
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return err
	}
	r.Form[name] = v
	return nil
}

// Describe names an exchange in one line.
func Describe(e Exchange) string {
	var data struct {
		Operation, Class string
		Key              any
	}
	if text, ok := e.Request.Form["json_data"]; ok {
		_ = json.Unmarshal([]byte(text), &data)
		key, _ := json.Marshal(data.Key)
		return fmt.Sprintf("%s %s %s", data.Operation, data.Class, key)
	}
	return e.Request.Path + " " + e.Request.Form["data_source_id"] + e.Request.Form["data_sources"]
}
