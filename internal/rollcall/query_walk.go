package rollcall

import "iter"

// After narrows the first selected column to objects with a greater ID.
func (q *Query) After(id ObjectID) *Query {
	if id == 0 {
		return q
	}
	return q.where(0, func(t *QueryTable) Expr {
		return &Operation{Op: ">", Left: &Column{t, CodeID}, Right: Number(int64(id))}
	})
}

// Inner yields the queries within the conditions of a query, and not those
// within them.
func (q *Query) Inner() iter.Seq[*Query] {
	return func(yield func(*Query) bool) {
		for _, p := range q.Parts {
			if !inner(p.Where, yield) {
				return
			}
		}
	}
}

func inner(e Expr, yield func(*Query) bool) bool {
	switch e := e.(type) {
	case *Operation:
		return inner(e.Left, yield) && inner(e.Right, yield)
	case *Logic:
		return innerOf(e.Terms, yield)
	case *Call:
		return innerOf(e.Args, yield)
	case *Membership:
		return inner(e.Of, yield) && innerOf(e.List, yield) && (e.Query == nil || yield(e.Query))
	}
	return true
}

func innerOf(list []Expr, yield func(*Query) bool) bool {
	for _, e := range list {
		if !inner(e, yield) {
			return false
		}
	}
	return true
}
