package auth_test

import (
	"context"
	"net/netip"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
	"rollcall/internal/store"
	"rollcall/test/lab/postgres"
)

// world is a registry with accounts, and a service that signs them in.
type world struct {
	testing.TB
	ctx   context.Context
	model *rollcall.Model
	reg   *registry.Registry
	store *store.Store
	auth  *auth.Service
	ldap  *directories
	org   rollcall.ObjectID // "Demo"

	mu   sync.Mutex
	time time.Time
}

// everywhere are the tests that every database must pass.
var everywhere = map[string]func(*testing.T, *world){
	"LoginsCompareAsTheOriginalsDo":      loginsCompare,
	"TokensAreTheirUsers":                tokens,
	"AllowedOrganizationsReachDown":      organisations,
	"AChangedAccountCountsAtOnce":        changed,
	"WhatNoLoginCanBeIsRefusedUnseen":    implausible,
	"AnAccountTellsAllThatCountsAboutIt": account,
}

func TestOnSQLite(t *testing.T) {
	t.Parallel()
	for name, test := range everywhere {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, sqlite(t))
		})
	}
}

func TestOnPostgreSQL(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	for name, test := range everywhere {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, server.Database(t)))
		})
	}
}

func sqlite(t testing.TB) *world {
	t.Helper()
	return newWorld(t, filepath.Join(t.TempDir(), "rollcall.db"))
}

func newWorld(t testing.TB, dsn string) *world {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	model, err := schema.Load()
	must(t, err)
	w := &world{TB: t, ctx: ctx, model: model, reg: registry.New(model), ldap: &directories{}, time: time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)}
	s, err := store.Open(ctx, store.Config{DSN: dsn, Model: model, Now: w.now, Committed: func() {
		if w.auth != nil {
			w.auth.Changed()
		}
	}})
	must(t, err)
	w.store = s
	t.Cleanup(func() { must(t, s.Close()) })
	must(t, s.EnsureLookup(ctx, model.Class("User"), []string{"login"}))
	w.write(func(tx *store.Tx, _ *registry.Editor) { must(t, w.reg.Seed(ctx, tx)) })
	w.auth, err = auth.New(auth.Config{Model: model, Store: s, Directories: w.ldap, Now: w.now})
	must(t, err)
	w.org = w.make("Organization", nil, "name", "Demo")
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// now is the world's clock; pass moves it.
func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.time
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.time = w.time.Add(d)
}

// write changes the registry in a transaction.
func (w *world) write(do func(*store.Tx, *registry.Editor)) {
	w.Helper()
	tx, err := w.store.Begin(w.ctx)
	must(w, err)
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	do(tx, w.reg.On(tx, rollcall.Origin{Kind: rollcall.OriginInteractive, By: "admin", At: w.now()}))
	must(w, tx.Commit())
}

// make creates an object with values given as code, value, ….
func (w *world) make(class string, links map[string][]rollcall.Link, pairs ...string) (id rollcall.ObjectID) {
	w.Helper()
	d := registry.Draft{Object: rollcall.NewObject(w.model.Class(class)), Links: links}
	for i := 0; i < len(pairs); i += 2 {
		if !d.Object.Set(pairs[i], pairs[i+1]) {
			w.Fatalf("class %s has no attribute %s", class, pairs[i])
		}
	}
	w.write(func(_ *store.Tx, e *registry.Editor) {
		drafts := []registry.Draft{d}
		errs, err := e.Create(w.ctx, drafts)
		must(w, err)
		must(w, errs[0])
		id = drafts[0].Object.ID
	})
	return id
}

// set changes an object.
func (w *world) set(class string, id rollcall.ObjectID, code, value string) {
	w.Helper()
	w.write(func(tx *store.Tx, e *registry.Editor) {
		objects, err := tx.Objects(w.ctx, w.model.Class(class), []rollcall.ObjectID{id})
		must(w, err)
		outcomes, err := e.Update(w.ctx, []registry.Edit{{Object: objects[0], Sets: []rollcall.Assignment{{Attribute: code, Value: value}}}})
		must(w, err)
		must(w, outcomes[0].Err)
	})
}

const (
	administrator = 1
	portal        = 2
	configuration = 3
	support       = 5
	restUser      = 1024
)

func links(targets ...rollcall.ObjectID) []rollcall.Link {
	list := make([]rollcall.Link, len(targets))
	for i, target := range targets {
		list[i].Target = target
	}
	return list
}

const secret = "Correct-Horse-9"

// user makes an account of a class with profiles.
func (w *world) user(class, login string, profiles []rollcall.ObjectID, pairs ...string) rollcall.ObjectID {
	w.Helper()
	if class == "UserLocal" {
		hash, err := auth.Hash(secret)
		must(w, err)
		pairs = append(pairs, "password", hash)
	}
	return w.make(class, map[string][]rollcall.Link{"profile_list": links(profiles...)}, append(pairs, "login", login)...)
}

var home = netip.MustParseAddr("192.0.2.1")

func (w *world) signIn(login string, password rollcall.Secret) (*auth.Account, error) {
	return w.auth.SignIn(w.ctx, auth.Credentials{Login: login, Password: password, From: home})
}

// enters and isRefused say how a sign-in must end.
func (w *world) enters(login string, password rollcall.Secret) *auth.Account {
	w.Helper()
	a, err := w.signIn(login, password)
	if err != nil {
		w.Fatalf("sign in as %q: %v", login, err)
	}
	return a
}

func (w *world) isRefused(login string, password rollcall.Secret) {
	w.Helper()
	if a, err := w.signIn(login, password); err == nil || rollcall.KindOf(err) != rollcall.Unauthorized {
		w.Fatalf("sign in as %q: got %v, %v, want a refusal", login, a, err)
	}
}

// directories stands for the directories that know the passwords of UserLDAP.
type directories struct {
	mu    sync.Mutex
	asked []string // server/login of each question
	fail  error
}

func (d *directories) Verify(_ context.Context, server, login string, password rollcall.Secret) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, server+"/"+login)
	switch {
	case d.fail != nil:
		return d.fail
	case password.Reveal() != secret:
		return rollcall.Errorf(rollcall.Unauthorized, "invalid credentials")
	}
	return nil
}
