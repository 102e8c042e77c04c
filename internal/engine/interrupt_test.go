package engine_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
)

// A context that ends in the middle of the transaction takes it along; what
// fails next is told as what it is.
func TestAnEndedContextIsTheReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := persons(w, nil)
	for i := range 5 {
		f.put(fmt.Sprint("x", i), "name", fmt.Sprint("N", i), "first_name", "F", "email", fmt.Sprint(i, "@x.com"))
	}
	why := fmt.Errorf("the house is on fire: %w", context.Canceled) // as a signal's is
	closed := errors.New("the statement is closed")
	ctx, cancel := context.WithCancelCause(t.Context())
	result, err := w.engine.Run(ctx, []engine.Job{w.job(f)}, engine.Options{Kind: "sync", Sink: func(*rollcall.Change) error {
		cancel(why)
		return closed
	}})
	if !errors.Is(err, why) || !errors.Is(err, closed) {
		t.Errorf("got %v, want %v", err, why)
	}
	if result.Run.State != rollcall.RunFailed {
		t.Errorf("got state %s", result.Run.State)
	}
	wantText(t, "persons", w.table("Person"), "")
}
