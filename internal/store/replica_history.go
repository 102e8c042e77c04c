package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"rollcall/internal/rollcall"
)

// gather reads pairs of a source and a replica's ID.
func (t *Tx) gather(ctx context.Context, query string, args []any, bySource map[rollcall.ObjectID][]int64) error {
	return t.each(ctx, query, args, func(rows *sql.Rows) error {
		var source rollcall.ObjectID
		var id int64
		err := rows.Scan(&source, &id)
		bySource[source] = append(bySource[source], id)
		return err
	})
}

func (t *Tx) dropGathered(ctx context.Context, bySource map[rollcall.ObjectID][]int64) error {
	for source, ids := range bySource {
		table, err := t.dataTable(ctx, source)
		if err != nil {
			return err
		}
		if err := t.dropReplicas(ctx, source, table, ids); err != nil {
			return err
		}
	}
	return nil
}

// storedReplica is a replica as its history keeps it.
type storedReplica struct {
	ID           int64                 `json:"id"`
	Source       rollcall.ObjectID     `json:"source"`
	Key          jsonStr               `json:"key"`
	Name         jsonStr               `json:"name"`
	Content      []byte                `json:"content"`
	State        rollcall.ReplicaState `json:"state"`
	Class        string                `json:"class,omitempty"`
	Object       rollcall.ObjectID     `json:"object,omitempty"`
	IsCreator    bool                  `json:"is_creator,omitempty"`
	LastSeen     time.Time             `json:"last_seen,omitzero"`
	LastError    jsonStr               `json:"last_error,omitzero"`
	LastWarning  jsonStr               `json:"last_warning,omitzero"`
	Created      time.Time             `json:"created,omitzero"`
	LastModified time.Time             `json:"last_modified,omitzero"`
	Restore      jsonStr               `json:"restore,omitzero"`
	Run          int64                 `json:"run,omitempty"`
	Row          []*jsonStr            `json:"row"` // null: not set
}

// InsertReplicaHistory keeps replicas, with their rows, as they were before a
// run touched them.
func (t *Tx) InsertReplicaHistory(ctx context.Context, steps []rollcall.ReplicaHistory) error {
	b := t.insert("priv_sync_replica_history", []string{"run", "before"})
	for i := range steps {
		if err := b.add(ctx, steps[i].Run, encodeReplica(&steps[i].Before)); err != nil {
			return fmt.Errorf("keep replicas: %w", err)
		}
	}
	if err := b.flush(ctx); err != nil {
		return fmt.Errorf("keep replicas: %w", err)
	}
	return nil
}

// ReplicaHistory yields the replicas that a run touched as they were before,
// in the order they were kept. yield may read and write within the same
// transaction.
func (q *queries) ReplicaHistory(ctx context.Context, run int64, yield func(*rollcall.ReplicaHistory) error) error {
	for last := int64(0); ; {
		var page []rollcall.ReplicaHistory
		err := q.each(ctx, "SELECT id, before FROM priv_sync_replica_history WHERE run = ? AND id > ? ORDER BY id LIMIT ?", []any{run, last, replicaPage}, func(rows *sql.Rows) error {
			var text string
			if err := rows.Scan(&last, &text); err != nil {
				return err
			}
			before, err := decodeReplica(text)
			page = append(page, rollcall.ReplicaHistory{Run: run, Before: before})
			return err
		})
		if err != nil {
			return fmt.Errorf("read the replicas of before run %d: %w", run, err)
		}
		for i := range page {
			if err := yield(&page[i]); err != nil {
				return err
			}
		}
		if len(page) < replicaPage {
			return nil
		}
	}
}

// RestoreReplica brings a replica back to what it was: it is made with its ID
// when it no longer exists.
func (t *Tx) RestoreReplica(ctx context.Context, src *rollcall.Source, r rollcall.Replica) error {
	if err := t.dropReplicas(ctx, src.ID, src.Table, []int64{r.ID}); err != nil {
		return fmt.Errorf("restore replica %d: %w", r.ID, err)
	}
	return t.putReplicas(ctx, src, []rollcall.Replica{r})
}

// encodeReplica writes a storedReplica. It is written out because a run over what
// was delivered keeps every replica, and encoding/json took a tenth of its time.
func encodeReplica(r *rollcall.Replica) string {
	b := make([]byte, 0, 512)
	number := func(name string, n int64) {
		if n != 0 {
			b = strconv.AppendInt(append(b, name...), n, 10)
		}
	}
	text := func(name, value string) {
		if value != "" {
			b = appendJSONText(append(b, name...), value)
		}
	}
	at := func(name string, t time.Time) {
		if !t.IsZero() {
			b = append(t.AppendFormat(append(append(b, name...), '"'), time.RFC3339Nano), '"')
		}
	}
	b = strconv.AppendInt(append(b, `{"id":`...), r.ID, 10)
	b = strconv.AppendInt(append(b, `,"source":`...), int64(r.Source), 10)
	b = appendJSONText(append(b, `,"key":`...), r.Key)
	b = appendJSONText(append(b, `,"name":`...), r.Name)
	b = append(base64.StdEncoding.AppendEncode(append(b, `,"content":"`...), r.Content[:]), '"')
	b = appendJSONText(append(b, `,"state":`...), string(r.State))
	text(`,"class":`, r.Dest.Class)
	number(`,"object":`, int64(r.Dest.ID))
	if r.IsCreator {
		b = append(b, `,"is_creator":true`...)
	}
	at(`,"last_seen":`, r.LastSeen)
	text(`,"last_error":`, r.LastError)
	text(`,"last_warning":`, r.LastWarning)
	at(`,"created":`, r.Created)
	at(`,"last_modified":`, r.LastModified)
	text(`,"restore":`, r.Restore)
	number(`,"run":`, r.Run)
	b = append(b, `,"row":[`...)
	for i, cell := range r.Row {
		if i > 0 {
			b = append(b, ',')
		}
		if cell.Set {
			b = appendJSONText(b, cell.Text)
		} else {
			b = append(b, "null"...)
		}
	}
	return string(append(b, "]}"...))
}

func decodeReplica(text string) (rollcall.Replica, error) {
	var s storedReplica
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return rollcall.Replica{}, err
	}
	r := rollcall.Replica{
		ID: s.ID, Source: s.Source, Key: string(s.Key), Name: string(s.Name), State: s.State,
		Dest: rollcall.Ref{Class: s.Class, ID: s.Object}, IsCreator: s.IsCreator, LastSeen: s.LastSeen,
		LastError: string(s.LastError), LastWarning: string(s.LastWarning),
		Created: s.Created, LastModified: s.LastModified, Restore: string(s.Restore), Run: s.Run,
	}
	copy(r.Content[:], s.Content)
	for _, cell := range s.Row {
		if cell == nil {
			r.Row = append(r.Row, rollcall.Cell{})
			continue
		}
		r.Row = append(r.Row, rollcall.Cell{Text: string(*cell), Set: true})
	}
	return r, nil
}
