package store

import (
	"context"
	"runtime/debug"
)

// A load that fills a table does without an index that only tells who is not
// there, as long as it knows that by itself: each row would have its place
// anywhere in the index, which soon is larger than the cache. Made at the end, or
// when somebody asks after all, the index is sorted once.

const (
	// manyRows are so many that an index of random order grows out of the cache.
	manyRows = 10_000

	replicaTable  = "priv_sync_replica"
	replicaByName = "priv_sync_replica_name"
)

// postpone drops such indexes of a table that the transaction fills.
func (t *Tx) postpone(ctx context.Context, table string) error {
	if t.d.traits().sorting[0] == "" {
		return nil
	}
	if table == replicaTable {
		return t.postponeNames(ctx)
	}
	for _, tab := range t.layout().tables {
		if tab.quoted != table {
			continue
		}
		for _, look := range tab.lookups {
			m := t.recall.lookups[look.column.name+tab.quoted]
			if m == nil || m.hashes == nil || m.asked {
				continue
			}
			ix := look.index()
			if err := t.dropIndex(ctx, look.column.name+tab.quoted, quote(indexName(tab.name, ix.on)), ix.statement(tab.name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// postponeNames is postpone for the names of replicas.
func (t *Tx) postponeNames(ctx context.Context) error {
	var highest int64
	if err := t.one(ctx, "SELECT COALESCE(MAX(id), 0) FROM "+replicaTable, nil, &highest); err != nil {
		return err
	}
	if highest-t.fills[replicaTable].rows > recallRows {
		return nil
	}
	return t.dropIndex(ctx, "name_hash"+replicaTable, replicaByName, "CREATE INDEX "+replicaByName+" ON "+replicaTable+" (name_hash)")
}

func (t *Tx) dropIndex(ctx context.Context, key, name, again string) error {
	if err := t.recall.exec(ctx, "DROP INDEX IF EXISTS "+name); err != nil {
		return err
	}
	t.recall.late[key] = again
	return nil
}

// needIndex makes the index on a column if it was postponed.
func (q *queries) needIndex(ctx context.Context, column, table string) error {
	if q.recall == nil {
		return nil
	}
	again, late := q.recall.late[column+table]
	if !late {
		return nil
	}
	delete(q.recall.late, column+table)
	return q.makeIndex(ctx, again)
}

func (q *queries) makeIndex(ctx context.Context, statement string) error {
	sorting := q.d.traits().sorting
	// Not to hold the memory down is no reason to give up.
	_ = q.recall.exec(ctx, sorting[0])
	err := q.recall.exec(ctx, statement)
	_ = q.recall.exec(ctx, sorting[1])
	return err
}

// makeLate makes all indexes that were postponed.
func (t *Tx) makeLate(ctx context.Context) error {
	if len(t.recall.late) > 0 {
		// Nothing is looked up any more. Sorting takes room outside of Go's heap, which
		// by itself would keep what it has free.
		clear(t.recall.lookups)
		debug.FreeOSMemory()
	}
	for key, again := range t.recall.late {
		if err := t.makeIndex(ctx, again); err != nil {
			return err
		}
		delete(t.recall.late, key)
	}
	return nil
}
