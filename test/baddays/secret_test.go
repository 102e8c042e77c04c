package baddays

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// TestPasswordsAppearNowhere runs every kind of failure with everything logged,
// and looks for the password in all that is written: outputs, logs, the
// database, its journals, plans.
func TestPasswordsAppearNowhere(t *testing.T) {
	t.Parallel()
	ca := lab.NewCA(t)
	expired := ca.Expired()
	s := lab.Slapd(t, lab.SlapdConfig{Data: company(30), CA: ca, Cert: &expired})
	proxy := lab.Proxy(t, s.Addr)
	secret := s.Password
	o := officeAt(t, s, proxy.URL())
	leaks := func(what string, text []byte) {
		t.Helper()
		for _, form := range []string{secret, base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret)), url.QueryEscape(secret)} {
			if bytes.Contains(text, []byte(form)) {
				t.Errorf("the password is in %s:\n%s", what, text)
			}
		}
	}
	run := func(args ...string) *outcome {
		t.Helper()
		var last *outcome
		for _, json := range []bool{false, true} {
			line := append([]string{"--log-level", "debug"}, args...)
			if json {
				line = append(line, "--json")
			}
			last = o.run(line...)
			leaks("the output of "+last.args, []byte(last.stdout+last.stderr))
		}
		return last
	}
	good := o.Config
	run("check")
	run("plan", "--out", "kept.plan")
	run("sync")
	run("why", "u1@example.org")
	run("runs", "1", "--changes")
	run("init", s.URL(), "-D", s.ReaderDN, "-o", "-")
	for _, spoil := range []func(*setting){
		func(s *setting) { s.Base = "ou=nowhere," + baseDN },
		func(s *setting) { s.BindDN = "cn=nobody," + baseDN },
		func(s *setting) { s.BindDN = "not a DN" },
		func(c *setting) { c.URL, c.Directory = s.LDAPS, "tls: {ca: "+ca.File+"}" },
		func(s *setting) { s.URL = chatter(t, "HTTP/1.1 400 Bad Request\r\n\r\n") },
		func(s *setting) { s.Filter = "(mail=" },
		func(s *setting) { s.Directory = "starttls: maybe" },
		func(s *setting) { s.URL = "ldap://reader:" + secret + "@127.0.0.1" },
		func(s *setting) { s.Directory = "bind: {dn: x, passwort: " + secret + "}" },
	} {
		o.Config = good
		o.reconfigure(spoil)
		for _, command := range []string{"sync", "plan", "check"} {
			if got := run(command); got.code == done {
				t.Errorf("rollcall %s went well with %+v", command, o.Config)
			}
		}
	}
	o.Config = good
	o.configure()
	proxy.Set(lab.Fault{CutPages: 2, CutEntries: 3})
	run("sync")
	// The password in the configuration itself, as some will have it.
	o.write("rollcall.yaml", strings.Replace(o.read("rollcall.yaml"), "${env:"+password+"}", secret, 1))
	proxy.Set(lab.Fault{})
	run("sync")
	run("check")
	o.write("rollcall.yaml", strings.Replace(o.read("rollcall.yaml"), "page_size: 20", "page_size: many", 1))
	run("sync")
	o.configure()

	err := filepath.WalkDir(o.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		leaks(path, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestErrorsAreJSON asks for JSON: standard error holds nothing else, an object a
// line, the last of them the error; standard output holds one document or
// nothing.
func TestErrorsAreJSON(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: company(30)})
	for _, c := range []struct {
		name   string
		change func(o *office)
		args   []string
		code   int
		kind   string
		says   string
	}{
		{"closed port", func(o *office) { o.reconfigure(func(s *setting) { s.URL = closedPort(t) }) }, []string{"sync"}, failed, "unavailable", "nothing listens on"},
		{"plan", func(o *office) { o.reconfigure(func(s *setting) { s.URL = closedPort(t) }) }, []string{"plan"}, failed, "unavailable", "nothing listens on"},
		{"check", func(o *office) { o.reconfigure(func(s *setting) { s.URL = closedPort(t) }) }, []string{"check"}, failed, "-", "nothing listens on"},
		{"wrong password", func(o *office) { o.env = append(o.env, password+"=wrong") }, []string{"sync"}, failed, "unauthorized", "password is wrong"},
		{"base missing", func(o *office) { o.reconfigure(func(s *setting) { s.Base = "ou=x," + baseDN }) }, []string{"sync"}, failed, "not found", "noSuchObject"},
		{"held", func(o *office) { o.reconfigure(func(s *setting) { s.Filter = "(uid=u1)" }) }, []string{"sync"}, stopped, "stopped", "run 2 is held"},
		{"unknown key", func(o *office) { o.reconfigure(func(s *setting) { s.Directory = "bindd: x" }) }, []string{"sync"}, failed, "invalid", `did you mean \"bind\"?`},
		{"malformed filter", func(o *office) { o.reconfigure(func(s *setting) { s.Filter = "(x" }) }, []string{"sync"}, failed, "invalid", "malformed at character"},
		{"no configuration", func(o *office) { _ = os.Remove(o.path("rollcall.yaml")) }, []string{"sync"}, failed, "not found", "rollcall init"},
		{"unknown command", nil, []string{"snyc"}, usage, "invalid", "snyc"},
		{"unknown flag", nil, []string{"sync", "--fast"}, usage, "invalid", "--fast"},
		{"unknown source", nil, []string{"sync", "person"}, usage, "invalid", "there is no source person"},
		{"unknown class", nil, []string{"export", "Persons"}, usage, "invalid", "there is no class Persons"},
		{"no such run", nil, []string{"undo", "99"}, failed, "not found", "99"},
		{"no such run to show", nil, []string{"runs", "99"}, failed, "not found", "99"},
		{"not held", nil, []string{"apply", "1"}, failed, "conflict", "run 1 is not held"},
		{"no such plan", nil, []string{"apply", "missing.plan"}, failed, "", "missing.plan"},
		{"a problem", func(o *office) { o.reconfigure(func(s *setting) { s.Persons = "phone: {from: title}" }) }, []string{"sync"}, problems, "-", "Wrong format"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := officeAt(t, s, s.URL())
			o.sync()
			if c.change != nil {
				c.change(o)
			}
			got := o.run(append(c.args, "--json")...).ended(c.code)
			if got.stdout != "" && !json.Valid([]byte(got.stdout)) {
				t.Errorf("standard output is no JSON document:\n%s", got.stdout)
			}
			if c.kind == "-" { // told in the document
				if got.stderr != "" || !strings.Contains(got.stdout, c.says) {
					t.Errorf("got %q on standard error, want it told in the document:\n%s", got.stderr, got.stdout)
				}
				return
			}
			lines := strings.Split(strings.TrimSpace(got.stderr), "\n")
			for _, line := range lines {
				if !json.Valid([]byte(line)) {
					t.Errorf("standard error holds more than JSON: %q", line)
				}
			}
			var last struct {
				Error, Kind string
				Exit        int
			}
			if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
				t.Fatal(err)
			}
			says := strings.ReplaceAll(c.says, `\"`, `"`)
			if last.Exit != c.code || c.kind != "" && last.Kind != c.kind || !strings.Contains(last.Error, says) {
				t.Errorf("got %+v, want exit %d, kind %s and %q", last, c.code, c.kind, says)
			}
		})
	}
}
