package store

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"rollcall/internal/rollcall"
)

// InsertReplicas writes new replicas of a source with their rows. It gives them
// IDs and puts these into the slice.
func (t *Tx) InsertReplicas(ctx context.Context, src *rollcall.Source, replicas []rollcall.Replica) error {
	if len(replicas) == 0 {
		return nil
	}
	first, err := t.reserve(ctx, "priv_sync_replica", len(replicas))
	if err != nil {
		return fmt.Errorf("write new replicas of source %s: %w", src.Name, err)
	}
	for i := range replicas {
		replicas[i].ID = first + int64(i)
	}
	return t.putReplicas(ctx, src, replicas)
}

// putReplicas writes replicas with their IDs, and their rows.
func (t *Tx) putReplicas(ctx context.Context, src *rollcall.Source, replicas []rollcall.Replica) error {
	shape, err := newRowShape(src)
	if err != nil {
		return err
	}
	if err := t.own(ctx); err != nil {
		return err
	}
	t.tally(src.ID).net += len(replicas)
	b := t.insert("priv_sync_replica", append([]string{"id"}, replicaColumns...))
	b.source = src.ID
	data := t.insert(shape.table, append([]string{"id", "primary_key"}, shape.names...))
	var boxes boxes
	for i := range replicas {
		r := &replicas[i]
		var id any = r.ID
		b.args = bindReplica(append(b.args, id), src, r, &boxes)
		data.args = shape.bind(append(data.args, id, r.Key), r.Row)
		if err := b.drain(ctx); err != nil {
			return fmt.Errorf("write new replicas of source %s: %w", src.Name, err)
		}
		if err := data.drain(ctx); err != nil {
			return fmt.Errorf("write new rows of source %s: %w", src.Name, err)
		}
	}
	if err := b.flush(ctx); err != nil {
		return fmt.Errorf("write new replicas of source %s: %w", src.Name, err)
	}
	if err := data.flush(ctx); err != nil {
		return fmt.Errorf("write new rows of source %s: %w", src.Name, err)
	}
	return nil
}

// bindReplica appends the parameters of replicaColumns.
func bindReplica(args []any, src *rollcall.Source, r *rollcall.Replica, boxes *boxes) []any {
	creator := int64(0)
	if r.IsCreator {
		creator = 1
	}
	return append(args, boxes.number(0, int64(src.ID)), r.Key, bytes.Clone(r.Content[:]), boxes.text(0, string(r.State)), timeText(r.LastSeen),
		boxes.text(1, r.LastError), boxes.text(2, r.LastWarning), boxes.text(3, r.Dest.Class), int64(r.Dest.ID), creator,
		boxes.time(r.Created), timeText(r.LastModified), r.Name, nameHash(rollcall.FoldDN(r.Name)), r.Restore, boxes.number(1, r.Run))
}

// What an update writes of a replica: what no index has, and what one has.
var (
	replicaState = []column{
		{name: "content", kind: binary}, {name: "status", kind: text}, {name: "status_last_seen", kind: exact},
		{name: "status_last_error", kind: text}, {name: "status_last_warning", kind: text}, {name: "status_dest_creator", kind: number},
		{name: "info_creation_date", kind: exact}, {name: "info_last_modified", kind: exact}, {name: "entry_name", kind: text},
		{name: "restore", kind: text}, {name: "run", kind: number},
	}
	replicaPlace = []column{{name: "entry_key", kind: text}, {name: "dest_class", kind: text}, {name: "dest_id", kind: number}, {name: "name_hash", kind: number}}
	rowPlace     = []column{{name: "primary_key", kind: exact}}
)

// UpdateReplicas writes whole replicas of a source, with their rows. One that
// does not exist is a Conflict error.
func (t *Tx) UpdateReplicas(ctx context.Context, src *rollcall.Source, replicas []rollcall.Replica) error {
	shape, err := newRowShape(src)
	if err != nil {
		return err
	}
	if err := t.own(ctx); err != nil {
		return err
	}
	state, place := t.update("priv_sync_replica", replicaState, "taken = NULL"), t.updateIndexed("priv_sync_replica", replicaPlace)
	rows, keys := t.update(shape.table, shape.columns(), ""), t.updateIndexed(shape.table, rowPlace)
	bulks := []*bulk{state, place, rows, keys}
	var boxes boxes
	for i := range replicas {
		r := &replicas[i]
		var id any = r.ID
		state.args = bindState(append(state.args, id), r, &boxes)
		place.args = append(place.args, id, r.Key, boxes.text(3, r.Dest.Class), int64(r.Dest.ID), nameHash(rollcall.FoldDN(r.Name)))
		rows.args = shape.bind(append(rows.args, id), r.Row)
		keys.args = append(keys.args, id, r.Key)
		for _, b := range bulks {
			if err := b.drain(ctx); err != nil {
				return fmt.Errorf("change replicas of source %s: %w", src.Name, err)
			}
		}
	}
	for _, b := range bulks {
		if err := b.flush(ctx); err != nil {
			return fmt.Errorf("change replicas of source %s: %w", src.Name, err)
		}
	}
	if gone := int64(len(replicas)) - state.touched; gone != 0 {
		return rollcall.Errorf(rollcall.Conflict, "change replicas of source %s: %d of %d no longer exist", src.Name, gone, len(replicas))
	}
	return nil
}

// bindState appends the parameters of replicaState.
func bindState(args []any, r *rollcall.Replica, boxes *boxes) []any {
	creator := int64(0)
	if r.IsCreator {
		creator = 1
	}
	return append(args, bytes.Clone(r.Content[:]), boxes.text(0, string(r.State)), timeText(r.LastSeen), boxes.text(1, r.LastError),
		boxes.text(2, r.LastWarning), creator, boxes.time(r.Created), timeText(r.LastModified), r.Name, r.Restore, boxes.number(1, r.Run))
}

// columns lists the cells of a row.
func (s *rowShape) columns() []column {
	var columns []column
	for _, cell := range s.cells {
		for _, c := range cell {
			columns = append(columns, column{name: quote(c.name), kind: c.kind})
		}
	}
	return columns
}

// SetLastSeen notes when replicas of a source were last seen, for those that a
// load missed; the others are as fresh as the source's last complete load.
// Nobody has the name of an entry that is not there: they are no longer found
// by it.
func (t *Tx) SetLastSeen(ctx context.Context, source rollcall.ObjectID, ids []int64, at time.Time) error {
	err := inLists(ids, func(in string, args []any) error {
		_, err := t.exec(ctx, "UPDATE priv_sync_replica SET status_last_seen = ?, name_hash = 0 WHERE "+ofSource+" AND id "+in,
			append([]any{timeText(at), int64(source)}, args...)...)
		return err
	})
	if err != nil {
		return fmt.Errorf("note when replicas were last seen: %w", err)
	}
	return nil
}

// DeleteReplicas deletes replicas of a source and their rows.
func (t *Tx) DeleteReplicas(ctx context.Context, src *rollcall.Source, ids []int64) error {
	if err := t.dropReplicas(ctx, src.ID, src.Table, ids); err != nil {
		return fmt.Errorf("delete replicas of source %s: %w", src.Name, err)
	}
	return nil
}

// dropReplicas deletes replicas of one source and their rows, if it has a table.
func (t *Tx) dropReplicas(ctx context.Context, source rollcall.ObjectID, table string, ids []int64) error {
	if err := t.own(ctx); err != nil {
		return err
	}
	return inLists(ids, func(in string, args []any) error {
		if table != "" {
			if _, err := t.exec(ctx, "DELETE FROM "+quote(table)+" WHERE id "+in, args...); err != nil {
				return err
			}
		}
		n, err := t.exec(ctx, "DELETE FROM priv_sync_replica WHERE "+ofSource+" AND id "+in, append([]any{int64(source)}, args...)...)
		tally := t.tally(source)
		tally.net -= int(n)
		tally.isLess = tally.isLess || n > 0
		return err
	})
}

// DeleteReplicasOf deletes all replicas of objects of class's hierarchy, of
// whatever source, and their rows.
func (t *Tx) DeleteReplicasOf(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) error {
	query := "SELECT sync_source_id, id FROM priv_sync_replica WHERE " + t.destOf(class) + " AND dest_id "
	bySource := map[rollcall.ObjectID][]int64{}
	err := inLists(numbers(ids), func(in string, args []any) error {
		return t.gather(ctx, query+in, args, bySource)
	})
	for source, ids := range bySource {
		t.tally(source).dropped += len(ids)
	}
	if err == nil {
		err = t.dropGathered(ctx, bySource)
	}
	if err != nil {
		return fmt.Errorf("delete the replicas of objects of %s: %w", class.Root, err)
	}
	return nil
}

// DeleteReplicasMadeBy deletes the replicas that a run made, and their rows.
func (t *Tx) DeleteReplicasMadeBy(ctx context.Context, run int64) error {
	bySource := map[rollcall.ObjectID][]int64{}
	err := t.gather(ctx, "SELECT sync_source_id, id FROM priv_sync_replica WHERE run = ?", []any{run}, bySource)
	if err == nil {
		err = t.dropGathered(ctx, bySource)
	}
	if err != nil {
		return fmt.Errorf("delete the replicas that run %d made: %w", run, err)
	}
	return nil
}
