// Package sqlquery runs one query on a customer's database and gives its rows:
// as a source whose fields are the columns, and row by row for whoever maps them
// itself. It shares nothing with our own database.
package sqlquery

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// Row is one row: its columns are the same for all rows of a query. Values are
// nil, string, int64, float64 or bool, lent until the next row.
type Row struct {
	Columns []string
	Values  []any
}

// Query runs a query and calls emit for each row. A nil error means that all
// rows were read.
func Query(ctx context.Context, db Database, query string, emit func(*Row) error) error {
	if db.Driver == "pgsql" {
		return queryPostgres(ctx, db, query, emit)
	}
	pool, err := db.open()
	if err != nil {
		return err
	}
	defer pool.Close()
	if db.Driver == "sqlite" {
		if query, err = withoutTimes(ctx, pool, query); err != nil {
			return err
		}
	}
	rows, err := pool.QueryContext(ctx, query)
	if err != nil {
		return fmt.Errorf("run the query: %w", err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return fmt.Errorf("run the query: %w", err)
	}
	types, err := rows.ColumnTypes()
	if err != nil {
		return fmt.Errorf("run the query: %w", err)
	}
	r := &Row{Columns: columns, Values: make([]any, len(columns))}
	raw := make([]any, len(columns))
	into := make([]any, len(columns))
	for i := range raw {
		into[i] = &raw[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return fmt.Errorf("read a row: %w", err)
		}
		for i, v := range raw {
			r.Values[i] = plain(v, types[i].DatabaseTypeName())
		}
		if err := emit(r); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err())
}

// withoutTimes rewrites a query so that SQLite's driver gives the text of columns
// declared as times as it is stored: an expression has no declared type.
func withoutTimes(ctx context.Context, pool *sql.DB, query string) (string, error) {
	inner := "(" + strings.TrimRight(strings.TrimSpace(query), ";") + "\n)"
	rows, err := pool.QueryContext(ctx, "SELECT * FROM "+inner+" LIMIT 0")
	if err != nil {
		return query, nil //nolint:nilerr // no query that can stand within another: it is run as it is
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return "", fmt.Errorf("run the query: %w", err)
	}
	hasTimes := false
	columns := make([]string, len(types))
	for i, c := range types {
		name := `"` + strings.ReplaceAll(c.Name(), `"`, `""`) + `"`
		columns[i] = "+" + name + " AS " + name
		switch strings.ToUpper(c.DatabaseTypeName()) {
		case "DATE", "DATETIME", "TIMESTAMP":
			hasTimes = true
		}
	}
	if !hasTimes {
		return query, rows.Err()
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM " + inner, rows.Err()
}

// plain brings a driver's value into one of the kinds that a Row holds.
func plain(v any, kind string) any {
	switch x := v.(type) {
	case []byte:
		if kind == "UNIQUEIDENTIFIER" && len(x) == 16 {
			return guid(x)
		}
		return string(x)
	case time.Time:
		return timeText(x, kind)
	case int64, float64, bool, string, nil:
		return x
	case float32:
		return float64(x)
	}
	return fmt.Sprint(v)
}

// timeText writes a time as databases print it.
func timeText(t time.Time, kind string) string {
	switch strings.ToUpper(kind) {
	case "DATE":
		return t.Format(time.DateOnly)
	case "TIME":
		return t.Format("15:04:05.9999999")
	case "DATETIME", "DATETIME2", "SMALLDATETIME", "TIMESTAMP":
		return t.Format("2006-01-02 15:04:05.9999999")
	}
	return t.Format("2006-01-02 15:04:05.9999999 -07:00")
}

// guid prints SQL Server's unique identifier, the first three parts of which are
// stored in reverse.
func guid(b []byte) string {
	return strings.ToUpper(fmt.Sprintf("%x-%x-%x-%x-%x",
		[]byte{b[3], b[2], b[1], b[0]}, []byte{b[5], b[4]}, []byte{b[7], b[6]}, b[8:10], b[10:]))
}

// Text returns a value as text, "" for nil.
func Text(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case bool:
		if x {
			return "1"
		}
		return "0"
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// Config says which query makes the source.
type Config struct {
	Database Database
	Query    string
	Key      string // the column that identifies a row
	Fields   []string
}

// Collector gives an entry per row. Names of columns compare without case.
type Collector struct{ cfg Config }

var _ source.Collector = (*Collector)(nil)

// New checks a configuration; nothing is sent.
func New(cfg Config) (*Collector, error) {
	if cfg.Query == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "no query: say which rows to read")
	}
	if cfg.Key == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "no key: say which column identifies a row")
	}
	return &Collector{cfg}, cfg.Database.validate()
}

// Collect implements source.Collector.
func (c *Collector) Collect(ctx context.Context, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error) {
	e := rollcall.Entry{Fields: c.cfg.Fields, Values: make([][][]byte, len(c.cfg.Fields))}
	var places []int
	key, n := -1, 0
	err := Query(ctx, c.cfg.Database, c.cfg.Query, func(r *Row) error {
		if places == nil {
			var err error
			if key, places, err = c.places(r.Columns); err != nil {
				return err
			}
		}
		n++
		e.Key, e.Name = []byte(Text(r.Values[key])), []byte("row "+strconv.Itoa(n))
		for i, at := range places {
			e.Values[i] = nil
			if at >= 0 {
				if text := Text(r.Values[at]); text != "" {
					e.Values[i] = [][]byte{[]byte(text)}
				}
			}
		}
		return emit(&e)
	})
	return nil, err
}

func (c *Collector) places(columns []string) (key int, places []int, err error) {
	find := func(name string) int {
		for i, column := range columns {
			if strings.EqualFold(column, name) {
				return i
			}
		}
		return -1
	}
	if key = find(c.cfg.Key); key < 0 {
		return 0, nil, rollcall.Errorf(rollcall.Invalid, "the query gives no column %q, which is to identify its rows", c.cfg.Key)
	}
	places = make([]int, len(c.cfg.Fields))
	for i, name := range c.cfg.Fields {
		if places[i] = find(name); places[i] < 0 && name != rollcall.FieldDN {
			return 0, nil, rollcall.Errorf(rollcall.Invalid, "the query gives no column %q, which a rule reads", name)
		}
	}
	return key, places, nil
}
