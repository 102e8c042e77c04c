package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"log/slog"
	"slices"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// runner is one run in progress.
type runner struct {
	engine   *Engine
	opt      Options
	run      rollcall.Run
	loads    []*load
	problems *problems
	digest   hash.Hash
	tx       Tx
	recorded bool                         // the run has a row, which must be finished
	made     map[string]rollcall.ObjectID // by root class: the first object that this run makes
	read     problems                     // what was wrong before anything was decided
}

// Run reads the jobs' sources, decides, and applies or rolls back. The order of
// jobs is the order of making and changing; removals go the other way.
//
// A limit or a failed proof ends it with an error of kind Stopped and a run in
// state held; nothing was changed then, nor after any other error. A problem
// with single entries is no error.
func (e *Engine) Run(ctx context.Context, jobs []Job, opt Options) (_ *Result, err error) {
	r := &runner{engine: e, opt: opt, problems: &problems{}, digest: sha256.New()}
	r.run = rollcall.Run{Kind: opt.Kind, Started: e.timestamp(), State: rollcall.RunRunning, By: opt.By}
	ctx, end := e.step(ctx, "run", slog.String("kind", opt.Kind), slog.Bool("dry", opt.DryRun))
	defer func() { end(err, about(&r.run)...) }()
	release, err := e.lock(ctx, jobs)
	if err != nil {
		return r.result(), err
	}
	r.run.Started = e.timestamp() // no run of the same sources that ended just now reaches into this one
	err = r.do(ctx, jobs)
	for _, l := range r.loads {
		err = errors.Join(err, l.close())
	}
	err = r.finish(ctx, err)
	return r.result(), errors.Join(err, release())
}

func (e *Engine) timestamp() time.Time { return e.now().UTC().Truncate(time.Microsecond) }

// lock takes every source, in the order of their names so that two runs of the
// same sources cannot wait for each other.
func (e *Engine) lock(ctx context.Context, jobs []Job) (release func() error, err error) {
	var releases []func() error
	release = func() error {
		var err error
		for _, f := range releases {
			err = errors.Join(err, f())
		}
		return err
	}
	for _, name := range sortedNames(jobs) {
		f, err := e.store.LockSource(ctx, name)
		if err != nil {
			return nil, errors.Join(err, release())
		}
		releases = append(releases, f)
	}
	return release, nil
}

// do is the path of a run: collect all, then decide and apply in one
// transaction.
func (r *runner) do(ctx context.Context, jobs []Job) error {
	if err := r.prepare(ctx, jobs); err != nil {
		return err
	}
	for _, l := range r.loads {
		if err := r.part(ctx, "read", l, r.collect); err != nil {
			return fmt.Errorf("source %s: %w", l.src.Name, err)
		}
	}
	r.remember()
	defer func() {
		if r.tx != nil {
			_ = r.tx.Rollback() // nothing to say once it is committed
		}
	}()
	if err := r.decide(ctx); err != nil {
		return err
	}
	if err := r.judge(); err != nil {
		if r.recorded {
			err = errors.Join(err, r.hold(ctx, r.decide))
		}
		return err
	}
	if r.opt.Confirm != nil {
		r.summarize()
		if err := r.opt.Confirm(&r.run); err != nil {
			return err
		}
	}
	if r.opt.DryRun {
		return nil
	}
	return r.commit(ctx)
}

// decide decides and applies everything within one transaction, which stays
// open.
func (r *runner) decide(ctx context.Context) error {
	var err error
	if r.tx, err = r.engine.store.Begin(ctx); err != nil {
		r.tx = nil
		return err
	}
	for _, l := range r.loads {
		if err := r.part(ctx, "apply", l, r.apply); err != nil {
			return fmt.Errorf("source %s: %w", l.src.Name, err)
		}
	}
	for i := len(r.loads) - 1; i >= 0; i-- {
		if err := r.part(ctx, "remove", r.loads[i], r.remove); err != nil {
			return fmt.Errorf("source %s: %w", r.loads[i].src.Name, err)
		}
	}
	for _, l := range r.loads {
		if err := r.part(ctx, "grant", l, r.grant); err != nil {
			return fmt.Errorf("source %s: bindings: %w", l.src.Name, err)
		}
	}
	return nil
}

// prepare finds what is known of each source and opens the run's record.
func (r *runner) prepare(ctx context.Context, jobs []Job) error {
	for i := range jobs {
		job := &jobs[i]
		src := job.Source
		l := &load{job: job, src: &src}
		r.loads = append(r.loads, l)
		r.run.Sources = append(r.run.Sources, rollcall.SourceRun{Source: src.Name, ID: src.ID, Scope: src.Scope, Only: r.opt.Only})
		if err := r.engine.identify(ctx, l); err != nil {
			return fmt.Errorf("source %s: %w", src.Name, err)
		}
		if err := r.engine.ensureLookups(ctx, l.src); err != nil {
			return fmt.Errorf("source %s: %w", src.Name, err)
		}
		if err := r.engine.ensureGrantLookups(ctx, job.Bindings); err != nil {
			return fmt.Errorf("source %s: %w", src.Name, err)
		}
	}
	if r.opt.DryRun {
		return nil
	}
	if err := r.engine.store.StartRun(ctx, &r.run); err != nil {
		return err
	}
	r.recorded = true
	return nil
}

// commit makes the run last: its sources' standing, its own record, and all it
// did, or none of it.
func (r *runner) commit(ctx context.Context) (err error) {
	ctx, end := r.engine.step(ctx, "commit")
	defer func() { end(err) }()
	for _, l := range r.loads {
		if err := r.tx.SaveStanding(ctx, l.src.ID, r.standing(l)); err != nil {
			return fmt.Errorf("source %s: keep its standing: %w", l.src.Name, err)
		}
		if err := r.saveResume(ctx, l); err != nil {
			return fmt.Errorf("source %s: %w", l.src.Name, err)
		}
		if err := r.noteFailed(ctx, l); err != nil {
			return fmt.Errorf("source %s: %w", l.src.Name, err)
		}
	}
	r.run.State, r.run.Ended = rollcall.RunCompleted, r.engine.timestamp()
	r.summarize()
	if err := r.tx.FinishRun(ctx, &r.run, r.problems.list); err != nil {
		return fmt.Errorf("keep the run's record: %w", err)
	}
	// From here on only the database can say no; a signal no longer counts.
	if err := r.tx.Commit(); err != nil {
		r.run.State = rollcall.RunRunning
		return err
	}
	r.recorded = false
	return nil
}

// summarize copies the loads' counters into the run.
func (r *runner) summarize() {
	for i, l := range r.loads {
		r.run.Sources[i].Counters = l.counters
		r.run.Sources[i].Held = l.held
		r.run.Sources[i].Parked = l.parked
		if d := l.delta; d != nil {
			r.run.Sources[i].Load, r.run.Sources[i].Why = d.load, d.why
		}
		if l.granting != nil {
			r.run.Sources[i].Granted, r.run.Sources[i].Taken = l.granting.granted, l.granting.taken
			r.run.Sources[i].Short = l.granting.short
		}
	}
	if r.opt.Sink != nil {
		r.run.Digest = hex.EncodeToString(r.digest.Sum(nil))
	}
}

// finish closes the record of a run that did not commit.
func (r *runner) finish(ctx context.Context, err error) error {
	r.summarize()
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		// Whatever failed then failed because its transaction went with the context;
		// a driver may say no more than that its statement was closed.
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	if err == nil {
		if r.opt.DryRun {
			r.run.State, r.run.Ended = rollcall.RunCompleted, r.engine.timestamp()
		}
		return nil
	}
	r.run.State, r.run.Ended, r.run.Error = rollcall.RunFailed, r.engine.timestamp(), err.Error()
	if rollcall.KindOf(err) == rollcall.Stopped {
		r.run.State = rollcall.RunHeld
	}
	if !r.recorded {
		return err
	}
	// The caller's context may be the reason for the end; the record is made all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	lost := r.engine.store.FinishRun(ctx, &r.run, r.problems.list)
	if lost != nil && strings.Contains(err.Error(), lost.Error()) {
		return err // a full disk, say, is told once
	}
	return errors.Join(err, lost)
}

func (r *runner) result() *Result {
	return &Result{Run: r.run, Problems: r.problems.list, More: r.problems.more}
}

// LevelChange is the log level of single changes: they are more than progress
// and less than something odd.
const LevelChange = slog.Level(2)

// isTold reports whether anybody wants to hear of single changes.
func (r *runner) isTold() bool {
	return r.opt.Sink != nil || r.engine.log.Enabled(context.Background(), LevelChange)
}

// emit hands a change to whoever asked for the plan, and takes it into the
// plan's digest.
func (r *runner) emit(c *rollcall.Change) error {
	r.hideMade(c)
	r.veil(c)
	r.engine.log.Log(context.Background(), LevelChange, "change", slog.String("verb", string(c.Verb)), slog.Bool("dry", r.opt.DryRun),
		slog.String("source", c.Source), slog.String("entry", c.Entry), slog.String("class", c.Class), slog.String("object", c.Name))
	if r.opt.Sink == nil {
		return nil
	}
	line, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("write the plan: %w", err)
	}
	r.digest.Write(append(line, '\n'))
	return r.opt.Sink(c)
}

// veil puts words into a change for what a plan must not hold, passwords, and for
// what it cannot, pictures.
func (r *runner) veil(c *rollcall.Change) {
	class := r.engine.model.Class(c.Class)
	if class == nil {
		return
	}
	for i := range c.Sets {
		set := &c.Sets[i]
		a := class.Attribute(set.Attribute)
		switch {
		case a == nil:
		case a.Type == rollcall.TypePassword:
			set.Old, set.New = hidden(set.Old), hidden(set.New)
		case a.Type == rollcall.TypeImage:
			set.Old, set.New = rollcall.PictureText(set.Old), rollcall.PictureText(set.New)
			set.OldText, set.NewText = "", ""
		}
	}
}

func hidden(secret string) string {
	if secret == "" {
		return ""
	}
	return "*****"
}

func (r *runner) progress(l *load, phase string, done, total int) {
	if r.opt.Progress != nil {
		r.opt.Progress(Progress{Source: l.src.Name, Phase: phase, Done: done, Total: total})
	}
}

func sortedNames(jobs []Job) []string {
	names := make([]string, len(jobs))
	for i := range jobs {
		names[i] = jobs[i].Source.Name
	}
	slices.Sort(names)
	return names
}
