package baddays

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	_ "modernc.org/sqlite" // the database is looked at from outside
)

// dump is everything that the database holds but the records of runs: a line
// per row, by table.
type dump map[string][]string

// records are the tables that a failed run may write to: that it failed, and who
// is told.
var records = []string{"run", "run_problem", "run_plan", "notice", "notice_for"}

// dump reads the database as it is, with nobody's help.
func (o *office) dump() dump {
	o.t.Helper()
	db := o.openDatabase()
	defer db.Close()
	d := dump{}
	for _, table := range column[string](o.t, db, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") {
		if !slices.Contains(records, table) {
			d[table] = rows(o.t, db, "SELECT * FROM "+table)
		}
	}
	return d
}

func (o *office) openDatabase() *sql.DB {
	o.t.Helper()
	at := url.URL{Scheme: "file", Path: o.path("rollcall.db"), RawQuery: "mode=rw&_pragma=busy_timeout(10000)"}
	db, err := sql.Open("sqlite", at.String())
	if err != nil {
		o.t.Fatal(err)
	}
	return db
}

// unchanged checks that the registry is what it was.
func (o *office) unchanged(before dump) {
	o.t.Helper()
	o.unchangedBut(before)
}

// unchangedBut checks that the registry is what it was, some tables aside: a run
// that ended well notes in standing that it did.
func (o *office) unchangedBut(before dump, aside ...string) {
	o.t.Helper()
	after := o.dump()
	for table := range before {
		if slices.Contains(aside, table) {
			continue
		}
		if diff := cmp.Diff(before[table], after[table]); diff != "" {
			o.t.Errorf("table %s changed (-before +after):\n%s", table, diff)
		}
	}
	for table := range after {
		if _, ok := before[table]; !ok {
			o.t.Errorf("table %s is new", table)
		}
	}
}

// sameObjects checks that the objects are what they were, whatever became of
// their replicas.
func (o *office) sameObjects(before dump) {
	o.t.Helper()
	after := o.dump()
	for table := range before {
		if !strings.HasPrefix(table, "obj_") {
			continue
		}
		if diff := cmp.Diff(before[table], after[table]); diff != "" {
			o.t.Errorf("table %s changed (-before +after):\n%s", table, diff)
		}
	}
}

// ask reads one column of the database.
func ask[T any](o *office, query string) []T {
	o.t.Helper()
	db := o.openDatabase()
	defer db.Close()
	return column[T](o.t, db, query)
}

// states returns the states of all runs, oldest first.
func (o *office) states() string {
	o.t.Helper()
	return strings.Join(ask[string](o, "SELECT state FROM run ORDER BY id"), " ")
}

func column[T any](t testing.TB, db *sql.DB, query string) []T {
	t.Helper()
	found, err := db.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer found.Close()
	var list []T
	for found.Next() {
		var v T
		if err := found.Scan(&v); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		list = append(list, v)
	}
	if err := found.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return list
}

// rows returns the rows of a query as text, sorted.
func rows(t testing.TB, db *sql.DB, query string) []string {
	t.Helper()
	var list []string
	for _, row := range table(t, db, query) {
		var line strings.Builder
		for _, name := range slices.Sorted(maps.Keys(row)) {
			fmt.Fprintf(&line, "%s=%q ", name, row[name])
		}
		list = append(list, line.String())
	}
	slices.Sort(list)
	return list
}

// table returns the rows of a query, each by column.
func table(t testing.TB, db *sql.DB, query string) []map[string]string {
	t.Helper()
	found, err := db.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer found.Close()
	names, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	cells, places := make([]sql.NullString, len(names)), make([]any, len(names))
	for i := range cells {
		places[i] = &cells[i]
	}
	var list []map[string]string
	for found.Next() {
		if err := found.Scan(places...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		row := make(map[string]string, len(names))
		for i, name := range names {
			row[name] = cells[i].String
		}
		list = append(list, row)
	}
	if err := found.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return list
}
