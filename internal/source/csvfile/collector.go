// Package csvfile reads files of separated values: as a source, whose first
// record names the fields, and record by record for whoever maps them itself.
package csvfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// Config says which file makes the source.
type Config struct {
	Document  source.Document
	Separator string   // one byte; ; when empty
	Encoding  string   // UTF-8 when empty
	Columns   []string // their names, when the first record is none of names
	Unended   bool     // the last line may lack its end
	Key       string   // the field that identifies an entry
	Fields    []string
}

// Collector gives an entry per record. Names of fields compare without case.
type Collector struct{ cfg Config }

var _ source.Collector = (*Collector)(nil)

// New checks a configuration; the file is opened by Collect.
func New(cfg Config) (*Collector, error) {
	if err := cfg.Document.Validate(); err != nil {
		return nil, err
	}
	if cfg.Separator != "" && !Valid(cfg.Separator) {
		return nil, rollcall.Errorf(rollcall.Invalid, "the separator is one character such as ; or a tab, not %q", cfg.Separator)
	}
	if _, err := decoderOf(cfg.Encoding); err != nil {
		return nil, err
	}
	if cfg.Key == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "no key: say which column identifies a record")
	}
	return &Collector{cfg}, nil
}

// Collect implements source.Collector. A record with another number of values
// than the header ends the load, and so do a quote that stays open, a last line
// without its end and a file that was written to meanwhile: what was read is not
// whole.
func (c *Collector) Collect(ctx context.Context, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
	document, err := c.cfg.Document.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer document.Close()
	dialect := Dialect{Encoding: c.cfg.Encoding}
	if c.cfg.Separator != "" {
		dialect.Separator = c.cfg.Separator[0]
	}
	r, err := NewReader(document, dialect)
	if err != nil {
		return nil, err
	}
	if err := c.read(ctx, r, emit); err != nil {
		return nil, err
	}
	return nil, document.Whole()
}

// ended proves that the text ends as such files do.
func (c *Collector) ended(r *Reader) error {
	switch name := c.cfg.Document.Name(); {
	case r.IsOpen():
		return rollcall.Errorf(rollcall.Unavailable, "%s ends within a quoted value: it is cut off, or a quote stands where none belongs", name)
	case !r.EndsLine() && !c.cfg.Unended:
		return rollcall.Errorf(rollcall.Unavailable, "%s ends in the middle of a line: it is cut off, or still being written; "+
			"where its writer always leaves the last line end out, set unended: true", name)
	}
	return nil
}

// header returns the names of the columns.
func (c *Collector) header(r *Reader) ([]string, error) {
	if len(c.cfg.Columns) > 0 {
		return c.cfg.Columns, nil
	}
	record, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, rollcall.Errorf(rollcall.Invalid, "%s is empty: not even its header is there", c.cfg.Document.Name())
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", c.cfg.Document.Name(), err)
	}
	names := make([]string, len(record))
	for i, name := range record {
		names[i] = string(name)
	}
	return names, nil
}

func (c *Collector) read(ctx context.Context, r *Reader, emit func(*rollcall.Entry) error) error {
	header, err := c.header(r)
	if err != nil {
		return err
	}
	name, width, places := c.cfg.Document.Name(), len(header), make([]int, len(c.cfg.Fields))
	find := func(name string) int {
		return slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(h, name) })
	}
	key := find(c.cfg.Key)
	if key < 0 {
		return rollcall.Errorf(rollcall.Invalid, "%s has no column %q, which is to identify its records; it has %s", name, c.cfg.Key, strings.Join(header, ", "))
	}
	for i, field := range c.cfg.Fields {
		if places[i] = find(field); places[i] < 0 && field != rollcall.FieldDN {
			return rollcall.Errorf(rollcall.Invalid, "%s has no column %q, which a rule reads; it has %s", name, field, strings.Join(header, ", "))
		}
	}
	e := rollcall.Entry{Fields: c.cfg.Fields, Values: make([][][]byte, len(places))}
	cells := make([][1][]byte, len(places))
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return c.ended(r)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if r.IsBlank() {
			continue
		}
		if len(record) != width {
			return rollcall.Errorf(rollcall.Invalid, "record %d of %s has %d values, its header %d", r.Records(), name, len(record), width)
		}
		e.Key, e.Name = record[key], []byte("record "+strconv.Itoa(r.Records()))
		for i, at := range places {
			e.Values[i] = nil
			if at >= 0 && len(record[at]) > 0 {
				cells[i][0] = record[at]
				e.Values[i] = cells[i][:]
			}
		}
		if err := emit(&e); err != nil {
			return err
		}
	}
}
