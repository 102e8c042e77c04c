package auth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"strconv"
	"time"

	"rollcall/internal/rollcall"
)

// Shared is what the nodes of one registry know together, so that a limit counts
// over all of them and a session that one gave opens the others, too.
type Shared interface {
	sessionKeeper
	// Draw takes a try from each of some buckets, none when one of them is empty, and
	// says how long it takes until each is full again.
	Draw(ctx context.Context, draws []rollcall.Draw) (owed []time.Duration, drawn bool, err error)
	// GiveBack returns what Draw took.
	GiveBack(ctx context.Context, draws []rollcall.Draw) (owed []time.Duration, err error)
	// Claim takes one of the places that an account has within some time, for a
	// password that a directory is asked about; false: none is free.
	Claim(ctx context.Context, account string, places int, within time.Duration) (place int, ok bool, err error)
	// Unclaim frees a place, Forgive all of an account.
	Unclaim(ctx context.Context, account string, place int) error
	Forgive(ctx context.Context, account string) error
	// Sweep removes what counts no longer.
	Sweep(ctx context.Context, within time.Duration, idle, begun time.Time) error
}

// sweepEvery is how often a node clears up what nodes know together.
const sweepEvery = time.Minute

// afterwards is how long it may take to note how a sign-in ended, whose client
// may have hung up.
const afterwards = 5 * time.Second

// detached is a context that outlives whoever asked, for what must be noted.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), afterwards)
}

// sweep clears up now and then. What it does not get done, another will.
func (s *Service) sweep(ctx context.Context) {
	now := s.Now()
	last := s.swept.Load()
	if s.Shared == nil || now.UnixNano()-last < int64(sweepEvery) || !s.swept.CompareAndSwap(last, now.UnixNano()) {
		return
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	if err := s.Shared.Sweep(ctx, s.Spare.Within, now.Add(-sessionIdle), now.Add(-sessionLimit)); err != nil {
		s.Log.Warn("old sign-ins were not cleared up", slog.Any("err", err))
	}
}

// publicName names something for all nodes, without saying it.
func publicName(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return hex.EncodeToString(h.Sum(nil))
}
