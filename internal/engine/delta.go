package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rollcall/internal/reconcile"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// deltaStore is what delta loads ask of the store.
type deltaStore interface {
	Resume(ctx context.Context, source rollcall.ObjectID) (rollcall.Resume, error)
	// MarksByKey yields the marks of the replicas with the given keys.
	MarksByKey(ctx context.Context, source rollcall.ObjectID, keys []string, yield func(*rollcall.Mark) error) error
	// RestlessMarks yields the marks of the replicas that are decided about whether or not their entries changed.
	RestlessMarks(ctx context.Context, source rollcall.ObjectID, ids []int64, yield func(*rollcall.Mark) error) error
	// ObjectsOf returns the objects that replicas are tied to, in no order.
	ObjectsOf(ctx context.Context, replicas []int64) ([]rollcall.ObjectID, error)
	ReplicasByDest(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) ([]rollcall.Replica, error)
	Referrers(ctx context.Context, key *rollcall.Attribute, holder *rollcall.Class, targets []rollcall.ObjectID) ([]rollcall.Referrer, error)
	LostGrants(ctx context.Context, source rollcall.ObjectID, link *rollcall.Class, kinds []rollcall.GrantKind) (map[int64]bool, error)
	// EachEntryName yields the keys and names of the entries that are not missing; both are lent.
	EachEntryName(ctx context.Context, source rollcall.ObjectID, yield func(key, name []byte) error) error
	// EntryNames returns the names that entries had when last read, by key.
	EntryNames(ctx context.Context, source rollcall.ObjectID, keys []string) (map[string]string, error)
	ReplicaByKey(ctx context.Context, source rollcall.ObjectID, key string) (rollcall.Replica, bool, error)
}

// delta is how a load is made of a source that asks for deltas.
type delta struct {
	load   rollcall.Load
	why    string
	resume rollcall.Resume // what the next load will begin with

	followed map[int64]bool // replicas that are gone, whose referrers were read
}

// mostChanged is the share of a source's entries from which on reading
// everything is faster than reading what changed, one in so many.
const mostChanged = 5

// fewChanged are read as a delta, whatever their share.
const fewChanged = 1000

// isDelta reports whether the load read only what changed.
func (l *load) isDelta() bool { return l.delta != nil && l.delta.load == rollcall.LoadDelta }

// known is how many replicas the source had before the load.
func (l *load) known() int {
	if l.isDelta() {
		return l.standing.Replicas
	}
	return l.index.Known()
}

// collectDelta reads what changed since the load before. It is not done when a
// full load must be made, and remembers why.
//
// Two things make a delta safe. An entry is gone only when it was asked for by
// its key and not found, whatever made it suspect. And what a compare of all
// entries would decide about besides, a delta decides about too: entries in
// trouble, those that are missing, objects that somebody else changed.
func (r *runner) collectDelta(ctx context.Context, l *load) (done bool, err error) {
	collector := deltaOpener(l.job)
	if l.job.FullEvery <= 0 || collector == nil {
		return false, nil
	}
	if r.opt.Only == rollcall.PartRemoval {
		return false, r.carryResume(ctx, l, "a removal reads everything")
	}
	l.delta = &delta{load: rollcall.LoadFull}
	l.delta.why, err = r.readDelta(ctx, l, collector)
	if refusal, ok := errors.AsType[*source.NoDelta](err); ok {
		l.delta.why, err = refusal.Reason, nil
		l.delta.load = rollcall.LoadFull
		l.counters, l.unsure, l.doubled, l.groups = rollcall.Counters{}, unsure{}, nil, nil
	}
	if err != nil {
		return false, fmt.Errorf("collect what changed: %w", err)
	}
	return l.isDelta(), nil
}

// readDelta makes a delta load; its words say what it found. Its error is a
// *source.NoDelta when it is to be a full one.
func (r *runner) readDelta(ctx context.Context, l *load, open openDelta) (string, error) {
	if r.opt.Full {
		return "", &source.NoDelta{Reason: "asked for"}
	}
	if l.src.ID == 0 {
		return "", &source.NoDelta{Reason: "the first load"}
	}
	resume, err := r.engine.store.Resume(ctx, l.src.ID)
	if err != nil {
		return "", err
	}
	if resume.Checkpoint == nil {
		reason := "the load before left no checkpoint"
		if len(l.job.Bindings) > 0 {
			reason += ", as one with problems in its bindings does"
		}
		return "", &source.NoDelta{Reason: reason}
	}
	// Opened even when a full load is due: a server that is behind must not be read.
	d, err := open(ctx, l.unbound(resume.Checkpoint), knownEntries{r.engine.store, l.src.ID})
	if err != nil {
		return "", err
	}
	defer d.Close()
	if why := r.mustBeFull(l, &resume); why != "" {
		return "", &source.NoDelta{Reason: why}
	}
	if err := r.boundAsBefore(ctx, l); err != nil {
		return "", err
	}
	return r.takeDelta(ctx, l, d, resume)
}

// mustBeFull says why what is known of the source does not bear a delta, "" when
// it does.
func (r *runner) mustBeFull(l *load, resume *rollcall.Resume) string {
	for i := range l.src.Rules.Attributes {
		rule := &l.src.Rules.Attributes[i]
		isOther := rule.Source != "" && rule.Source != l.src.Name
		if namesEntries(rule) && (isOther || rule.Attribute.Type == rollcall.TypeLinks) {
			return rule.Attribute.Code + " names entries of another source, which may go without a trace in the entry that names them"
		}
	}
	switch {
	case l.standing.Left > 0 && r.opt.Only == rollcall.PartAll:
		return fmt.Sprintf("imports left %d entries that are gone", l.standing.Left)
	case l.standing.Fingerprint != l.src.Rules.Fingerprint:
		return "the rules of the source changed"
	case l.standing.Scope != l.src.Scope:
		return "what is read changed"
	case l.standing.LastRun != resume.Run:
		return fmt.Sprintf("run %d came between", l.standing.LastRun)
	case r.run.Started.Sub(resume.LastFull) >= l.job.FullEvery:
		return "due: the last one was at " + resume.LastFull.Format(time.DateTime)
	case r.run.Started.Before(resume.LastFull):
		return "the clock went back"
	}
	return ""
}

func (r *runner) takeDelta(ctx context.Context, l *load, d source.Delta, resume rollcall.Resume) (string, error) {
	changed, err := d.Changed(ctx)
	if err != nil {
		return "", err
	}
	if most := max(fewChanged, l.standing.Replicas/mostChanged); len(changed) > most {
		return "", &source.NoDelta{Reason: fmt.Sprintf("%d entries may have changed, which is too many for a delta", len(changed))}
	}
	if grouped, ok := d.(source.GroupedDelta); ok && len(l.job.Bindings) > 0 {
		if err := l.regroup(ctx, grouped, resume.Checkpoint); err != nil {
			return "", err
		}
	}
	keys, err := r.loadPartIndex(ctx, l, changed)
	if err != nil {
		return "", err
	}
	l.delta.load, l.delta.followed = rollcall.LoadDelta, map[int64]bool{}
	c := r.collecting(l)
	for more := keys; len(more) > 0; keys = append(keys, more...) {
		if err := d.Read(ctx, more, c.take); err != nil {
			return "", err
		}
		if more, err = r.referrers(ctx, l); err != nil {
			return "", err
		}
	}
	resume.Checkpoint = l.bound(d.Checkpoint())
	l.delta.resume = resume
	return fmt.Sprintf("%d reported as changed, %d looked at", len(changed), len(keys)), l.spool.seal()
}

// loadPartIndex enters the replicas that a delta decides about, and returns the
// keys to read: those reported, and those of replicas that are due.
func (r *runner) loadPartIndex(ctx context.Context, l *load, changed []string) ([]string, error) {
	l.index = reconcile.NewPartialIndex()
	list, drifted, err := r.drifted(ctx, l)
	if err != nil {
		return nil, err
	}
	keys := slices.Clone(changed)
	wanted := make(map[string]bool, len(changed))
	for _, key := range changed {
		wanted[key] = true
	}
	have := map[string]bool{}
	add := func(m *rollcall.Mark) error {
		if have[string(m.Key)] {
			return nil
		}
		key := string(m.Key)
		have[key] = true
		m.Due = m.Due || drifted[m.ID]
		if m.Due && m.LastSeen.IsZero() && !wanted[key] {
			keys = append(keys, key)
		}
		return l.index.Add(m)
	}
	err = r.engine.store.RestlessMarks(ctx, l.src.ID, list, add)
	if err == nil {
		err = r.engine.store.MarksByKey(ctx, l.src.ID, changed, add)
	}
	if errors.Is(err, reconcile.ErrCollision) {
		return nil, rollcall.Errorf(rollcall.Unavailable, "compare: %w", err)
	}
	return keys, err
}

// referrers returns the keys of entries, not read yet, that refer by DN to
// entries which this load found to be gone. A server takes such a reference out
// without counting that as a change of the entry which has it (Active Directory,
// and OpenLDAP with refint).
func (r *runner) referrers(ctx context.Context, l *load) ([]string, error) {
	var gone []int64
	l.index.Missing(func(id int64, away, _ bool) bool {
		if !away && !l.delta.followed[id] {
			l.delta.followed[id] = true
			gone = append(gone, id)
		}
		return true
	})
	if len(gone) == 0 {
		return nil, nil
	}
	targets, err := r.engine.store.ObjectsOf(ctx, gone)
	if err != nil {
		return nil, err
	}
	var holders []rollcall.ObjectID
	for i := range l.src.Rules.Attributes {
		rule := &l.src.Rules.Attributes[i]
		if !namesEntries(rule) || len(targets) == 0 {
			continue
		}
		found, err := r.engine.store.Referrers(ctx, rule.Attribute, l.src.Class, targets)
		if err != nil {
			return nil, fmt.Errorf("look for references to who is gone: %w", err)
		}
		for _, f := range found {
			holders = append(holders, f.Object.ID)
		}
	}
	if len(holders) == 0 {
		return nil, nil
	}
	replicas, err := r.engine.store.ReplicasByDest(ctx, l.src.Class, holders)
	if err != nil {
		return nil, fmt.Errorf("load replicas: %w", err)
	}
	var keys []string
	for i := range replicas {
		if replicas[i].Source == l.src.ID && !l.index.Has(replicas[i].Key) {
			keys = append(keys, replicas[i].Key)
		}
	}
	err = r.engine.store.MarksByKey(ctx, l.src.ID, keys, l.index.Add)
	return keys, err
}

// namesEntries reports whether a rule's attribute names other entries by DN. An
// entry's own DN changes with the entry alone.
func namesEntries(rule *rollcall.AttributeRule) bool {
	return rule.By == "dn" && !strings.EqualFold(rule.From, rollcall.FieldDN)
}

// saveResume keeps where the next delta begins, with everything else of the run
// or not at all.
func (r *runner) saveResume(ctx context.Context, l *load) error {
	if l.delta == nil {
		return nil
	}
	resume := l.delta.resume
	resume.Run = r.run.ID
	switch {
	case r.tx.DroppedReplicas(l.src.ID) > l.counters.Deleted:
		resume = rollcall.Resume{} // other sources' objects went, and replicas of this one with them: a delta would not find their entries
	case l.granting != nil && l.granting.isPartly:
		resume = rollcall.Resume{} // who did not get a thing is tried again, without having changed
	}
	if err := r.tx.SaveResume(ctx, l.src.ID, resume); err != nil {
		return fmt.Errorf("keep its checkpoint: %w", err)
	}
	return nil
}

// knownEntries is source.Known of one source.
type knownEntries struct {
	store  Store
	source rollcall.ObjectID
}

func (k knownEntries) Keys(ctx context.Context, yield func(key []byte) error) error {
	return k.store.Marks(ctx, k.source, func(m *rollcall.Mark) error {
		if !m.LastSeen.IsZero() {
			return nil // missing already
		}
		return yield(m.Key)
	})
}

func (k knownEntries) Named(ctx context.Context, yield func(key, name []byte) error) error {
	return k.store.EachEntryName(ctx, k.source, yield)
}

func (k knownEntries) Names(ctx context.Context, keys []string) (map[string]string, error) {
	return k.store.EntryNames(ctx, k.source, keys)
}
