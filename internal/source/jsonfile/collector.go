// Package jsonfile reads JSON documents: as a source whose entries lie at a path
// of the document, and by the path grammar of iTop's JSON collectors for whoever
// maps them itself.
package jsonfile

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// Config says which document makes the source.
type Config struct {
	Document source.Document
	Paging   Paging
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
	if err := cfg.Paging.Validate(); err != nil {
		return nil, err
	}
	if cfg.Document.URL == "" && !cfg.Paging.IsZero() {
		return nil, rollcall.Errorf(rollcall.Invalid, "next, page and total are for a url, not for a file")
	}
	if cfg.Key == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "no key: say which member identifies an element")
	}
	return &Collector{cfg}, nil
}

// Collect implements source.Collector. A document that does not end where its
// first value does, or that was written to meanwhile, is not whole; nor are
// several pages of which one is not.
func (c *Collector) Collect(ctx context.Context, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
	pages, err := c.cfg.Paging.Start(c.cfg.Document.URL)
	if err != nil {
		return nil, err
	}
	for more := true; more; {
		document := c.cfg.Document
		name := document.Name()
		if !c.cfg.Paging.IsZero() {
			document.URL = pages.Address()
			name = fmt.Sprintf("page %d of %s", pages.Number(), name)
		}
		root, digest, err := read(ctx, document)
		if err != nil {
			return nil, err
		}
		elements, err := c.elements(pages, root, name)
		if err != nil {
			return nil, err
		}
		if err := c.emit(ctx, pages.read, elements, name, emit); err != nil {
			return nil, err
		}
		if more, err = pages.Go(root, len(elements), digest); err != nil {
			return nil, fmt.Errorf("read %s: %w", c.cfg.Document.Name(), err)
		}
	}
	return nil, nil
}

// read reads a whole document.
func read(ctx context.Context, d source.Document) (root any, digest [sha256.Size]byte, err error) {
	document, err := d.Open(ctx)
	if err != nil {
		return nil, digest, err
	}
	defer document.Close()
	sum := sha256.New()
	if root, err = Parse(io.TeeReader(document, sum)); err != nil {
		return nil, digest, rollcall.Errorf(rollcall.Invalid, "read %s: %w", d.Name(), err)
	}
	return root, [sha256.Size]byte(sum.Sum(nil)), document.Whole()
}

func (c *Collector) elements(pages *Pages, root any, name string) ([]any, error) {
	switch root.(type) {
	case *Object, []any:
	default:
		return nil, rollcall.Errorf(rollcall.Invalid, "%s is neither an object nor a list, so there are no entries in it", name)
	}
	elements, ok := pages.Elements(root, c.cfg.Path)
	if !ok {
		return nil, rollcall.Errorf(rollcall.Invalid, "%s has nothing at the path %q", name, c.cfg.Path)
	}
	return elements, nil
}

// emit hands on the elements of one document; before is how many came before it.
func (c *Collector) emit(ctx context.Context, before int, elements []any, name string, emit func(*rollcall.Entry) error) error {
	for i, element := range elements {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch element.(type) {
		case *Object, []any:
		default: // {"error": "…"} must not read as somebody without a key
			return rollcall.Errorf(rollcall.Invalid, "element %d of %s is a single value, not an entry: is the path right?", i+1, name)
		}
		if err := emit(c.entry(before+i, element)); err != nil {
			return err
		}
	}
	return nil
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
