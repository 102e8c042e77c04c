package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Directory389Server is a running 389 Directory Server with its sample entries:
// ou=people, ou=groups and a few accounts and permissions.
type Directory389Server struct {
	BaseDN   string // dc=example,dc=org
	AdminDN  string // cn=Directory Manager
	Password string
	Addr     string // host:port, plain LDAP

	t    testing.TB
	dir  string
	proc *process
}

// defaults389 is where lib389 finds the folders of all instances.
const defaults389 = "/usr/share/dirsrv/inf/defaults.inf"

// Directory389 starts a 389 Directory Server, all of whose files lie in the
// test's temp folder. It skips or fails the test as Require does.
func Directory389(t testing.TB) *Directory389Server {
	t.Helper()
	Require(t, "389ds")
	dir := tempDir(t, "389ds")
	s := &Directory389Server{
		BaseDN:   "dc=example,dc=org",
		AdminDN:  "cn=Directory Manager",
		Password: "geheim-" + filepath.Base(dir),
		t:        t,
		dir:      dir,
	}
	prefix := s.moveDefaults()
	for attempt := 1; ; attempt++ {
		port := FreePort(t)
		s.Addr = fmt.Sprintf("127.0.0.1:%d", port)
		err := s.create(prefix, port)
		if err == nil {
			err = s.start()
		}
		if err == nil {
			break
		}
		if attempt == 3 || !errors.Is(err, errEnded) {
			t.Fatalf("start 389 Directory Server: %v", err)
		}
	}
	t.Cleanup(s.Stop)
	return s
}

// URL returns the ldap:// URL.
func (s *Directory389Server) URL() string { return "ldap://" + s.Addr }

// Add adds the entries of an LDIF text.
func (s *Directory389Server) Add(ldif string) {
	s.t.Helper()
	mustRun(s.t, strings.NewReader(ldif), "ldapadd", "-x", "-H", s.URL(), "-D", s.AdminDN, "-w", s.Password)
}

// Modify applies the changes of an LDIF text.
func (s *Directory389Server) Modify(ldif string) {
	s.t.Helper()
	mustRun(s.t, strings.NewReader(ldif), "ldapmodify", "-x", "-H", s.URL(), "-D", s.AdminDN, "-w", s.Password)
}

// Stop ends the server in good order. It may be called twice.
func (s *Directory389Server) Stop() { s.proc.stop(stopTimeout) }

// Kill ends the server at once, with SIGKILL.
func (s *Directory389Server) Kill() { s.proc.stop(0) }

// systemPath matches the beginning of a default path that the server writes to.
var systemPath = regexp.MustCompile(`(?m)= (/etc/dirsrv|/etc/default|/etc/tmpfiles\.d|/var|/run|/dev/shm|/tmp)`)

// moveDefaults writes a copy of lib389's defaults in which every folder that is
// written to lies in the test's, systemd plays no part and the account is ours.
// lib389 reads them from below $PREFIX, which it returns.
func (s *Directory389Server) moveDefaults() (prefix string) {
	s.t.Helper()
	text, err := os.ReadFile(defaults389)
	if err != nil {
		s.t.Fatal(err)
	}
	me, err := user.Current()
	if err != nil {
		s.t.Fatal(err)
	}
	moved := systemPath.ReplaceAllString(string(text), "= "+s.dir+"$1")
	for key, value := range map[string]string{"with_systemd": "0", "user": me.Username, "group": me.Username} {
		moved = regexp.MustCompile(`(?m)^`+key+` = .*$`).ReplaceAllString(moved, key+" = "+value)
	}
	prefix = filepath.Join(s.dir, "prefix")
	inf := filepath.Join(prefix, "share", "dirsrv", "inf")
	folders := []string{inf}
	for _, sub := range []string{"etc/default", "etc/tmpfiles.d", "run/lock", "dev/shm", "tmp", "var"} {
		folders = append(folders, filepath.Join(s.dir, sub))
	}
	for _, folder := range folders {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(inf, "defaults.inf"), []byte(moved), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return prefix
}

func (s *Directory389Server) configDir() string {
	return filepath.Join(s.dir, "etc", "dirsrv", "slapd-lab")
}

// create makes the instance; dscreate starts the server for that and stops it.
func (s *Directory389Server) create(prefix string, port int) error {
	if err := os.RemoveAll(s.configDir()); err != nil {
		return err
	}
	answers := filepath.Join(s.dir, "answers.inf")
	text := fmt.Sprintf(`[general]
config_version = 2
full_machine_name = localhost
strict_host_checking = False
start = False
systemd = False
[slapd]
instance_name = lab
port = %d
root_password = %s
self_sign_cert = False
[backend-userroot]
suffix = %s
sample_entries = yes
`, port, s.Password, s.BaseDN)
	if err := os.WriteFile(answers, []byte(text), 0o600); err != nil {
		return err
	}
	if out, err := runEnv(nil, []string{"PREFIX=" + prefix}, "dscreate", "from-file", answers); err != nil {
		return fmt.Errorf("%w: %s", errEnded, out)
	}
	return nil
}

func (s *Directory389Server) start() error {
	var err error
	s.proc, err = startProcess(s.dir, "ns-slapd", "-D", s.configDir(), "-i", filepath.Join(s.dir, "pid"), "-d", "0")
	if err != nil {
		return err
	}
	err = s.proc.await(func(ctx context.Context) error { return dial(ctx, s.Addr) })
	if err != nil {
		s.proc.stop(0)
	}
	return err
}
