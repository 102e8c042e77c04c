// Package registrytest gives tests a registry of their own to fill and change,
// on either database.
package registrytest

import (
	"context"
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
	"rollcall/internal/store"
	"rollcall/test/lab/postgres"
)

// World is a registry of the classes that ship, with what they predefine.
type World struct {
	testing.TB
	Ctx      context.Context // outlives the test's own, for what is cleaned up
	Model    *rollcall.Model
	Registry *registry.Registry
	Store    *store.Store

	now func() time.Time
}

// Open opens the registry of a database. Committed may be nil; more are folders
// with class declarations of the test's own.
func Open(t testing.TB, dsn string, now func() time.Time, committed func(), more ...fs.FS) *World {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	model, err := schema.Load(more...)
	Must(t, err)
	s, err := store.Open(ctx, store.Config{DSN: dsn, Model: model, Now: now, Committed: committed})
	Must(t, err)
	t.Cleanup(func() { Must(t, s.Close()) })
	w := &World{TB: t, Ctx: ctx, Model: model, Registry: registry.New(model), Store: s, now: now}
	w.Write(func(tx *store.Tx, _ *registry.Editor) { Must(t, w.Registry.Seed(ctx, tx)) })
	return w
}

// SQLite names a database in a folder of the test's.
func SQLite(t testing.TB) string { return filepath.Join(t.TempDir(), "rollcall.db") }

// OnBoth runs tests on SQLite and on PostgreSQL, each in a world of its own.
func OnBoth[W any](t *testing.T, open func(t testing.TB, dsn string) W, tests map[string]func(*testing.T, W)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		each(t, func(t testing.TB) W { return open(t, SQLite(t)) }, tests)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		server := postgres.Start(t)
		each(t, func(t testing.TB) W { return open(t, server.Database(t)) }, tests)
	})
}

func each[W any](t *testing.T, open func(testing.TB) W, tests map[string]func(*testing.T, W)) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

// Must ends a test with an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Write changes the registry in a transaction, as somebody at the console.
func (w *World) Write(do func(*store.Tx, *registry.Editor)) {
	w.Helper()
	tx, err := w.Store.Begin(w.Ctx)
	Must(w, err)
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	do(tx, w.Registry.On(tx, rollcall.Origin{Kind: rollcall.OriginInteractive, By: "admin", At: w.now()}))
	Must(w, tx.Commit())
}

// Create makes an object with values given as code, value, …. Links may be nil.
func (w *World) Create(class string, links map[string][]rollcall.Link, pairs ...string) (id rollcall.ObjectID) {
	w.Helper()
	d := registry.Draft{Object: rollcall.NewObject(w.Model.Class(class)), Links: links, Reason: "test"}
	for i := 0; i < len(pairs); i += 2 {
		if !d.Object.Set(pairs[i], pairs[i+1]) {
			w.Fatalf("class %s has no attribute %s", class, pairs[i])
		}
	}
	w.Write(func(_ *store.Tx, e *registry.Editor) {
		drafts := []registry.Draft{d}
		errs, err := e.Create(w.Ctx, drafts)
		Must(w, err)
		Must(w, errs[0])
		id = drafts[0].Object.ID
	})
	return id
}

// Update changes one attribute of an object.
func (w *World) Update(class string, id rollcall.ObjectID, code, value string) {
	w.Helper()
	w.Write(func(tx *store.Tx, e *registry.Editor) {
		objects, err := tx.Objects(w.Ctx, w.Model.Class(class), []rollcall.ObjectID{id})
		Must(w, err)
		outcomes, err := e.Update(w.Ctx, []registry.Edit{{Object: objects[0], Sets: []rollcall.Assignment{{Attribute: code, Value: value}}}})
		Must(w, err)
		Must(w, outcomes[0].Err)
	})
}

// LinkTo are links to objects, without values of their own.
func LinkTo(targets ...rollcall.ObjectID) []rollcall.Link {
	list := make([]rollcall.Link, len(targets))
	for i, target := range targets {
		list[i].Target = target
	}
	return list
}
