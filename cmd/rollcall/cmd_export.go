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

	"rollcall/internal/rollcall"
)

type exportCmd struct {
	JSON   bool     `help:"The same as --format json."`
	Format string   `enum:"csv,json" default:"csv" placeholder:"FORMAT" help:"csv or json."`
	Fields []string `placeholder:"NAME" help:"The attributes to write, in this order; id, finalclass and friendlyname are fields too. All of the class when absent."`
	Out    string   `short:"o" placeholder:"FILE" help:"Where to write; else standard output."`
	Class  string   `arg:"" name:"class" help:"The class; the objects of the classes below it are written too."`
}

// Help is the manual's text.
func (exportCmd) Help() string {
	return `Writes all objects of a class, in the order of their IDs: as CSV with a line of column names, or as
a JSON list with one object a line. A reference is written as the ID of its target; the field
NAME_friendlyname gives its name. Sets of links are written as names, pictures in base64.

Examples:

    rollcall export Person -o persons.csv
    rollcall export Person --fields friendlyname,email,org_name,manager_id_friendlyname
    rollcall export Team --fields name,persons_list --format json`
}

// Run carries the command out.
func (c *exportCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	class := a.model.Class(c.Class)
	if class == nil {
		return ended{exitUsage, fmt.Sprintf("there is no class %s; names are spelled as in the model, such as Person", c.Class)}
	}
	fields, err := a.fields(class, c.Fields)
	if err != nil {
		return err
	}
	if c.Out == "" {
		return c.write(ctx, a, class, fields, p.out)
	}
	return replaceFile(c.Out, func(w io.Writer) error { return c.write(ctx, a, class, fields, w) })
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
			if att.Type != rollcall.TypePassword {
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

func (c *exportCmd) write(ctx context.Context, a *app, class *rollcall.Class, fields []field, w io.Writer) error {
	buffered := bufio.NewWriter(w)
	var rows rowWriter = &csvRows{out: csv.NewWriter(buffered)}
	if c.JSON || c.Format == "json" {
		rows = &jsonRows{out: buffered}
	}
	if err := a.export(ctx, class, fields, rows); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("export %s: %w", class.Name, err)
	}
	return nil
}

// export hands all objects of a class to rows.
func (a *app) export(ctx context.Context, class *rollcall.Class, fields []field, rows rowWriter) error {
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
	err := a.store.Scan(ctx, class, 0, func(o *rollcall.Object) error {
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
