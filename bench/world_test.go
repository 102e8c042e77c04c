package bench

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// tools are the programs of this repository that a benchmark runs.
type tools struct{ rollcall, gen, closure string }

func build(b *testing.B) tools {
	dir := b.TempDir()
	for _, what := range []string{"./cmd/rollcall", "./bench/gen", "./bench/closure"} {
		cmd := exec.Command("go", "build", "-trimpath", "-o", dir+"/", what)
		cmd.Dir = ".."
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-buildvcs=false")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("build %s: %v\n%s", what, err, out)
		}
	}
	return tools{rollcall: dir + "/rollcall", gen: dir + "/gen", closure: dir + "/closure"}
}

// world is a directory with the configuration that reads it.
type world struct {
	tools
	slapd   *lab.SlapdServer
	size    int
	dir     string
	stores  int
	persons []string // ldapsearch, as the source of persons searches
	groups  []string // ldapsearch, as the groups are searched
}

const (
	personFilter = "(objectClass=inetOrgPerson)"
	groupFilter  = "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=groupOfMembers)" +
		"(objectClass=groupOfEntries)(objectClass=posixGroup)(objectClass=ipaUserGroup)(objectClass=group))"
	profiles = "Portal user,Configuration Manager,Support Agent,Change Implementor,Service Manager,Document author"
)

// newWorld fills a directory.
func newWorld(b *testing.B, tools tools, n int) *world {
	w := &world{tools: tools, size: n, dir: b.TempDir()}
	data, done := w.generate(b, "-groups", strconv.Itoa(groups), "-depth", strconv.Itoa(depth), "-profiles", profiles)
	w.slapd = lab.Slapd(b, lab.SlapdConfig{Data: data})
	done()
	search := func(ou, filter, attributes string) []string {
		args := []string{"ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", w.slapd.LDAP, "-D", w.slapd.ReaderDN, "-w", w.slapd.Password,
			"-b", ou + "," + w.slapd.BaseDN, "-E", "pr=1000/noprompt", filter}
		return append(args, strings.Fields(attributes)...)
	}
	w.persons = search("ou=people", personFilter, "entryUUID uid cn sn givenName mail telephoneNumber mobile title employeeNumber l")
	w.groups = search("ou=groups", groupFilter, "member uniqueMember memberUid gidNumber")
	model := filepath.Join(w.dir, "model")
	if err := os.Mkdir(model, 0o700); err != nil {
		b.Fatal(err)
	}
	// So that every attribute that is read is also written.
	write(b, filepath.Join(model, "person.yaml"), "extend:\n  Person:\n    attributes:\n      account: {type: string}\n      display_name: {type: string}\n")
	return w
}

// generate starts the generator and returns what it writes; done waits for it.
func (w *world) generate(b *testing.B, args ...string) (output *os.File, done func()) {
	read, out, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(w.gen, append([]string{"-persons", strconv.Itoa(w.size)}, args...)...)
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	_ = out.Close()
	return read, func() {
		_ = read.Close()
		if err := cmd.Wait(); err != nil {
			b.Fatalf("generate: %v", err)
		}
	}
}

// change gives one person in a hundred a new title.
func (w *world) change(b *testing.B, round int) {
	changes, done := w.generate(b, "-changes", strconv.Itoa(max(1, w.size/changedShare)), "-round", strconv.Itoa(round))
	cmd := exec.Command("ldapmodify", "-x", "-H", w.slapd.LDAP, "-D", w.slapd.AdminDN, "-w", w.slapd.Password)
	cmd.Stdin = changes
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("change the directory: %v\n%s", err, out[max(0, len(out)-1000):])
	}
	done()
}

// sqlite returns the path of a database that does not exist yet.
func (w *world) sqlite(b *testing.B) string {
	w.stores++
	dir := filepath.Join(w.dir, strconv.Itoa(w.stores))
	if err := os.Mkdir(dir, 0o700); err != nil {
		b.Fatal(err)
	}
	return filepath.Join(dir, "rollcall.db")
}

// prepare makes a database, with the organization and the places that persons
// refer to.
func (w *world) prepare(b *testing.B, store string) { w.sync(b, store, "organizations", "places") }

// sync runs rollcall sync.
func (w *world) sync(b *testing.B, store string, sources ...string) usage {
	file := filepath.Join(w.dir, "rollcall.yaml")
	write(b, file, fmt.Sprintf(configuration, store, w.slapd.LDAP, w.slapd.ReaderDN, w.slapd.Password, w.slapd.BaseDN))
	return measure(b, append([]string{w.rollcall, "-c", file, "sync"}, sources...), nil)
}

// closure reads the groups and finds those of every person.
func (w *world) closure(b *testing.B) usage {
	return measure(b, []string{w.tools.closure, "-url", w.slapd.LDAP, "-user", w.slapd.ReaderDN, "-base", "ou=groups," + w.slapd.BaseDN,
		"-person", "uid=u%07d,ou=people," + w.slapd.BaseDN, "-persons", strconv.Itoa(w.size)}, []string{"LDAP_PASSWORD=" + w.slapd.Password})
}

// after measures something right after ldapsearch.
func (w *world) after(b *testing.B, search []string, what func() usage) pair {
	u := measure(b, search, nil)
	return pair{reading: u, ours: what()}
}

func write(b *testing.B, file, text string) {
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
}

const configuration = `store: %s
directories:
  corp:
    url: %s
    bind: {dn: "%s", password: "%s"}
    base: "%s"
sources:
  organizations:
    class: Organization
    inline: {main: {name: Example}}
    attributes: {name: {from: name, reconcile: true}}
  places:
    class: Location
    inline:
      1: {name: Berlin}
      2: {name: Dublin}
      3: {name: København}
      4: {name: Kraków}
      5: {name: Lisboa}
      6: {name: Paris}
      7: {name: Praha}
      8: {name: Zürich}
    attributes:
      name: {from: name, reconcile: true}
      org_id: {value: Example, by: name}
  persons:
    class: Person
    directory: corp
    filter: (objectClass=inetOrgPerson)
    key: entryUUID
    attributes:
      name: {from: sn, reconcile: true}
      first_name: {from: givenName, reconcile: true}
      email: {from: mail, reconcile: true}
      phone: {from: telephoneNumber}
      mobile_phone: {from: mobile}
      function: {from: title}
      employee_number: {from: employeeNumber}
      location_id: {from: l, by: name}
      account: {from: uid}
      display_name: {from: cn}
      org_id: {value: Example, by: name}
    on: {none: create, one: update, many: error}
    update: {default: locked, phone: unlocked}
    gone: {after: 7d, then: update, set: {status: inactive}}
    limits: {gone: 5%%, changed: 50%%}
  users:
    class: UserLDAP
    directory: corp
    filter: (objectClass=inetOrgPerson)
    key: entryUUID
    attributes:
      login: {from: uid, reconcile: true}
      contactid: {from: dn, by: dn, source: persons}
      language: {value: EN US}
    profiles: {pattern: '(?i)^cn=itop-([^,]+),', default: Portal user}
    gone: {after: 0d, then: update, set: {status: disabled}}
    limits: {gone: 5%%, changed: 50%%}
`
