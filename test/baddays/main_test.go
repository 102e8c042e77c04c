// Package baddays runs the built program through everything that can go wrong
// around it: servers that lie, stop or lock up, certificates, passwords, odd
// values, full disks, signals. After each bad day the exit code says so, one
// sentence on standard error says what, where and what to do, and the registry
// is what it was. docs/bad-days.md tells the same to administrators.
package baddays

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// program is the built binary.
var program string

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "baddays-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program = filepath.Join(dir, "rollcall")
	build := exec.Command("go", "build", "-o", program, "rollcall/cmd/rollcall")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the program: %w\n%s", err, out)
	}
	code = m.Run()
	if all := flag.Lookup("test.run").Value.String() == "" && flag.Lookup("test.skip").Value.String() == ""; all && code == 0 {
		return code, checkDocument()
	}
	return code, nil
}
