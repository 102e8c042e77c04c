package rollcall

import (
	"errors"
	"fmt"
)

// Kind says what a caller can do about an error.
type Kind uint8

// The kinds of error. An error of unknown origin is Internal.
const (
	Internal     Kind = iota // a bug or a broken machine
	Invalid                  // the request or the configuration is wrong
	NotFound                 // the thing named does not exist
	Conflict                 // it contradicts what exists, or what moved on
	Unauthorized             // who you are is not proved
	Forbidden                // you may not
	Unavailable              // a server or a lock is out of reach: worth retrying
	Stopped                  // a limit or a failed proof stopped the run before it changed anything
)

var kindNames = [...]string{"internal", "invalid", "not found", "conflict", "unauthorized", "forbidden", "unavailable", "stopped"}

// String returns the kind in lower-case words.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "internal"
}

// Error is an error with a kind. Msg is one sentence for the person, without a
// full stop; Err is the cause, for the log.
type Error struct {
	Kind Kind
	Msg  string
	Err  error
}

// Error returns the message followed by the cause.
func (e *Error) Error() string {
	switch {
	case e.Err == nil:
		return e.Msg
	case e.Msg == "":
		return e.Err.Error()
	}
	return e.Msg + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error of a kind; a %w operand becomes its cause.
func Errorf(kind Kind, format string, args ...any) error {
	return &Error{Kind: kind, Err: fmt.Errorf(format, args...)}
}

// KindOf returns the kind of the outermost Error in err's chain, Internal when
// there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}
