package collector

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"os"
	"slices"
	"time"

	"rollcall/internal/rollcall"
)

// ledger is what iTop took of one data source, by hashes: of each row's key, and
// of the row. It is good for the same iTop, data source and reading of the rows
// alone, and only as long as iTop still has the proof of it.
type ledger struct {
	head ledgerHead
	rows map[[8]byte][8]byte
}

// ledgerHead is the first line of a ledger's file.
type ledgerHead struct {
	URL    string
	Source string
	Format string // the columns, and how iTop was told to read them
	Rows   int
	Full   time.Time // when everything was sent
	Proof  proof
}

// rowHash is the hash of a row's key and that of the row.
type rowHash struct{ key, row [8]byte }

func hash8(b []byte) [8]byte {
	sum := sha256.Sum256(b)
	return [8]byte(sum[:8])
}

// isFor reports whether what one head describes can be used for the other.
func (h ledgerHead) isFor(other ledgerHead) bool {
	return h.URL == other.URL && h.Source == other.Source && h.Format == other.Format
}

// readLedger reads what an earlier run left; nil when there is none, or none that
// is whole.
func readLedger(path string) *ledger {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	r := bufio.NewReader(f)
	line, err := r.ReadBytes('\n')
	l := &ledger{rows: map[[8]byte][8]byte{}}
	if err != nil || json.Unmarshal(line, &l.head) != nil || !number.MatchString(l.head.Source) || !number.MatchString(l.head.Proof.Witness) {
		return nil
	}
	for range l.head.Rows {
		var pair [16]byte
		if _, err := io.ReadFull(r, pair[:]); err != nil {
			return nil
		}
		l.rows[[8]byte(pair[:8])] = [8]byte(pair[8:])
	}
	return l
}

// writeLedger keeps what iTop has now.
func writeLedger(path string, head ledgerHead, rows []rowHash) error {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(x, y rowHash) int {
		return cmp.Compare(binary.BigEndian.Uint64(x.key[:]), binary.BigEndian.Uint64(y.key[:]))
	})
	head.Rows = len(rows)
	line, err := json.Marshal(head)
	if err != nil {
		return err
	}
	b := bytes.NewBuffer(append(line, '\n'))
	for _, h := range rows {
		b.Write(h.key[:])
		b.Write(h.row[:])
	}
	part := path + partSuffix
	if err := os.WriteFile(part, b.Bytes(), 0o600); err != nil {
		return rollcall.Errorf(rollcall.Unavailable, "remember what was sent: %w", err)
	}
	return os.Rename(part, path)
}

// eachRecord reads the records of a data file as they stand, the header first.
func eachRecord(file string, take func(header bool, record []byte) error) error {
	f, err := os.Open(file)
	if err != nil {
		return rollcall.Errorf(rollcall.Invalid, "read the data file: %w", err)
	}
	defer f.Close()
	r := bufio.NewReaderSize(f, 64<<10)
	for header := true; ; header = false {
		record, err := readRecord(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = take(header, record)
		}
		if err != nil {
			return rollcall.Errorf(rollcall.Unavailable, "compare the rows with those sent before: %w", err)
		}
	}
}

// readRecord reads one record as it stands: to the end of a line outside quotes.
func readRecord(r *bufio.Reader) ([]byte, error) {
	var record []byte
	for quotes := 0; ; {
		line, err := r.ReadBytes('\n')
		record = append(record, line...)
		if err != nil {
			if errors.Is(err, io.EOF) && len(record) > 0 {
				return record, nil
			}
			return nil, err
		}
		if quotes += bytes.Count(line, []byte{'"'}); quotes%2 == 0 {
			return record, nil
		}
	}
}

// fieldOf returns a field of a record as it stands, quotes included. A backslash
// is a character like others to iTop, whatever the files' writer means by one.
func fieldOf(record []byte, number int) []byte {
	record = bytes.TrimRight(record, "\r\n")
	begin, open := 0, false
	for i, c := range record {
		switch {
		case c == '"':
			open = !open
		case c == ';' && !open && number == 0:
			return record[begin:i]
		case c == ';' && !open:
			number, begin = number-1, i+1
		}
	}
	if number > 0 {
		return nil
	}
	return record[begin:]
}
