package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rollcall/internal/auth"
	"rollcall/internal/itop/transfer"
	"rollcall/internal/itop/wire"
	"rollcall/internal/rollcall"
	"rollcall/internal/sheet"
)

type importCmd struct {
	data
	Format    string   `enum:",csv,json,xlsx" default:"" placeholder:"FORMAT" help:"csv, json or xlsx; else what the file's name says."`
	Match     []string `placeholder:"NAME" help:"The columns by which objects are recognised: the id when the file has it, else what the class says."`
	DryRun    bool     `help:"Say what would be done; nothing is written."`
	Charset   string   `default:"UTF-8" placeholder:"NAME" help:"Of a CSV file: UTF-8, ISO-8859-1, WINDOWS-1252, …"`
	Separator string   `default:"," placeholder:"SIGN" help:"Of a CSV file: one sign, or tab."`
	Class     string   `arg:"" name:"class" help:"The class of the objects."`
	File      string   `arg:"" name:"file" help:"The file to read; - for standard input."`
}

// Help is the manual's text.
func (importCmd) Help() string {
	return `Reads objects of a class: CSV and workbooks with a line of column names, JSON as a list of objects.
Columns are named by attribute codes; KEY->ATTRIBUTE finds a reference by an attribute of its target
(org_id->name). A row whose object is found changes it, else makes one; an empty cell empties the
attribute, a missing column leaves it alone. Rows with a mistake are left out and told (exit code 3);
all others are written together.

With --name=value arguments alone this is the command line of import.php: --auth_user, --auth_pwd (or
--param_file), --class, --csvfile and the other parameters of that page.

Examples:

    rollcall export Person -o persons.xlsx && rollcall import Person persons.xlsx --dry-run
    rollcall import Person new.csv --match email --separator ';'
    rollcall import --param_file=conf/import.txt --class=Person --csvfile=persons.csv --no_localize=1`
}

// Run carries the command out.
func (c *importCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	class := a.model.Class(c.Class)
	if class == nil {
		return ended{exitUsage, fmt.Sprintf("there is no class %s; names are spelled as in the model, such as Person", c.Class)}
	}
	rows, size, stop, err := c.rows(p)
	if err != nil {
		return err
	}
	defer stop()
	service := transfer.New(transfer.Config{
		Model: a.model, Rights: auth.NewRights(a.model), Registry: a.registry, Store: transferStore{a.store}, Now: p.now, Log: p.log,
	})
	// Whoever can read the configuration can write the database: this is its administrator.
	load := transfer.Load{
		Class: class, Match: strings.Join(c.Match, ","), Simulate: c.DryRun, Size: size,
		Account: &auth.Account{Login: who(), Name: who(), Administrator: true},
	}
	done, err := service.Load(ctx, load, rows, func(row int, text string) error {
		_, err := fmt.Fprintf(p.err, "row %d: %s\n", row+1, text)
		return err
	})
	if err != nil {
		return fmt.Errorf("import %s: %w", c.File, err)
	}
	return c.tell(p, done)
}

// tell writes the totals; rows that were left out make the exit code 3.
func (c *importCmd) tell(p *program, done transfer.Loaded) error {
	if c.JSON {
		err := json.NewEncoder(p.out).Encode(struct {
			Rows      int  `json:"rows"`
			Created   int  `json:"created"`
			Updated   int  `json:"updated"`
			Unchanged int  `json:"unchanged"`
			Issues    int  `json:"issues"`
			DryRun    bool `json:"dry_run"`
		}{done.Rows, done.Created, done.Updated, done.Unchanged, done.Issues, c.DryRun})
		if err != nil {
			return err
		}
	} else {
		verb := "Imported"
		if c.DryRun {
			verb = "Would import"
		}
		fmt.Fprintf(p.out, "%s %d rows: %d created, %d updated, %d unchanged, %d left out.\n", verb, done.Rows, done.Created, done.Updated, done.Unchanged, done.Issues)
	}
	if done.Issues > 0 {
		return ended{code: exitProblems}
	}
	return nil
}

// rows opens the file. stop frees what it holds.
func (c *importCmd) rows(p *program) (rows transfer.Rows, size int64, stop func(), err error) {
	format := c.Format
	if format == "" {
		format = strings.ToLower(strings.TrimPrefix(filepath.Ext(c.File), "."))
	}
	if format == "xlsx" {
		if c.File == "-" {
			return nil, 0, nil, ended{exitUsage, "a workbook is not read from standard input: name its file"}
		}
		return sheetSource(c.File)
	}
	in, stop := p.in, func() {}
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return nil, 0, nil, rollcall.Errorf(rollcall.NotFound, "read %s: %w", c.File, err)
		}
		stop = func() { _ = f.Close() } // it was only read
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
		in = f
	}
	if format == "json" {
		rows, err := jsonSource(in)
		return rows, size, stop, err
	}
	decoded, err := wire.Decode(in, c.Charset)
	separator := wire.Separator(c.Separator)
	if err == nil && len(separator) != 1 {
		err = ended{exitUsage, fmt.Sprintf("--separator is one sign or tab, not %q", c.Separator)}
	}
	if err != nil {
		stop()
		return nil, 0, nil, err
	}
	return wire.NewCSV(wire.WithoutMark(decoded), separator, `"`), size, stop, nil
}

// pulled are rows that are pulled out of what yields them.
type pulled struct {
	next func() ([]string, error, bool)
}

// Next returns the next row.
func (s *pulled) Next() ([]string, error) {
	row, err, ok := s.next()
	if !ok {
		return nil, io.EOF
	}
	return row, err
}

// sheetSource reads a workbook.
func sheetSource(path string) (transfer.Rows, int64, func(), error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, 0, nil, rollcall.Errorf(rollcall.NotFound, "read %s: %w", path, err)
	}
	errStop := errors.New("enough")
	next, stop := iter.Pull2(func(yield func([]string, error) bool) {
		err := sheet.Read(path, func(row []string) error {
			if len(row) == 0 {
				return nil // an empty line
			}
			if !yield(row, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, err)
		}
	})
	return &pulled{next}, info.Size(), stop, nil
}

// jsonSource reads a list of objects. The first object's members are the columns
// of all: a later one may leave some out, and have no others.
func jsonSource(r io.Reader) (transfer.Rows, error) {
	d := json.NewDecoder(r)
	d.UseNumber()
	if token, err := d.Token(); err != nil || token != json.Delim('[') {
		return nil, rollcall.Errorf(rollcall.Invalid, "the JSON is no list of objects")
	}
	return &jsonTable{in: d}, nil
}

// jsonTable turns objects into rows.
type jsonTable struct {
	in      *json.Decoder
	columns []string
	first   []string // the first object's row, after the names were given
	count   int
}

// Next returns the names, then a row for each object.
func (t *jsonTable) Next() ([]string, error) {
	if t.first != nil {
		row := t.first
		t.first = nil
		return row, nil
	}
	if !t.in.More() {
		return nil, io.EOF
	}
	t.count++
	names, values, err := t.object()
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "object %d of the JSON: %w", t.count, err)
	}
	if t.columns == nil {
		t.columns = names
		t.first = values
		return names, nil
	}
	row := make([]string, len(t.columns))
	for i, name := range names {
		at := slices.Index(t.columns, name)
		if at < 0 {
			return nil, rollcall.Errorf(rollcall.Invalid, "object %d of the JSON has a member %q, which the first has not", t.count, name)
		}
		row[at] = values[i]
	}
	return row, nil
}

// object reads one object, its members in order.
func (t *jsonTable) object() (names, values []string, err error) {
	if token, err := t.in.Token(); err != nil || token != json.Delim('{') {
		return nil, nil, errors.Join(err, errors.New("it is no object"))
	}
	for t.in.More() {
		token, err := t.in.Token()
		if err != nil {
			return nil, nil, err
		}
		name, _ := token.(string) // the decoder lets nothing else stand there
		var raw json.RawMessage
		if err := t.in.Decode(&raw); err != nil {
			return nil, nil, err
		}
		value, err := jsonCell(raw)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		names, values = append(names, name), append(values, value)
	}
	_, err = t.in.Token()
	return names, values, err
}

// jsonCell makes a cell of a value: a text, a number, true, false or null.
func jsonCell(raw json.RawMessage) (string, error) {
	switch raw = bytes.TrimSpace(raw); raw[0] {
	case '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return text, err
	case '{', '[':
		return "", errors.New("the value is a list or an object, where a text is wanted")
	}
	switch text := string(raw); text {
	case "null":
		return "", nil
	case "true":
		return "1", nil
	case "false":
		return "0", nil
	default:
		return text, nil
	}
}
