// Package report renders plans, runs and their like as text, JSON and CSV. It
// decides nothing and reads nothing: the caller hands it values and a writer.
//
// Text is for people: values are shown with their control characters escaped
// (see Printable), so that no directory can move a cursor. JSON and CSV are for
// programs and carry values as they are.
package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Format is how something is written.
type Format string

// The formats.
const (
	Text Format = "text"
	JSON Format = "json"
	CSV  Format = "csv"
)

// Options say how to write. The zero value is plain text with times in UTC.
type Options struct {
	Format   Format
	Color    bool           // of text
	Terminal bool           // CSV goes to a terminal: its control characters are escaped too
	Zone     *time.Location // of the times in text
	Verbose  bool           // of a plan's text: what was only missed or renamed as well
}

// style is a colour of the terminal.
type style string

const (
	plain  style = ""
	green  style = "32"
	yellow style = "33"
	red    style = "31"
	dim    style = "2"
	bold   style = "1"
)

// paint colours a text where colours are wanted.
func (o Options) paint(s style, text string) string {
	if !o.Color || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// when writes a time as people read it, nothing for the zero time.
func (o Options) when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	zone := o.Zone
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format(time.DateTime)
}

// Printable returns a text that a terminal shows as it is: control characters,
// line ends among them, bytes that are not UTF-8 and characters that turn the
// direction of writing are written as escapes.
func Printable(s string) string {
	clean := true
	for i := 0; i < len(s) && clean; i++ {
		clean = s[i] >= ' ' && s[i] < 0x7f
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				fmt.Fprintf(&b, `\x%02x`, s[i])
				continue
			}
		}
		if hidden(r) {
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// hidden reports whether a character acts on a terminal instead of being seen.
func hidden(r rune) bool {
	switch {
	case unicode.IsControl(r), r == '\u2028', r == '\u2029', r == '\ufeff':
		return true
	case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r == '\u200e', r == '\u200f':
		return true
	}
	return false
}

// short returns a printable text of at most so many characters.
func short(s string, most int) string {
	s = Printable(s)
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}

// writer gathers the first error, so that a page of output needs one check.
type writer struct {
	w   io.Writer
	err error
}

func (w *writer) printf(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.w, format, args...)
	}
}

// WriteJSON writes one value, indented, with what acts on a terminal escaped.
func WriteJSON(w io.Writer, v any) error {
	text, err := toJSON(v, "  ")
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, text+"\n"); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// toJSON returns a value as JSON. What acts on a terminal is escaped, which
// means the same to whoever reads it.
func toJSON(v any, indent string) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return "", fmt.Errorf("write JSON: %w", err)
	}
	text := strings.TrimSuffix(b.String(), "\n")
	acts := func(r rune) bool { return r != '\n' && hidden(r) }
	if strings.IndexFunc(text, acts) < 0 {
		return text, nil
	}
	var safe strings.Builder
	for _, r := range text {
		if acts(r) {
			fmt.Fprintf(&safe, `\u%04x`, r)
			continue
		}
		safe.WriteRune(r)
	}
	return safe.String(), nil
}

// csvWriter writes rows of CSV (RFC 4180).
type csvWriter struct {
	*csv.Writer
	escape bool
}

func newCSV(w io.Writer, o Options) *csvWriter { return &csvWriter{csv.NewWriter(w), o.Terminal} }

// row writes one row. Its error comes with flush.
func (w *csvWriter) row(cells ...string) {
	if w.escape {
		for i := range cells {
			cells[i] = Printable(cells[i])
		}
	}
	_ = w.Write(cells) // kept by the writer until flush
}

func (w *csvWriter) flush() error {
	w.Flush()
	if err := w.Error(); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	return nil
}

// counted writes a number with its noun: "1 error", "2 errors".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
