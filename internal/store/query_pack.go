package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// An answer of one column is read by one statement when it can be: each row is
// one text, of all the cells that are wanted and of what the rows are ordered
// by, and they are put in order here. A tenth of the cost of such an answer is
// reading it; what packing saves is a call of the driver, with two locks, for
// each cell, a call from the database for each comparison, and a second look
// at each row. What does not fit goes by IDs (adr 70).

// packSeparator stands between the cells of a row. No text of ours has a NUL.
const packSeparator = "\x00"

// maxPacked is how many bytes of packed rows are held at once.
const maxPacked = 32 << 20

// maxPackedCells is less than SQLite's functions take arguments.
const maxPackedCells = 100

// errUnpacked says that an answer must be read in the other way.
var errUnpacked = errors.New("the answer is not packed")

// packed is an answer that is held whole.
type packed struct {
	view       *view
	descending bool
	rows       []packedRow
	size       int
}

// packedRow is one row before it is taken apart.
type packedRow struct {
	key   string // what it is ordered by, folded
	start uint64 // how key begins, for most comparisons
	id    int64
	text  string
}

// pack reads a query's rows in order; errUnpacked when they must be read by ID.
func (q *queries) pack(ctx context.Context, query *rollcall.Query, w rollcall.Window, v *view) (*packed, error) {
	f, descending, err := q.packing(query, w, v)
	if err != nil {
		return nil, err
	}
	p := &packed{view: v, descending: descending}
	var text string
	err = q.ask(ctx, f, func(rows *sql.Rows) error {
		if err := rows.Scan(&text); err != nil {
			return err
		}
		return p.add(text)
	})
	switch {
	case errors.Is(err, errUnpacked):
		return nil, errUnpacked
	case err != nil:
		return nil, fmt.Errorf("answer a query on %s: %w", query.Class().Name, err)
	}
	p.sort()
	return p, nil
}

// packing renders the statement that packs a query's rows.
func (q *queries) packing(query *rollcall.Query, w rollcall.Window, v *view) (f fragment, descending bool, err error) {
	part := query.Parts[0]
	if !q.d.traits().packs || q.recall != nil || len(query.Parts) > 1 || len(query.Columns) > 1 || repeats(part) || w.Limit > 0 || w.Offset > 0 || v.width > maxPackedCells || v.isBinary() {
		return f, false, errUnpacked
	}
	r := q.renderer()
	f, err = r.part(part, func() (fragment, error) {
		p := r.placed[part.Selected[0]]
		key, down, err := r.packKey(p, w)
		if err != nil {
			return key, err
		}
		descending = down
		return v.packing(p, key), nil
	}, func() (fragment, error) { return fragment{}, nil })
	if err != nil {
		return f, false, err
	}
	q.tell(r)
	return r.with(f), descending, nil
}

// packKey renders what rows are ordered by, when that is one text which is never
// NULL: nearly always the friendly name.
func (r *renderer) packKey(p *place, w rollcall.Window) (f fragment, descending bool, err error) {
	by := orderOf(p, w)
	if len(by) > 1 {
		return f, false, errUnpacked
	}
	code := by[0].Attribute
	if col := p.table.columns[code]; code != rollcall.CodeFriendlyName && (col == nil || col.kind != text) {
		return f, false, errUnpacked
	}
	f, err = r.columnOf(p, p.class, code, 0)
	if err == nil && !f.isTextual() {
		err = errUnpacked
	}
	f.sql = f.bareOr() // an enum that is empty sorts as NULL does: first
	return f, by[0].Descending, err
}

// packing renders one text of the view's cells and a key.
func (v *view) packing(p *place, key fragment) fragment {
	cells := make([]fragment, 0, v.width+2)
	cells = append(cells, fragment{sql: "char(0)"})
	for _, c := range v.names {
		sql := p.column(c.name)
		if c.kind != text {
			sql = "COALESCE(" + sql + ", '')" // concat_ws leaves NULL out
		}
		cells = append(cells, fragment{sql: sql})
	}
	return call("concat_ws", textValue, append(cells, key)...).wrap("SELECT ", "", textValue)
}

// isBinary reports whether the view reads bytes.
func (v *view) isBinary() bool {
	return slices.ContainsFunc(v.names, func(c column) bool { return c.kind == binary })
}

// add takes a row in.
func (p *packed) add(text string) error {
	p.size += len(text)
	first, last := strings.Index(text, packSeparator), strings.LastIndex(text, packSeparator)
	if p.size > maxPacked || strings.Count(text, packSeparator) != p.view.width {
		return errUnpacked
	}
	id, err := strconv.ParseInt(text[:first], 10, 64)
	if err != nil {
		return errUnpacked
	}
	key := rollcall.FoldLoosely(text[last+1:])
	var start uint64
	for i := range 8 {
		start <<= 8
		if i < len(key) {
			start |= uint64(key[i])
		}
	}
	p.rows = append(p.rows, packedRow{key: key, start: start, id: id, text: text[:last]})
	return nil
}

func (p *packed) sort() {
	slices.SortFunc(p.rows, func(a, b packedRow) int {
		c := cmp.Compare(a.start, b.start)
		if c == 0 {
			c = strings.Compare(a.key, b.key)
		}
		if p.descending {
			c = -c
		}
		return cmp.Or(c, cmp.Compare(a.id, b.id))
	})
}

// each yields the rows as objects. The values of a page of them share memory.
func (p *packed) each(yield func(row []rollcall.Object) error) error {
	row := make([]rollcall.Object, 1)
	cells := make([]string, p.view.width)
	var values []string
	for i := range p.rows {
		p.view.unpack(p.rows[i].text, cells)
		own, known := p.view.own[cells[1]]
		p.rows[i] = packedRow{} // what was handed out is the caller's to keep
		if !known {
			continue
		}
		if n := len(own.from); len(values) < n {
			values = make([]string, min(scanPage, len(p.rows)-i)*n)
		}
		o := rollcall.Object{Class: own.class, ID: parseID(cells[0]), Values: values[:len(own.from):len(own.from)]}
		values = values[len(own.from):]
		for at, cell := range own.from {
			if cell >= 0 {
				o.Values[at] = cells[cell]
			}
		}
		row[0] = o
		if err := yield(row); err != nil {
			return err
		}
	}
	return nil
}

// unpack takes a row apart.
func (v *view) unpack(text string, cells []string) {
	for i := range cells {
		cells[i], text, _ = strings.Cut(text, packSeparator)
	}
}
