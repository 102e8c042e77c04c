package api

import (
	"context"
	"io"

	"rollcall/internal/rollcall"
)

// Store is what the API reads of the registry and its records.
type Store interface {
	Select(ctx context.Context, q *rollcall.Query, w rollcall.Window, yield func(row []rollcall.Object) error) error
	Objects(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) ([]rollcall.Object, error)
	Names(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) (map[rollcall.ObjectID]string, error)
	Run(ctx context.Context, id int64) (rollcall.Run, error)
	RunList(ctx context.Context, f rollcall.RunFilter) ([]rollcall.Run, error)
	ReplicaList(ctx context.Context, f rollcall.ReplicaFilter) ([]rollcall.Replica, error)
	// ProblemList returns so many problems of a run after a number, and the number of the last one.
	ProblemList(ctx context.Context, run, after int64, limit int) ([]rollcall.Problem, int64, error)
	BoundGroups(ctx context.Context, source rollcall.ObjectID) ([]rollcall.BoundGroup, error)
	GrantList(ctx context.Context, source rollcall.ObjectID, binding string, after int64, limit int) ([]rollcall.Grant, error)
	Plan(ctx context.Context, run int64) (io.ReadCloser, error)
	FailedEntries(ctx context.Context, f rollcall.FailedFilter) ([]rollcall.FailedEntry, error)
	Notices(ctx context.Context, f rollcall.NoticeFilter) ([]rollcall.Notice, error)
	ReadNotices(ctx context.Context, reader rollcall.NoticeReader, ids []int64, unread bool) (changed int, err error)
}

// Desk is what the program does besides: what the configuration says, runs,
// the queue. An error's sentence is shown to whoever asked.
type Desk interface {
	// Sources returns the sources of the configuration, in its order, and then those that were made over the wire.
	Sources(ctx context.Context) ([]Source, error)
	// Fill adds to sources what ran last and how many replicas there are.
	Fill(ctx context.Context, sources []Source) error
	Directories() []Directory
	// Bindings returns those of the configuration, without their groups.
	Bindings() []Binding

	// Plan keeps what a run of some sources, none for all, would do.
	Plan(ctx context.Context, sources []string, by string) (rollcall.Run, error)
	// Approve carries out a kept plan or a held run, provided that it would still do the same.
	Approve(ctx context.Context, id int64, by string) (rollcall.Run, error)
	Drop(ctx context.Context, id int64) error
	Undo(ctx context.Context, id int64, by string, dry bool) (rollcall.Run, error)
	// History yields what a run did, from a place on; the places are those of the steps.
	History(ctx context.Context, run, after int64, limit int, yield func(change rollcall.Change, at int64) error) error

	Explain(ctx context.Context, object, attribute string) (*Explanation, error)
	// Texts returns what a key, or a field behind one, shows of each of several objects.
	Texts(ctx context.Context, objects []rollcall.Object, attribute *rollcall.Attribute) ([]string, error)

	// Start queues work on some sources, none for all. When it is queued or running already, that job is returned.
	Start(ctx context.Context, work string, sources []string, by string) (job Job, isNew bool, err error)
	// Retry makes failed entries of a source due, none for all of them, and queues the work that tries them.
	Retry(ctx context.Context, source string, keys []string, by string) (entries int, job Job, isNew bool, err error)
	Timetable() []Line
	// Ask queues the job of a line of the timetable, as Start does.
	Ask(ctx context.Context, line, by string) (job Job, isNew bool, err error)
	Jobs(ctx context.Context, state JobState, line string, before int64, limit int) ([]Job, error)
	Job(ctx context.Context, id int64) (Job, error)
	Requeue(ctx context.Context, id int64) (Job, error)
	Cancel(ctx context.Context, id int64) (Job, error)
	Forget(ctx context.Context, id int64) error
}
