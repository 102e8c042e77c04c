package engine

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// Deltas of sources with bindings. Who joins or leaves a group is read again, and
// has its grants decided about; all others keep theirs, which is right as long as
// the same groups are bound to the same things in the same way. A digest of that
// goes with the checkpoint: when it is another, the load is a full one.

// openDelta opens a delta from a checkpoint.
type openDelta func(ctx context.Context, since rollcall.Checkpoint, known source.Known) (source.Delta, error)

// deltaOpener returns how a delta of a source is opened, nil when it cannot be.
func deltaOpener(job *Job) openDelta {
	if len(job.Bindings) == 0 {
		if c, ok := job.Collector.(source.DeltaCollector); ok {
			return c.OpenDelta
		}
		return nil
	}
	c, ok := job.Collector.(source.DeltaGrouper)
	if !ok {
		return nil
	}
	only := slices.ContainsFunc(job.Bindings, func(b rollcall.Binding) bool { return b.OnlyGroups })
	return func(ctx context.Context, since rollcall.Checkpoint, known source.Known) (source.Delta, error) {
		return c.OpenGroupedDelta(ctx, since, known, only)
	}
}

// groupDigest sums up bindings and the groups that they mean.
type groupDigest [16]byte

// bound puts the digest before a checkpoint, where there are bindings.
func (l *load) bound(at rollcall.Checkpoint) rollcall.Checkpoint {
	if l.groups == nil || at == nil {
		return at
	}
	return append(l.groups.digest[:], at...)
}

// unbound is the opposite of bound.
func (l *load) unbound(at rollcall.Checkpoint) rollcall.Checkpoint {
	if len(l.job.Bindings) == 0 || len(at) < len(groupDigest{}) {
		return at
	}
	return at[len(groupDigest{}):]
}

// regroup reads the groups anew. It refuses the delta when what is bound is not
// what was bound before.
func (l *load) regroup(ctx context.Context, d source.GroupedDelta, since rollcall.Checkpoint) error {
	l.groups = &grouping{bindings: l.job.Bindings, of: map[string]span{}}
	err := d.Groups(func(groups []rollcall.Group, find source.GroupFinder) error { return l.groups.begin(ctx, groups, find) })
	if err != nil {
		return err
	}
	if len(since) < len(groupDigest{}) || groupDigest(since[:len(groupDigest{})]) != l.groups.digest {
		return &source.NoDelta{Reason: "the bindings, the bound groups or which groups are in which changed"}
	}
	return nil
}

// sum is the digest: the bindings, the groups that they mean with their names,
// and which groups are in which others.
func (g *grouping) sum() groupDigest {
	h := sha256.New()
	say := func(format string, args ...any) { fmt.Fprintf(h, format+"\n", args...) } // a hash never fails
	for i := range g.bindings {
		b := g.bindings[i]
		b.Line = 0
		text, err := json.Marshal(b)
		say("%s %v", text, err) // a pattern shows its text
		for _, at := range g.chosen[i] {
			say("%q %q %q", g.groups[at].Key, g.groups[at].DN, g.groups[at].Name)
		}
	}
	for i := range g.groups {
		if len(g.groups[i].Parents) == 0 {
			continue
		}
		say("%q", g.groups[i].Key)
		for _, at := range g.groups[i].Parents {
			say("in %q", g.groups[at].Key)
		}
	}
	return groupDigest(h.Sum(nil)[:len(groupDigest{})])
}

// boundAsBefore refuses deltas of bindings that give without anybody's groups
// changing: members are looked for by a filter, licences become free, somebody
// removed by hand what was given.
func (r *runner) boundAsBefore(ctx context.Context, l *load) error {
	for i := range l.job.Bindings {
		b := &l.job.Bindings[i]
		if b.Members != "" {
			return &source.NoDelta{Reason: "binding " + b.Name + " looks for members by a filter, which others may match without a change"}
		}
		for _, gift := range b.Gives {
			if gift.Kind == rollcall.GrantLicence {
				return &source.NoDelta{Reason: "binding " + b.Name + " gives licences, which become free without a change in the directory"}
			}
			lost, err := r.engine.store.LostGrants(ctx, l.src.ID, r.engine.model.Class(grantSpecOf(gift.Kind).link), []rollcall.GrantKind{gift.Kind})
			if err != nil {
				return err
			}
			if len(lost) > 0 {
				return &source.NoDelta{Reason: fmt.Sprintf("somebody removed %d of what binding %s gave", len(lost), b.Name)}
			}
		}
	}
	return nil
}
