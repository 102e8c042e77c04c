package jsonfile_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/internal/source"
	"rollcall/internal/source/jsonfile"
	"rollcall/internal/source/sourcetest"
)

func TestCollector(t *testing.T) {
	t.Parallel()
	open := func(text, path string) func(testing.TB) source.Collector {
		return func(t testing.TB) source.Collector {
			file := filepath.Join(t.TempDir(), "x.json")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := jsonfile.New(jsonfile.Config{Document: source.Document{File: file}, Path: path, Key: "id", Fields: []string{"name/last", "mails", "on"}})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
	}
	sourcetest.Run(t, sourcetest.Suite{
		Open: open(`{"people":[{"id":1,"name":{"last":"A"},"mails":["a@x","b@x"],"on":true},{"id":"2","on":false},{"id":3,"name":{"last":""}}]}`, "people"),
		Want: map[string]sourcetest.Entry{
			"1": {Name: "element 1", Fields: map[string][]string{"name/last": {"A"}, "mails": {"a@x", "b@x"}, "on": {"1"}}},
			"2": {Name: "element 2", Fields: map[string][]string{"on": {"0"}}},
			"3": {Name: "element 3", Fields: map[string][]string{}},
		},
		Broken: map[string]func(testing.TB) source.Collector{
			"cut off":     open(`{"people":[{"id":1}`, "people"),
			"wrong path":  open(`{"people":[{"id":1}]}`, "persons"),
			"empty there": open(`{"people":[]}`, "people"),
			"no JSON":     open(`<html>`, ""),
			"null":        open(`null`, ""),
			"a text":      open(`"maintenance"`, ""),
			"an error":    open(`{"error":"maintenance"}`, ""),
			"two values":  open(`[1] [2]`, ""),
			"too deep":    open(strings.Repeat("[", 5000)+strings.Repeat("]", 5000), ""),
		},
	})
}

// TestPathsWithinAnElement are the paths that the original's tests pin.
func TestPathsWithinAnElement(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ document, path, want string }{
		{`{"Id":"1"}`, "Id", "1"},
		{`{"Shadok":{"name":"gabuzomeu"}}`, "Shadok/name", "gabuzomeu"},
		{`[{"Id":"1"}]`, "*/Id", "1"},
		{`{"Obj::1":{"Shadok":{"name":"ga"}}}`, "*/Shadok/name", "ga"},
		{`[{"Id":"1"},{"Shadok":{"name":"bu"}}]`, "*/Shadok/name", "bu"},
		{`[{"Shadok":{"name":"zo"}},{"Id":"2"}]`, "*/Id", "2"},
		{`[{"Id":"1"},{"Shadok":{"name":"meu"}}]`, "0/Id", "1"},
		{`[{"Id":"1"},{"Shadok":{"name":"meu"}}]`, "1/Shadok/name", "meu"},
		{`{"Id":{"a":1}}`, "Id", ""}, {`{"Id":null}`, "Id", ""}, {`{"Id":[1]}`, "Id", ""}, {`{"a":1}`, "Id", ""},
	} {
		v, err := jsonfile.Parse(strings.NewReader(c.document))
		if err != nil {
			t.Fatal(err)
		}
		got, ok := jsonfile.Lookup(v, c.path)
		if ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s in %s: got %v, %t", c.path, c.document, got, ok)
		}
	}
}

// FuzzPaths: whatever a document holds, its paths end, and the next document is
// at the same server.
func FuzzPaths(f *testing.F) {
	f.Add(`{"a":[{"b":1}]}`, "a/*/b")
	f.Add(`{"next":"//evil.example/x"}`, "next")
	f.Add(`{"next":"http://example.org:80@evil.example/"}`, "next")
	f.Fuzz(func(t *testing.T, document, path string) {
		v, err := jsonfile.Parse(strings.NewReader(document))
		if err != nil {
			return
		}
		jsonfile.Select(v, path)
		jsonfile.Lookup(v, path)
		pages, err := jsonfile.Paging{Next: path}.Start("https://example.org/people")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = pages.Elements(v, path)
		if more, err := pages.Go(v, 1, [32]byte{}); err == nil && more && !strings.HasPrefix(pages.Address(), "https://") {
			t.Errorf("sent on to %s", pages.Address())
		}
		if u, err := url.Parse(pages.Address()); err != nil || u.Host != "example.org" {
			t.Errorf("sent on to %s (%v)", pages.Address(), err)
		}
	})
}
