package engine

import (
	"context"

	"rollcall/internal/rollcall"
)

// Source returns what a caller must know of a data source.
func (e *Engine) Source(ctx context.Context, id rollcall.ObjectID) (rollcall.SourceHead, error) {
	return rollcall.SourceHead{}, rollcall.Errorf(rollcall.NotFound, "there is no data source %d", id)
}

// Feed takes a delivery of rows, all of it or nothing.
func (e *Engine) Feed(ctx context.Context, f rollcall.Feed) (*rollcall.Executed, error) {
	return nil, rollcall.Errorf(rollcall.Internal, "not built yet")
}

// Exec runs over a source's replicas as they stand in its data table.
func (e *Engine) Exec(ctx context.Context, x rollcall.Exec) (*rollcall.Executed, error) {
	return nil, rollcall.Errorf(rollcall.Internal, "not built yet")
}
