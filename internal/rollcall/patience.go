package rollcall

import (
	"context"
	"time"
)

type patienceKey struct{}

// Patient returns a context for work that nobody waits for: a change that it
// makes waits so long for its turn to write, instead of seconds.
func Patient(ctx context.Context, wait time.Duration) context.Context {
	return context.WithValue(ctx, patienceKey{}, wait)
}

// Patience returns how long a change waits for its turn to write, usual when
// nothing else is said.
func Patience(ctx context.Context, usual time.Duration) time.Duration {
	if wait, ok := ctx.Value(patienceKey{}).(time.Duration); ok {
		return wait
	}
	return usual
}
