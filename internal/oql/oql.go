// Package oql reads the object query language of iTop: text becomes a query
// that is checked against the declared classes. What the query means in SQL is
// package store's.
package oql

import (
	"rollcall/internal/rollcall"
)

// Compile reads a query. args are the values of its parameters, by what stands
// behind the colon: "name", "this->org_id", "current_contact_id". Errors are of
// type *Error.
func Compile(model *rollcall.Model, text string, args map[string]string) (*rollcall.Query, error) {
	return CompileLists(model, text, args, nil)
}

// CompileLists is Compile with parameters that stand for several values, each
// as if written with commas between: IN (:list).
func CompileLists(model *rollcall.Model, text string, args map[string]string, lists map[string][]string) (*rollcall.Query, error) {
	s, err := parse(text)
	if err != nil {
		return nil, err
	}
	c := &checker{model: model, text: text, args: args, lists: lists}
	q := c.statement(s, nil)
	if c.err == nil {
		c.err = c.missing // iTop asks for values when the query is otherwise right
	}
	if c.err != nil {
		return nil, c.err
	}
	return q, nil
}
