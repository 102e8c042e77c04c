package collector

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// nullText is the cell by which iTop leaves an attribute alone.
const nullText = "<NULL>"

// output writes the rows of one collector into its CSV files, a new one every
// so many rows. While it writes, the files have a name of their own; they get
// their final names together when the collection is whole, so a collection that
// breaks off leaves nothing that a later run could take for everything.
type output struct {
	stem    string // path of the files without number and ending
	raw     string // ".raw" for files that are worked on once more before the upload
	max     int    // rows per file; all in one when not positive
	def     *definition
	log     *logger
	null    func(attribute string) bool
	quiet   func(column string) bool // drop without a word
	rows    int
	files   []string
	file    *os.File
	w       *bufio.Writer
	line    []byte
	header  []string
	places  []int    // of the header's columns in rows of the shape `shape`
	nulls   []bool   // of the header's columns: nullified
	shape   []string // the columns for which places holds
	dropped []string
}

// The endings of files that are not finished, and of the rows of a file that are
// to be sent.
const (
	partSuffix    = ".part"
	changedSuffix = ".changed" + partSuffix
)

func (o *output) name(n int) string { return o.stem + o.raw + "-" + itoa(n) + ".csv" }

// add writes one row.
func (o *output) add(r *row) error {
	if o.header == nil {
		o.choose(r)
	}
	if o.file == nil || o.max > 0 && o.rows%o.max == 0 {
		if err := o.next(); err != nil {
			return err
		}
	}
	o.align(r)
	b := o.line[:0]
	for i, at := range o.places {
		if i > 0 {
			b = append(b, ';')
		}
		switch {
		case at >= 0 && !r.cells[at].absent:
			b = appendCSV(b, r.cells[at].text)
		case o.nulls[i]:
			b = append(b, nullText...)
		}
	}
	o.line = append(b, '\n')
	o.rows++
	_, err := o.w.Write(o.line)
	return o.full(err)
}

// full explains why a file cannot be written.
func (o *output) full(err error) error {
	if err == nil {
		return nil
	}
	return rollcall.Errorf(rollcall.Unavailable, "write %s: %w", o.name(len(o.files)), err)
}

// choose settles the header by the first row: primary_key and the columns of
// the definition's attributes.
func (o *output) choose(r *row) {
	o.header = []string{}
	for _, c := range r.columns {
		switch {
		case slices.Contains(o.header, c):
		case c == "primary_key" || o.def.hasColumn(c):
			o.header = append(o.header, c)
		case !o.quiet(c):
			o.dropped = append(o.dropped, c)
		}
	}
	o.places = make([]int, len(o.header))
	o.nulls = make([]bool, len(o.header))
	for i, c := range o.header {
		o.nulls[i] = o.null(c)
	}
}

// align finds the header's columns in a row, unless it is shaped like the last.
func (o *output) align(r *row) {
	if len(r.columns) > 0 && len(o.shape) == len(r.columns) && &o.shape[0] == &r.columns[0] {
		return
	}
	o.shape = r.columns
	for i, c := range o.header {
		o.places[i] = r.find(c)
	}
}

// next begins a file.
func (o *output) next() error {
	if err := o.endFile(); err != nil {
		return err
	}
	name := o.name(len(o.files) + 1)
	o.log.infof("Writing to file '%s'.", name)
	file, err := os.OpenFile(name+partSuffix, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return rollcall.Errorf(rollcall.Invalid, "Unable to open the file '%s' for writing.", name)
	}
	o.files = append(o.files, name)
	o.file = file
	if o.w == nil {
		o.w = bufio.NewWriterSize(file, 64<<10)
	} else {
		o.w.Reset(file)
	}
	for _, c := range o.dropped {
		o.log.warningf("Invalid column '%s', will be ignored.", quoted(c))
	}
	b := o.line[:0]
	for i, c := range o.header {
		if i > 0 {
			b = append(b, ';')
		}
		b = appendCSV(b, []byte(c))
	}
	o.line = append(b, '\n')
	_, err = o.w.Write(o.line)
	return o.full(err)
}

func (o *output) endFile() error {
	if o.file == nil {
		return nil
	}
	err := errors.Join(o.w.Flush(), o.file.Close())
	o.file = nil
	return o.full(err)
}

// finish gives the files their names; discard removes them.
func (o *output) finish() error {
	if err := o.endFile(); err != nil {
		o.discard()
		return err
	}
	for _, name := range o.files {
		if err := os.Rename(name+partSuffix, name); err != nil {
			return rollcall.Errorf(rollcall.Internal, "finish %s: %w", name, err)
		}
	}
	return nil
}

func (o *output) discard() {
	if o.file != nil {
		_ = o.file.Close()
		o.file = nil
	}
	for _, name := range o.files {
		_ = os.Remove(name + partSuffix)
	}
}

// needsQuotes are the bytes for which PHP's fputcsv quotes a field.
var needsQuotes = [256]bool{';': true, '"': true, '\\': true, '\n': true, '\r': true, '\t': true, ' ': true}

// appendCSV writes a field as PHP's fputcsv does with the escape character
// backslash: a quote is doubled, except behind a backslash.
func appendCSV(dst, field []byte) []byte {
	if !slices.ContainsFunc(field, func(c byte) bool { return needsQuotes[c] }) {
		return append(dst, field...)
	}
	dst = append(dst, '"')
	if bytes.IndexByte(field, '"') < 0 {
		dst = append(dst, field...)
		return append(dst, '"')
	}
	escaped := false
	for _, c := range field {
		switch {
		case c == '\\':
			escaped = true
		case escaped:
			escaped = false
		case c == '"':
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}

// dataFiles returns the files of one collector, sorted bytewise as the original
// reads them. The paths begin as stem does.
func dataFiles(stem string) []string { return numbered(stem, ".csv") }

// partFiles returns the files that a run of one collector left unfinished when it
// was killed.
func partFiles(stem string) []string {
	return append(numbered(stem, ".csv"+partSuffix), numbered(stem, ".csv"+changedSuffix)...)
}

// numbered returns the files whose paths are stem, a number and an ending.
func numbered(stem, ending string) []string {
	dir, base := filepath.Split(stem)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), base+"-")
		number, ended := strings.CutSuffix(rest, ending)
		if _, err := strconv.ParseUint(number, 10, 32); err == nil && ok && ended {
			found = append(found, dir+e.Name())
		}
	}
	return found
}

// globEscape protects the characters of a path that a pattern would read.
func globEscape(path string) string {
	var b []byte
	for i := 0; i < len(path); i++ {
		if c := path[i]; c == '*' || c == '?' || c == '[' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, path[i])
	}
	return string(b)
}
