package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const (
	startTimeout = 60 * time.Second // until a server answers
	stopTimeout  = 10 * time.Second // from SIGTERM to SIGKILL
	toolTimeout  = 5 * time.Minute  // for one run of a tool
)

// process is a server program in a process group of its own.
type process struct {
	cmd   *exec.Cmd
	stdin io.Closer
	log   string        // the file that holds what it printed
	done  chan struct{} // closed once it has been waited for
	once  sync.Once
}

// startProcess starts a server program that stays in the foreground. Its output
// goes to a file in dir.
func startProcess(dir, program string, args ...string) (*process, error) {
	path, err := lookPath(program)
	if err != nil {
		return nil, err
	}
	p := &process{log: filepath.Join(dir, filepath.Base(program)+".log"), done: make(chan struct{})}
	out, err := os.OpenFile(p.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p.cmd = exec.Command(path, args...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	// Pdeathsig and the pipe on standard input (samba ends when it closes) end
	// the server even when the test process is killed and no clean-up runs.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended shows in its log
		close(p.done)
	}()
	return p, nil
}

// signal sends a signal to the whole process group.
func (p *process) signal(s syscall.Signal) { _ = syscall.Kill(-p.cmd.Process.Pid, s) }

// stop asks the process to end, and kills it when it does not within timeout.
func (p *process) stop(timeout time.Duration) {
	p.once.Do(func() {
		if timeout > 0 {
			p.signal(syscall.SIGTERM)
			select {
			case <-p.done:
			case <-time.After(timeout):
			}
		}
		p.signal(syscall.SIGKILL) // children too, whatever the leader did
		<-p.done
		_ = p.stdin.Close()
	})
}

// tail returns the last lines of what the process printed.
func (p *process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-30):], "\n")
}

// errEnded says that a server ended while it should have been starting.
var errEnded = errors.New("the server ended at once")

// await calls ready until it returns nil, the process ends, or time is up.
func (p *process) await(ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for {
		try, done := context.WithTimeout(ctx, 5*time.Second)
		err := ready(try)
		done()
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%w: %w\n%s", errEnded, err, p.tail())
		case <-ctx.Done():
			return fmt.Errorf("not ready after %s: %w\n%s", startTimeout, err, p.tail())
		case <-time.After(25 * time.Millisecond):
		}
	}
}

// run runs a tool to its end and returns what it printed on both outputs.
func run(stdin io.Reader, program string, args ...string) (string, error) {
	return runEnv(stdin, nil, program, args...)
}

// runEnv is run with further environment variables.
func runEnv(stdin io.Reader, env []string, program string, args ...string) (string, error) {
	path, err := lookPath(program)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), toolTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin = stdin
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// mustRun is run for a step without which the test makes no sense.
func mustRun(t testing.TB, stdin io.Reader, program string, args ...string) string {
	t.Helper()
	out, err := run(stdin, program, args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// FreePort returns a TCP port of 127.0.0.1 on which nobody listens.
func FreePort(t testing.TB) int {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("find a free port: %v", err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// tempDir returns a folder with a short path that is removed with the test.
// t.TempDir's paths carry the test's name and can pass the 108 bytes that the
// path of a Unix socket may have.
func tempDir(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lab-"+name+"-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
