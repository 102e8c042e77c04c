package transfer

import (
	"io"

	"rollcall/internal/rollcall"
	"rollcall/internal/sheet"
)

// sheetTable writes a workbook of one sheet.
type sheetTable struct {
	to      io.Writer
	sheet   *sheet.Writer
	look    look
	columns []column
	cells   []sheet.Cell
}

func (t *sheetTable) begin(labels []string) (err error) {
	if t.sheet, err = sheet.NewWriter(t.to); err != nil {
		return err
	}
	for _, label := range labels {
		t.cells = append(t.cells, sheet.Cell{Text: label})
	}
	return t.sheet.Row(t.cells)
}

func (t *sheetTable) row(_ []rollcall.Object, cells []string) error {
	for i, cell := range cells {
		s := t.columns[i].shape
		t.cells[i] = sheet.Cell{Text: t.look.show(s, cell), Number: s.isNumber() && t.columns[i].set == nil}
	}
	return t.sheet.Row(t.cells)
}

func (t *sheetTable) end() error { return t.sheet.Close() }
