package report

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"unicode/utf8"
)

// Table writes rows under named columns: aligned as text, as a list of objects
// in JSON. Every row has a cell per column.
func Table(w io.Writer, o Options, columns []string, rows [][]string) error {
	switch o.Format {
	case JSON:
		objects := make([]json.RawMessage, len(rows))
		for i, row := range rows {
			raw, err := orderedObject(columns, row)
			if err != nil {
				return err
			}
			objects[i] = raw
		}
		return WriteJSON(w, objects)
	case CSV:
		c := newCSV(w, o)
		c.row(append([]string(nil), columns...)...)
		for _, row := range rows {
			c.row(append([]string(nil), row...)...)
		}
		return c.flush()
	}
	out := &writer{w: w}
	t := textTable{options: o}
	t.add(bold, columns...)
	for _, row := range rows {
		t.add(plain, row...)
	}
	t.write(out, "")
	return out.err
}

// orderedObject writes an object with its keys in the order of the columns.
func orderedObject(keys, values []string) (json.RawMessage, error) {
	var b bytes.Buffer
	for i, key := range keys {
		k, err := json.Marshal(key)
		if err != nil {
			return nil, err
		}
		v, err := json.Marshal(values[i])
		if err != nil {
			return nil, err
		}
		b.WriteByte("{,"[min(i, 1)])
		b.Write(k)
		b.WriteByte(':')
		b.Write(v)
	}
	if len(keys) == 0 {
		b.WriteByte('{')
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// widest is the most characters that a cell takes before it is shortened.
const widest = 100

// textTable aligns rows. Numbers are set to the right.
type textTable struct {
	options Options
	rows    []textRow
}

type textRow struct {
	style style
	cells []string
}

func (t *textTable) add(s style, cells ...string) {
	row := textRow{style: s, cells: make([]string, len(cells))}
	for i, c := range cells {
		row.cells[i] = short(c, widest)
	}
	t.rows = append(t.rows, row)
}

// write writes the rows, each behind an indent.
func (t *textTable) write(w *writer, indent string) {
	var widths []int
	for _, row := range t.rows {
		for i, c := range row.cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	for _, row := range t.rows {
		var line strings.Builder
		for i, c := range row.cells {
			gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			switch {
			case isNumber(c):
				line.WriteString(gap + c)
			case i == len(row.cells)-1:
				line.WriteString(c)
			default:
				line.WriteString(c + gap)
			}
			if i < len(row.cells)-1 {
				line.WriteString("  ")
			}
		}
		w.printf("%s%s\n", indent, t.options.paint(row.style, strings.TrimRight(line.String(), " ")))
	}
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
