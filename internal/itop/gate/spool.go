package gate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"rollcall/internal/rollcall"
)

// Limits bound what a request may bring.
type Limits struct {
	Body   int64 // bytes of a whole request
	Field  int64 // bytes of one parameter, but for those that pages stream
	Fields int   // parameters; what comes after them is not looked at
	Spool  int64 // bytes of all requests together that wait on disk
}

// DefaultLimits let pass a CSV of some million persons.
func DefaultLimits() Limits {
	return Limits{Body: 1 << 30, Field: 32 << 20, Fields: 1000, Spool: 4 << 30}
}

// inlineField is how much of a field is kept in memory; more goes to disk.
const inlineField = 128 << 10

// streamed is the one parameter that pages read as a stream: it may be as long
// as the body.
const streamed = "csvdata"

// field is the value of one parameter.
type field struct {
	inline  []byte
	spooled io.ReaderAt // when it is long
	size    int64
}

func (f *field) open() io.Reader {
	if f.spooled != nil {
		return io.NewSectionReader(f.spooled, 0, f.size)
	}
	return bytes.NewReader(f.inline)
}

// text returns the whole value.
func (f *field) text() string {
	if f.spooled == nil {
		return string(f.inline)
	}
	var b strings.Builder
	b.Grow(int(f.size))
	if _, err := io.Copy(&b, f.open()); err != nil {
		return "" // the disk does not give back what it took: as if it had not come
	}
	return b.String()
}

// quota counts the bytes of all requests that wait on disk.
type quota struct {
	used atomic.Int64
	most int64
}

// take reports whether there is room for more.
func (q *quota) take(n int64) bool {
	if q.used.Add(n) > q.most {
		q.used.Add(-n)
		return false
	}
	return true
}

// spool is the file on disk that holds the long fields of one request, one after
// the other. It has no name: whatever happens to the process, nothing remains.
type spool struct {
	dir    string
	quota  *quota
	limits Limits
	file   *os.File
	size   int64
}

func (s *spool) close() error {
	if s == nil || s.file == nil {
		return nil
	}
	s.quota.used.Add(-s.size)
	name := s.file.Name()
	err := s.file.Close()
	if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	s.file = nil
	return err
}

func (s *spool) write(p []byte) (err error) {
	if s.file == nil {
		if s.file, err = os.CreateTemp(s.dir, "rollcall-request-"); err != nil {
			return fmt.Errorf("spool a request: %w", err)
		}
		_ = os.Remove(s.file.Name()) // where that is not possible, close does it
	}
	if !s.quota.take(int64(len(p))) {
		return rollcall.Errorf(rollcall.Unavailable, "the requests under way fill the %d MiB that serve.limits.spool allows", s.limits.Spool>>20)
	}
	n, err := s.file.WriteAt(p, s.size)
	s.size += int64(len(p))
	if err != nil {
		return fmt.Errorf("spool a request: %w", err)
	}
	if n < len(p) {
		return io.ErrShortWrite
	}
	return nil
}

// fieldWriter takes the value of one field as it comes.
type fieldWriter struct {
	spool *spool
	name  string
	most  int64
	start int64
	f     field
	buf   []byte
}

// begin starts a field. All bytes of one field lie together: there is one writer
// at a time.
func (s *spool) begin(name string, isFile bool) *fieldWriter {
	w := &fieldWriter{spool: s, name: name, most: s.limits.Field, start: -1}
	if name == streamed || isFile {
		w.most = s.limits.Body
	}
	return w
}

// Write adds to the value.
func (w *fieldWriter) Write(p []byte) (int, error) {
	w.f.size += int64(len(p))
	if w.f.size > w.most {
		return 0, tooLong(w.name, w.most)
	}
	w.buf = append(w.buf, p...)
	if len(w.buf) > inlineField {
		return len(p), w.flush()
	}
	return len(p), nil
}

func (w *fieldWriter) flush() error {
	if w.start < 0 {
		w.start = w.spool.size
	}
	err := w.spool.write(w.buf)
	w.buf = w.buf[:0]
	return err
}

// end returns the field.
func (w *fieldWriter) end() (*field, error) {
	if w.start < 0 {
		w.f.inline = w.buf
		return &w.f, nil
	}
	if err := w.flush(); err != nil {
		return nil, err
	}
	w.f.spooled = io.NewSectionReader(w.spool.file, w.start, w.f.size)
	return &w.f, nil
}

// tooLong is the error of a request that goes beyond a limit.
func tooLong(name string, most int64) error {
	return &limitError{fmt.Sprintf("the parameter %s is longer than %d bytes", name, most)}
}

// limitError says which limit a request broke.
type limitError struct{ text string }

// Error returns the limit in words.
func (e *limitError) Error() string { return e.text }
