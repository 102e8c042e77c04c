// Package replay plays the recorded exchanges of a real iTop against the built
// `rollcall serve` and compares the answers: status, the headers that clients
// look at, and the body, character by character but for a short named list of
// volatile values (masks_test.go) and for the differences that
// docs/differences.md explains (differences_test.go).
//
// The recordings lie beside the repository, in ../shared/recordings. Without
// them the tests are skipped, or fail where TEST_REQUIRE lists recordings.
package replay
