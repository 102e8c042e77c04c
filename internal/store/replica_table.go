package store

import (
	"context"
	"fmt"
	"strings"

	"rollcall/internal/rollcall"
)

// dataPrefix begins the name of every data table.
const dataPrefix = "synchro_data_"

// EnsureTable makes the data table of a source, or adds the columns of
// attributes that its class has got since. It puts the table's name into
// src.Table: the one given, made fit for a table, or one of the class and the
// source's ID. A source keeps its first table whatever is asked for later.
func (s *Store) EnsureTable(ctx context.Context, src *rollcall.Source) error {
	ready, err := s.tableReady(ctx, src)
	if err != nil || ready {
		return err
	}
	return s.write(ctx, func(tx *Tx) error { return tx.EnsureTable(ctx, src) })
}

// EnsureTable does within the transaction what Store.EnsureTable does.
func (t *Tx) EnsureTable(ctx context.Context, src *rollcall.Source) error {
	name, err := t.dataTable(ctx, src.ID)
	if err != nil {
		return err
	}
	known := name != ""
	if !known {
		name = tableName(src)
		if len(name) > maxIdentifier {
			return rollcall.Errorf(rollcall.Invalid, "source %s: the table name %s is longer than %d characters", src.Name, name, maxIdentifier)
		}
		have, err := t.d.columns(ctx, t.tx, name)
		if err != nil {
			return fmt.Errorf("make the table of source %s: %w", src.Name, err)
		}
		if len(have) > 0 {
			return rollcall.Errorf(rollcall.Conflict, "The table %s already exists in the database. Please use another name for the synchro data table.", name)
		}
	}
	spec := dataSpec(name, src.Class)
	if _, err := t.build(ctx, &spec); err != nil {
		return fmt.Errorf("make the table of source %s: %w", src.Name, err)
	}
	if !known {
		if _, err := t.exec(ctx, "INSERT INTO data_table (source_id, table_name) VALUES (?, ?)", int64(src.ID), name); err != nil {
			return fmt.Errorf("make the table of source %s: %w", src.Name, err)
		}
	}
	src.Table = name
	return t.watchFeed(ctx, src)
}

// tableReady reports whether nothing is to be done for a source's table.
func (s *Store) tableReady(ctx context.Context, src *rollcall.Source) (bool, error) {
	name, err := s.dataTable(ctx, src.ID)
	if err != nil || name == "" {
		return false, err
	}
	have, err := s.d.columns(ctx, s.reader, name)
	if err != nil {
		return false, fmt.Errorf("look at the table of source %s: %w", src.Name, err)
	}
	spec := dataSpec(name, src.Class)
	statements, _, err := spec.plan(s.d, have)
	if err != nil || len(statements) > 0 {
		return false, err
	}
	known := *src
	known.Table = name
	if statements, _, err := s.unwatched(ctx, &known); err != nil || statements != "" {
		return false, err
	}
	src.Table = name
	return true, nil
}

// dataTable returns the name of a source's table, empty when it has none.
func (q *queries) dataTable(ctx context.Context, source rollcall.ObjectID) (string, error) {
	var name string
	err := q.one(ctx, "SELECT table_name FROM data_table WHERE source_id = ?", []any{int64(source)}, &name)
	if err != nil && rollcall.KindOf(err) != rollcall.NotFound {
		return "", fmt.Errorf("read the table's name of source %d: %w", source, err)
	}
	return name, nil
}

// tableName follows the wire's rule for names of data tables.
func tableName(src *rollcall.Source) string {
	if src.Table == "" {
		return fmt.Sprintf("%s%s_%d", dataPrefix, strings.ToLower(src.Class.Name), src.ID)
	}
	name := strings.Map(func(r rune) rune {
		if r < 0x80 && (r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z') {
			return r
		}
		return '_'
	}, src.Table)
	if !strings.HasPrefix(name, dataPrefix) {
		name = dataPrefix + name
	}
	return name
}

// dataColumn is one column of a data table. The first column of an attribute
// holds the cell; the others hold a constant when the cell is set, since a
// reader takes an attribute with any NULL column as left alone.
type dataColumn struct {
	name  string // as in the catalogue
	kind  kind
	given any // what the further columns hold
}

// columnsOf lists an attribute's columns, none when a source cannot write it.
// All values are text, numbers too: a source may say "empty", which is not the
// same as NULL and which no column of numbers could keep.
func columnsOf(a *rollcall.Attribute) []dataColumn {
	switch {
	case !a.Writable():
		return nil
	case a.Type == rollcall.TypeImage:
		return []dataColumn{
			{a.Code + "_data", binary, nil}, {a.Code + "_mimetype", exact, ""},
			{a.Code + "_filename", exact, ""}, {a.Code + "_downloads_count", number, int64(0)},
		}
	case a.Type == rollcall.TypeLog:
		return []dataColumn{{a.Code, exact, nil}, {a.Code + "_index", binary, []byte{}}}
	case a.Type == rollcall.TypeHTML:
		return []dataColumn{{a.Code, exact, nil}, {a.Code + "_format", exact, rollcall.FormatHTML}}
	}
	return []dataColumn{{a.Code, exact, nil}}
}

// dataSpec describes the data table of a class.
func dataSpec(name string, class *rollcall.Class) tableSpec {
	s := tableSpec{name: name, columns: []columnSpec{
		{"id", number, " PRIMARY KEY"},
		{"primary_key", exact, ""},
	}}
	for _, a := range class.Attributes {
		for _, c := range columnsOf(a) {
			s.columns = append(s.columns, columnSpec{c.name, c.kind, ""})
		}
	}
	return s
}

// rowShape is how the cells of a source's rows lie in its table.
type rowShape struct {
	table string         // quoted
	cells [][]dataColumn // beside Rules.Attributes
	names []string       // quoted, all of them in order
}

func newRowShape(src *rollcall.Source) (rowShape, error) {
	if src.Table == "" {
		return rowShape{}, rollcall.Errorf(rollcall.Internal, "source %s: it has no table yet", src.Name)
	}
	s := rowShape{table: quote(src.Table)}
	for _, rule := range src.Rules.Attributes {
		columns := columnsOf(rule.Attribute)
		if len(columns) == 0 {
			return s, rollcall.Errorf(rollcall.Invalid, "source %s: attribute %s cannot be written by a source", src.Name, rule.Attribute.Code)
		}
		s.cells = append(s.cells, columns)
		for _, c := range columns {
			s.names = append(s.names, quote(c.name))
		}
	}
	return s, nil
}

// bind appends the parameters of one row.
func (s *rowShape) bind(args []any, row rollcall.Row) []any {
	for i, columns := range s.cells {
		for j, c := range columns {
			switch {
			case i >= len(row) || !row[i].Set:
				args = append(args, nil)
			case j > 0:
				args = append(args, c.given)
			case c.kind == binary:
				args = append(args, []byte(row[i].Text))
			default:
				args = append(args, row[i].Text)
			}
		}
	}
	return args
}

// main lists the columns that hold the cells, quoted.
func (s *rowShape) main() []string {
	names := make([]string, len(s.cells))
	for i, columns := range s.cells {
		names[i] = quote(columns[0].name)
	}
	return names
}
