package wire

import (
	"bufio"
	"errors"
	"io"
	"strings"

	"rollcall/internal/rollcall"
)

// The most that one CSV row may hold. No iTop class comes near either; a file
// past them is no table, and reading on would only fill memory.
const (
	MaxRowBytes = 16 << 20
	MaxRowCells = 10_000
)

// CSV reads rows as iTop 3.2.0 does: byte by byte, with a separator of one byte
// and a qualifier of one byte or none. Unqualified cells are trimmed; qualified
// ones keep their blanks and may span lines; a doubled qualifier inside one is
// the qualifier itself. \r\n is \n, a lone \r is data.
type CSV struct {
	in        *bufio.Reader
	separator byte
	qualifier byte
	qualified bool // there is a qualifier
	ended     bool
	cells     []byte // of the row at hand, without separators
	ends      []int  // where each cell ends in cells
	row       []string
}

// NewCSV returns a reader of rows. An empty qualifier means none.
func NewCSV(r io.Reader, separator, qualifier string) *CSV {
	c := &CSV{in: bufio.NewReaderSize(r, 64<<10)}
	if separator != "" {
		c.separator = separator[0]
	}
	if qualifier != "" {
		c.qualifier, c.qualified = qualifier[0], true
	}
	return c
}

// The states of the reader, named as in the description of the format.
type csvState uint8

const (
	csvStart csvState = iota // the beginning of a cell
	csvRaw
	csvQualified
	csvEscaped // just after a qualifier inside a qualified cell
)

// Blank reports whether a row is a blank line: one empty cell.
func Blank(row []string) bool { return len(row) == 1 && row[0] == "" }

// Next returns the next row that is not blank, io.EOF after the last. The slice
// is lent until the next call, its texts are not.
func (c *CSV) Next() ([]string, error) {
	for {
		row, err := c.Read()
		if err != nil || !Blank(row) {
			return row, err
		}
	}
}

// Read returns the next row, blank or not, io.EOF after the last. The slice is
// lent until the next call, its texts are not.
func (c *CSV) Read() ([]string, error) {
	if c.ended {
		return nil, io.EOF
	}
	c.cells, c.ends = c.cells[:0], c.ends[:0]
	state, start := csvStart, 0
	for {
		b, err := c.byte()
		if err == io.EOF { //nolint:errorlint // the reader's own end, never wrapped
			c.ended = true
			c.end(state, start)
			return c.finish(), nil
		}
		if err != nil {
			return nil, err
		}
		if len(c.cells) > MaxRowBytes {
			return nil, rollcall.Errorf(rollcall.Invalid, "a CSV row is longer than %d MiB: is the separator or the qualifier wrong?", MaxRowBytes>>20)
		}
		done := false
		if state, start, done = c.step(state, start, b); done {
			return c.finish(), nil
		}
		if len(c.ends) > MaxRowCells {
			return nil, rollcall.Errorf(rollcall.Invalid, "a CSV row has more than %d cells", MaxRowCells)
		}
	}
}

// step takes one byte. start is where the cell at hand begins.
func (c *CSV) step(state csvState, start int, b byte) (next csvState, begin int, rowDone bool) {
	if state == csvQualified {
		if b == c.qualifier {
			return csvEscaped, start, false
		}
		c.cells = append(c.cells, b)
		return state, start, false
	}
	switch {
	case b == c.separator:
		c.end(state, start)
		return csvStart, len(c.cells), false
	case b == '\n':
		c.end(state, start)
		return csvStart, 0, true
	case c.qualified && b == c.qualifier && state != csvRaw:
		if state == csvEscaped {
			c.cells = append(c.cells, b)
		}
		return csvQualified, start, false
	case (b == ' ' || b == '\t') && state != csvRaw:
		return state, start, false
	}
	c.cells = append(c.cells, b)
	if state == csvEscaped {
		return csvStart, start, false
	}
	return csvRaw, start, false
}

// end closes the cell that begins at start.
func (c *CSV) end(state csvState, start int) {
	if state == csvRaw {
		n := len(c.cells)
		for n > start && strings.IndexByte(" \t\n\r\x00\x0b", c.cells[n-1]) >= 0 {
			n--
		}
		c.cells = c.cells[:n]
	}
	c.ends = append(c.ends, len(c.cells))
}

// finish makes the texts of a row, all of them out of one allocation.
func (c *CSV) finish() []string {
	text := string(c.cells)
	c.row = c.row[:0]
	start := 0
	for _, end := range c.ends {
		c.row = append(c.row, text[start:end])
		start = end
	}
	return c.row
}

// byte returns the next byte, with \r\n as \n.
func (c *CSV) byte() (byte, error) {
	b, err := c.in.ReadByte()
	if err != nil || b != '\r' {
		return b, err
	}
	next, err := c.in.Peek(1)
	if err == nil && next[0] == '\n' {
		return c.in.ReadByte()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	return b, nil
}

// Separator reads the parameter of a separator: one byte, or the word tab.
func Separator(text string) string {
	if strings.EqualFold(text, "tab") {
		return "\t"
	}
	return text
}
