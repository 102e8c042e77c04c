package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"rollcall/internal/binding"
	"rollcall/internal/reconcile"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// leave keeps a part of a run from judging absence, and reports whether it did.
// An import counts who is missing and leaves them to a removal; a retry leaves
// those that were not known to be missing before.
func (r *runner) leave(l *load) bool {
	switch r.opt.Only {
	case rollcall.PartImport:
		for _, m := range l.missing {
			if !m.isAway {
				l.left++
			}
		}
		l.counters.Missing += len(l.missing)
		l.missing = nil
		return true
	case rollcall.PartRetry:
		l.missing = slices.DeleteFunc(l.missing, func(a absentee) bool { return !a.isAway })
		return true
	}
	return false
}

// standing is what the run leaves known of a source.
func (r *runner) standing(l *load) rollcall.Standing {
	now := rollcall.Standing{
		LastComplete: r.run.Started, LastRun: r.run.ID,
		Scope: l.src.Scope, Fingerprint: l.src.Rules.Fingerprint, Drift: l.driftSeen,
	}
	was := l.standing
	was.LastRun = r.run.ID
	switch {
	case l.stand != nil, r.opt.Only == rollcall.PartRetry: // next to nothing was read
		return was
	case r.opt.Only == rollcall.PartRemoval:
		// Those that changed are an import's to see to, and what drifted is.
		now.Fingerprint, now.Drift = was.Fingerprint, was.Drift
	case r.opt.Only == rollcall.PartImport:
		now.Left = l.left
		if l.isDelta() { // it tells only of those that left since the load before
			now.Left += was.Left
		}
		if now.Left > 0 && !was.LastComplete.IsZero() {
			// A removal must still find what was read before, and since when they are gone.
			now.LastComplete, now.Scope = was.LastComplete, was.Scope
		}
	}
	return now
}

// carryResume has the next delta begin where it would have without this run,
// which changes nothing of what a delta is about.
func (r *runner) carryResume(ctx context.Context, l *load, why string) error {
	if l.job.FullEvery <= 0 || l.src.ID == 0 {
		return nil
	}
	resume, err := r.engine.store.Resume(ctx, l.src.ID)
	if err != nil {
		return err
	}
	if resume.Checkpoint == nil || resume.Run != l.standing.LastRun || resume.Replicas != l.standing.Replicas || l.standing.Scope != l.src.Scope {
		return nil // a full load is due in any case
	}
	l.delta = &delta{load: rollcall.LoadFull, why: why, resume: resume}
	return nil
}

// noteFailed keeps which entries are in trouble, to be tried again.
func (r *runner) noteFailed(ctx context.Context, l *load) error {
	if l.stand != nil {
		return nil // whoever delivers rows sees to them
	}
	if err := r.tx.NoteFailed(ctx, l.src.ID, r.run.Started); err != nil {
		return err
	}
	if r.opt.Only != rollcall.PartRetry || r.opt.Retries <= 0 {
		return nil
	}
	var err error
	l.parked, err = r.tx.RetriedEntries(ctx, l.src.ID, r.opt.Entries, r.run.Started, r.opt.Retries)
	return err
}

// mostPicked is how many entries are read one by one; from there on reading
// everything is not much slower.
const mostPicked = 20

// collectSome reads some entries of a source: one by one where that can be done,
// out of everything otherwise. Nobody counts as missing for not being read.
func (r *runner) collectSome(ctx context.Context, l *load) error {
	l.index = reconcile.NewPartialIndex()
	if l.src.ID != 0 {
		err := r.engine.store.MarksByKey(ctx, l.src.ID, r.opt.Entries, func(m *rollcall.Mark) error {
			m.Due = true
			return l.index.Add(m)
		})
		if errors.Is(err, reconcile.ErrCollision) {
			return rollcall.Errorf(rollcall.Unavailable, "compare: %w", err)
		}
		if err != nil {
			return fmt.Errorf("read the replicas: %w", err)
		}
	}
	if err := r.carryResume(ctx, l, fmt.Sprintf("%d entries are tried again", len(r.opt.Entries))); err != nil {
		return err
	}
	l.driftSeen = l.standing.Drift
	wanted := make(map[string]bool, len(r.opt.Entries))
	for _, key := range r.opt.Entries {
		wanted[key] = true
	}
	c := r.collecting(l)
	take := func(e *rollcall.Entry) error {
		if !wanted[string(e.Key)] {
			return nil
		}
		return c.take(e)
	}
	if err := r.readSome(ctx, l, take); err != nil {
		return fmt.Errorf("collect: %w", err)
	}
	return l.spool.seal()
}

func (r *runner) readSome(ctx context.Context, l *load, take func(*rollcall.Entry) error) error {
	picker, able := l.job.Collector.(source.Picker)
	if !able || len(l.job.Bindings) > 0 || len(r.opt.Entries) > mostPicked || l.src.ID == 0 {
		_, err := l.read(ctx, take)
		return err
	}
	names, err := r.engine.store.EntryNames(ctx, l.src.ID, r.opt.Entries)
	if err != nil {
		return err
	}
	for _, key := range r.opt.Entries {
		if names[key] == "" {
			continue
		}
		if err := picker.Pick(ctx, names[key], nil, take); err != nil {
			return err
		}
	}
	return nil
}

// leaveVanished leaves groups that vanished to a removal.
func (g *granting) leaveVanished(gone []rollcall.BoundGroup) {
	if g.opt.Only != rollcall.PartImport {
		return
	}
	for i := range gone {
		if b := g.bindingOf(gone[i].Binding); b == nil || b.Vanished != rollcall.VanishedKeep {
			g.left++
		}
	}
}

// takeGone takes away what a removal is to take: what those had who are gone,
// and what groups gave that vanished. Nobody is given anything.
func (g *granting) takeGone(ctx context.Context) error {
	_, vanished := binding.Targets(g.groups.bindings, g.groups.chosen, g.groups.groups, g.earlier)
	isGone := map[int64]bool{}
	for i := range vanished {
		isGone[vanished[i].ID] = true
	}
	still, ends := map[giftKey]bool{}, map[giftKey]bool{}
	for i := range g.earlier {
		e := &g.earlier[i]
		key := giftKey{e.Gift.Kind, e.Target.ID}
		b := g.bindingOf(e.Binding)
		switch {
		case !isGone[e.ID]:
			still[key] = true
			g.slots = append(g.slots, binding.Slot{Kind: e.Gift.Kind, Target: e.Target.ID})
		case b != nil && b.Vanished == rollcall.VanishedKeep:
			still[key] = true
		default:
			ends[key] = true
		}
	}
	there := map[rollcall.ObjectID]bool{}
	err := g.tx.Holders(ctx, g.src.ID, func(h *rollcall.Holder) error {
		there[h.ID] = there[h.ID] || !h.IsGone
		return nil
	})
	if err != nil {
		return err
	}
	var steps []grantStep
	err = g.tx.Grants(ctx, g.src.ID, func(grant *rollcall.Grant) error {
		g.had[grant.Binding]++
		key := giftKey{grant.Kind, grant.Target}
		if there[grant.Holder] && (still[key] || !ends[key]) {
			return nil
		}
		if there[grant.Holder] {
			g.lost[grant.Binding]++
		}
		if n := len(steps); n == 0 || steps[n-1].holder.ID != grant.Holder {
			steps = append(steps, grantStep{holder: rollcall.Holder{ID: grant.Holder, IsGone: !there[grant.Holder]}})
		}
		s := &steps[len(steps)-1]
		s.Take = append(s.Take, *grant)
		return nil
	})
	if err != nil {
		return err
	}
	if err := g.take(ctx, steps); err != nil {
		return err
	}
	return g.release(ctx, vanished)
}
