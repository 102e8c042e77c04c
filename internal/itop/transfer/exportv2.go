package transfer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"rollcall/internal/itop/gate"
	"rollcall/internal/itop/wire"
	"rollcall/internal/oql"
	"rollcall/internal/rollcall"
)

// ExportV2 answers export-v2.php. It is a gate.Page.
func (s *Service) ExportV2(ctx context.Context, w http.ResponseWriter, r *gate.Request) {
	out := &answer{w: w}
	if err := s.exportV2(ctx, out, r); err != nil {
		s.failed(w, r, out, err)
	}
}

// exportV2 carries an export out; a *fault is what to answer instead.
func (s *Service) exportV2(ctx context.Context, out *answer, r *gate.Request) error {
	p := r.Params
	if r.Params.Raw("interactive", "") == "1" || p.Raw("interactive", "") == "true" {
		return s.form(r)
	}
	q, format, err := s.ask(ctx, r)
	if err != nil {
		return err
	}
	e := &export{service: s, query: s.Rights.Visible(r.Account, q.query), sel: selectionOf(q.query), hideObsolete: !s.ShowObsolete}
	if class, alias := e.may(r.Account); class != nil {
		return paragraph(fmt.Sprintf("You do not have enough permissions to bulk read data of class '%s' (alias: %s)", class.Name, alias))
	}
	fields := p.Raw("fields", q.fields)
	if format == formatXML {
		e.columns = s.xmlColumns(e.sel, p.Raw("linksets", "") == "1")
	} else if e.columns, err = parseColumns(s.Model, e.sel, fields); err != nil {
		return &fault{title: "iTop Export", body: wire.Escape("Error: " + err.Error())}
	}
	if len(e.columns) == 0 {
		return &fault{body: "Missing parameter: fields  " + usageHTML(), bare: true}
	}
	return s.write(ctx, out, r, e, format)
}

// noArchive is what both exports say to whoever asks for archived objects: nobody
// may while no class is archived, as none of iTop's own are.
const noArchive = "The user account is not authorized to access the archives"

// question is what an export is asked for.
type question struct {
	query  *rollcall.Query
	fields string // of an entry of the query phrasebook
}

// ask reads the query and the format, in the order in which iTop complains.
func (s *Service) ask(ctx context.Context, r *gate.Request) (question, string, error) {
	p := r.Params
	var q question
	if p.Get("with_archive", "") == "1" {
		return q, "", paragraph(noArchive)
	}
	text := strings.TrimSpace(p.Raw("expression", ""))
	if text == "" {
		id := p.Raw("query", "")
		if id == "" {
			return q, "", s.noQuery(r)
		}
		var err error
		if text, q.fields, err = s.phrase(ctx, id); err != nil {
			return q, "", err
		}
	}
	format := p.Raw("format", "")
	if format == "" && r.CommandLine {
		format = formatHTML
	}
	if format == "" {
		return q, "", withUsage("Missing parameter 'format'.")
	}
	if !slices.Contains(formats, format) {
		return q, "", paragraph("Invalid output format: '" + format + "'. The supported formats are: " + strings.Join(formats, ", "))
	}
	if format == formatPDF {
		return q, "", paragraph("The format 'pdf' is not available on this server: ask for html or xlsx")
	}
	args, missing, err := s.arguments(ctx, text, r)
	if err != nil {
		return q, "", err
	}
	if missing != "" {
		return q, "", withUsage("Invalid OQL query: '" + wire.Escape(text) + "'.\n" + wire.Escape("Missing parameter '--arg_"+missing+"'"))
	}
	if q.query, err = oql.Compile(s.Model, text, args); err != nil {
		// iTop escapes the reason twice.
		return q, "", paragraph("Invalid OQL query: '" + text + "'.\n" + wire.Escape(err.Error()))
	}
	return q, format, nil
}

func (s *Service) noQuery(r *gate.Request) *fault {
	if r.CommandLine {
		return withUsage("Missing parameter. At least one of '--expression' or '--query' must be specified.")
	}
	return withUsage("Missing parameter. The parameter 'expression' or 'query' must be specified.")
}

// classPhrase is the class of the query phrasebook's entries.
const classPhrase = "QueryOQL"

// phrase returns an entry of the query phrasebook.
func (s *Service) phrase(ctx context.Context, id string) (text, fields string, err error) {
	class := s.Model.Class(classPhrase)
	if class == nil || parseID(id) == 0 {
		return "", "", paragraph("Invalid query phrasebook identifier: '" + id + "'")
	}
	found, err := s.Store.Objects(ctx, class, []rollcall.ObjectID{parseID(id)})
	if err != nil {
		return "", "", err
	}
	if len(found) == 0 {
		return "", "", paragraph("Invalid query phrasebook identifier: '" + id + "'")
	}
	return found[0].Get("oql"), found[0].Get("fields"), nil
}

// arguments collects the values of a query's parameters; missing is the first
// that has none.
func (s *Service) arguments(ctx context.Context, text string, r *gate.Request) (args map[string]string, missing string, err error) {
	names := oql.Parameters(text)
	if args, err = gate.Standing(ctx, s.Model, s.Store, r.Account, names); err != nil {
		return nil, "", err
	}
	for _, name := range names {
		if _, there := args[name]; there {
			continue
		}
		if !r.Params.Has("arg_" + name) {
			return nil, name, nil
		}
		args[name] = r.Params.Raw("arg_"+name, "")
	}
	return args, "", nil
}

// xmlColumns are all attributes of the selected classes, each key followed by
// what hangs on it.
func (s *Service) xmlColumns(sel selection, sets bool) []column {
	var columns []column
	for alias, class := range sel.classes {
		for _, code := range xmlCodes(s.Model, class) {
			c := column{spec: code, alias: alias, class: class, code: code, shape: shapeOf(s.Model, class, code)}
			if a := class.Attribute(code); a != nil && (a.Type == rollcall.TypeLinks || a.Type == rollcall.TypeChildren) {
				if !sets {
					continue
				}
				c.set = a
			}
			columns = append(columns, c)
		}
	}
	return columns
}

// xmlCodes orders a class's attributes as its XML has them: behind each key its
// name, its fields and its flag.
func xmlCodes(model *rollcall.Model, class *rollcall.Class) []string {
	var codes []string
	done := map[string]bool{}
	add := func(code string) {
		if !done[code] {
			done[code] = true
			codes = append(codes, code)
		}
	}
	for _, a := range class.Attributes {
		if a.Type == rollcall.TypeField && class.Attribute(a.Via) != nil && class.Attribute(a.Via).IsKey() && !done[a.Via] {
			continue // it comes with its key
		}
		add(a.Code)
		if !a.IsKey() {
			continue
		}
		additions := wire.Additions(model, class, a)
		for i, code := range additions {
			if i > 0 {
				break
			}
			add(code)
		}
		for _, f := range class.Attributes {
			if f.Type == rollcall.TypeField && f.Via == a.Code {
				add(f.Code)
			}
		}
		for _, code := range additions {
			add(code)
		}
	}
	for _, code := range wire.Codes(model, class) {
		add(code)
	}
	return codes
}

// bufferSize is how much of an answer is put together before it is sent.
const bufferSize = 64 << 10

// write sends an export in its format.
func (s *Service) write(ctx context.Context, out *answer, r *gate.Request, e *export, format string) error {
	p := r.Params
	l := look{model: s.Model, localize: p.Raw("no_localize", "") != "1", formatted: p.Raw("formatted_text", "") == "1"}
	l = l.withDates(p.Raw("date_format", ""))
	buffered := bufio.NewWriterSize(out, bufferSize)
	name := e.sel.classes[0].Label + " Export."
	var to table
	switch format {
	case formatCSV:
		return s.writeCSV(ctx, out, r, e, l, name)
	case formatXML:
		l.formatted = true
		out.header = attachment("text/xml;charset=utf-8", name+"xml")
		to = &xmlTable{out: buffered, look: l, columns: e.columns, sel: e.sel}
	case formatXLSX:
		out.header = attachment("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", name+"xlsx")
		to = &sheetTable{to: out, look: l, columns: e.columns}
	default:
		l.formatted = p.Raw("formatted_text", "1") == "1"
		out.header = htmlHeader(format == formatSpreadsheet)
		to = &htmlTable{
			out: buffered, look: l, columns: e.columns, base: s.base(r), title: "iTop export",
			spreadsheet: format == formatSpreadsheet, names: s.namer(ctx),
		}
	}
	return e.run(ctx, to, e.labels(l.localize))
}

func (e *export) labels(localize bool) []string {
	labels := make([]string, len(e.columns))
	for i := range e.columns {
		labels[i] = e.columns[i].label(e.service.Model, e.sel, localize)
	}
	return labels
}

// writeCSV sends CSV in the charset asked for.
func (s *Service) writeCSV(ctx context.Context, out *answer, r *gate.Request, e *export, l look, name string) error {
	p := r.Params
	charset := p.Raw("charset", wire.UTF8)
	separator := p.Raw("separator", ",")
	if separator == "other" {
		separator = p.Raw("other-separator", ",")
	}
	qualifier := p.Raw("text-qualifier", `"`)
	if qualifier == "other" {
		qualifier = p.Raw("other-text-qualifier", `"`)
	}
	encoded, err := wire.Encode(out, charset)
	if err != nil {
		return paragraph(err.Error())
	}
	out.header = attachment("text/csv;charset="+strings.ToLower(charset), name+"csv")
	to := &csvTable{out: bufio.NewWriterSize(encoded, bufferSize), look: l, columns: e.columns, separator: wire.Separator(separator), qualifier: qualifier}
	return errors.Join(e.run(ctx, to, e.labels(l.localize)), encoded.Close())
}

// attachment sets the headers of a file to be saved.
func attachment(mediaType, name string) func(http.Header) {
	return func(h http.Header) {
		noCache(h)
		h.Set("Content-Disposition", `attachment; filename="`+fileNames.Replace(name)+`"`)
		h.Set("Content-Type", mediaType)
	}
}

// fileNames takes out of a file's name what would end the header.
var fileNames = strings.NewReplacer(`"`, "", `\`, "", "\r", "", "\n", "")

func htmlHeader(spreadsheet bool) func(http.Header) {
	return func(h http.Header) {
		h.Set("Expires", "Thu, 19 Nov 1981 08:52:00 GMT")
		if !spreadsheet { // spreadsheet programs refuse to load what must not be stored
			h.Set("Cache-Control", "no-store, no-cache, must-revalidate")
			h.Set("Pragma", "no-cache")
		}
		h.Set("X-Frame-Options", "SAMEORIGIN")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Type", "text/html; charset=UTF-8")
	}
}

// base returns the address of this server, with a slash at the end.
func (s *Service) base(r *gate.Request) string {
	if s.BaseURL != "" || r.HTTP == nil {
		return s.BaseURL
	}
	scheme := "http://"
	if r.HTTP.TLS != nil {
		scheme = "https://"
	}
	prefix, _, _ := strings.Cut(r.HTTP.URL.Path, "webservices/")
	prefix, _, _ = strings.Cut(prefix, "synchro/")
	return scheme + r.HTTP.Host + prefix
}

// namer returns the friendly names of objects, each read once.
func (s *Service) namer(ctx context.Context) func(*rollcall.Class, string) string {
	v := newValues(s.Model, s.Store)
	return func(class *rollcall.Class, id string) string {
		name := make([]string, 1)
		if err := v.follow(ctx, class, []string{id}, rollcall.CodeFriendlyName, name); err != nil {
			return id // the rows themselves will tell of the trouble
		}
		return name[0]
	}
}

// form is the page on which a person chooses what to export.
func (s *Service) form(r *gate.Request) *fault {
	var b strings.Builder
	b.WriteString(`<form method="post" action="export-v2.php"><h1>Export</h1>`)
	for _, name := range []string{"expression", "query", "fields"} {
		b.WriteString(`<p><label>` + name + ` <input name="` + name + `" value="` + wire.Escape(r.Params.Raw(name, "")) + `"></label></p>`)
	}
	b.WriteString(`<p><label>format <select name="format">`)
	for _, f := range formats {
		if f != formatPDF {
			b.WriteString("<option>" + f + "</option>")
		}
	}
	b.WriteString(`</select></label></p><p><input type="submit" value="Export"></p></form>`)
	return &fault{title: "iTop Export", body: b.String()}
}

var _ io.Writer = (*answer)(nil)
