package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// Form is the body of a request, in order.
type Form []Field

// Field is one field of a form: a text, or the content of a file, which is read
// while it is sent.
type Field struct {
	Name, Value string
	File        string
}

const hexDigits = "0123456789ABCDEF"

// appendEncoded encodes as PHP's http_build_query does: letters, digits and -_.
// as they are, a space as +, everything else as %XX.
func appendEncoded(dst []byte, text []byte) []byte {
	for _, c := range text {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.':
			dst = append(dst, c)
		case c == ' ':
			dst = append(dst, '+')
		default:
			dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return dst
}

// size returns the length of the encoded form. Servers in front of iTop often
// refuse a body of unknown length, so files are read once to be counted.
func (f Form) size() (int64, error) {
	var n int64
	r := f.reader()
	defer r.Close()
	buf := make([]byte, 64<<10)
	for {
		k, err := r.Read(buf)
		n += int64(k)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// reader returns the encoded form.
func (f Form) reader() io.ReadCloser { return &formReader{form: f} }

// formReader encodes a form piece by piece.
type formReader struct {
	form Form
	at   int
	file *os.File
	raw  []byte
	out  bytes.Buffer
}

// Read implements io.Reader.
func (r *formReader) Read(p []byte) (int, error) {
	for r.out.Len() == 0 {
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	return r.out.Read(p)
}

// fill encodes the next piece.
func (r *formReader) fill() error {
	if r.file != nil {
		n, err := r.file.Read(r.raw)
		if n > 0 {
			r.out.Write(appendEncoded(r.out.AvailableBuffer(), r.raw[:n]))
			return nil
		}
		_ = r.file.Close()
		r.file = nil
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the data file: %w", err)
		}
		r.at++
		return nil
	}
	if r.at == len(r.form) {
		return io.EOF
	}
	field := r.form[r.at]
	if r.at > 0 {
		r.out.WriteByte('&')
	}
	r.out.Write(appendEncoded(nil, []byte(field.Name)))
	r.out.WriteByte('=')
	if field.File == "" {
		r.out.Write(appendEncoded(nil, []byte(field.Value)))
		r.at++
		return nil
	}
	file, err := os.Open(field.File)
	if err != nil {
		return fmt.Errorf("read the data file: %w", err)
	}
	r.file = file
	if r.raw == nil {
		r.raw = make([]byte, 32<<10)
	}
	return nil
}

// Close closes a file that is being read.
func (r *formReader) Close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	r.file, r.at = nil, len(r.form)
	return err
}
