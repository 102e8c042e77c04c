package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"rollcall/internal/rollcall"
)

// stand is what makes a load one of rows that others delivered: there is
// nothing to collect, and a replica was seen when its row was written.
type stand struct {
	asOf   time.Time // the time of the run
	since  time.Time // by when a row must have been seen to be there
	count  rollcall.StandCount
	fresh  int    // replicas that look for their object in this run
	scope  string // an OQL query
	limits rollcall.Limits
}

// isThere reports whether a replica's entry is among those of the load.
func (l *load) isThere(r *rollcall.Replica) bool {
	if l.stand == nil {
		return l.index.IsSeen(r.Key)
	}
	return r.State != rollcall.StateObsolete && !l.seenAt(r).Before(l.stand.since)
}

// seenAt is when a replica was last seen.
func (l *load) seenAt(r *rollcall.Replica) time.Time {
	if r.LastSeen.IsZero() {
		return l.standing.LastComplete
	}
	return r.LastSeen
}

// overStanding is the path of a run over replicas as they stand, in the order of
// iTop 3.2.0: those who are gone, those who came or changed, those whose time of
// grace is over.
func (r *runner) overStanding(ctx context.Context, l *load, tx Tx) error {
	r.tx = tx
	r.remember()
	if tx != nil {
		if err := r.fulfil(ctx, l); err != nil {
			return err
		}
		return r.judgeStanding(ctx, l, nil)
	}
	if err := r.engine.ensureLookups(ctx, l.src); err != nil {
		return err
	}
	if !r.opt.DryRun {
		if err := r.engine.store.StartRun(ctx, &r.run); err != nil {
			return err
		}
		r.recorded = true
	}
	decide := func(ctx context.Context) (err error) {
		if r.tx, err = r.engine.begin(ctx); err != nil {
			r.tx = nil
			return err
		}
		return r.fulfil(ctx, l)
	}
	defer func() {
		if r.tx != nil {
			_ = r.tx.Rollback() // nothing to say once it is committed
		}
	}()
	if err := decide(ctx); err != nil {
		return err
	}
	if err := r.judgeStanding(ctx, l, decide); err != nil {
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

// judgeStanding holds the run when it would do more than the source's limits
// allow. The plan of one that has a record is kept.
func (r *runner) judgeStanding(ctx context.Context, l *load, decide func(context.Context) error) error {
	l.held = l.pastLimit(l.stand.limits, l.counters.Total, l.counters.Deleted+l.counters.Obsoleted+l.counters.DisappearedNoAction)
	if l.held == "" || r.opt.Approved {
		return nil
	}
	if !r.recorded {
		return rollcall.Errorf(rollcall.Stopped, "%s: nothing was changed", l.held)
	}
	err := rollcall.Errorf(rollcall.Stopped, "%s: nothing was changed, and run %d waits for approval", l.held, r.run.ID)
	if held := r.hold(ctx, decide); held != nil {
		return errors.Join(err, held)
	}
	return err
}

// worklist is what a run has to do with each replica that is not at rest.
type worklist struct {
	gone, late []absentee
	due        []int64
}

// fulfil does the work of the run within its transaction.
func (r *runner) fulfil(ctx context.Context, l *load) error {
	if err := r.tx.EnsureTable(ctx, l.src); err != nil {
		return fmt.Errorf("make its data table: %w", err)
	}
	l.editor = r.engine.registry.On(r.tx, rollcall.Origin{Kind: rollcall.OriginSync, By: r.run.By + " (Data Synchro)",
		Source: l.src.ID, Run: r.run.ID, At: r.run.Started})
	work, err := r.worklist(ctx, l)
	if err != nil {
		return err
	}
	l.missing = work.gone
	if err := r.remove(ctx, l); err != nil {
		return err
	}
	count, err := r.tx.StandCount(ctx, l.src.ID, l.stand.since, l.standing.LastComplete)
	if err != nil {
		return err
	}
	l.counters.Seen = count.Seen
	if err := r.take(ctx, l, work.due); err != nil {
		return err
	}
	l.missing = work.late
	return r.remove(ctx, l)
}

func (r *runner) worklist(ctx context.Context, l *load) (*worklist, error) {
	list, err := r.tx.StandIns(ctx, l.src.ID, l.stand.since, l.standing.LastComplete)
	if err != nil {
		return nil, err
	}
	drifted, newest, err := r.tx.Drifted(ctx, l.src, l.standing.Drift)
	if err != nil {
		return nil, err
	}
	l.standing.Drift = newest
	var work worklist
	then := l.src.Rules.Gone.Then
	known := make(map[int64]bool, len(list))
	for _, in := range list {
		known[in.ID] = true
		switch isObsolete := in.State == rollcall.StateObsolete; {
		case in.IsSeen && isObsolete: // its object could not be deleted; it waits until it is missed again or comes back
		case in.IsSeen:
			work.due = append(work.due, in.ID)
			count(&l.stand.fresh, in.State == rollcall.StateNew || in.State == rollcall.StateOrphan)
		case then == rollcall.GoneIgnore || then == "":
		case isObsolete && then == rollcall.GoneUpdateThenDelete:
			work.late = append(work.late, absentee{in.ID, true})
		default:
			work.gone = append(work.gone, absentee{in.ID, true})
		}
	}
	for _, id := range drifted {
		if !known[id] {
			work.due = append(work.due, id)
		}
	}
	slices.Sort(work.due)
	return &work, nil
}

// take makes the objects of replicas follow their rows, a batch at a time.
func (r *runner) take(ctx context.Context, l *load, ids []int64) error {
	var waiting []waiter
	done := 0
	for batch := range slices.Chunk(ids, batchSize) {
		r.progress(l, "apply", done, len(ids))
		done += len(batch)
		if err := ctx.Err(); err != nil {
			return err
		}
		b := &batching{runner: r, load: l}
		if err := b.standIn(ctx, batch); err != nil {
			return err
		}
		if err := b.applyLoaded(ctx, []func(context.Context) error{b.loadObjects, b.join, b.create, b.update, b.keep}); err != nil {
			return err
		}
		waiting = append(waiting, b.waiting...)
	}
	return r.applyWaiting(ctx, l, waiting)
}

// standIn makes entries of replicas and the rows that were delivered for them.
func (b *batching) standIn(ctx context.Context, ids []int64) error {
	if err := b.tx.HoldReplicas(ctx, b.src, ids); err != nil {
		return err
	}
	replicas, err := b.tx.Replicas(ctx, b.src, ids)
	if err != nil {
		return fmt.Errorf("load replicas: %w", err)
	}
	b.before, b.replicas = replicas, slices.Clone(replicas)
	b.entries = make([]staged, len(replicas))
	for i := range replicas {
		r := &b.replicas[i]
		row := r.Row
		if r.Delivered != nil {
			row = r.Delivered
		}
		b.entries[i] = staged{key: r.Key, name: r.Name, content: r.Content, replica: r.ID, row: row}
		if r.Name == "" {
			b.entries[i].name = r.Key
		}
		if r.State == rollcall.StateNew { // it looks for its object anew, whatever an earlier run found
			r.Dest, r.IsCreator = rollcall.Ref{}, false
		}
	}
	return nil
}

// inScope leaves out the objects that the source may not touch.
func (b *batching) inScope(ctx context.Context, found [][]rollcall.ObjectID) ([][]rollcall.ObjectID, error) {
	if b.stand == nil || b.stand.scope == "" {
		return found, nil
	}
	within, err := b.engine.scope(ctx, b.tx, b.src.Class, b.stand.scope, slices.Concat(found...))
	if err != nil {
		return nil, fmt.Errorf("scope restriction: %w", err)
	}
	kept := make([][]rollcall.ObjectID, len(found))
	for i, ids := range found {
		kept[i] = slices.DeleteFunc(slices.Clone(ids), func(id rollcall.ObjectID) bool { return !within[id] })
	}
	return kept, nil
}
