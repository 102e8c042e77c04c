package synchro

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"rollcall/internal/itop/wire"
	"rollcall/internal/rollcall"
)

// null is the cell that says "no value": the attribute is left alone.
const null = "<NULL>"

// columns are the header of a file, matched with the data table. A name that
// comes twice counts where it comes last.
type columns struct {
	names     []string // as in the header
	width     int
	key       int
	data      []rollcall.DataColumn
	at        []int // beside data: the cell of a row
	full      *wire.DateFormat
	day       *wire.DateFormat
	dateTimes []string
	datesOnly []string
	formats   []format
	cells     rollcall.Row
}

// format is the column that says what the one of a formatted text holds: plain
// text or HTML. Both are positions in data.
type format struct{ of, by int }

// newColumns checks a header. Names compare exactly.
func newColumns(class *rollcall.Class, header []string, dates *wire.DateFormat) (*columns, error) {
	known := map[string]rollcall.DataColumn{}
	for _, c := range rollcall.DataColumns(class) {
		known[c.Name] = c
	}
	c := &columns{width: len(header), key: -1, full: dates, day: dates.DateOnly()}
	position := map[string]int{}
	for n, name := range header {
		c.names = append(c.names, name)
		if name == rollcall.KeyColumn {
			c.key = n
			continue
		}
		column, ok := known[name]
		if !ok {
			return nil, rollcall.Errorf(rollcall.Invalid, "Unknown column '%s' (class: '%s')", shortened(name), class.Name)
		}
		if at, twice := position[name]; twice {
			c.at[at] = n
			continue
		}
		position[name] = len(c.data)
		c.data = append(c.data, column)
		c.at = append(c.at, n)
		switch column.Attribute.Type {
		case rollcall.TypeDate:
			c.datesOnly = append(c.datesOnly, name)
		case rollcall.TypeDateTime:
			c.dateTimes = append(c.dateTimes, name)
		}
	}
	if c.key < 0 {
		return nil, rollcall.Errorf(rollcall.Invalid, "Missing reconciliation column '%s'", rollcall.KeyColumn)
	}
	c.cells = make(rollcall.Row, len(c.data))
	for by, column := range c.data {
		if column.Attribute.Type == rollcall.TypeHTML && column.Part > 0 {
			if of, there := position[column.Attribute.Code]; there {
				c.formats = append(c.formats, format{of, by})
			}
		}
	}
	return c, nil
}

// row reads the cells of one row. Notes tell of cells that are passed over; the
// error says why the row cannot be taken. The row's cells are lent.
func (c *columns) row(cells []string) (row rollcall.FedRow, notes []string, err error) {
	if c.key < len(cells) {
		row.Key = cells[c.key]
	}
	switch {
	case len(cells) > c.width:
		return row, nil, rollcall.Errorf(rollcall.Invalid, "the row has %d cells and the header has %d columns", len(cells), c.width)
	case c.key >= len(cells) || row.Key == null:
		return row, nil, rollcall.Errorf(rollcall.Invalid, "the row has no %s", rollcall.KeyColumn)
	case utf8.RuneCountInString(row.Key) > 255:
		return row, nil, tooLong(rollcall.KeyColumn, row.Key, 255)
	}
	if err := plainText(rollcall.KeyColumn, row.Key); err != nil {
		return row, nil, err
	}
	row.Cells = c.cells
	row.Partial = len(cells) < c.width
	for n, column := range c.data {
		at := c.at[n]
		if at >= len(cells) {
			row.Cells[n] = rollcall.Cell{}
			row.Skip = append(row.Skip, n)
			continue
		}
		cell, note, err := c.cell(column, at, cells[at])
		if err != nil {
			return row, nil, err
		}
		if note != "" {
			notes = append(notes, note)
			row.Skip = append(row.Skip, n)
		}
		row.Cells[n] = cell
	}
	for _, f := range c.formats { // what is kept is HTML, whatever came
		if by, of := &row.Cells[f.by], &row.Cells[f.of]; by.Text == rollcall.FormatText {
			by.Text = rollcall.FormatHTML
			if of.Text != "" {
				of.Text = wire.Markup(of.Text)
			}
		}
	}
	return row, notes, nil
}

// cell reads one cell. A date of another form than agreed is passed over with a
// note: a new row gets the empty text, a known one keeps what it has (iTop
// 3.2.0).
func (c *columns) cell(column rollcall.DataColumn, at int, text string) (cell rollcall.Cell, note string, err error) {
	a := column.Attribute
	switch {
	case text != "" && a.Type == rollcall.TypeDate:
		return date(c.day, rollcall.DateLayout, "DATE", at, text)
	case text != "" && a.Type == rollcall.TypeDateTime:
		return date(c.full, rollcall.DateTimeLayout, "DATETIME", at, text)
	case text == null:
		return rollcall.Cell{}, "", nil
	case a.Type == rollcall.TypeImage && column.Part == 0:
		raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
		if err != nil {
			return cell, "", rollcall.Errorf(rollcall.Invalid, "column '%s' is not encoded in base64", column.Name)
		}
		return rollcall.Cell{Text: string(raw), Set: true}, "", nil
	}
	if err := plainText(column.Name, text); err != nil {
		return cell, "", err
	}
	switch formats := []string{rollcall.FormatText, rollcall.FormatHTML, ""}; {
	case column.Part == 0:
		if err := fits(a, column.Name, text); err != nil {
			return cell, "", err
		}
	case a.Type == rollcall.TypeHTML && !slices.Contains(formats, text):
		return cell, "", rollcall.Errorf(rollcall.Invalid, "'%s' is none of the values of column '%s' (text, html)", shortened(text), column.Name)
	}
	return rollcall.Cell{Text: text, Set: true}, "", nil
}

func date(format *wire.DateFormat, layout, kind string, at int, text string) (cell rollcall.Cell, note string, err error) {
	t, ok := format.Parse(text)
	if !ok || t.Year() < 0 || t.Year() > 9999 {
		return rollcall.Cell{Set: true}, fmt.Sprintf("Wrong format for %s column %d: '%s' does not match the expected format: '%s' (column skipped)",
			kind, at, shortened(text), format), nil
	}
	return rollcall.Cell{Text: t.Format(layout), Set: true}, "", nil
}

// plainText refuses what no database keeps as text.
func plainText(column, text string) error {
	switch {
	case strings.IndexByte(text, 0) >= 0:
		return rollcall.Errorf(rollcall.Invalid, "column '%s' holds a NUL byte", column)
	case !utf8.ValidString(text):
		return rollcall.Errorf(rollcall.Invalid, "column '%s' holds bytes that are no text in UTF-8: is the charset right?", column)
	}
	return nil
}

// The widths of iTop's columns: in characters, and for long texts in bytes.
const (
	shortText = 255
	urlText   = 2048
	longText  = 65535
)

// fits refuses what the column of iTop's data table would refuse: a client that
// relies on the refusal gets it here too.
func fits(a *rollcall.Attribute, column, text string) error {
	switch a.Type {
	case rollcall.TypeEnum:
		if !isAmong(a.Values, text) {
			return rollcall.Errorf(rollcall.Invalid, "'%s' is none of the values of column '%s' (%s)", shortened(text), column, strings.Join(a.Values, ", "))
		}
	case rollcall.TypeInteger, rollcall.TypeDuration, rollcall.TypeBoolean, rollcall.TypeDecimal:
		if !isNumber(strings.TrimSpace(text)) {
			return rollcall.Errorf(rollcall.Invalid, "'%s' is no number, and column '%s' takes nothing else: %s leaves it alone", shortened(text), column, null)
		}
	case rollcall.TypeURL:
		return within(column, text, urlText)
	case rollcall.TypeText, rollcall.TypeLinks:
		if len(text) > longText {
			return rollcall.Errorf(rollcall.Invalid, "the value of column '%s' has %d bytes, and %d is the most", column, len(text), longText)
		}
	case rollcall.TypeHTML, rollcall.TypeLog, rollcall.TypeData:
	default:
		return within(column, text, shortText)
	}
	return nil
}

func within(column, text string, most int) error {
	if len(text) > most && utf8.RuneCountInString(text) > most {
		return tooLong(column, text, most)
	}
	return nil
}

func tooLong(column, text string, most int) error {
	return rollcall.Errorf(rollcall.Invalid, "the value of column '%s' has %d characters, and %d is the most", column, utf8.RuneCountInString(text), most)
}

// isAmong compares as iTop's column does: without case and trailing blanks.
func isAmong(values []string, text string) bool {
	text = strings.TrimRight(text, " ")
	for _, v := range values {
		if v == text || strings.EqualFold(v, text) {
			return true
		}
	}
	return len(values) == 0
}

// isNumber reports whether a text is a number such as -12.50.
func isNumber(text string) bool {
	text = strings.TrimLeft(text, "+-")
	whole, fraction, _ := strings.Cut(text, ".")
	digits := whole + fraction
	return digits != "" && strings.Trim(digits, "0123456789") == ""
}
