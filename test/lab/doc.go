// Package lab starts the real servers that tests talk to: OpenLDAP, Samba as an
// Active Directory domain controller, 389 Directory Server, and a proxy that
// breaks connections on purpose. Each server belongs to one test: it lives in
// that test's temp folder, on free ports of 127.0.0.1 or in a network namespace
// of its own, has answered before its constructor returns, and is stopped by
// process id when the test ends.
//
// What a server is filled with is left to the tests.
package lab
