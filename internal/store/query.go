package store

import (
	"context"

	"rollcall/internal/rollcall"
)

// Select yields the rows of a query: one object per selected column, the zero
// Object where there is none. No statement is open while yield runs, which may
// use the store. Objects that are deleted meanwhile are left out.
func (q *queries) Select(ctx context.Context, query *rollcall.Query, w rollcall.Window, yield func(row []rollcall.Object) error) error {
	return rollcall.Errorf(rollcall.Internal, "queries are not answered yet")
}

// SelectIDs returns the IDs of a query's first column, in order, each once.
func (q *queries) SelectIDs(ctx context.Context, query *rollcall.Query, w rollcall.Window) ([]rollcall.ObjectID, error) {
	return nil, rollcall.Errorf(rollcall.Internal, "queries are not answered yet")
}

// CountOf returns how many rows a query has.
func (q *queries) CountOf(ctx context.Context, query *rollcall.Query) (int, error) {
	return 0, rollcall.Errorf(rollcall.Internal, "queries are not answered yet")
}
