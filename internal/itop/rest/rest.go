// Package rest answers webservices/rest.php as iTop 3.2.0 does: list_operations,
// the core operations, and any more that the configuration declares. It decodes
// and encodes; who may come in is the gate's business, what may be written is
// the registry's.
package rest

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/itop/gate"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// Reader is what the operations read. *store.Store and *store.Tx satisfy it.
type Reader interface {
	Objects(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) ([]rollcall.Object, error)
	Links(ctx context.Context, attr *rollcall.Attribute, hosts []rollcall.ObjectID) ([][]rollcall.Link, error)
	Filled(ctx context.Context, sets []*rollcall.Attribute, hosts []rollcall.ObjectID) ([]bool, error)
	Select(ctx context.Context, query *rollcall.Query, w rollcall.Window, yield func(row []rollcall.Object) error) error
	SelectIDs(ctx context.Context, query *rollcall.Query, w rollcall.Window) ([]rollcall.ObjectID, error)
	CountOf(ctx context.Context, query *rollcall.Query) (int, error)
	Referrers(ctx context.Context, key *rollcall.Attribute, holder *rollcall.Class, targets []rollcall.ObjectID) ([]rollcall.Referrer, error)
}

// Tx is a write transaction.
type Tx interface {
	Reader
	registry.Storage
	Commit() error
	Rollback() error // after Commit it does nothing
}

// Store is where objects are. The wiring adapts *store.Store, whose Begin gives
// a *store.Tx.
type Store interface {
	Reader
	Begin(ctx context.Context) (Tx, error)
}

// Accounts checks passwords for core/check_credentials.
type Accounts interface {
	CheckCredentials(ctx context.Context, c auth.Credentials) (bool, error)
}

// Config is what the service needs.
type Config struct {
	Model      *rollcall.Model
	Rights     *auth.Rights
	Accounts   Accounts
	Registry   *registry.Registry
	Store      Store
	Now        func() time.Time // time.Now when nil
	Log        *slog.Logger     // silent when nil
	Operations []Operation      // beside the core operations
	Client     *http.Client     // calls the URLs of Operations; one with a time limit when nil
	// KeepCalls keeps every call as an EventRestService (iTop's log_rest_service).
	KeepCalls bool
}

// Operation is an operation that the configuration declares: a query, or a URL
// that is called. It is listed by list_operations.
type Operation struct {
	Verb        string // "acme/who_is_new"
	Description string
	Provider    string   // shown as the operation's extension; "Configuration" when empty
	Query       string   // OQL; its :parameters are members of json_data
	Parameters  []string // of the query: every one is mandatory
	URL         string   // called with json_data in a POST; its answer is the operation's
	Profiles    []string // who may use it: any of these, or an administrator; none: everybody let in
}

// Service answers rest.php.
type Service struct {
	Config
	shapes sync.Map // what the fields of a class are: by class, and by link set and class
}

// New returns the service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: urlTimeout}
	}
	return &Service{Config: c}
}

// Refuse says in rest.php's shape that somebody was not let in. It is a
// gate.Refuse.
func (s *Service) Refuse(w http.ResponseWriter, r *gate.Request, refusal *gate.Refusal) {
	code := codeUnauthorized
	if refusal.Code == gate.Unreadable {
		code = codeInternal
	}
	send(w, r, appendFault(nil, code, "Error: "+refusal.Message))
}

// The codes of an answer.
const (
	codeOK             = 0
	codeUnauthorized   = 1
	codeMissingVersion = 2
	codeMissingJSON    = 3
	codeInvalidJSON    = 4
	codeNoLogin        = 5
	codeNoPassword     = 6
	codeVersion        = 10
	codeOperation      = 11
	codeUnsafe         = 12
	codePage           = 13
	codeInternal       = 100
)

// appendFault appends an answer that is nothing but a code and a message.
func appendFault(b []byte, code int, message string) []byte {
	b = append(b, `{"code":`...)
	b = appendInt(b, code)
	b = append(b, `,"message":`...)
	b = appendText(b, message)
	return append(b, '}')
}

// send writes a whole answer; with a callback as JSON-P.
func send(w http.ResponseWriter, r *gate.Request, body []byte) {
	callback := header(w, r)
	if callback != "" {
		body = append(append([]byte(callback+"("), body...), ");"...)
	}
	_, _ = w.Write(body) // a client that left is no trouble of ours
}

// header writes the headers that every answer has, and returns the function of
// JSON-P, if any.
func header(w http.ResponseWriter, r *gate.Request) (callback string) {
	callback = r.Params.Get("callback", "")
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Content-Type", "application/json")
	if callback != "" {
		h.Set("Content-Type", "application/javascript")
	}
	return callback
}
