package ldif

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// maxLine bounds one unfolded line: a photo is large, a file without line ends
// is none of LDIF.
const maxLine = 64 << 20

// Record is one entry as written. It is lent until the next.
type Record struct {
	Line   int // at which it begins, from 1
	DN     []byte
	Values []Value
}

// Value is one line of a record.
type Value struct {
	Attribute string // with its options
	Value     []byte
}

// Reader reads the content records of RFC 2849, and what ldapsearch and slapcat
// put around them.
type Reader struct {
	r       *bufio.Reader
	files   bool // < file:///… is read
	line    int
	began   int    // of the line in hand, which may be folded
	text    []byte // of the line in hand
	ended   bool   // the last line has its end
	record  Record
	records int
	search  searchEnd
}

// NewReader returns a reader of r. With files, values may lie in files that the
// text names by a file URL.
func NewReader(r io.Reader, files bool) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, 64<<10), files: files}
}

// Read returns the next record; the error is io.EOF after the last, when the
// text ends as it must.
func (r *Reader) Read() (*Record, error) {
	for {
		switch err := r.next(); {
		case errors.Is(err, io.EOF):
			return nil, r.end()
		case err != nil:
			return nil, err
		case len(r.text) == 0:
			continue
		}
		name, value, err := r.split()
		if err != nil {
			return nil, err
		}
		switch {
		case strings.EqualFold(name, "version"):
			if string(value) != "1" || r.records > 0 {
				return nil, r.errorf("version: %s, where LDIF knows version 1, at the beginning alone", value)
			}
			continue
		case r.search.says(name, value):
			continue
		case !strings.EqualFold(name, "dn"):
			return nil, r.errorf("a record begins with dn:, not with %s:", name)
		}
		r.records++
		r.record = Record{Line: r.began, DN: bytes.Clone(value), Values: r.record.Values[:0]}
		return &r.record, r.values()
	}
}

// Records returns how many records were read so far.
func (r *Reader) Records() int { return r.records }

// values reads the rest of the record in hand, up to an empty line.
func (r *Reader) values() error {
	for {
		err := r.next()
		if errors.Is(err, io.EOF) || err == nil && len(r.text) == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		name, value, err := r.split()
		if err != nil {
			return err
		}
		switch low := strings.ToLower(name); {
		case low == "dn":
			return r.errorf("a second dn: in one record: an empty line is missing before it")
		case low == "changetype" || low == "control":
			return r.errorf("this is a list of changes (%s: %s), not of entries; write the entries out, as slapcat or ldapsearch -LLL do", name, value)
		}
		r.record.Values = append(r.record.Values, Value{name, value})
	}
}

// split cuts the line in hand into name and value.
func (r *Reader) split() (name string, value []byte, err error) {
	before, rest, ok := bytes.Cut(r.text, []byte(":"))
	if !ok || len(before) == 0 || !isName(before) {
		return "", nil, r.errorf("%q is no line of LDIF: an attribute and a colon are wanted", shorten(r.text))
	}
	name = string(before)
	switch {
	case len(rest) > 0 && rest[0] == ':':
		if value, err = decode64(bytes.TrimSpace(rest[1:])); err != nil {
			return "", nil, r.errorf("the value of %s is no base64", name)
		}
		return name, value, nil
	case len(rest) > 0 && rest[0] == '<':
		value, err = r.file(name, string(bytes.TrimSpace(rest[1:])))
		return name, value, err
	}
	return name, bytes.Clone(bytes.TrimLeft(rest, " ")), nil
}

func decode64(text []byte) ([]byte, error) {
	out := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(out, text)
	return out[:n], err
}

// file reads a value that lies elsewhere.
func (r *Reader) file(name, address string) ([]byte, error) {
	if !r.files {
		return nil, r.errorf("the value of %s lies in another file (%s), which is read only when the source says files: true", name, address)
	}
	u, err := url.Parse(address)
	if err != nil || !strings.EqualFold(u.Scheme, "file") || u.Host != "" && u.Host != "localhost" {
		return nil, r.errorf("the value of %s lies at %s: files of this machine alone are read, as file:///…", name, address)
	}
	f, err := os.Open(u.Path)
	if err != nil {
		return nil, r.errorf("the value of %s: %w", name, err)
	}
	defer f.Close()
	value, err := io.ReadAll(io.LimitReader(f, maxLine+1))
	if err == nil && len(value) > maxLine {
		err = errors.New("it is larger than 64 MiB")
	}
	if err != nil {
		return nil, r.errorf("the value of %s, %s: %w", name, u.Path, err)
	}
	return value, nil
}

// next puts the next line in hand, unfolded; comments are left out, folded ones
// too. An empty line is a line.
func (r *Reader) next() error {
	for {
		if err := r.unfold(); err != nil {
			return err
		}
		if len(r.text) == 0 || r.text[0] != '#' {
			return nil
		}
		r.search.comment(r.text)
	}
}

func (r *Reader) unfold() error {
	r.text = r.text[:0]
	if err := r.physical(); err != nil {
		return err
	}
	r.began = r.line
	if len(r.text) > 0 && r.text[0] == ' ' {
		return r.errorf("a line begins with a blank, and there is none before it that it could go on")
	}
	for len(r.text) > 0 {
		c, err := r.r.Peek(1)
		if err != nil || c[0] != ' ' {
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			return nil
		}
		if _, err := r.r.Discard(1); err != nil {
			return err
		}
		if err := r.physical(); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	return nil
}

// physical appends one line of the file to the text, without its end.
func (r *Reader) physical() error {
	before := len(r.text)
	for {
		piece, err := r.r.ReadSlice('\n')
		r.text = append(r.text, piece...)
		if len(r.text) > maxLine {
			return r.errorf("a value is larger than %d MiB", maxLine>>20)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(r.text) == before:
			return io.EOF
		case err != nil && !errors.Is(err, io.EOF):
			return err
		}
		r.ended = err == nil
		r.line++
		r.text = bytes.TrimSuffix(bytes.TrimSuffix(r.text, []byte("\n")), []byte("\r"))
		if r.line == 1 {
			r.text = bytes.TrimPrefix(r.text, []byte("\ufeff"))
		}
		return nil
	}
}

// end looks whether the text ends as it must; io.EOF says yes.
func (r *Reader) end() error {
	switch {
	case r.line == 0:
		return rollcall.Errorf(rollcall.Invalid, "the file is empty: not even one entry is there")
	case !r.ended:
		return rollcall.Errorf(rollcall.Unavailable, "the file ends in the middle of line %d: it is cut off, or still being written", r.line)
	}
	if err := r.search.proof(r.records); err != nil {
		return err
	}
	return io.EOF
}

func (r *Reader) errorf(format string, args ...any) error {
	return rollcall.Errorf(rollcall.Invalid, "line "+strconv.Itoa(max(r.began, 1))+": "+format, args...)
}

// isName reports whether a text is an attribute's name or OID, with options.
func isName(text []byte) bool {
	for _, c := range text {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == ';', c == '.', c == '_':
		default:
			return false
		}
	}
	return true
}

func shorten(text []byte) []byte {
	const longest = 60
	return text[:min(len(text), longest)]
}
