package engine

import (
	"context"
	"fmt"
	"slices"

	"rollcall/internal/rollcall"
)

// mostUnsure is how many entries with a bad key one load tells apart by name.
const mostUnsure = 100_000

// unsure are entries that came with a key that does not tell who they are: none
// at all, or one that others bear too. They are left alone, and since they came,
// whoever had their name before is not gone.
type unsure struct {
	names [][]byte
	more  int // beyond mostUnsure
}

func (u *unsure) add(name []byte) {
	if len(u.names) == mostUnsure {
		u.more++
		return
	}
	u.names = append(u.names, slices.Clone(name))
}

// spare takes the replicas of unsure entries off the list of those missing.
func (r *runner) spare(ctx context.Context, l *load) error {
	if len(l.unsure.names) == 0 || len(l.missing) == 0 {
		return nil
	}
	came := make(map[string]bool, len(l.unsure.names))
	for _, name := range l.unsure.names {
		came[rollcall.FoldDN(string(name))] = true
	}
	spared := map[int64]bool{}
	for batch := range slices.Chunk(l.missing, batchSize) {
		ids := make([]int64, len(batch))
		for i := range batch {
			ids[i] = batch[i].id
		}
		replicas, err := r.tx.Replicas(ctx, l.src, ids)
		if err != nil {
			return fmt.Errorf("load replicas: %w", err)
		}
		for i := range replicas {
			if came[rollcall.FoldDN(replicas[i].Name)] {
				spared[replicas[i].ID] = true
			}
		}
	}
	l.missing = slices.DeleteFunc(l.missing, func(a absentee) bool { return spared[a.id] })
	return nil
}
