package config_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/config"
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
)

var update = flag.Bool("update", false, "rewrite the wanted messages of testdata/*.bad.yml")

func model(t testing.TB) *rollcall.Model {
	t.Helper()
	m, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// env is the environment of all tests.
func env(name string) (string, bool) {
	v, ok := map[string]string{"CORP_LDAP_PASSWORD": "hunter2", "EMPTY": "", "CREDENTIALS_DIRECTORY": "testdata/credentials", "HOOK_SECRET": "0123456789abcdef"}[name]
	return v, ok
}

func parse(t testing.TB, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("testdata/rollcall.yaml", []byte(text), env)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// whole completes the sources section of a test with a directory.
func whole(sources string) string {
	return "directories: {corp: {url: 'ldaps://dc1', base: DC=x}}\nsources:\n" + sources
}

const persons = `  persons:
    class: Person
    directory: corp
    key: entryUUID
    attributes:
      name: {from: sn, reconcile: true}
      first_name: givenName
      org_id: {value: Demo, by: name}
`

func TestURLsOfSockets(t *testing.T) {
	t.Parallel()
	urls := []string{"ldapi:///", "ldapi:///run/slapd/ldapi", "ldapi://%2Frun%2Fslapd%2Fldapi"}
	c := parse(t, strings.Replace(whole(persons), "'ldaps://dc1'", "['"+strings.Join(urls, "', '")+"']", 1))
	if diff := cmp.Diff(urls, c.Directories["corp"].URLs); diff != "" {
		t.Errorf("URLs (-want +got):\n%s", diff)
	}
}

func TestTheExampleOfTheManualLoads(t *testing.T) {
	t.Parallel()
	t.Run("as typed values", func(t *testing.T) {
		t.Parallel()
		text, err := os.ReadFile("testdata/product.yaml")
		if err != nil {
			t.Fatal(err)
		}
		c := parse(t, string(text))
		wantDirectory := &config.Directory{
			Position: config.Position{Line: 4, Column: 3}, Name: "corp",
			URLs: []string{"ldaps://dc1.corp.example.com"},
			Bind: config.Bind{Method: config.BindSimple, User: "CN=svc,OU=Service,DC=corp,DC=example,DC=com", Password: "hunter2"},
			Base: []string{"DC=corp,DC=example,DC=com"}, TLS: config.TLS{CA: "testdata/corp-ca.pem"},
			Timeouts: config.Timeouts{Connect: 10 * time.Second, Idle: time.Minute},
		}
		if diff := cmp.Diff(wantDirectory, c.Directories["corp"]); diff != "" {
			t.Errorf("directory (-want +got):\n%s", diff)
		}
		if c.Store != "testdata/rollcall.db" || c.Model != "testdata/model" {
			t.Errorf("got store %q and model %q, want them beside the file", c.Store, c.Model)
		}
		if len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0].Text, "source users does not say what happens when an entry is gone") {
			t.Errorf("got warnings %v, want one on the users' gone section", c.Warnings)
		}
		sources, err := c.Resolve(model(t))
		if err != nil {
			t.Fatal(err)
		}
		checkPersons(t, sources[0])
		checkUsers(t, sources[1])
	})
}

func checkPersons(t *testing.T, s *rollcall.Source) {
	t.Helper()
	if s.Name != "persons" || s.Class.Name != "Person" {
		t.Errorf("got source %s of %s", s.Name, s.Class.Name)
	}
	if want := "sub of DC=corp,DC=example,DC=com, filter (&(objectCategory=person)(objectClass=user)), key objectGUID"; s.Scope != want {
		t.Errorf("got scope %q, want %q", s.Scope, want)
	}
	r := &s.Rules
	got := map[string]string{}
	for _, a := range r.Attributes {
		got[a.Attribute.Code] = fmt.Sprint(a.From, a.Value, a.Expr, " by=", a.By, " join=", a.Reconcile, " ", a.Policy)
	}
	want := map[string]string{
		"name":       "sn by= join=true master_locked",
		"first_name": "givenName by= join=true master_locked",
		"email":      "mail by= join=true master_locked",
		"function":   "title by= join=false master_unlocked",
		"status":     `entry.disabled ? "inactive" : "active" by= join=false master_locked`,
		"org_id":     "Demo by=name join=false master_locked",
		"manager_id": "manager by=dn join=false master_locked",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if r.OnNone != rollcall.ActCreate || r.OnOne != rollcall.ActUpdate || r.OnMany != rollcall.ActError {
		t.Errorf("got on %s %s %s", r.OnNone, r.OnOne, r.OnMany)
	}
	day := 24 * time.Hour
	wantGone := rollcall.Gone{
		After: 7 * day, Then: rollcall.GoneUpdateThenDelete, DeleteAfter: 90 * day,
		Set: []rollcall.Assignment{{Attribute: "status", Value: "inactive"}},
	}
	if diff := cmp.Diff(wantGone, r.Gone); diff != "" {
		t.Errorf("gone (-want +got):\n%s", diff)
	}
	wantLimits := rollcall.Limits{Gone: rollcall.Limit{Percent: 5, IsSet: true}, Changed: rollcall.Limit{Percent: 50, IsSet: true}}
	if diff := cmp.Diff(wantLimits, r.Limits); diff != "" {
		t.Errorf("limits (-want +got):\n%s", diff)
	}
}

func checkUsers(t *testing.T, s *rollcall.Source) {
	t.Helper()
	last := s.Rules.Attributes[len(s.Rules.Attributes)-1]
	if last.Attribute.Code != "profile_list" || last.Profiles.Pattern.String() != "(?i)^CN=itop-([^,]+)," ||
		!cmp.Equal(last.Profiles.Default, []string{"Portal user"}) || last.ItemSeparator != "|" {
		t.Errorf("got profiles %+v", last)
	}
	if s.Rules.Gone.Then != rollcall.GoneIgnore || s.Rules.Limits.Gone != config.DefaultGoneLimit {
		t.Errorf("got gone %+v and limit %v, want the defaults", s.Rules.Gone, s.Rules.Limits.Gone)
	}
}

// Every *.bad.yml ends with the messages it must give, as "#! line:column: text".
func TestBadConfigurationsSayWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.bad.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d files and %v", len(files), err)
	}
	m := model(t)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			body, wanted, _ := bytes.Cut(text, []byte("#! "))
			c, err := config.Parse("testdata/rollcall.yaml", body, env)
			if err == nil {
				_, err = c.Resolve(m)
			}
			if err == nil {
				t.Fatal("got no error")
			}
			if rollcall.KindOf(err) != rollcall.Invalid {
				t.Errorf("got kind %v, want invalid", rollcall.KindOf(err))
			}
			var got strings.Builder
			for _, p := range config.Problems(err) {
				fmt.Fprintf(&got, "#! %d:%d: %s\n", p.Line, p.Column, p.Text)
			}
			if *update {
				if err := os.WriteFile(file, append(body, got.String()...), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff("#! "+string(wanted), got.String()); diff != "" {
				t.Errorf("messages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAMessageShowsFileLineAndPlace(t *testing.T) {
	t.Parallel()
	_, err := config.Parse("etc/rollcall.yaml", []byte("stor: a.db\nsources: {}\n"), env)
	want := "etc/rollcall.yaml:1:1: unknown key \"stor\" in the configuration; did you mean \"store\"?\n" +
		"    1 | stor: a.db\n" +
		"      | ^"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

func TestExplainPutsAnErrorAtItsLine(t *testing.T) {
	t.Parallel()
	c := parse(t, whole(persons))
	err := c.Explain(7, fmt.Errorf("the expression is wrong"))
	want := "testdata/rollcall.yaml:7:5: the expression is wrong\n    7 |     attributes:\n      |     ^"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if got := c.Explain(0, os.ErrClosed); got != os.ErrClosed { //nolint:errorlint // the very same value is wanted
		t.Errorf("got %v, want the error as it is where there is no line", got)
	}
}

func TestLoadSaysWhatToDoWithoutAFile(t *testing.T) {
	t.Parallel()
	_, err := config.Load(filepath.Join(t.TempDir(), "rollcall.yaml"))
	if rollcall.KindOf(err) != rollcall.NotFound || !strings.Contains(err.Error(), "rollcall init") {
		t.Errorf("got %v", err)
	}
	if _, err := config.Load(t.TempDir()); rollcall.KindOf(err) != rollcall.Invalid {
		t.Errorf("got %v of a folder, want an error of kind invalid", err)
	}
	path := filepath.Join(t.TempDir(), "r.yaml")
	if err := os.WriteFile(path, []byte("store: x.db"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(path)
	if err != nil || c.Store != filepath.Join(filepath.Dir(path), "x.db") {
		t.Errorf("got %v, %v", c, err)
	}
}
