package transfer

import (
	"bufio"
	"strings"

	"rollcall/internal/rollcall"
)

// csvTable writes CSV as iTop 3.2.0 does: texts in qualifiers, numbers and keys
// without, \n at the end of lines. Formulas stay as they are: a client that
// reads this is no spreadsheet.
type csvTable struct {
	out       *bufio.Writer
	look      look
	columns   []column
	separator string
	qualifier string
	bareHead  bool // the labels stand without qualifiers (export.php)
}

func (t *csvTable) begin(labels []string) error {
	for i, label := range labels {
		if i > 0 {
			t.text(t.separator)
		}
		if t.bareHead {
			t.text(label)
			continue
		}
		t.qualified(label)
	}
	return t.out.WriteByte('\n')
}

func (t *csvTable) row(_ []rollcall.Object, cells []string) error {
	for i, cell := range cells {
		if i > 0 {
			t.text(t.separator)
		}
		s := t.columns[i].shape
		text := t.look.show(s, cell)
		if s.isBare(text) && t.columns[i].set == nil {
			t.text(text)
			continue
		}
		t.qualified(text)
	}
	return t.out.WriteByte('\n')
}

func (t *csvTable) end() error { return t.out.Flush() }

// text writes a text as it is. A bufio.Writer keeps its first error, which the
// end of the row or Flush tells.
func (t *csvTable) text(s string) { _, _ = t.out.WriteString(s) }

// qualified writes a text in qualifiers.
func (t *csvTable) qualified(s string) {
	if t.qualifier == "" {
		t.text(s)
		return
	}
	if strings.Contains(s, "\r\n") {
		s = strings.ReplaceAll(s, "\r\n", "\n")
	}
	if strings.Contains(s, t.qualifier) {
		s = strings.ReplaceAll(s, t.qualifier, t.qualifier+t.qualifier)
	}
	t.text(t.qualifier)
	t.text(s)
	t.text(t.qualifier)
}
