package store_test

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"rollcall/internal/store/storetest"
)

// TestBothDatabasesAnswerQueriesAlike asks both the same random queries, one of
// them with look-ups for texts.
func TestBothDatabasesAnswerQueriesAlike(t *testing.T) {
	t.Parallel()
	askSQLite := storetest.LookingAsker(t, sqliteFile(t))
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

// TestEveryTextFoldsAlike: a text that the database folds equals itself folded
// by Go, which is what a literal is.
func TestEveryTextFoldsAlike(t *testing.T) {
	t.Parallel()
	asks := map[string]func(string) (string, error){
		"SQLite":     storetest.Asker(t, sqliteFile(t)),
		"PostgreSQL": storetest.Asker(t, schemas(t)(t)),
	}
	texts := rapid.OneOf(rapid.String(), rapid.StringOfN(rapid.RuneFrom(nil, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Mn, unicode.Hangul), 1, 12, -1))
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.ReplaceAll(strings.ToValidUTF8(texts.Draw(rt, "text"), ""), "\x00", "")
		quoted := "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
		query := "SELECT Organization WHERE id = 1 AND CONCAT(" + quoted + ", '') = " + quoted + " AND CONCAT(" + quoted + ", '') IN (" + quoted + ", 'x')"
		for name, ask := range asks {
			if got, err := ask(query); err != nil || got != "1" {
				rt.Fatalf("%s: %q does not equal itself: %q, %v", name, text, got, err)
			}
		}
	})
}
