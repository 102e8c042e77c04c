// Package jsonfile reads JSON documents: as a source whose entries lie at a path
// of the document, and by the path grammar of iTop's JSON collectors for whoever
// maps them itself.
package jsonfile

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// Config says which document makes the source.
type Config struct {
	File   string
	Path   string // where the entries are, such as objects/*/fields; the root when empty
	Key    string // the path, within an entry, of what identifies it
	Fields []string
}

// Collector gives an entry per element at the path; a field is a path within it.
type Collector struct{ cfg Config }

var _ source.Collector = (*Collector)(nil)

// New checks a configuration; the file is opened by Collect.
func New(cfg Config) (*Collector, error) {
	if cfg.File == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "no file: say which JSON file to read")
	}
	if cfg.Key == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "no key: say which member identifies an element")
	}
	return &Collector{cfg}, nil
}

// Collect implements source.Collector.
func (c *Collector) Collect(ctx context.Context, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
	f, err := os.Open(c.cfg.File)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.NotFound, "open the JSON file: %w", err)
	}
	defer f.Close()
	root, err := Parse(f)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "read the JSON file %s: %w", c.cfg.File, err)
	}
	elements := Elements(root)
	if c.cfg.Path != "" {
		var ok bool
		if elements, ok = Select(root, c.cfg.Path); !ok {
			return nil, rollcall.Errorf(rollcall.Invalid, "the JSON file %s has nothing at the path %q", c.cfg.File, c.cfg.Path)
		}
	}
	for i, element := range elements {
		if err := ctx.Err(); err != nil {
			return nil, err
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
