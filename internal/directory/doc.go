// Package directory is the one LDAP client of the product: it connects, binds,
// reads entries as a stream, proves that what it read is complete, and decodes
// what directories put into their values: identifiers, times, account state,
// group membership.
//
// A Conn carries one operation at a time. Bulk reading is our own: a goroutine
// reads the socket in large pieces, cuts them into messages and asks for the next
// page as soon as a page ends, while the caller's goroutine decodes entries in
// place. An entry's bytes are lent until the callback returns.
//
// It decides nothing about objects and knows no configuration file.
package directory
