// Package inline is the source whose entries stand in the configuration: the
// few objects that must exist before others can refer to them. Its entries take
// the same path as everybody's, so a plan shows them, why explains them and undo
// takes them back.
package inline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// Config is what the configuration says: values by field, by key.
type Config struct {
	Entries map[string]map[string]any // a value or a list of values per field
	Key     string                    // the name under which the key itself can be read
	Fields  []string                  // what to give, as the rules spell it
}

// Collector gives the entries in the order of their keys.
type Collector struct {
	fields  []string
	entries []rollcall.Entry
}

var _ source.Collector = (*Collector)(nil)

// New checks the entries. A field that no entry has is refused, since nothing
// but a spelling mistake explains it.
func New(cfg Config) (*Collector, error) {
	c := &Collector{fields: cfg.Fields}
	known := map[string]bool{strings.ToLower(cfg.Key): true, rollcall.FieldDN: true}
	for _, key := range slices.Sorted(maps.Keys(cfg.Entries)) {
		values := map[string][][]byte{strings.ToLower(cfg.Key): {[]byte(key)}, rollcall.FieldDN: {[]byte(key)}}
		for name, value := range cfg.Entries[key] {
			low := strings.ToLower(name)
			if low == strings.ToLower(cfg.Key) {
				return nil, rollcall.Errorf(rollcall.Invalid, "entry %q: %s is the entry's name in the section and cannot be given again", key, name)
			}
			texts, err := textsOf(value)
			if err != nil {
				return nil, rollcall.Errorf(rollcall.Invalid, "entry %q, field %s: %w", key, name, err)
			}
			known[low], values[low] = true, texts
		}
		e := rollcall.Entry{Key: []byte(key), Name: []byte(key), Fields: cfg.Fields, Values: make([][][]byte, len(cfg.Fields))}
		for i, f := range cfg.Fields {
			e.Values[i] = values[strings.ToLower(f)]
		}
		c.entries = append(c.entries, e)
	}
	if len(c.entries) == 0 {
		return nil, rollcall.Errorf(rollcall.Invalid, "there is no entry: give each a name and its fields, such as {main: {name: Example}}")
	}
	for _, f := range cfg.Fields {
		if !known[strings.ToLower(f)] {
			return nil, rollcall.Errorf(rollcall.Invalid, "no entry has the field %q that a rule reads", f)
		}
	}
	return c, nil
}

// textsOf returns a value of the configuration as an entry has it.
func textsOf(value any) ([][]byte, error) {
	switch v := value.(type) {
	case nil:
		return nil, nil
	case []any:
		var texts [][]byte
		for _, item := range v {
			more, err := textsOf(item)
			if err != nil {
				return nil, err
			}
			texts = append(texts, more...)
		}
		return texts, nil
	case string, bool, int, int64, uint64, float64:
		return [][]byte{fmt.Append(nil, v)}, nil
	}
	return nil, fmt.Errorf("a value is a text, a number or a list of them")
}

// Collect implements source.Collector.
func (c *Collector) Collect(ctx context.Context, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
	for i := range c.entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e := c.entries[i].Clone()
		if err := emit(&e); err != nil {
			return nil, err
		}
	}
	return nil, nil
}
