package api

import (
	"context"
	"net/http"
	"reflect"
	"strings"
)

// prefix is where the API is below the application's root.
const prefix = "/api/v1"

// route is one operation: what is asked, who may ask it, what answers.
type route struct {
	method  string
	path    string // below prefix, with {parameters}
	id      string // of the operation, in the document
	tag     string
	gate    Gate
	status  int // of an answer
	summary string
	in, out reflect.Type // structs; out is nil for an answer without a body
	answer  func(ctx context.Context, c *call, in any) (any, error)
}

// get declares an operation that changes nothing.
func get[In, Out any](path string, gate Gate, id, summary string, answer func(*call, context.Context, *In) (*Out, error)) route {
	return define(http.MethodGet, path, gate, http.StatusOK, id, summary, answer)
}

// post declares an operation that changes something.
func post[In, Out any](path string, gate Gate, status int, id, summary string, answer func(*call, context.Context, *In) (*Out, error)) route {
	return define(http.MethodPost, path, gate, status, id, summary, answer)
}

func define[In, Out any](method, path string, gate Gate, status int, id, summary string, answer func(*call, context.Context, *In) (*Out, error)) route {
	tag, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	r := route{
		method: method, path: path, id: id, tag: tag, gate: gate, status: status, summary: summary,
		in: reflect.TypeFor[In](), out: reflect.TypeFor[Out](),
		answer: func(ctx context.Context, c *call, in any) (any, error) {
			out, err := answer(c, ctx, in.(*In))
			if err != nil || out == nil {
				return nil, err // no typed nil
			}
			return out, nil
		},
	}
	if r.out == reflect.TypeFor[nothing]() {
		r.out = nil
	}
	return r
}

// nothing is the argument of an operation without parameters, and the result of
// one that answers without a body.
type nothing struct{}

// Route tells of one operation, for who lists them.
type Route struct {
	Method  string
	Path    string // from /api/v1 on
	ID      string
	Gate    Gate
	Summary string
}

// Routes lists all operations in the order of the document.
func Routes() []Route {
	var list []Route
	for _, r := range routes() {
		list = append(list, Route{Method: r.method, Path: prefix + r.path, ID: r.id, Gate: r.gate, Summary: r.summary})
	}
	return list
}
