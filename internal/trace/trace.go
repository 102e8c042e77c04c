// Package trace tells an OpenTelemetry collector what the program did and how
// long each step of it took: runs and their parts, jobs, requests. Spans leave by
// OTLP over HTTP (protobuf), in the background: a collector that is slow or gone
// costs the spans and a line in the log, never a run or a request.
package trace

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	api "go.opentelemetry.io/otel/trace"

	"rollcall/internal/rollcall"
)

// Config says where traces go.
type Config struct {
	URL     string                     // of the collector, with the path: https://host:4318/v1/traces
	Headers map[string]rollcall.Secret // sent with every batch
	CA      string                     // path of the roots to trust; "" for the system's
	Share   float64                    // of the traces that begin here, from 0 to 1; who calls us decides about theirs
	Version string                     // of the program
	Log     *slog.Logger
}

// Tracer tells steps. A nil Tracer tells nothing.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   api.Tracer
}

// Time that a collector has to take a batch, and that the end of the program
// waits for the last one.
const (
	batchTimeout = 5 * time.Second
	lastTimeout  = 3 * time.Second
)

// Open makes a tracer. Nothing is sent yet: a collector that is not there is no
// error.
func Open(ctx context.Context, c Config) (*Tracer, error) {
	headers := make(map[string]string, len(c.Headers))
	for name, value := range c.Headers {
		headers[name] = value.Reveal()
	}
	options := []otlptracehttp.Option{otlptracehttp.WithEndpointURL(c.URL), otlptracehttp.WithHeaders(headers), otlptracehttp.WithTimeout(batchTimeout)}
	if c.CA != "" {
		roots, err := readRoots(c.CA)
		if err != nil {
			return nil, err
		}
		options = append(options, otlptracehttp.WithTLSClientConfig(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}))
	}
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "tell traces to %s: %w", c.URL, err)
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithHost(),
		resource.WithAttributes(attribute.String("service.name", "rollcall"), attribute.String("service.version", c.Version)), resource.WithFromEnv())
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "say in traces who we are: %w", err)
	}
	complain(c)
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about), sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(c.Share))))
	return &Tracer{provider: provider, tracer: provider.Tracer("rollcall", api.WithInstrumentationVersion(c.Version))}, nil
}

func readRoots(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "read the CA of the traces' collector: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, rollcall.Errorf(rollcall.Invalid, "%s has no certificate in PEM form", path)
	}
	return roots, nil
}

// complaintEvery keeps the log of a night without a collector short.
const complaintEvery = time.Minute

// complain logs what the library could not send: it has one place for that in
// the whole program.
func complain(c Config) {
	var last atomic.Int64
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		now := time.Now().UnixNano()
		if before := last.Load(); before != 0 && now-before < int64(complaintEvery) || !last.CompareAndSwap(before, now) {
			return
		}
		c.Log.Warn("traces are lost", slog.String("collector", c.URL), slog.Any("err", err))
	}))
}

// Close sends what is left, for a moment.
func (t *Tracer) Close() error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		otel.Handle(err) // no reason for the program to fail
	}
	return nil
}

// Step begins a step within the one that the context is in. The function that it
// returns ends the step, with the error it ended in and what is known by then.
func (t *Tracer) Step(ctx context.Context, name string, about ...slog.Attr) (context.Context, func(error, ...slog.Attr)) {
	if t == nil {
		return ctx, func(error, ...slog.Attr) {}
	}
	ctx, span := t.tracer.Start(ctx, name, api.WithAttributes(attributes(about)...))
	return ctx, func(err error, about ...slog.Attr) {
		span.SetAttributes(attributes(about)...)
		if err != nil {
			span.SetStatus(codes.Error, err.Error())
			span.SetAttributes(attribute.String("rollcall.error.kind", rollcall.KindOf(err).String()))
		}
		span.End()
	}
}

// Request begins the step of a request to a route, within the trace that the
// client says it is part of (W3C Trace Context). Trace is the ID of that trace,
// or of the one that begins here, in hexadecimal digits; of a nil Tracer it is ""
// where the client says none. A header that is not as it should be counts as
// none. The function that it returns ends the step, with the answer's status.
func (t *Tracer) Request(r *http.Request, route string) (ctx context.Context, trace string, end func(status int)) {
	ctx = propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	if t == nil {
		if theirs := api.SpanContextFromContext(ctx); theirs.HasTraceID() {
			trace = theirs.TraceID().String()
		}
		return ctx, trace, func(int) {}
	}
	ctx, span := t.tracer.Start(ctx, route, api.WithSpanKind(api.SpanKindServer), api.WithAttributes(attribute.String("http.route", route)))
	return ctx, span.SpanContext().TraceID().String(), func(status int) {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, http.StatusText(status))
		}
		span.End()
	}
}

// attributes are what is known of a step, under our own name.
func attributes(about []slog.Attr) []attribute.KeyValue {
	list := make([]attribute.KeyValue, len(about))
	for i, a := range about {
		key := "rollcall." + a.Key
		switch a.Value.Kind() {
		case slog.KindInt64:
			list[i] = attribute.Int64(key, a.Value.Int64())
		case slog.KindBool:
			list[i] = attribute.Bool(key, a.Value.Bool())
		default:
			list[i] = attribute.String(key, a.Value.String())
		}
	}
	return list
}
