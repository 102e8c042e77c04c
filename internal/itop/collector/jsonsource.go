package collector

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"slices"
	"strings"

	"rollcall/internal/itop/client"
	"rollcall/internal/source/jsonfile"
)

// jsonSource is a collector that reads a JSON document, configured by its
// section alone.
type jsonSource struct {
	app  *app
	task *task

	url, file string
	fields    *Value
	defaults  *Value
	nullified func(string) bool
	ignored   []string
	elements  []any
}

var _ rowSource = (*jsonSource)(nil)

func (a *app) newJSON(t *task) (rowSource, error) {
	return &jsonSource{app: a, task: t, nullified: a.nullified(t), ignored: t.params.byCase(t.class + "_ignored_attributes").texts()}, nil
}

func (s *jsonSource) optional(attribute string) bool { return slices.Contains(s.ignored, attribute) }
func (s *jsonSource) quiet(string) bool              { return false }

// setting returns a key of the section; spelled in capitals it wins.
func (s *jsonSource) setting(name string) *Value {
	if v := s.task.section.Get(strings.ToUpper(name)); v != nil {
		return v
	}
	return s.task.section.Get(name)
}

func (s *jsonSource) failed(format string, args ...any) error {
	s.app.log.errorf("["+s.task.class+"] "+format, args...)
	return errPrepare
}

// prepare fetches the document and finds the elements in it.
func (s *jsonSource) prepare(ctx context.Context) error {
	s.url, s.file = s.setting("jsonurl").str(), s.setting("jsonfile").str()
	if s.fields = s.setting("fields"); s.fields == nil || s.fields.Scalar {
		s.fields = hash()
	}
	s.defaults = s.task.section.Get("defaults")
	if !s.defaults.isEmpty() && s.defaults.Scalar {
		return s.failed("defaults section configuration is not correct. please see documentation.")
	}
	if err := s.app.runCommand(ctx, s.task); err != nil {
		return err
	}
	return s.readPages(ctx)
}

// readPages reads the document and, where the section says how it goes on, those
// behind it.
func (s *jsonSource) readPages(ctx context.Context) error {
	paging, err := s.paging()
	if err != nil {
		return s.failed("%s", err)
	}
	if paging.IsZero() {
		_, _, err := s.readPage(ctx, nil)
		return err
	}
	pages, err := paging.Start(s.url)
	if err != nil {
		return s.failed("%s", err)
	}
	for more := true; more; {
		s.url = pages.Address()
		before := len(s.elements)
		root, digest, err := s.readPage(ctx, pages)
		if err != nil {
			return err
		}
		if more, err = pages.Go(root, len(s.elements)-before, digest); err != nil {
			return s.failed("%s", err)
		}
	}
	return nil
}

// paging returns how the document goes on: in the original it does not.
func (s *jsonSource) paging() (jsonfile.Paging, error) {
	if s.app.strict {
		return jsonfile.Paging{}, nil
	}
	p := jsonfile.Paging{Next: s.setting("next").str(), Page: s.setting("page").str(), Total: s.setting("total").str()}
	if p.Page != "" {
		p.First = 1
		if first := s.setting("first_page"); first != nil {
			p.First = phpInt(first.str())
		}
	}
	if s.url == "" && !p.IsZero() {
		return p, errors.New("next, page and total are for <jsonurl>, not for a file")
	}
	return p, p.Validate()
}

// readPage reads one document and keeps the elements in it; pages is nil where
// there is but one.
func (s *jsonSource) readPage(ctx context.Context, pages *jsonfile.Pages) (root any, digest [sha256.Size]byte, err error) {
	text, err := s.read(ctx)
	if err != nil {
		return nil, digest, err
	}
	isFirst := pages == nil || pages.Number() == 1
	root, err = jsonfile.Parse(bytes.NewReader(text))
	if err == nil && isVoid(root) && isFirst {
		err = errors.New("No error") //nolint:staticcheck // PHP's words for a document without content
	}
	if err != nil {
		if !s.app.strict && err.Error() != "No error" {
			s.app.log.debugf("[%s] %s", s.task.class, jsonProblem(string(text), err))
		}
		return nil, digest, s.failed("Failed to translate data from JSON file: '%s%s'. Reason: %s", s.url, s.file, jsonReason(text, err))
	}
	path := s.setting("path")
	if path == nil && isFirst {
		s.app.log.errorf("[%s] no path to find data in JSON file", s.task.class)
	}
	elements, ok := find(root, path, pages)
	if !ok {
		return nil, digest, s.failed("Failed to find path %s until data in json file: %s %s.", path.str(), s.url, s.file)
	}
	s.elements = append(s.elements, elements...)
	return root, sha256.Sum256(text), nil
}

// find follows the path to the elements.
func find(root any, path *Value, pages *jsonfile.Pages) ([]any, bool) {
	switch {
	case pages != nil:
		return pages.Elements(root, path.str())
	case path == nil:
		return jsonfile.Elements(root), true
	}
	return jsonfile.Select(root, path.str())
}

// maxJSON bounds the size of a document, which is read whole.
const maxJSON = 1 << 30

func (s *jsonSource) read(ctx context.Context) ([]byte, error) {
	log, target := s.app.log, s.task.params.Text("itop_url", "")
	switch {
	case s.url != "":
		log.infof("Source URL: %s", s.url)
		log.infof("Synchro URL (target): %s", target)
		text, err := s.post(ctx)
		return []byte(text), err
	case s.file != "":
		log.infof("Source file path: %s", s.file)
		log.infof("Synchro  URL (target): %s", target)
		f, err := s.app.openInput(ctx, s.file)
		if err != nil {
			return nil, s.failed("Failed to get JSON file: %s", s.file)
		}
		defer f.Close()
		text, err := io.ReadAll(io.LimitReader(f, maxJSON))
		if err != nil {
			return nil, s.failed("Failed to get JSON file: %s", s.file)
		}
		return bytes.TrimPrefix(text, []byte("\ufeff")), nil
	}
	return nil, s.failed("no json URL or path configured! Cannot collect data. Please configure it as '<jsonurl>' or '<jsonfile>' in the configuration file.")
}

// post fetches the document with a form, as the original always does.
func (s *jsonSource) post(ctx context.Context) (string, error) {
	if _, err := s.app.connect(); err != nil {
		return "", err
	}
	var form client.Form
	if fields := s.task.section.Get("jsonpost"); !fields.isEmpty() {
		form = flatten(form, "", fields)
	}
	before := s.app.log.errors
	text, err := s.app.client.Post(ctx, s.url, form)
	if err == nil && s.app.log.errors > before && !s.app.strict {
		return "", errPrepare // an HTTP error's body is no data
	}
	return text, err
}

// flatten encodes nested hashes as PHP does: a[b]=c.
func flatten(form client.Form, prefix string, v *Value) client.Form {
	for _, k := range v.Keys {
		name := k
		if prefix != "" {
			name = prefix + "[" + k + "]"
		}
		item := v.Get(k)
		if !item.Scalar {
			form = flatten(form, name, item)
			continue
		}
		form = append(form, client.Field{Name: name, Value: item.Text})
	}
	return form
}

// isVoid reports whether PHP would find the document empty.
func isVoid(v any) bool {
	switch x := v.(type) {
	case []any:
		return len(x) == 0
	case *object:
		return len(x.Keys) == 0
	}
	t := textOf(v)
	return t == "" || t == "0"
}

// fetch makes a row of each element.
func (s *jsonSource) fetch(ctx context.Context, emit func(*row) error) error {
	for i, element := range s.elements {
		if err := ctx.Err(); err != nil {
			return err
		}
		r := s.row(element, i == 0)
		if i == 0 {
			if err := s.check(r); err != nil {
				return err
			}
		}
		s.drop(r)
		if len(r.columns) == 0 {
			return nil // the original takes an empty row for the end
		}
		if err := emit(r); err != nil {
			return err
		}
	}
	return nil
}

// row builds the row of an element: the fields that it has, defaults where it
// has nothing, and what is nullified.
func (s *jsonSource) row(element any, first bool) *row {
	r := &row{}
	for _, k := range s.fields.Keys {
		v, ok := jsonfile.Lookup(element, s.fields.Get(k).str())
		c := cell{text: []byte(textOf(v)), absent: !ok}
		if d := s.defaults.Get(k); d != nil && (!ok || len(c.text) == 0 || string(c.text) == "0") {
			c = cell{text: []byte(d.str())}
		}
		if c.absent {
			continue
		}
		r.columns, r.cells = append(r.columns, k), append(r.cells, c)
	}
	if !first {
		return r
	}
	// A nullified attribute that the first element lacks is a column all the
	// same, behind the others.
	for _, a := range s.task.def.attributes {
		if s.nullified(a.code) && r.find(a.code) < 0 {
			r.columns, r.cells = append(r.columns, a.code), append(r.cells, cell{absent: true})
		}
	}
	return r
}

// drop removes the attributes that iTop does not have.
func (s *jsonSource) drop(r *row) { dropSkipped(r, s.task.def) }

func dropSkipped(r *row, d *definition) {
	if len(d.skipped) == 0 {
		return
	}
	var columns []string
	var cells []cell
	for i, c := range r.columns {
		if !d.skipped[c] {
			columns, cells = append(columns, c), append(cells, r.cells[i])
		}
	}
	r.columns, r.cells = columns, cells
}

func (s *jsonSource) check(r *row) error {
	c := columnCheck{class: s.task.class, source: "json file", log: s.app.log, def: s.task.def, skip: s.optional, null: s.nullified}
	return c.check(func(column string) bool {
		i := r.find(column)
		return i >= 0 && !r.cells[i].absent
	})
}

// jsonReason is PHP's word for what is wrong with a document.
func jsonReason(text []byte, err error) string {
	switch {
	case err.Error() == "No error":
		return "No error"
	case !isUTF8(text):
		return "Malformed UTF-8 characters, possibly incorrectly encoded"
	}
	return "Syntax error"
}
