package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"rollcall/internal/rollcall"
)

// tally is what a transaction does to the number of a source's replicas.
type tally struct {
	net     int  // since its number was last kept
	isLess  bool // some were dropped since
	dropped int  // replicas of objects that were deleted, from the beginning
}

func tallied(dropped int) tally { return tally{dropped: dropped} }

func (t *Tx) tally(source rollcall.ObjectID) *tally {
	if t.tallies == nil {
		t.tallies = map[rollcall.ObjectID]*tally{}
	}
	if t.tallies[source] == nil {
		t.tallies[source] = &tally{}
	}
	return t.tallies[source]
}

// DroppedReplicas returns how many replicas of a source the transaction dropped
// because their objects were deleted, for whatever source's sake.
func (t *Tx) DroppedReplicas(source rollcall.ObjectID) int { return t.tally(source).dropped }

// keepTallies keeps the number of replicas of sources that no run ended for in
// this transaction. Where some were dropped, the next load must be a full one: a
// delta would not find their entries.
func (t *Tx) keepTallies(ctx context.Context) error {
	for _, source := range slices.Sorted(maps.Keys(t.tallies)) {
		tally := t.tallies[source]
		var err error
		switch {
		case tally.isLess:
			_, err = t.exec(ctx, "DELETE FROM resume WHERE source_id = ?", int64(source))
		case tally.net != 0:
			_, err = t.exec(ctx, "UPDATE resume SET replicas = replicas + ? WHERE source_id = ?", tally.net, int64(source))
		}
		if err != nil {
			return fmt.Errorf("keep the number of replicas of source %d: %w", source, err)
		}
	}
	return nil
}
