package store_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"rollcall/internal/store/storetest"
)

// TestBothDatabasesAnswerQueriesAlike asks both the same random queries.
func TestBothDatabasesAnswerQueriesAlike(t *testing.T) {
	t.Parallel()
	askSQLite := storetest.Asker(t, sqliteFile(t))
	askPostgreSQL := storetest.Asker(t, schemas(t)(t))
	found := 0
	rapid.Check(t, func(rt *rapid.T) {
		text := storetest.RandomQuery(rt)
		a, errA := askSQLite(text)
		b, errB := askPostgreSQL(text)
		switch {
		case errA != nil || errB != nil:
			rt.Fatalf("%s\nSQLite: %v\nPostgreSQL: %v", text, errA, errB)
		case a != b:
			rt.Fatalf("%s\nSQLite: %s\nPostgreSQL: %s", text, a, b)
		}
		found += len(strings.Fields(a))
	})
	if found == 0 {
		t.Error("no query found anything")
	}
}
