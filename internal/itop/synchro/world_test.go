package synchro_test

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/engine"
	"rollcall/internal/itop/gate"
	"rollcall/internal/itop/synchro"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
	"rollcall/internal/store"
)

// world is the two pages on a registry of their own.
type world struct {
	testing.TB
	clock    time.Time
	model    *rollcall.Model
	store    *store.Store
	registry *registry.Registry
	service  *synchro.Service
}

var declared = sync.OnceValues(func() (*rollcall.Model, error) { return schema.Load() })

type bridge struct{ *store.Store }

func (b bridge) Begin(ctx context.Context) (engine.Tx, error) { return b.Store.Begin(ctx) }

func newWorld(t testing.TB) *world {
	t.Helper()
	return worldAt(t, filepath.Join(t.TempDir(), "rollcall.db"))
}

func worldAt(t testing.TB, dsn string) *world {
	t.Helper()
	model, err := declared()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{TB: t, model: model, clock: time.Date(2026, 11, 21, 20, 2, 40, 0, time.UTC), registry: registry.New(model)}
	if w.store, err = store.Open(t.Context(), store.Config{DSN: dsn, Model: model, Now: w.now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	e := engine.New(engine.Config{Store: bridge{w.store}, Registry: w.registry, Model: model, SpoolDir: t.TempDir(), Now: w.now})
	w.service = synchro.New(synchro.Config{Feeds: e, Rights: auth.NewRights(model), Now: w.now})
	w.write(func(tx *store.Tx, editor *registry.Editor) error {
		if err := w.registry.Seed(t.Context(), tx); err != nil {
			return err
		}
		return w.create(editor, w.object("Organization", "name", "Demo"))
	})
	return w
}

func (w *world) now() time.Time { return w.clock }

func (w *world) object(class string, values ...string) rollcall.Object {
	o := rollcall.NewObject(w.model.Class(class))
	for i := 0; i < len(values); i += 2 {
		if !o.Set(values[i], values[i+1]) {
			w.Fatalf("class %s has no attribute %s", class, values[i])
		}
	}
	return o
}

func (w *world) write(do func(*store.Tx, *registry.Editor) error) {
	w.Helper()
	tx, err := w.store.Begin(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	editor := w.registry.On(tx, rollcall.Origin{Kind: rollcall.OriginInteractive, By: "a person", At: w.now()})
	if err := do(tx, editor); err != nil {
		w.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		w.Fatal(err)
	}
}

func (w *world) create(editor *registry.Editor, objects ...rollcall.Object) error {
	drafts := make([]registry.Draft, len(objects))
	for i, o := range objects {
		drafts[i].Object = o
	}
	refused, err := editor.Create(w.Context(), drafts)
	return cmp.Or(append(refused, err)...)
}

// source makes the data source of the recordings: persons, recognized by their
// mail, deleted when they are gone.
func (w *world) source(id rollcall.ObjectID, name, class string) {
	w.Helper()
	keys := map[string]string{"org_id": "name", "manager_id": "email"}
	w.write(func(_ *store.Tx, editor *registry.Editor) error {
		source := w.object("SynchroDataSource", "name", name, "scope_class", class, "delete_policy", "delete")
		source.ID = id
		if err := w.create(editor, source); err != nil {
			return err
		}
		records := w.registry.DefaultAttributes(id, w.model.Class(class))
		for i := range records {
			r := &records[i]
			code := r.Get("attcode")
			r.Set("reconcile", "0")
			if code == "email" || class != "Person" && code == "name" {
				r.Set("reconcile", "1")
			}
			r.Set("reconciliation_attcode", keys[code])
		}
		return w.create(editor, records...)
	})
}

// define changes an attribute of a source.
func (w *world) define(id rollcall.ObjectID, code, value string) {
	w.Helper()
	w.write(func(tx *store.Tx, editor *registry.Editor) error {
		objects, err := tx.Objects(w.Context(), w.model.Class("SynchroDataSource"), []rollcall.ObjectID{id})
		if err != nil {
			return err
		}
		outcomes, err := editor.Update(w.Context(), []registry.Edit{{Object: objects[0], Sets: []rollcall.Assignment{{Attribute: code, Value: value}}}})
		return cmp.Or(err, outcomes[0].Err)
	})
}

var (
	admin    = &auth.Account{Ref: rollcall.Ref{Class: "UserLocal", ID: 1}, Login: "admin", Name: "Ada Admin", Administrator: true}
	restOnly = &auth.Account{Ref: rollcall.Ref{Class: "UserLocal", ID: 3}, Login: "restonly", Name: "Rob Rest", Profiles: []string{"Configuration Manager", "REST Services User"}}
)

// call asks one of the pages, and moves the clock on by a second.
func (w *world) call(page gate.Page, account *auth.Account, form map[string]string) string {
	w.Helper()
	w.clock = w.clock.Add(time.Second)
	return w.answer(page, account, form)
}

func (w *world) answer(page gate.Page, account *auth.Account, form map[string]string) string {
	w.Helper()
	values := map[string]string{}
	data, posted := "", false
	for name, value := range form {
		if name == "csvdata" {
			data, posted = value, true
			continue
		}
		values[name] = value
	}
	p := gate.NewParams(values)
	if posted {
		p.SetPosted("csvdata", strings.NewReader(data), int64(len(data)))
	}
	recorder := httptest.NewRecorder()
	page(w.Context(), recorder, &gate.Request{Params: p, Account: account})
	result := recorder.Result()
	defer func() { _ = result.Body.Close() }()
	body, err := io.ReadAll(result.Body)
	if err != nil {
		w.Fatal(err)
	}
	if result.StatusCode != http.StatusOK {
		w.Errorf("got status %d, want 200", result.StatusCode)
	}
	return string(body)
}

// load imports rows into source 3 without a run.
func (w *world) load(csv string, more ...string) string {
	w.Helper()
	form := map[string]string{"data_source_id": "3", "csvdata": csv, "synchronize": "0", "output": "details"}
	for i := 0; i < len(more); i += 2 {
		form[more[i]] = more[i+1]
	}
	return w.call(w.service.Import, admin, form)
}

// persons lists all persons, sorted.
func (w *world) persons(codes ...string) string {
	w.Helper()
	var lines []string
	err := w.store.Scan(w.Context(), w.model.Class("Person"), 0, func(o *rollcall.Object) error {
		line := o.Name()
		for _, code := range codes {
			line += " " + code + "=" + o.Get(code)
		}
		lines = append(lines, line)
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// keys lists the keys of the rows of source 3, sorted.
func (w *world) keys() string {
	w.Helper()
	var keys []string
	if err := w.store.Marks(w.Context(), 3, func(m *rollcall.Mark) error { keys = append(keys, string(m.Key)); return nil }); err != nil {
		w.Fatal(err)
	}
	slices.Sort(keys)
	return strings.Join(keys, " ")
}
