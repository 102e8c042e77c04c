package gate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
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
	// Unreadable is no code of iTop's: the parameters could not be read, and the
	// message says why.
	Unreadable Code = 100
)

// Refusal is why somebody was not let in. Message is the text that all pages
// show, without any frame: "Invalid login", "Portal user is not allowed", …
type Refusal struct {
	Code    Code
	Message string
}

// Error returns the message.
func (r *Refusal) Error() string { return r.Message }

// refusal makes the refusal of a code, with the words that iTop 3.2.0 has for it.
func refusal(code Code) *Refusal {
	switch code {
	case WrongCredentials:
		return &Refusal{code, "Invalid login"}
	case PortalUser:
		return &Refusal{code, "Portal user is not allowed"}
	}
	return &Refusal{code, fmt.Sprintf("Unknown authentication error (retCode=%d)", code)}
}

// noRESTProfile is the refusal of whoever lacks the profile that rest.php asks
// for, administrators included (iTop 3.2.0, observed).
func noRESTProfile() *Refusal {
	return &Refusal{NotAuthorized, "This user is not authorized to use the web services. (The profile REST Services User is required to access the REST web services)"}
}

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

// Config is what a gate works with. Zero values stand for the defaults.
type Config struct {
	Accounts   *auth.Service
	LoginTypes []string // the modes that are open, in the order in which they are tried; none: form, external, basic
	// OpenREST waives the profile for rest.php (secure_rest_services: false).
	OpenREST bool
	// TokensREST waives it for tokens (allow_rest_services_via_tokens: true).
	TokensREST bool
	// SecureOnly refuses plain HTTP (secure_connection_required: true).
	SecureOnly bool
	// External returns the login that the web server in front vouches for; nil: it
	// never does.
	External func(*http.Request) string
	// From returns the client's address and whether it came by TLS; nil: as the
	// connection says.
	From func(*http.Request) (addr netip.Addr, secure bool)
	// ParamFile reads parameter files on the server; nil: requests cannot name any.
	ParamFile func(list string) (map[string]string, error)
	Limits    Limits
	TempDir   string // for long parameters; "": the system's
	Home      string // where a portal user is sent: the application root
	Log       *slog.Logger
}

// DefaultLoginTypes are the modes that are open when nothing else is said.
func DefaultLoginTypes() []string { return []string{ModeForm, ModeExternal, ModeBasic} }

// Gate lets in.
type Gate struct {
	Config
	quota *quota
}

// New makes a gate.
func New(c Config) *Gate {
	if len(c.LoginTypes) == 0 {
		c.LoginTypes = DefaultLoginTypes()
	}
	if c.Limits == (Limits{}) {
		c.Limits = DefaultLimits()
	}
	if c.From == nil {
		c.From = connection
	}
	if c.Home == "" {
		c.Home = "/"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Gate{Config: c, quota: &quota{most: c.Limits.Spool}}
}

// connection tells what the connection itself says of the client.
func connection(r *http.Request) (netip.Addr, bool) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}, r.TLS != nil
	}
	return addr, r.TLS != nil
}

// Return guards a page that says a refusal itself. A browser's session does not
// count here: credentials come with every request.
func (g *Gate) Return(s Service) http.Handler {
	return g.handler(func(w http.ResponseWriter, r *Request) {
		account, refused, err := g.signIn(r)
		if err == nil && refused == nil && s.RESTProfile && !g.mayREST(account) {
			refused = noRESTProfile()
		}
		switch {
		case err != nil:
			g.broken(w, r.HTTP, err)
		case refused != nil:
			s.Refuse(w, r, refused)
		default:
			r.Account = account
			s.Page(r.HTTP.Context(), w, r)
		}
	}, s.Context, s.Refuse)
}

func (g *Gate) mayREST(a *auth.Account) bool {
	return g.OpenREST || a.Has(auth.ProfileREST) || g.TokensREST && a.Token
}

// handler does what both styles do before anybody signs in: headers as PHP's
// sessions set them, parameters, parameter file.
func (g *Gate) handler(next func(http.ResponseWriter, *Request), scope string, refuse Refuse) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		uncached(w.Header())
		params := g.params()
		defer func() {
			if err := params.Close(); err != nil {
				g.Log.Warn("a spooled request was not cleaned up", slog.Any("err", err))
			}
		}()
		r.Body = http.MaxBytesReader(w, r.Body, g.Limits.Body)
		if err := params.read(r); err != nil {
			g.unread(w, r, err)
			return
		}
		if _, secure := g.From(r); g.SecureOnly && !secure {
			w.Header().Set("Content-Type", "text/html; charset=UTF-8")
			_, _ = fmt.Fprint(w, "Secure connection required!")
			return
		}
		request := &Request{HTTP: r, Params: params, Context: scope}
		if list := params.Raw("param_file", ""); list != "" && g.ParamFile != nil {
			values, err := g.ParamFile(list)
			if err != nil {
				refuse(w, request, &Refusal{Unreadable, err.Error()})
				return
			}
			params.SetFallbacks(values)
		}
		next(w, request)
	})
}

// params makes empty parameters with a spool of their own.
func (g *Gate) params() *Params {
	p := NewParams(nil)
	p.spool = &spool{dir: g.TempDir, quota: g.quota, limits: g.Limits}
	return p
}

// uncached sets the headers that PHP sets with a session (iTop 3.2.0, observed).
func uncached(h http.Header) {
	h.Set("Expires", "Thu, 19 Nov 1981 08:52:00 GMT")
	h.Set("Cache-Control", "no-store, no-cache, must-revalidate")
	h.Set("Pragma", "no-cache")
}

// unread answers a request whose body could not be read.
func (g *Gate) unread(w http.ResponseWriter, r *http.Request, err error) {
	status, text := http.StatusBadRequest, "the form in the body cannot be read"
	var limit *limitError
	var size *http.MaxBytesError
	switch {
	case errors.As(err, &size):
		status, text = http.StatusRequestEntityTooLarge, fmt.Sprintf("the request is longer than %d bytes", size.Limit)
	case errors.As(err, &limit):
		status, text = http.StatusRequestEntityTooLarge, limit.Error()
	case rollcall.KindOf(err) == rollcall.Unavailable:
		status, text = http.StatusServiceUnavailable, err.Error()
	case errors.Is(err, os.ErrDeadlineExceeded):
		status, text = http.StatusRequestTimeout, "the request came too slowly"
	case r.Context().Err() != nil:
		return // nobody is there any more
	}
	g.Log.Info("a request was not read", slog.String("path", r.URL.Path), slog.Int("status", status), slog.Any("err", err))
	w.Header().Set("Connection", "close")
	http.Error(w, text, status)
}

// broken answers when the trouble is ours.
func (g *Gate) broken(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody is there any more
	}
	g.Log.Error("a sign-in could not be judged", slog.String("path", r.URL.Path), slog.Any("err", err))
	http.Error(w, "internal error", http.StatusInternalServerError)
}

// open reports whether a login mode is open.
func (g *Gate) open(mode string) bool { return slices.Contains(g.LoginTypes, mode) }
