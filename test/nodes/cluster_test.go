package nodes

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"

	"rollcall/test/lab/postgres"
)

// binDir holds the built program; it goes with the test run.
var binDir string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if binDir, err = os.MkdirTemp("", "nodes-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(binDir)
		return m.Run()
	}())
}

var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binDir, "rollcall")
	out, err := exec.Command("go", "build", "-o", path, "rollcall/cmd/rollcall").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
})

// site is a registry with its sources, and the servers that work for it.
type site struct {
	*staff
	bin    string
	server *postgres.Server
	dsn    string
	db     *sql.DB // the registry's, to look
	nodes  []*node
	runs   int // of nodes, for the names of their logs
}

// node is one server process.
type node struct {
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
}

// newSite loads the sources once and does not start a node.
func newSite(t testing.TB, seed uint64) *site {
	t.Helper()
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{bin: bin, server: postgres.Start(t), staff: newStaff(t, t.TempDir(), seed)}
	s.dsn = s.server.Database(t)
	s.configure("rollcall.yaml", s.dsn)
	if s.db, err = sql.Open("pgx", s.dsn); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.db.Close() })
	s.rollcall("rollcall.yaml", "sync")
	return s
}

func (s *site) configure(file, store string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, file), []byte(configuration(store)), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// rollcall runs a command that must end well, and returns what it printed.
func (s *site) rollcall(file string, args ...string) []byte {
	s.t.Helper()
	cmd := exec.Command(s.bin, append([]string{"-c", file}, args...)...)
	cmd.Dir = s.dir
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("rollcall %s: %v\n%s%s", strings.Join(args, " "), err, out, complaints.Bytes())
	}
	return out
}

// start starts a node and does not wait for it.
func (s *site) start() *node {
	s.t.Helper()
	s.runs++
	n := &node{log: filepath.Join(s.dir, fmt.Sprintf("node%03d.log", s.runs)), ended: make(chan struct{})}
	log, err := os.Create(n.log)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	n.cmd = exec.Command(s.bin, "--log-level", "info", "serve", "--listen", "127.0.0.1:0")
	n.cmd.Dir, n.cmd.Stdout, n.cmd.Stderr = s.dir, log, log
	if err := n.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		_ = n.cmd.Wait() // its state says how
		close(n.ended)
	}()
	s.t.Cleanup(n.kill)
	return n
}

// serve starts a number of nodes.
func (s *site) serve(count int) {
	for range count {
		s.nodes = append(s.nodes, s.start())
	}
}

// kill ends a node as a power cut does.
func (n *node) kill() {
	_ = n.cmd.Process.Kill() // it may be gone
	<-n.ended
}

// stop ends a node as an operator does.
func (s *site) stop(n *node) {
	s.t.Helper()
	_ = n.cmd.Process.Signal(syscall.SIGTERM) // the state tells when it was gone
	select {
	case <-n.ended:
	case <-time.After(20 * time.Second):
		s.t.Fatalf("a node does not stop:\n%s", n.tail())
	}
	if code := n.cmd.ProcessState.ExitCode(); code != 0 {
		s.t.Errorf("a node that was stopped ended with %d:\n%s", code, n.tail())
	}
}

func (n *node) isRunning() bool {
	select {
	case <-n.ended:
		return false
	default:
		return true
	}
}

// stopAll stops the nodes; each must still have been there.
func (s *site) stopAll() {
	s.t.Helper()
	for _, n := range s.nodes {
		if !n.isRunning() {
			s.t.Errorf("a node ended by itself:\n%s", n.tail())
		}
		s.stop(n)
	}
	s.nodes = nil
}

func (n *node) tail() string {
	text, err := os.ReadFile(n.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-4000):])
}

// leader returns the node that keeps the timetable, nil when that is none of
// those which run.
func (s *site) leader() *node {
	var id string
	err := s.db.QueryRow("SELECT leader_id FROM river_leader WHERE expires_at > now()").Scan(&id)
	if err != nil {
		return nil // there is none, or no table yet
	}
	for _, n := range s.nodes {
		if strings.Contains(id, n.mark()) {
			return n
		}
	}
	return nil
}

// mark is a part of the name that a node gives itself.
func (n *node) mark() string { return "-" + strconv.Itoa(n.cmd.Process.Pid) + "-" }

// isWorking reports whether a node has a job in hand.
func (s *site) isWorking(n *node) bool {
	var is bool
	err := s.db.QueryRow(`SELECT EXISTS (SELECT FROM river_job WHERE state = 'running' AND attempted_by[array_upper(attempted_by, 1)] LIKE '%' || $1 || '%')`, n.mark()).Scan(&is)
	return err == nil && is // no table yet: no job
}

// until waits for something.
func (s *site) until(what string, timeout time.Duration, holds func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(timeout); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			for _, n := range s.nodes {
				s.t.Logf("%s:\n%s", filepath.Base(n.log), n.tail())
			}
			s.t.Fatalf("after %s: not %s", timeout, what)
		}
	}
}

// allDone reports whether every line of the timetable had its turn since.
func (s *site) allDone(since time.Time) func() bool {
	return func() bool {
		var done int
		err := s.db.QueryRow(`SELECT count(DISTINCT args->>'entry') FROM river_job WHERE state = 'completed' AND created_at > $1`, since).Scan(&done)
		if err != nil {
			s.t.Fatal(err)
		}
		return done == sources
	}
}
