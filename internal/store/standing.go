package store

import (
	"context"
	"database/sql"
	"fmt"

	"rollcall/internal/rollcall"
)

// Standing returns what is known of a source since its last complete load. A
// source that never had one has the zero standing, but for its replicas.
func (q *queries) Standing(ctx context.Context, source rollcall.ObjectID) (rollcall.Standing, error) {
	var s rollcall.Standing
	var at sql.NullString
	var fingerprint []byte
	var counted sql.NullInt64
	err := q.one(ctx, `SELECT s.last_complete, s.last_run, s.scope, s.fingerprint, s.drift, s.left_gone, r.replicas
		FROM standing s LEFT JOIN resume r ON r.source_id = s.source_id WHERE s.source_id = ?`, []any{int64(source)},
		&at, &s.LastRun, &s.Scope, &fingerprint, &s.Drift, &s.Left, &counted)
	if err != nil && rollcall.KindOf(err) != rollcall.NotFound {
		return s, fmt.Errorf("read the standing of source %d: %w", source, err)
	}
	copy(s.Fingerprint[:], fingerprint)
	if s.LastComplete, err = parseTime(at.String); err != nil {
		return s, fmt.Errorf("read the standing of source %d: %w", source, err)
	}
	if s.Replicas = int(counted.Int64); counted.Valid {
		return s, nil
	}
	err = q.one(ctx, "SELECT COUNT(*) FROM priv_sync_replica WHERE sync_source_id = ?", []any{int64(source)}, &s.Replicas)
	if err != nil {
		return s, fmt.Errorf("count the replicas of source %d: %w", source, err)
	}
	return s, nil
}

// SaveStanding keeps what a complete load found out about a source. The number
// of replicas is not kept: it is counted, or known since SaveResume.
func (t *Tx) SaveStanding(ctx context.Context, source rollcall.ObjectID, s rollcall.Standing) error {
	_, err := t.exec(ctx, `INSERT INTO standing (source_id, last_complete, last_run, scope, fingerprint, drift, left_gone) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (source_id) DO UPDATE SET last_complete = excluded.last_complete, last_run = excluded.last_run,
			scope = excluded.scope, fingerprint = excluded.fingerprint, drift = excluded.drift, left_gone = excluded.left_gone`,
		int64(source), timeText(s.LastComplete), s.LastRun, s.Scope, s.Fingerprint[:], s.Drift, s.Left)
	if err == nil {
		err = t.pruneDrift(ctx)
	}
	if err != nil {
		return fmt.Errorf("keep the standing of source %d: %w", source, err)
	}
	return nil
}
