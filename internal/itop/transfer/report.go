package transfer

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
)

// report is the answer of import.php. What it says of rows stands behind totals
// that are known only at the end, so the rows wait: in memory, and past a size
// in a file.
type report struct {
	head    bytes.Buffer
	output  string
	retcode bool // the number of issues is all that is said
	issues  int
	done    bool // all rows were seen
	rows    bytes.Buffer
	file    *os.File // of rows that did not fit in memory
	written int64    // to file
}

// keepRows is how many bytes of rows stay in memory.
const keepRows = 1 << 20

// line writes a comment line.
func (r *report) line(format string, args ...any) {
	if r.retcode {
		return
	}
	r.head.WriteByte('#')
	fmt.Fprintf(&r.head, format, args...)
	r.head.WriteByte('\n')
}

// row writes a line of the table.
func (r *report) row(text string) error {
	r.rows.WriteString(text)
	r.rows.WriteByte('\n')
	if r.rows.Len() < keepRows {
		return nil
	}
	return r.spill()
}

// spill moves the rows to the file.
func (r *report) spill() error {
	if r.file == nil {
		f, err := os.CreateTemp("", "rollcall-import-*")
		if err != nil {
			return fmt.Errorf("keep the report: %w", err)
		}
		// Unlinked at once: nothing of it is left whatever happens.
		if err := os.Remove(f.Name()); err != nil {
			return errors.Join(fmt.Errorf("keep the report: %w", err), f.Close())
		}
		r.file = f
	}
	n, err := r.rows.WriteTo(r.file)
	r.written += n
	if err != nil {
		return fmt.Errorf("keep the report: %w", err)
	}
	return nil
}

// drop forgets the rows: what they told did not happen.
func (r *report) drop() {
	r.rows.Reset()
	r.close()
	r.retcode = r.retcode && r.done
}

func (r *report) close() {
	if r.file != nil {
		_ = r.file.Close() // it is unlinked already
		r.file, r.written = nil, 0
	}
}

// send writes the report: trimmed, with one line end.
func (r *report) send(w http.ResponseWriter, commandLine bool) error {
	if r.retcode {
		r.head.Reset()
		r.head.WriteString(strconv.Itoa(r.issues))
	}
	head := bytes.TrimSpace(r.head.Bytes())
	tail := bytes.TrimRight(r.rows.Bytes(), "\n")
	parts := []io.Reader{bytes.NewReader(head), bytes.NewReader([]byte{'\n'})}
	size := int64(len(head)) + 1
	if r.written > 0 {
		parts = append(parts, io.NewSectionReader(r.file, 0, r.written))
		size += r.written
	}
	if len(tail) > 0 {
		parts = append(parts, bytes.NewReader(tail), bytes.NewReader([]byte{'\n'}))
		size += int64(len(tail)) + 1
	}
	if !commandLine {
		h := w.Header()
		noCache(h)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("Content-Length", strconv.FormatInt(size, 10))
	}
	_, err := io.Copy(w, io.MultiReader(parts...))
	return err
}

// csvCell is a value as the report shows it: a text in qualifiers.
func csvCell(l *look, s shape, isSet bool, value string) string {
	text := l.show(s, value)
	if s.isBare(text) && !isSet {
		return text
	}
	return `"` + strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), `"`, `""`) + `"`
}
