package engine

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"rollcall/internal/reconcile"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// load is one source's part of a run, from the first entry to the last removal.
type load struct {
	job       *Job
	src       *rollcall.Source
	standing  rollcall.Standing
	driftSeen int64 // up to where this load knows of objects written past the registry
	index     *reconcile.Index
	spool     *spool
	editor    *registry.Editor
	missing   []absentee
	dropped   map[int64]bool      // replicas whose object a new entry took over
	movedFrom map[int64]string    // the names that replicas had before this load
	doubled   map[string]*doubled // by key
	unsure    unsure
	groups    *grouping // nil for a load that says nothing of groups
	granting  *granting // what the bindings come to
	stand     *stand    // of rows that others delivered; nil for a load that a collector reads
	delta     *delta    // nil for a load of a source that is always read completely
	counters  rollcall.Counters
	arrivals  int // replicas that this load made
	missed    int // entries that this load is the first to miss
	left      int // entries that an import misses and leaves alone
	parked    int // entries that failed at their last try
	held      string
	singleKey string   // of the one entry that is read, see TakeOver
	asRead    struct { // as it was when the entries were read, to decide once more
		counters rollcall.Counters
		source   rollcall.Source
		standing rollcall.Standing
	}
}

func (l *load) close() error {
	if l.spool == nil {
		return nil
	}
	return l.spool.close()
}

// progressStep is how many entries pass between two signs of life.
const progressStep = 2000

// collect reads the source: what changed, or the whole of it. An error means
// that nothing can be said of who is gone; the caller drops the load.
func (r *runner) collect(ctx context.Context, l *load) error {
	var err error
	if l.spool, err = newSpool(r.engine.spool); err != nil {
		return err
	}
	if r.opt.Only == rollcall.PartRetry {
		return r.collectSome(ctx, l)
	}
	if done, err := r.collectDelta(ctx, l); err != nil || done {
		return err
	}
	e := r.early(ctx, l, r.collecting(l).take)
	checkpoint, err := l.read(ctx, e.entry)
	err = e.finish(err)
	switch {
	case e.failed != nil && ctx.Err() == nil && errors.Is(err, e.failed):
		return e.failed
	case err != nil:
		return fmt.Errorf("collect: %w", err)
	}
	if l.delta != nil && r.opt.Only != rollcall.PartRemoval {
		l.delta.resume = rollcall.Resume{Checkpoint: l.bound(checkpoint), LastFull: r.run.Started}
	}
	l.index.Trim()
	return l.spool.seal()
}

// collecting prepares to take entries.
func (r *runner) collecting(l *load) *collecting {
	c := &collecting{load: l, problems: r.problems, onlySee: r.opt.Only == rollcall.PartRemoval, hasher: newHasher(l.src.Rules.Fingerprint)}
	c.row = make(rollcall.Row, len(l.src.Rules.Attributes))
	c.progress = func() { r.progress(l, "read", l.counters.Read, l.standing.Replicas) }
	return c
}

func (r *runner) loadIndex(ctx context.Context, l *load) error {
	l.index = reconcile.NewIndex(l.standing.Replicas)
	if l.src.ID == 0 {
		return nil
	}
	_, drifted, err := r.drifted(ctx, l)
	if err != nil {
		return err
	}
	err = r.engine.store.Marks(ctx, l.src.ID, func(m *rollcall.Mark) error {
		m.Due = m.Due || drifted[m.ID]
		return l.index.Add(m)
	})
	if errors.Is(err, reconcile.ErrCollision) {
		return rollcall.Errorf(rollcall.Unavailable, "compare: %w", err)
	}
	if err != nil {
		return fmt.Errorf("read the replicas: %w", err)
	}
	return nil
}

// drifted returns the replicas whose objects somebody changed past the registry.
func (r *runner) drifted(ctx context.Context, l *load) ([]int64, map[int64]bool, error) {
	list, newest, err := r.engine.store.Drifted(ctx, l.src, l.standing.Drift)
	if err != nil {
		return nil, nil, err
	}
	l.driftSeen = newest
	drifted := make(map[int64]bool, len(list))
	for _, id := range list {
		drifted[id] = true
	}
	return list, drifted, nil
}

// collecting takes the entries of one load.
type collecting struct {
	*load
	problems *problems
	hasher   *hasher
	row      rollcall.Row
	onlySee  bool // what the entries say does not matter
	progress func()
}

func (c *collecting) take(e *rollcall.Entry) error {
	if c.counters.Read%progressStep == 0 {
		c.progress()
	}
	c.counters.Read++
	if len(e.Key) == 0 {
		c.counters.EntryProblems++
		c.unsure.add(e.Name)
		c.problems.add(rollcall.Problem{Source: c.src.Name, Entry: string(e.Name),
			Reason: "the entry has no key attribute, so it cannot be told from others; it is left alone"})
		return nil
	}
	if c.groups != nil && !c.groups.note(e) {
		return nil // it is in no bound group: the source does not have it
	}
	content := c.hasher.sum(e)
	verdict, replica := c.index.See(e.Key, content)
	switch verdict {
	case reconcile.Same:
		return nil
	case reconcile.Doubled:
		c.double(e, replica)
		return nil
	}
	if c.onlySee {
		return nil
	}
	clear(c.row)
	entry := staged{key: string(e.Key), name: string(e.Name), content: content, verdict: verdict, replica: replica, row: c.row}
	for _, p := range c.job.Mapper.Map(e, c.row) {
		c.counters.EntryProblems++
		c.problems.add(p)
		entry.warnings = append(entry.warnings, p.Attribute+": "+p.Reason)
	}
	return c.spool.add(&entry)
}

// doubled are the entries that share a key. None of them may decide, and all
// count as seen.
type doubled struct {
	replica int64    // whose key it is, 0 for a new one
	first   string   // the name of the entry that came first
	others  []string // those of the entries after it
}

// double remembers an entry whose key came before.
func (c *collecting) double(e *rollcall.Entry, replica int64) {
	c.unsure.add(e.Name)
	if c.groups != nil {
		c.groups.forget(e.Key)
	}
	if c.doubled == nil {
		c.doubled = map[string]*doubled{}
	}
	key := string(e.Key)
	d := c.doubled[key]
	if d == nil {
		d = &doubled{replica: replica}
		c.doubled[key] = d
	}
	d.others = append(d.others, string(e.Name))
}

// hasher sums up an entry: the rules' fingerprint, its name, and every value
// with its length, so that no two different entries read alike.
type hasher struct {
	fingerprint rollcall.Hash
	buf         []byte
}

func newHasher(fingerprint rollcall.Hash) *hasher { return &hasher{fingerprint: fingerprint} }

func (h *hasher) sum(e *rollcall.Entry) rollcall.Hash {
	b := append(h.buf[:0], h.fingerprint[:]...)
	b = appendBytes(b, e.Name)
	for _, values := range e.Values {
		b = binary.AppendUvarint(b, uint64(len(values)))
		for _, v := range values {
			b = appendBytes(b, v)
		}
	}
	h.buf = b
	sum := sha256.Sum256(b)
	return rollcall.Hash(sum[:16])
}

func appendBytes(b, v []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(v))), v...)
}
