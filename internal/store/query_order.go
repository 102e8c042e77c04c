package store

import "rollcall/internal/rollcall"

// orderOf is what rows are ordered by: as asked, else as the class is ordered,
// else by friendly name.
func orderOf(p *place, w rollcall.Window) []rollcall.OrderBy {
	switch {
	case len(w.Order) > 0:
		return w.Order
	case len(p.class.Order) > 0:
		return p.class.Order
	}
	return []rollcall.OrderBy{{Attribute: rollcall.CodeFriendlyName}}
}

// order renders ORDER BY; last by the IDs. NULL comes first, as in MySQL.
func (r *renderer) order(p *place, w rollcall.Window, ids fragment) (fragment, error) {
	by := orderOf(p, w)
	terms := make([]fragment, 0, len(by)+1)
	for _, o := range by {
		f, err := r.columnOf(p, p.class, o.Attribute, 0)
		if err != nil {
			return f, err
		}
		if f.isTextual() {
			f = r.folded(f)
		}
		direction := " ASC NULLS FIRST"
		if o.Descending {
			direction = " DESC NULLS LAST"
		}
		if r.numbered && (f.isTextual() || f.isTemporal()) {
			direction = ` COLLATE "C"` + direction
		}
		terms = append(terms, f.wrap("", direction, f.is))
	}
	terms = append(terms, ids)
	return join(", ", nullValue, terms...).wrap(" ORDER BY ", "", nullValue), nil
}

// window cuts a part out of an answer.
func (r *renderer) window(f fragment, w rollcall.Window) fragment {
	if w.Limit <= 0 && w.Offset <= 0 {
		return f
	}
	limit := int64(w.Limit)
	if limit <= 0 {
		limit = 1 << 62
	}
	return join("", nullValue, f, r.numberParam(limit).wrap(" LIMIT ", "", nullValue), r.numberParam(int64(max(w.Offset, 0))).wrap(" OFFSET ", "", nullValue))
}
