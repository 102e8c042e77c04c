// Package oql reads the object query language of iTop: text becomes a query
// that is checked against the declared classes. What the query means in SQL is
// package store's.
package oql

import (
	"rollcall/internal/rollcall"
)

// The classes of errors, as iTop's REST service names them.
const (
	ClassSyntax       = "OQLParserSyntaxErrorException"
	ClassUnknownClass = "UnknownClassOqlException"
	ClassNormalize    = "OqlNormalizeException"
	ClassOQL          = "OQLException"
	ClassOther        = "Exception"
	ClassMissing      = "" // a parameter without a value: iTop says the message alone
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

// Compile reads a query. args are the values of its parameters, by what stands
// behind the colon: "name", "this->org_id", "current_contact_id". Errors are of
// type *Error.
func Compile(model *rollcall.Model, text string, args map[string]string) (*rollcall.Query, error) {
	return CompileLists(model, text, args, nil)
}

// CompileLists is Compile with parameters that stand for several values, each
// as if written with commas between: IN (:list).
func CompileLists(model *rollcall.Model, text string, args map[string]string, lists map[string][]string) (*rollcall.Query, error) {
	return nil, &Error{Class: ClassOther, Message: "queries are not read yet"}
}
