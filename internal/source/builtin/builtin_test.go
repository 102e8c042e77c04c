package builtin_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/internal/config"
	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source/builtin"
	"rollcall/internal/source/ldap"
)

// sections are what the configuration says of each kind.
var sections = map[string]string{
	"inline": "{a: {cn: A}}",
	"csv":    "{file: staff.csv, separator: tab, encoding: ISO-8859-15, columns: [id, cn], unended: true}",
	"json":   "{url: 'https://hr.example.com/staff', path: items, user: u, password: '${env:HR}', headers: {X-Token: 'a ${cred:hr}'}, post: '{}', timeout: 5s, page: page, first_page: 0}",
	"sql":    "{dsn: 'postgres://u:${env:HR}@db/hr', query: SELECT 1 AS id}",
	"ldif":   "{file: staff.ldif, files: true}",
}

// settings reads a section as a program does.
func settings(t *testing.T, kind, section string) (builtin.Settings, error) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hr"), []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	lookup := func(name string) (string, bool) {
		value, ok := map[string]string{"HR": "hunter2", "CREDENTIALS_DIRECTORY": dir}[name]
		return value, ok
	}
	text := "sources:\n  staff:\n    class: Person\n    key: id\n    " + kind + ": " + section + "\n    attributes: {name: {from: cn, reconcile: true}}\n"
	c, err := config.Parse("/etc/rollcall.yaml", []byte(text), lookup)
	if err != nil {
		return builtin.Settings{}, err
	}
	return builtin.Settings{Kind: kind, Key: "id", Fields: []string{"cn"}, Folder: "/etc", Decode: c.Source("staff").Section.Decode}, nil
}

func TestEveryKindIsMade(t *testing.T) {
	t.Parallel()
	for _, kind := range builtin.Kinds() {
		s := builtin.Settings{Kind: kind, Key: "entryUUID", Fields: []string{"cn"}, LDAP: ldap.Config{Directory: directory.Config{URLs: []string{"ldap://127.0.0.1:1"}}}}
		if kind != "ldap" {
			var err error
			if s, err = settings(t, kind, sections[kind]); err != nil {
				t.Fatal(err)
			}
		}
		c, err := builtin.New(s)
		if err != nil || c == nil {
			t.Errorf("%s: got %v, %v, want a collector", kind, c, err)
		}
	}
}

// What is wrong in a section is said with its place, and without what a secret
// stands for.
func TestWhatIsWrongInASection(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, section, want string }{
		{"csv", "{fiel: a.csv}", `5:11: unknown key "fiel" in the section csv; did you mean "file"?`},
		{"csv", "{file: [a, {b: c}], unended: maybe}", "5:17: a text is wanted here, not a list"},
		{"csv", "{file: a.csv, unended: maybe}", `5:33: "maybe" is neither true nor false`},
		{"json", "{url: 'https://h', timeout: 5 minutes}", `"5 minutes" is no duration`},
		{"json", "{url: 'https://h', password: '${env:NONE}'}", "5:40: ${env:NONE}: the environment variable NONE is not set"},
		{"json", "{url: 'https://h', headers: {A: hunter2}, foo: 1}", `unknown key "foo"`},
		{"json", "{url: 'https://u:hunter2@h', foo: 1}", `unknown key "foo"`},
		{"json", "{url: 'https://h', headers: hunter2}", "headers must be a section with keys"},
		{"sql", "{dsn: 'mysql:host=h;password=hunter2', queri: x}", `did you mean "query"?`},
		{"sql", "{dsn: 'db2://u:hunter2@h/d', query: x}", "no database is reached by db2://"},
		{"sql", "{dsn: 'postgres://u:hunter2@h/d'}", "no query"},
		{"sql", "{query: x}", "no dsn"},
		{"csv", "{file: a, separator: ab}", "the separator is one character"},
		{"csv", "{file: a, encoding: klingon}", `the encoding "klingon" is not known`},
		{"csv", "{file: a, url: 'http://b'}", "there are both file and url"},
		{"json", "{path: a}", "say what to read"},
		{"json", "{url: 'https://h', page: p, first_page: one}", `"one" is no whole number from 0 to`},
		{"json", "{url: 'https://h', first_page: 2}", "first_page is the number of the first page, from 0 on, and goes with page"},
		{"ldif", "{file: ''}", "say what to read"},
	} {
		s, err := settings(t, c.kind, c.section)
		if err == nil {
			_, err = builtin.New(s)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s %s:\ngot  %v\nwant %s", c.kind, c.section, err, c.want)
		}
	}
}

func TestAKindThatIsNotBuiltIsSaidSo(t *testing.T) {
	t.Parallel()
	_, err := builtin.New(builtin.Settings{Kind: "scim"})
	if err == nil || !strings.Contains(err.Error(), "not scim") || rollcall.KindOf(err) != rollcall.Invalid {
		t.Errorf("got %v, want an invalid configuration that names scim", err)
	}
}

func TestAnErrorOfASectionComesThrough(t *testing.T) {
	t.Parallel()
	broken := errors.New("line 3")
	_, err := builtin.New(builtin.Settings{Kind: "inline", Decode: func(any) error { return broken }})
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want the section's error", err)
	}
	_, err = builtin.New(builtin.Settings{Kind: "ldap", LDAP: ldap.Config{Filter: "(cn=", Directory: directory.Config{URLs: []string{"ldap://127.0.0.1"}}}})
	if err == nil || rollcall.KindOf(err) != rollcall.Invalid {
		t.Errorf("got %v, want the filter refused", err)
	}
}
