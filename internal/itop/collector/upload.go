package collector

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// upload is what is to be sent of one data source. Rows that iTop has as they are
// may stay unsent: to send them would change nothing but when they were last seen,
// which decides about nothing where the definition has no full load interval
// (iTop 3.2.0, observed).
type upload struct {
	source string   // id of the data source
	stem   string   // of its files
	files  []string // everything, in order
	head   ledgerHead
	known  *ledger   // what iTop may have already; nil when everything is to be sent
	rows   []rowHash // of the files
	unique bool      // no key comes twice
	fresh  int       // keys that were not sent before
	change int       // rows that are new or differ
}

const (
	// fullEvery is the time after which everything is sent once more whatever iTop
	// says, for what its answers cannot show, such as a column that a setup emptied.
	fullEvery = 7 * 24 * time.Hour
	// fullShare is the part of a full load interval for which unchanged rows may stay
	// unsent. What is gone from the source counts as gone that much sooner.
	fullShare = 10
	// proofLasts is how long iTop's answer that it has everything holds.
	proofLasts = 10 * time.Second
)

// skipping returns how long after a full upload unchanged rows may stay unsent;
// 0 for never.
func (a *app) skipping(t *task, definition *object) time.Duration {
	interval := time.Duration(phpInt(member(definition, "full_load_periodicity"))) * time.Second
	mode := t.params.Text("skip_unchanged", "auto")
	switch {
	case a.strict || mode != "" && mode != "auto" && !isYes(mode):
		return 0
	case interval <= 0:
		return fullEvery
	case isYes(mode):
		return min(interval/fullShare, fullEvery)
	}
	return 0
}

// newUpload looks at what is to be sent of a collector's files, and at what was
// sent before.
func (a *app) newUpload(t *task) (*upload, error) {
	u := &upload{source: t.sds.id, stem: a.stem(t.label), unique: true}
	u.files = naturally(dataFiles(u.stem), a.strict)
	lasts := a.skipping(t, t.sds.expect)
	if lasts == 0 || len(u.files) == 0 || !number.MatchString(u.source) {
		return u, nil
	}
	now := a.env.Now().UTC()
	u.head = ledgerHead{URL: a.client.URL(), Source: u.source, Full: now}
	if err := u.hash(charset(t) + "\n" + dateFormat(t)); err != nil {
		return nil, err
	}
	l := t.known
	if l == nil {
		l = readLedger(u.ledger())
	}
	if l == nil || !l.head.isFor(u.head) || t.sds.changed || !u.unique {
		return u, nil
	}
	if age := now.Sub(l.head.Full); age < 0 || age >= lasts {
		return u, nil
	}
	u.known = l
	u.change = 0
	for _, h := range u.rows {
		row, sent := l.rows[h.key]
		if !sent {
			u.fresh++
		}
		if row != h.row {
			u.change++
		}
	}
	return u, nil
}

func (u *upload) ledger() string { return ledgerOf(u.stem) }

// ledgerOf is the path of a ledger.
func ledgerOf(stem string) string { return stem + ".sent" }

// hash reads the files. How the rows are read counts as part of their format.
func (u *upload) hash(format string) error {
	keys := map[[8]byte]bool{}
	key := 0
	for _, file := range u.files {
		err := eachRecord(file, func(header bool, record []byte) error {
			if header {
				u.head.Format = string(record) + format
				columns := strings.Split(strings.TrimSpace(string(record)), ";")
				key = max(0, slices.Index(columns, "primary_key"))
				return nil
			}
			h := rowHash{hash8(fieldOf(record, key)), hash8(record)}
			u.unique = u.unique && !keys[h.key]
			keys[h.key] = true
			u.rows = append(u.rows, h)
			return nil
		})
		if err != nil {
			return err
		}
	}
	u.change = len(u.rows)
	return nil
}

// send uploads what iTop does not have.
func (a *app) send(ctx context.Context, t *task) error {
	u, err := a.newUpload(t)
	if err != nil {
		return err
	}
	if u.known != nil && time.Since(t.proven) > proofLasts && !a.rest.untouched(ctx, u.known) {
		u.known = nil
		a.log.infof("iTop does not have the rows of '%s' as they were sent: all of them are sent.", t.sds.name)
	}
	if u.known != nil && u.change == 0 {
		a.log.infof("Nothing to upload: iTop has every row of '%s'.", t.sds.name)
		return nil
	}
	// From here on nobody knows what iTop has, until it says so.
	if err := os.Remove(u.ledger()); err != nil && !errors.Is(err, os.ErrNotExist) && !a.strict {
		return rollcall.Errorf(rollcall.Internal, "forget what was sent: %w", err)
	}
	begin := time.Now()
	if err := a.sendFiles(ctx, t, u); err != nil {
		return err
	}
	return a.remember(ctx, u, begin)
}

func (a *app) sendFiles(ctx context.Context, t *task, u *upload) error {
	files := u.files
	if u.known != nil {
		a.log.infof("%d rows of '%s' are new or changed, %d unchanged ones are not sent.", u.change, t.sds.name, len(u.rows)-u.change)
		var err error
		files, err = u.writeChanged(a.chunk)
		defer func() {
			for _, file := range files {
				_ = os.Remove(file)
			}
		}()
		if err != nil {
			return err
		}
	}
	for _, file := range files {
		if err := a.upload(ctx, t, file); err != nil {
			return err
		}
	}
	return nil
}

// remember keeps what iTop has after an upload that went well, once iTop shows
// that it has just that.
func (a *app) remember(ctx context.Context, u *upload, begin time.Time) error {
	if u.rows == nil || !u.unique {
		return nil
	}
	sent, all := len(u.rows), len(u.rows)
	if u.known != nil {
		sent, all = u.change, u.known.head.Proof.Total+u.fresh
	}
	p := a.rest.prove(ctx, u.source, begin, sent, all)
	if p == nil {
		return nil
	}
	if u.known != nil {
		u.head.Full, p.From = u.known.head.Full, min(p.From, u.known.head.Proof.From)
	}
	u.head.Proof = *p
	return writeLedger(u.ledger(), u.head, u.rows)
}

// writeChanged writes the rows that iTop does not have to files of their own, so
// many to a file.
func (u *upload) writeChanged(chunk int) (files []string, err error) {
	var out *os.File
	var w *bufio.Writer
	finish := func() error {
		if out == nil {
			return nil
		}
		return errors.Join(w.Flush(), out.Close())
	}
	var columns []byte
	row, written := 0, 0
	for _, file := range u.files {
		err = eachRecord(file, func(header bool, record []byte) error {
			if header {
				columns = bytes.Clone(record)
				return nil
			}
			h := u.rows[row]
			row++
			if u.known.rows[h.key] == h.row {
				return nil
			}
			if out == nil || chunk > 0 && written%chunk == 0 {
				if err := finish(); err != nil {
					return err
				}
				name := fmt.Sprintf("%s-%d.csv%s", u.stem, len(files)+1, changedSuffix)
				var err error
				if out, err = os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600); err != nil {
					return err
				}
				files, w = append(files, name), bufio.NewWriter(out)
				_, _ = w.Write(columns)
			}
			written++
			_, err := w.Write(record)
			return err
		})
		if err != nil {
			break
		}
	}
	if err = errors.Join(err, finish()); err != nil {
		return files, rollcall.Errorf(rollcall.Unavailable, "write the rows to send: %w", err)
	}
	return files, nil
}
