package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"rollcall/internal/config"
	"rollcall/internal/rollcall"
)

type serveCmd struct {
	Listen string `placeholder:"HOST:PORT" help:"Where to listen, instead of what the configuration says; port 0 takes a free one."`
}

// Help is the manual's text.
func (serveCmd) Help() string {
	return `Answers what iTop's web services answer, so that collectors, scripts and REST clients need not know
the difference: webservices/rest.php, import.php, export.php, export-v2.php and cron.php,
synchro/synchro_import.php and synchro_exec.php. Also the API below /api/v1, which describes itself at
/api/v1/openapi.json, and /healthz, /readyz and /metrics.

It keeps the timetable of the configuration, carries jobs out and sends notices (see "rollcall jobs").

It listens on 127.0.0.1:8080 unless the section serve of the configuration says otherwise. Where
others can reach it, it wants a certificate (serve.tls). A signal lets requests end, a second one
does not.

Examples:

    rollcall serve
    rollcall serve --listen 127.0.0.1:0
    rollcall --log-level info serve        with an access log on standard error`
}

// heapReserve is memory that is never touched and so takes no room: the collector,
// which begins when the heap has grown by half, counts it in. Without it a server
// that answers thousands of small requests a second would clear away a few
// megabytes dozens of times a second, a fifth of its time.
const heapReserve = 48 << 20

// Run carries the command out.
func (c *serveCmd) Run(ctx context.Context, p *program) (err error) {
	if c.Listen != "" && !config.IsListenAddress(c.Listen) {
		return ended{exitUsage, fmt.Sprintf("--listen: %q is no address to listen on, such as %s", c.Listen, config.DefaultListen)}
	}
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	if c.Listen != "" {
		a.config.Serve.Listen = c.Listen
	}
	s, err := a.serving(ctx)
	if err != nil {
		return err
	}
	defer closing(s.close, &err)
	stop := a.alongside(ctx, s.queue)
	defer closing(stop, &err)
	reserve := make([]byte, heapReserve)
	defer runtime.KeepAlive(reserve)
	fmt.Fprintf(p.out, "Listening on %s%s\n", s.server.URL(), a.config.Serve.Root)
	if err := notifySystemd(ctx, serviceReady); err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() {
		_ = notifySystemd(context.WithoutCancel(ctx), serviceStopping) // it stops in any case
	})()
	err = s.server.Run(ctx)
	if err != nil && errors.Is(err, context.Canceled) {
		return rollcall.Errorf(rollcall.Unavailable, "stop: %w", err)
	}
	return err
}
