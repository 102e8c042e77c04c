package lab

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const (
	sambaHost     = "dc1"
	sambaPassword = "Passw0rd.lab" // of a domain that no other machine can reach
)

// copyDomain puts a freshly provisioned domain into dir. Provisioning takes
// eight seconds and 33 MB, so it is done once per version and realm and kept in
// the user's cache folder; every test process on the machine copies from there.
func copyDomain(t testing.TB, realm, domain, dir string) {
	t.Helper()
	version := strings.TrimSpace(mustRun(t, nil, "samba", "--version"))
	cache := filepath.Join(cacheDir(t), strings.ReplaceAll(strings.Join([]string{version, realm, domain}, "-"), " ", "-"))
	unlock := lock(t, cache+".lock")
	if _, err := os.Stat(cache); err != nil {
		provision(t, realm, domain, cache)
	}
	unlock()
	mustRun(t, nil, "cp", "-a", "--reflink=auto", cache, dir)
}

// provision makes a domain in dir; dir appears only when it is complete.
func provision(t testing.TB, realm, domain, dir string) {
	t.Helper()
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "provision-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(fresh)
	mustRun(t, nil, "samba-tool", "domain", "provision",
		"--use-rfc2307", "--dns-backend=NONE", "--server-role=dc", "--targetdir="+fresh,
		"--realm="+realm, "--domain="+domain, "--host-name="+sambaHost, "--adminpass="+sambaPassword,
		"--host-ip=127.0.0.1", "--option=bind interfaces only=yes", "--option=interfaces=lo",
		"--option=log file="+filepath.Join(fresh, "log"))
	if err := os.Rename(fresh, dir); err != nil {
		t.Fatal(err)
	}
}

// cacheDir returns the folder for what is worth keeping between test runs.
func cacheDir(t testing.TB) string {
	t.Helper()
	base, err := os.UserCacheDir()
	if err != nil {
		base = os.TempDir() // no HOME, as in some CI containers
	}
	dir := filepath.Join(base, "rollcall-lab")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// lock waits for a lock on a file that other processes may hold.
func lock(t testing.TB, path string) (unlock func()) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatalf("lock %s: %v", path, err)
	}
	return func() { _ = f.Close() }
}
