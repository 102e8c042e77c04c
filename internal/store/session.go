package store

import (
	"context"
	"fmt"
	"time"

	"rollcall/internal/rollcall"
)

// AddSession keeps a session. When there are as many as may be it is an
// Unavailable error.
func (s *Shared) AddSession(ctx context.Context, one *rollcall.Session, most int) error {
	var hash string
	err := s.store.one(ctx, `INSERT INTO session (hash, account_id, seal, since, seen)
		SELECT ?::text, ?::bigint, ?::text, ?::text, ?::text WHERE (SELECT count(*) FROM session) < ? RETURNING hash`,
		[]any{one.Hash, one.Account, one.Seal, timeText(one.Since), timeText(one.Seen), most}, &hash)
	switch {
	case err == nil:
		return nil
	case rollcall.KindOf(err) == rollcall.NotFound:
		return rollcall.Errorf(rollcall.Unavailable, "%d sessions are open: no room for one more", most)
	}
	return fmt.Errorf("keep a session: %w", err)
}

// Session returns the session with a hash, and whether there is one.
func (s *Shared) Session(ctx context.Context, hash string) (one rollcall.Session, found bool, err error) {
	var since, seen string
	err = s.store.one(ctx, "SELECT account_id, seal, since, seen FROM session WHERE hash = ?", []any{hash}, &one.Account, &one.Seal, &since, &seen)
	if rollcall.KindOf(err) == rollcall.NotFound {
		return one, false, nil
	}
	if err != nil {
		return one, false, fmt.Errorf("look for a session: %w", err)
	}
	one.Hash = hash
	if one.Since, err = parseTime(since); err == nil {
		one.Seen, err = parseTime(seen)
	}
	return one, err == nil, err
}

// SeeSession notes that a session was used.
func (s *Shared) SeeSession(ctx context.Context, hash string, at time.Time) error {
	return s.run(ctx, "note that a session is in use", "UPDATE session SET seen = ? WHERE hash = ? AND seen < ?", timeText(at), hash, timeText(at))
}

// EndSession forgets a session; one that is not there has ended.
func (s *Shared) EndSession(ctx context.Context, hash string) error {
	return s.run(ctx, "end a session", "DELETE FROM session WHERE hash = ?", hash)
}
