package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"rollcall/internal/rollcall"
)

// A plan file is lines of JSON: a header, then one change a line in the order in
// which a run makes them.
const planFormat = "rollcall-plan/1"

// header is the first line of a plan file.
type header struct {
	Format  string        `json:"format"`
	Created time.Time     `json:"created"`
	Version string        `json:"version"`
	Sources []planSource  `json:"sources"`
	Only    rollcall.Part `json:"only,omitempty"`
	Digest  string        `json:"digest"` // of all changes: the plan's identity
}

// planSource is what a plan was made of, so that a plan of other rules is
// refused before anything is read.
type planSource struct {
	Source      string            `json:"source"`
	Scope       string            `json:"scope"`
	Fingerprint string            `json:"fingerprint"`
	Counters    rollcall.Counters `json:"counters"`
}

func planHeader(run *rollcall.Run, sources []*rollcall.Source) header {
	h := header{Format: planFormat, Created: run.Started, Version: version(), Digest: run.Digest}
	for i, src := range sources {
		h.Only = run.Sources[i].Only
		h.Sources = append(h.Sources, planSource{
			Source: src.Name, Scope: src.Scope, Fingerprint: fingerprint(src), Counters: run.Sources[i].Counters,
		})
	}
	return h
}

func fingerprint(src *rollcall.Source) string { return hex.EncodeToString(src.Rules.Fingerprint[:]) }

// planWriter writes a plan file. The changes are written as they come, beside
// the place where the file will be; the header, known last, goes before them
// when the plan is kept.
type planWriter struct {
	path    string
	changes *os.File
	out     *bufio.Writer
}

func newPlanWriter(path string) (*planWriter, error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".plan-*")
	if err != nil {
		return nil, fmt.Errorf("write the plan: %w", err)
	}
	return &planWriter{path: path, changes: f, out: bufio.NewWriter(f)}, nil
}

func (w *planWriter) change(c *rollcall.Change) error {
	line, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	if _, err := w.out.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	return nil
}

// reader reads the changes from their beginning.
func (w *planWriter) reader() (io.Reader, error) {
	if err := w.out.Flush(); err != nil {
		return nil, fmt.Errorf("write the plan: %w", err)
	}
	if _, err := w.changes.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	return w.changes, nil
}

// keep writes the whole plan and gives it its name; a plan that is there already
// is replaced at once or not at all.
func (w *planWriter) keep(h header) (err error) {
	f, err := os.CreateTemp(filepath.Dir(w.path), ".plan-*")
	if err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	defer os.Remove(f.Name()) // it has its name by then, or is of no use
	err = w.writeTo(f, h)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), w.path)
	}
	if err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	return nil
}

func (w *planWriter) writeTo(f io.Writer, h header) error {
	line, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if _, err := f.Write(append(line, '\n')); err != nil {
		return err
	}
	changes, err := w.reader()
	if err != nil {
		return err
	}
	_, err = io.Copy(f, changes)
	return err
}

// discard removes what was only needed on the way.
func (w *planWriter) discard() error {
	return errors.Join(w.changes.Close(), os.Remove(w.changes.Name()))
}

// longestChange is the longest line of a plan file that is read.
const longestChange = 64 << 20

// planReader reads a plan file.
type planReader struct {
	header header
	file   *os.File
	lines  *bufio.Scanner
}

func openPlan(path string) (_ *planReader, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.NotFound, "read the plan: %w", err)
	}
	r := &planReader{file: f, lines: bufio.NewScanner(f)}
	r.lines.Buffer(nil, longestChange)
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if !r.lines.Scan() {
		return nil, errors.Join(rollcall.Errorf(rollcall.Invalid, "%s is no plan: it has no header", path), r.lines.Err())
	}
	if err := json.Unmarshal(r.lines.Bytes(), &r.header); err != nil || r.header.Format != planFormat {
		return nil, rollcall.Errorf(rollcall.Invalid, "%s is no plan that this version reads: its first line does not say %q", path, planFormat)
	}
	return r, nil
}

// next returns the next change's line, nil at the end. It is lent until the next
// call.
func (r *planReader) next() ([]byte, error) {
	if r.lines.Scan() {
		return r.lines.Bytes(), nil
	}
	if err := r.lines.Err(); err != nil {
		return nil, fmt.Errorf("read the plan: %w", err)
	}
	return nil, nil
}

func (r *planReader) close() error { return r.file.Close() }
