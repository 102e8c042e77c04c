package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"rollcall/internal/rollcall"
)

// Undo takes back what a completed run did to objects and replicas. It refuses
// as a whole, with a Conflict that lists them, when objects moved on since. The
// sources stay as they are configured: unless the reason for the run is put
// right first, the next run does the same again, and plan shows it. Sources are
// those of the configuration; their names must cover the run's.
func (e *Engine) Undo(ctx context.Context, id int64, sources []rollcall.Source, by string, dry bool) (*Result, error) {
	undone, err := e.store.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	switch {
	case undone.State == rollcall.RunUndone:
		return nil, rollcall.Errorf(rollcall.Conflict, "run %d was undone before", id)
	case undone.State != rollcall.RunCompleted:
		return nil, rollcall.Errorf(rollcall.Conflict, "run %d ended in state %s and changed nothing: there is nothing to undo", id, undone.State)
	}
	var jobs []Job
	for i := range undone.Sources {
		src, err := e.undoneSource(ctx, &undone.Sources[i], sources)
		if err != nil {
			return nil, fmt.Errorf("undo run %d: %w", id, err)
		}
		jobs = append(jobs, Job{Source: src})
	}
	release, err := e.lock(ctx, jobs)
	if err != nil {
		return nil, err
	}
	r := &runner{engine: e, opt: Options{Kind: "undo", By: by, DryRun: dry}, problems: &problems{}}
	r.run = rollcall.Run{Kind: "undo", Started: e.timestamp(), State: rollcall.RunRunning, By: by, Undoes: id}
	for i := range jobs {
		r.run.Sources = append(r.run.Sources, rollcall.SourceRun{Source: jobs[i].Source.Name})
	}
	ctx, end := e.step(ctx, "undo", slog.Int64("undoes", id), slog.Bool("dry", dry))
	err = r.finish(ctx, r.undo(ctx, id, jobs))
	end(err, about(&r.run)...)
	return r.result(), errors.Join(err, release())
}

// undoneSource returns a source of a run: as the configuration has it, else as
// its objects say, when it was made over the wire or left the configuration.
func (e *Engine) undoneSource(ctx context.Context, part *rollcall.SourceRun, sources []rollcall.Source) (rollcall.Source, error) {
	if i := slices.IndexFunc(sources, func(s rollcall.Source) bool { return s.Name == part.Source }); i >= 0 {
		return sources[i], nil
	}
	id, err := e.sourceOf(ctx, part)
	if err != nil {
		return rollcall.Source{}, err
	}
	f, err := e.fedSource(ctx, e.store, id)
	if err != nil {
		return rollcall.Source{}, err
	}
	return f.src, nil
}

func (r *runner) undo(ctx context.Context, id int64, jobs []Job) error {
	for i := range jobs {
		src := jobs[i].Source
		l := &load{job: &jobs[i], src: &src}
		if err := r.engine.known(ctx, l); err != nil {
			return fmt.Errorf("source %s: %w", src.Name, err)
		}
		r.loads = append(r.loads, l)
	}
	if !r.opt.DryRun {
		if err := r.engine.store.StartRun(ctx, &r.run); err != nil {
			return err
		}
		r.recorded = true
	}
	var err error
	if r.tx, err = r.engine.store.Begin(ctx); err != nil {
		return err
	}
	defer func() { _ = r.tx.Rollback() }() // nothing to say once it is committed
	for _, l := range r.loads {
		if err := r.tx.EnsureTable(ctx, l.src); err != nil {
			return fmt.Errorf("source %s: %w", l.src.Name, err)
		}
	}
	origin := rollcall.Origin{Kind: rollcall.OriginUndo, By: r.run.By, Run: r.run.ID, At: r.run.Started}
	if err := r.engine.registry.On(r.tx, origin).Undo(ctx, id); err != nil {
		return fmt.Errorf("undo run %d: %w", id, err)
	}
	if err := r.undoReplicas(ctx, id); err != nil {
		return fmt.Errorf("undo run %d: %w", id, err)
	}
	if err := r.tx.UndoGrants(ctx, id); err != nil {
		return fmt.Errorf("undo run %d: %w", id, err)
	}
	if err := r.undoStandings(ctx, id); err != nil {
		return fmt.Errorf("undo run %d: %w", id, err)
	}
	if r.opt.DryRun {
		return nil
	}
	if err := r.tx.SetRunState(ctx, id, rollcall.RunUndone); err != nil {
		return fmt.Errorf("keep the run's record: %w", err)
	}
	r.run.State, r.run.Ended = rollcall.RunCompleted, r.engine.timestamp()
	if err := r.tx.FinishRun(ctx, &r.run, nil); err != nil {
		return fmt.Errorf("keep the run's record: %w", err)
	}
	if err := r.tx.Commit(); err != nil {
		return err
	}
	r.recorded = false
	return nil
}

// undoReplicas drops the replicas that the run made and puts the others back.
// The first image that the run kept of a replica is the one from before it.
func (r *runner) undoReplicas(ctx context.Context, id int64) error {
	if err := r.tx.DeleteReplicasMadeBy(ctx, id); err != nil {
		return fmt.Errorf("drop replicas: %w", err)
	}
	bySource := map[rollcall.ObjectID]*load{}
	for _, l := range r.loads {
		bySource[l.src.ID] = l
	}
	done := map[int64]bool{}
	return r.tx.ReplicaHistory(ctx, id, func(h *rollcall.ReplicaHistory) error {
		l := bySource[h.Before.Source]
		if l == nil || done[h.Before.ID] {
			return nil
		}
		done[h.Before.ID] = true
		if err := r.tx.RestoreReplica(ctx, l.src, h.Before); err != nil {
			return fmt.Errorf("put replica %d back: %w", h.Before.ID, err)
		}
		return nil
	})
}

// undoStandings makes what is known of a source's last complete load that of the
// load before, where the run was the last: whoever left since then left then,
// and a change of scope is a change again.
func (r *runner) undoStandings(ctx context.Context, id int64) error {
	for _, l := range r.loads {
		// A delta would not read again what is put back: its entries did not change.
		if err := r.tx.SaveResume(ctx, l.src.ID, rollcall.Resume{}); err != nil {
			return fmt.Errorf("source %s: %w", l.src.Name, err)
		}
		if l.src.ID == 0 || l.standing.LastRun != id {
			continue
		}
		before, err := r.engine.standingBefore(ctx, id, l.src.Name)
		if err != nil {
			return fmt.Errorf("source %s: find its load before: %w", l.src.Name, err)
		}
		before.Fingerprint, before.Drift = l.standing.Fingerprint, l.standing.Drift
		if err := r.tx.SaveStanding(ctx, l.src.ID, before); err != nil {
			return fmt.Errorf("source %s: keep its standing: %w", l.src.Name, err)
		}
	}
	return nil
}

// standingBefore is what a source's last complete load before a run left, the
// zero standing when there was none.
func (e *Engine) standingBefore(ctx context.Context, id int64, source string) (rollcall.Standing, error) {
	for id--; id > 0; id-- {
		run, err := e.store.Run(ctx, id)
		if rollcall.KindOf(err) == rollcall.NotFound {
			continue
		}
		if err != nil {
			return rollcall.Standing{}, err
		}
		i := slices.IndexFunc(run.Sources, func(s rollcall.SourceRun) bool { return s.Source == source })
		if i >= 0 && run.State == rollcall.RunCompleted && run.Undoes == 0 {
			return rollcall.Standing{LastComplete: run.Started, LastRun: run.ID, Scope: run.Sources[i].Scope}, nil
		}
	}
	return rollcall.Standing{}, nil
}
