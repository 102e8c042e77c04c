package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"rollcall/internal/oql"
	"rollcall/internal/rollcall"
	"rollcall/internal/sheet"
)

type exportCmd struct {
	JSON   bool     `help:"The same as --format json."`
	Format string   `enum:"csv,json,xlsx" default:"csv" placeholder:"FORMAT" help:"csv, json or xlsx."`
	Fields []string `placeholder:"NAME" help:"The attributes to write, in this order; id, finalclass and friendlyname are fields too. All of the class when absent."`
	OQL    string   `name:"oql" placeholder:"QUERY" help:"Only the objects of a query, in its order; of its first class."`
	Out    string   `short:"o" placeholder:"FILE" help:"Where to write; else standard output. A name in .json or .xlsx says the format."`
	Class  string   `arg:"" optional:"" name:"class" help:"The class; the objects of the classes below it are written too. Not needed with --oql."`
}

// Help is the manual's text.
func (exportCmd) Help() string {
	return `Writes all objects of a class, in the order of their IDs, or those of a query: as CSV with a line of
column names, as a JSON list with one object a line, or as a workbook. A reference is written as the ID of its target; the field
NAME_friendlyname gives its name. Sets of links are written as names, pictures in base64. What was written can be changed and read again with "rollcall import", except for
sets of links.

With --name=value arguments alone this is the command line of export-v2.php: --auth_user, --auth_pwd (or
--param_file), --expression or --query, --format, --fields and the other parameters of that page.

Examples:

    rollcall export Person -o persons.csv
    rollcall export Person --fields friendlyname,email,org_name,manager_id_friendlyname
    rollcall export Team --fields name,persons_list --format json
    rollcall export --oql "SELECT Person WHERE status = 'inactive'" -o inactive.xlsx
    rollcall export --param_file=conf/export.txt --expression='SELECT Person' --format=csv --fields=name,email`
}

// Run carries the command out.
func (c *exportCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	class, query, err := c.what(a)
	if err != nil {
		return err
	}
	fields, err := a.fields(class, c.Fields)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return c.write(ctx, a, class, query, fields, w) }
	if c.Out == "" {
		return write(p.out)
	}
	if kind := strings.TrimPrefix(filepath.Ext(c.Out), "."); c.Format == "csv" && (kind == "json" || kind == "xlsx") {
		c.Format = kind
	}
	return replaceFile(c.Out, write)
}

// what returns the class and, with --oql, the query; the query may stand alone.
func (c *exportCmd) what(a *app) (*rollcall.Class, *rollcall.Query, error) {
	if c.Class == "" && c.OQL == "" {
		return nil, nil, ended{exitUsage, "export wants a class, such as Person, or --oql and a query"}
	}
	class := a.model.Class(c.Class)
	if class == nil && c.Class != "" {
		return nil, nil, ended{exitUsage, fmt.Sprintf("there is no class %s; names are spelled as in the model, such as Person", c.Class)}
	}
	if c.OQL == "" {
		return class, nil, nil
	}
	query, err := oql.Compile(a.model, c.OQL, nil)
	if err != nil {
		return nil, nil, ended{exitUsage, fmt.Sprintf("--oql: %s", err)}
	}
	if class != nil && !a.model.IsA(query.Class().Name, class.Name) {
		return nil, nil, ended{exitUsage, fmt.Sprintf("--oql asks for %s, which is no %s", query.Class().Name, class.Name)}
	}
	return query.Class(), query, nil
}

// replaceFile writes a file under another name and renames it once it is whole.
func replaceFile(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".rollcall-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(f.Name()) // it has its name by then, or is of no use
	if err := errors.Join(write(f), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// field is one column of an export.
type field struct {
	name  string
	value func(ctx context.Context, objects []rollcall.Object) ([]string, error)
}

// fields finds the columns that are meant: of every stored attribute but
// passwords when none is named.
func (a *app) fields(class *rollcall.Class, names []string) ([]field, error) {
	if len(names) == 0 {
		names = []string{"id", "finalclass"}
		for _, att := range class.Stored {
			if att.Type != rollcall.TypePassword && !att.Kept {
				names = append(names, att.Code)
			}
		}
	}
	fields := make([]field, len(names))
	for i, name := range names {
		value := a.column(class, name)
		if value == nil {
			codes := []string{"id", "finalclass", "friendlyname"}
			for _, att := range class.Attributes {
				codes = append(codes, att.Code)
			}
			return nil, ended{exitUsage, fmt.Sprintf("class %s has no field %q; it has %s", class.Name, name, strings.Join(codes, ", "))}
		}
		fields[i] = field{name, value}
	}
	return fields, nil
}

// column returns how to read a field, nil when there is no such field.
func (a *app) column(class *rollcall.Class, name string) func(context.Context, []rollcall.Object) ([]string, error) {
	each := func(text func(o *rollcall.Object) string) func(context.Context, []rollcall.Object) ([]string, error) {
		return func(_ context.Context, objects []rollcall.Object) ([]string, error) {
			texts := make([]string, len(objects))
			for i := range objects {
				texts[i] = text(&objects[i])
			}
			return texts, nil
		}
	}
	switch name {
	case "id":
		return each(func(o *rollcall.Object) string { return strconv.FormatInt(int64(o.ID), 10) })
	case "finalclass":
		return each(func(o *rollcall.Object) string { return o.Class.Name })
	case "friendlyname":
		return func(ctx context.Context, objects []rollcall.Object) ([]string, error) {
			return a.friendly(ctx, class, objects)
		}
	}
	att := class.Attribute(name)
	if key, ok := strings.CutSuffix(name, "_friendlyname"); ok && att == nil {
		if att = class.Attribute(key); att == nil || !att.IsKey() {
			return nil
		}
		return func(ctx context.Context, objects []rollcall.Object) ([]string, error) {
			return a.shown(ctx, objects, att)
		}
	}
	switch {
	case att == nil:
		return nil
	case att.Type == rollcall.TypePassword:
		return each(func(o *rollcall.Object) string { return mask(o.Get(name)) })
	case att.Type == rollcall.TypeImage: // neither CSV nor JSON holds bytes that are no text
		return each(func(o *rollcall.Object) string { return base64.StdEncoding.EncodeToString([]byte(o.Get(name))) })
	case att.Stored():
		return each(func(o *rollcall.Object) string { return o.Get(name) })
	}
	return func(ctx context.Context, objects []rollcall.Object) ([]string, error) {
		return a.shown(ctx, objects, att)
	}
}

func (a *app) friendly(ctx context.Context, class *rollcall.Class, objects []rollcall.Object) ([]string, error) {
	ids := make([]rollcall.ObjectID, len(objects))
	for i := range objects {
		ids[i] = objects[i].ID
	}
	names, err := a.store.Names(ctx, class, ids)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(objects))
	for i, id := range ids {
		texts[i] = names[id]
	}
	return texts, nil
}

// exportBatch is how many objects are read at a time.
const exportBatch = 500

func (c *exportCmd) write(ctx context.Context, a *app, class *rollcall.Class, query *rollcall.Query, fields []field, w io.Writer) error {
	buffered := bufio.NewWriter(w)
	var rows rowWriter = &csvRows{out: csv.NewWriter(buffered)}
	switch {
	case c.JSON || c.Format == "json":
		rows = &jsonRows{out: buffered}
	case c.Format == "xlsx":
		rows = &sheetRows{to: buffered, class: class}
	}
	if err := a.exportQuery(ctx, class, query, fields, rows); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("export %s: %w", class.Name, err)
	}
	return nil
}

// export hands all objects of a class to rows.
func (a *app) export(ctx context.Context, class *rollcall.Class, fields []field, rows rowWriter) error {
	return a.exportQuery(ctx, class, nil, fields, rows)
}

// each yields the objects of a query's first class, without one all of the class.
func (a *app) each(ctx context.Context, class *rollcall.Class, query *rollcall.Query, yield func(*rollcall.Object) error) error {
	if query == nil {
		return a.store.Scan(ctx, class, 0, yield)
	}
	return a.store.Select(ctx, query, rollcall.Window{}, func(row []rollcall.Object) error {
		if row[0].Class == nil {
			return nil // of an outer join
		}
		return yield(&row[0])
	})
}

// exportQuery hands the objects of a query, or all of a class, to rows.
func (a *app) exportQuery(ctx context.Context, class *rollcall.Class, query *rollcall.Query, fields []field, rows rowWriter) error {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	if err := rows.begin(names); err != nil {
		return fmt.Errorf("export %s: %w", class.Name, err)
	}
	var batch []rollcall.Object
	flush := func() error {
		err := writeRows(ctx, rows, fields, batch)
		batch = batch[:0]
		return err
	}
	err := a.each(ctx, class, query, func(o *rollcall.Object) error {
		kept := *o
		kept.Values = append([]string(nil), o.Values...)
		if batch = append(batch, kept); len(batch) == exportBatch {
			return flush()
		}
		return nil
	})
	for _, finish := range []func() error{flush, rows.end} {
		if err == nil {
			err = finish()
		}
	}
	if err != nil {
		return fmt.Errorf("export %s: %w", class.Name, err)
	}
	return nil
}

func writeRows(ctx context.Context, rows rowWriter, fields []field, batch []rollcall.Object) error {
	if len(batch) == 0 {
		return nil
	}
	columns := make([][]string, len(fields))
	for i, f := range fields {
		var err error
		if columns[i], err = f.value(ctx, batch); err != nil {
			return err
		}
	}
	row := make([]string, len(fields))
	for n := range batch {
		for i := range fields {
			row[i] = columns[i][n]
		}
		if err := rows.row(row); err != nil {
			return err
		}
	}
	return nil
}

// rowWriter writes one form of export.
type rowWriter interface {
	begin(names []string) error
	row(cells []string) error
	end() error
}

type csvRows struct{ out *csv.Writer }

func (r *csvRows) begin(names []string) error { return r.out.Write(names) }
func (r *csvRows) row(cells []string) error   { return r.out.Write(cells) }
func (r *csvRows) end() error                 { r.out.Flush(); return r.out.Error() }

// jsonRows writes a list of objects, one a line, with their keys in order.
type jsonRows struct {
	out   *bufio.Writer
	names [][]byte
	count int
}

func (r *jsonRows) begin(names []string) error {
	for _, name := range names {
		quoted, err := json.Marshal(name)
		if err != nil {
			return err
		}
		r.names = append(r.names, quoted)
	}
	_, err := r.out.WriteString("[")
	return err
}

func (r *jsonRows) row(cells []string) error {
	line := []byte(",\n{")
	if r.count++; r.count == 1 {
		line = line[1:]
	}
	for i, cell := range cells {
		value, err := json.Marshal(cell)
		if err != nil {
			return err
		}
		if i > 0 {
			line = append(line, ", "...)
		}
		line = append(append(append(line, r.names[i]...), ": "...), value...)
	}
	_, err := r.out.Write(append(line, '}'))
	return err
}

func (r *jsonRows) end() error {
	_, err := r.out.WriteString("\n]\n")
	return err
}

// sheetRows writes a workbook: the numbers of the class are numbers in it.
type sheetRows struct {
	to      io.Writer
	class   *rollcall.Class
	out     *sheet.Writer
	numbers []bool
}

func (r *sheetRows) begin(names []string) (err error) {
	if r.out, err = sheet.NewWriter(r.to); err != nil {
		return err
	}
	for _, name := range names {
		a := r.class.Attribute(name)
		r.numbers = append(r.numbers, name == "id" || a != nil && (a.IsKey() || a.Type == rollcall.TypeInteger || a.Type == rollcall.TypeDecimal || a.Type == rollcall.TypeDuration))
	}
	return r.line(names, false)
}

func (r *sheetRows) row(cells []string) error { return r.line(cells, true) }

func (r *sheetRows) line(cells []string, typed bool) error {
	line := make([]sheet.Cell, len(cells))
	for i, cell := range cells {
		line[i] = sheet.Cell{Text: cell, Number: typed && r.numbers[i]}
	}
	return r.out.Row(line)
}

func (r *sheetRows) end() error { return r.out.Close() }
