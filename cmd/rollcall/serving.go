package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"

	"rollcall/internal/itop/gate"
	"rollcall/internal/itop/paramfile"
	"rollcall/internal/jobs"
	"rollcall/internal/rollcall"
	"rollcall/internal/server"
)

// serving is a server that listens, and all that hangs on it.
type serving struct {
	server *server.Server
	pages  *pages
	queue  *jobs.Service
}

// serving makes the pages, the gate before them and the server around them, and
// starts to listen.
func (a *app) serving(ctx context.Context) (*serving, error) {
	pages, err := a.pages(ctx)
	if err != nil {
		return nil, err
	}
	queue, err := a.working(ctx)
	if err != nil {
		return nil, errors.Join(err, pages.doors.close())
	}
	s := &serving{pages: pages, queue: queue}
	if err := a.listen(ctx, s); err != nil {
		return nil, errors.Join(err, queue.Close(), pages.doors.close())
	}
	return s, nil
}

// listen makes the API, and the server around all pages.
func (a *app) listen(ctx context.Context, s *serving) error {
	serve, pages := &a.config.Serve, s.pages
	r := &recent{store: a.store, now: a.program.now}
	own, err := a.api(pages, s.queue, r)
	if err != nil {
		return err
	}
	metrics := server.NewMetrics()
	metrics.Count("rollcall_sign_ins_accepted_total", "Sign-ins that were accepted, by password or token.", func() float64 {
		accepted, _ := pages.accounts.Judged()
		return float64(accepted)
	})
	metrics.Count("rollcall_sign_ins_unjudged_total", "Sign-ins that could not be judged, since a directory or the database was out of reach.", func() float64 {
		_, unjudged := pages.accounts.Judged()
		return float64(unjudged)
	})
	metrics.Count("rollcall_sign_ins_refused_total", "Sign-ins that were refused.", func() float64 {
		refused, _ := pages.accounts.Counts()
		return float64(refused)
	})
	metrics.Count("rollcall_sign_ins_limited_total", "Sign-ins that were refused unseen, after too many wrong ones.", func() float64 {
		_, limited := pages.accounts.Counts()
		return float64(limited)
	})
	h := &health{app: a, queue: s.queue, recent: r}
	h.measure(metrics)
	c := server.Config{
		Listen: serve.Listen, Cert: serve.Cert, Key: serve.Key, Plain: serve.PlainHTTP,
		Limits: a.serverLimits(), Proxies: serve.Proxies, MetricsFrom: serve.MetricsFrom,
		Ready: h.ready, Detail: h.detail, Metrics: metrics, Trace: a.tracer.Request, Now: a.program.now, Log: a.program.log,
	}
	s.server, err = server.Open(ctx, c, a.routes(pages, own))
	return err
}

func (s *serving) close() error {
	return errors.Join(s.server.Close(), s.queue.Close(), s.pages.doors.close())
}

// gate is what the configuration says of who comes in how.
func (a *app) gate(p *pages) *gate.Gate {
	serve := &a.config.Serve
	c := gate.Config{
		Accounts: p.accounts, LoginTypes: serve.LoginTypes,
		OpenREST: !serve.SecureREST, TokensREST: serve.TokensREST, SecureOnly: serve.SecureOnly,
		From: func(r *http.Request) (netip.Addr, bool) { return server.Client(r, serve.Proxies) },
		Home: serve.Root + "/", Limits: a.gateLimits(), Log: a.program.log,
	}
	if serve.ExternalHeader != "" {
		c.External = func(r *http.Request) string { return server.Vouched(r, serve.ExternalHeader, serve.Proxies) }
	}
	if serve.ParamFiles != "" {
		c.ParamFile = func(list string) (map[string]string, error) { return paramFiles(serve.ParamFiles, list) }
	}
	return gate.New(c)
}

// paramFiles reads parameter files that a request names: those of one folder,
// since everybody who can reach the server may name files.
func paramFiles(folder, list string) (map[string]string, error) {
	names := strings.Split(list, ",")
	for i, name := range names {
		name = strings.TrimSpace(name)
		if !filepath.IsLocal(name) {
			return nil, rollcall.Errorf(rollcall.NotFound, "Could not find the parameter file: '%s'", name)
		}
		names[i] = filepath.Join(folder, name)
	}
	values, err := paramfile.Load(strings.Join(names, ","))
	if err != nil {
		return nil, rollcall.Errorf(rollcall.KindOf(err), "%s", strings.ReplaceAll(err.Error(), folder+string(filepath.Separator), ""))
	}
	return values, nil
}

func (a *app) serverLimits() server.Limits {
	given, usual := &a.config.Serve.Limits, server.DefaultLimits()
	usual.Connections = cmp.Or(given.Connections, usual.Connections)
	usual.Grace = cmp.Or(given.Grace, usual.Grace)
	usual.Rate = cmp.Or(given.Rate, usual.Rate)
	usual.Stop = cmp.Or(given.Stop, usual.Stop)
	return usual
}

func (a *app) gateLimits() gate.Limits {
	given, usual := &a.config.Serve.Limits, gate.DefaultLimits()
	usual.Body = cmp.Or(given.Body, usual.Body)
	usual.Field = cmp.Or(given.Field, usual.Field)
	usual.Spool = cmp.Or(given.Spool, usual.Spool)
	return usual
}

// ready asks the database something that is always there.
func (a *app) ready(ctx context.Context) error {
	_, err := a.store.Names(ctx, a.model.Class("URP_Profiles"), []rollcall.ObjectID{1})
	return err
}
