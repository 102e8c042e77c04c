package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"rollcall/internal/reconcile"
	"rollcall/internal/rollcall"
)

// absentee is a replica whose entry a complete load did not contain.
type absentee struct {
	id     int64
	isAway bool // an earlier load missed it already
}

// mark says of every replica where its entry is now, before anything is looked
// up by name: those that moved get their new name, those that are missing for
// the first time get the time when they were last seen and lose theirs.
func (r *runner) mark(ctx context.Context, l *load) error {
	if err := r.move(ctx, l); err != nil {
		return err
	}
	if err := r.reportDoubled(ctx, l); err != nil {
		return err
	}
	l.index.Missing(func(id int64, away, _ bool) bool {
		l.missing = append(l.missing, absentee{id, away})
		return true
	})
	slices.SortFunc(l.missing, func(a, b absentee) int { return cmp.Compare(a.id, b.id) })
	if err := r.spare(ctx, l); err != nil {
		return err
	}
	if r.leave(l) {
		return nil
	}
	var first []int64
	for _, m := range l.missing {
		if !m.isAway {
			first = append(first, m.id)
		}
	}
	l.missed = len(first)
	if len(first) == 0 {
		return nil
	}
	if err := r.keepBefore(ctx, l, first); err != nil {
		return err
	}
	if err := r.tx.SetLastSeen(ctx, l.src.ID, first, l.standing.LastComplete); err != nil {
		return fmt.Errorf("mark missing replicas: %w", err)
	}
	return nil
}

// move gives the replicas of entries that moved their new names.
func (r *runner) move(ctx context.Context, l *load) error {
	l.movedFrom = map[int64]string{}
	if l.spool.known == 0 && len(l.doubled) == 0 {
		return nil
	}
	return l.spool.batches(batchSize, func(batch []staged) error {
		names := map[int64]string{}
		for i := range batch {
			d := l.doubled[batch[i].key]
			switch {
			case d != nil:
				d.first = batch[i].name
				l.unsure.add([]byte(d.first))
			case batch[i].replica != 0 && batch[i].verdict != reconcile.Due:
				names[batch[i].replica] = batch[i].name
			}
		}
		if len(names) == 0 {
			return nil
		}
		was, err := r.tx.MoveReplicas(ctx, l.src.ID, names)
		if err != nil {
			return fmt.Errorf("move replicas: %w", err)
		}
		for id, name := range was {
			l.movedFrom[id] = name
		}
		return nil
	})
}

// keepBefore keeps what replicas were, for an undo.
func (r *runner) keepBefore(ctx context.Context, l *load, ids []int64) error {
	for batch := range slices.Chunk(ids, batchSize) {
		replicas, err := r.tx.Replicas(ctx, l.src, batch)
		if err != nil {
			return fmt.Errorf("load replicas: %w", err)
		}
		history := make([]rollcall.ReplicaHistory, len(replicas))
		for i := range replicas {
			history[i] = rollcall.ReplicaHistory{Run: r.run.ID, Before: replicas[i]}
		}
		if err := r.tx.InsertReplicaHistory(ctx, history); err != nil {
			return fmt.Errorf("keep what replicas were: %w", err)
		}
	}
	return nil
}

// removal is what the absentees of a source come to.
type removal struct {
	*runner
	*load
	disable, remove, forget []rollcall.Replica
	firsts                  map[int64]bool
}

// remove carries out what follows for everyone who is gone.
func (r *runner) remove(ctx context.Context, l *load) error {
	g := &removal{runner: r, load: l, firsts: map[int64]bool{}}
	ids := make([]int64, 0, len(l.missing))
	for _, m := range l.missing {
		if l.dropped[m.id] {
			continue
		}
		ids = append(ids, m.id)
		g.firsts[m.id] = !m.isAway
	}
	for batch := range slices.Chunk(ids, batchSize) {
		r.progress(l, "remove", 0, len(ids))
		if err := ctx.Err(); err != nil {
			return err
		}
		replicas, err := r.tx.Replicas(ctx, l.src, batch)
		if err != nil {
			return fmt.Errorf("load replicas: %w", err)
		}
		for i := range replicas {
			if err := g.sort(&replicas[i]); err != nil {
				return err
			}
		}
	}
	for _, step := range []func(context.Context) error{g.disableAll, g.removeAll, g.forgetAll} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// sort asks the decision about one absentee.
func (g *removal) sort(replica *rollcall.Replica) error {
	seen, now := replica.LastSeen, g.run.Started
	if g.stand != nil {
		seen, now = g.seenAt(replica), g.stand.asOf
		replica.LastSeen = seen
	}
	if g.firsts[replica.ID] {
		replica.LastSeen = time.Time{} // so Absent knows that this load is the first without it
	}
	verb := reconcile.Absent(g.src.Rules.Gone, replica, seen, now)
	replica.LastSeen = seen
	switch verb {
	case rollcall.VerbDisable:
		g.disable = append(g.disable, *replica)
	case rollcall.VerbDelete:
		g.remove = append(g.remove, *replica)
	case rollcall.VerbForget:
		g.forget = append(g.forget, *replica)
	default:
		g.counters.Missing++
	}
	if verb != rollcall.VerbMiss {
		return nil
	}
	change := g.change(replica, verb)
	change.Reason = g.wait(seen)
	return g.emit(change)
}

func (g *removal) change(replica *rollcall.Replica, verb rollcall.Verb) *rollcall.Change {
	return &rollcall.Change{Source: g.src.Name, Key: replica.Key, Entry: replica.Name, Verb: verb,
		Class: replica.Dest.Class, ID: replica.Dest.ID}
}

// wait says what becomes of an entry that is missing since now.
func (g *removal) wait(seen time.Time) string {
	gone := g.src.Rules.Gone
	if gone.Then == "" || gone.Then == rollcall.GoneIgnore {
		return "its object is kept (gone: ignore)"
	}
	return fmt.Sprintf("%s after %s", gone.Then, seen.Add(gone.After).Format(time.DateTime))
}

func (g *removal) objectsOf(ctx context.Context, replicas []rollcall.Replica) (map[rollcall.ObjectID]*rollcall.Object, error) {
	ids := make([]rollcall.ObjectID, len(replicas))
	for i := range replicas {
		ids[i] = replicas[i].Dest.ID
	}
	b := batching{runner: g.runner, load: g.load}
	return b.objectsByID(ctx, ids)
}

func (g *removal) failed(replica *rollcall.Replica, text string) error {
	replica.LastError = errorText(text)
	g.problems.add(rollcall.Problem{Source: g.src.Name, Key: replica.Key, Entry: replica.Name, Reason: text})
	change := g.change(replica, rollcall.VerbFail)
	change.Error = text
	return g.emit(change)
}

// removeAll deletes the objects that the source made for entries that are gone.
// The registry takes dependents first, and drops the replicas of what it
// deletes.
func (g *removal) removeAll(ctx context.Context) error {
	if len(g.remove) == 0 {
		return nil
	}
	objects, err := g.objectsOf(ctx, g.remove)
	if err != nil {
		return err
	}
	var ids []rollcall.ObjectID
	var at []int
	reasons := map[rollcall.ObjectID]*rollcall.Replica{}
	for i := range g.remove {
		id := g.remove[i].Dest.ID
		if objects[id] == nil {
			g.forget = append(g.forget, g.remove[i])
			continue
		}
		ids = append(ids, id)
		at = append(at, i)
		reasons[id] = &g.remove[i]
	}
	if err := g.keepReplicas(ctx, g.remove); err != nil {
		return err
	}
	refused, err := g.editor.Delete(ctx, g.src.Class, ids, func(id rollcall.ObjectID) (key, reason string) {
		if replica := reasons[id]; replica != nil {
			return replica.Key, "gone since " + replica.LastSeen.Format(time.DateTime)
		}
		return "", "depends on a deleted object"
	})
	if err != nil {
		return fmt.Errorf("delete objects: %w", err)
	}
	var left []rollcall.Replica
	for n, i := range at {
		replica := &g.remove[i]
		if refused[n] != nil {
			g.counters.DeletedErrors++
			replica.State = rollcall.StateObsolete
			if err := g.failed(replica, "Unable to delete the destination object: "+refused[n].Error()); err != nil {
				return err
			}
			left = append(left, *replica)
			continue
		}
		g.counters.Deleted++
		change := g.change(replica, rollcall.VerbDelete)
		change.Name, change.Reason = objects[replica.Dest.ID].Name(), "gone since "+replica.LastSeen.Format(time.DateTime)
		if err := g.emit(change); err != nil {
			return err
		}
	}
	return g.update(ctx, left)
}

// forgetAll drops the replicas whose objects stay, or never were.
func (g *removal) forgetAll(ctx context.Context) error {
	if len(g.forget) == 0 {
		return nil
	}
	if err := g.keepReplicas(ctx, g.forget); err != nil {
		return err
	}
	ids := make([]int64, len(g.forget))
	for i := range g.forget {
		ids[i] = g.forget[i].ID
		g.counters.DisappearedNoAction++
		change := g.change(&g.forget[i], rollcall.VerbForget)
		change.Reason = "the object was there before its entry and stays"
		if g.forget[i].Dest.ID == 0 {
			change.Reason = "the entry never got an object"
		}
		if err := g.emit(change); err != nil {
			return err
		}
	}
	if err := g.tx.DeleteReplicas(ctx, g.src, ids); err != nil {
		return fmt.Errorf("drop replicas: %w", err)
	}
	return nil
}

// write keeps what replicas were and writes what they are.
func (g *removal) write(ctx context.Context, replicas []rollcall.Replica) error {
	ids := make([]int64, len(replicas))
	for i := range replicas {
		ids[i] = replicas[i].ID
	}
	before, err := g.tx.Replicas(ctx, g.src, ids)
	if err != nil {
		return fmt.Errorf("load replicas: %w", err)
	}
	if err := g.keepReplicas(ctx, before); err != nil {
		return err
	}
	return g.update(ctx, replicas)
}

func (g *removal) update(ctx context.Context, replicas []rollcall.Replica) error {
	return g.writeReplicas(ctx, g.load, replicas)
}

func (g *removal) keepReplicas(ctx context.Context, replicas []rollcall.Replica) error {
	history := make([]rollcall.ReplicaHistory, 0, len(replicas))
	for i := range replicas {
		if !g.firsts[replicas[i].ID] { // mark kept it already, as it was before
			history = append(history, rollcall.ReplicaHistory{Run: g.run.ID, Before: replicas[i]})
		}
	}
	if err := g.tx.InsertReplicaHistory(ctx, history); err != nil {
		return fmt.Errorf("keep what replicas were: %w", err)
	}
	return nil
}
