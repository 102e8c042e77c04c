package csvfile

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"rollcall/internal/rollcall"
)

// Dialect says how a file is written.
type Dialect struct {
	Separator byte   // ; when 0
	Encoding  string // an IANA name; UTF-8 when empty
}

// maxRecord bounds one record: a quote that nobody closes would take the rest of
// the file for a single value.
const maxRecord = 64 << 20

// Reader reads records as PHP's fgetcsv does, which is what the files of iTop's
// collectors are written for: quotes may be doubled or stand behind a backslash,
// quoted values may run over several lines, blanks before an opening quote are
// lost, text behind a closing quote is kept.
type Reader struct {
	r         *bufio.Reader
	separator byte
	encoding  string
	records   int
	line      []byte // the record
	text      []byte // of quoted values
	fields    [][]byte
	started   bool
	blank     bool
	ended     bool // the last line has its end
	open      bool // the last quote is not closed
}

// NewReader returns a reader of r. A byte order mark is left out.
func NewReader(r io.Reader, d Dialect) (*Reader, error) {
	c := &Reader{separator: d.Separator, encoding: d.Encoding}
	if c.separator == 0 {
		c.separator = ';'
	}
	decoder, err := decoderOf(d.Encoding)
	if err != nil {
		return nil, err
	}
	c.r = bufio.NewReaderSize(transform.NewReader(r, decoder), 64<<10)
	return c, nil
}

// decoderOf returns what turns an encoding into UTF-8. Text that claims to be
// UTF-8 and is not ends the read.
func decoderOf(name string) (transform.Transformer, error) {
	base, _, _ := strings.Cut(name, "//") // iconv's //TRANSLIT and //IGNORE
	if base == "" || strings.EqualFold(base, "UTF-8") || strings.EqualFold(base, "UTF8") {
		return encoding.UTF8Validator, nil
	}
	enc, err := ianaindex.IANA.Encoding(base)
	if err != nil || enc == nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "the encoding %q is not known: write UTF-8, ISO-8859-15 or Windows-1252, for example", name)
	}
	return unicode.BOMOverride(enc.NewDecoder()), nil
}

// Records returns how many records were read so far.
func (c *Reader) Records() int { return c.records }

// Read returns the values of the next record, which hold until the next call; a
// blank line is a record of one empty value. The error is io.EOF at the end.
func (c *Reader) Read() ([][]byte, error) {
	if !c.started {
		c.started = true
		if mark, err := c.r.Peek(3); err == nil && string(mark) == "\ufeff" {
			_, _ = c.r.Discard(3)
		}
	}
	c.line = c.line[:0]
	if err := c.more(); err != nil {
		return nil, err
	}
	c.records++
	return c.split()
}

// IsBlank reports whether the last record was an empty line.
func (c *Reader) IsBlank() bool { return c.blank }

// EndsLine reports whether the last line that was read ends as lines do.
func (c *Reader) EndsLine() bool { return c.ended }

// IsOpen reports whether the text ended within quotes, which PHP takes for the
// end of the value.
func (c *Reader) IsOpen() bool { return c.open }

// more appends the next line, with its end, to the record.
func (c *Reader) more() error {
	before := len(c.line)
	for {
		piece, err := c.r.ReadSlice('\n')
		c.line = append(c.line, piece...)
		if len(c.line) > maxRecord {
			return rollcall.Errorf(rollcall.Invalid, "record %d is larger than %d MiB: is a quote open?", c.records+1, maxRecord>>20)
		}
		if len(piece) > 0 {
			c.ended = err == nil
		}
		switch {
		case err == nil:
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(c.line) > before:
			return nil
		case errors.Is(err, encoding.ErrInvalidUTF8):
			return rollcall.Errorf(rollcall.Invalid, "record %d is not encoded in UTF-8: set the encoding in which the file is written", c.records+1)
		default:
			return err
		}
	}
}

// split cuts the record into its values, reading on where a quoted value goes
// over the end of the line.
func (c *Reader) split() ([][]byte, error) {
	c.fields, c.text = c.fields[:0], c.text[:0]
	c.blank = len(withoutEnd(c.line)) == 0
	for at := 0; ; {
		start := at
		for start < len(c.line) && c.line[start] != c.separator && isSpace(c.line[start]) {
			start++
		}
		var last bool
		var err error
		if start < len(c.line) && c.line[start] == '"' {
			at, last, err = c.quoted(start + 1)
		} else {
			at, last = c.plain(at)
		}
		if err != nil || last {
			return c.fields, err
		}
	}
}

// plain reads a value without quotes.
func (c *Reader) plain(at int) (next int, last bool) {
	rest := c.line[at:]
	if end := bytes.IndexByte(rest, c.separator); end >= 0 {
		c.fields = append(c.fields, rest[:end])
		return at + end + 1, false
	}
	c.fields = append(c.fields, withoutEnd(rest))
	return len(c.line), true
}

// quoted reads a value from behind its opening quote.
func (c *Reader) quoted(at int) (next int, last bool, err error) {
	from := len(c.text)
	for {
		if at >= len(c.line) {
			if err := c.more(); errors.Is(err, io.EOF) {
				// PHP takes an open quote at the end of the file for closed.
				c.open = true
				c.fields = append(c.fields, withoutEnd(c.text[from:]))
				return at, true, nil
			} else if err != nil {
				return at, true, err
			}
		}
		b := c.line[at]
		switch {
		case b == '\\' && at+1 < len(c.line):
			c.text = append(c.text, b, c.line[at+1])
			at += 2
			continue
		case b == '"' && at+1 < len(c.line) && c.line[at+1] == '"':
			c.text = append(c.text, b)
			at += 2
			continue
		case b == '"':
			return c.behind(at+1, from)
		}
		c.text = append(c.text, b)
		at++
	}
}

// behind keeps what follows a closing quote up to the separator.
func (c *Reader) behind(at, from int) (next int, last bool, err error) {
	rest := c.line[at:]
	end := bytes.IndexByte(rest, c.separator)
	last = end < 0
	if last {
		rest, next = withoutEnd(rest), len(c.line)
	} else {
		rest, next = rest[:end], at+end+1
	}
	c.text = append(c.text, rest...)
	c.fields = append(c.fields, c.text[from:len(c.text):len(c.text)])
	return next, last, nil
}

func withoutEnd(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}

func isSpace(b byte) bool {
	return b == ' ' || b == '\t' || b == '\v' || b == '\f' || b == '\r' || b == '\n'
}

// Valid reports whether a separator is one byte that can be told from text.
func Valid(separator string) bool {
	return len(separator) == 1 && separator[0] < utf8.RuneSelf && separator != `"` && separator != "\n" && separator != "\r"
}
