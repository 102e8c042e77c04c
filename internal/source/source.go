// Package source is the contract between whatever reads a connected system and
// the engine that decides what its entries mean. It knows no kind of source;
// those are its sub-packages, and package builtin lists them.
package source

import (
	"context"

	"rollcall/internal/rollcall"
)

// Collector reads one source.
//
// Collect calls emit once per entry, in an order that is the same as long as the
// source is the same, always from the calling goroutine, and stops at the first
// error, emit's own included, which it returns as it is or wrapped. The entry and
// all its slices are lent: they hold until emit returns.
//
// A nil error means that the load is whole and proved complete: whoever was not
// emitted is not there. After any error the caller keeps nothing that implies
// absence. Collect may be called again, but not twice at once. It leaves no
// goroutine and no connection behind.
//
// The checkpoint is where a later delta load may resume; nil where the source
// knows none.
type Collector interface {
	Collect(ctx context.Context, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error)
}

// DeltaCollector is the ability to say what changed since a checkpoint that an
// earlier Collect returned, or an earlier Delta.
type DeltaCollector interface {
	// OpenDelta connects and looks whether the source can say what changed since a
	// checkpoint. It is a *NoDelta error when only a full load will do, and an error
	// of another kind when not even that should be made: the server is behind what
	// was read before.
	OpenDelta(ctx context.Context, since rollcall.Checkpoint, known Known) (Delta, error)
}

// Delta is what changed since a checkpoint. First Changed, then Read, as often
// as wanted, then Checkpoint; Close in any case. A delta proves no absence: an
// entry is gone when its key was asked for by name and Read did not find it.
type Delta interface {
	// Changed returns the keys of the entries that were added, changed, moved or
	// removed, or may have been; each once, in no order. Entries that were never in
	// the source may be among them. It is a *NoDelta error when the server does not
	// know after all.
	Changed(ctx context.Context) ([]string, error)
	// Read emits those of the entries with the given keys that are in the source,
	// exactly as Collect would. After a nil error all that were not emitted are not
	// in the source.
	Read(ctx context.Context, keys []string, emit func(*rollcall.Entry) error) error
	// Checkpoint is where the next delta begins. It was taken before Changed.
	Checkpoint() rollcall.Checkpoint
	Close() error
}

// DeltaGrouper is the ability to say what changed since a checkpoint of a
// CollectGrouped, changes of membership included.
type DeltaGrouper interface {
	// OpenGroupedDelta is OpenDelta for entries with their groups. With only, entries
	// count as read only when they are in certain groups, so that one that joins may
	// be new to the caller although it did not change.
	OpenGroupedDelta(ctx context.Context, since rollcall.Checkpoint, known Known, only bool) (GroupedDelta, error)
}

// GroupedDelta is a Delta whose entries have their Groups. Changed returns also
// the keys of those whose direct or nested groups changed. Groups is called
// after it and before Read.
type GroupedDelta interface {
	Delta
	// Groups calls begin as CollectGrouped does.
	Groups(begin func([]rollcall.Group, GroupFinder) error) error
}

// Known is what the caller of a delta has of the source's entries.
type Known interface {
	// Keys yields the keys of all entries that are there as far as is known, in no
	// order. A key is lent until yield
	// returns.
	Keys(ctx context.Context, yield func(key []byte) error) error
	// Named yields the keys of the same entries with the names under which they were
	// last read, both lent.
	Named(ctx context.Context, yield func(key, name []byte) error) error
	// Names returns under which names entries were last read, by key; entries that
	// are not known are left out.
	Names(ctx context.Context, keys []string) (map[string]string, error)
}

// NoDelta is the error of a delta that cannot be trusted: a full load is made
// in its place. Reason says why, for people.
type NoDelta struct{ Reason string }

// Error returns the reason.
func (e *NoDelta) Error() string { return "no delta: " + e.Reason }

// Checker is the ability to say, without reading the whole source, whether it
// could be read: reachable, signed in, its parts present. The findings come in
// the order in which they were made; the error is the first thing that would
// keep Collect from working, nil when nothing would.
type Checker interface {
	Check(ctx context.Context) ([]Finding, error)
}

// Finding is one thing that a check found out, in words.
type Finding struct {
	Level Level  `json:"level"`
	Text  string `json:"text"`
}

// Grouper is the ability to say which groups a source's entries belong to.
//
// CollectGrouped is Collect with the Groups of every entry filled in. begin is
// called once, before the first entry, with all groups; what it is given to look
// things up with holds until it returns. Its error ends the read.
type Grouper interface {
	CollectGrouped(ctx context.Context, begin func([]rollcall.Group, GroupFinder) error, emit func(*rollcall.Entry) error) (rollcall.Checkpoint, error)
}

// GroupFinder asks a source about groups by filters of its own language. An
// answer that is not whole is an error.
type GroupFinder interface {
	// Groups returns the places of the groups that a filter finds, ascending.
	Groups(ctx context.Context, filter string) ([]uint32, error)
	// Members returns the keys of the source's entries that a filter finds.
	Members(ctx context.Context, filter string) ([]string, error)
}

// Picker is the optional ability to read one entry by itself, such as that of
// somebody who is signing in.
type Picker interface {
	// Pick emits the entry of a name if the source has it, exactly as Collect would;
	// it emits nothing, and returns no error, when the source does not have it. Begin
	// is called before, with all groups, as CollectGrouped does; nil: nobody asks for
	// groups.
	Pick(ctx context.Context, name string, begin func([]rollcall.Group, GroupFinder) error, emit func(*rollcall.Entry) error) error
}

// Glancer is the optional ability of a Picker to read one entry with the groups
// that it belongs to, however deep, and no others.
type Glancer interface {
	// Glance is Pick, but begin gets the groups of the entry alone. It reports false,
	// and calls neither, when it cannot be sure that Pick would tell the same groups
	// of the entry.
	Glance(ctx context.Context, name string, begin func([]rollcall.Group, GroupFinder) error, emit func(*rollcall.Entry) error) (sure bool, err error)
}

// Noticer is the ability to say what the last Collect met that is no error: a
// part of the tree on another server, a field that no entry had.
type Noticer interface {
	Notices() []Finding
}

// Level says how much a finding matters.
type Level string

// The levels.
const (
	OK      Level = "ok"
	Notice  Level = "notice"  // worth knowing
	Warning Level = "warning" // works, but likely not as meant
)

// Describer is the ability to list the fields that a source's entries have, by
// looking at a sample of them.
type Describer interface {
	Describe(ctx context.Context) ([]Field, error)
}

// Field is one field of a source, as found in a sample of entries.
type Field struct {
	Name     string   `json:"name"`
	Computed bool     `json:"computed,omitempty"` // not stored at the source
	Binary   bool     `json:"binary,omitempty"`
	Entries  int      `json:"entries"` // of the sample: how many have it
	Multiple bool     `json:"multiple,omitempty"`
	Examples []string `json:"examples,omitempty"`
}
