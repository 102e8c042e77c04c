package store

import (
	"context"
	"database/sql"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// tableSpec is a table as it should be. What a table has beyond it stays.
type tableSpec struct {
	name    string // as in the catalogue
	columns []columnSpec
	indexes []indexSpec
}

type columnSpec struct {
	name string // as in the catalogue
	kind kind
	rest string // constraints, spelled the same on both databases
}

type indexSpec struct {
	on    []string // columns, quoted
	where string
}

// spec describes a class table. Keys are indexed: who points at an object is
// asked whenever it is deleted and whenever a link set is read.
func (t *table) spec() tableSpec {
	s := tableSpec{name: t.name, columns: []columnSpec{
		{"id", number, " PRIMARY KEY"},
		{"finalclass", text, " NOT NULL"},
		{"row_version", number, " NOT NULL DEFAULT 1"},
	}}
	for _, code := range t.order {
		col := t.columns[code]
		rest := ""
		if col.kind == text {
			rest = " NOT NULL DEFAULT ''"
		}
		s.columns = append(s.columns, columnSpec{code, col.kind, rest})
		if col.isKey {
			s.indexes = append(s.indexes, indexSpec{[]string{col.name}, col.name + " IS NOT NULL"})
		}
	}
	return s
}

// plan returns the statements that bring a table to its spec, none when it is
// there, and the names of the columns that an existing table gets.
func (s *tableSpec) plan(d dialect, have map[string]string) (statements, added []string, err error) {
	if len(have) == 0 {
		defs := make([]string, len(s.columns))
		for i, c := range s.columns {
			defs[i] = quote(c.name) + " " + d.traits().types[c.kind] + c.rest
		}
		statements = append(statements, "CREATE TABLE "+quote(s.name)+" ("+strings.Join(defs, ", ")+")")
		return append(statements, s.indexStatements()...), nil, nil
	}
	for _, c := range s.columns {
		kind, there := have[c.name]
		switch {
		case !there:
			statements = append(statements, "ALTER TABLE "+quote(s.name)+" ADD COLUMN "+quote(c.name)+" "+d.traits().types[c.kind]+c.rest)
			added = append(added, c.name)
		case kind != d.traits().types[c.kind]:
			return nil, nil, rollcall.Errorf(rollcall.Invalid, "table %s keeps %s as %s and the class now asks for %s: give the attribute another code, a column is never converted", s.name, c.name, kind, d.traits().types[c.kind])
		}
	}
	if len(statements) > 0 {
		statements = append(statements, s.indexStatements()...)
	}
	return statements, added, nil
}

func (s *tableSpec) indexStatements() []string {
	var statements []string
	for _, ix := range s.indexes {
		statements = append(statements, ix.statement(s.name))
	}
	return statements
}

func (ix indexSpec) statement(table string) string {
	q := "CREATE INDEX IF NOT EXISTS " + quote(indexName(table, ix.on)) + " ON " + quote(table) + " (" + strings.Join(ix.on, ", ") + ")"
	if ix.where != "" {
		q += " WHERE " + ix.where
	}
	return q
}

// indexName is made of the table and its columns, and of a hash of them where
// that would be too long: PostgreSQL would cut it, and two could meet.
func indexName(table string, columns []string) string {
	return shortName(table + "_" + strings.ReplaceAll(strings.Join(columns, "_"), `"`, "") + "_ix")
}

func shortName(name string) string {
	if len(name) <= maxIdentifier {
		return name
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // a hash takes everything
	return fmt.Sprintf("%s_%016x", name[:maxIdentifier-17], h.Sum64())
}

// missing returns what the class tables lack, as statements.
func (l *layout) missing(ctx context.Context, on querier, d dialect) ([]string, error) {
	var all []string
	for _, t := range l.sorted() {
		if t.isSystem {
			view, err := t.lacksView(ctx, on, d)
			if err != nil {
				return nil, err
			}
			if view != "" {
				all = append(all, view)
			}
			continue
		}
		have, err := d.columns(ctx, on, t.name)
		if err != nil {
			return nil, fmt.Errorf("look at table %s: %w", t.name, err)
		}
		spec := t.spec()
		statements, _, err := spec.plan(d, have)
		if err != nil {
			return nil, err
		}
		all = append(all, statements...)
	}
	return all, nil
}

// extend makes the tables and columns that are missing. Objects that exist get
// the default of an attribute that is new to them.
func (l *layout) extend(ctx context.Context, tx *Tx) error {
	for _, t := range l.sorted() {
		if t.isSystem {
			continue
		}
		spec := t.spec()
		added, err := tx.build(ctx, &spec)
		if err != nil {
			return err
		}
		for _, code := range added {
			if err := t.fillInitial(ctx, tx, code); err != nil {
				return err
			}
		}
		if err := t.watch(ctx, tx); err != nil {
			return err
		}
	}
	return l.extendViews(ctx, tx)
}

func (t *table) fillInitial(ctx context.Context, tx *Tx, code string) error {
	col := t.columns[code]
	if col == nil || col.initial == "" {
		return nil
	}
	value, err := col.kind.bind(col.initial)
	if err != nil {
		return fmt.Errorf("attribute %s: default: %w", code, err)
	}
	args := []any{value}
	for name := range col.classes {
		args = append(args, name)
	}
	_, err = tx.exec(ctx, "UPDATE "+t.quoted+" SET "+col.name+" = ? WHERE finalclass IN ("+marks(len(args)-1)+")", args...)
	if err != nil {
		return fmt.Errorf("attribute %s: fill in the default: %w", code, err)
	}
	return nil
}

// build brings one table to its spec and returns the columns it added to a
// table that existed.
func (t *Tx) build(ctx context.Context, s *tableSpec) (added []string, err error) {
	have, err := t.d.columns(ctx, t.tx, s.name)
	if err != nil {
		return nil, fmt.Errorf("look at table %s: %w", s.name, err)
	}
	statements, added, err := s.plan(t.d, have)
	if err != nil {
		return nil, err
	}
	for _, q := range statements {
		if _, err := t.tx.ExecContext(ctx, q); err != nil {
			return nil, fmt.Errorf("build table %s: %w", s.name, t.d.translate(err))
		}
	}
	return added, nil
}

func (l *layout) sorted() []*table {
	tables := make([]*table, 0, len(l.tables))
	for _, t := range l.tables {
		tables = append(tables, t)
	}
	slices.SortFunc(tables, func(a, b *table) int { return strings.Compare(a.name, b.name) })
	return tables
}

// readColumns reads names and types for dialect.columns.
func readColumns(d dialect, rows *sql.Rows, err error) (_ map[string]string, failed error) {
	if err != nil {
		return nil, d.translate(err)
	}
	defer func() {
		if e := rows.Close(); failed == nil {
			failed = d.translate(e)
		}
	}()
	columns := map[string]string{}
	for rows.Next() {
		var name, kind string
		if err := rows.Scan(&name, &kind); err != nil {
			return nil, err
		}
		columns[name] = kind
	}
	return columns, d.translate(rows.Err())
}
