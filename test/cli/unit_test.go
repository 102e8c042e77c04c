package cli

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// unit is the unit that is installed, for the program of this test.
func unit(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../packaging/rollcall.service")
	if err != nil {
		t.Fatal(err)
	}
	const installed = "/usr/local/bin/rollcall"
	if !strings.Contains(string(text), "ExecStart="+installed+" ") {
		t.Fatalf("the unit does not start %s", installed)
	}
	path := filepath.Join(t.TempDir(), "rollcall.service")
	if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), installed, filepath.Join(binDir, "rollcall"))), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTheUnitIsSoundAndHardened asks systemd itself.
func TestTheUnitIsSoundAndHardened(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	path := unit(t)
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", path).CombinedOutput()
	if err != nil || strings.Contains(string(out), filepath.Base(path)) {
		t.Errorf("verify: %v\n%s", err, out)
	}
	// The exposure is 0 to 100; 15 is what systemd calls OK, and far below its own services.
	out, err = exec.CommandContext(t.Context(), "systemd-analyze", "security", "--no-pager", "--offline=yes", "--threshold=15", path).CombinedOutput()
	if err != nil {
		t.Errorf("security: %v\n%s", err, out)
	}
}

// TestTheServerTellsSystemd that it is ready, once it listens, and that it stops.
func TestTheServerTellsSystemd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rollcall.yaml"), []byte("serve: {listen: '127.0.0.1:0'}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	short, err := os.MkdirTemp("", "sd") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(short)
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(short, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	serve := exec.Command(filepath.Join(binDir, "rollcall"), "serve")
	serve.Dir, serve.Stderr = dir, os.Stderr
	serve.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket.LocalAddr().String())
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	told := func(want string) {
		t.Helper()
		if err := socket.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 1000)
		n, err := socket.Read(buf)
		if err != nil || string(buf[:n]) != want {
			t.Errorf("got %q, %v, want %s", buf[:n], err, want)
		}
	}
	told("READY=1")
	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	told("STOPPING=1")
	if err := serve.Wait(); err != nil {
		t.Error(err)
	}
}
