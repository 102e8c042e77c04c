package synchro

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/itop/gate"
	"rollcall/internal/itop/wire"
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
	Rights *auth.Rights
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

// RefuseImport says that somebody was not let in, in the shape of
// synchro_import.php.
func (s *Service) RefuseImport(w http.ResponseWriter, r *gate.Request, refusal *gate.Refusal) {
	out := &report{isHTML: !r.CommandLine}
	out.paragraph(refusal.Message)
	s.send(w, out)
}

// RefuseExec does so in the shape of synchro_exec.php.
func (s *Service) RefuseExec(w http.ResponseWriter, r *gate.Request, refusal *gate.Refusal) {
	out := &report{isHTML: !r.CommandLine}
	out.paragraph(refusal.Message)
	s.sendPage(w, out)
}

func (s *Service) send(w http.ResponseWriter, out *report) {
	if err := out.send(w); err != nil {
		s.Log.Warn("answer a synchro page", slog.Any("err", err))
	}
}

// sendPage puts a report into a whole page, which is short.
func (s *Service) sendPage(w http.ResponseWriter, out *report) {
	if out.isHTML {
		body := out.memory.String()
		out.memory.Reset()
		out.size = 0
		out.write(wire.Page("Execution of the synchronization", body))
	}
	s.send(w, out)
}

// runner says who asks.
func runner(r *gate.Request) rollcall.Runner {
	return rollcall.Runner{Name: r.Account.Name, User: r.Account.Ref.ID, Administrator: r.Account.Administrator}
}

// explain words an error for a client: what broke inside is for the log.
func (s *Service) explain(err error) string {
	if rollcall.KindOf(err) != rollcall.Internal {
		return err.Error()
	}
	s.Log.Error("synchro page", slog.Any("err", err))
	return "internal error: see the log of the server"
}

// counters are the lines that tell of a run, in iTop 3.2.0's words. The warnings
// of the line before last are those of the line before it, as there.
func counters(c *rollcall.Counters) []string {
	return []string{
		fmt.Sprintf("Replicas: %d", c.Total),
		fmt.Sprintf("Replicas touched since last synchro: %d", c.Seen),
		fmt.Sprintf("Objects deleted: %d", c.Deleted),
		fmt.Sprintf("Objects deletion errors: %d", c.DeletedErrors),
		fmt.Sprintf("Objects obsoleted: %d", c.Obsoleted),
		fmt.Sprintf("Objects obsolescence errors: %d", c.ObsoletedErrors),
		fmt.Sprintf("Objects created: %d (%d warnings)", c.Created, c.CreatedWarnings),
		fmt.Sprintf("Objects creation errors: %d", c.CreatedErrors),
		fmt.Sprintf("Objects updated: %d (%d warnings)", c.Updated, c.UpdatedWarnings),
		fmt.Sprintf("Objects update errors: %d", c.UpdatedErrors),
		fmt.Sprintf("Objects reconciled (updated): %d (%d warnings)", c.NewUpdated, c.NewUpdatedWarnings),
		fmt.Sprintf("Objects reconciled (unchanged): %d (%d warnings)", c.NewUnchanged, c.NewUpdatedWarnings),
		fmt.Sprintf("Objects reconciliation errors: %d", c.ReconciledErrors),
		fmt.Sprintf("Replica disappeared, no action taken: %d", c.DisappearedNoAction),
	}
}

// parameter is one line of the usage text.
type parameter struct {
	name, meaning string
	isMandatory   bool
	fallback      string
	onlyHTTP      bool
	onlyCLI       bool
}

// usage writes which parameters there are.
func usage(out *report, missing string, parameters []parameter) {
	out.paragraph(fmt.Sprintf("ERROR: Missing argument '%s'\n", missing))
	out.paragraph("USAGE:\n")
	for _, p := range parameters {
		switch {
		case p.onlyHTTP && !out.isHTML || p.onlyCLI && out.isHTML:
		case p.isMandatory:
			out.paragraph(fmt.Sprintf("%s = %s, mandatory", p.name, p.meaning))
		default:
			out.paragraph(fmt.Sprintf("%s = %s, optional, defaults to [%s]", p.name, p.meaning, p.fallback))
		}
	}
}

func trimmed(p *gate.Params, name, fallback string) string {
	return strings.TrimSpace(p.Raw(name, fallback))
}
