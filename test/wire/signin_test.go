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
	dir := t.TempDir()
	r := open(t, dir)
	r.Create("Organization", nil, "name", "Demo")
	r.local("admin", "Administrator", "REST Services User")
	config := fmt.Sprintf(entranceConfig, d.LDAP, d.ReaderDN, d.Password, d.BaseDN, signIn)
	config = strings.NewReplacer(change...).Replace(config)
	if synced {
		must(t, os.WriteFile(filepath.Join(dir, "rollcall.yaml"), []byte("store: rollcall.db\n"+config), 0o600))
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

// TestX37AFirstSignInImports: whoever has no account gets one, with the person and
// the role that go with it, as a run would make them. Nobody else is touched:
// one who has left the directory stays until a run looks for everybody.
func TestX37AFirstSignInImports(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada", "bob")
	s := enter(t, d, "import: true", true)
	d.Add(someone(d, "new") + "\n" + strings.Replace(someone(d, "ext"), "\nmail:", "\nemployeeType: external\nmail:", 1) +
		fmt.Sprintf("\ndn: cn=desk,ou=groups,%[1]s\nobjectClass: groupOfNames\nmember: uid=new,ou=people,%[1]s\nmember: uid=ada,ou=people,%[1]s\n", d.BaseDN))
	d.Modify("dn: uid=bob,ou=people," + d.BaseDN + "\nchangetype: delete\n")

	s.staysOut("new", "wrong")
	s.staysOut("new", "")
	s.staysOut("ext", ldapPassword) // the filters leave it out
	s.staysOut("nobody", ldapPassword)
	s.staysOut("*", ldapPassword)
	s.ran("sync completed")
	s.shows("SELECT UserLDAP", "login,status", "ada enabled\nbob enabled")

	s.comesIn("new", ldapPassword)
	s.ran("sign-in completed, sync completed")
	s.shows("SELECT UserLDAP", "login,status,contactid_friendlyname", "ada enabled ada ada\nbob enabled bob bob\nnew enabled new new")
	s.shows("SELECT Person WHERE email LIKE '%example.org'", "email,status", "ada@example.org active\nbob@example.org active\nnew@example.org active")
	s.shows("SELECT lnkUserToRole", "friendlyname", "new / Desk")
	if story := s.command("why", s.key("SELECT UserLDAP WHERE login = 'new'")); !strings.Contains(story, "sign-in of new") || !strings.Contains(story, "uid=new,ou=people,"+d.BaseDN) {
		t.Errorf("the account's story does not name its sign-in:\n%s", story)
	}
	s.comesIn("NEW", ldapPassword)
	s.ran("sign-in completed, sync completed")

	s.command("sync")
	s.shows("SELECT UserLDAP", "login,status", "ada enabled\nbob disabled\nnew enabled")
	s.shows("SELECT lnkUserToRole", "friendlyname", "ada / Desk\nnew / Desk")
	s.staysOut("bob", ldapPassword)
}

// TestX37BeforeAnyRun: the very first to come in makes the sources' own objects,
// and the first run of all finds nothing wrong with that.
func TestX37BeforeAnyRun(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada", "bob")
	s := enter(t, d, "import: true", false, "limits: {gone: none}", "limits: {gone: 10%, new: 10%}")
	s.comesIn("ada", ldapPassword)
	s.shows("SELECT UserLDAP", "login,status", "ada enabled")
	d.Modify("dn: uid=ada,ou=people," + d.BaseDN + "\nchangetype: modify\nreplace: telephoneNumber\ntelephoneNumber: 17\n")
	s.command("sync")
	s.ran("sync completed, sign-in completed")
	s.shows("SELECT UserLDAP", "login,status", "ada enabled\nbob enabled")
	s.shows("SELECT Person WHERE email LIKE '%example.org'", "email,phone", "ada@example.org 17\nbob@example.org ")
}

// TestX37IsOffUnlessAskedFor, and does not touch an account of the program itself
// that has the login, nor one that the rules leave alone.
func TestX37IsOffUnlessAskedFor(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada", "admin")
	s := enter(t, d, "", false)
	s.staysOut("ada", ldapPassword)
	s.staysOut(`X\ada`, ldapPassword)
	on := enter(t, d, "import: true", false)
	on.staysOut("admin", ldapPassword)
	on.comesIn("admin", password)
	on.ran("")
	on.shows("SELECT UserLDAP", "login", "")
}

// sortedLines joins lines in their order.
func sortedLines(lines []string) string {
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestX38AnAccountIsRefreshedAtSignIn: what changed in the directory counts when
// its person comes in, groups included, and nobody else's. Without a change no
// run is made.
func TestX38AnAccountIsRefreshedAtSignIn(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada", "bob")
	d.Add(fmt.Sprintf("dn: cn=desk,ou=groups,%[1]s\nobjectClass: groupOfNames\nmember: uid=bob,ou=people,%[1]s\n", d.BaseDN))
	s := enter(t, d, "refresh: true, remember: 0", true)
	s.comesIn("ada", ldapPassword)
	s.ran("sync completed")
	for _, login := range []string{"ada", "bob"} {
		d.Modify(fmt.Sprintf("dn: uid=%s,ou=people,%s\nchangetype: modify\nreplace: telephoneNumber\ntelephoneNumber: 4711\n", login, d.BaseDN))
	}
	s.staysOut("ada", "wrong")
	s.ran("sync completed")
	s.comesIn("ada", ldapPassword)
	s.ran("sign-in completed, sync completed")
	s.shows("SELECT Person WHERE email LIKE '%example.org'", "email,phone", "ada@example.org 4711\nbob@example.org ")

	member := func(verb, login string) {
		d.Modify(fmt.Sprintf("dn: cn=desk,ou=groups,%[1]s\nchangetype: modify\n%[2]s: member\nmember: uid=%[3]s,ou=people,%[1]s\n", d.BaseDN, verb, login))
	}
	s.shows("SELECT lnkUserToRole", "friendlyname", "bob / Desk")
	member("add", "ada")
	s.comesIn("ada", ldapPassword)
	s.shows("SELECT lnkUserToRole", "friendlyname", "ada / Desk\nbob / Desk")
	member("delete", "bob")
	s.comesIn("ada", ldapPassword)
	s.shows("SELECT lnkUserToRole", "friendlyname", "ada / Desk\nbob / Desk")
	s.comesIn("bob", ldapPassword)
	s.shows("SELECT lnkUserToRole", "friendlyname", "ada / Desk")
	s.ran("sign-in completed, sign-in completed, sign-in completed, sync completed")

	// Who leaves the sources is kept out, before a run takes note.
	d.Modify("dn: uid=bob,ou=people," + d.BaseDN + "\nchangetype: modify\nadd: employeeType\nemployeeType: external\n")
	s.staysOut("bob", ldapPassword)
	s.shows("SELECT UserLDAP", "login,status", "ada enabled\nbob enabled")
	s.command("sync")
	s.shows("SELECT UserLDAP", "login,status", "ada enabled\nbob disabled")
	// Who returns is an account again at the next sign-in.
	d.Modify("dn: uid=bob,ou=people," + d.BaseDN + "\nchangetype: modify\ndelete: employeeType\n")
	s.comesIn("bob", ldapPassword)
	s.shows("SELECT UserLDAP", "login,status", "ada enabled\nbob enabled")
}

// TestX38IsOffUnlessAskedFor.
func TestX38IsOffUnlessAskedFor(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada")
	s := enter(t, d, "remember: 0", true)
	d.Modify("dn: uid=ada,ou=people," + d.BaseDN + "\nchangetype: modify\nreplace: telephoneNumber\ntelephoneNumber: 4711\n")
	s.comesIn("ada", ldapPassword)
	s.ran("sync completed")
	s.shows("SELECT Person WHERE email LIKE '%example.org'", "email,phone", "ada@example.org ")
}

// TestK22AndK40 are in test/e2e as far as runs go. Here: an account that was made
// by hand and bound signs in as its entry, wherever that moves, and nobody else
// who is given its login later.
func TestK22ABoundAccountSignsInAsItsEntry(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada")
	s := enter(t, d, "remember: 0", false)
	s.staysOut("ada", ldapPassword) // nobody: nothing is imported
	s.once(`{"operation":"core/create","class":"UserLDAP","comment":"by hand","output_fields":"id","fields":{"login":"ada","profile_list":[{"profileid":{"name":"Administrator"}},{"profileid":{"name":"REST Services User"}}]}}`)
	s.comesIn("ada", ldapPassword)
	account := s.key("SELECT UserLDAP")
	s.command("sync")
	if now := s.key("SELECT UserLDAP"); now != account {
		t.Errorf("got the account %s, want %s bound", now, account)
	}
	s.comesIn("ada", ldapPassword)

	d.Modify(fmt.Sprintf("dn: uid=ada,ou=people,%[1]s\nchangetype: modrdn\nnewrdn: uid=countess\ndeleteoldrdn: 1\nnewsuperior: ou=groups,%[1]s\n", d.BaseDN))
	d.Add(strings.Replace(someone(d, "ada"), ldapPassword, "An0ther-Secret!", 1))
	s.comesIn("ada", ldapPassword) // still the same person
	s.staysOut("ada", "An0ther-Secret!")
}

// TestK39ProvidersAreAskedInTheirOrder has one login in two directories.
func TestK39ProvidersAreAskedInTheirOrder(t *testing.T) {
	t.Parallel()
	first, second := staffed(t, "ada", "bob"), staffed(t)
	second.Add(strings.Replace(someone(second, "ada"), ldapPassword, "S3cond-Secret!", 1) + "\n" + someone(second, "eve"))
	other := fmt.Sprintf("directories:\n  other:\n    url: %s\n    bind: {dn: %q, password: %q}\n    base: %q\n", second.LDAP, second.ReaderDN, second.Password, second.BaseDN)
	source := "sources:\n  others:\n    class: UserLDAP\n    directory: other\n    filter: (objectClass=inetOrgPerson)\n    key: entryUUID\n    attributes:\n" +
		"      login: {from: uid, reconcile: true}\n      profile_list: {value: \"profileid->name:Administrator|profileid->name:REST Services User\"}\n    on: {one: error}\n    gone: {after: 0, set: {status: disabled}}\n"
	for providers, want := range map[string]map[string]bool{
		"[local, main, other]": {"ada " + ldapPassword: true, "ada S3cond-Secret!": false, "bob " + ldapPassword: true, "eve " + ldapPassword: true},
		"[local, other, main]": {"ada " + ldapPassword: false, "ada S3cond-Secret!": true, "bob " + ldapPassword: true, "eve " + ldapPassword: true},
		"[local, other]":       {"ada " + ldapPassword: false, "ada S3cond-Secret!": true, "bob " + ldapPassword: false, "eve " + ldapPassword: true},
	} {
		t.Run(providers, func(t *testing.T) {
			t.Parallel()
			s := enter(t, first, "import: true, providers: "+providers, false, "directories:\n", other, "sources:\n", source)
			for who, in := range want {
				login, pass, _ := strings.Cut(who, " ")
				if got := s.lets(login, pass); got != in {
					t.Errorf("%s: came in: %t, want %t", who, got, in)
				}
			}
		})
	}
}

// TestX39WithoutAuthorizationSynchronizationGoesOn: a directory that is not among
// the providers fills the registry, and nobody signs in through it.
func TestX39WithoutAuthorizationSynchronizationGoesOn(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada")
	s := enter(t, d, "import: true, providers: [local]", true)
	s.shows("SELECT UserLDAP", "login,status", "ada enabled")
	s.staysOut("ada", ldapPassword)
	s.comesIn("admin", password)
	d.Add(someone(d, "bob"))
	s.staysOut("bob", ldapPassword)
	s.command("sync")
	s.shows("SELECT UserLDAP", "login,status", "ada enabled\nbob enabled")
	s.staysOut("bob", ldapPassword)
}

// TestX40AWrongPasswordChangesNothing, and a directory that is down keeps its own
// people out, and nobody else; the log says why.
func TestX40AWrongPasswordChangesNothing(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada", "bob")
	s := enter(t, d, "import: true, refresh: true, remember: 0", true)
	d.Modify("dn: uid=ada,ou=people," + d.BaseDN + "\nchangetype: modify\nreplace: telephoneNumber\ntelephoneNumber: 4711\n")
	s.staysOut("ada", "wrong")
	s.staysOut("ada", "")
	s.ran("sync completed")
	s.shows("SELECT Person WHERE email LIKE '%example.org'", "email,phone", "ada@example.org \nbob@example.org ")

	d.Stop()
	began := time.Now()
	for range 5 {
		s.staysOut("ada", ldapPassword)
		s.staysOut("nobody", ldapPassword)
		s.comesIn("admin", password)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s to say that the directory is down", took)
	}
	if log := s.log.String(); !strings.Contains(log, "the directory main cannot be asked at the moment, so accounts that live there cannot sign in; other accounts can") ||
		strings.Contains(log, ldapPassword) || strings.Contains(log, d.Password) {
		t.Errorf("the log does not say why, or tells a password:\n%s", log)
	}
	d.Start()
	time.Sleep(2100 * time.Millisecond) // for so long nobody asks again
	s.comesIn("ada", ldapPassword)
	s.shows("SELECT Person WHERE email LIKE '%example.org'", "email,phone", "ada@example.org 4711\nbob@example.org ")
}
