package e2e

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/test/lab"
)

const allBinding = "  all: {source: users, groups: {name: all}, role: All}\n"

// TestK4UntrustedCertificatesAreRefused, and TLS before 1.2 is not spoken.
func TestK4UntrustedCertificatesAreRefused(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada") + groupLDIF(s.BaseDN, "all", "ada"))
	h := bindingHome(t, s, allBinding)
	contains(t, h.want(exitDone, "check"), "the connection is encrypted (TLS 1.3)")
	trusted := "\n    tls: {ca: " + s.CA.File + "}"
	h.replace("rollcall.yaml", trusted, "")
	contains(t, h.want(exitFailed, "sync"), "CA that is not trusted here")

	good := s.CA.Server()
	pair, err := tls.LoadX509KeyPair(good.CertFile, good.KeyFile)
	if err != nil {
		t.Fatal(err)
	}
	old, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = old.Close() })
	go func() {
		for {
			conn, err := old.Accept()
			if err != nil {
				return
			}
			if c, ok := conn.(*tls.Conn); ok {
				_ = c.Handshake()
			}
			_ = conn.Close()
		}
	}()
	h.replace("rollcall.yaml", s.LDAPS, "ldaps://"+old.Addr().(*net.TCPAddr).String()+trusted)
	contains(t, h.want(exitFailed, "sync"), "tls: protocol version not supported")
	same(t, "runs that read anything", h.names("UserLDAP"), "")
}

// TestK6ThePasswordIsNeverShownOrLogged, nor kept in any file but the one that an
// administrator writes.
func TestK6ThePasswordIsNeverShownOrLogged(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada") + groupLDIF(s.BaseDN, "all", "ada"))
	h := bindingHome(t, s, allBinding)
	for _, line := range [][]string{{"check"}, {"plan"}, {"sync"}, {"why", "ada"}, {"sync", "--json"}} {
		a := h.want(exitDone, append([]string{"--log-level", "debug"}, line...)...)
		if strings.Contains(a.out+a.err, s.Password) {
			t.Errorf("the password is shown: %s", a)
		}
	}
	err := fs.WalkDir(os.DirFS(h.dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.Contains(h.read(path), s.Password) {
			t.Errorf("the password is in %s", path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestK7AMissingSettingOfUsersIsNamed, and TestK8 one of groups: nothing is sent,
// and the message says what lacks and where.
func TestK7AMissingSettingOfUsersIsNamed(t *testing.T) {
	missing(t, map[string]string{
		"    base: %s\n":                              "neither source users nor directory main has a base",
		"    key: entryUUID\n":                        "source users has no key",
		"      login: {from: uid, reconcile: true}\n": "login",
		"    url: %s\n":                               "directory main has no url",
	}, "LDAPUsersEntry", "LDAPUserFullNameAttribute", "LDAPUserLoginAttribute", "LDAPUserIdentityAttribute", "LDAPEntryModifiedOnAttribute", "LDAPUsersFilter")
}

func TestK8AMissingSettingOfGroupsIsNamed(t *testing.T) {
	missing(t, map[string]string{
		"groups: {name: all}, ": "binding all has no groups",
		", role: All":           "binding all gives nothing",
		"source: users, ":       "binding all has no source",
	}, "LDAPGroupsEntry", "LDAPGroupNameAttribute", "LDAPGroupIdentityAttribute", "LDAPGroupsFilter", "LDAPUsersInGroupFilter")
}

// missing takes parts out of a configuration that works, and settings out of
// Creatio's.
func missing(t *testing.T, parts map[string]string, settings ...string) {
	t.Helper()
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada") + groupLDIF(s.BaseDN, "all", "ada"))
	h := bindingHome(t, s, allBinding)
	whole := h.read("rollcall.yaml")
	h.want(exitDone, "sync")
	before := h.statuses()
	for part, says := range parts {
		h.write("rollcall.yaml", whole)
		part = strings.NewReplacer("base: %s", fmt.Sprintf("base: %q", s.BaseDN), "url: %s", "url: "+s.LDAPS).Replace(part)
		h.replace("rollcall.yaml", part, "")
		contains(t, h.want(exitFailed, "sync"), "rollcall.yaml:", says)
	}
	h.write("rollcall.yaml", whole)
	same(t, "accounts", h.statuses(), before)
	sample, err := os.ReadFile(filepath.Join("testdata", "creatio.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, setting := range settings {
		h.write("creatio.json", strings.Replace(string(sample), `"`+setting+`"`, `"x`+setting+`"`, 1))
		contains(t, h.want(exitFailed, "init", "--from", "creatio.json", "--force"), setting, "is missing")
	}
}

// TestK9TheRootReadsAllAndAnOUItsSubtree, direct and deeper.
func TestK9TheRootReadsAllAndAnOUItsSubtree(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada") + groupLDIF(s.BaseDN, "all", "ada") +
		fmt.Sprintf("dn: ou=deep,ou=people,%[1]s\nobjectClass: organizationalUnit\n\ndn: uid=bob,ou=deep,ou=people,%[1]s\nobjectClass: inetOrgPerson\nuid: bob\ncn: x\nsn: x\n\n"+
			"dn: uid=eve,%[1]s\nobjectClass: inetOrgPerson\nuid: eve\ncn: x\nsn: x\n\n", s.BaseDN))
	for base, want := range map[string]string{s.BaseDN: "ada enabled\nbob enabled\neve enabled", "ou=people," + s.BaseDN: "ada enabled\nbob enabled", "ou=deep,ou=people," + s.BaseDN: "bob enabled"} {
		h := bindingHome(t, s, allBinding)
		h.replace("rollcall.yaml", fmt.Sprintf("    base: %q\n", s.BaseDN), fmt.Sprintf("    base: %q\n", base))
		h.want(exitDone, "sync")
		same(t, "accounts below "+base, h.statuses(), want)
	}
}

// TestK13TheFilterSaysWhoIsActive: an entry outside of it is inactive although it
// is there, and who was never inside has no account.
func TestK13TheFilterSaysWhoIsActive(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob", "eve") + groupLDIF(s.BaseDN, "all", "ada", "bob", "eve"))
	retire := func(uid string) {
		s.Modify("dn: uid=" + uid + ",ou=people," + s.BaseDN + "\nchangetype: modify\nadd: employeeType\nemployeeType: gone\n")
	}
	retire("eve")
	h := bindingHome(t, s, allBinding)
	h.replace("rollcall.yaml", "(objectClass=inetOrgPerson)", "'(&(objectClass=inetOrgPerson)(!(employeeType=gone)))'")
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled\nbob enabled")
	retire("bob")
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada enabled\nbob disabled")
	contains(t, h.want(exitDone, "why", "bob"), "gone since")
}

// TestK35ASecondStartDoesNotRunTwice: it says who is at work, and the first ends
// as if nothing had been.
func TestK35ASecondStartDoesNotRunTwice(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada") + groupLDIF(s.BaseDN, "all", "ada"))
	proxy := lab.Proxy(t, s.Addr)
	h := bindingHome(t, s, allBinding)
	h.replace("rollcall.yaml", s.LDAPS, proxy.URL())
	h.replace("rollcall.yaml", "\n    tls: {ca: "+s.CA.File+"}", "")
	proxy.Set(lab.Fault{Delay: 300 * time.Millisecond})
	first := make(chan answer, 1)
	go func() { first <- h.run("sync") }()
	for proxy.Connections() == 0 {
		time.Sleep(time.Millisecond)
	}
	contains(t, h.want(exitFailed, "sync"), "source users is being run by pid ")
	if a := <-first; a.code != exitDone {
		t.Fatalf("the first run: %s", a)
	}
	same(t, "runs", len(parse[[]run](t, h.want(exitDone, "runs", "--json"))), 1)
	same(t, "accounts", h.statuses(), "ada enabled")
}

// TestK37AllPagesArrive of a server that gives ten entries an answer, and TestX8
// more entries than eXo's limit.
func TestK37AllPagesArrive(t *testing.T) { pages(t) }

func TestX8MoreThanTheLimitArrives(t *testing.T) { pages(t) }

func pages(t *testing.T) {
	t.Helper()
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{SizeLimit: "size.soft=10 size.hard=10 size.pr=10 size.prtotal=unlimited"})
	var logins, want []string
	for i := range 35 {
		logins = append(logins, fmt.Sprintf("u%02d", i))
		want = append(want, logins[i]+" enabled")
	}
	s.Add(staff(s.BaseDN, logins...))
	h := exoHome(t, s, strings.Replace(minimalExo(s, "exo.ldap.search.resultlimit=7"), s.AdminDN, s.ReaderDN, 1))
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), strings.Join(want, "\n"))
}

// TestX7TheTimeLimitEndsASearch: the run fails, nothing is deleted, and the next
// one reads everything.
func TestX7TheTimeLimitEndsASearch(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	photo := base64.StdEncoding.EncodeToString(make([]byte, 100_000))
	var b strings.Builder
	b.WriteString(staff(s.BaseDN))
	for i := range 150 {
		fmt.Fprintf(&b, "dn: uid=u%03d,ou=people,%s\nobjectClass: inetOrgPerson\nuid: u%03d\ncn: x\nsn: x\njpegPhoto:: %s\n\n", i, s.BaseDN, i, photo)
	}
	s.Add(b.String())
	proxy := lab.Proxy(t, s.Addr)
	properties := minimalExo(s, "exo.ldap.search.timelimit=1000", "exo.ldap.users.attributes.custom.names=photo",
		"exo.ldap.users.attributes.photo.mapping=jpegPhoto", "exo.ldap.users.attributes.photo.type=binary")
	h := exoHome(t, s, strings.NewReplacer(s.LDAP, proxy.URL(), s.AdminDN, s.ReaderDN).Replace(properties))
	h.want(exitDone, "sync")
	before := h.statuses()
	proxy.Set(lab.Fault{Delay: 6 * time.Millisecond}) // before each 32 KiB
	contains(t, h.want(exitFailed, "sync"), "the server spent its time limit on it")
	same(t, "accounts", h.statuses(), before)
	proxy.Set(lab.Fault{})
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), before)
}

// TestX17ALocalUserOfTheNameIsAdopted and follows the directory from then on; with
// another policy it is refused, which is TestK21ALocalAccountIsLeftAlone.
func TestX17ALocalUserOfTheNameIsAdopted(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add(staff(s.BaseDN, "ada", "bob"))
	h := exoHome(t, s, minimalExo(s, "exo.idm.externalStore.entries.missing.delete=false"))
	h.byHand("UserLDAP", "login,profile_list", "ada,profileid->name:Portal user")
	before := h.pick("UserLDAP", "login", "ada")["id"]
	h.want(exitDone, "sync")
	same(t, "the account", h.pick("UserLDAP", "login", "ada")["id"], before)
	if key := h.key("ada"); key != entryUUID(t, s, "uid=ada") {
		t.Errorf("the account follows the entry %s", key)
	}
	s.Modify("dn: uid=ada,ou=people," + s.BaseDN + "\nchangetype: delete\n")
	h.want(exitDone, "sync")
	same(t, "accounts", h.statuses(), "ada disabled\nbob enabled")
}
