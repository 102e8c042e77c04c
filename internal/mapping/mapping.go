// Package mapping turns an entry into the cells of its class's attributes, as
// the source's rules say. It does no I/O, looks nothing up and decides nothing:
// the text of a reference is passed on for the engine to resolve, and whether
// a value is allowed is the registry's to say.
package mapping

import "rollcall/internal/rollcall"

// Mapper maps the entries of one source. It is safe for concurrent use.
type Mapper struct {
	source string
	fields []string
}

// Compile prepares a source's rules. Its error names the attribute and what is
// wrong with the rule.
func Compile(src *rollcall.Source) (*Mapper, error) {
	return &Mapper{source: src.Name}, nil
}

// Fields returns what the source must read for its rules: without doubles, in
// the order of the rules, each as it was first spelled.
func (m *Mapper) Fields() []string { return m.fields }

// Map fills row, which lies beside the source's Rules.Attributes, from an
// entry. A value that cannot be mapped is a problem and leaves its cell unset,
// so that its attribute is left alone; the other cells stand.
func (m *Mapper) Map(e *rollcall.Entry, row rollcall.Row) []rollcall.Problem { return nil }
