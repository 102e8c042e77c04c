package engine

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"rollcall/internal/reconcile"
	"rollcall/internal/rollcall"
)

// staged is one entry of the present load that is new, changed or due: mapped,
// not yet decided.
type staged struct {
	key      string
	name     string
	content  rollcall.Hash
	verdict  reconcile.Verdict
	replica  int64 // 0 for a new entry
	row      rollcall.Row
	warnings []string // what could not be mapped
	at       int64    // where the spool has it
}

// spool keeps the staged entries of one load in an unlinked temporary file, and
// gives them back sorted by key: sixteen bytes an entry stay in memory.
type spool struct {
	file   *os.File
	out    *bufio.Writer
	size   int64
	slots  []spoolSlot
	known  int    // entries that have a replica
	common string // what all keys begin with
	buf    []byte // the record being written, later a window into the file
	from   int64  // where the window begins
}

type spoolSlot struct {
	prefix uint64 // the key's first eight bytes after what all have in common: they sort almost every pair
	at     int64
}

// spoolWindow is how much is read at once: some ten records, which mostly follow
// one another, at about the price of one.
const spoolWindow = 4096

func newSpool(dir string) (*spool, error) {
	f, err := os.CreateTemp(dir, "rollcall-load-*")
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Unavailable, "make the spool file of the load (TMPDIR says in which folder): %w", err)
	}
	// Unlinked at once: whatever ends the process, no copy of the entries stays.
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("unlink %s: %w", f.Name(), err), f.Close())
	}
	return &spool{file: f, out: bufio.NewWriterSize(f, 1<<18)}, nil
}

func (s *spool) close() error { return s.file.Close() }

func (s *spool) len() int { return len(s.slots) }

// add appends an entry.
func (s *spool) add(e *staged) error {
	b := append(s.buf[:0], 0, 0, 0, 0)
	b = appendText(b, e.key)
	b = appendText(b, e.name)
	b = append(b, e.content[:]...)
	b = append(b, byte(e.verdict))
	b = binary.AppendUvarint(b, uint64(e.replica))
	b = binary.AppendUvarint(b, uint64(len(e.row)))
	for _, c := range e.row {
		if !c.Set {
			b = append(b, 0)
			continue
		}
		b = appendText(append(b, 1), c.Text)
	}
	b = binary.AppendUvarint(b, uint64(len(e.warnings)))
	for _, w := range e.warnings {
		b = appendText(b, w)
	}
	binary.LittleEndian.PutUint32(b, uint32(len(b)-4))
	s.buf = b
	if _, err := s.out.Write(b); err != nil {
		return rollcall.Errorf(rollcall.Unavailable, "write the spool file of the load (is the disk of %s full?): %w", os.TempDir(), err)
	}
	if len(s.slots) == 0 {
		s.common = e.key
	}
	s.common = s.common[:commonPrefix(s.common, e.key)]
	if e.replica != 0 {
		s.known++
	}
	s.slots = append(s.slots, spoolSlot{prefix: keyPrefix(e.key), at: s.size})
	s.size += int64(len(b))
	return nil
}

// seal flushes the file and sorts the entries by key.
func (s *spool) seal() error {
	if err := s.out.Flush(); err != nil {
		return rollcall.Errorf(rollcall.Unavailable, "write the spool file of the load (is the disk of %s full?): %w", os.TempDir(), err)
	}
	s.buf = s.buf[:0]
	if len(s.common) > 0 {
		for i := range s.slots {
			key, err := s.keyAt(s.slots[i].at)
			if err != nil {
				return err
			}
			s.slots[i].prefix = keyPrefix(key[len(s.common):])
		}
	}
	var failed error
	slices.SortFunc(s.slots, func(a, b spoolSlot) int {
		if c := cmp.Compare(a.prefix, b.prefix); c != 0 || a.at == b.at {
			return c
		}
		ka, errA := s.keyAt(a.at)
		kb, errB := s.keyAt(b.at)
		failed = errors.Join(failed, errA, errB)
		return cmp.Or(cmp.Compare(ka, kb), cmp.Compare(a.at, b.at))
	})
	return failed
}

// batches yields the entries in key order, at most size at a time; a batch
// holds until the next.
func (s *spool) batches(size int, yield func([]staged) error) error {
	batch := make([]staged, 0, size)
	for i, slot := range s.slots {
		e, err := s.read(slot.at)
		if err != nil {
			return err
		}
		batch = append(batch, e)
		if len(batch) == size || i == len(s.slots)-1 {
			if err := yield(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return nil
}

// record returns the bytes of a record; they hold until the next.
func (s *spool) record(at int64) ([]byte, error) {
	head, err := s.bytes(at, 4)
	if err != nil {
		return nil, err
	}
	return s.bytes(at+4, int(binary.LittleEndian.Uint32(head)))
}

// bytes returns a part of the file, from the window where that has it.
func (s *spool) bytes(at int64, n int) ([]byte, error) {
	if at < s.from || at+int64(n) > s.from+int64(len(s.buf)) {
		s.from = at
		s.buf = slices.Grow(s.buf[:0], max(n, spoolWindow))[:max(n, int(min(spoolWindow, s.size-at)))]
		if _, err := s.file.ReadAt(s.buf, at); err != nil {
			s.buf = s.buf[:0]
			return nil, fmt.Errorf("read the spool file: %w", err)
		}
	}
	return s.buf[at-s.from:][:n], nil
}

// keyAt returns the key of a record, without the rest.
func (s *spool) keyAt(at int64) (string, error) {
	head, err := s.bytes(at+4, binary.MaxVarintLen64) // a record is longer than that
	if err != nil {
		return "", err
	}
	n, size := binary.Uvarint(head)
	if size <= 0 {
		return "", fmt.Errorf("read the spool file: %w", io.ErrUnexpectedEOF)
	}
	key, err := s.bytes(at+4+int64(size), int(n))
	return string(key), err
}

func (s *spool) read(at int64) (staged, error) {
	b, err := s.record(at)
	if err != nil {
		return staged{}, err
	}
	// One string holds the whole record; its fields are parts of it.
	r := reader{rest: b, whole: string(b)}
	e := staged{key: r.text(), name: r.text(), at: at}
	copy(e.content[:], r.bytes(len(e.content)))
	if v := r.bytes(1); len(v) == 1 {
		e.verdict = reconcile.Verdict(v[0])
	}
	e.replica = int64(r.number())
	e.row = make(rollcall.Row, r.number())
	for i := range e.row {
		if set := r.bytes(1); len(set) == 1 && set[0] == 1 {
			e.row[i] = rollcall.Cell{Text: r.text(), Set: true}
		}
	}
	if n := r.number(); n > 0 {
		e.warnings = make([]string, n)
		for i := range e.warnings {
			e.warnings[i] = r.text()
		}
	}
	return e, r.err
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// reader takes a record apart. After its first error every field is empty.
type reader struct {
	rest  []byte
	whole string // the same, for the texts to be parts of
	err   error
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > 1<<40 {
		r.err = io.ErrUnexpectedEOF
		r.rest = nil
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *reader) bytes(n int) []byte {
	if n > len(r.rest) {
		r.err = io.ErrUnexpectedEOF
		r.rest = nil
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) text() string {
	n := int(r.number())
	at := len(r.whole) - len(r.rest)
	b := r.bytes(n)
	return r.whole[at : at+len(b)]
}

func keyPrefix(key string) uint64 {
	var b [8]byte
	copy(b[:], key)
	return binary.BigEndian.Uint64(b[:])
}

func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}
