package gate

import (
	"context"
	"net/http"

	"rollcall/internal/auth"
)

// Request is what a page gets: somebody was let in.
type Request struct {
	HTTP        *http.Request // nil on the command line
	Params      *Params
	Account     *auth.Account // nil in a refusal
	Context     string        // "REST/JSON", "Synchro", …: what a personal token must be good for
	CommandLine bool
}

// Page answers a request that was let in.
type Page func(ctx context.Context, w http.ResponseWriter, r *Request)

// Refuse says in a page's own shape that somebody was not let in.
type Refuse func(w http.ResponseWriter, r *Request, refusal *Refusal)

// Code says why somebody was not let in, in iTop's numbers.
type Code int

// The codes. The first two are never produced by iTop 3.2.0.
const (
	OK Code = iota
	MissingLogin
	MissingPassword
	WrongCredentials
	MustBeAdmin
	PortalUser
	NotAuthorized
)

// Refusal is why somebody was not let in. Message is the text that all pages
// show, without any frame: "Invalid login", "Portal user is not allowed", …
type Refusal struct {
	Code    Code
	Message string
}

// Error returns the message.
func (r *Refusal) Error() string { return r.Message }

// Contexts, which are the scopes of personal tokens.
const (
	ContextREST    = "REST/JSON"
	ContextSynchro = "Synchro"
	ContextImport  = "Import"
	ContextExport  = "Export"
	ContextCron    = "CRON"
)

// Service is a page with its own way to refuse ("return style": rest, the two
// synchro pages and import).
type Service struct {
	Context     string
	Page        Page
	Refuse      Refuse
	RESTProfile bool // asks for the profile "REST Services User", unless the configuration waives it
}

// Gate lets in.
type Gate struct{}

// Return guards a page that says a refusal itself.
func (g *Gate) Return(s Service) http.Handler { return nil }

// Prompt guards a page that shows the login form to whoever is not let in
// ("prompt style": export, export-v2, cron, replica).
func (g *Gate) Prompt(context string, page Page) http.Handler { return nil }
