// Package demo is the sample company of `rollcall demo`: an LDAP server inside
// the process, a directory of some two hundred people to serve, and the changes
// of one working day. The server answers simple binds and searches (filters,
// scopes, paging, ranged values, matching rules) as OpenLDAP does, and can cut
// its connections on purpose. It stores nothing and is written to by Go calls
// alone; what is read from it is left to the other rooms.
package demo
