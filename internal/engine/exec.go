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

// Approve carries out a run over standing rows that a limit held, as of the time
// it was held for, provided that confirm agrees with what it would do now.
func (e *Engine) Approve(ctx context.Context, held *rollcall.Run, by string, confirm func(*rollcall.Run) error) (*Result, error) {
	if held.Kind != KindExec || len(held.Sources) != 1 {
		return nil, rollcall.Errorf(rollcall.Internal, "run %d is no run over rows that were delivered", held.ID)
	}
	id, err := e.sourceOf(ctx, &held.Sources[0])
	if err != nil {
		return nil, err
	}
	release, err := e.turn(ctx, held.Sources[0].Source)
	if err != nil {
		return nil, err
	}
	x := rollcall.Exec{Source: id, By: rollcall.Runner{Name: by, Administrator: true}}
	s, err := e.start(ctx, &x, e.store, &held.Sources[0])
	if err != nil {
		if refused, ok := errors.AsType[*notStarted](err); ok {
			err = rollcall.Errorf(rollcall.Conflict, "%s", refused.text)
		}
		return nil, errors.Join(err, release())
	}
	s.opt.Approved, s.opt.Confirm = true, confirm
	s.opt.Sink = func(*rollcall.Change) error { return nil } // so that the changes are summed up
	err = s.finish(ctx, s.overStanding(ctx, s.loads[0], nil))
	return s.result(), errors.Join(err, release())
}

// execution is a run over rows that were delivered.
type execution struct {
	*runner
	source *fedSource
}

// start prepares such a run. With a run that was held it is as of then. A
// *notStarted says why it does not begin; the execution is there all the same.
func (e *Engine) start(ctx context.Context, x *rollcall.Exec, on looking, held *rollcall.SourceRun) (*execution, error) {
	f, err := e.fedSource(ctx, on, x.Source)
	if err != nil {
		return nil, err
	}
	r := &runner{engine: e, opt: Options{Kind: KindExec, By: x.By.Name, DryRun: x.Simulate}, problems: &problems{}, digest: sha256.New()}
	l := &load{job: &Job{Source: f.src}, src: &f.src}
	r.loads = []*load{l}
	s := &execution{r, f}
	if l.stand, err = e.standing(ctx, on, f, x, l, held); err == nil {
		err = f.refusal(x, l)
	}
	r.run = rollcall.Run{Kind: KindExec, Started: e.timestamp(), State: rollcall.RunRunning, By: x.By.Name,
		Sources: []rollcall.SourceRun{{Source: f.src.Name, ID: f.src.ID}}}
	if l.stand != nil {
		r.run.Sources[0].AsOf, r.run.Sources[0].Since = l.stand.asOf, l.stand.since
	}
	return s, err
}

// exec runs within a transaction of the caller, who takes it back, or within one
// of its own. The source is locked.
func (e *Engine) exec(ctx context.Context, x rollcall.Exec, tx Tx) (*rollcall.Executed, error) {
	var on looking = e.store
	if tx != nil {
		on = tx
	}
	x.Simulate = x.Simulate || tx != nil
	s, err := e.start(ctx, &x, on, nil)
	if refused, ok := errors.AsType[*notStarted](err); ok {
		out := &rollcall.Executed{Source: s.source.src.Name, Counters: rollcall.Counters{Total: s.loads[0].counters.Total}, Error: refused.text}
		e.tell(ctx, s.source, s.runner, out)
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	out, l := &rollcall.Executed{Source: s.source.src.Name}, s.loads[0]
	ctx, end := e.step(ctx, "run", slog.String("kind", KindExec), slog.Bool("dry", x.Simulate), slog.String("source", out.Source))
	err = s.finish(ctx, s.overStanding(ctx, l, tx))
	end(err, about(&s.run)...)
	out.Run, out.Counters = s.run.ID, l.counters
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
