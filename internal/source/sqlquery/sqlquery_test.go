package sqlquery_test

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/rollcall"
	"rollcall/internal/source"
	"rollcall/internal/source/sourcetest"
	"rollcall/internal/source/sqlquery"
	"rollcall/test/lab"
	"rollcall/test/lab/postgres"
)

// newSQLite makes a file with three people.
func newSQLite(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "hr?.db")
	db, err := sql.Open("sqlite", "file:"+strings.ReplaceAll(file, "?", "%3f"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE p (id INT, name TEXT, born DATETIME, size DOUBLE, photo BLOB);
INSERT INTO p VALUES (1,'René','2026-01-02',0.5,x'00ff'),(2,'Ann',NULL,2,NULL),(3,'','2026-01-02 03:04:05',NULL,'x')`); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestCollector(t *testing.T) {
	t.Parallel()
	file := newSQLite(t)
	open := func(query, key string, fields ...string) func(testing.TB) source.Collector {
		return func(t testing.TB) source.Collector {
			c, err := sqlquery.New(sqlquery.Config{Database: sqlquery.Database{Driver: "sqlite", Name: file}, Query: query, Key: key, Fields: fields})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
	}
	const all = "SELECT * FROM p ORDER BY id"
	sourcetest.Run(t, sourcetest.Suite{
		Open: open(all, "ID", "name", "Born", "size", "photo"),
		Want: map[string]sourcetest.Entry{
			"1": {Name: "row 1", Fields: map[string][]string{"name": {"René"}, "Born": {"2026-01-02"}, "size": {"0.5"}, "photo": {"\x00\xff"}}},
			"2": {Name: "row 2", Fields: map[string][]string{"name": {"Ann"}, "size": {"2"}}},
			"3": {Name: "row 3", Fields: map[string][]string{"Born": {"2026-01-02 03:04:05"}, "photo": {"x"}}},
		},
		Broken: map[string]func(testing.TB) source.Collector{
			"no such table":  open("SELECT * FROM nobody", "id"),
			"no such key":    open(all, "uid"),
			"no such column": open(all, "id", "mail"),
			"no such file": func(testing.TB) source.Collector {
				c, err := sqlquery.New(sqlquery.Config{Database: sqlquery.Database{Driver: "sqlite", Name: file + ".gone"}, Query: all, Key: "id"})
				if err != nil {
					t.Fatal(err)
				}
				return c
			},
		},
	})
}

// rows reads a query as texts.
func rows(t *testing.T, db sqlquery.Database, query string) [][]string {
	t.Helper()
	var list [][]string
	err := sqlquery.Query(t.Context(), db, query, func(r *sqlquery.Row) error {
		var row []string
		for i, v := range r.Values {
			row = append(row, fmt.Sprintf("%s=%v", r.Columns[i], v))
		}
		list = append(list, row)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(postgres.Start(t).Database(t))
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlquery.ParsePDO("pgsql:host="+u.Query().Get("host")+";dbname="+strings.TrimPrefix(u.Path, "/"), u.Query().Get("user"), "")
	if err != nil {
		t.Fatal(err)
	}
	got := rows(t, db, "SELECT 1 AS id, 'é' AS name, 1.50::numeric(5,2) AS d, true AS b, false AS f, NULL::text AS n, timestamp '2026-01-02 03:04:05' AS t, 0.1::float8 AS x")
	want := [][]string{{"id=1", "name=é", "d=1.50", "b=true", "f=false", "n=<nil>", "t=2026-01-02 03:04:05", "x=0.1"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := sqlquery.Query(t.Context(), db, "SELECT broken FROM nobody", func(*sqlquery.Row) error { return nil }); err == nil {
		t.Error("a broken query passed")
	}
}

func TestMariaDB(t *testing.T) {
	t.Parallel()
	server := lab.MariaDB(t)
	db := sqlquery.Database{Driver: "mysql", Name: "unix_socket=" + server.Socket + ";dbname=", User: server.User}
	got := rows(t, db, "SELECT 1 AS id, 'é𝄞' AS name, CAST(1.5 AS DECIMAL(5,2)) AS d, true AS b, NULL AS n, CAST('2026-01-02 03:04:05' AS DATETIME) AS t, 'a;\"b' AS q")
	want := [][]string{{"id=1", "name=é𝄞", "d=1.50", "b=1", "n=<nil>", "t=2026-01-02 03:04:05", `q=a;"b`}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConnectionStrings(t *testing.T) {
	t.Parallel()
	for dsn, want := range map[string]string{
		"oracle8:x": "could not find driver", "nothing": "does not begin with a driver", "oci:dbname=//h/s": "-tags oracle",
	} {
		if _, err := sqlquery.ParsePDO(dsn, "u", "p"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", dsn, err, want)
		}
	}
	for _, dsn := range []string{"mysql:host=h;dbname=d", "pgsql:host=h", "sqlite:/x", "sqlsrv:Server=h,1433;Database=d"} {
		if _, err := sqlquery.ParsePDO(dsn, "u", "p"); err != nil {
			t.Errorf("%s: %v", dsn, err)
		}
	}
	err := sqlquery.Database{Driver: "mysql", Name: "host=127.0.0.1;port=1", User: "u", Password: "geheim"}.Check(t.Context())
	if err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("got %v", err)
	}
	err = sqlquery.Database{Driver: "sqlsrv", Name: "Server=127.0.0.1,1;Database=d", User: "u", Password: "geheim"}.Check(t.Context())
	if err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("got %v", err)
	}
}

func TestURLsOfDatabases(t *testing.T) {
	t.Parallel()
	for dsn, want := range map[string]sqlquery.Database{
		"postgres://ann:geheim@db1:5433/hr?sslmode=require": {Driver: "pgsql", Name: "host=db1;port=5433;dbname=hr;sslmode=require", User: "ann", Password: "geheim"},
		"postgresql:///hr?host=/run/pg":                     {Driver: "pgsql", Name: "dbname=hr;host=/run/pg", User: "u", Password: "p"},
		"mariadb://ann@db1/hr":                              {Driver: "mysql", Name: "host=db1;dbname=hr", User: "u", Password: "p"},
		"sqlserver://db1:1444/hr?encrypt=yes":               {Driver: "sqlsrv", Name: "server=db1,1444;database=hr;encrypt=yes", User: "u", Password: "p"},
		"sqlite:///var/hr.db":                               {Driver: "sqlite", Name: "/var/hr.db", User: "u", Password: "p"},
		"sqlite:hr.db":                                      {Driver: "sqlite", Name: "hr.db", User: "u", Password: "p"},
		"mysql:host=h;dbname=d":                             {Driver: "mysql", Name: "host=h;dbname=d", User: "u", Password: "p"},
	} {
		user, password := "u", rollcall.Secret("p")
		if want.User == "ann" && want.Password == "geheim" {
			user, password = "", ""
		}
		got, err := sqlquery.ParseDSN(dsn, user, password)
		if err != nil || got != want {
			t.Errorf("%s: got %#v %s, %v, want %#v", dsn, got, got.Password.Reveal(), err, want)
		}
	}
	for dsn, want := range map[string]string{
		"db2://h/d": "no database is reached by db2://", "postgres://u:geh/ei:m@h/d": "is better given by password", "mysql://h/d;x": "has a ;",
		"oracle://h/d": "-tags oracle", "plain": "does not begin with a driver",
	} {
		if _, err := sqlquery.ParseDSN(dsn, "", ""); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "ei:m") {
			t.Errorf("%s: got %v, want %q", dsn, err, want)
		}
	}
}
