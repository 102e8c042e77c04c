package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// served is the program as a server.
type served struct {
	url string
	mu  sync.Mutex
	log strings.Builder // standard error
}

func (s *served) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(p)
}

// said returns what the server logged until now.
func (s *served) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// serve starts the server and waits until it listens; stop ends it, as does the
// end of the test.
func (h *home) serve() (s *served, stop func()) {
	h.t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(h.t.Context()), h.bin, "serve", "--listen", "127.0.0.1:0")
	cmd.Dir, cmd.Env = h.dir, append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + h.dir, "TZ=UTC"}, h.env...)
	s = &served{}
	cmd.Stderr = s
	out, err := cmd.StdoutPipe()
	if err != nil {
		h.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "Listening on ")
	if !ok {
		_ = cmd.Wait()
		h.t.Fatalf("the server does not listen: %q, %v\n%s", line, err, s.said())
	}
	s.url = url
	stop = sync.OnceFunc(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			h.t.Error(err)
		}
		_, _ = io.Copy(io.Discard, lines)
		if err := cmd.Wait(); err != nil {
			h.t.Errorf("the server ended with %v\n%s", err, s.said())
		}
	})
	h.t.Cleanup(stop)
	return s, stop
}

// patience is how long a test waits for what a server does by itself.
const patience = 2 * time.Minute

// until waits until something is so.
func (h *home) until(what string, is func() bool) {
	h.t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			h.t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// jobs lists the jobs of a line of the timetable, newest first.
func (h *home) jobs(line string) []row {
	h.t.Helper()
	return parse[[]row](h.t, h.want(exitDone, "jobs", "list", "--json", "--line", line))
}

// job asks for the job of a line and waits until it is in a state.
func (h *home) job(line, state string) row {
	h.t.Helper()
	asked := parse[[]row](h.t, h.want(exitDone, "jobs", "run", "--json", line))[0]
	return h.jobIs(line, asked["job"], state)
}

// jobIs waits until a job is in a state.
func (h *home) jobIs(line, id, state string) row {
	h.t.Helper()
	var found row
	h.until("job "+id+" of "+line+" is "+state, func() bool {
		for _, j := range h.jobs(line) {
			if j["job"] == id {
				found = j
			}
		}
		return found["state"] == state
	})
	return found
}

// sql asks the database something, or tells it.
func (h *home) sql(statement string) string {
	h.t.Helper()
	out, err := exec.CommandContext(h.t.Context(), "sqlite3", "-cmd", ".timeout 10000", h.path("rollcall.db"), statement).CombinedOutput()
	if err != nil {
		h.t.Fatalf("%s: %v\n%s", statement, err, out)
	}
	return strings.TrimSpace(string(out))
}

// notices lists what people were told, newest first.
func (h *home) notices(args ...string) []map[string]any {
	h.t.Helper()
	a := h.want(exitDone, append([]string{"notices", "--json"}, args...)...)
	var list []map[string]any
	if err := json.Unmarshal([]byte(a.out), &list); err != nil {
		h.t.Fatalf("%v: %s", err, a)
	}
	return list
}

// told renders notices: kind, how often, whether over, and the subject.
func told(list []map[string]any) string {
	var b strings.Builder
	for _, n := range list {
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		b.WriteString(n["kind"].(string))
		if times, _ := n["times"].(float64); times > 1 {
			b.WriteString(" again")
		}
		if n["over"] != nil && n["kind"] != "completed" {
			b.WriteString(" over")
		}
		b.WriteString(": " + n["subject"].(string))
	}
	return b.String()
}
