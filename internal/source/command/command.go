// Package command runs a program that fetches or prints data for a source. It
// knows no format: what the program prints is read by others.
package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"rollcall/internal/rollcall"
)

// maxOutput bounds what is kept of what a program says beside its data.
const maxOutput = 1 << 20

// Result is how a program ended.
type Result struct {
	Status         int
	Output, Errors string
	Elapsed        time.Duration
}

// Run carries out a line of shell in a folder and waits for its end. When the
// context ends first, the program and all that it started are ended too.
func Run(ctx context.Context, line, folder string) (Result, error) {
	return run(ctx, line, folder, nil)
}

// RunTo is Run with what the program prints written to a file.
func RunTo(ctx context.Context, line, folder string, file *os.File) (Result, error) {
	return run(ctx, line, folder, file)
}

func run(ctx context.Context, line, folder string, file *os.File) (Result, error) {
	var out, errs limited
	began := time.Now()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", line)
	cmd.Dir = folder
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	cmd.Stdout, cmd.Stderr = &out, &errs
	if file != nil {
		cmd.Stdout = file
	}
	err := cmd.Run()
	r := Result{Output: out.String(), Errors: errs.String(), Elapsed: time.Since(began)}
	if _, ended := errors.AsType[*exec.ExitError](err); ended {
		r.Status = cmd.ProcessState.ExitCode()
		if ctx.Err() != nil {
			return r, fmt.Errorf("run %q: %w", line, context.Cause(ctx))
		}
		return r, rollcall.Errorf(rollcall.Unavailable, "Command failed : %s \n\t\t=== with status:%d \n\t\t=== stderr:%s \n\t\t=== stdout: %s",
			line, r.Status, strings.TrimSpace(r.Errors), strings.TrimSpace(r.Output))
	}
	if err != nil {
		return r, rollcall.Errorf(rollcall.Invalid, "run %q: %w", line, err)
	}
	return r, nil
}

// limited keeps the beginning of what is written to it.
type limited struct{ bytes.Buffer }

// Write implements io.Writer.
func (l *limited) Write(b []byte) (int, error) {
	if room := maxOutput - l.Len(); room < len(b) {
		l.Buffer.Write(b[:max(room, 0)])
		return len(b), nil
	}
	return l.Buffer.Write(b)
}
