package engine

import (
	"context"
	"fmt"

	"rollcall/internal/reconcile"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// applyWaiting finishes the references between entries of one load, once all of
// them have their objects: two managers of each other, a manager read after his
// staff. What names nobody even now is a warning.
func (r *runner) applyWaiting(ctx context.Context, l *load, waiting []waiter) error {
	for len(waiting) > 0 {
		n := min(batchSize, len(waiting))
		if err := r.applyWaitingBatch(ctx, l, waiting[:n]); err != nil {
			return err
		}
		waiting = waiting[n:]
	}
	return nil
}

func (r *runner) applyWaitingBatch(ctx context.Context, l *load, waiting []waiter) error {
	b := &batching{runner: r, load: l}
	n := len(waiting)
	b.objects, b.joined = make([]*rollcall.Object, n), make([]bool, n)
	b.reason, b.failed = make([]string, n), make([]string, n)
	var err error
	if b.entries, err = b.again(ctx, waiting); err != nil {
		return err
	}
	if b.resolved, err = r.resolve(ctx, l, b.entries, true); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{b.loadReplicas, b.loadObjects} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := b.complete(ctx, waiting); err != nil {
		return err
	}
	return b.keepWarnings(ctx, waiting)
}

// again reads the entries that wait once more.
func (b *batching) again(ctx context.Context, waiting []waiter) ([]staged, error) {
	entries := make([]staged, 0, len(waiting))
	if b.stand != nil {
		ids := make([]int64, len(waiting))
		for i, w := range waiting {
			ids[i] = w.replica
		}
		err := b.standIn(ctx, ids)
		return b.entries, err
	}
	for _, w := range waiting {
		e, err := b.spool.read(w.at)
		if err != nil {
			return nil, err
		}
		e.replica = w.replica
		entries = append(entries, e)
	}
	return entries, nil
}

// complete sets the references that can be set now.
func (b *batching) complete(ctx context.Context, waiting []waiter) error {
	current, links, err := b.current(ctx)
	if err != nil {
		return err
	}
	var edits []registry.Edit
	var at []int
	for i := range b.entries {
		if b.objects[i] == nil {
			continue
		}
		b.inheritLinks(i, links)
		var late []reconcile.Step
		for _, step := range reconcile.Differ(&b.src.Rules, current[i], b.resolved[i].values, nil, b.entries[i].row) {
			if b.isLate(step.Rule) {
				late = append(late, step)
			}
		}
		edit := b.edit(i, late)
		edit.Completes = waiting[i].isMade
		if len(edit.Sets)+len(edit.Links) > 0 {
			edits = append(edits, edit)
			at = append(at, i)
		}
	}
	if len(edits) == 0 {
		return nil
	}
	outcomes, err := b.editor.Update(ctx, edits)
	if err != nil {
		return fmt.Errorf("update objects: %w", err)
	}
	for n, i := range at {
		if outcomes[n].Err != nil {
			b.resolved[i].warnings = append(b.resolved[i].warnings, updateFailed+outcomes[n].Err.Error())
			continue
		}
		if waiting[i].isMade || len(outcomes[n].Sets) == 0 {
			continue
		}
		count(&b.counters.Updated, !waiting[i].isTold)
		b.noteEdit(i)
		change := b.change(i, rollcall.VerbUpdate)
		change.Sets, change.Name = outcomes[n].Sets, b.objects[i].Name()
		if err := b.emit(change); err != nil {
			return err
		}
	}
	return nil
}

// isLate reports whether a rule's reference may have waited.
func (b *batching) isLate(n int) bool {
	rule := &b.src.Rules.Attributes[n]
	if rule.By == "" {
		return false
	}
	target := rule.Attribute.Target
	if rule.Attribute.Type == rollcall.TypeLinks {
		target = b.otherSide(rule).Name
	}
	return rule.By == "dn" && rule.Attribute.Type == rollcall.TypeLinks || b.mayWait(b.load, rule, target)
}

// keepWarnings writes what still names nobody into the replicas, so that they
// are tried again at the next run.
func (b *batching) keepWarnings(ctx context.Context, waiting []waiter) error {
	var changed []rollcall.Replica
	for i := range b.entries {
		replica := b.replicas[i]
		if b.stand == nil {
			replica.Name = b.entries[i].name
		}
		before := replica.LastWarning
		replica.LastWarning = warningText(b.resolved[i].warnings)
		if replica.LastWarning == before {
			continue
		}
		if before == "" {
			count(&b.counters.CreatedWarnings, waiting[i].isMade)
			isEdited := waiting[i].isTold || b.edited[i]
			count(&b.counters.UpdatedWarnings, !waiting[i].isMade && isEdited)
			count(&b.counters.UnchangedWarnings, !waiting[i].isMade && !isEdited)
		}
		b.problems.add(rollcall.Problem{Source: b.src.Name, Key: replica.Key, Entry: replica.Name,
			Reason: replica.LastWarning, Warning: true})
		changed = append(changed, replica)
	}
	return b.writeReplicas(ctx, b.load, changed)
}
