package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"rollcall/internal/binding"
	"rollcall/internal/config"
	"rollcall/internal/directory"
	"rollcall/internal/engine"
	"rollcall/internal/mapping"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
	"rollcall/internal/source/builtin"
	"rollcall/internal/source/ldap"
	"rollcall/internal/store"
	"rollcall/internal/trace"
)

// setup is a configuration that was read and checked against the classes.
type setup struct {
	program *program
	config  *config.Config
	model   *rollcall.Model
	sources []*rollcall.Source // beside config.Sources
}

// app is a setup with its database open.
type app struct {
	setup
	store    *store.Store
	registry *registry.Registry
	engine   *engine.Engine
	notices  *notices
	tracer   *trace.Tracer // nil where nobody follows

	committed func()                // called after each commit
	newest    atomic.Pointer[setup] // as the file says since the server started; nil when that did not change
}

// load reads the configuration and the classes.
func (p *program) load() (setup, error) {
	c, err := config.Load(p.config)
	if err != nil {
		return setup{}, err
	}
	for _, w := range c.Warnings {
		p.log.Warn("look at the configuration", slog.String("at", fmt.Sprintf("%s:%d:%d", c.Path, w.Line, w.Column)), slog.String("why", w.Text))
	}
	model, err := loadModel(c.Model)
	if err != nil {
		return setup{}, err
	}
	sources, err := c.Resolve(model)
	if err != nil {
		return setup{}, err
	}
	return setup{program: p, config: c, model: model, sources: sources}, nil
}

// loadModel reads the classes that ship, and those of the user's folder when
// there is one.
func loadModel(folder string) (*rollcall.Model, error) {
	if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
		return schema.Load()
	}
	return schema.Load(modelFolder{os.DirFS(folder)})
}

// modelFolder shows a folder of any name under the name that schema looks for.
type modelFolder struct{ fs.FS }

func (m modelFolder) Open(name string) (fs.File, error) {
	if name == "." {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	inner, ok := strings.CutPrefix(name, "model")
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if inner = strings.TrimPrefix(inner, "/"); inner == "" {
		inner = "."
	}
	return m.FS.Open(inner)
}

// open reads the configuration and opens its database. The caller closes it.
func (p *program) open(ctx context.Context) (*app, error) {
	s, err := p.load()
	if err != nil {
		return nil, err
	}
	return s.open(ctx)
}

func (s setup) open(ctx context.Context) (*app, error) {
	p := s.program
	a := &app{setup: s, registry: registry.New(s.model), committed: func() {}}
	db, err := store.Open(ctx, store.Config{
		DSN: s.config.Store, Model: s.model, Now: p.now, Log: p.log, Committed: func() { a.committed() },
	})
	if err != nil {
		return nil, fmt.Errorf("open the store %s: %w", s.config.StoreName(), err)
	}
	a.store = db
	if err := a.seed(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("write the predefined objects: %w", err), db.Close())
	}
	if a.notices, err = newNotices(s, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if a.tracer, err = s.newTracer(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	configured := engine.Config{
		Store: engineStore{db, a.notices}, Registry: a.registry, Model: s.model, Now: p.now, Log: p.log, Scope: scopeOf(s.model),
		Notifier: a.notices, Step: a.tracer.Step,
	}
	a.engine = engine.New(configured)
	return a, nil
}

func (a *app) close() error { return errors.Join(a.store.Close(), a.tracer.Close()) }

// newTracer makes the tracer that the configuration asks for, nil for none.
func (s setup) newTracer(ctx context.Context) (*trace.Tracer, error) {
	told := s.config.Traces
	if told.URL == "" {
		return nil, nil
	}
	return trace.Open(ctx, trace.Config{
		URL: told.URL, Headers: told.Headers, CA: told.CA, Share: told.Share, Version: version(), Log: s.program.log,
	})
}

// choose returns the sources with the given names, all of them for none, in the
// order of the configuration: the order in which they refer to one another.
func (s setup) choose(names []string) ([]*rollcall.Source, error) {
	for _, name := range names {
		if s.config.Source(name) == nil {
			return nil, ended{exitUsage, fmt.Sprintf("there is no source %s in %s; it has %s", name, s.config.Path, strings.Join(s.sourceNames(), ", "))}
		}
	}
	if len(s.sources) == 0 {
		return nil, rollcall.Errorf(rollcall.Invalid, "%s has no sources; rollcall init writes some for a directory", s.config.Path)
	}
	var chosen []*rollcall.Source
	for _, src := range s.sources {
		if len(names) == 0 || slices.Contains(names, src.Name) {
			chosen = append(chosen, src)
		}
	}
	return chosen, nil
}

func (s setup) sourceNames() []string {
	names := make([]string, len(s.config.Sources))
	for i := range s.config.Sources {
		names[i] = s.config.Sources[i].Name
	}
	return names
}

// jobs prepares sources for the engine, and the database for what they write.
func (a *app) jobs(ctx context.Context, sources []*rollcall.Source) ([]engine.Job, error) {
	jobs := make([]engine.Job, 0, len(sources))
	for _, src := range sources {
		job, err := a.job(src)
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, job)
		for _, look := range a.registry.Lookups(src.Class) {
			if err := a.store.EnsureLookup(ctx, look.Class, look.Attrs); err != nil {
				return nil, fmt.Errorf("source %s: index %s by %s: %w", src.Name, look.Class.Name, strings.Join(look.Attrs, ", "), err)
			}
		}
	}
	return jobs, nil
}

// job prepares one source: its rules are compiled, its collector made. Nothing
// is sent yet.
func (s setup) job(src *rollcall.Source) (engine.Job, error) {
	written := s.config.Source(src.Name)
	mapper, err := mapping.Compile(src)
	if err != nil {
		if e, ok := errors.AsType[*mapping.RuleError](err); ok {
			return engine.Job{}, s.config.Explain(e.Line, err)
		}
		return engine.Job{}, err
	}
	settings := builtin.Settings{
		Kind: written.Kind, Key: written.Key, Fields: mapper.Fields(), Folder: filepath.Dir(s.config.Path), Now: s.program.now,
	}
	line := written.Line
	if written.Section != nil {
		settings.Decode, line = written.Section.Decode, written.Section.Line
	}
	if written.Kind == config.KindLDAP {
		settings.LDAP = s.ldap(written)
		if _, err := directory.ParseFilter(written.Filter); err != nil {
			return engine.Job{}, s.config.Explain(written.At("filter").Line, fmt.Errorf("source %s: %w", src.Name, err))
		}
		if err := s.checkFilters(src.Name); err != nil {
			return engine.Job{}, err
		}
	}
	collector, err := builtin.New(settings)
	if config.Problems(err) != nil {
		return engine.Job{}, err // it says where
	}
	if err != nil {
		return engine.Job{}, s.config.Explain(line, fmt.Errorf("source %s: %w", src.Name, err))
	}
	return engine.Job{
		Source: *src, Collector: collector, Mapper: mapper, FullEvery: written.FullEvery, Bindings: s.config.BindingsOf(src.Name),
		Profile: engine.Profile{
			Description: written.Description, Status: written.Status, User: written.User,
			Notify: written.Notify, IconURL: written.IconURL, AppURL: written.AppURL,
		},
	}, nil
}

// checkFilters parses the filters of a source's bindings, before anything is
// sent.
func (s setup) checkFilters(source string) error {
	for _, b := range s.config.BindingsOf(source) {
		group := rollcall.Group{Key: "key", RawKey: "key", DN: "cn=name", Name: "name"}
		for _, text := range []string{binding.GroupsFilter(b.Groups.Filter), binding.MembersFilter(b.Members, &group)} {
			if text == "" {
				continue
			}
			if _, err := directory.ParseFilter(text); err != nil {
				return s.config.Explain(b.Line, fmt.Errorf("binding %s: %w", b.Name, err))
			}
		}
	}
	return nil
}

// ldap translates a source of a directory.
func (s setup) ldap(written *config.Source) ldap.Config {
	return ldap.Config{
		Directory: directoryConfig(s.config.Directories[written.Directory]),
		Bases:     written.Bases,
		Scope:     written.Depth,
		Filter:    written.Filter,
		Groups:    ldap.Groups{Bases: written.Groups.Base, Scope: written.Groups.Depth, Filter: written.Groups.Filter, Direct: !written.Groups.Nested, Name: written.Groups.Name},
		Sentinels: written.Sentinels,
		Delta:     written.FullEvery > 0,
		DeltaBy:   written.DeltaBy,
	}
}

// directoryConfig translates a section of directories.
func directoryConfig(d *config.Directory) directory.Config {
	referrals := directory.ReportReferrals
	if d.Follow {
		referrals = directory.FollowReferrals
	}
	return directory.Config{
		URLs:     d.URLs,
		StartTLS: d.StartTLS,
		TLS: directory.TLS{
			CAFile: d.TLS.CA, CertFile: d.TLS.Cert, KeyFile: d.TLS.Key,
			ServerName: d.TLS.ServerName, SkipVerify: d.TLS.SkipVerify,
		},
		Bind: directory.Bind{
			Method: directory.Method(d.Bind.Method), User: d.Bind.User, Password: d.Bind.Password,
			Keytab: d.Bind.Keytab, CCache: d.Bind.CCache, Krb5Conf: d.Bind.Krb5Conf, Realm: d.Bind.Realm,
		},
		ConnectTimeout: d.Timeouts.Connect,
		IdleTimeout:    d.Timeouts.Idle,
		TimeLimit:      d.Timeouts.Search,
		PageSize:       d.PageSize,
		Referrals:      referrals,
	}
}

// seed writes the predefined objects that are missing. It looks first, so that a
// command that only reads never waits for a run that writes.
func (a *app) seed(ctx context.Context) error {
	complete := true
	for _, class := range a.model.Classes {
		ids := make([]rollcall.ObjectID, len(class.Seeds))
		for i, s := range class.Seeds {
			ids[i] = s.ID
		}
		there, err := a.store.Names(ctx, class, ids)
		if err != nil {
			return err
		}
		complete = complete && len(there) == len(ids)
	}
	if complete {
		return nil
	}
	tx, err := a.store.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing; before, the first error tells more
	if err := a.registry.Seed(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}
