package server

import (
	"net/http"
	"strings"
)

// follow begins a request's step in a trace, where requests are followed. What
// only watches the server is none of the work.
func (s *Server) follow(r *http.Request, route string) (followed *http.Request, trace string, end func(status int)) {
	if s.Trace == nil || route == "" || strings.HasPrefix(route, "GET /healthz") || strings.HasPrefix(route, "GET /readyz") || strings.HasPrefix(route, "GET /metrics") {
		return r, traceOf(r.Header.Get("Traceparent")), func(int) {}
	}
	ctx, trace, end := s.Trace(r, route)
	return r.WithContext(ctx), trace, end
}

// traceLength is that of a traceparent of version 00: version, trace, parent and
// flags (W3C Trace Context, section 3.2).
const traceLength = 2 + 1 + 32 + 1 + 16 + 1 + 2

// traceOf returns the trace that a request says it is part of, "" for none. A
// header that is not as it should be counts as none, as the standard wants; later
// versions begin as version 00 does.
func traceOf(parent string) string {
	if len(parent) < traceLength || len(parent) > traceLength && (parent[:2] == "00" || parent[traceLength] != '-') || parent[:2] == "ff" {
		return ""
	}
	isZero := [2]bool{true, true} // of the trace and of the parent
	for i := range traceLength {
		c := parent[i]
		switch {
		case i == 2 || i == 35 || i == 52:
			if c != '-' {
				return ""
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'f'):
			return ""
		case c != '0' && i > 2 && i < 35:
			isZero[0] = false
		case c != '0' && i > 35 && i < 52:
			isZero[1] = false
		}
	}
	if isZero[0] || isZero[1] {
		return ""
	}
	return parent[3:35]
}
