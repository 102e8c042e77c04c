package auth_test

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/registry/registrytest"
	"rollcall/internal/rollcall"
)

// world is a registry with accounts, and a service that signs them in.
type world struct {
	*registrytest.World
	auth *auth.Service
	ldap *directories
	org  rollcall.ObjectID // "Demo"

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

func TestOnBothDatabases(t *testing.T) {
	t.Parallel()
	registrytest.OnBoth(t, newWorld, everywhere)
}

func sqlite(t testing.TB) *world {
	t.Helper()
	return newWorld(t, registrytest.SQLite(t))
}

func newWorld(t testing.TB, dsn string) *world {
	t.Helper()
	w := &world{ldap: &directories{}, time: time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)}
	w.World = registrytest.Open(t, dsn, w.now, func() {
		if w.auth != nil {
			w.auth.Changed()
		}
	})
	must(t, w.Store.EnsureLookup(w.Ctx, w.Model.Class("User"), []string{"login"}))
	var err error
	w.auth, err = auth.New(auth.Config{Model: w.Model, Store: w.Store, Directories: w.ldap, Now: w.now})
	must(t, err)
	w.org = w.Create("Organization", nil, "name", "Demo")
	return w
}

var must = registrytest.Must

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

const (
	administrator = 1
	portal        = 2
	configuration = 3
	support       = 5
	restUser      = 1024
)

const secret = "Correct-Horse-9"

// user makes an account of a class with profiles.
func (w *world) user(class, login string, profiles []rollcall.ObjectID, pairs ...string) rollcall.ObjectID {
	w.Helper()
	if class == "UserLocal" {
		hash, err := auth.Hash(secret)
		must(w, err)
		pairs = append(pairs, "password", hash)
	}
	return w.Create(class, map[string][]rollcall.Link{"profile_list": registrytest.LinkTo(profiles...)}, append(pairs, "login", login)...)
}

var home = netip.MustParseAddr("192.0.2.1")

func (w *world) signIn(login string, password rollcall.Secret) (*auth.Account, error) {
	return w.auth.SignIn(w.Ctx, auth.Credentials{Login: login, Password: password, From: home})
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
	asked []string // server/login of each question about a password
	fail  error
	// known are the entries that no account has the login of, by what somebody may
	// write; follow says what becomes of whoever signed in.
	known  map[string]auth.Person
	follow func(*auth.Person) (rollcall.ObjectID, error)
	wait   chan struct{} // each question waits for it; nil: none does
}

func (d *directories) Find(_ context.Context, s auth.Subject) (*auth.Person, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p, ok := d.known[s.Login]; ok {
		return &p, nil
	}
	if s.Account == 0 {
		return nil, rollcall.Errorf(rollcall.Unauthorized, "no entry has the login")
	}
	return &auth.Person{Directory: s.Directory, DN: "uid=" + s.Login, Key: "key of " + s.Login, Login: s.Login, Account: s.Account}, nil
}

func (d *directories) Authenticate(_ context.Context, p *auth.Person, password rollcall.Secret) error {
	if d.wait != nil {
		<-d.wait
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, p.Directory+"/"+p.Login)
	switch {
	case d.fail != nil:
		return d.fail
	case password.Reveal() != secret:
		return rollcall.Errorf(rollcall.Unauthorized, "invalid credentials")
	}
	return nil
}

func (d *directories) Follow(_ context.Context, p *auth.Person) (rollcall.ObjectID, error) {
	d.mu.Lock()
	follow := d.follow
	d.mu.Unlock()
	if follow != nil {
		return follow(p)
	}
	return p.Account, nil
}
