package rollcall

import "slices"

// Entry is one record as read: an LDAP entry, a row, a line. All its slices are
// lent: they hold until emit returns, and Clone keeps them longer.
type Entry struct {
	Key    []byte     // the immutable identifier, as text; empty when the record has none
	Name   []byte     // what a person calls the record: a DN, a line number
	Fields []string   // what was asked for, as the source's rules spell it
	Values [][][]byte // beside Fields: all values, none when the record has no such field
	Groups []uint32   // the groups that the entry belongs to directly, when they were asked for: places in the list of groups
}

// The fields that a directory source computes. A rule may name them like any
// attribute.
const (
	FieldDN              = "dn"
	FieldParent          = "parent"           // the DN of the entry above
	FieldRDN             = "rdn"              // the value of the first part of the DN
	FieldGroups          = "groups"           // DNs of all groups: direct, primary and nested
	FieldDisabled        = "disabled"         // "1" when an administrator switched the account off, else "0"
	FieldLocked          = "locked"           // "1" when wrong passwords locked it
	FieldExpired         = "expired"          // "1" past its end date
	FieldPasswordExpired = "password_expired" // "1" when the password must be changed
)

// Field returns all values of a field, nil when the entry has none. Names
// compare exactly: a source gives the fields back as they were asked for.
func (e *Entry) Field(name string) [][]byte {
	for i, f := range e.Fields {
		if f == name {
			return e.Values[i]
		}
	}
	return nil
}

// Size is how many bytes the key, the name and the values are long.
func (e *Entry) Size() int {
	size := len(e.Key) + len(e.Name)
	for _, vs := range e.Values {
		for _, v := range vs {
			size += len(v)
		}
	}
	return size
}

// Clone returns a copy that owns its bytes. Fields stays shared.
func (e *Entry) Clone() Entry {
	count := 0
	for _, vs := range e.Values {
		count += len(vs)
	}
	buf := make([]byte, 0, e.Size())
	keep := func(b []byte) []byte {
		start := len(buf)
		buf = append(buf, b...)
		return buf[start:len(buf):len(buf)]
	}
	c := Entry{Key: keep(e.Key), Name: keep(e.Name), Fields: e.Fields, Values: make([][][]byte, len(e.Values)), Groups: slices.Clone(e.Groups)}
	values := make([][]byte, 0, count)
	for i, vs := range e.Values {
		start := len(values)
		for _, v := range vs {
			values = append(values, keep(v))
		}
		if len(vs) > 0 {
			c.Values[i] = values[start:len(values):len(values)]
		}
	}
	return c
}

// Cell is one mapped value of a staged entry, before references are looked up.
// A cell that is not set leaves its attribute alone; a set empty one clears it.
type Cell struct {
	Text string
	Set  bool
}

// Row is a staged entry's cells, beside Rules.Attributes.
type Row []Cell

// Checkpoint is where a delta load resumes; a collector alone reads it.
type Checkpoint []byte
