package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// Shared is what the nodes of one registry know together of who comes in: the
// tries that are left, and the sessions. Each statement is a transaction of its
// own and waits for no other writer, so that people come in while a run writes.
type Shared struct{ store *Store }

// Shared returns what the nodes know together: nil on SQLite, where there is one
// node, which knows it alone.
func (s *Store) Shared() *Shared {
	if !s.d.traits().isShared {
		return nil
	}
	return &Shared{store: s}
}

// sharedNow is the time in microseconds by the database's clock: those of the
// nodes may differ, and one that is ahead would keep people out at all others.
const sharedNow = "(extract(epoch FROM now()) * 1000000)::bigint"

// Draw takes a try from each of some buckets. When one of them is empty it takes
// none, and reports that. Owed says how long it takes until each is full again.
// Buckets that several draws have in common must come in the same order in each.
func (s *Shared) Draw(ctx context.Context, draws []rollcall.Draw) (owed []time.Duration, drawn bool, err error) {
	const row = "(?::text, " + sharedNow + " + ?::bigint, ?::bigint)"
	// The row that is to be inserted says how far the bucket's own moves.
	query := "INSERT INTO sign_in_try (bucket, full_at, room) VALUES " + strings.Repeat(row+", ", len(draws)-1) + row + `
		ON CONFLICT (bucket) DO UPDATE SET room = excluded.room, full_at = greatest(sign_in_try.full_at, ` + sharedNow + `) + excluded.full_at - ` + sharedNow + `
		WHERE greatest(sign_in_try.full_at, ` + sharedNow + `) + excluded.full_at - 2 * ` + sharedNow + ` <= excluded.room
		RETURNING bucket, full_at - ` + sharedNow
	args := make([]any, 0, 3*len(draws))
	for _, d := range draws {
		args = append(args, d.Bucket, d.Every.Microseconds(), d.Room.Microseconds())
	}
	owed, found, err := s.owed(ctx, query, args, draws)
	if err != nil {
		return nil, false, fmt.Errorf("count a sign-in: %w", err)
	}
	var taken []rollcall.Draw
	for i, d := range draws {
		if found[i] {
			taken = append(taken, d)
		}
	}
	if len(taken) == len(draws) {
		return owed, true, nil
	}
	if len(taken) > 0 {
		if _, err := s.GiveBack(ctx, taken); err != nil {
			return nil, false, err
		}
	}
	owed, err = s.left(ctx, draws)
	return owed, false, err
}

// GiveBack returns a try to each of some buckets, and says how long it takes
// until each is full.
func (s *Shared) GiveBack(ctx context.Context, draws []rollcall.Draw) ([]time.Duration, error) {
	const row = "(?::text, -?::bigint, 0)"
	query := "INSERT INTO sign_in_try (bucket, full_at, room) VALUES " + strings.Repeat(row+", ", len(draws)-1) + row + `
		ON CONFLICT (bucket) DO UPDATE SET full_at = sign_in_try.full_at + excluded.full_at
		RETURNING bucket, full_at - ` + sharedNow
	args := make([]any, 0, 2*len(draws))
	for _, d := range draws {
		args = append(args, d.Bucket, d.Every.Microseconds())
	}
	owed, _, err := s.owed(ctx, query, args, draws)
	if err != nil {
		return nil, fmt.Errorf("give back a sign-in: %w", err)
	}
	return owed, nil
}

// left says how long it takes until each bucket is full.
func (s *Shared) left(ctx context.Context, draws []rollcall.Draw) ([]time.Duration, error) {
	args := make([]any, len(draws))
	for i, d := range draws {
		args[i] = d.Bucket
	}
	owed, _, err := s.owed(ctx, "SELECT bucket, full_at - "+sharedNow+" FROM sign_in_try WHERE bucket IN ("+marks(len(args))+")", args, draws)
	if err != nil {
		return nil, fmt.Errorf("count the sign-ins: %w", err)
	}
	return owed, nil
}

// owed reads the buckets that a statement tells of.
func (s *Shared) owed(ctx context.Context, query string, args []any, draws []rollcall.Draw) (owed []time.Duration, found []bool, err error) {
	owed, found = make([]time.Duration, len(draws)), make([]bool, len(draws))
	err = s.store.each(ctx, query, args, func(rows *sql.Rows) error {
		var bucket string
		var micros int64
		if err := rows.Scan(&bucket, &micros); err != nil {
			return err
		}
		for i := range draws {
			if draws[i].Bucket == bucket {
				owed[i], found[i] = max(0, time.Duration(micros)*time.Microsecond), true
			}
		}
		return nil
	})
	return owed, found, err
}

// Claim takes one of so many places that an account has within some time: a
// directory is asked about a password then. It reports false when none is free.
func (s *Shared) Claim(ctx context.Context, account string, places int, within time.Duration) (place int, ok bool, err error) {
	const query = "INSERT INTO sign_in_guess (account, slot, asked_at) VALUES (?, ?, " + sharedNow + `)
		ON CONFLICT (account, slot) DO UPDATE SET asked_at = excluded.asked_at WHERE sign_in_guess.asked_at <= excluded.asked_at - ? RETURNING slot`
	for place = range places {
		err := s.store.one(ctx, query, []any{account, place, within.Microseconds()}, &place)
		if err == nil {
			return place, true, nil
		}
		if rollcall.KindOf(err) != rollcall.NotFound {
			return 0, false, fmt.Errorf("count a password that a directory is asked about: %w", err)
		}
	}
	return 0, false, nil
}

// Unclaim frees a place whose question had no answer.
func (s *Shared) Unclaim(ctx context.Context, account string, place int) error {
	return s.run(ctx, "forget a password that a directory was asked about", "DELETE FROM sign_in_guess WHERE account = ? AND slot = ?", account, place)
}

// Forgive frees all places of an account.
func (s *Shared) Forgive(ctx context.Context, account string) error {
	return s.run(ctx, "forget wrong passwords", "DELETE FROM sign_in_guess WHERE account = ?", account)
}

// Sweep removes what counts no longer: full buckets, places older than within,
// and sessions that were last used, or began, before a moment.
func (s *Shared) Sweep(ctx context.Context, within time.Duration, idle, begun time.Time) error {
	const what = "forget old sign-ins"
	if err := s.run(ctx, what, "DELETE FROM sign_in_try WHERE full_at <= "+sharedNow); err != nil {
		return err
	}
	if err := s.run(ctx, what, "DELETE FROM sign_in_guess WHERE asked_at <= "+sharedNow+" - ?", within.Microseconds()); err != nil {
		return err
	}
	return s.run(ctx, what, "DELETE FROM session WHERE seen <= ? OR since <= ?", timeText(idle), timeText(begun))
}

// run runs a statement in a transaction of its own.
func (s *Shared) run(ctx context.Context, what, query string, args ...any) error {
	if err := s.store.each(ctx, query, args, func(*sql.Rows) error { return nil }); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
