package main

import (
	"context"
	"strconv"

	"rollcall/internal/engine"
	"rollcall/internal/oql"
	"rollcall/internal/rollcall"
)

// selector is the part of the store's transaction that answers queries.
type selector interface {
	SelectIDs(ctx context.Context, q *rollcall.Query, w rollcall.Window) ([]rollcall.ObjectID, error)
}

// scopeOf reads the scope restriction of a data source: an OQL query over its
// class, or one above or below it.
func scopeOf(model *rollcall.Model) engine.ScopeFunc {
	return func(ctx context.Context, tx engine.Tx, class *rollcall.Class, scope string, ids []rollcall.ObjectID) (map[rollcall.ObjectID]bool, error) {
		query, err := oql.Compile(model, scope, nil)
		if err != nil {
			return nil, rollcall.Errorf(rollcall.Invalid, "%s: %w", scope, err)
		}
		if selected := query.Class(); selected.Root != class.Root {
			return nil, rollcall.Errorf(rollcall.Invalid, "%s selects objects of class %s, and the source is of class %s", scope, selected.Name, class.Name)
		}
		within := map[rollcall.ObjectID]bool{}
		if len(ids) == 0 {
			return within, nil
		}
		texts := make([]string, len(ids))
		for i, id := range ids {
			texts[i] = strconv.FormatInt(int64(id), 10)
		}
		from, ok := tx.(selector)
		if !ok {
			return nil, rollcall.Errorf(rollcall.Internal, "the transaction answers no queries")
		}
		found, err := from.SelectIDs(ctx, query.Where("id", texts...), rollcall.Window{})
		for _, id := range found {
			within[id] = true
		}
		return within, err
	}
}
