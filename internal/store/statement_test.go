package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"

	"rollcall/internal/rollcall"
)

// TestStatementsGiveWayToNewerOnes: however many texts there are, so many are
// kept, and the last ones; none is closed under who uses it.
func TestStatementsGiveWayToNewerOnes(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Config{DSN: t.TempDir() + "/x.db", Model: rollcall.NewModel(nil)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	ask := func(n int) error {
		var got int
		err := s.each(context.Background(), fmt.Sprintf("SELECT %d", n), nil, func(rows *sql.Rows) error { return rows.Scan(&got) })
		if err == nil && got != n {
			err = fmt.Errorf("got %d, want %d", got, n)
		}
		return err
	}
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			for n := range maxCached + 50 {
				if err := ask(worker*10 + n); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if err := ask(-1); err != nil {
		t.Fatal(err)
	}
	if len(s.cached) > maxCached || s.cached["SELECT -1"] == nil {
		t.Errorf("%d statements are kept, and of the last one: %v", len(s.cached), s.cached["SELECT -1"])
	}
	for query, p := range s.cached {
		if p.users != 0 {
			t.Errorf("%s has %d users", query, p.users)
		}
	}
}

// TestStatementsOfQueriesAreKeptWhenTheyComeAgain: nobody knows how many
// different ones will come.
func TestStatementsOfQueriesAreKeptWhenTheyComeAgain(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), Config{DSN: t.TempDir() + "/x.db", Model: rollcall.NewModel(nil)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	const again = "SELECT ? + 1"
	for i := range maxOnce + 10 {
		for _, query := range []string{fmt.Sprintf("SELECT ? + 1 + 0 * %d", i), again} {
			var got int
			f := fragment{sql: query, args: []any{i}}
			if err := s.ask(t.Context(), f, func(rows *sql.Rows) error { return rows.Scan(&got) }); err != nil || got != i+1 {
				t.Fatalf("%s: got %d, %v", query, got, err)
			}
		}
		if kept := s.cached[again] != nil; kept != (i > 0) {
			t.Fatalf("asked %d times: kept is %v", i+1, kept)
		}
	}
	if len(s.once) > maxOnce || len(s.cached) > 10 {
		t.Errorf("%d statements are remembered and %d kept", len(s.once), len(s.cached))
	}
}
