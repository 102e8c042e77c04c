package synchro

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/itop/gate"
	"rollcall/internal/itop/wire"
	"rollcall/internal/rollcall"
)

// The parameters of synchro_import.php, as its usage text lists them.
var importParameters = []parameter{
	{name: "auth_user", meaning: "login (must have rights to run the data source)", isMandatory: true, onlyCLI: true},
	{name: "auth_pwd", meaning: "password", isMandatory: true, onlyCLI: true},
	{name: "data_source_id", meaning: "Synchro data source id", isMandatory: true},
	{name: "csvdata", meaning: "data", isMandatory: true, onlyHTTP: true},
	{name: "csvfile", meaning: "local data file (replaces csvdata if specified)", isMandatory: true, onlyCLI: true},
	{name: "synchronize", meaning: "If set to 1, then the synchronization will be executed right after the data load", fallback: "1"},
	{name: "charset", meaning: "Character set encoding of the CSV data: UTF-8, ISO-8859-1, WINDOWS-1251, WINDOWS-1252, ISO-8859-15", fallback: wire.UTF8},
	{name: "date_format", meaning: "Input date format (used both for dates and datetimes) - Examples: Y-m-d, d/m/Y (Europe) - no transformation is applied if the argument is omitted. (note: old format specification using %Y %m %d is also supported for backward compatibility)", fallback: defaultDates},
	{name: "separator", meaning: "column separator in CSV data (1 char, or 'tab')", fallback: ";"},
	{name: "qualifier", meaning: "test qualifier in CSV data", fallback: `"`},
	{name: "output", meaning: "[retcode] to return the count of lines in error, [summary] to return a concise report, [details] to get a detailed report (each line listed)", fallback: "summary"},
	{name: "max_chunk_size", meaning: "Limit on the count of records that can be loaded at once while performing the synchronization", fallback: "0", onlyCLI: true},
	{name: "simulate", meaning: "If set to 1, then the load will not be executed, but the expected report will be produced", fallback: "0"},
	{name: "comment", meaning: "Comment to be added into the change log", fallback: ""},
	{name: "no_stop_on_import_error", meaning: "Don't stop the import in case of SQL import error. By default the import will stop at the first error (and rollback all changes). If this flag is set to 1 the import will continue anyway", fallback: "0"},
}

const defaultDates = "Y-m-d H:i:s"

// importing is one call of synchro_import.php.
type importing struct {
	out        *report
	head       rollcall.SourceHead
	size       int64
	charset    string
	separator  string
	qualifier  string
	output     string
	comment    string
	dates      *wire.DateFormat
	simulates  bool
	runs       bool
	goesOn     bool // past a row that cannot be taken
	isDetailed bool
	columns    *columns
	rows       int
	issues     int
	made, seen int
}

// Import answers synchro_import.php: it loads rows of CSV into the data table of
// a data source, and runs the source when it is told to. The load is one
// transaction: a row that cannot be taken ends it, and nothing is kept, unless
// no_stop_on_import_error says to go on without that row.
func (s *Service) Import(ctx context.Context, w http.ResponseWriter, r *gate.Request) {
	out := &report{isHTML: !r.CommandLine}
	defer s.send(w, out)
	since := s.Now() // before a row is written: what is older was not in this load
	for _, name := range []string{"data_source_id", "csvfile"} {
		if !r.Params.Has(name) && (name != "csvfile" || r.CommandLine) {
			usage(out, name, importParameters)
			return
		}
	}
	i := &importing{
		out:       out,
		charset:   trimmed(r.Params, "charset", wire.UTF8),
		separator: wire.Separator(trimmed(r.Params, "separator", ";")),
		qualifier: trimmed(r.Params, "qualifier", `"`),
		output:    r.Params.Get("output", "summary"),
		comment:   trimmed(r.Params, "comment", ""),
		simulates: r.Params.Get("simulate", "0") == "1",
		runs:      r.Params.Get("synchronize", "1") == "1",
		goesOn:    r.Params.Get("no_stop_on_import_error", "0") == "1",
	}
	i.isDetailed = i.output == "details"
	dates := trimmed(r.Params, "date_format", defaultDates)
	if dates == "" {
		dates = defaultDates
	}
	i.dates = wire.NewDateFormat(dates)
	data, err := i.open(r)
	if err != nil {
		out.comment(s.explain(err))
		return
	}
	defer func() { _ = data.Close() }() // it was read, or is not wanted
	if err := s.load(ctx, i, r, data, since); err != nil {
		out.comment(s.explain(err))
	}
}

// open opens the CSV data.
func (i *importing) open(r *gate.Request) (io.ReadCloser, error) {
	if r.CommandLine {
		path := trimmed(r.Params, "csvfile", "")
		f, err := os.Open(path) //nolint:gosec // whoever calls the program may read what it may read
		if err != nil {
			return nil, rollcall.Errorf(rollcall.Invalid, "Input file could not be found or could not be read: '%s'", path)
		}
		if info, err := f.Stat(); err == nil {
			i.size = info.Size()
		}
		return f, nil
	}
	data, size, _ := r.Params.Posted("csvdata")
	if size == 0 {
		return nil, errNoData()
	}
	i.size = size
	return data, nil
}

func errNoData() error {
	return rollcall.Errorf(rollcall.Invalid, "Missing data - at least one line is expected")
}

// mayLoad reports whether an account may put rows into a source's table: one
// that may run the source, and one that may write any object of its class
// anyway. On iTop 3.2.0 everybody may who comes in, and so gives himself
// whatever the source writes, accounts of administrators included.
func (s *Service) mayLoad(a *auth.Account, source *rollcall.SourceHead) bool {
	return a.MayRun(source.User) || a.Organisations == nil && s.Rights.Allows(a, source.Class, auth.BulkWrite)
}

// load checks what is asked, takes the rows, and reports.
func (s *Service) load(ctx context.Context, i *importing, r *gate.Request, data io.Reader, since time.Time) error {
	if i.size == 0 {
		return errNoData()
	}
	id := trimmed(r.Params, "data_source_id", "")
	n, err := strconv.ParseInt(id, 10, 64)
	if err == nil {
		i.head, err = s.Feeds.Source(ctx, rollcall.ObjectID(n))
	} else {
		err = rollcall.Errorf(rollcall.NotFound, "no number")
	}
	switch {
	case err != nil && rollcall.KindOf(err) == rollcall.NotFound:
		return rollcall.Errorf(rollcall.Invalid, "Unknown data source id: '%s'", shortened(id))
	case err != nil:
		return err
	case len(i.separator) > 1:
		return rollcall.Errorf(rollcall.Invalid, "Separator is limited to one character, found '%s'", shortened(i.separator))
	case len(i.qualifier) > 1:
		return rollcall.Errorf(rollcall.Invalid, "Text qualifier is limited to one character, found '%s'", shortened(i.qualifier))
	case i.output != "retcode" && i.output != "summary" && i.output != "details":
		return rollcall.Errorf(rollcall.Invalid, "Unknown output format: '%s'", shortened(i.output))
	case !s.mayLoad(r.Account, &i.head):
		return rollcall.Errorf(rollcall.Forbidden, "Only adminstrators or the user specified in the data source can execute this operation. Operation cancelled.")
	}
	text, err := wire.Decode(data, i.charset)
	if err != nil {
		return err
	}
	rows := wire.NewCSV(bufio.NewReaderSize(text, 64<<10), i.separator, i.qualifier)
	header, err := rows.Next()
	if errors.Is(err, io.EOF) {
		return errNoData()
	}
	if err != nil {
		return err
	}
	if i.columns, err = newColumns(i.head.Class, header, i.dates); err != nil {
		return err
	}
	return s.take(ctx, i, r, rows, since)
}

// take hands the rows over and writes the report.
func (s *Service) take(ctx context.Context, i *importing, r *gate.Request, rows *wire.CSV, since time.Time) error {
	if i.isDetailed {
		i.title("Import phase")
	}
	feed := rollcall.Feed{
		Source: i.head.ID, Columns: i.columns.data, Simulate: i.simulates,
		Rows: func(put func(rollcall.FedRow) (rollcall.Fed, error)) error { return i.read(ctx, rows, put) },
		Done: i.summarize,
	}
	if i.runs {
		feed.Then = &rollcall.Exec{Source: i.head.ID, By: runner(r), Since: since, Simulate: i.simulates, Limits: s.Limits(i.head.Name)}
	}
	done, err := s.Feeds.Feed(ctx, feed)
	if err != nil {
		return err
	}
	if done != nil {
		i.ran(done)
	}
	if i.output == "retcode" {
		i.out.plain(strconv.Itoa(i.issues))
	}
	return nil
}

func (i *importing) title(text string) {
	const rule = "------------------------------------------------------------"
	i.out.comment(rule)
	i.out.comment(" " + text)
	i.out.comment(rule)
}

// read hands over every row that can be taken.
func (i *importing) read(ctx context.Context, rows *wire.CSV, put func(rollcall.FedRow) (rollcall.Fed, error)) error {
	for ; ; i.rows++ {
		cells, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if i.rows%1000 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		row, notes, wrong := i.columns.row(cells)
		fate := rollcall.Fed(0)
		if wrong == nil {
			if fate, err = put(row); err != nil {
				return err
			}
			if fate == rollcall.FedRefused {
				wrong = rollcall.Errorf(rollcall.Invalid, "the row has %d cells and the header has %d columns", len(cells), i.columns.width)
			}
		}
		if wrong != nil {
			if !i.goesOn {
				return rollcall.Errorf(rollcall.Invalid, "Row %d, primary_key '%s': %w. Nothing was loaded.", i.rows, shortened(row.Key), wrong)
			}
			i.issues++
			i.out.plain(fmt.Sprintf("%d: Import error '%s' (continuing)...", i.rows, wrong))
			continue
		}
		i.note(row.Key, fate, notes)
	}
}

// note counts a row that was taken, and tells of it.
func (i *importing) note(key string, fate rollcall.Fed, notes []string) {
	what := "Update entry"
	if fate == rollcall.FedNew {
		what = "New entry"
		i.made++
	} else {
		i.seen++
	}
	if !i.isDetailed {
		return
	}
	i.out.plain(fmt.Sprintf("%d: %s, reconciliation: '`primary_key` = '%s''", i.rows, what, key))
	for _, note := range notes {
		i.out.plain(fmt.Sprintf("%d: %s", i.rows, note))
	}
}

// shortened keeps a message readable whatever a cell or a parameter holds.
func shortened(text string) string { return wire.Shown(text, 80) }

// summarize tells how the load went.
func (i *importing) summarize() {
	if i.output == "retcode" {
		return
	}
	i.title("Import phase summary")
	for _, line := range []string{
		fmt.Sprintf("Data Source: %d", i.head.ID),
		"Synchronize: " + flag(i.runs),
		"Class: " + i.head.Class.Name,
		"Separator: " + i.separator,
		"Qualifier: " + i.qualifier,
		"Charset Encoding:" + i.charset,
		fmt.Sprintf("Date and time format: '%s' %s", i.dates, applied(i.columns.dateTimes)),
		fmt.Sprintf("Date only format: '%s' %s", i.dates.DateOnly(), applied(i.columns.datesOnly)),
		fmt.Sprintf("Data Size: %d", i.size),
		fmt.Sprintf("Data Lines: %d", i.rows),
		"Columns: " + strings.Join(i.columns.names, ", "),
		"Output format: " + i.output,
		"Simulate: " + flag(i.simulates),
		"Change tracking comment: " + i.comment,
		fmt.Sprintf("Issues (before synchro): %d", i.issues),
		fmt.Sprintf("Created (before synchro): %d", i.made),
		fmt.Sprintf("Updated (before synchro): %d", i.seen),
	} {
		i.out.comment(line)
	}
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// applied names the columns of a date format. The blank before it stays when
// there are none, as on iTop 3.2.0.
func applied(columns []string) string {
	if len(columns) == 0 {
		return ""
	}
	return ", applied to columns [" + strings.Join(columns, ", ") + "]"
}

// ran tells of the run that followed.
func (i *importing) ran(done *rollcall.Executed) {
	if i.isDetailed {
		i.title("Synchronization phase")
		i.out.comment(` No traces. (To activate the traces set "synchro_trace" => true in the configuration file)`)
	}
	if done.Error != "" {
		i.out.paragraph("ERROR: " + done.Error)
	}
	i.title("Synchronization phase summary")
	for _, line := range counters(&done.Counters) {
		i.out.comment(line)
	}
}
