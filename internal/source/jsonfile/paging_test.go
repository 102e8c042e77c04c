package jsonfile_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/rollcall"
	"rollcall/internal/source"
	"rollcall/internal/source/jsonfile"
)

// pages answers each address, as it is after the host, with a document.
func pages(t *testing.T, documents map[string]string) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := documents[r.URL.RequestURI()]
		if r.Header.Get("X-Key") != "k" {
			w.WriteHeader(http.StatusForbidden)
		} else if !ok {
			http.NotFound(w, r)
		}
		fmt.Fprint(w, text)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestPages(t *testing.T) {
	t.Parallel()
	numbered := map[string]string{
		"/p?page=1&size=2": `{"total":3,"people":[{"id":1},{"id":2}]}`,
		"/p?page=2&size=2": `{"total":3,"people":[{"id":3}]}`,
		"/p?page=3&size=2": `{"total":3,"people":[]}`,
	}
	for name, c := range map[string]struct {
		documents map[string]string
		first     string
		path      string
		paging    jsonfile.Paging
		want      string // keys, or the error
	}{
		"by the next address": {
			documents: map[string]string{
				"/p":         `{"links":{"next":"/p?after=2"},"people":[{"id":1},{"id":2}]}`,
				"/p?after=2": `{"links":{"next":"?after=3"},"people":[{"id":3}]}`,
				"/p?after=3": `{"links":{"next":null},"people":[{"id":4}]}`,
			},
			first: "/p", path: "people", paging: jsonfile.Paging{Next: "links/next"}, want: "1 2 3 4",
		},
		"the last one is empty": {
			documents: map[string]string{"/p": `{"next":"/q","people":[{"id":1}]}`, "/q": `{"next":"","people":[]}`},
			first:     "/p", path: "people", paging: jsonfile.Paging{Next: "next"}, want: "1",
		},
		"by numbers":               {documents: numbered, first: "/p?size=2", path: "people", paging: jsonfile.Paging{Page: "page", First: 1}, want: "1 2 3"},
		"by numbers, with a total": {documents: numbered, first: "/p?size=2", path: "people", paging: jsonfile.Paging{Page: "page", First: 1, Total: "total"}, want: "1 2 3"},
		"from 0 on, a list without a path": {
			documents: map[string]string{"/?n=0": `[{"id":1}]`, "/?n=1": `[{"id":2}]`, "/?n=2": `[]`},
			first:     "/", paging: jsonfile.Paging{Page: "n"}, want: "1 2",
		},
		"fewer than the total": {
			documents: map[string]string{"/?n=1": `{"t":3,"p":[{"id":1}]}`, "/?n=2": `{"t":3,"p":[]}`},
			first:     "/", path: "p", paging: jsonfile.Paging{Page: "n", First: 1, Total: "t"}, want: "the read is not whole: the pages hold 1 elements, and t says 3",
		},
		"the total changes": {
			documents: map[string]string{"/?n=1": `{"t":3,"p":[{"id":1}]}`, "/?n=2": `{"t":2,"p":[{"id":2}]}`},
			first:     "/", path: "p", paging: jsonfile.Paging{Page: "n", First: 1, Total: "t"}, want: "there were 3 elements when the read began and 2 at page 2",
		},
		"no total": {
			documents: map[string]string{"/?n=1": `{"p":[{"id":1}]}`},
			first:     "/", path: "p", paging: jsonfile.Paging{Page: "n", First: 1, Total: "t"}, want: `page 1 has no number at the path "t"`,
		},
		"a server that knows no pages": {
			documents: map[string]string{"/?n=1": `[{"id":1}]`, "/?n=2": `[{"id":1}]`},
			first:     "/", paging: jsonfile.Paging{Page: "n", First: 1}, want: "page 2 is the same as the one before",
		},
		"in a circle": {
			documents: map[string]string{"/a": `{"next":"/b","p":[{"id":1}]}`, "/b": `{"next":"/a","p":[{"id":2}]}`},
			first:     "/a", path: "p", paging: jsonfile.Paging{Next: "next"}, want: "page 2 names one that was read already",
		},
		"to another server": {
			documents: map[string]string{"/a": `{"next":"https://evil.example/b","p":[{"id":1}]}`},
			first:     "/a", path: "p", paging: jsonfile.Paging{Next: "next"}, want: "sends on to another server, https://evil.example",
		},
		"a page that breaks off": {
			documents: map[string]string{"/a": `{"next":"/b","p":[{"id":1}]}`, "/b": `{"next":null,"p":[{"id":2}`},
			first:     "/a", path: "p", paging: jsonfile.Paging{Next: "next"}, want: "/b: ",
		},
		"a page that is not there": {
			documents: map[string]string{"/a": `{"next":"/b","p":[{"id":1}]}`},
			first:     "/a", path: "p", paging: jsonfile.Paging{Next: "next"}, want: "the server answers 404",
		},
		"a page without the path": {
			documents: map[string]string{"/a": `{"next":"/b","p":[{"id":1}]}`, "/b": `{"error":"busy"}`},
			first:     "/a", path: "p", paging: jsonfile.Paging{Next: "next"}, want: `has nothing at the path "p"`,
		},
		"the first one is empty": {
			documents: map[string]string{"/a": `{"next":"/b","p":[]}`},
			first:     "/a", path: "p", paging: jsonfile.Paging{Next: "next"}, want: `page 1 of `,
		},
		"the next is no text": {
			documents: map[string]string{"/a": `{"next":7,"p":[{"id":1}]}`},
			first:     "/a", path: "p", paging: jsonfile.Paging{Next: "next"}, want: `page 1 has no address at the path "next"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			collector, err := jsonfile.New(jsonfile.Config{
				Document: source.Document{URL: pages(t, c.documents) + c.first, Headers: map[string]rollcall.Secret{"X-Key": "k"}},
				Path:     c.path, Key: "id", Paging: c.paging,
			})
			if err != nil {
				t.Fatal(err)
			}
			var keys []string
			_, err = collector.Collect(t.Context(), func(e *rollcall.Entry) error {
				keys = append(keys, string(e.Key))
				if want := fmt.Sprintf("element %d", len(keys)); string(e.Name) != want {
					t.Errorf("an entry is called %q, want %q", e.Name, want)
				}
				return nil
			})
			switch {
			case err != nil && !strings.Contains(err.Error(), c.want):
				t.Errorf("got the error %q, want %q", err, c.want)
			case err == nil:
				if diff := cmp.Diff(strings.Fields(c.want), keys); diff != "" {
					t.Errorf("keys (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestPagingThatContradictsItself(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]jsonfile.Config{
		"both next and page":   {Document: source.Document{URL: "http://x/"}, Key: "id", Paging: jsonfile.Paging{Next: "a", Page: "b"}},
		"say how the next one": {Document: source.Document{URL: "http://x/"}, Key: "id", Paging: jsonfile.Paging{Total: "a"}},
		"goes with page":       {Document: source.Document{URL: "http://x/"}, Key: "id", Paging: jsonfile.Paging{Next: "a", First: 1}},
		"not for a file":       {Document: source.Document{File: "x"}, Key: "id", Paging: jsonfile.Paging{Next: "a"}},
	} {
		if _, err := jsonfile.New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
