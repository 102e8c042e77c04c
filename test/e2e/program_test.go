package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/test/lab"
)

// commandTimeout is how long any command may take.
const commandTimeout = 2 * time.Minute

func TestMain(m *testing.M) { os.Exit(lab.Main(m)) }

// home is a folder in which the program is used: its configuration and its
// database lie there.
type home struct {
	t   testing.TB
	dir string
	bin string
	env []string
}

func newHome(t testing.TB, env ...string) *home {
	t.Helper()
	bin := lab.Program(t)
	return &home{t: t, dir: t.TempDir(), bin: bin, env: env}
}

// mainDirectory begins a configuration: a registry beside it, and a directory
// called main. The variable LDAP_PASSWORD has the password of user.
func mainDirectory(url, base, user, ca string) string {
	return fmt.Sprintf(`store: rollcall.db
directories:
  main:
    url: %s
    base: %q
    bind: {dn: %q, password: "${env:LDAP_PASSWORD}"}
    tls: {ca: %s}
`, url, base, user, ca)
}

func (h *home) path(name string) string { return filepath.Join(h.dir, name) }

func (h *home) write(name, text string) {
	h.t.Helper()
	if err := os.WriteFile(h.path(name), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func (h *home) read(name string) string {
	h.t.Helper()
	text, err := os.ReadFile(h.path(name))
	if err != nil {
		h.t.Fatal(err)
	}
	return string(text)
}

// replace edits a file; old must be there.
func (h *home) replace(name, old, replacement string) {
	h.t.Helper()
	text := h.read(name)
	if !strings.Contains(text, old) {
		h.t.Fatalf("%s does not contain %q:\n%s", name, old, text)
	}
	h.write(name, strings.ReplaceAll(text, old, replacement))
}

// answer is what a command came to.
type answer struct {
	line     string
	code     int
	out, err string
}

func (a answer) String() string {
	return fmt.Sprintf("%s\nexit code %d\n-- standard output\n%s-- standard error\n%s", a.line, a.code, a.out, a.err)
}

// run runs the program.
func (h *home) run(args ...string) answer {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, h.bin, args...)
	cmd.Dir = h.dir
	// Only what the test gives: not what this machine happens to have set.
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + h.dir, "TZ=UTC"}, h.env...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		h.t.Fatalf("run rollcall %s: %v", strings.Join(args, " "), err)
	}
	return answer{line: "rollcall " + strings.Join(args, " "), code: cmd.ProcessState.ExitCode(), out: out.String(), err: errs.String()}
}

// want runs the program and fails the test when it does not end with code.
func (h *home) want(code int, args ...string) answer {
	h.t.Helper()
	a := h.run(args...)
	if a.code != code {
		h.t.Fatalf("want exit code %d: %s", code, a)
	}
	return a
}

// parse reads the JSON that a command printed.
func parse[T any](t testing.TB, a answer) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(a.out), &v); err != nil {
		t.Fatalf("read the JSON: %v: %s", err, a)
	}
	return v
}
