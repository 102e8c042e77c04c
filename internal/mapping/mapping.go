// Package mapping turns an entry into the cells of its class's attributes, as
// the source's rules say. It does no I/O, looks nothing up and decides nothing:
// the text of a reference is passed on for the engine to resolve, and whether
// a value is allowed is the registry's to say.
//
// A rule works in this order: the constant, the field, the expression or the
// profiles of groups; then the look-up table; then, if nothing came of it, the
// default. See Mapper.Map for what happens to text on the way.
package mapping

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"rollcall/internal/rollcall"
)

// Mapper maps the entries of one source. It is safe for concurrent use.
type Mapper struct {
	source string
	fields fieldList
	rules  []rule
	bound  atomic.Pointer[binding] // to the Fields of the last entry
}

// Compile prepares a source's rules. Its error names the attribute, the line of
// its rule and what is wrong with it.
func Compile(src *rollcall.Source) (*Mapper, error) {
	m := &Mapper{source: src.Name, rules: make([]rule, len(src.Rules.Attributes))}
	for i := range src.Rules.Attributes {
		ar := &src.Rules.Attributes[i]
		r, err := compileRule(ar, &m.fields)
		if err != nil {
			return nil, &RuleError{Source: src.Name, Attribute: ar.Attribute.Code, Line: ar.Line, Err: err}
		}
		m.rules[i] = r
	}
	return m, nil
}

// RuleError says that an attribute's rule cannot work. Line is where the rule
// stands in the configuration, 0 when it came from elsewhere.
type RuleError struct {
	Source, Attribute string
	Line              int
	Err               error
}

// Error returns what is wrong, and where.
func (e *RuleError) Error() string {
	return fmt.Sprintf("source %s, attribute %s: %v", e.Source, e.Attribute, e.Err)
}

// Unwrap returns an Error of kind Invalid.
func (e *RuleError) Unwrap() error { return rollcall.Errorf(rollcall.Invalid, "%w", e.Err) }

// Fields returns what the source must read for its rules: without doubles, in
// the order of the rules, each as it was first spelled. Names compare without
// case. The caller must not change it.
func (m *Mapper) Fields() []string { return m.fields.names }

// Map fills row, which lies beside the source's Rules.Attributes, from an
// entry. A value that cannot be mapped is a problem and leaves its cell unset,
// so that its attribute is left alone; the other cells stand.
//
// Text must be UTF-8 without NUL bytes. In attributes of one line, white space
// around it is cut and every run of control characters within it, line ends
// among them, becomes one space. Attributes of many lines keep their line ends
// and tabs; pictures take bytes as they are; passwords and references by DN
// keep every character.
func (m *Mapper) Map(e *rollcall.Entry, row rollcall.Row) []rollcall.Problem {
	v := view{entry: e, at: m.bind(e.Fields), names: m.fields.names}
	var problems []rollcall.Problem
	for i := range m.rules {
		r := &m.rules[i]
		cell, f := r.cell(&v)
		row[i] = cell
		if f != nil {
			problems = append(problems, m.problem(e, r, f))
		}
	}
	return problems
}

func (m *Mapper) problem(e *rollcall.Entry, r *rule, f *fault) rollcall.Problem {
	return rollcall.Problem{
		Source:    m.source,
		Key:       display(e.Key),
		Entry:     display(e.Name),
		Attribute: r.Attribute.Code,
		Value:     display([]byte(f.value)),
		Rule:      r.text(),
		Reason:    f.reason,
	}
}

// fault is what is wrong with one value.
type fault struct{ value, reason string }

// fieldList collects field names, comparing them without case.
type fieldList struct {
	names []string
	slots map[string]int // by lower-case name
}

// computed are the fields that a source computes; it knows them by exactly
// these names.
var computed = []string{
	rollcall.FieldDN, rollcall.FieldParent, rollcall.FieldRDN, rollcall.FieldGroups,
	rollcall.FieldDisabled, rollcall.FieldLocked, rollcall.FieldExpired, rollcall.FieldPasswordExpired,
}

// slot returns the position of a field, adding it when it is new.
func (l *fieldList) slot(name string) int {
	lower := strings.ToLower(name)
	if i, ok := l.slots[lower]; ok {
		return i
	}
	if slices.Contains(computed, lower) {
		name = lower
	}
	if l.slots == nil {
		l.slots = map[string]int{}
	}
	l.slots[lower] = len(l.names)
	l.names = append(l.names, name)
	return len(l.names) - 1
}

// binding says where an entry with certain Fields keeps each slot.
type binding struct {
	fields []string
	at     []int // by slot; -1 when the entry has no such field
}

// bind returns the positions of the mapper's fields among an entry's. A source
// gives all its entries the same Fields, so the last answer nearly always holds.
func (m *Mapper) bind(fields []string) []int {
	if b := m.bound.Load(); b != nil && slices.Equal(b.fields, fields) {
		return b.at
	}
	b := &binding{fields: slices.Clone(fields), at: make([]int, len(m.fields.names))}
	for slot, name := range m.fields.names {
		b.at[slot] = slices.IndexFunc(fields, func(f string) bool { return strings.EqualFold(f, name) })
	}
	m.bound.Store(b)
	return b.at
}

// view is an entry as the rules see it: fields by slot.
type view struct {
	entry *rollcall.Entry
	at    []int
	names []string
}

// values returns all values of a field.
func (v *view) values(slot int) [][]byte {
	if i := v.at[slot]; i >= 0 {
		return v.entry.Values[i]
	}
	return nil
}

// first returns the first value of a field, nil when it has none.
func (v *view) first(slot int) []byte {
	if vs := v.values(slot); len(vs) > 0 {
		return vs[0]
	}
	return nil
}
