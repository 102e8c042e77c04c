package rest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// fault is what stops an operation: the answer is its code and its message.
// Inside a field or a link set, messages gain a prefix on their way out.
type fault struct {
	code int
	text string
}

// Error returns the text.
func (f *fault) Error() string { return f.text }

func faultf(format string, args ...any) error {
	return &fault{code: codeInternal, text: fmt.Sprintf(format, args...)}
}

// within says in which attribute something is wrong.
func within(code string, err error) error {
	var f *fault
	if errors.As(err, &f) {
		return &fault{code: f.code, text: code + ": " + f.text}
	}
	return err
}

// refusedWrite is the fault of a write that the registry refused: the issues,
// with the class and the object (iTop 3.2.0). An object that was to be made has
// the id -1.
func refusedWrite(err error, o *rollcall.Object) error {
	issues := registry.IssuesOf(err)
	if len(issues) == 0 {
		return err
	}
	id := o.ID
	if id == 0 {
		id = -1
	}
	return issueFault(issues, o.Class, id)
}

func issueFault(issues []string, class *rollcall.Class, id rollcall.ObjectID) error {
	numbered := make([]string, len(issues))
	for i, issue := range issues {
		numbered[i] = fmt.Sprintf("%d=>%s", i, issue)
	}
	return faultf("%s: issues = {%s}, class = %s, id = %d",
		strings.Join(issues, ", "), strings.Join(numbered, "; "), class.Name, id)
}

// failed makes the answer to an error. What is nobody's business is logged.
func (s *Service) failed(ctx context.Context, err error) []byte {
	var f *fault
	if errors.As(err, &f) {
		return appendFault(nil, f.code, "Error: "+f.text)
	}
	if kind := rollcall.KindOf(err); kind != rollcall.Internal {
		return appendFault(nil, codeInternal, "Error: "+messageOf(err))
	}
	if ctx.Err() == nil {
		s.Log.LogAttrs(ctx, slog.LevelError, "a REST operation failed", slog.Any("err", err))
	}
	return appendFault(nil, codeInternal, "Error: internal error; the server's log says more")
}

// messageOf returns what the outermost error with a kind says.
func messageOf(err error) string {
	if e, ok := errors.AsType[*rollcall.Error](err); ok {
		return e.Error()
	}
	return err.Error()
}
