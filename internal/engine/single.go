package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"rollcall/internal/reconcile"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// Single is one entry to be taken over by itself: into which sources, and what
// of its groups is known already.
type Single struct {
	Name   string // of the entry; in a directory its DN
	Jobs   []Job  // in the order of a run; each collector is a source.Picker
	Groups string // Taken.Groups of the time before; groups that are as they were then are not decided anew
}

// Taken is what became of a single entry.
type Taken struct {
	Run      int64        // 0 when nothing was to be done
	Changes  int          // objects made and changed, grants given and taken
	Sources  []TakenEntry // those that have the entry, in the order of the jobs
	Groups   string       // a digest of the entry's groups and of what they are called
	Problems []rollcall.Problem
}

// TakenEntry is an entry as one source has it.
type TakenEntry struct {
	Source string
	Key    string
	Object rollcall.Ref // whom it is tied to; the zero Ref for nobody
}

// lockPatience is how long an entry waits for a run of its source that is under
// way. Whoever signs in is waiting.
const lockPatience = 5 * time.Second

// TakeOver reads one entry and makes its objects follow it, as a run would that
// finds nothing else changed. It says nothing of any other entry: nobody counts
// as gone, no group as vanished, and what runs know of the source as a whole
// stays as it was. Nothing is locked and no run recorded unless there is
// something to do. A run of a source that is under way makes it a Conflict.
func (e *Engine) TakeOver(ctx context.Context, one Single, opt Options) (_ *Taken, err error) {
	ctx, end := e.step(ctx, "take over", slog.String("kind", opt.Kind))
	defer func() { end(err) }()
	look := &single{runner: e.single(opt), Single: one, isLook: true}
	isDue, err := look.look(ctx)
	if err != nil || !isDue {
		return look.taken(ctx, err)
	}
	select {
	case e.singles <- struct{}{}:
		defer func() { <-e.singles }()
	case <-ctx.Done():
		return nil, rollcall.Errorf(rollcall.Unavailable, "wait for the turn of %s: %w", one.Name, context.Cause(ctx))
	}
	release, err := e.lockPatiently(ctx, one.Jobs)
	if err != nil {
		return nil, err
	}
	s := &single{runner: e.single(opt), Single: one}
	err = s.do(ctx)
	taken, err := s.taken(ctx, err)
	return taken, errors.Join(err, release())
}

// single is a run of one entry.
type single struct {
	*runner
	Single
	groups  string // a digest of the entry's groups
	grouped bool   // somebody asks for them
	isLook  bool   // nothing is mapped and kept, see look
	isDue   bool   // the entry is not as it was taken over
}

func (e *Engine) single(opt Options) *runner {
	r := &runner{engine: e, opt: opt, problems: &problems{}, digest: sha256.New()}
	r.run = rollcall.Run{Kind: opt.Kind, Started: e.timestamp(), State: rollcall.RunRunning, By: opt.By}
	return r
}

// lockPatiently is lock for somebody who can wait a little.
func (e *Engine) lockPatiently(ctx context.Context, jobs []Job) (func() error, error) {
	wait := 5 * time.Millisecond
	for until := time.Now().Add(lockPatience); ; wait = min(2*wait, 200*time.Millisecond) {
		release, err := e.lock(ctx, jobs)
		if rollcall.KindOf(err) != rollcall.Conflict || time.Now().After(until) {
			return release, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(wait):
		}
	}
}

// look reads the entry without a lock, to see whether there is anything to do.
func (s *single) look(ctx context.Context) (isDue bool, err error) {
	if err := s.collectAll(ctx); err != nil {
		return false, err
	}
	return s.isDue || s.groups != s.Groups, nil
}

// do is the path of the entry once there is something to do.
func (s *single) do(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.collectAll(ctx); err != nil {
		return err
	}
	s.loads = slices.DeleteFunc(s.loads, func(l *load) bool { return l.counters.Read == 0 && l.close() == nil })
	if len(s.loads) == 0 {
		return nil // it left since
	}
	for _, l := range s.loads {
		s.run.Sources = append(s.run.Sources, rollcall.SourceRun{Source: l.src.Name, ID: l.src.ID, Scope: l.src.Scope, Only: rollcall.PartRetry})
	}
	if !slices.ContainsFunc(s.loads, func(l *load) bool { return l.spool.len() > 0 }) {
		// Its groups are not known from before: mostly they give what it has.
		if isDue, err := s.rehearse(ctx); err != nil || !isDue {
			return err
		}
	}
	if err := s.engine.store.StartRun(ctx, &s.run); err != nil {
		return err
	}
	s.recorded = true
	return s.finish(ctx, s.carryOut(ctx, s.commitSingle))
}

// rehearse decides without keeping anything, and reports whether anything would
// be kept.
func (s *single) rehearse(ctx context.Context) (isDue bool, err error) {
	s.remember()
	err = s.carryOut(ctx, func(context.Context) error {
		for _, l := range s.loads {
			isDue = isDue || l.granting != nil && l.granting.granted+l.granting.taken > 0
		}
		return nil
	})
	s.reset()
	return isDue, err
}

// carryOut decides about the entry in one transaction, which ends with it.
func (s *single) carryOut(ctx context.Context, end func(context.Context) error) error {
	var err error
	if s.tx, err = s.engine.store.Begin(ctx); err != nil {
		s.tx = nil
		return err
	}
	defer func() { _ = s.tx.Rollback() }() // nothing to say once it is committed
	for _, l := range s.loads {
		if err := s.apply(ctx, l); err != nil {
			return fmt.Errorf("source %s: %w", l.src.Name, err)
		}
	}
	for _, l := range s.loads {
		if err := s.grantSingle(ctx, l); err != nil {
			return fmt.Errorf("source %s: bindings: %w", l.src.Name, err)
		}
	}
	if err := s.judge(); err != nil {
		// Not Stopped: there is no plan that somebody could approve.
		return rollcall.Errorf(rollcall.Forbidden, "%w", err)
	}
	return end(ctx)
}

// commitSingle keeps what was done. The sources' standing and the place where
// their next deltas begin stay as they were, but for the number of replicas.
func (s *single) commitSingle(ctx context.Context) error {
	for _, l := range s.loads {
		if l.standing.LastComplete.IsZero() { // never read as a whole: the entry's own time counts
			l.standing.LastComplete = s.run.Started
			if err := s.tx.SaveStanding(ctx, l.src.ID, l.standing); err != nil {
				return fmt.Errorf("source %s: keep its standing: %w", l.src.Name, err)
			}
			continue
		}
		resume, err := s.engine.store.Resume(ctx, l.src.ID)
		if err != nil {
			return err
		}
		if resume.Checkpoint == nil || resume.Replicas != l.standing.Replicas || resume.Run != l.standing.LastRun {
			continue // a full load is due in any case
		}
		if err := s.tx.SaveResume(ctx, l.src.ID, resume); err != nil {
			return fmt.Errorf("source %s: keep its checkpoint: %w", l.src.Name, err)
		}
	}
	s.run.State, s.run.Ended = rollcall.RunCompleted, s.engine.timestamp()
	s.summarize()
	if err := s.tx.FinishRun(ctx, &s.run, s.problems.list); err != nil {
		return fmt.Errorf("keep the run's record: %w", err)
	}
	if err := s.tx.Commit(); err != nil {
		s.run.State = rollcall.RunRunning
		return err
	}
	s.recorded = false
	return nil
}

// collectAll reads the entry as every source has it.
func (s *single) collectAll(ctx context.Context) error {
	sum := sha256.New()
	for i := range s.Jobs {
		src := s.Jobs[i].Source
		l := &load{job: &s.Jobs[i], src: &src}
		s.loads = append(s.loads, l)
		find := s.engine.identify
		if s.isLook {
			find = s.engine.locate // how the source stands is counted, and not asked for yet
		}
		if err := find(ctx, l); err != nil {
			return fmt.Errorf("source %s: %w", src.Name, err)
		}
		if err := s.engine.ensureLookups(ctx, l.src); err != nil {
			return fmt.Errorf("source %s: %w", src.Name, err)
		}
		if err := s.engine.ensureGrantLookups(ctx, l.job.Bindings); err != nil {
			return fmt.Errorf("source %s: %w", src.Name, err)
		}
		if err := s.collectSingle(ctx, l); err != nil {
			return fmt.Errorf("source %s: %w", src.Name, err)
		}
		if l.groups == nil {
			continue
		}
		fmt.Fprintf(sum, "%s %d %q\n", l.src.Name, l.counters.Read, l.groupNames())
		s.grouped = true
	}
	if s.grouped {
		s.groups = hex.EncodeToString(sum.Sum(nil)[:16])
	}
	return nil
}

// collectSingle reads the entry as one source has it.
func (s *single) collectSingle(ctx context.Context, l *load) error {
	picker, ok := l.job.Collector.(source.Picker)
	if !ok {
		return rollcall.Errorf(rollcall.Invalid, "its entries cannot be read one by one")
	}
	l.index = reconcile.NewPartialIndex()
	l.delta = &delta{load: rollcall.LoadDelta, why: "one entry: " + s.Name}
	l.driftSeen = l.standing.Drift
	c := s.collecting(l)
	c.progress = func() {}
	take := c.take
	if s.isLook {
		take = func(e *rollcall.Entry) error { s.glance(c, e); return nil }
	} else {
		var err error
		if l.spool, err = newSpool(s.engine.spool); err != nil {
			return err
		}
	}
	var begin func([]rollcall.Group, source.GroupFinder) error
	if len(l.job.Bindings) > 0 {
		l.groups = &grouping{bindings: l.job.Bindings, of: map[string]span{}}
		begin = func(groups []rollcall.Group, find source.GroupFinder) error { return l.groups.begin(ctx, groups, find) }
	}
	err := s.pick(ctx, l, picker, begin, func(e *rollcall.Entry) error {
		if err := s.known(ctx, l, string(e.Key)); err != nil {
			return err
		}
		l.singleKey = string(e.Key)
		return take(e)
	})
	if err != nil {
		return fmt.Errorf("read the entry: %w", err)
	}
	if l.groups != nil && !l.isRead(l.singleKey) {
		l.counters.Read = 0 // it is in no bound group
	}
	if s.isLook {
		return nil
	}
	return l.spool.seal()
}

// glance is take without taking: it sees whether the entry is as it was.
func (s *single) glance(c *collecting, e *rollcall.Entry) {
	c.counters.Read++
	if len(e.Key) == 0 || c.groups != nil && !c.groups.note(e) {
		return
	}
	verdict, _ := c.index.See(e.Key, c.hasher.sum(e))
	s.isDue = s.isDue || verdict != reconcile.Same
}

// known enters the replica of the entry, if there is one.
func (s *single) known(ctx context.Context, l *load, key string) error {
	if l.src.ID == 0 || key == "" {
		return nil
	}
	err := s.engine.store.MarksByKey(ctx, l.src.ID, []string{key}, l.index.Add)
	if err != nil {
		return fmt.Errorf("read its replica: %w", err)
	}
	return nil
}

// close closes the loads; they can be asked for their counters all the same.
func (s *single) close() error {
	var err error
	for _, l := range s.loads {
		err = errors.Join(err, l.close())
	}
	return err
}

// taken tells what became of the entry.
func (s *single) taken(ctx context.Context, err error) (*Taken, error) {
	if err != nil {
		return nil, err
	}
	t := &Taken{Run: s.run.ID, Groups: s.groups, Problems: s.problems.list}
	for _, l := range s.loads {
		t.Changes += l.counters.Changes()
		if l.granting != nil {
			t.Changes += l.granting.granted + l.granting.taken
		}
		if l.counters.Read == 0 || l.src.ID == 0 {
			continue
		}
		entry := TakenEntry{Source: l.src.Name, Key: l.singleKey}
		replica, found, err := s.engine.store.ReplicaByKey(ctx, l.src.ID, l.singleKey)
		if err != nil {
			return nil, err
		}
		if found && replica.State != rollcall.StateObsolete {
			entry.Object = replica.Dest
		}
		t.Sources = append(t.Sources, entry)
	}
	return t, nil
}

// Reason says in words why an entry did not become an object, "" when nothing
// was wrong with it.
func (t *Taken) Reason() string {
	var reasons []string
	for i := range t.Problems {
		reasons = append(reasons, t.Problems[i].Reason)
	}
	return strings.Join(reasons, "; ")
}
