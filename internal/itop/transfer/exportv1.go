package transfer

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"rollcall/internal/itop/gate"
	"rollcall/internal/itop/wire"
	"rollcall/internal/oql"
	"rollcall/internal/rollcall"
)

// Export answers export.php, the older page. It is a gate.Page.
func (s *Service) Export(ctx context.Context, w http.ResponseWriter, r *gate.Request) {
	out := &answer{w: w}
	if err := s.exportV1(ctx, out, r); err != nil {
		s.failed(w, r, out, err)
	}
}

// notExecuted is how export.php tells of a query that it does not answer.
func notExecuted(markup string) *fault {
	return &fault{title: errorTitle, body: "<p>Error the query can not be executed.</p><p>" + markup + "</p>"}
}

func (s *Service) exportV1(ctx context.Context, out *answer, r *gate.Request) error {
	p := r.Params
	if p.Get("with_archive", "") == "1" {
		return &fault{body: noArchive + "\n", bare: true}
	}
	text, phrased := strings.TrimSpace(p.Raw("expression", "")), ""
	if id := p.Raw("query", ""); text == "" && id != "" {
		var err error
		if text, phrased, err = s.phrase(ctx, id); err != nil {
			return err
		}
	}
	if text == "" {
		return &fault{title: errorTitle, body: v1Usage}
	}
	args, missing, err := s.arguments(ctx, text, r)
	if err != nil {
		return err
	}
	if missing != "" {
		return notExecuted(wire.Escape("Missing parameter '--arg_" + missing + "'"))
	}
	query, err := oql.Compile(s.Model, text, args)
	if err != nil {
		return notExecuted(explain(text, err))
	}
	e := &export{service: s, query: s.Rights.Visible(r.Account, query), sel: selectionOf(query)}
	if class, _ := e.may(r.Account); class != nil {
		return notExecuted("The current user does not have permission for exporting data of class " + class.Name)
	}
	if e.columns, err = s.v1Columns(e.sel, p.Raw("fields", phrased), p.Raw("fields_advanced", "") == "1"); err != nil {
		return notExecuted(wire.Escape(err.Error()))
	}
	return s.writeV1(ctx, out, r, e)
}

const v1Usage = `<p>General purpose export page.</p><p>Parameters:</p>` +
	`<p> * expression: an OQL expression (URL encoded if needed)</p>` +
	`<p> * query: (alternative to 'expression') the id of an entry from the query phrasebook</p>` +
	`<p> * arg_xxx: (needed if the query has parameters) the value of the parameter 'xxx'</p>` +
	`<p> * format: (optional, default is html) the desired output format. Can be one of 'html', 'spreadsheet', 'csv', 'xlsx' or 'xml'</p>` +
	`<p> * fields: (optional, no effect on XML format) list of fields (attribute codes, or alias.attcode) separated by a comma</p>` +
	`<p> * fields_advanced: (optional, no effect on XML/HTML formats; ignored if fields is specified) If set to 1, the default list of fields includes the external keys and their reconciliation keys</p>` +
	`<p> * filename: (optional, no effect in CLI mode) if set then the results are downloaded as a file</p>`

// v1Columns reads the fields of export.php, which knows no id and no paths.
func (s *Service) v1Columns(sel selection, list string, advanced bool) ([]column, error) {
	if strings.TrimSpace(list) == "" {
		return s.v1Defaults(sel, advanced), nil
	}
	var columns []column
	for spec := range strings.SplitSeq(list, ",") {
		spec = strings.TrimSpace(spec)
		c, err := parseColumn(s.Model, sel, spec)
		if len(columns) >= maxColumns {
			return nil, rollcall.Errorf(rollcall.Invalid, "Too many fields: no more than %d can be exported at once", maxColumns)
		}
		if err != nil || c.code == rollcall.CodeID || c.target != nil {
			code := spec
			if _, rest, ok := strings.Cut(spec, "."); ok {
				code = rest
			}
			return nil, rollcall.Errorf(rollcall.Invalid, "Invalid field specification %s: %s is not a valid attribute for %s", spec, code, sel.classes[c.alias].Name)
		}
		columns = append(columns, s.asPath(c))
	}
	return columns, nil
}

// v1Defaults are the columns when none are named: what can be written as one
// value and is no key, and what hangs on keys.
func (s *Service) v1Defaults(sel selection, advanced bool) []column {
	var columns []column
	for alias, class := range sel.classes {
		add := func(code string) {
			c := column{spec: code, alias: alias, class: class, code: code, shape: shapeOf(s.Model, class, code)}
			columns = append(columns, s.asPath(c))
		}
		if advanced {
			add(rollcall.CodeID)
		}
		for _, code := range wire.Codes(s.Model, class) {
			a := class.Attribute(code)
			_, derived := s.Model.Derive(class, code)
			switch {
			case a == nil && !derived, a != nil && (isShown(a) || a.IsKey() && !advanced):
			case a != nil && (a.Type == rollcall.TypeLinks || a.Type == rollcall.TypeChildren || a.Type == rollcall.TypePassword):
			case strings.HasSuffix(code, "_finalclass_recall"):
			default:
				add(code)
			}
		}
	}
	return columns
}

// asPath makes a field what it shows: org_name is org_id->name here, in the
// labels too.
func (s *Service) asPath(c column) column {
	d, ok := s.Model.Derive(c.class, c.code)
	if !ok {
		return c
	}
	c.code, c.remote, c.target = d.Via.Code, d.Code, s.Model.KeyTarget(c.class, d.Via)
	return c
}

// writeV1 sends an export of export.php.
func (s *Service) writeV1(ctx context.Context, out *answer, r *gate.Request, e *export) error {
	p := r.Params
	l := look{model: s.Model, localize: p.Raw("no_localize", "") != "1"}
	buffered := bufio.NewWriterSize(out, bufferSize)
	format := p.Raw("format", formatHTML)
	name := e.sel.classes[0].Label + " Export."
	var to table
	switch format {
	case formatCSV:
		return s.writeV1CSV(ctx, out, r, e, l)
	case formatXML:
		e.columns = s.xmlColumns(e.sel, false)
		out.header = attachment("text/xml;charset=utf-8", name+"xml")
		to = &xmlTable{out: buffered, look: l, columns: e.columns, sel: e.sel}
	case formatXLSX:
		out.header = attachment("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", name+"xlsx")
		to = &sheetTable{to: out, look: l, columns: e.columns}
	case formatHTML, formatSpreadsheet:
		l.formatted = true
		out.header = htmlHeader(true)
		to = &htmlTable{
			out: buffered, look: l, columns: e.columns, base: s.base(r), title: errorTitle,
			spreadsheet: format == formatSpreadsheet, names: s.namer(ctx),
		}
	default:
		return &fault{title: errorTitle, body: "<p>" + wire.Escape("Unsupported format '"+format+"'. Possible values are: html, csv, spreadsheet or xml.") + "</p>"}
	}
	return e.run(ctx, to, e.labels(l.localize))
}

func (s *Service) writeV1CSV(ctx context.Context, out *answer, r *gate.Request, e *export, l look) error {
	charset := r.Params.Raw("charset", s.Charset)
	if charset == "" {
		charset = s.Charset
	}
	encoded, err := wire.Encode(out, charset)
	if err != nil {
		return notExecuted(wire.Escape(err.Error()))
	}
	out.header = func(h http.Header) {
		noCache(h)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Type", "text/plain; charset="+charset)
		if name := r.Params.Raw("filename", ""); name != "" {
			h.Set("Content-Type", "text/csv; charset="+charset)
			h.Set("Content-Disposition", `attachment; filename="`+fileNames.Replace(name)+`"`)
		}
	}
	buffered := bufio.NewWriterSize(encoded, bufferSize)
	if strings.EqualFold(charset, wire.UTF8) {
		_, _ = io.WriteString(buffered, wire.ByteOrderMark) // Flush tells of any error
	}
	to := &csvTable{out: buffered, look: l, columns: e.columns, separator: ",", qualifier: `"`, bareHead: true}
	return errors.Join(e.run(ctx, to, e.labels(l.localize)), encoded.Close())
}

const (
	bold    = `<span style="font-weight: bolder">`
	boldEnd = "</span>"
)

// explain words what is wrong with a query as export.php does: the place is
// shown in bold, and a name that nobody knows is answered by the nearest one.
func explain(text string, err error) string {
	e, ok := errors.AsType[*oql.Error](err)
	if !ok || e.Class != oql.ClassUnknownClass || e.Offset < 0 || e.Offset >= len(text) {
		return wire.Escape(err.Error())
	}
	end := e.Offset
	for end < len(text) && isWordByte(text[end]) {
		end++
	}
	name := text[e.Offset:end]
	issue, _, _ := strings.Cut(e.Message, " - ")
	quote := strings.NewReplacer("&#039;", "&apos;")
	said := quote.Replace(wire.Escape(issue+", found '"+name+"' in: ")) +
		quote.Replace(wire.Escape(text[:e.Offset])) + bold + wire.Escape(name) + boldEnd + quote.Replace(wire.Escape(text[end:]))
	if _, near, ok := strings.Cut(e.Message, ", I would suggest to use '"); ok {
		near = strings.TrimSuffix(near, "'")
		said += ", I would suggest to use '" + bold + wire.Escape(near) + boldEnd + "'"
	}
	return said
}

// isShown reports whether an attribute is there to be looked at: nobody could
// import it.
func isShown(a *rollcall.Attribute) bool {
	switch a.Type {
	case rollcall.TypeString, rollcall.TypeText, rollcall.TypeDate, rollcall.TypeDateTime:
		return a.ReadOnly
	}
	return false
}

// isWordByte reports whether a byte may be part of a name.
func isWordByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
