package synchro

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

// report gathers the lines of an answer. It is sent when all is done, so that no
// transaction waits for a slow client; what does not fit into memory goes to an
// unlinked file.
type report struct {
	isHTML bool
	memory bytes.Buffer
	file   *os.File
	size   int64
	last   byte // of what was written
	err    error
}

// mostInMemory is how much of a report stays in memory.
const mostInMemory = 1 << 20

// comment writes a line that begins with #. Its text is not HTML.
func (r *report) comment(text string) {
	if r.isHTML {
		r.piece("#" + escape(text) + "<br/>")
		return
	}
	r.piece("#" + text)
}

// paragraph writes a text that a page shows as one.
func (r *report) paragraph(text string) {
	if r.isHTML {
		r.piece("<p>" + escape(text) + "</p>")
		return
	}
	r.piece(text)
}

// plain writes a line as it is.
func (r *report) plain(text string) {
	if r.isHTML {
		text = escape(text)
	}
	r.piece(text)
}

// escape keeps what clients sent from becoming markup, which iTop 3.2.0 does
// not. All else stays as clients know it.
func escape(text string) string { return markup.Replace(text) }

var markup = strings.NewReplacer("<", "&lt;")

// piece puts a line behind the others. In HTML it is indented by two blanks, and
// white space between two tags is left out, as iTop's page does (observed).
func (r *report) piece(text string) {
	switch {
	case r.size == 0:
	case !r.isHTML:
		r.write("\n")
	case r.last == '>' && strings.HasPrefix(text, "<"):
	default:
		r.write("\n  ")
	}
	r.write(text)
}

func (r *report) write(text string) {
	if r.err != nil || text == "" {
		return
	}
	r.size += int64(len(text))
	r.last = text[len(text)-1]
	r.memory.WriteString(text)
	if r.memory.Len() > mostInMemory {
		r.err = r.spill()
	}
}

// spill moves what is in memory to the file.
func (r *report) spill() error {
	if r.file == nil {
		f, err := os.CreateTemp("", "rollcall-report-*")
		if err != nil {
			return fmt.Errorf("make the file of a report (TMPDIR says in which folder): %w", err)
		}
		r.file = f
		if err := os.Remove(f.Name()); err != nil {
			return fmt.Errorf("unlink %s: %w", f.Name(), err)
		}
	}
	_, err := r.memory.WriteTo(r.file)
	return err
}

// send answers a request with the report.
func (r *report) send(w http.ResponseWriter) (err error) {
	if r.file != nil {
		defer func() { err = errors.Join(err, r.file.Close()) }()
	}
	if r.err != nil {
		http.Error(w, "the report could not be kept: see the log of the server", http.StatusInternalServerError)
		return r.err
	}
	end := ""
	if !r.isHTML && r.size > 0 {
		end = "\n"
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=UTF-8")
	header.Set("Cache-Control", "no-store, no-cache, must-revalidate")
	header.Set("Content-Length", strconv.FormatInt(r.size+int64(len(end)), 10))
	if r.file != nil {
		if _, err := r.file.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("read the report: %w", err)
		}
		if _, err := io.Copy(w, r.file); err != nil {
			return fmt.Errorf("send the report: %w", err)
		}
	}
	if _, err := r.memory.WriteTo(w); err != nil {
		return fmt.Errorf("send the report: %w", err)
	}
	if _, err := io.WriteString(w, end); err != nil {
		return fmt.Errorf("send the report: %w", err)
	}
	return nil
}
