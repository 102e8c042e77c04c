package lab

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// programs lists what each requirement needs from PATH.
var programs = map[string][]string{
	"slapd":    {"slapd", "slapadd", "ldapadd", "ldapmodify", "ldapsearch"},
	"samba":    {"samba", "samba-tool", "ldbadd", "ldbmodify", "ip"},
	"389ds":    {"ns-slapd", "dscreate", "dsctl"},
	"postgres": {"psql"},
	"mariadb":  {"mariadbd", "mariadb-install-db"},
}

// RequireVariable names the environment variable that turns skips into
// failures: a list, separated by commas, of what must be there.
const RequireVariable = "TEST_REQUIRE"

// Require skips the test when what it needs is not installed on this machine,
// and fails it instead when TEST_REQUIRE lists the name. Known names are slapd,
// samba, 389ds, postgres and mariadb; any other name is that of a program.
func Require(t testing.TB, name string) {
	t.Helper()
	needed, known := programs[name]
	if !known {
		needed = []string{name}
	}
	for _, program := range needed {
		if _, err := lookPath(program); err != nil {
			missing(t, name, "program "+program+" is not installed: run make setup")
		}
	}
	if name == "samba" && os.Geteuid() != 0 {
		missing(t, name, "a domain controller needs root, for a network namespace and for the owners of its files")
	}
}

// RequireFile skips the test when a file that it needs is not there, and fails
// it instead when TEST_REQUIRE lists the name.
func RequireFile(t testing.TB, name, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		missing(t, name, path+" is not there")
	}
}

// missing skips the test, or fails it when TEST_REQUIRE lists the requirement.
func missing(t testing.TB, name, why string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv(RequireVariable), ","), name) {
		t.Fatalf("%s is required (%s) and cannot be used: %s", name, RequireVariable, why)
	}
	t.Skipf("%s cannot be used: %s", name, why)
}

// lookPath finds a program on PATH or in the system folders, which are not on
// an ordinary user's PATH.
func lookPath(program string) (string, error) {
	path, err := exec.LookPath(program)
	if err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin/", "/sbin/", "/usr/local/sbin/"} {
		if found, err := exec.LookPath(dir + program); err == nil {
			return found, nil
		}
	}
	return "", err
}
