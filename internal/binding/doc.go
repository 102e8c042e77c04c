// Package binding decides what belonging to directory groups gives. From the
// groups as they were read, the groups that each entry belongs to directly, and
// the configured bindings it works out who is to have what and by which groups,
// and from what earlier runs gave what is to be given, taken away, renamed or
// moved.
//
// It decides and does nothing: reading directories, finding objects, limits and
// writing are the engine's. What it is not told it does not take for absent: a
// holder whose groups are not known keeps what they have.
package binding
