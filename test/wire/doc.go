// Package wire tests the built program as a server: who may call what, how one
// signs in, what bad requests do to it, and whether the page for operators tells
// the truth. What the pages answer in detail is tested beside them and in
// test/replay.
package wire
