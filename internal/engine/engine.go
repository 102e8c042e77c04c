package engine

import (
	"context"
	"io"
	"log/slog"
	"time"

	"rollcall/internal/mapping"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

// Store is what the engine keeps its records in. *store.Store satisfies it but
// for Begin's concrete result; package main bridges that.
type Store interface {
	// LockSource takes the source for this process; a Conflict error says who has it.
	LockSource(ctx context.Context, name string) (release func() error, err error)
	Begin(ctx context.Context) (Tx, error)

	looking
	EnsureLookup(ctx context.Context, class *rollcall.Class, attributes []string) error
	// Drifted returns the replicas whose objects were written past the registry, and the newest note of it.
	Drifted(ctx context.Context, src *rollcall.Source, since int64) (replicas []int64, newest int64, err error)
	Marks(ctx context.Context, source rollcall.ObjectID, yield func(*rollcall.Mark) error) error
	deltaStore

	StartRun(ctx context.Context, run *rollcall.Run) error
	FinishRun(ctx context.Context, run *rollcall.Run, problems []rollcall.Problem) error
	Run(ctx context.Context, id int64) (rollcall.Run, error)
	// SavePlan keeps the plan of a held run: its changes as JSON, one a line.
	SavePlan(ctx context.Context, run int64, plan io.Reader) error
}

// Tx is one write transaction. Rollback after Commit does nothing.
type Tx interface {
	registry.Storage
	feedTx
	grantTx
	singleTx
	Commit() error
	Rollback() error

	EnsureTable(ctx context.Context, src *rollcall.Source) error
	Replicas(ctx context.Context, src *rollcall.Source, ids []int64) ([]rollcall.Replica, error)
	ReplicasByName(ctx context.Context, source rollcall.ObjectID, names []string) (map[string]rollcall.Ref, error)
	InsertReplicas(ctx context.Context, src *rollcall.Source, replicas []rollcall.Replica) error
	UpdateReplicas(ctx context.Context, src *rollcall.Source, replicas []rollcall.Replica) error
	DeleteReplicas(ctx context.Context, src *rollcall.Source, ids []int64) error
	DeleteReplicasMadeBy(ctx context.Context, run int64) error
	SetRunState(ctx context.Context, id int64, state rollcall.RunState) error
	// MoveReplicas gives replicas their entries' present names; it returns those that had another, with that.
	MoveReplicas(ctx context.Context, source rollcall.ObjectID, names map[int64]string) (map[int64]string, error)
	// SetLastSeen marks replicas as missing; they are no longer found by name.
	SetLastSeen(ctx context.Context, source rollcall.ObjectID, ids []int64, at time.Time) error
	InsertReplicaHistory(ctx context.Context, before []rollcall.ReplicaHistory) error
	ReplicaHistory(ctx context.Context, run int64, yield func(*rollcall.ReplicaHistory) error) error
	RestoreReplica(ctx context.Context, src *rollcall.Source, replica rollcall.Replica) error
	NoteFailed(ctx context.Context, source rollcall.ObjectID, now time.Time) error
	RetriedEntries(ctx context.Context, source rollcall.ObjectID, keys []string, now time.Time, retries int) (parked int, err error)
	SaveStanding(ctx context.Context, source rollcall.ObjectID, standing rollcall.Standing) error
	SaveResume(ctx context.Context, source rollcall.ObjectID, resume rollcall.Resume) error
	// DroppedReplicas counts the replicas of a source that went with objects that were deleted.
	DroppedReplicas(source rollcall.ObjectID) int
	FinishRun(ctx context.Context, run *rollcall.Run, problems []rollcall.Problem) error
}

// Engine carries out runs. It is safe for concurrent use; runs of one source
// exclude each other.
type Engine struct {
	store    Store
	registry *registry.Registry
	model    *rollcall.Model
	spool    string
	now      func() time.Time
	log      *slog.Logger
	notifier Notifier
	scope    ScopeFunc
	step     StepFunc
	singles  chan struct{} // of single entries: they come one after the other, see TakeOver
}

// Config is what an Engine is made of. SpoolDir is where loads are kept while
// they run ("" for the system's temporary folder). Without Scope a source with a
// scope restriction does not run; without Notifier nobody is told; without Step
// nobody follows.
type Config struct {
	Store    Store
	Registry *registry.Registry
	Model    *rollcall.Model
	SpoolDir string
	Now      func() time.Time
	Log      *slog.Logger
	Notifier Notifier
	Scope    ScopeFunc
	Step     StepFunc
}

// New returns an engine.
func New(c Config) *Engine {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Step == nil {
		c.Step = unfollowed
	}
	return &Engine{step: c.Step, store: c.Store, registry: c.Registry, model: c.Model, spool: c.SpoolDir, now: c.Now, log: c.Log, notifier: c.Notifier, scope: c.Scope, singles: make(chan struct{}, 1)}
}

// Job is one source to run: what it means, how to read it, and its description
// as an object.
type Job struct {
	Source    rollcall.Source // its ID is found by name
	Collector source.Collector
	Mapper    *mapping.Mapper
	Profile   Profile
	Bindings  []rollcall.Binding // what the entries' groups give
	FullEvery time.Duration      // the longest time between two full loads; 0: every load is full
}

// Profile is what the data source object says besides the rules.
type Profile struct {
	Description string
	Status      string // implementation, production, obsolete
	User        string // login of who may run it
	Notify      string // email of whom to tell
	IconURL     string
	AppURL      string
}

// Options shape a run.
type Options struct {
	Kind     string // sync, plan or apply
	By       string
	DryRun   bool
	Full     bool                         // every source is read completely
	Only     rollcall.Part                // a part of the work; the zero Part for all of it
	Entries  []string                     // of PartRetry: the keys of the entries that are tried
	Retries  int                          // of PartRetry: tries after which an entry is parked; 0 for never
	Approved bool                         // limits and proofs hold nothing back
	Sink     func(*rollcall.Change) error // gets every change in order; nil when nobody asks
	Confirm  func(*rollcall.Run) error    // called when all is decided, before anything lasts; its error ends the run
	Progress func(Progress)               // called from the run's goroutine, not too often
}

// Progress says where a run is.
type Progress struct {
	Source string
	Phase  string // read, apply, remove
	Done   int
	Total  int // 0 when unknown
}

// Result is a finished run with what was wrong. More counts the problems beyond
// those kept.
type Result struct {
	Run      rollcall.Run
	Problems []rollcall.Problem
	More     int
}
