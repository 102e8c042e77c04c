package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"rollcall/internal/rollcall"
)

// StandCount counts the replicas of a source and those seen since a time. Those without a time of their own were
// seen at the source's last complete load.
func (q *queries) StandCount(ctx context.Context, source rollcall.ObjectID, since, complete time.Time) (rollcall.StandCount, error) {
	const query = `SELECT COUNT(*), COALESCE(SUM(CASE WHEN status <> 'obsolete' AND COALESCE(status_last_seen, ?) >= ? THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE status WHEN 'obsolete' THEN 1 ELSE 0 END), 0) FROM priv_sync_replica WHERE sync_source_id = ?`
	var c rollcall.StandCount
	if err := q.one(ctx, query, []any{requiredTime(complete), requiredTime(since), int64(source)}, &c.Total, &c.Seen, &c.Obsolete); err != nil {
		return c, fmt.Errorf("count the replicas of source %d: %w", source, err)
	}
	return c, nil
}

// StandIns lists by ascending ID the replicas of a source that a run has to look
// at: those that are not at rest, and those that were not seen since a time.
func (q *queries) StandIns(ctx context.Context, source rollcall.ObjectID, since, complete time.Time) ([]rollcall.StandIn, error) {
	const query = `SELECT id, status, CASE WHEN COALESCE(status_last_seen, ?) >= ? THEN 1 ELSE 0 END FROM priv_sync_replica
		WHERE sync_source_id = ? AND (status <> 'synchronized' OR status_last_warning <> '' OR COALESCE(status_last_seen, ?) < ?) ORDER BY id`
	var list []rollcall.StandIn
	from, limit := requiredTime(complete), requiredTime(since)
	err := q.each(ctx, query, []any{from, limit, int64(source), from, limit}, func(rows *sql.Rows) error {
		var s rollcall.StandIn
		var seen int
		err := rows.Scan(&s.ID, &s.State, &seen)
		s.IsSeen = seen == 1
		list = append(list, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the replicas of source %d: %w", source, err)
	}
	return list, nil
}

// HoldReplicas keeps those who write the data table of a source by SQL from
// changing replicas and their rows until the transaction ends. What is read
// before it may be old.
func (t *Tx) HoldReplicas(ctx context.Context, src *rollcall.Source, ids []int64) error {
	if t.d.traits().folder != "postgres" {
		return nil // SQLite has one writer
	}
	err := inLists(ids, func(in string, args []any) error {
		return t.each(ctx, "SELECT id FROM priv_sync_replica WHERE "+ofSource+" AND id "+in+" ORDER BY id FOR UPDATE",
			append([]any{int64(src.ID)}, args...), func(*sql.Rows) error { return nil })
	})
	if err != nil {
		return fmt.Errorf("hold replicas of source %s: %w", src.Name, err)
	}
	return nil
}

// settled are the columns of a replica that a run over what stands writes.
var settled = []column{
	{name: "status", kind: text}, {name: "status_last_error", kind: text}, {name: "status_last_warning", kind: text},
	{name: "dest_class", kind: text}, {name: "dest_id", kind: number}, {name: "status_dest_creator", kind: number},
	{name: "info_creation_date", kind: exact}, {name: "info_last_modified", kind: exact}, {name: "restore", kind: text},
}

// SettleReplicas writes what a run made of replicas whose rows others deliver:
// neither the rows nor when they were seen are its to change. What is
// synchronized has been taken over. One that no longer exists is a Conflict
// error.
func (t *Tx) SettleReplicas(ctx context.Context, src *rollcall.Source, replicas []rollcall.Replica) error {
	b := t.update("priv_sync_replica", settled, "taken = CASE v.\"c_status\" WHEN 'synchronized' THEN NULL ELSE priv_sync_replica.taken END")
	var boxes boxes
	for i := range replicas {
		r := &replicas[i]
		creator := int64(0)
		if r.IsCreator {
			creator = 1
		}
		b.args = append(b.args, r.ID, boxes.text(0, string(r.State)), boxes.text(1, r.LastError), boxes.text(2, r.LastWarning),
			boxes.text(3, r.Dest.Class), int64(r.Dest.ID), creator, timeText(r.Created), timeText(r.LastModified), r.Restore)
		if err := b.drain(ctx); err != nil {
			return fmt.Errorf("settle replicas of source %s: %w", src.Name, err)
		}
	}
	if err := b.flush(ctx); err != nil {
		return fmt.Errorf("settle replicas of source %s: %w", src.Name, err)
	}
	if gone := int64(len(replicas)) - b.touched; gone != 0 {
		return rollcall.Errorf(rollcall.Conflict, "settle replicas of source %s: %d of %d no longer exist", src.Name, gone, len(replicas))
	}
	return nil
}
