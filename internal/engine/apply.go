package engine

import (
	"context"
	"fmt"
	"strings"

	"rollcall/internal/reconcile"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// batchSize is how many entries are decided at a time: enough that a query's
// price is shared, few enough to be small beside the database's own cache.
const batchSize = 1000

// apply makes the source's object follow its definition, and then its entries'
// objects follow the entries.
func (r *runner) apply(ctx context.Context, l *load) error {
	if err := r.define(ctx, l); err != nil {
		return err
	}
	if err := r.mark(ctx, l); err != nil {
		return err
	}
	done := 0
	var waiting []waiter
	err := l.spool.batches(batchSize, func(batch []staged) error {
		r.progress(l, "apply", done, l.spool.len())
		done += len(batch)
		if err := ctx.Err(); err != nil {
			return err
		}
		b := &batching{runner: r, load: l, entries: l.single(batch)}
		if err := b.apply(ctx); err != nil {
			return err
		}
		waiting = append(waiting, b.waiting...)
		return nil
	})
	if err != nil {
		return err
	}
	// As on the wire, where an entry has its replica before the run begins.
	l.counters.Total = l.known() + l.arrivals
	l.counters.Seen = l.counters.Total - l.index.Missed()
	return r.applyWaiting(ctx, l, waiting)
}

// single leaves out the entries whose key another entry of the load shares.
func (l *load) single(batch []staged) []staged {
	if len(l.doubled) == 0 {
		return batch
	}
	kept := batch[:0:0]
	for _, e := range batch {
		if l.doubled[e.key] == nil {
			kept = append(kept, e)
		}
	}
	return kept
}

// batching is one batch of entries on its way: everything lies beside entries.
type batching struct {
	*runner
	*load
	entries  []staged
	resolved []resolved
	replicas []rollcall.Replica // the zero Replica for a new entry
	before   []rollcall.Replica // as loaded
	objects  []*rollcall.Object // tied or matched; nil when there is none
	joined   []bool             // tied just now
	reason   []string
	failed   []string // why nothing is done for the entry
	edited   map[int]bool
	waiting  []waiter
}

func (b *batching) apply(ctx context.Context) error {
	if len(b.entries) == 0 {
		return nil
	}
	return b.applyLoaded(ctx, []func(context.Context) error{b.loadReplicas, b.loadObjects, b.join, b.create, b.update, b.keep})
}

// applyLoaded takes the entries through steps.
func (b *batching) applyLoaded(ctx context.Context, steps []func(context.Context) error) error {
	n := len(b.entries)
	b.objects, b.joined = make([]*rollcall.Object, n), make([]bool, n)
	b.reason, b.failed = make([]string, n), make([]string, n)
	var err error
	if b.resolved, err = b.resolve(ctx, b.load, b.entries, false); err != nil {
		return err
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// loadReplicas gets the replicas of the entries that have one.
func (b *batching) loadReplicas(ctx context.Context) error {
	b.replicas = make([]rollcall.Replica, len(b.entries))
	b.before = make([]rollcall.Replica, len(b.entries))
	at := map[int64]int{}
	var ids []int64
	for i := range b.entries {
		if id := b.entries[i].replica; id != 0 {
			at[id] = i
			ids = append(ids, id)
		}
	}
	if len(ids) > 0 {
		found, err := b.tx.Replicas(ctx, b.src, ids)
		if err != nil {
			return fmt.Errorf("load replicas: %w", err)
		}
		for _, replica := range found {
			i, ok := at[replica.ID]
			if !ok || replica.Key != b.entries[i].key {
				return rollcall.Errorf(rollcall.Unavailable, "compare: %w", reconcile.ErrCollision)
			}
			if name, moved := b.movedFrom[replica.ID]; moved {
				replica.Name = name
			}
			b.replicas[i], b.before[i] = replica, replica
		}
	}
	for i := range b.entries {
		if id := b.entries[i].replica; id != 0 && b.replicas[i].ID == 0 {
			return rollcall.Errorf(rollcall.Conflict, "replica %d vanished during the run: run again", id)
		}
	}
	return nil
}

// loadObjects gets the objects that the replicas are tied to. An object that is
// no longer there leaves an orphan.
func (b *batching) loadObjects(ctx context.Context) error {
	var ids []rollcall.ObjectID
	for i := range b.replicas {
		if id := b.replicas[i].Dest.ID; id != 0 {
			ids = append(ids, id)
		}
	}
	objects, err := b.objectsByID(ctx, ids)
	if err != nil {
		return err
	}
	for i := range b.replicas {
		dest := b.replicas[i].Dest
		if dest.ID == 0 {
			continue
		}
		if b.objects[i] = objects[dest.ID]; b.objects[i] == nil && b.replicas[i].State == rollcall.StateOrphan {
			// Said once; now it looks for an object as a new entry does.
			b.replicas[i].Dest, b.replicas[i].State, b.replicas[i].IsCreator = rollcall.Ref{}, rollcall.StateNew, false
			continue
		}
		if b.objects[i] == nil {
			b.fail(i, &b.counters.UpdatedErrors, "Destination object deleted unexpectedly")
			b.replicas[i].State = rollcall.StateOrphan
		}
	}
	return nil
}

func (b *batching) objectsByID(ctx context.Context, ids []rollcall.ObjectID) (map[rollcall.ObjectID]*rollcall.Object, error) {
	byID := make(map[rollcall.ObjectID]*rollcall.Object, len(ids))
	if len(ids) == 0 {
		return byID, nil
	}
	list, err := b.tx.Objects(ctx, b.src.Class, ids)
	if err != nil {
		return nil, fmt.Errorf("load objects: %w", err)
	}
	for i := range list {
		byID[list[i].ID] = &list[i]
	}
	return byID, nil
}

// isNew reports whether an entry still looks for its object.
func (b *batching) isNew(i int) bool {
	return b.replicas[i].Dest.ID == 0 && b.failed[i] == ""
}

// create makes the objects of new entries that found none.
func (b *batching) create(ctx context.Context) error {
	var drafts []registry.Draft
	var at []int
	for i := range b.entries {
		if !b.isNew(i) || b.objects[i] != nil {
			continue
		}
		if b.resolved[i].err != "" {
			b.fail(i, &b.counters.CreatedErrors, createFailed+b.resolved[i].err)
			continue
		}
		drafts = append(drafts, b.draft(i))
		at = append(at, i)
	}
	if len(drafts) == 0 {
		return nil
	}
	refused, err := b.editor.Create(ctx, drafts)
	if err != nil {
		return fmt.Errorf("create objects: %w", err)
	}
	names, err := b.linkNames(ctx)
	if err != nil {
		return err
	}
	for d, i := range at {
		if refused[d] != nil {
			b.fail(i, &b.counters.CreatedErrors, createFailed+issues(refused[d], b.src.Class, -1))
			continue
		}
		if err := b.created(i, &drafts[d], names); err != nil {
			return err
		}
	}
	return nil
}

const (
	createFailed = "Unable to create destination object: "
	updateFailed = "Unable to update destination object: "
)

// issues adds the tail that iTop 3.2.0 gives its refusals: every reason once
// more, counted.
func issues(err error, class *rollcall.Class, id rollcall.ObjectID) string {
	list := registry.IssuesOf(err)
	if len(list) == 0 {
		return err.Error()
	}
	numbered := make([]string, len(list))
	for i, issue := range list {
		numbered[i] = fmt.Sprintf("%d=>%s", i, issue)
	}
	return fmt.Sprintf("%s: issues = {%s}, class = %s, id = %d", err, strings.Join(numbered, ","), class.Name, id)
}

func (b *batching) draft(i int) registry.Draft {
	d := registry.Draft{Object: rollcall.NewObject(b.src.Class), Key: b.entries[i].key, Reason: b.entries[i].name}
	for n := range b.src.Rules.Attributes {
		rule, value := &b.src.Rules.Attributes[n], &b.resolved[i].values[n]
		if !rule.Update || !value.IsSet {
			continue
		}
		if rule.Attribute.Type == rollcall.TypeLinks {
			if d.Links == nil {
				d.Links = map[string][]rollcall.Link{}
			}
			d.Links[rule.Attribute.Code] = b.resolved[i].links[n]
			continue
		}
		d.Object.Values[rule.Attribute.Column] = value.Text
	}
	return d
}

func (b *batching) created(i int, d *registry.Draft, names map[rollcall.Ref]string) error {
	replica := &b.replicas[i]
	replica.Dest = rollcall.Ref{Class: b.src.Class.Name, ID: d.Object.ID}
	replica.IsCreator, replica.Created = true, b.run.Started
	b.noteMade(b.src.Class.Root, d.Object.ID)
	b.counters.Created++
	if len(b.resolved[i].warnings) > 0 {
		b.counters.CreatedWarnings++
	}
	if !b.isTold() {
		return nil
	}
	change := b.change(i, rollcall.VerbProvision)
	change.Name = d.Object.Name()
	for n := range b.src.Rules.Attributes {
		rule, value := &b.src.Rules.Attributes[n], &b.resolved[i].values[n]
		if !rule.Update || (!value.IsSet || value.Text == "") && !b.pending(i, n) {
			continue
		}
		set := rollcall.Set{Attribute: rule.Attribute.Code, New: value.Text, NewText: value.Shown}
		if rule.Attribute.Type == rollcall.TypePassword {
			set.New = "*****"
		}
		if links, isSet := b.resolved[i].links[n]; isSet {
			set.NewText = b.namesOf(rule, links, names)
		}
		change.Sets = append(change.Sets, set)
	}
	return b.emit(change)
}

// pending reports whether a reference of the entry waits for another entry of
// the load: what is shown of it is the name it was given by.
func (b *batching) pending(i, rule int) bool {
	value := &b.resolved[i].values[rule]
	return !value.IsSet && value.Shown != ""
}

// change starts the line of the plan for an entry.
func (b *batching) change(i int, verb rollcall.Verb) *rollcall.Change {
	e, replica := &b.entries[i], &b.replicas[i]
	c := &rollcall.Change{Source: b.src.Name, Key: e.key, Entry: e.name, Verb: verb, Class: b.src.Class.Name,
		Reason: b.reason[i], Warnings: b.resolved[i].warnings}
	if verb != rollcall.VerbProvision {
		c.ID = replica.Dest.ID
	}
	return c
}

// fail keeps why nothing was done for an entry; its replica is tried again at
// every run.
func (b *batching) fail(i int, counter *int, text string) {
	b.failed[i] = text
	// As iTop: a replica with an error has no warnings. The report has both, since
	// a reference that names nobody is often what the error comes of.
	b.resolved[i].lost = append(b.resolved[i].lost, b.resolved[i].warnings...)
	b.resolved[i].warnings = nil
	*counter++
}
