// Package e2e tests the built program as an administrator meets it: a
// configuration, a command line and a real directory server, whose answers are
// compared with what the test put into it.
package e2e
