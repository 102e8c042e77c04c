package oql

import (
	"fmt"
	"strings"

	"rollcall/internal/rollcall"
)

// The classes of errors, as iTop's REST service names them.
const (
	ClassSyntax       = "OQLParserSyntaxErrorException"
	ClassUnknownClass = "UnknownClassOqlException"
	ClassNormalize    = "OqlNormalizeException"
	ClassOQL          = "OQLException"
	ClassOther        = "Exception"
	ClassMissing      = "" // a parameter without a value: iTop gives the message alone
)

// Error is what is wrong with a text, in iTop's words.
type Error struct {
	Class   string // the exception class, one of those above
	Message string
	Offset  int // of the byte that the message is about
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap makes the error one of kind Invalid.
func (e *Error) Unwrap() error { return &rollcall.Error{Kind: rollcall.Invalid, Msg: e.Message} }

// longestShown is how much of a text a message repeats. iTop repeats all of it,
// which of a text of a megabyte helps nobody.
const longestShown = 4000

// fault makes an error about one token: "<issue> - found '<token>' at <offset>
// in '<text>'", and what was expected where something was (iTop 3.2.0, observed).
func fault(class, issue, text string, at int, found string, expected ...string) *Error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s - found '%s' at %d in '%s'", issue, shorten(found), at, shorten(text))
	if len(expected) > 0 {
		fmt.Fprintf(&b, ", expecting {%s}, I would suggest to use '%s'", strings.Join(expected, ", "), rollcall.Nearest(found, expected))
	}
	return &Error{Class: class, Message: b.String(), Offset: at}
}

func shorten(text string) string {
	if len(text) <= longestShown {
		return text
	}
	return strings.ToValidUTF8(text[:longestShown], "") + "…"
}

// unexpectedInput is the error for a byte that begins no token.
func unexpectedInput(text string, at int) *Error {
	line := 1 + strings.Count(text[:at], "\n")
	return &Error{Class: ClassOther, Message: fmt.Sprintf("Unexpected input at line %d: %s", line, firstCharacter(text[at:])), Offset: at}
}

// firstCharacter keeps a message printable whatever the text holds.
func firstCharacter(s string) string {
	for _, r := range s {
		return strings.ToValidUTF8(string(r), "\uFFFD")
	}
	return ""
}
