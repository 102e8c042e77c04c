package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/config"
	"rollcall/internal/itop/cron"
	"rollcall/internal/itop/gate"
	"rollcall/internal/itop/rest"
	"rollcall/internal/itop/synchro"
	"rollcall/internal/itop/transfer"
	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

// pages are the wire services, for the server and for their command lines.
type pages struct {
	accounts *auth.Service
	rest     *rest.Service
	synchro  *synchro.Service
	transfer *transfer.Service
	cron     *cron.Service
	doors    *doors
}

// pages makes the wire services.
func (a *app) pages(ctx context.Context) (*pages, error) {
	p, model, serve := a.program, a.model, &a.config.Serve
	for _, look := range []struct {
		class     string
		attribute string
	}{{"User", "login"}, {auth.ClassUserToken, auth.TokenAttribute}, {auth.ClassPersonalToken, auth.TokenAttribute}} {
		if err := a.store.EnsureLookup(ctx, model.Class(look.class), []string{look.attribute}); err != nil {
			return nil, err
		}
	}
	doors, err := a.doors()
	if err != nil {
		return nil, err
	}
	signIn := auth.Config{
		Model: model, Store: a.store, Directories: doors, NoLocal: noLocal(&serve.SignIn), Spare: spare(&serve.SignIn),
		Remember: serve.SignIn.Remember, Now: p.now, Log: p.log,
	}
	if shared := a.store.Shared(); shared != nil {
		signIn.Shared = shared
	}
	accounts, err := auth.New(signIn)
	if err != nil {
		return nil, err
	}
	a.committed = accounts.Changed
	rights := auth.NewRights(model)
	return &pages{
		accounts: accounts,
		doors:    doors,
		rest: rest.New(rest.Config{
			Model: model, Rights: rights, Accounts: accounts, Registry: a.registry, Store: restStore{a.store},
			Now: p.now, Log: p.log, Operations: operations(serve.Operations), KeepCalls: serve.LogREST,
		}),
		synchro: synchro.New(synchro.Config{Feeds: a.engine, Rights: rights, Limits: a.limitsOf, Now: p.now, Log: p.log}),
		transfer: transfer.New(transfer.Config{
			Model: model, Rights: rights, Registry: a.registry, Store: transferStore{a.store},
			Now: p.now, Log: p.log, BaseURL: serve.URL, Charset: serve.CSVCharset, ShowObsolete: serve.ShowObsolete,
		}),
		cron: cron.New(cron.Config{Tasks: a.tasks(), Duration: serve.CronTime, Pause: serve.CronSleep, Now: p.now, Log: p.log}),
	}, nil
}

// restStore is the store as rest.php asks for it.
type restStore struct{ *store.Store }

// Begin starts a write transaction.
func (s restStore) Begin(ctx context.Context) (rest.Tx, error) {
	tx, err := s.Store.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return tx, nil
}

// transferStore is the store as the import and export pages ask for it.
type transferStore struct{ *store.Store }

// Begin starts a write transaction.
func (s transferStore) Begin(ctx context.Context) (transfer.Tx, error) {
	tx, err := s.Store.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return tx, nil
}

// limitsOf returns the limits of a source that the configuration has, none for
// one that was made over the wire.
func (s setup) limitsOf(name string) rollcall.Limits {
	for _, src := range s.sources {
		if src.Name == name {
			return src.Rules.Limits
		}
	}
	return rollcall.Limits{}
}

// operations translates the operations that the configuration declares.
func operations(written []config.Operation) []rest.Operation {
	list := make([]rest.Operation, len(written))
	for i, o := range written {
		list[i] = rest.Operation{
			Verb: o.Verb, Description: o.Description, Provider: o.Provider,
			Query: o.Query, Parameters: o.Parameters, URL: o.URL, Profiles: o.Profiles,
		}
	}
	return list
}

// tasks are what cron.php does. The server does it by itself as well: who has no
// server but a crontab needs no other one.
func (a *app) tasks() []cron.Task {
	if a.config.Mail.Host == "" && len(a.config.Webhooks) == 0 {
		return nil
	}
	return []cron.Task{cron.Every("Notices", time.Second, func(ctx context.Context, deadline time.Time) (string, error) {
		ctx, cancel := context.WithDeadline(ctx, deadline)
		defer cancel()
		sent, err := a.notices.outbox.Flush(ctx)
		return fmt.Sprintf("%d sent", sent), err
	})}
}

// routes mounts the pages behind a gate, below the application's root.
func (p *pages) routes(g *gate.Gate, root, maintenance string) map[string]http.Handler {
	routes := map[string]http.Handler{
		root + "/webservices/rest.php": g.Return(gate.Service{
			Context: gate.ContextREST, Page: p.rest.Serve, Refuse: p.rest.Refuse, RESTProfile: true,
		}),
		root + "/synchro/synchro_import.php": g.Return(gate.Service{
			Context: gate.ContextSynchro, Page: p.synchro.Import, Refuse: p.synchro.RefuseImport,
		}),
		root + "/synchro/synchro_exec.php": g.Return(gate.Service{
			Context: gate.ContextSynchro, Page: p.synchro.Exec, Refuse: p.synchro.RefuseExec,
		}),
		root + "/webservices/import.php": g.Return(gate.Service{
			Context: gate.ContextImport, Page: p.transfer.Import, Refuse: p.transfer.RefuseImport,
		}),
		root + "/webservices/export.php":    g.Prompt(gate.ContextExport, p.transfer.Export),
		root + "/webservices/export-v2.php": g.Prompt(gate.ContextExport, p.transfer.ExportV2),
		root + "/synchro/replica.php":       g.Prompt(gate.ContextSynchro, p.transfer.Replicas),
		root + "/webservices/cron.php":      g.Prompt(gate.ContextCron, p.cron.Run),
		root + "/webservices/status.php":    http.HandlerFunc(gate.Status),
	}
	for path, page := range routes {
		routes[path] = gate.Maintained(maintenance, page)
	}
	routes["/"] = http.HandlerFunc(gate.NotFound)
	return routes
}
