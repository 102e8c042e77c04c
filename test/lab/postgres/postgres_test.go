package postgres_test

import (
	"database/sql"
	"testing"

	"rollcall/test/lab/postgres"
)

func TestDatabasesAreSeparate(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	for range 2 {
		db, err := sql.Open("pgx", server.Database(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), "CREATE TABLE same (id INT)"); err != nil {
			t.Errorf("got %v, want a table of the same name in each database", err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
