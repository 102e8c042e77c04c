package cli

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const timetabled = `timetable:
  every second: {sync: companies, cron: "* * * ? * *", retries: 0}
  held: {sync: staff, retries: 3}
sources:
  companies:
    class: Organization
    inline:
      main: {name: Example}
    attributes: {name: {from: name, reconcile: true}}
    gone: {then: ignore}
  staff:
    class: Organization
    inline:
      a: {name: A}
      b: {name: B}
    attributes: {name: {from: name, reconcile: true}}
    limits: {new: 1}
`

// TestTheServerKeepsTheTimetable serves a configuration and looks at the jobs
// that it does by itself, and at one that is asked for.
func TestTheServerKeepsTheTimetable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rollcall.yaml"), []byte(timetabled), 0o600); err != nil {
		t.Fatal(err)
	}
	serve := exec.Command(filepath.Join(binDir, "rollcall"), "serve", "--listen", "127.0.0.1:0")
	serve.Dir, serve.Stderr = dir, os.Stderr
	out, err := serve.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, "Listening on") {
		t.Fatalf("got %q, %v, want a server that listens", line, err)
	}
	rollcall := func(args ...string) string {
		t.Helper()
		cmd := exec.Command(filepath.Join(binDir, "rollcall"), args...)
		cmd.Dir, cmd.Stderr = dir, os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("rollcall %s: %v", strings.Join(args, " "), err)
		}
		return string(out)
	}
	until := func(state string, args ...string) map[string]string {
		t.Helper()
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			var list []map[string]string
			if err := json.Unmarshal([]byte(rollcall(append([]string{"jobs", "list", "--json"}, args...)...)), &list); err != nil {
				t.Fatal(err)
			}
			for _, j := range list {
				if j["state"] == state {
					return j
				}
			}
		}
		t.Fatalf("no job of %v was %s within a minute", args, state)
		return nil
	}
	if j := until("done", "--line", "every second"); j["by"] != "timetable" {
		t.Errorf("got %v, want a job by the timetable", j)
	}
	rollcall("jobs", "run", "held")
	j := until("stopped", "--line", "held") // trying again would be held again
	if !strings.Contains(j["error"], "new") || j["try"] != "1/4" {
		t.Errorf("got %v, want it stopped at the first try, with the limit", j)
	}
	var runs []map[string]any
	if err := json.Unmarshal([]byte(rollcall("runs", "--json")), &runs); err != nil {
		t.Fatal(err)
	}
	states := map[string]bool{}
	for _, r := range runs {
		state, _ := r["state"].(string)
		states[state] = true
	}
	if !states["completed"] || !states["held"] {
		t.Errorf("got runs %v, want one that went through and one that is held", states)
	}

	if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(lines)
	if err := serve.Wait(); err != nil {
		t.Errorf("the server ended with %v\n%s", err, rest)
	}
}
