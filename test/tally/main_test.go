package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTallyOfRealTestRuns(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		source    string
		want      string
		ok        bool // without -no-skips
		okNoSkips bool
	}{
		"passes": {`func TestA(t *testing.T) { t.Run("sub", func(t *testing.T) {}) }`,
			"2 passed, 0 failed, 0 skipped in 1 packages, 0 of them broken\n", true, true},
		"fails": {`func TestA(t *testing.T) { t.Error("the reason") }; func TestB(t *testing.T) {}`,
			"1 passed, 1 failed, 0 skipped in 1 packages, 1 of them broken\n", false, false},
		"skips": {`func TestA(t *testing.T) { t.Skip("the reason") }; func TestB(t *testing.T) {}`,
			"1 passed, 0 failed, 1 skipped in 1 packages, 0 of them broken\n", true, false},
		"panics": {`func TestA(t *testing.T) { panic("the reason") }; func TestB(t *testing.T) {}`,
			"1 of them broken\n", false, false},
		"does not build": {`func TestA(t *testing.T) { the reason }`,
			"0 passed, 0 failed, 0 skipped in 1 packages, 1 of them broken\n", false, false},
		"has no tests": {``, "0 passed, 0 failed, 0 skipped in 1 packages, 0 of them broken\n", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for file, text := range map[string]string{
				"go.mod":    "module sample\n\ngo 1.26\n",
				"a_test.go": "package sample\n\nimport \"testing\"\n\nvar _ testing.TB\n\n" + test.source + "\n",
			} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command("go", "test", "-json", "./...")
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off")
			events, _ := cmd.Output() // a failing run is what some cases are about
			for noSkips, want := range map[bool]bool{false: test.ok, true: test.okNoSkips} {
				var out bytes.Buffer
				tally := newTally(&out)
				if err := tally.read(bytes.NewReader(events)); err != nil {
					t.Fatal(err)
				}
				if got := tally.finish(noSkips); got != want {
					t.Errorf("no skips %v: got %v, want %v\n%s", noSkips, got, want, &out)
				}
				if !strings.HasSuffix(out.String(), test.want) {
					t.Errorf("got %q, want it to end in %q", &out, test.want)
				}
				if strings.Contains(test.source, "reason") && !strings.Contains(out.String(), "reason") {
					t.Errorf("got %q, want the reason in it", &out)
				}
			}
		})
	}
}

func TestTallyOfNothingIsAFailure(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	tally := newTally(&out)
	if err := tally.read(strings.NewReader("go: no such tool\n")); err != nil {
		t.Fatal(err)
	}
	if tally.finish(false) {
		t.Error("got success")
	}
	if !strings.HasPrefix(out.String(), "go: no such tool\n") {
		t.Errorf("got %q, want the toolchain's message first", &out)
	}
}
