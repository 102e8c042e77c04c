package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/config"
	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
)

// classDirectoryAccount is the class of accounts that sign in through a
// directory.
const classDirectoryAccount = "UserLDAP"

// doors are the directories as sign-in sees them.
type doors struct {
	app     *app
	byName  map[string]*door
	order   []string // in which a login is looked for
	usual   string   // for accounts that name none; "" when it is not clear
	sources sync.Map // names of data sources, by ID
	groups  groupMemory
}

var _ auth.Directories = (*doors)(nil)

// How long a directory may take while somebody waits to come in.
const (
	doorConnect = 5 * time.Second
	doorIdle    = 10 * time.Second
)

// doorConnections is how many questions of one kind one directory is asked at
// once.
const doorConnections = 8

// usualLogins are where a login is looked for when nothing says where.
var usualLogins = []string{"sAMAccountName", "uid"}

// doors makes sign-in ready; nothing is sent yet.
func (a *app) doors() (*doors, error) {
	signIn := &a.config.Serve.SignIn
	d := &doors{app: a, byName: map[string]*door{}, usual: signIn.Directory}
	var accounts []string // directories that accounts come from
	for i := range a.config.Sources {
		if name := a.config.Sources[i].Directory; a.isAccounts(i) && !slices.Contains(accounts, name) {
			accounts = append(accounts, name)
		}
	}
	names := slices.Sorted(maps.Keys(a.config.Directories))
	for _, name := range names {
		if len(signIn.Providers) > 0 && !slices.Contains(signIn.Providers, name) {
			continue
		}
		one, err := a.door(name)
		if err != nil {
			return nil, err
		}
		d.byName[name] = one
	}
	switch {
	case d.usual != "":
	case len(names) == 1:
		d.usual = names[0]
	case len(accounts) == 1:
		d.usual = accounts[0]
	}
	d.order = slices.DeleteFunc(slices.Clone(signIn.Providers), func(name string) bool { return name == config.ProviderLocal })
	if len(signIn.Providers) == 0 {
		d.order = accounts
		if len(accounts) == 0 && d.usual != "" {
			d.order = []string{d.usual}
		}
	}
	return d, nil
}

// isAccounts reports whether a source of the configuration reads accounts of a
// directory.
func (s setup) isAccounts(i int) bool {
	return s.config.Sources[i].Kind == config.KindLDAP && s.model.IsA(s.sources[i].Class.Name, classDirectoryAccount)
}

// door describes one directory: where the sources of its accounts read, by the
// attribute that they take for the login.
func (a *app) door(name string) (*door, error) {
	written, signIn := a.config.Directories[name], &a.config.Serve.SignIn
	cfg := directoryConfig(written)
	cfg.ConnectTimeout = min(cmp.Or(cfg.ConnectTimeout, doorConnect), doorConnect)
	cfg.IdleTimeout = min(cmp.Or(cfg.IdleTimeout, doorIdle), doorIdle)
	one := &door{
		name: name, login: slices.Clone(signIn.Login), now: a.program.now,
		search: directory.NewPool(cfg, doorConnections), check: directory.NewPool(cfg, doorConnections),
	}
	var err error
	if signIn.Filter != "" {
		if one.filter, err = directory.ParseFilter(signIn.Filter); err != nil {
			return nil, a.config.Explain(a.config.Serve.Line, fmt.Errorf("sign_in of serve: %w", err))
		}
	}
	var logins []string
	for i, src := range a.sources {
		of := &a.config.Sources[i]
		if of.Directory != name || !a.isAccounts(i) {
			continue
		}
		entries := doorSource{name: of.Name, bases: of.Bases, key: of.Key}
		if entries.scope, err = directory.ParseScope(strings.ToLower(of.Depth)); err != nil {
			return nil, err
		}
		if entries.filter, err = directory.ParseFilter(of.Filter); err != nil {
			return nil, a.config.Explain(of.At("filter").Line, fmt.Errorf("source %s: %w", of.Name, err))
		}
		one.sources = append(one.sources, entries)
		one.bases = append(one.bases, of.Bases...)
		for _, rule := range src.Rules.Attributes {
			if rule.Attribute.Code == "login" && rule.From != "" && !slices.Contains(logins, rule.From) {
				logins = append(logins, rule.From)
			}
		}
	}
	if len(one.bases) == 0 {
		one.bases = written.Base
	}
	if len(one.login) == 0 {
		one.login = logins
	}
	if len(one.login) == 0 {
		one.login = usualLogins
	}
	if _, err := one.wanted(usualKind, "x"); err != nil {
		return nil, a.config.Explain(a.config.Serve.Line, fmt.Errorf("sign_in of serve: %w", err))
	}
	return one, nil
}

// Find implements auth.Directories. An account that a run tied to an entry is
// that entry, by its immutable key, whatever either is called by now: a login
// that somebody else was given since leads nowhere. Any other account is looked
// for by its login.
func (d *doors) Find(ctx context.Context, s auth.Subject) (*auth.Person, error) {
	if s.Account != 0 {
		tied, err := d.tied(ctx, s)
		if err != nil {
			return nil, err
		}
		if tied != nil {
			return d.findTied(ctx, s, tied)
		}
	}
	order := d.order
	switch {
	case s.Directory != "":
		order = []string{s.Directory}
	case s.Account != 0 && d.usual != "":
		order = []string{d.usual}
	case s.Account == 0 && !d.app.config.Serve.SignIn.Import && !strings.ContainsAny(s.Login, `\@=`):
		return nil, rollcall.Errorf(rollcall.Unauthorized, "there is no account %q", s.Login)
	}
	return d.findNamed(ctx, s, order)
}

// findTied finds the entry that a run tied an account to.
func (d *doors) findTied(ctx context.Context, s auth.Subject, tied *tie) (*auth.Person, error) {
	one := d.byName[tied.directory]
	if one == nil {
		return nil, rollcall.Errorf(rollcall.Unauthorized, "the directory %s of account %q is not among the providers of serve.sign_in", tied.directory, s.Login)
	}
	found, err := one.byKey(ctx, tied)
	switch {
	case err != nil:
		return nil, one.trouble(err)
	case found == nil:
		return nil, rollcall.Errorf(rollcall.Unauthorized, "the entry of account %q is no longer in source %s", s.Login, tied.source)
	}
	found.Account, found.IsTied = s.Account, true
	return &found.Person, found.judge(one.now())
}

// findNamed finds the entry that has a login in the first directory where there
// is one. A directory that cannot be asked ends it: somebody else may have the
// same login in the next one.
func (d *doors) findNamed(ctx context.Context, s auth.Subject, order []string) (*auth.Person, error) {
	for _, name := range order {
		one := d.byName[name]
		if one == nil {
			return nil, rollcall.Errorf(rollcall.Unauthorized, "the account's directory %q is not configured or not among the providers; name the usual one as serve.sign_in.directory", name)
		}
		found, err := one.byLogin(ctx, s.Login)
		if err != nil {
			return nil, one.trouble(err)
		}
		if found == nil {
			continue
		}
		if found.Account = s.Account; s.Account == 0 {
			if found.Account, err = d.accountOf(ctx, found); err != nil {
				return nil, err
			}
			found.IsTied = found.Account != 0
		}
		return &found.Person, found.judge(one.now())
	}
	if len(order) == 0 && s.Account != 0 {
		return nil, rollcall.Errorf(rollcall.Unauthorized, "account %q names no directory; name the usual one as serve.sign_in.directory", s.Login)
	}
	return nil, rollcall.Errorf(rollcall.Unauthorized, "no entry has the login %q", s.Login)
}

// Authenticate implements auth.Directories.
func (d *doors) Authenticate(ctx context.Context, p *auth.Person, password rollcall.Secret) error {
	one := d.byName[p.Directory]
	if one == nil || password == "" {
		return rollcall.Errorf(rollcall.Unauthorized, "an empty password proves nothing")
	}
	reached, err := one.ask(ctx, one.check, func(c *directory.Conn) error { return c.Authenticate(ctx, p.DN, password) })
	if err == nil {
		return nil
	}
	if answer, ok := errors.AsType[*directory.ResultError](err); ok && reached && answer.IsRefusal() {
		if !answer.IsPassword() {
			err = &auth.Barred{Err: err}
		}
		return rollcall.Errorf(rollcall.Unauthorized, "%w", err)
	}
	return one.trouble(err)
}

// close closes the connections.
func (d *doors) close() error {
	var errs []error
	for _, one := range d.byName {
		errs = append(errs, one.search.Close(), one.check.Close())
	}
	return errors.Join(errs...)
}

// tie says which entry a run tied an account to.
type tie struct{ directory, source, key string }

// tied returns the entry that a run tied an account to, nil for none: the first
// by the order of the sources when there are several. An account that names a
// directory is asked for there.
func (d *doors) tied(ctx context.Context, s auth.Subject) (*tie, error) {
	replicas, err := d.app.store.ReplicasByDest(ctx, d.app.model.Class("User"), []rollcall.ObjectID{s.Account})
	if err != nil || len(replicas) == 0 {
		return nil, err
	}
	keys := map[string]string{}
	for i := range replicas {
		name, err := d.sourceName(ctx, replicas[i].Source)
		if err != nil {
			return nil, err
		}
		keys[name] = replicas[i].Key
	}
	for i := range d.app.config.Sources {
		of := &d.app.config.Sources[i]
		if key, ok := keys[of.Name]; ok && d.app.isAccounts(i) && (s.Directory == "" || s.Directory == of.Directory) {
			return &tie{of.Directory, of.Name, key}, nil
		}
	}
	return nil, nil
}

// sourceName returns the name of a data source; those of the configuration never
// change theirs.
func (d *doors) sourceName(ctx context.Context, id rollcall.ObjectID) (string, error) {
	if name, ok := d.sources.Load(id); ok {
		return name.(string), nil
	}
	names, err := d.app.store.Names(ctx, d.app.model.Class("SynchroDataSource"), []rollcall.ObjectID{id})
	if err == nil && names[id] != "" {
		d.sources.Store(id, names[id])
	}
	return names[id], err
}

// accountOf returns the account that a run tied to an entry, 0 for none.
func (d *doors) accountOf(ctx context.Context, found *found) (rollcall.ObjectID, error) {
	for _, src := range d.byName[found.Directory].sources {
		key := found.keyOf(src.key)
		if key == "" {
			continue
		}
		ids, err := d.app.store.Find(ctx, d.app.model.Class("SynchroDataSource"), []string{"name"}, [][]string{{src.name}})
		if err != nil {
			return 0, err
		}
		if len(ids[0]) != 1 {
			continue
		}
		replica, there, err := d.app.store.ReplicaByKey(ctx, ids[0][0], key)
		if err != nil {
			return 0, err
		}
		if there && d.app.model.IsA(replica.Dest.Class, classDirectoryAccount) {
			return replica.Dest.ID, nil
		}
	}
	return 0, nil
}

// noLocal reports whether accounts with a password of their own are kept out.
func noLocal(s *config.SignIn) bool {
	return len(s.Providers) > 0 && !slices.Contains(s.Providers, config.ProviderLocal)
}

// spare returns how many wrong passwords a directory is asked about.
func spare(s *config.SignIn) auth.Spare {
	usual := auth.DefaultSpare()
	return auth.Spare{Tries: cmp.Or(s.Tries, usual.Tries), Within: cmp.Or(s.Within, usual.Within)}
}
