package auth

import (
	"context"
	"sync"

	"rollcall/internal/rollcall"
)

// flights makes one proof of those that are asked for side by side: a program
// that starts many connections at once shows one password many times.
type flights struct {
	mu    sync.Mutex
	byKey map[proofKey]*flight
}

type flight struct {
	done    chan struct{}
	account *Account
	err     error
}

// share calls prove, or waits for a call with the same key that is under way.
// Whoever waits does not share a refusal, nor the fate of a caller that gave up.
func (f *flights) share(ctx context.Context, key proofKey, prove func() (*Account, error)) (*Account, error) {
	for {
		f.mu.Lock()
		other := f.byKey[key]
		if other == nil {
			own := &flight{done: make(chan struct{})}
			if f.byKey == nil {
				f.byKey = map[proofKey]*flight{}
			}
			f.byKey[key] = own
			f.mu.Unlock()
			defer func() {
				f.mu.Lock()
				delete(f.byKey, key)
				f.mu.Unlock()
				close(own.done)
			}()
			own.err = rollcall.Errorf(rollcall.Internal, "the proof of a password broke off")
			own.account, own.err = prove()
			return own.account, own.err
		}
		f.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-other.done:
		}
		switch rollcall.KindOf(other.err) {
		case rollcall.Unauthorized:
			return prove() // every try that is wrong counts for whoever made it
		case rollcall.Unavailable:
			return nil, other.err
		}
		if other.err == nil {
			return other.account, nil
		}
	}
}
