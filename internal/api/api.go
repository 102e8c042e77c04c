package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

// Config is what a Service works with.
type Config struct {
	Model    *rollcall.Model
	Rights   *auth.Rights
	Accounts *auth.Service
	Store    Store
	Desk     Desk
	Root     string // the path before /api, such as /itop; "" for none
	Version  string // of the program, for the document
	// From returns the client's address, and whether it came by TLS.
	From       func(*http.Request) (addr netip.Addr, secure bool)
	Basic      bool // login and password may come in the header Authorization
	Tokens     bool // tokens of applications and personal ones may come in
	SecureOnly bool // plain HTTP is refused
	// Maintenance is a file: while it exists every request is refused. "" for none.
	Maintenance string
	Now         func() time.Time
	Log         *slog.Logger
}

// Service answers.
type Service struct {
	Config
	routes   []route
	document []byte
}

// New makes a service.
func New(c Config) (*Service, error) {
	s := &Service{Config: c, routes: routes()}
	document, err := s.describe()
	if err != nil {
		return nil, err
	}
	s.document, err = json.MarshalIndent(document, "", "  ")
	return s, err
}

// Handlers returns what answers each path, as http.ServeMux understands them.
func (s *Service) Handlers() map[string]http.Handler {
	handlers := map[string]http.Handler{}
	allowed := map[string][]string{}
	for i := range s.routes {
		r := &s.routes[i]
		path := s.Root + prefix + r.path
		handlers[r.method+" "+path] = s.guard(s.handler(r))
		allowed[path] = append(allowed[path], r.method)
	}
	for path, methods := range allowed {
		if slices.Contains(methods, http.MethodGet) {
			methods = append(methods, http.MethodHead)
		}
		handlers[path] = s.guard(s.otherMethod(methods))
	}
	handlers[s.Root+"/api/"] = s.guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, rollcall.Errorf(rollcall.NotFound, "there is nothing at %s: see %s%s/openapi.json", r.URL.Path, s.Root, prefix))
	}))
	return handlers
}

// guard is what happens to every request: nothing is kept by caches or shown as
// a page, and a browser on somebody else's page changes nothing.
func (s *Service) guard(next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if _, err := os.Stat(s.Maintenance); s.Maintenance != "" && err == nil {
			s.refuse(w, r, rollcall.Errorf(rollcall.Unavailable, "the application is under maintenance"))
			return
		}
		if err := origin.Check(r); err != nil {
			s.refuse(w, r, rollcall.Errorf(rollcall.Forbidden, "a page of another site may not send this request"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Service) otherMethod(methods []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		s.refuse(w, r, statusError{http.StatusMethodNotAllowed,
			rollcall.Errorf(rollcall.Invalid, "%s takes %s, not %s", r.URL.Path, strings.Join(methods, " and "), shorten(r.Method))})
	})
}

// handler answers one operation.
func (s *Service) handler(route *route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out, err := s.serve(r.Context(), w, r, route)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		if route.out == nil {
			w.WriteHeader(route.status)
			return
		}
		if text, ok := out.(*document); ok {
			s.send(w, r, route.status, text.text)
			return
		}
		fillLists(reflect.ValueOf(out))
		body, err := json.Marshal(out)
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		s.send(w, r, route.status, append(body, '\n'))
	})
}

func (s *Service) serve(ctx context.Context, w http.ResponseWriter, r *http.Request, route *route) (any, error) {
	c := &call{Service: s, request: r}
	if err := c.admit(ctx, route.gate); err != nil {
		return nil, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, longestBody)
	in, err := read(r, route)
	if err != nil {
		return nil, err
	}
	return route.answer(ctx, c, in)
}

func (s *Service) send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // a client that left needs no answer
	}
}

// fillLists makes lists that are nil empty: in JSON a list is never null.
func fillLists(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fillLists(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fillLists(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.IsNil() && v.CanSet() {
			v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		}
		for i := range v.Len() {
			fillLists(v.Index(i))
		}
	}
}
