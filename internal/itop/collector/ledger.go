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
	"regexp"
	"slices"
	"time"

	"rollcall/internal/rollcall"
)

// ledger remembers which rows iTop has, so that a run with skip_unchanged sends
// only those that are new or differ. It is trusted only for the same iTop, the
// same data source and the same columns; and only after a run that ended without
// any error. Where the definition has an interval, a row that is not sent within
// it counts as gone: then everything is sent again after a tenth of it.
type ledger struct {
	path  string
	head  ledgerHead
	known map[[8]byte][8]byte // hash of the key to hash of the row
	next  [][16]byte          // what iTop has once this run ended
	sent  int
	kept  int
}

// ledgerHead is what a ledger is good for.
type ledgerHead struct {
	URL    string
	Source string
	Header string
	Rows   int
	Full   time.Time // when everything was sent
}

// fullShare is the part of the full load interval for which unchanged rows may
// stay unsent. What is gone from the source counts as gone that much sooner.
const fullShare = 10

// beginUpload opens the ledger of a collector when its rows may be left out.
func (a *app) beginUpload(t *task, files []string) error {
	if a.strict || !isYes(t.params.Text("skip_unchanged", "no")) || len(files) == 0 {
		return nil
	}
	header, err := firstLine(files[0])
	if err != nil {
		return err
	}
	l := &ledger{path: a.stem(t.label) + ".sent", known: map[[8]byte][8]byte{}}
	now := a.env.Now().UTC()
	l.head = ledgerHead{URL: a.client.URL(), Source: t.sds.id, Header: header, Full: now}
	if !t.sds.changed {
		interval := time.Duration(phpInt(member(t.sds.expect, "full_load_periodicity"))) * time.Second
		l.load(now, interval)
	}
	// Until this run ends well nobody knows what iTop has.
	if err := os.Remove(l.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return rollcall.Errorf(rollcall.Internal, "forget what was sent: %w", err)
	}
	t.uploaded = l
	return nil
}

func firstLine(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", rollcall.Errorf(rollcall.Invalid, "read the data file: %w", err)
	}
	defer f.Close()
	line, err := bufio.NewReader(f).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", rollcall.Errorf(rollcall.Invalid, "read the data file: %w", err)
	}
	return line, nil
}

// load reads what an earlier run left, if it is for the same and not too old for
// the full load interval, where there is one.
func (l *ledger) load(now time.Time, interval time.Duration) {
	f, err := os.Open(l.path)
	if err != nil {
		return
	}
	defer f.Close()
	r := bufio.NewReader(f)
	line, err := r.ReadBytes('\n')
	var head ledgerHead
	if err != nil || json.Unmarshal(line, &head) != nil || head.URL != l.head.URL || head.Source != l.head.Source || head.Header != l.head.Header {
		return
	}
	if age := now.Sub(head.Full); interval > 0 && (age < 0 || age >= interval/fullShare) {
		return
	}
	known := make(map[[8]byte][8]byte, head.Rows)
	for range head.Rows {
		var pair [16]byte
		if _, err := io.ReadFull(r, pair[:]); err != nil {
			return // cut off: not to be trusted
		}
		known[[8]byte(pair[:8])] = [8]byte(pair[8:])
	}
	l.known, l.head.Full = known, head.Full
}

// save keeps what iTop has now.
func (l *ledger) save() error {
	slices.SortFunc(l.next, func(x, y [16]byte) int {
		return cmp.Compare(binary.BigEndian.Uint64(x[:]), binary.BigEndian.Uint64(y[:]))
	})
	l.head.Rows = len(l.next)
	head, err := json.Marshal(l.head)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.Write(append(head, '\n'))
	for _, pair := range l.next {
		b.Write(pair[:])
	}
	part := l.path + partSuffix
	if err := os.WriteFile(part, b.Bytes(), 0o600); err != nil {
		return rollcall.Errorf(rollcall.Unavailable, "remember what was sent: %w", err)
	}
	return os.Rename(part, l.path)
}

// contentOf returns the file to send for a data file: itself, or one with only
// the rows that iTop does not have; empty when it has all of them.
func (a *app) contentOf(t *task, file string) (content string, done func(), err error) {
	if t.uploaded == nil {
		return file, func() {}, nil
	}
	part := file + changedSuffix
	n, err := t.uploaded.filter(file, part)
	if err != nil || n == 0 {
		_ = os.Remove(part)
		if err == nil {
			a.log.infof("Nothing to upload: iTop has every row of '%s'.", file)
		}
		return "", func() {}, err
	}
	a.log.debugf("%d rows of '%s' are new or changed.", n, file)
	return part, func() { _ = os.Remove(part) }, nil
}

// filter copies the header and the rows that are new or changed.
func (l *ledger) filter(file, part string) (int, error) {
	in, err := os.Open(file)
	if err != nil {
		return 0, rollcall.Errorf(rollcall.Invalid, "read the data file: %w", err)
	}
	defer in.Close()
	out, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, rollcall.Errorf(rollcall.Unavailable, "write the rows to send: %w", err)
	}
	w := bufio.NewWriter(out)
	n, err := l.copyChanged(bufio.NewReaderSize(in, 64<<10), w)
	if err = errors.Join(err, w.Flush(), out.Close()); err != nil {
		return 0, rollcall.Errorf(rollcall.Unavailable, "write the rows to send: %w", err)
	}
	return n, nil
}

func (l *ledger) copyChanged(r *bufio.Reader, w *bufio.Writer) (int, error) {
	n := 0
	for first := true; ; first = false {
		record, err := readRecord(r)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		if !first {
			key, _, _ := bytes.Cut(record, []byte(";"))
			k, v := hash8(key), hash8(record)
			l.next = append(l.next, [16]byte(append(k[:], v[:]...)))
			if l.known[k] == v {
				l.kept++
				continue
			}
			n++
			l.sent++
		}
		if _, err := w.Write(record); err != nil {
			return n, err
		}
	}
}

// readRecord reads one record as it stands: to the end of a line outside quotes.
func readRecord(r *bufio.Reader) ([]byte, error) {
	var record []byte
	for {
		line, err := r.ReadBytes('\n')
		record = append(record, line...)
		if err != nil {
			if errors.Is(err, io.EOF) && len(record) > 0 {
				return record, nil
			}
			return nil, err
		}
		if !hasOpenQuote(record) {
			return record, nil
		}
	}
}

// hasOpenQuote reports whether a record goes on over the end of its line.
func hasOpenQuote(record []byte) bool {
	open := false
	for i := 0; i < len(record); i++ {
		switch record[i] {
		case '\\':
			if open {
				i++
			}
		case '"':
			open = !open
		}
	}
	return open
}

func hash8(b []byte) [8]byte {
	sum := sha256.Sum256(b)
	return [8]byte(sum[:8])
}

var replicaCount = regexp.MustCompile(`<p>Replicas: ([0-9]+)`)

// endUpload keeps the ledger after a synchronization without errors. When iTop
// has fewer replicas than rows were sent to it, somebody removed some: the next
// run sends everything.
func (a *app) endUpload(t *task, answer string) error {
	l := t.uploaded
	if l == nil {
		return nil
	}
	a.log.infof("%d rows were sent, %d unchanged ones were not.", l.sent, l.kept)
	if m := replicaCount.FindStringSubmatch(answer); m == nil || phpInt(m[1]) < len(l.next) {
		a.log.noticef("iTop has fewer replicas than there are rows: the next run sends all of them.")
		return nil
	}
	return l.save()
}
