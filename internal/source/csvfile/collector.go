// Package csvfile reads files of separated values: as a source, whose first
// record names the fields, and record by record for whoever maps them itself.
package csvfile

import (
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// Config says which file makes the source.
type Config struct {
	File      string
	Separator string // one byte; ; when empty
	Encoding  string // UTF-8 when empty
	Key       string // the field that identifies an entry
	Fields    []string
}

// Collector gives an entry per record. Names of fields compare without case.
type Collector struct{ cfg Config }

var _ source.Collector = (*Collector)(nil)

// New checks a configuration; the file is opened by Collect.
func New(cfg Config) (*Collector, error) {
	if cfg.File == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "no file: say which CSV file to read")
	}
	if cfg.Separator != "" && !Valid(cfg.Separator) {
		return nil, rollcall.Errorf(rollcall.Invalid, "the separator is one character such as ; or a tab, not %q", cfg.Separator)
	}
	if cfg.Key == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "no key: say which column identifies a record")
	}
	return &Collector{cfg}, nil
}

// Collect implements source.Collector. A record with another number of values
// than the header ends the load: what was read is not whole.
func (c *Collector) Collect(ctx context.Context, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
	f, err := os.Open(c.cfg.File)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.NotFound, "open the CSV file: %w", err)
	}
	defer f.Close()
	dialect := Dialect{Encoding: c.cfg.Encoding}
	if c.cfg.Separator != "" {
		dialect.Separator = c.cfg.Separator[0]
	}
	r, err := NewReader(f, dialect)
	if err != nil {
		return nil, err
	}
	return nil, c.read(ctx, r, emit)
}

func (c *Collector) read(ctx context.Context, r *Reader, emit func(*rollcall.Entry) error) error {
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return rollcall.Errorf(rollcall.Invalid, "the CSV file %s is empty: not even its header is there", c.cfg.File)
	}
	if err != nil {
		return err
	}
	width, places := len(header), make([]int, len(c.cfg.Fields))
	find := func(name string) int {
		for i, h := range header {
			if strings.EqualFold(string(h), name) {
				return i
			}
		}
		return -1
	}
	key := find(c.cfg.Key)
	if key < 0 {
		return rollcall.Errorf(rollcall.Invalid, "the CSV file %s has no column %q, which is to identify its records", c.cfg.File, c.cfg.Key)
	}
	for i, name := range c.cfg.Fields {
		if places[i] = find(name); places[i] < 0 && name != rollcall.FieldDN {
			return rollcall.Errorf(rollcall.Invalid, "the CSV file %s has no column %q, which a rule reads", c.cfg.File, name)
		}
	}
	e := rollcall.Entry{Fields: c.cfg.Fields, Values: make([][][]byte, len(places))}
	cells := make([][1][]byte, len(places))
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if r.IsBlank() {
			continue
		}
		if len(record) != width {
			return rollcall.Errorf(rollcall.Invalid, "record %d of the CSV file %s has %d values, its header %d", r.Records(), c.cfg.File, len(record), width)
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
