package synchro

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"rollcall/internal/itop/gate"
	"rollcall/internal/rollcall"
)

// Feeds is the door through which deliveries and runs come in; *engine.Engine
// is behind it.
type Feeds interface {
	// Source returns what is known of a data source, a NotFound error when there is none.
	Source(ctx context.Context, id rollcall.ObjectID) (rollcall.SourceHead, error)
	// Feed takes a delivery; the result is nil when no run was asked for.
	Feed(ctx context.Context, f rollcall.Feed) (*rollcall.Executed, error)
	// Exec runs. What goes wrong in the run is in the result; the error is one of the machine.
	Exec(ctx context.Context, x rollcall.Exec) (*rollcall.Executed, error)
}

// Config is what a Service is made of.
type Config struct {
	Feeds  Feeds
	Limits func(source string) rollcall.Limits // of the runs of a source, by its name; nil: none
	Now    func() time.Time
	Log    *slog.Logger
}

// Service answers the two synchro pages. It is safe for concurrent use.
type Service struct{ Config }

// New returns a service.
func New(c Config) *Service {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Limits == nil {
		c.Limits = func(string) rollcall.Limits { return rollcall.Limits{} }
	}
	return &Service{c}
}

// Import answers synchro_import.php.
func (s *Service) Import(ctx context.Context, w http.ResponseWriter, r *gate.Request) {
	http.Error(w, "not built yet", http.StatusNotImplemented)
}

// Exec answers synchro_exec.php.
func (s *Service) Exec(ctx context.Context, w http.ResponseWriter, r *gate.Request) {
	http.Error(w, "not built yet", http.StatusNotImplemented)
}

// RefuseImport says that somebody was not let in, in the shape of
// synchro_import.php.
func (s *Service) RefuseImport(w http.ResponseWriter, r *gate.Request, refusal *gate.Refusal) {
	http.Error(w, refusal.Message, http.StatusOK)
}

// RefuseExec does so in the shape of synchro_exec.php.
func (s *Service) RefuseExec(w http.ResponseWriter, r *gate.Request, refusal *gate.Refusal) {
	http.Error(w, refusal.Message, http.StatusOK)
}
