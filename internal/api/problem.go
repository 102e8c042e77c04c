package api

import (
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"rollcall/internal/rollcall"
)

// Problem is what every refusal and failure looks like (RFC 9457).
type Problem struct {
	Type    string `json:"type" doc:"Always about:blank: status and kind tell problems apart."`
	Title   string `json:"title" doc:"The status in words."`
	Status  int    `json:"status"`
	Detail  string `json:"detail" doc:"One sentence for a person: what is wrong, where, and what to do."`
	Kind    string `json:"kind" enum:"internal,invalid,not found,conflict,unauthorized,forbidden,unavailable,stopped" doc:"What a program can do about it."`
	Request string `json:"request,omitempty" doc:"The number under which the server's log has the request."`
}

// statuses is the one table of kinds of error and HTTP.
var statuses = map[rollcall.Kind]int{
	rollcall.Internal:     http.StatusInternalServerError,
	rollcall.Invalid:      http.StatusBadRequest,
	rollcall.NotFound:     http.StatusNotFound,
	rollcall.Conflict:     http.StatusConflict,
	rollcall.Unauthorized: http.StatusUnauthorized,
	rollcall.Forbidden:    http.StatusForbidden,
	rollcall.Unavailable:  http.StatusServiceUnavailable,
	rollcall.Stopped:      http.StatusConflict,
}

// statusError is an error that HTTP has a status of its own for.
type statusError struct {
	status int
	error
}

// Unwrap returns the error.
func (e statusError) Unwrap() error { return e.error }

// refuse answers with a problem.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody is there any more
	}
	kind := rollcall.KindOf(err)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = statusError{http.StatusRequestTimeout, rollcall.Errorf(rollcall.Invalid, "the request came too slowly")}
		kind = rollcall.Invalid
	}
	p := Problem{Type: "about:blank", Status: statuses[kind], Detail: oneLine(err.Error()), Kind: kind.String(), Request: w.Header().Get("X-Request-Id")}
	if own, ok := errors.AsType[statusError](err); ok {
		p.Status = own.status
	}
	p.Title = http.StatusText(p.Status)
	switch kind {
	case rollcall.Internal:
		s.Log.Error("a request failed", slog.String("request", p.Request), slog.String("path", r.URL.Path), slog.Any("err", err))
		p.Detail = "internal error; the log of the server tells more under the request's number"
	case rollcall.Unavailable:
		s.Log.Warn("a request cannot be answered now", slog.String("request", p.Request), slog.String("path", r.URL.Path), slog.Any("err", err))
		w.Header().Set("Retry-After", "10")
	case rollcall.Unauthorized:
		w.Header().Add("WWW-Authenticate", `Bearer realm="Rollcall"`)
		if s.Basic {
			w.Header().Add("WWW-Authenticate", `Basic realm="Rollcall", charset="UTF-8"`)
		}
	}
	body, err := json.Marshal(&p)
	if err != nil { // texts and numbers always are JSON
		body = nil
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(body, '\n')) // a client that left needs no answer
}

// oneLine writes a list of reasons as a sentence.
func oneLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	first, rest := lines[0], lines[1:]
	if len(rest) == 0 {
		return first
	}
	return first + " " + strings.Join(rest, "; ")
}
