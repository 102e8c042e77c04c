package main

import (
	"maps"
	"net/http"
	"net/netip"
	"slices"

	"rollcall/internal/api"
	"rollcall/internal/auth"
	"rollcall/internal/itop/gate"
	"rollcall/internal/jobs"
	"rollcall/internal/server"
)

// desk is the program as its API sees it.
type desk struct {
	*app
	queue  *jobs.Service
	recent *recent
}

var _ api.Desk = (*desk)(nil)

// api makes the program's own API.
func (a *app) api(p *pages, queue *jobs.Service, r *recent) (*api.Service, error) {
	serve := &a.config.Serve
	open := serve.LoginTypes
	if len(open) == 0 {
		open = gate.DefaultLoginTypes()
	}
	return api.New(api.Config{
		Model: a.model, Rights: auth.NewRights(a.model), Accounts: p.accounts, Store: a.store, Desk: &desk{app: a, queue: queue, recent: r},
		Root: serve.Root, Version: version(), Maintenance: serve.Maintenance,
		From:       func(r *http.Request) (netip.Addr, bool) { return server.Client(r, serve.Proxies) },
		Basic:      slices.Contains(open, gate.ModeBasic),
		Tokens:     slices.ContainsFunc(open, gate.IsTokenMode),
		SecureOnly: serve.SecureOnly, Now: a.program.now, Log: a.program.log,
	})
}

// routes are those of the wire services and of the API.
func (a *app) routes(p *pages, own *api.Service) map[string]http.Handler {
	routes := p.routes(a.gate(p), a.config.Serve.Root, a.config.Serve.Maintenance)
	maps.Copy(routes, own.Handlers())
	return routes
}
