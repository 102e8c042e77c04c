// Package api is Rollcall's own HTTP API: JSON below /api/v1, described by an
// OpenAPI 3.1 document that is made of the same declarations as the pages
// themselves.
//
// Every operation is one line of the table in routes.go: its method and path,
// who may call it, and the function that answers, whose argument and result
// are Go structs. Requests are read by them (read.go), refused when they hold
// anything that the structs do not know, and described by them (schema.go).
package api
