package server

import (
	"net/http"
	"strings"
)

// follow begins a request's step in a trace. What only watches the server is none
// of the work.
func (s *Server) follow(r *http.Request, route string) (followed *http.Request, trace string, end func(status int)) {
	if s.Trace == nil || route == "" || strings.HasPrefix(route, "GET /healthz") || strings.HasPrefix(route, "GET /readyz") || strings.HasPrefix(route, "GET /metrics") {
		return r, "", func(int) {}
	}
	ctx, trace, end := s.Trace(r, route)
	return r.WithContext(ctx), trace, end
}
