package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"rollcall/internal/reconcile"
	"rollcall/internal/rollcall"
)

// join finds the objects of new entries by the source's join rule.
func (b *batching) join(ctx context.Context) error {
	attributes, rules := joinKey(&b.src.Rules)
	var at []int
	var keys [][]string
	first := map[string]int{} // join key -> the batch's first entry with it
	for i := range b.entries {
		if !b.isNew(i) {
			continue
		}
		key, ok := b.key(i, rules)
		if !ok {
			continue
		}
		if key == nil { // an empty value matches nobody
			if err := b.meet(i, nil, attributes, nil); err != nil {
				return err
			}
			continue
		}
		joined := rollcall.Fold(strings.Join(key, "\x00"))
		if other, taken := first[joined]; taken && b.src.Rules.OnOne == rollcall.ActUpdate {
			b.fail(i, &b.counters.ReconciledErrors, b.shared(attributes, key, b.entries[other].name, b.entries[other].key))
			continue
		}
		first[joined] = i
		at = append(at, i)
		keys = append(keys, key)
	}
	if len(at) == 0 {
		return nil
	}
	found, err := b.tx.Find(ctx, b.src.Class, attributes, keys)
	if err != nil {
		return fmt.Errorf("find by %s: %w", strings.Join(attributes, ", "), err)
	}
	if found, err = b.inScope(ctx, found); err != nil {
		return err
	}
	for n, i := range at {
		if err := b.meet(i, found[n], attributes, keys[n]); err != nil {
			return err
		}
	}
	return b.tie(ctx, at)
}

// joinKey returns the attributes of the join rule and the positions of their
// rules; position -1 is the entry key.
func joinKey(rules *rollcall.Rules) (attributes []string, positions []int) {
	if rules.JoinByID {
		return []string{"id"}, []int{-1}
	}
	for i := range rules.Attributes {
		if rules.Attributes[i].Reconcile {
			attributes = append(attributes, rules.Attributes[i].Attribute.Code)
			positions = append(positions, i)
		}
	}
	return attributes, positions
}

// key returns an entry's join key, nil when a part of it is empty. It is not ok
// when a part is not known at all.
func (b *batching) key(i int, rules []int) (key []string, ok bool) {
	key = make([]string, len(rules))
	isEmpty := false
	for k, n := range rules {
		if n < 0 {
			key[k] = b.entries[i].key
			continue
		}
		value := &b.resolved[i].values[n]
		if !value.IsSet && b.isBlank(i, n) {
			isEmpty = true
			continue
		}
		if !value.IsSet {
			b.fail(i, &b.counters.ReconciledErrors,
				fmt.Sprintf("Could not reconcile on null value for attribute '%s'", b.src.Rules.Attributes[n].Attribute.Code))
			return nil, false
		}
		key[k] = value.Text
		isEmpty = isEmpty || value.Text == ""
	}
	if isEmpty {
		return nil, true
	}
	return key, true
}

// isBlank reports whether a rule said nothing of its attribute because the entry
// has no value: of a value that could not be mapped there is a warning.
func (b *batching) isBlank(i, rule int) bool {
	r := &b.src.Rules.Attributes[rule]
	return r.KeepBlank && !slices.ContainsFunc(b.entries[i].warnings, func(w string) bool { return strings.HasPrefix(w, r.Attribute.Code+": ") })
}

// meet decides what an entry does with the objects it found.
func (b *batching) meet(i int, found []rollcall.ObjectID, attributes, key []string) error {
	j := reconcile.Join(&b.src.Rules, len(found), func() string { return reconcile.Criteria(attributes, key) })
	switch j.Action {
	case rollcall.ActCreate:
		return nil
	case rollcall.ActUpdate:
		b.replicas[i].Dest = rollcall.Ref{ID: found[0]}
		b.joined[i] = true
		return nil
	}
	b.fail(i, &b.counters.ReconciledErrors, j.Error)
	return nil
}

// tie loads the objects that entries are to be tied to, and sees whether
// another entry of this source has one already. One that this very load
// contains keeps it: two entries never share an object. One that is gone gives
// it up: its entry was made anew under another key.
func (b *batching) tie(ctx context.Context, at []int) error {
	var ids []rollcall.ObjectID
	for _, i := range at {
		if b.joined[i] {
			ids = append(ids, b.replicas[i].Dest.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	objects, err := b.objectsByID(ctx, ids)
	if err != nil {
		return err
	}
	owners, err := b.owners(ctx, ids)
	if err != nil {
		return err
	}
	for _, i := range at {
		if !b.joined[i] {
			continue
		}
		if err := b.takeOver(ctx, i, objects[b.replicas[i].Dest.ID], owners); err != nil {
			return err
		}
	}
	return nil
}

// owners returns this source's replicas by the object they are tied to.
func (b *batching) owners(ctx context.Context, ids []rollcall.ObjectID) (map[rollcall.ObjectID]*rollcall.Replica, error) {
	list, err := b.tx.ReplicasByDest(ctx, b.src.Class, ids)
	if err != nil {
		return nil, fmt.Errorf("load replicas: %w", err)
	}
	owners := map[rollcall.ObjectID]*rollcall.Replica{}
	for i := range list {
		if list[i].Source == b.src.ID {
			owners[list[i].Dest.ID] = &list[i]
		}
	}
	return owners, nil
}

func (b *batching) takeOver(ctx context.Context, i int, object *rollcall.Object, owners map[rollcall.ObjectID]*rollcall.Replica) error {
	replica := &b.replicas[i]
	if object == nil {
		return rollcall.Errorf(rollcall.Internal, "object %d was found but cannot be loaded", replica.Dest.ID)
	}
	if owner := owners[object.ID]; owner != nil && owner.ID != replica.ID {
		if b.isThere(owner) {
			replica.Dest, b.joined[i] = rollcall.Ref{}, false
			attributes, rules := joinKey(&b.src.Rules)
			key, _ := b.key(i, rules)
			b.fail(i, &b.counters.ReconciledErrors, b.shared(attributes, key, owner.Name, owner.Key))
			return nil
		}
		b.reason[i] = fmt.Sprintf("made anew: entry %s had it before", owner.Key)
		replica.IsCreator = owner.IsCreator
		b.drop(owner.ID)
		if err := b.forget(ctx, owner.ID); err != nil {
			return err
		}
	}
	replica.Dest.Class = object.Class.Name
	b.objects[i] = object
	return nil
}

// forget drops a replica, keeping what it was for an undo.
func (b *batching) forget(ctx context.Context, id int64) error {
	full, err := b.tx.Replicas(ctx, b.src, []int64{id})
	if err != nil {
		return fmt.Errorf("load replicas: %w", err)
	}
	for _, replica := range full {
		if err := b.tx.InsertReplicaHistory(ctx, []rollcall.ReplicaHistory{{Run: b.run.ID, Before: replica}}); err != nil {
			return fmt.Errorf("keep replica %d: %w", id, err)
		}
	}
	return b.tx.DeleteReplicas(ctx, b.src, []int64{id})
}

// drop remembers that a replica's object went to another entry of the load.
func (l *load) drop(id int64) {
	if l.dropped == nil {
		l.dropped = map[int64]bool{}
	}
	l.dropped[id] = true
}

// shared is the error of an entry whose object belongs to another entry.
func (b *batching) shared(attributes, key []string, name, otherKey string) string {
	return fmt.Sprintf("The entry has the same %s as %s (key %s), which is in the directory too; two entries do not share one object: make the join rule more exact",
		reconcile.Criteria(attributes, key), name, otherKey)
}
