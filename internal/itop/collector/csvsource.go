package collector

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
	"rollcall/internal/source/csvfile"
)

// csvSource is a collector that reads a CSV file, configured by its section
// alone.
type csvSource struct {
	app  *app
	task *task

	path      string
	header    bool
	dialect   csvfile.Dialect
	fields    *Value // attribute to title or number
	defaults  *Value
	ignored   []string
	nullified func(string) bool

	file    io.ReadCloser
	reader  *csvfile.Reader
	width   int
	outs    []csvColumn
	row     row
	checked bool
}

// csvColumn is one column of the rows: where its value comes from, and what
// stands in for an empty one.
type csvColumn struct {
	name     string
	from     int // of the record; -1 for a default without a column
	fallback []byte
	hasValue bool // a default is set
}

var _ rowSource = (*csvSource)(nil)

func (a *app) newCSV(t *task) (rowSource, error) {
	return &csvSource{app: a, task: t, nullified: a.nullified(t)}, nil
}

func (s *csvSource) optional(string) bool { return false }
func (s *csvSource) quiet(string) bool    { return false }

// settings reads the section.
func (s *csvSource) settings() error {
	class, section, log := s.task.class, s.task.section, s.app.log
	s.path = section.Get("csv_file").str()
	if s.path == "" && section.Get("output").str() == "" {
		log.errorf("[%s] no CSV file configured! Cannot collect data. The csv was expected to be configured as 'csv_file' in the section <%s> of the configuration file.", class, class)
		return errPrepare
	}
	log.infof("[%s] CSV file is [%s]", class, s.path)
	s.header = section.Get("has_header").str() != "no"
	separator := section.Get("separator").str()
	switch separator {
	case "":
		separator = ";"
	case "TAB":
		separator = "\t"
	}
	if !csvfile.Valid(separator) {
		log.errorf("[%s] separator %q is not one character such as ; or TAB", class, separator)
		return errPrepare
	}
	s.dialect = csvfile.Dialect{Separator: separator[0], Encoding: section.Get("encoding").str()}
	log.debugf("[%s] Has csv header: %t, separator: %q, encoding: %q", class, s.header, separator, s.dialect.Encoding)
	var err error
	if s.fields, err = s.section("fields"); err != nil {
		return err
	}
	if s.defaults, err = s.section("defaults"); err != nil {
		return err
	}
	ignored, err := s.section("ignored_columns")
	s.ignored = ignored.texts()
	return err
}

// section returns a hash of the section; an empty one counts as absent.
func (s *csvSource) section(name string) (*Value, error) {
	v := s.task.section.Get(name)
	if v.isEmpty() {
		return hash(), nil
	}
	if v.Scalar {
		s.app.log.errorf("[%s] %s section configuration is not correct. please see documentation.", s.task.class, name)
		return nil, errPrepare
	}
	return v, nil
}

// prepare runs the command, opens the file and reads its header.
func (s *csvSource) prepare(ctx context.Context) error {
	if err := s.settings(); err != nil {
		return err
	}
	if err := s.app.runCommand(ctx, s.task); err != nil {
		return err
	}
	var err error
	if s.file, err = s.app.openInput(ctx, s.path); err != nil {
		s.app.log.errorf("[%s] Cannot use CSV file handle for %s", s.task.class, s.path)
		s.app.log.debugf("%s", err)
		return errPrepare
	}
	if s.reader, err = csvfile.NewReader(s.file, s.dialect); err != nil {
		_ = s.file.Close()
		s.app.log.errorf("[%s] %s", s.task.class, err)
		return errPrepare
	}
	return nil
}

// openInput opens a file or an address. A relative path is looked for in the
// current folder, then in the application's.
func (a *app) openInput(ctx context.Context, path string) (io.ReadCloser, error) {
	if strings.HasPrefix(path, "http://") || strings.HasPrefix(path, "https://") {
		if _, err := a.connect(); err != nil {
			return nil, err
		}
		return a.client.Get(ctx, path)
	}
	return os.Open(a.inputPath(strings.TrimPrefix(path, "file://")))
}

func (a *app) inputPath(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	if _, err := os.Stat(path); err == nil {
		return path
	}
	return filepath.Join(a.env.Folder, path)
}

// fetch reads the records.
func (s *csvSource) fetch(ctx context.Context, emit func(*row) error) error {
	defer s.file.Close()
	if s.header {
		titles, err := s.reader.Read()
		if err != nil {
			return s.end(err)
		}
		if err := s.byTitle(titles); err != nil {
			return err
		}
	}
	for {
		record, err := s.reader.Read()
		if err != nil {
			return s.end(err)
		}
		if s.outs == nil {
			if err := s.byNumber(len(record)); err != nil {
				return err
			}
		}
		if len(record) != s.width {
			return s.wrongWidth(record)
		}
		s.fill(record)
		if !s.checked {
			if err := s.check(); err != nil {
				return err
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := emit(&s.row); err != nil {
			return err
		}
	}
}

// end is the end of the file: without any row it is worth an error in the log,
// but the collection succeeds. A quote that stays open has taken all rows behind
// it into one value.
func (s *csvSource) end(err error) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	if s.reader.IsOpen() && !s.app.strict {
		return rollcall.Errorf(rollcall.Invalid, "%s ends within a quoted value: it is cut off, or a quote stands where none belongs", s.path)
	}
	if !s.checked {
		s.app.log.errorf("[%s] CSV file is empty. Data collection stops here.", s.task.class)
	}
	return nil
}

func (s *csvSource) wrongWidth(record [][]byte) error {
	cells := make([]string, len(record))
	for i := range record {
		cells[i] = string(record[i])
	}
	what := "just like in header"
	if !s.header && !s.app.strict {
		what = "as in the configuration"
	}
	s.app.log.errorf("[%s] Wrong number of columns (%d) on line %d (expected %d columns %s): %s", s.task.class, len(record), s.reader.Records(),
		s.width, what, strings.Join(cells, string(s.dialect.Separator)))
	return rollcall.Errorf(rollcall.Invalid, "Invalid CSV file.")
}

// byTitle lays the columns out by the header.
func (s *csvSource) byTitle(titles [][]byte) error {
	s.width = len(titles)
	for i, b := range titles {
		title := string(b)
		var names []string
		for _, k := range s.fields.Keys {
			if s.fields.Get(k).str() == title {
				names = append(names, k)
			}
		}
		if names == nil && s.fields.Get(title) == nil {
			names = []string{title}
		}
		if names == nil {
			continue // the name belongs to another column
		}
		s.put(names, i, slices.Contains(s.ignored, title))
	}
	for _, title := range s.ignored {
		if !slices.ContainsFunc(titles, func(b []byte) bool { return string(b) == title }) {
			s.app.log.warningf("[%s] ignored_columns names %q, which is no column of the CSV file.", s.task.class, title)
		}
	}
	for _, k := range s.fields.Keys {
		title := s.fields.Get(k).str()
		if !slices.ContainsFunc(titles, func(b []byte) bool { return string(b) == title }) {
			s.app.log.warningf("[%s] The field %q is filled from %q, which is no column of the CSV file.", s.task.class, k, title)
		}
	}
	s.finish()
	return nil
}

// byNumber lays the columns out by their numbers; each must be a field or be
// ignored.
func (s *csvSource) byNumber(width int) error {
	listed := 0
	for i := range width {
		number := strconv.Itoa(i + 1)
		var names []string
		for _, k := range s.fields.Keys {
			if strings.TrimSpace(s.fields.Get(k).str()) == number {
				names = append(names, k)
			}
		}
		ignored := slices.Contains(s.ignored, number)
		if names != nil || ignored {
			listed++
		}
		s.put(names, i, ignored)
	}
	s.width = listed
	s.finish()
	return nil
}

// put adds the columns that one column of the file feeds. An ignored one is
// dropped, unless a default keeps it.
func (s *csvSource) put(names []string, from int, ignored bool) {
	for _, name := range names {
		fallback := s.defaults.Get(name)
		if ignored && fallback == nil {
			continue
		}
		c := csvColumn{name: name, from: from, fallback: []byte(fallback.str()), hasValue: fallback != nil}
		// Of two columns with one title the last one counts, in the first one's
		// place.
		if i := slices.IndexFunc(s.outs, func(o csvColumn) bool { return o.name == name }); i >= 0 {
			s.outs[i] = c
			continue
		}
		s.outs = append(s.outs, c)
	}
}

// finish adds the defaults that no column feeds.
func (s *csvSource) finish() {
	for _, k := range s.defaults.Keys {
		if !slices.ContainsFunc(s.outs, func(o csvColumn) bool { return o.name == k }) {
			s.outs = append(s.outs, csvColumn{name: k, from: -1, fallback: []byte(s.defaults.Get(k).str()), hasValue: true})
		}
	}
	if s.outs == nil {
		s.outs = []csvColumn{}
	}
	for _, o := range s.outs {
		s.row.columns = append(s.row.columns, o.name)
	}
	s.row.cells = make([]cell, len(s.outs))
}

// fill makes a row of a record. A default stands in for an empty value, and, as
// PHP finds it empty too, for 0.
func (s *csvSource) fill(record [][]byte) {
	for i, o := range s.outs {
		var v []byte
		if o.from >= 0 {
			v = record[o.from]
		}
		if o.hasValue && (len(v) == 0 || len(v) == 1 && v[0] == '0') {
			v = o.fallback
		}
		s.row.cells[i].text = v
	}
}

// check looks whether the definition's columns are there.
func (s *csvSource) check() error {
	s.checked = true
	skipped := func(attribute string) bool {
		if s.defaults.Get(attribute) != nil {
			return true
		}
		// An ignored column excuses the attributes that it would feed.
		source := attribute
		if f := s.fields.Get(attribute); f != nil {
			source = f.str()
		}
		return slices.Contains(s.ignored, source) || s.app.strict && s.fields.Get(attribute) != nil
	}
	c := columnCheck{class: s.task.class, source: "csv file", log: s.app.log, def: s.task.def, skip: skipped, null: s.nullified}
	return c.check(func(column string) bool { return slices.Contains(s.row.columns, column) })
}
