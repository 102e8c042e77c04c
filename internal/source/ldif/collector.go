// Package ldif reads the entries of an LDIF document (RFC 2849), such as slapcat and
// ldapsearch write. Lists of changes are not read.
package ldif

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// Config says which file makes the source.
type Config struct {
	Document source.Document
	Files    bool   // values may lie in other files: attribute:< file:///…
	Key      string // the attribute that identifies an entry
	Fields   []string
}

// Collector gives an entry per record. Names of attributes compare without case;
// identifiers, times and truth values are written as a directory's are.
type Collector struct {
	cfg    Config
	fields []field
	at     map[string][]int // fields by attribute
}

// field is where a field's values come from.
type field struct {
	computed string // one of rollcall.Field…; empty for an attribute
	syntax   directory.Syntax
}

var _ source.Collector = (*Collector)(nil)

// New checks a configuration; the file is opened by Collect.
func New(cfg Config) (*Collector, error) {
	if err := cfg.Document.Validate(); err != nil {
		return nil, err
	}
	if cfg.Document.URL != "" && cfg.Files {
		// Whoever serves the address would choose what is read from this machine.
		return nil, rollcall.Errorf(rollcall.Invalid, "files is for a file: what comes from a url names no files of this machine")
	}
	if cfg.Key == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "no key: say which attribute identifies an entry, such as entryUUID")
	}
	c := &Collector{cfg: cfg, at: map[string][]int{}}
	for i, name := range cfg.Fields {
		f := field{syntax: directory.SyntaxOf(name)}
		switch low := strings.ToLower(name); low {
		case rollcall.FieldDN, rollcall.FieldParent, rollcall.FieldRDN:
			f.computed = low
		case rollcall.FieldGroups, rollcall.FieldDisabled, rollcall.FieldLocked, rollcall.FieldExpired, rollcall.FieldPasswordExpired:
			return nil, rollcall.Errorf(rollcall.Invalid, "a file of entries does not tell %q, which a rule reads: a directory does", name)
		default:
			c.at[attribute(name)] = append(c.at[attribute(name)], i)
		}
		c.fields = append(c.fields, f)
	}
	return c, nil
}

// attribute folds an attribute's name for comparison; the option binary says
// nothing about which attribute it is.
func attribute(name string) string {
	return strings.TrimSuffix(strings.ToLower(name), ";binary")
}

// Collect implements source.Collector. The file must end with a whole line, and
// with the result where ldapsearch wrote it, and nobody may have written to it
// meanwhile.
func (c *Collector) Collect(ctx context.Context, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
	document, err := c.cfg.Document.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer document.Close()
	r, e := NewReader(document, c.cfg.Files), rollcall.Entry{Fields: c.cfg.Fields, Values: make([][][]byte, len(c.fields))}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil, document.Whole()
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", c.cfg.Document.Name(), err)
		}
		if err := c.fill(&e, record); err != nil {
			return nil, fmt.Errorf("read %s: line %d: %w", c.cfg.Document.Name(), record.Line, err)
		}
		if err := emit(&e); err != nil {
			return nil, err
		}
	}
}

// fill makes an entry of a record.
func (c *Collector) fill(e *rollcall.Entry, record *Record) error {
	e.Key, e.Name = nil, record.DN
	dn, err := rollcall.ParseDN(string(record.DN))
	if err != nil {
		return err
	}
	for i, f := range c.fields {
		e.Values[i] = e.Values[i][:0]
		switch f.computed {
		case rollcall.FieldDN:
			e.Values[i] = append(e.Values[i], record.DN)
		case rollcall.FieldParent:
			e.Values[i] = append(e.Values[i], []byte(dn.Parent().String()))
		case rollcall.FieldRDN:
			e.Values[i] = append(e.Values[i], []byte(dn.RDN()))
		}
	}
	key := attribute(c.cfg.Key)
	for _, v := range record.Values {
		name := attribute(v.Attribute)
		if name == key && e.Key == nil {
			e.Key = directory.SyntaxOf(c.cfg.Key).Append(nil, v.Value)
		}
		for _, i := range c.at[name] {
			if text := c.fields[i].text(v.Value); len(text) > 0 {
				e.Values[i] = append(e.Values[i], text)
			}
		}
	}
	return nil
}

func (f field) text(value []byte) []byte {
	if f.syntax == directory.Plain || f.syntax == directory.Binary {
		return value
	}
	return f.syntax.Append(nil, value)
}
