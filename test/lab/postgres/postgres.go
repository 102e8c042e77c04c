// Package postgres starts a PostgreSQL server for tests and makes databases in
// it. The server listens on a Unix socket in a temp folder alone, writes nothing
// to disk on purpose, and ends with the test that started it.
package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
)

// Server is a running server.
type Server struct {
	dir     string
	program string
	attr    *syscall.SysProcAttr
	process *os.Process
	ended   chan struct{} // closed when the process is gone
	made    atomic.Int64  // databases, for their names
}

const (
	startTimeout = 60 * time.Second
	stopTimeout  = 10 * time.Second
)

// Start starts a server that ends with t. Without PostgreSQL on this machine
// the test is skipped, or fails where TEST_REQUIRE lists "postgres". The test
// that holds several others starts one server for all of them.
func Start(t testing.TB) *Server {
	t.Helper()
	bin, err := binaries()
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("TEST_REQUIRE"), ","), "postgres") {
			t.Fatalf("PostgreSQL is required (TEST_REQUIRE): %v", err)
		}
		t.Skip(err)
	}
	// A short path: that of a socket may have 107 bytes.
	dir, err := os.MkdirTemp("", "lab-pg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	attr, err := unprivileged(dir)
	if err != nil {
		t.Fatalf("give PostgreSQL an owner: %v", err)
	}
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", dir+"/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	s := &Server{dir: dir, program: filepath.Join(bin, "postgres"), attr: attr}
	t.Cleanup(s.stop)
	s.serve(t)
	return s
}

// Restart stops the server as an operator does, which ends every connection,
// and starts it again.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.stop()
	s.serve(t)
}

// stop ends the server by a fast shutdown; without one that runs it does
// nothing.
func (s *Server) stop() {
	if s.process == nil {
		return
	}
	_ = s.process.Signal(syscall.SIGINT) // it may have ended
	select {
	case <-s.ended:
	case <-time.After(stopTimeout):
		_ = s.process.Kill()
		<-s.ended
	}
	s.process = nil
}

// serve starts the server process and waits until it answers.
func (s *Server) serve(t testing.TB) {
	t.Helper()
	log, err := os.Create(s.dir + "/log")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(s.program, "-D", s.dir+"/data", "-k", s.dir, "-c", "listen_addresses=",
		"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off", "-c", "max_connections=200", "-c", "shared_buffers=256MB")
	cmd.SysProcAttr, cmd.Dir, cmd.Stdout, cmd.Stderr = s.attr, s.dir, log, log
	if err := cmd.Start(); err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended shows in its log
		close(ended)
	}()
	s.process, s.ended = cmd.Process, ended
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		err := s.exec(ctx, "SELECT 1")
		if err == nil {
			return
		}
		select {
		case <-ended:
			err = errors.New("it ended at once")
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
			continue
		}
		text, _ := os.ReadFile(s.dir + "/log") // the message does without
		t.Fatalf("start PostgreSQL: %v\n%s", err, text)
	}
}

// Database makes an empty database, which goes with its server, and returns its
// address.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.made.Add(1))
	if err := s.exec(context.Background(), "CREATE DATABASE "+name); err != nil {
		t.Fatalf("make a database: %v", err)
	}
	return s.dsn(name)
}

func (s *Server) dsn(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {s.dir}, "user": {"postgres"}}.Encode()
}

// exec runs one statement on a connection of its own.
func (s *Server) exec(ctx context.Context, statement string) error {
	db, err := sql.Open("pgx", s.dsn("postgres"))
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statement)
	return errors.Join(err, db.Close())
}

// binaries finds the folder of the newest installed server, of version 15 or
// later: Debian keeps the programs off the PATH.
func binaries() (string, error) {
	best, dir := 14, ""
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // the pattern is good
	for _, path := range found {
		bin := filepath.Dir(path)
		if v, err := strconv.Atoi(filepath.Base(filepath.Dir(bin))); err == nil && v > best {
			best, dir = v, bin
		}
	}
	if dir != "" {
		return dir, nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", errors.New("PostgreSQL 15 or later is not installed: run make setup")
}

// unprivileged says as whom to run the server, which refuses to run as root,
// and gives that user the folder.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	// The server dies with the test process even when no clean-up runs.
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGQUIT}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, int(uid), int(gid))
}
