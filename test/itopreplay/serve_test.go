package itopreplay_test

import (
	"bufio"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"rollcall/test/lab"
)

// served is the program's own web services over an empty registry with one
// organization, Demo.
func served(t *testing.T) (url, dir string) {
	t.Helper()
	dir = prepared(t)
	url, _ = listen(t, dir, "127.0.0.1:0")
	return url, dir
}

// prepared is the folder of such a registry, with the account sync.
func prepared(t *testing.T) (dir string) {
	t.Helper()
	binary := lab.Program(t)
	dir = t.TempDir()
	writeFile(t, filepath.Join(dir, "rollcall.yaml"), `store: rollcall.db
sources:
  organizations:
    class: Organization
    inline: {demo: {name: Demo}}
    key: id
    attributes: {name: {from: name, reconcile: true}}
    gone: {then: ignore}
`)
	do := func(in string, args ...string) {
		cmd := exec.CommandContext(t.Context(), binary, args...)
		cmd.Dir, cmd.Stdin = dir, strings.NewReader(in)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("rollcall %q: %v\n%s", args, err, out)
		}
	}
	do("", "sync")
	do("Lovelace.1815\n", "user", "add", "sync", "--profile", "Administrator", "--profile", "REST Services User")
	return dir
}

// listen serves a registry until stop is called, at the latest at the end of the
// outermost test.
func listen(t *testing.T, dir, address string) (url string, stop func()) {
	t.Helper()
	cmd := exec.Command(lab.Program(t), "serve", "--listen", address)
	cmd.Dir = dir
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() { _ = cmd.Process.Signal(syscall.SIGTERM); _ = cmd.Wait() })
	t.Cleanup(stop)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "Listening on "); ok {
			return strings.TrimRight(url, "/"), stop
		}
	}
	t.Fatal("rollcall serve does not say where it listens")
	return "", nil
}

// exported counts the objects of a class.
func exported(t *testing.T, dir, class string) int {
	t.Helper()
	binary := lab.Program(t)
	cmd := exec.CommandContext(t.Context(), binary, "export", class, "--format", "csv")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(out), "\n") - 1
}

// loads runs a folder that holds conf/params.local.xml alone against the web
// services, twice, and wants so many persons and users.
func loads(t *testing.T, params string, persons, users int) {
	t.Helper()
	url, dir := served(t)
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "conf", "params.local.xml"), `<?xml version="1.0" encoding="UTF-8"?>
<parameters><itop_url>`+url+`</itop_url><itop_login>sync</itop_login><itop_password>Lovelace.1815</itop_password>`+params+`</parameters>`)
	if code, log := run(t, folder, "--check"); code != 0 || !strings.Contains(log, "Check: all is well") {
		t.Fatalf("--check: exit code %d:\n%s", code, log)
	}
	for _, want := range []string{"Let's create it", "is up to date"} {
		code, log := run(t, folder)
		if code != 0 || strings.Count(log, want) != 2 || strings.Count(log, "succeeded.") != 2 {
			t.Fatalf("exit code %d:\n%s", code, log)
		}
	}
	if p, u := exported(t, dir, "Person"), exported(t, dir, "UserLDAP"); p != persons || u != users {
		t.Errorf("%d persons and %d users, want %d and %d", p, u, persons, users)
	}
}

func TestOpenLDAPIntoOurWebServices(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	var b strings.Builder
	b.WriteString("dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n\n")
	for i := range 12 {
		fmt.Fprintf(&b, "dn: uid=p%[1]d,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: p%[1]d\ncn: P %[1]d\nsn: Sur%[1]d\ngivenName: Given\nmail: p%[1]d@example.org\n\n", i)
	}
	s.Add(b.String())
	loads(t, "<ldapuri>"+s.LDAP+"</ldapuri><ldapdn>"+s.BaseDN+"</ldapdn><ldaplogin>"+s.AdminDN+"</ldaplogin><ldappassword>"+s.Password+"</ldappassword>"+
		"<person_fields><primary_key>uid</primary_key></person_fields><user_fields><primary_key>uid</primary_key><login>uid</login></user_fields>", 12, 12)
}

func TestActiveDirectoryIntoOurWebServices(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 3 {
		fmt.Fprintf(&b, "dn: CN=ada%[1]d,CN=Users,DC=corp,DC=example,DC=com\nobjectClass: user\nsAMAccountName: ada%[1]d\nsn: Sur%[1]d\ngivenName: Ada\nmail: ada%[1]d@example.org\nuserAccountControl: 514\n\n", i)
	}
	s := lab.Samba(t, lab.SambaConfig{Data: b.String()})
	loads(t, "<ldapuri>"+s.LDAPS()+"</ldapuri><ldap_tls_ca>"+s.CA.File+"</ldap_tls_ca><ldapdn>"+s.BaseDN+"</ldapdn><ldaplogin>"+s.AdminUPN+"</ldaplogin><ldappassword>"+s.Password+"</ldappassword>"+
		"<ldappersonfilter>(&amp;(objectCategory=person)(objectClass=user)(sn=*))</ldappersonfilter><ldapuserfilter>(&amp;(objectCategory=person)(objectClass=user)(mail=*))</ldapuserfilter>"+
		"<prefix>corp_</prefix>", 3, 3)
}
