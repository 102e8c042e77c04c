package config

// KindInline is a source whose entries stand in the configuration itself: a
// section with an entry per key, and in it a value or a list of values per
// field. It is for the few objects that must exist before a directory's entries
// can refer to them, such as an organization.
const KindInline = "inline"

// InlineKey is the field that holds the key of an inline entry.
const InlineKey = "key"
