// Package storetest holds the tests that every database under store must pass.
// It owns what the store's methods mean; a test beside a dialect may only pin
// what is peculiar to that dialect.
package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

// Now is the time at which every store of the suite lives.
var Now = time.Date(2026, 3, 4, 5, 6, 7, 891011000, time.UTC)

// Run runs the suite. fresh makes an empty database and returns its address.
func Run(t *testing.T, fresh func(testing.TB) string) {
	t.Helper()
	run(t, &suite{fresh: fresh})
}

// RunBehind runs the suite with stores whose transactions write behind from the
// second row on, as only large loads do by themselves.
func RunBehind(t *testing.T, fresh func(testing.TB) string) {
	t.Helper()
	run(t, &suite{fresh: func(t testing.TB) string {
		dsn := fresh(t)
		writesBehind.Store(dsn, true)
		return dsn
	}})
}

// writesBehind has the addresses of RunBehind's databases.
var writesBehind sync.Map

func run(t *testing.T, s *suite) {
	t.Helper()
	for _, group := range []map[string]func(*testing.T){
		s.openTests(), s.objectTests(), s.findTests(), s.historyTests(), s.replicaTests(), s.tableTests(), s.runTests(), s.lockTests(), s.driftTests(), s.queryTests(), s.noticeTests(), s.feedTests(), s.grantTests(), s.largeTests(), s.pageTests(),
	} {
		for name, test := range group {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t)
			})
		}
	}
}

type suite struct{ fresh func(testing.TB) string }

// open opens a store of the suite's model on an empty database.
func (s *suite) open(t testing.TB) *store.Store { return openAt(t, s.fresh(t), Model()) }

// tester is what the helpers need of *testing.T; *rapid.T has it too.
type tester interface {
	Helper()
	Cleanup(func())
	Context() context.Context
	Error(...any)
	Errorf(string, ...any)
	Fatal(...any)
	Fatalf(string, ...any)
}

func openAt(t tester, dsn string, model *rollcall.Model) *store.Store {
	t.Helper()
	cfg := store.Config{DSN: dsn, Model: model, Now: func() time.Time { return Now }}
	if _, is := writesBehind.Load(dsn); is {
		cfg.Behind = 1
	}
	st, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("open %s: %v", dsn, err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return st
}

// write runs do in a transaction that is committed.
func write(t tester, st *store.Store, do func(tx *store.Tx)) {
	t.Helper()
	tx := begin(t, st)
	do(tx)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// begin starts a transaction that is rolled back with the test unless it ended.
func begin(t tester, st *store.Store) *store.Tx {
	t.Helper()
	tx, err := st.Begin(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback() })
	return tx
}

func must(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// value returns what a call gave that must not fail.
func value[T any](t tester) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantKind(t tester, err error, kind rollcall.Kind) {
	t.Helper()
	if err == nil || rollcall.KindOf(err) != kind {
		t.Errorf("got error %v (%v), want one of kind %v", err, rollcall.KindOf(err), kind)
	}
}

func same(t tester, what string, got, want any, opts ...cmp.Option) {
	t.Helper()
	if diff := cmp.Diff(want, got, opts...); diff != "" {
		t.Errorf("%s: (-want +got)\n%s", what, diff)
	}
}
