// Package sheet writes and reads workbooks of one sheet (XLSX), row by row. It
// knows texts and numbers, and sees to it that no text is ever taken for a
// formula.
package sheet

import (
	"fmt"
	"io"
	"strconv"

	"github.com/xuri/excelize/v2"

	"rollcall/internal/rollcall"
)

// name of the one sheet.
const name = "Sheet1"

// Cell is one cell to be written.
type Cell struct {
	Text   string
	Number bool // Text is a number and should be one in the sheet
}

// Writer writes rows. What does not fit in memory waits in a temporary file of
// the library, since a workbook's parts are known only at its end.
type Writer struct {
	out    io.Writer
	file   *excelize.File
	stream *excelize.StreamWriter
	quoted int // the style of texts that look like formulas
	rows   int
	values []any
}

// maxRows is what a sheet holds.
const maxRows = excelize.TotalRows

// NewWriter returns a writer of a workbook; nothing reaches w before Close.
func NewWriter(w io.Writer) (*Writer, error) {
	f := excelize.NewFile()
	quoted, err := f.NewStyle(&excelize.Style{NumFmt: 49}) // 49: text
	if err != nil {
		return nil, fmt.Errorf("begin a workbook: %w", err)
	}
	yes := true
	f.Styles.CellXfs.Xf[quoted].QuotePrefix = &yes
	stream, err := f.NewStreamWriter(name)
	if err != nil {
		return nil, fmt.Errorf("begin a workbook: %w", err)
	}
	return &Writer{out: w, file: f, stream: stream, quoted: quoted}, nil
}

// IsFormula reports whether a spreadsheet program could take a text for one.
// Every cell is written as text, so it is none here; but what is typed anew or
// saved as CSV by that program loses its type, and keeps the style.
func IsFormula(text string) bool {
	if text == "" {
		return false
	}
	switch text[0] {
	case '=', '+', '-', '@', '\t', '\r':
		return true
	}
	return false
}

// Row writes the next row.
func (w *Writer) Row(cells []Cell) error {
	if w.rows++; w.rows > maxRows {
		return rollcall.Errorf(rollcall.Invalid, "a sheet holds no more than %d rows: export CSV, or narrow the query", maxRows)
	}
	w.values = w.values[:0]
	for _, c := range cells {
		w.values = append(w.values, w.value(c))
	}
	if err := w.stream.SetRow("A"+strconv.Itoa(w.rows), w.values); err != nil {
		return fmt.Errorf("write row %d of the sheet: %w", w.rows, err)
	}
	return nil
}

// exact is up to where a sheet's numbers, which are floats, are whole numbers.
const exact = 1 << 53

func (w *Writer) value(c Cell) any {
	if c.Number {
		if n, err := strconv.ParseInt(c.Text, 10, 64); err == nil && -exact < n && n < exact {
			return n
		}
		if f, err := strconv.ParseFloat(c.Text, 64); err == nil {
			return f
		}
	}
	if IsFormula(c.Text) {
		return excelize.Cell{StyleID: w.quoted, Value: c.Text}
	}
	return c.Text
}

// Close finishes the workbook and writes it.
func (w *Writer) Close() error {
	if err := w.stream.Flush(); err != nil {
		return fmt.Errorf("finish the sheet: %w", err)
	}
	if _, err := w.file.WriteTo(w.out); err != nil {
		return fmt.Errorf("write the workbook: %w", err)
	}
	if err := w.file.Close(); err != nil {
		return fmt.Errorf("close the workbook: %w", err)
	}
	return nil
}

// The most that a workbook to be read may unpack to: a few kilobytes of zip can
// hold gigabytes of nothing.
const (
	maxUnpacked = 1 << 30
	maxPart     = 64 << 20
)

// Read yields the rows of a file's first sheet, as texts. A row is lent until
// yield returns.
func Read(path string, yield func(row []string) error) (err error) {
	f, err := excelize.OpenFile(path, excelize.Options{RawCellValue: true, UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxPart})
	if err != nil {
		return rollcall.Errorf(rollcall.Invalid, "%s cannot be read as a workbook: %w", path, err)
	}
	defer func() {
		if e := f.Close(); err == nil && e != nil {
			err = fmt.Errorf("close %s: %w", path, e)
		}
	}()
	sheets := f.GetSheetList()
	if len(sheets) == 0 {
		return rollcall.Errorf(rollcall.Invalid, "%s has no sheet", path)
	}
	rows, err := f.Rows(sheets[0])
	if err != nil {
		return rollcall.Errorf(rollcall.Invalid, "%s: read sheet %s: %w", path, sheets[0], err)
	}
	for rows.Next() {
		row, err := rows.Columns()
		if err != nil {
			return rollcall.Errorf(rollcall.Invalid, "%s: read sheet %s: %w", path, sheets[0], err)
		}
		if err := yield(row); err != nil {
			return err
		}
	}
	if err := rows.Error(); err != nil {
		return rollcall.Errorf(rollcall.Invalid, "%s: read sheet %s: %w", path, sheets[0], err)
	}
	return rows.Close()
}
