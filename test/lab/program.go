package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// program is the built program of a test run.
var program struct {
	once sync.Once
	dir  string
	err  error
}

// Program returns the path of the program, built once per test run, as a user
// would build it. The package's TestMain calls Main, which removes it.
func Program(t testing.TB) string {
	t.Helper()
	program.once.Do(func() {
		if program.dir, program.err = os.MkdirTemp("", "rollcall-built-"); program.err != nil {
			return
		}
		out, err := exec.Command("go", "build", "-o", filepath.Join(program.dir, "rollcall"), "rollcall/cmd/rollcall").CombinedOutput()
		if err != nil {
			program.err = fmt.Errorf("build the program: %w\n%s", err, out)
		}
	})
	if program.err != nil {
		t.Fatal(program.err)
	}
	return filepath.Join(program.dir, "rollcall")
}

// Main runs the tests of a package that may build the program, and returns their
// exit code.
func Main(m *testing.M) (code int) {
	defer func() {
		if program.dir == "" {
			return
		}
		if err := os.RemoveAll(program.dir); err != nil && !errors.Is(err, os.ErrNotExist) {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}()
	return m.Run()
}
