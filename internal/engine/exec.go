package engine

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"rollcall/internal/rollcall"
)

// Notifier tells the contact of a source that a run over what stands did not
// start. Whoever records the end of the others tells of those. It must not wait:
// the caller of the run does.
type Notifier interface {
	NotStarted(ctx context.Context, source rollcall.SourceHead, why string) error
}

// ScopeFunc returns which of the objects of a class are within a scope, an OQL
// query, as the transaction sees them.
type ScopeFunc func(ctx context.Context, tx Tx, class *rollcall.Class, scope string, ids []rollcall.ObjectID) (map[rollcall.ObjectID]bool, error)

// Source returns what a caller must know of a data source, a NotFound error when
// there is none.
func (e *Engine) Source(ctx context.Context, id rollcall.ObjectID) (rollcall.SourceHead, error) {
	f, err := e.fedSource(ctx, e.store, id)
	if err != nil {
		return rollcall.SourceHead{}, err
	}
	return f.head(), nil
}

// Exec runs over a source's replicas as they stand in its data table: the rows
// that somebody delivered. It waits while another run or delivery works on the
// source. What goes wrong in the run is in the result, in the words of the wire
// (iTop 3.2.0); nothing was changed then.
func (e *Engine) Exec(ctx context.Context, x rollcall.Exec) (*rollcall.Executed, error) {
	f, err := e.fedSource(ctx, e.store, x.Source)
	if err != nil {
		return nil, err
	}
	release, err := e.turn(ctx, f.src.Name)
	if err != nil {
		return nil, err
	}
	out, err := e.exec(ctx, x, nil)
	return out, errors.Join(err, release())
}

// exec runs within a transaction of the caller, who takes it back, or within one
// of its own. The source is locked.
func (e *Engine) exec(ctx context.Context, x rollcall.Exec, tx Tx) (*rollcall.Executed, error) {
	var on looking = e.store
	if tx != nil {
		on = tx
	}
	f, err := e.fedSource(ctx, on, x.Source)
	if err != nil {
		return nil, err
	}
	r := &runner{engine: e, opt: Options{Kind: KindExec, By: x.By.Name, DryRun: x.Simulate || tx != nil}, problems: &problems{}, digest: sha256.New()}
	r.run = rollcall.Run{Kind: KindExec, Started: e.timestamp(), State: rollcall.RunRunning, By: x.By.Name,
		Sources: []rollcall.SourceRun{{Source: f.src.Name}}}
	l := &load{job: &Job{Source: f.src}, src: &f.src}
	r.loads = []*load{l}
	out := &rollcall.Executed{Source: f.src.Name}
	if l.stand, err = e.standing(ctx, on, f, &x, l); err == nil {
		err = f.refusal(&x, l)
	}
	if refused, ok := errors.AsType[*notStarted](err); ok {
		out.Counters.Total, out.Error = l.counters.Total, refused.text
		e.tell(ctx, f, r, out)
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	err = r.finish(ctx, r.overStanding(ctx, l, &x, tx))
	out.Run, out.Counters = r.run.ID, l.counters
	if err == nil {
		return out, nil
	}
	if ctx.Err() != nil {
		return nil, err
	}
	out.Counters = rollcall.Counters{Total: l.counters.Total}
	out.Held = rollcall.KindOf(err) == rollcall.Stopped
	out.Error = e.plain(err)
	return out, nil
}

// KindExec is the kind of a run over replicas as they stand.
const KindExec = "exec"

// plain words an error for a client: what broke inside is for the log.
func (e *Engine) plain(err error) string {
	if rollcall.KindOf(err) != rollcall.Internal {
		return err.Error()
	}
	e.log.Error("run over standing replicas", slog.Any("err", err))
	return "internal error: see the log of the server"
}

// tell hands a run that did not start to the notifier, when there is one.
func (e *Engine) tell(ctx context.Context, f *fedSource, r *runner, out *rollcall.Executed) {
	if e.notifier == nil || f.contact == 0 || r.opt.DryRun {
		return
	}
	if err := e.notifier.NotStarted(ctx, f.head(), out.Error); err != nil {
		e.log.Warn("notice of a run", slog.String("source", f.src.Name), slog.Any("err", err))
	}
}

// patience is how long a delivery or a run waits for its turn: as long as a
// client of the wire waits for an answer.
const patience = 10 * time.Minute

// turn locks a source, and waits while somebody else has it, as iTop 3.2.0 does.
func (e *Engine) turn(ctx context.Context, name string) (release func() error, err error) {
	err = waitFor(ctx, rollcall.Conflict, func() error {
		release, err = e.store.LockSource(ctx, name)
		return err
	})
	return release, err
}

// begin starts a transaction, and waits while another one writes.
func (e *Engine) begin(ctx context.Context) (tx Tx, err error) {
	err = waitFor(ctx, rollcall.Unavailable, func() error {
		tx, err = e.store.Begin(ctx)
		return err
	})
	return tx, err
}

// waitFor tries again while an error of a kind comes back.
func waitFor(ctx context.Context, kind rollcall.Kind, try func() error) error {
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		err := try()
		if err == nil || rollcall.KindOf(err) != kind {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for a turn: %w", ctx.Err())
		case <-deadline.C:
			return rollcall.Errorf(rollcall.Unavailable, "waited %s for a turn: %w", patience, err)
		case <-time.After(pause):
		}
	}
}

// notStarted says that a run did not begin. Such a run leaves no trace, as on
// iTop 3.2.0.
type notStarted struct{ text string }

// Error returns the text.
func (n *notStarted) Error() string { return n.text }
