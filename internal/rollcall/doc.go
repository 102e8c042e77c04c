// Package rollcall holds the nouns of the product: classes and objects, sources
// and entries, replicas, changes and runs, and the kinds of error. It holds no
// I/O and imports no other room; every other room imports it.
//
// All attribute values travel as text in one canonical form (see Attribute): a
// number in decimal, a date as 2006-01-02, a date and time as 2006-01-02
// 15:04:05 in UTC, a boolean as "1" or "0", a reference as the decimal ID of its
// object, bytes as they are. The empty string is the empty value of every type.
package rollcall
