package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/internal/registry/registrytest"
	"rollcall/test/lab"
)

// The passwords of people in directories: everybody has the same.
const (
	ldapPassword = "Ann4-Secret!"
	goodPassword = "\nuserPassword: " + ldapPassword + "\n"
)

// entrance is a server whose people come from a directory: persons and accounts,
// with a role by a group. An administrator with a password of its own is there.
type entrance struct {
	*site
	ldap *lab.SlapdServer
}

// staffed starts a directory with people.
func staffed(t *testing.T, logins ...string) *lab.SlapdServer {
	t.Helper()
	d := lab.Slapd(t, lab.SlapdConfig{})
	d.Add(fmt.Sprintf("dn: ou=people,%[1]s\nobjectClass: organizationalUnit\nou: people\n\ndn: ou=groups,%[1]s\nobjectClass: organizationalUnit\nou: groups\n\n", d.BaseDN))
	for _, login := range logins {
		d.Add(someone(d, login))
	}
	return d
}

// someone is an entry of a person.
func someone(d *lab.SlapdServer, login string) string {
	return fmt.Sprintf("dn: uid=%[1]s,ou=people,%[2]s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: %[1]s\nsn: %[1]s\nmail: %[1]s@example.org%[3]s\n", login, d.BaseDN, goodPassword)
}

const entranceConfig = `
directories:
  main:
    url: %[1]s
    bind: {dn: %[2]q, password: %[3]q}
    base: %[4]q
sources:
  persons:
    class: Person
    directory: main
    filter: (&(objectClass=inetOrgPerson)(!(employeeType=external)))
    key: entryUUID
    attributes:
      name: sn
      first_name: uid
      email: {from: mail, reconcile: true}
      phone: telephoneNumber
      org_id: {value: Demo, by: name}
    gone: {after: 0, set: {status: inactive}}
    limits: {gone: none}
  users:
    class: UserLDAP
    directory: main
    filter: (&(objectClass=inetOrgPerson)(!(employeeType=external)))
    key: entryUUID
    attributes:
      login: {from: uid, reconcile: true}
      contactid: {from: mail, by: email}
      profile_list: {value: "profileid->name:Administrator|profileid->name:REST Services User"}
    update: {profile_list: if_empty}
    gone: {after: 0, set: {status: disabled}}
    limits: {gone: none}
bindings:
  desk: {source: users, groups: {name: desk}, role: Desk}
serve:
  sign_in: {%[5]s}
`

// enter starts the program in a folder of its own. The sources run once first
// when that is asked for.
func enter(t *testing.T, d *lab.SlapdServer, signIn string, synced bool, change ...string) *entrance {
	t.Helper()
	return enterOn(t, sqliteFile, d, signIn, synced, change...)
}

// sqliteFile is a store in the folder of its configuration.
const sqliteFile = "rollcall.db"

// enterOn is enter with a store that is a file beside the configuration, or the
// address of a database.
func enterOn(t *testing.T, store string, d *lab.SlapdServer, signIn string, synced bool, change ...string) *entrance {
	t.Helper()
	dir := t.TempDir()
	dsn := store
	if store == sqliteFile {
		dsn = filepath.Join(dir, store)
	}
	r := &registryOf{registrytest.Open(t, dsn, time.Now, nil)}
	r.Create("Organization", nil, "name", "Demo")
	r.local("admin", "Administrator", "REST Services User")
	config := fmt.Sprintf(entranceConfig, d.LDAP, d.ReaderDN, d.Password, d.BaseDN, signIn)
	config = fmt.Sprintf("store: %q\n", store) + strings.NewReplacer(change...).Replace(config)
	if synced {
		must(t, os.WriteFile(filepath.Join(dir, "rollcall.yaml"), []byte(config), 0o600))
		(&site{TB: t, dir: dir}).command("sync")
	}
	return &entrance{serve(t, dir, config), d}
}

// command runs the program beside the server; it must end well.
func (s *site) command(args ...string) string {
	s.Helper()
	bin := lab.Program(s)
	cmd := exec.Command(bin, args...)
	cmd.Dir, cmd.Env = s.dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "TZ=UTC"}
	out, err := cmd.Output()
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		s.Fatalf("rollcall %s: %v\n%s%s", strings.Join(args, " "), err, out, ended.Stderr)
	}
	must(s, err)
	return string(out)
}

// rest asks rest.php as somebody.
func (s *site) rest(login, pass, operation string) string {
	s.Helper()
	a := ask(s, s.form("/webservices/rest.php?version=1.3", values("auth_user", login, "auth_pwd", pass, "json_data", operation)))
	if a.status != 200 {
		s.Fatalf("%s: got %d %s", login, a.status, a.body)
	}
	return a.body
}

// lets reports whether somebody may sign in; core/check_credentials must say the
// same.
func (s *site) lets(login, pass string) bool {
	s.Helper()
	in := strings.HasPrefix(s.rest(login, pass, listOperations), `{"code":0`)
	question, err := json.Marshal(map[string]string{"operation": "core/check_credentials", "user": login, "password": pass})
	must(s, err)
	said := strings.Contains(s.rest("admin", password, string(question)), `"authorized":true`)
	if in != said {
		s.Errorf("%s: rest.php lets in: %t, core/check_credentials: %t", login, in, said)
	}
	return in
}

func (s *site) comesIn(login, pass string) {
	s.Helper()
	if !s.lets(login, pass) {
		s.Errorf("%s with %q is kept out", login, pass)
	}
}

func (s *site) staysOut(login, pass string) {
	s.Helper()
	if s.lets(login, pass) {
		s.Errorf("%s with %q came in", login, pass)
	}
}

// shows compares what the registry says of all objects of a query.
func (s *site) shows(query, fields, want string) {
	s.Helper()
	question, err := json.Marshal(map[string]string{"operation": "core/get", "class": strings.Fields(query)[1], "key": query, "output_fields": fields})
	must(s, err)
	var answer struct {
		Objects map[string]struct{ Fields map[string]string }
	}
	body := s.rest("admin", password, string(question))
	must(s, json.Unmarshal([]byte(body), &answer))
	var lines []string
	for _, o := range answer.Objects {
		var parts []string
		for _, field := range strings.Split(fields, ",") {
			parts = append(parts, o.Fields[field])
		}
		lines = append(lines, strings.Join(parts, " "))
	}
	if got := sortedLines(lines); got != want {
		s.Errorf("%s shows\n%s\nwant\n%s\n%.300s", query, got, want, body)
	}
}

// once carries out an operation, which must go well.
func (s *site) once(operation string) {
	s.Helper()
	if body := s.rest("admin", password, operation); !strings.HasPrefix(body, `{"code":0`) {
		s.Fatalf("%s: got %s", operation, body)
	}
}

// key returns the only object of a query as class::id.
func (s *site) key(query string) string {
	s.Helper()
	body := s.rest("admin", password, `{"operation":"core/get","class":"`+strings.Fields(query)[1]+`","key":"`+query+`","output_fields":"id"}`)
	var answer struct{ Objects map[string]any }
	must(s, json.Unmarshal([]byte(body), &answer))
	for key := range answer.Objects {
		if len(answer.Objects) == 1 {
			return key
		}
	}
	s.Fatalf("%s: got %s", query, body)
	return ""
}

// runs lists the kinds of the runs so far, the newest first.
func (s *site) runs() string {
	s.Helper()
	var list []struct{ Kind, State string }
	must(s, json.Unmarshal([]byte(s.command("runs", "--json")), &list))
	var kinds []string
	for _, one := range list {
		kinds = append(kinds, one.Kind+" "+one.State)
	}
	return strings.Join(kinds, ", ")
}

func (s *site) ran(want string) {
	s.Helper()
	if got := s.runs(); got != want {
		s.Errorf("got the runs %s, want %s", got, want)
	}
}

// sortedLines joins lines in their order.
func sortedLines(lines []string) string {
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
