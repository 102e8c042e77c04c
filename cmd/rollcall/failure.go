package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"rollcall/internal/rollcall"
)

// ended is an error that says itself which exit code it means. One without a
// text has been reported already.
type ended struct {
	code int
	text string
}

func (e ended) Error() string { return e.text }

// interrupted is the error of a command that a signal ended.
type interrupted struct{ error }

func (i interrupted) Error() string { return "interrupted; nothing was changed" }

func (i interrupted) Unwrap() error { return i.error }

// asksForJSON reports whether a command line asks for JSON, even one that cannot
// be understood otherwise.
func asksForJSON(args []string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.Contains(args, "--json")
}

// fail reports an error and returns its exit code; nil is done.
func (p *program) fail(err error) int {
	if err == nil {
		return exitDone
	}
	code, kind := exitFailed, rollcall.KindOf(err)
	if e, ok := errors.AsType[ended](err); ok {
		code = e.code
	} else if kind == rollcall.Stopped && !errors.Is(err, io.ErrShortWrite) && !errors.Is(err, syscall.EPIPE) {
		code = exitStopped
	}
	switch code {
	case exitUsage:
		kind = rollcall.Invalid
	case exitStopped:
		kind = rollcall.Stopped
	}
	if text := strings.TrimRight(err.Error(), "\n"); text != "" {
		p.complain(text, kind, code)
	}
	return code
}

// usage reports a command line that cannot be understood.
func (p *program) usage(err error) int {
	command := "rollcall"
	if e, ok := errors.AsType[*kong.ParseError](err); ok && e.Context != nil {
		if node := e.Context.Selected(); node != nil {
			command = node.FullPath()
		}
	}
	p.complain(fmt.Sprintf("%s\nRun \"%s --help\" to see what is possible.", plainUsage(err.Error()), command), rollcall.Invalid, exitUsage)
	return exitUsage
}

// complain writes an error to standard error: as a sentence, or with --json as
// an object on a line of its own.
func (p *program) complain(text string, kind rollcall.Kind, code int) {
	if p.json {
		line, err := json.Marshal(struct {
			Error string `json:"error"`
			Kind  string `json:"kind"`
			Exit  int    `json:"exit"`
		}{text, kind.String(), code})
		if err == nil {
			fmt.Fprintf(p.err, "%s\n", line)
			return
		}
	}
	fmt.Fprintf(p.err, "rollcall: %s\n", text)
}
