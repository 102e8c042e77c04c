package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"

	"rollcall/internal/store/storetest"
	"rollcall/test/lab/postgres"
)

func TestMain(m *testing.M) {
	storetest.Hold()
	os.Exit(m.Run())
}

func sqliteFile(t testing.TB) string { return filepath.Join(t.TempDir(), "rollcall.db") }

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, sqliteFile)
}

func TestPostgreSQL(t *testing.T) {
	t.Parallel()
	storetest.Run(t, schemas(t))
}

func TestSQLiteBehind(t *testing.T) {
	t.Parallel()
	storetest.RunBehind(t, sqliteFile)
}

func TestPostgreSQLBehind(t *testing.T) {
	t.Parallel()
	storetest.RunBehind(t, schemas(t))
}

// schemas starts PostgreSQL and returns a function that gives a schema of its
// own to each caller, which is much cheaper than a database.
func schemas(t testing.TB) func(testing.TB) string {
	t.Helper()
	dsn := postgres.Start(t).Database(t)
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	var n atomic.Int64
	return func(t testing.TB) string {
		t.Helper()
		name := fmt.Sprint("registry", n.Add(1))
		if _, err := db.Exec("CREATE SCHEMA " + name); err != nil {
			t.Fatal(err)
		}
		return dsn + "&search_path=" + name
	}
}
