// Package cli tests the command line of the built program: scripts that say what
// is typed and what comes back, most of them against the sample company's
// directory, which each script starts for itself.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"rollcall/internal/demo"
)

var update = flag.Bool("update", false, "rewrite the expected output in the scripts")

// binDir holds the built program; it goes with the test run.
var binDir string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		var err error
		if binDir, err = os.MkdirTemp("", "rollcall-cli-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(binDir)
		out, err := exec.Command("go", "build", "-o", filepath.Join(binDir, "rollcall"), "rollcall/cmd/rollcall").CombinedOutput()
		if err != nil {
			fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code, "day": day, "leave": leave, "set": set, "cut": cut, "mute": mute, "until": until, "eventually": eventually, "sqlite": sqlite, "web": web,
		},
	})
}

// world is what a script works in: the sample company and its server.
type world struct {
	company *demo.Directory
}

// setup serves the sample company to a script, which knows it as $URL, and as
// whom to sign in as $BIND.
func setup(env *testscript.Env) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w := &world{company: demo.NewCompany()}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- w.company.Serve(ctx, l) }()
	env.Defer(func() {
		stop()
		if err := <-done; err != nil {
			env.T().Log("serve: ", err)
		}
	})
	env.Values[worldKey{}] = w
	env.Setenv("URL", "ldap://"+l.Addr().String())
	env.Setenv("BIND", demo.BindDN)
	env.Setenv("BASE", demo.BaseDN)
	env.Setenv("ROLLCALL_PASSWORD", demo.BindPassword)
	env.Setenv("ROLLCALL_LDAP_PASSWORD", demo.BindPassword)
	env.Setenv("TZ", "UTC")
	env.Setenv("PATH", binDir+string(os.PathListSeparator)+os.Getenv("PATH"))
	return nil
}

type worldKey struct{}

func of(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

// code runs a command and demands its exit code: code 3 rollcall sync.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command argument…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("run %s: %v", args[1], err)
	}
	if got != want {
		ts.Fatalf("%s ended with code %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// day lets the scripted day pass in the directory.
func day(ts *testscript.TestScript, _ bool, _ []string) {
	_, err := demo.Day(of(ts).company)
	ts.Check(err)
}

// leave deletes people's entries: leave uid=jdahl,ou=København.
func leave(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		ts.Check(of(ts).company.Delete(name + "," + demo.PeopleDN))
	}
}

// set gives a person's attribute values: set uid=jdahl,ou=København title Boss.
func set(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: set entry attribute value…")
	}
	ts.Check(of(ts).company.Set(args[0]+","+demo.PeopleDN, args[1], args[2:]...))
}

// cut makes the server cut connections after so many entries, 0 for no more.
func cut(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	of(ts).company.CutAfter(n)
}

// mute sets a variable to the URL of a server that accepts connections and never
// says anything: mute SILENT.
func mute(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	ts.Setenv(args[0], "ldap://"+l.Addr().String())
}

// patience bounds what a script waits for; nothing takes a tenth of it.
const patience = time.Minute

// until waits for a file: until rollcall.db.lock-persons.
func until(ts *testscript.TestScript, _ bool, args []string) {
	for end := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		found, err := filepath.Glob(ts.MkAbs(args[0]))
		ts.Check(err)
		if len(found) > 0 {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("there is no %s after %s", args[0], patience)
		}
	}
}

// eventually runs a command until its output holds a text:
// eventually '"state": "held"' rollcall runs --json.
func eventually(ts *testscript.TestScript, _ bool, args []string) {
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		if err == nil && strings.Contains(ts.ReadFile("stdout"), args[0]) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s did not say %q within %s", strings.Join(args[1:], " "), args[0], patience)
		}
	}
}
