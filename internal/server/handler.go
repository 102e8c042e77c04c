package server

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"
)

// handler mounts the routes and the server's own pages.
func (s *Server) handler(routes map[string]http.Handler) http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range routes {
		mux.Handle(pattern, h)
	}
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", s.ready)
	metrics := s.Metrics.handler()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if from, _ := Client(r, s.Proxies); !within(from, s.MetricsFrom) {
			plain(w, http.StatusForbidden, "metrics are not for this address: see serve.metrics_from\n")
			return
		}
		metrics.ServeHTTP(w, r)
	})
	return s.around(mux)
}

// ready answers whether requests can be answered. Why not is for the log.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	detail := ""
	if from, _ := Client(r, s.Proxies); s.Detail != nil && within(from, s.MetricsFrom) {
		detail = s.Detail(ctx)
	}
	if err := s.Ready(ctx); err != nil {
		s.Log.Warn("not ready", slog.Any("err", err))
		plain(w, http.StatusServiceUnavailable, "not ready\n"+detail)
		return
	}
	plain(w, http.StatusOK, "ready\n"+detail)
}

const readyWithin = 5 * time.Second

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprint(w, text)
}

// around is what happens to every request: pace, panics, log, counts.
func (s *Server) around(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.Now()
		control := http.NewResponseController(w)
		paced := &pacedWriter{ResponseWriter: w, control: control, limits: s.Limits, now: s.Now}
		if r.ContentLength != 0 {
			_ = control.SetReadDeadline(start.Add(s.Limits.Grace))
			r.Body = &pacedBody{ReadCloser: r.Body, control: control, start: start, limits: s.Limits, now: s.Now}
		}
		id := requestID()
		w.Header().Set("X-Request-Id", id)
		_, route := mux.Handler(r)
		s.Metrics.begin()
		r, trace, end := s.follow(r, route)
		defer func() {
			caught := recover()
			if caught != nil && caught != http.ErrAbortHandler { //nolint:errorlint // a panic's value, compared as net/http does
				s.panicked(paced, r, id, caught)
			}
			paced.due(0) // what is buffered goes out after this
			elapsed := s.Now().Sub(start)
			s.Metrics.end(route, paced.code(), elapsed)
			end(paced.code())
			s.accessed(r, id, trace, paced, elapsed)
			if caught != nil {
				panic(http.ErrAbortHandler) // the connection ends: nobody takes half an answer for a whole one
			}
		}()
		mux.ServeHTTP(paced, r)
	})
}

// code is the status as a client sees it.
func (w *pacedWriter) code() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

// panicked answers for a page that broke. If it had begun to answer there is
// nothing left to say.
func (s *Server) panicked(w *pacedWriter, r *http.Request, id string, what any) {
	s.Metrics.panics.Inc()
	s.Log.Error("a page broke", slog.String("request", id), slog.String("path", shorten(r.URL.Path)), slog.Any("panic", what), slog.String("stack", string(debug.Stack())))
	if w.status != 0 {
		return
	}
	text := "internal error; the log has it under " + id + "\n"
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.Header().Set("Connection", "close")
	plain(w, http.StatusInternalServerError, text)
	_ = w.control.Flush()
}

// accessed writes the access log: no query string, no header and no body, since
// any of them may hold a password. Trace is that of the request, "" for none.
func (s *Server) accessed(r *http.Request, id, trace string, w *pacedWriter, elapsed time.Duration) {
	from, _ := Client(r, s.Proxies)
	attributes := []slog.Attr{slog.String("request", id)}
	if trace != "" {
		attributes = append(attributes, slog.String("trace", trace))
	}
	s.Log.LogAttrs(r.Context(), slog.LevelInfo, "request", append(attributes,
		slog.String("from", from.String()),
		slog.String("method", shorten(r.Method)),
		slog.String("path", shorten(r.URL.Path)),
		slog.Int("status", w.code()),
		slog.Int64("bytes", w.written),
		slog.Duration("elapsed", elapsed.Round(time.Microsecond)),
	)...)
}

// shorten keeps a line of the log a line.
func shorten(s string) string {
	const most = 200
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

func requestID() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
