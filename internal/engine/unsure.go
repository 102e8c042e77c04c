package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

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

// reportDoubled makes a problem of every key that several entries share.
func (r *runner) reportDoubled(ctx context.Context, l *load) error {
	// An entry that came first and did not change is its replica's.
	var ids []int64
	byReplica := map[int64]*doubled{}
	for _, d := range l.doubled {
		if d.first == "" && d.replica != 0 {
			ids = append(ids, d.replica)
			byReplica[d.replica] = d
		}
	}
	slices.Sort(ids)
	for batch := range slices.Chunk(ids, batchSize) {
		replicas, err := r.tx.Replicas(ctx, l.src, batch)
		if err != nil {
			return fmt.Errorf("load replicas: %w", err)
		}
		for i := range replicas {
			byReplica[replicas[i].ID].first = replicas[i].Name
		}
	}
	for _, key := range slices.Sorted(maps.Keys(l.doubled)) {
		d := l.doubled[key]
		l.counters.EntryProblems += len(d.others)
		r.problems.add(rollcall.Problem{Source: l.src.Name, Key: key, Entry: d.first,
			Reason: fmt.Sprintf("%d entries share the key %s (the others: %s); none of them is taken over until the key is unique",
				len(d.others)+1, key, enumerate(d.others))})
	}
	return nil
}

// enumerate joins names, a few of many.
func enumerate(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(names[:most], "; "), len(names)-most)
}
