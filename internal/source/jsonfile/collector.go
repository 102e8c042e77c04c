// Package jsonfile reads JSON documents: as a source whose entries lie at a path
// of the document, and by the path grammar of iTop's JSON collectors for whoever
// maps them itself.
package jsonfile

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// Config says which document makes the source.
type Config struct {
	Document source.Document
	Path     string // where the entries are, such as objects/*/fields; the root when empty
	Key      string // the path, within an entry, of what identifies it
	Fields   []string
}

// Collector gives an entry per element at the path; a field is a path within it.
type Collector struct{ cfg Config }

var _ source.Collector = (*Collector)(nil)

// New checks a configuration; the file is opened by Collect.
func New(cfg Config) (*Collector, error) {
	if err := cfg.Document.Validate(); err != nil {
		return nil, err
	}
	if cfg.Key == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "no key: say which member identifies an element")
	}
	return &Collector{cfg}, nil
}

// Collect implements source.Collector. A document that does not end where its
// first value does, or that was written to meanwhile, is not whole.
func (c *Collector) Collect(ctx context.Context, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
	name := c.cfg.Document.Name()
	document, err := c.cfg.Document.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer document.Close()
	root, err := Parse(document)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "read %s: %w", name, err)
	}
	if err := document.Whole(); err != nil {
		return nil, err
	}
	switch root.(type) {
	case *Object, []any:
	default:
		return nil, rollcall.Errorf(rollcall.Invalid, "%s is neither an object nor a list, so there are no entries in it", name)
	}
	elements := Elements(root)
	if c.cfg.Path != "" {
		var ok bool
		if elements, ok = Select(root, c.cfg.Path); !ok {
			return nil, rollcall.Errorf(rollcall.Invalid, "%s has nothing at the path %q", name, c.cfg.Path)
		}
	}
	for i, element := range elements {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		switch element.(type) {
		case *Object, []any:
		default: // {"error": "…"} must not read as somebody without a key
			return nil, rollcall.Errorf(rollcall.Invalid, "element %d of %s is a single value, not an entry: is the path right?", i+1, name)
		}
		if err := emit(c.entry(i, element)); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (c *Collector) entry(i int, element any) *rollcall.Entry {
	e := &rollcall.Entry{Name: []byte("element " + strconv.Itoa(i+1)), Fields: c.cfg.Fields, Values: make([][][]byte, len(c.cfg.Fields))}
	if v, ok := Lookup(element, c.cfg.Key); ok {
		e.Key = []byte(scalarText(v))
	}
	for j, path := range c.cfg.Fields {
		e.Values[j] = values(element, path)
	}
	return e
}

// values returns what a field holds: a list of scalars is several values.
func values(element any, path string) [][]byte {
	if v, ok := Lookup(element, path); ok {
		if text := scalarText(v); text != "" {
			return [][]byte{[]byte(text)}
		}
		return nil
	}
	v, ok := member(element, path)
	list, isList := v.([]any)
	if !ok || !isList {
		return nil
	}
	var out [][]byte
	for _, item := range list {
		switch item.(type) {
		case nil, []any, *Object:
		default:
			out = append(out, []byte(scalarText(item)))
		}
	}
	return out
}

func scalarText(v any) string {
	switch x := v.(type) {
	case bool:
		if x {
			return "1"
		}
		return "0"
	case json.Number:
		return x.String()
	}
	return fmt.Sprint(v)
}
