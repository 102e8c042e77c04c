package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"

	"rollcall/internal/auth"
	"rollcall/internal/itop/gate"
	"rollcall/internal/itop/wire"
	"rollcall/internal/rollcall"
)

// Import answers import.php. It is a gate.Page.
func (s *Service) Import(ctx context.Context, w http.ResponseWriter, r *gate.Request) {
	report := &report{}
	defer report.close()
	if err := s.importCSV(ctx, r, report); err != nil {
		s.comment(r, report, err)
	}
	if err := report.send(w, r.CommandLine); err != nil {
		s.Log.Warn("an import's report was not sent", slog.Any("err", err))
	}
}

// RefuseImport says in import.php's shape that somebody was not let in.
func (s *Service) RefuseImport(w http.ResponseWriter, r *gate.Request, refusal *gate.Refusal) {
	report := &report{}
	defer report.close()
	report.head.WriteString(refusal.Message)
	_ = report.send(w, r.CommandLine) // a client that left is no trouble of ours
}

// usageError is a missing parameter: the usage text follows.
type usageError struct{ name string }

func (u usageError) Error() string { return "Missing argument '" + u.name + "'" }

// comment ends a report with what went wrong.
func (s *Service) comment(r *gate.Request, report *report, err error) {
	report.drop()
	if u, ok := errors.AsType[usageError](err); ok {
		report.head.WriteString("ERROR: " + u.Error() + "\n\nUSAGE:\n\n" + importUsage(r.CommandLine))
		return
	}
	text := err.Error()
	if rollcall.KindOf(err) == rollcall.Internal {
		s.Log.Error("import failed", slog.Any("err", err))
		text = "Internal error: nothing was imported"
	}
	report.line("%s", text)
}

// The output modes.
const (
	outputRetcode = "retcode"
	outputSummary = "summary"
	outputDetails = "details"
)

// job is one import.
type job struct {
	service   *Service
	account   *auth.Account
	class     *rollcall.Class
	columns   []input
	matches   []match
	localize  bool
	simulate  bool
	details   bool
	dateTimes *wire.DateFormat // nil: as stored
	dates     *wire.DateFormat
	comment   string
	look      look
	report    *report
	problem   func(row int, text string) error // told of rows that are not taken over; nil: nobody is
	kind      string                           // of the origin in histories; "" for that of import.php
	counts    counts
}

// options are the parameters that are checked before anything is read.
type options struct {
	charset, separator, qualifier, output, dateFormat, keys string
}

// importCSV reads the parameters in iTop's order and carries the import out.
func (s *Service) importCSV(ctx context.Context, r *gate.Request, report *report) error {
	p := r.Params
	j := &job{service: s, account: r.Account, report: report}
	if !p.Has("class") {
		return usageError{"class"}
	}
	data, size, ok := p.Posted("csvdata")
	if !ok && r.CommandLine {
		return usageError{"csvfile"}
	}
	if !ok {
		return usageError{"csvdata"}
	}
	defer data.Close()
	o, err := j.options(p, size)
	if err != nil {
		return err
	}
	report.retcode = o.output == outputRetcode
	j.details = o.output == outputDetails
	j.look = look{model: s.Model, localize: j.localize, dateTimes: j.dateTimes, dates: j.dates}
	j.announce(o, size)
	decoded, err := wire.Decode(data, o.charset)
	if err != nil {
		return err
	}
	if strings.EqualFold(o.charset, wire.UTF8) {
		decoded = wire.WithoutMark(decoded)
	}
	rows := wire.NewCSV(decoded, o.separator, o.qualifier)
	head, err := rows.Next()
	if errors.Is(err, io.EOF) {
		return rollcall.Errorf(rollcall.Invalid, "Missing data - at least one line is expected")
	}
	if err != nil {
		return err
	}
	names := newDictionary(s.Model, j.class, j.localize)
	if j.columns, err = names.header(head); err != nil {
		return err
	}
	if j.matches, err = names.matches(o.keys, j.columns); err != nil {
		return err
	}
	return j.run(ctx, rows, size)
}

// options reads and checks the parameters.
func (j *job) options(p *gate.Params, size int64) (options, error) {
	o := options{
		charset:    strings.TrimSpace(p.Raw("charset", "")),
		separator:  wire.Separator(strings.TrimSpace(p.Raw("separator", ","))),
		qualifier:  strings.TrimSpace(p.Raw("qualifier", `"`)),
		output:     strings.TrimSpace(p.Get("output", outputSummary)),
		dateFormat: strings.TrimSpace(p.Raw("date_format", "")),
		keys:       p.Raw("reconciliationkeys", ""),
	}
	if o.charset == "" {
		o.charset = j.service.Charset
	}
	j.localize = p.Get("no_localize", "0") != "1"
	j.simulate = p.Get("simulate", "0") == "1"
	j.comment = strings.TrimSpace(p.Raw("comment", ""))
	if o.dateFormat != "" {
		j.dateTimes = wire.NewDateFormat(o.dateFormat)
		j.dates = j.dateTimes.DateOnly()
	}
	name := strings.TrimSpace(p.Raw("class", ""))
	j.class = j.service.Model.Class(name)
	refuse := func(format string, args ...any) (options, error) {
		return o, rollcall.Errorf(rollcall.Invalid, format, args...)
	}
	switch {
	case size == 0:
		return refuse("Missing data - at least one line is expected")
	case j.class == nil:
		return refuse("Unknown class: '%s'", clip(name))
	case len(o.separator) != 1:
		return refuse("Separator is limited to one character, found '%s'", clip(o.separator))
	case len(o.qualifier) > 1:
		return refuse("Text qualifier is limited to one character, found '%s'", clip(o.qualifier))
	case o.output != outputRetcode && o.output != outputSummary && o.output != outputDetails:
		return refuse("Unknown output format: '%s'", clip(o.output))
	case !j.service.Rights.Allows(j.account, j.class, auth.BulkWrite):
		return refuse("You are not allowed to perform a bulk update of objects of class %s", j.class.Name)
	}
	j.report.output = o.output
	return o, nil
}

// announce writes what the report says before the data was looked at.
func (j *job) announce(o options, size int64) {
	r := j.report
	r.line("Output format: %s", o.output)
	r.line("Class: %s", j.class.Name)
	r.line("Separator: %s", o.separator)
	r.line("Qualifier: %s", o.qualifier)
	r.line("Charset Encoding:%s", clip(o.charset))
	if j.dateTimes == nil {
		r.line("Date format: <none>")
	} else {
		r.line("Date and time format: '%s'", clip(j.dateTimes.String()))
		r.line("Date format: '%s'", clip(j.dates.String()))
	}
	r.line("Localize: %s", map[bool]string{true: "yes", false: "no"}[j.localize])
	r.line("Data Size: %d", size)
}

// summarise writes what the report says once all rows were seen.
func (j *job) summarise(c counts) {
	r := j.report
	codes := make([]string, len(j.columns))
	for i := range j.columns {
		codes[i] = j.columns[i].code
	}
	keys := make([]string, len(j.matches))
	for i, m := range j.matches {
		keys[i] = m.text
	}
	r.issues = c.issues
	r.line("Data Lines: %d", c.rows)
	r.line("Simulate: %s", flag(j.simulate))
	r.line("Columns: %s", strings.Join(codes, ", "))
	r.line("Reconciliation Keys: %s", strings.Join(keys, ", "))
	r.line("Change tracking comment: %s", strings.ToValidUTF8(j.comment, "\uFFFD"))
	r.line("Issues: %d", c.issues)
	r.line("Warnings: %d", c.warnings)
	r.line("Created: %d", c.created)
	r.line("Updated: %d", c.updated)
	r.line("Unchanged: %d", c.unchanged)
}

// importUsage explains the parameters of import.php.
func importUsage(commandLine bool) string {
	var b strings.Builder
	if commandLine {
		b.WriteString("auth_user = login (must be enabled to perform bulk changes), mandatory\nauth_pwd = password, mandatory\n")
	}
	b.WriteString("class = class of loaded objects, mandatory\n")
	if commandLine {
		b.WriteString("csvfile = local data file, mandatory\n")
	} else {
		b.WriteString("csvdata = data, mandatory\n")
	}
	for _, p := range []struct{ name, text, fallback string }{
		{"charset", "Character set encoding of the CSV data: UTF-8, ISO-8859-1, WINDOWS-1251, WINDOWS-1252, ISO-8859-15, If blank, then the charset is set to config(csv_file_default_charset)", ""},
		{"date_format", "Input date format (used both for dates and datetimes) - Examples: Y-m-d H:i:s, d/m/Y H:i:s (Europe) - no transformation is applied if the argument is omitted. (note: old format specification using %Y %m %d is also supported for backward compatibility)", ""},
		{"separator", "column separator in CSV data (1 char, or 'tab')", ","},
		{"qualifier", "test qualifier in CSV data", `"`},
		{"output", "[retcode] to return the count of lines in error, [summary] to return a concise report, [details] to get a detailed report (each line listed)", outputSummary},
		{"reconciliationkeys", "name of the columns used to identify existing objects and update them, or create a new one", ""},
		{"simulate", "If set to 1, then the load will not be executed, but the expected report will be produced", "0"},
		{"comment", "Comment to be added into the change log", ""},
		{"no_localize", "If set to 0, then header and values are supposed to be localized in the language of the logged in user. Set to 1 to use internal attribute codes and values (enums)", "0"},
	} {
		fmt.Fprintf(&b, "%s = %s, optional, defaults to [%s]\n", p.name, p.text, p.fallback)
	}
	return b.String()
}

// counts are the totals of an import.
type counts struct{ rows, issues, warnings, created, updated, unchanged int }
