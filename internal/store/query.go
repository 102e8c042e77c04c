package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"rollcall/internal/rollcall"
)

// Select yields the rows of a query: beside each selected column an object. No
// statement is open while yield runs, which may use the store. An object that
// is deleted meanwhile is the zero Object, and a row without its first one is
// left out.
func (q *queries) Select(ctx context.Context, query *rollcall.Query, w rollcall.Window, yield func(row []rollcall.Object) error) error {
	width := len(query.Columns)
	views := make([]*view, width)
	for i, class := range query.Columns {
		var codes []string
		if w.Only != nil && i == 0 {
			codes = q.needed(class, w.Only...)
		}
		var err error
		if views[i], err = q.view(class, codes); err != nil {
			return err
		}
	}
	switch whole, err := q.pack(ctx, query, w, views[0]); {
	case err == nil:
		return whole.each(yield)
	case !errors.Is(err, errUnpacked):
		return err
	}
	return q.byID(ctx, query, w, views, yield)
}

// byID reads the IDs of a query's rows first, then the objects page by page.
func (q *queries) byID(ctx context.Context, query *rollcall.Query, w rollcall.Window, views []*view, yield func(row []rollcall.Object) error) error {
	rows, err := q.rowsOf(ctx, query, w)
	if err != nil {
		return err
	}
	width := len(views)
	row := make([]rollcall.Object, width)
	return q.ahead(slices.Collect(slices.Chunk(rows, scanPage*width)), func(page []int64) ([][]rollcall.Object, error) {
		columns := make([][]rollcall.Object, width)
		for i, v := range views {
			var err error
			if columns[i], err = v.of(q).inOrder(ctx, page, i, width); err != nil {
				return nil, fmt.Errorf("read objects of %s: %w", query.Columns[i].Name, err)
			}
		}
		return columns, nil
	}, func(columns [][]rollcall.Object) error {
		for n := range columns[0] {
			for i := range columns {
				row[i] = columns[i][n]
			}
			if row[0].Class == nil {
				continue
			}
			if err := yield(row); err != nil {
				return err
			}
		}
		return nil
	})
}

// readAhead is how many pages are read at once while another one is used.
const readAhead = 2

// ahead reads pages and hands them on in order. Outside of transactions, which
// have one connection, the next ones are read meanwhile.
func (q *queries) ahead(pages [][]int64, read func([]int64) ([][]rollcall.Object, error), use func([][]rollcall.Object) error) error {
	type result struct {
		columns [][]rollcall.Object
		err     error
	}
	if q.recall != nil || len(pages) == 1 {
		for _, page := range pages {
			columns, err := read(page)
			if err == nil {
				err = use(columns)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	var readers sync.WaitGroup
	defer readers.Wait()
	coming := make([]chan result, len(pages))
	start := func(i int) {
		if i < len(pages) {
			coming[i] = make(chan result, 1)
			readers.Go(func() {
				columns, err := read(pages[i])
				coming[i] <- result{columns, err}
			})
		}
	}
	for i := range readAhead {
		start(i)
	}
	for i := range pages {
		r := <-coming[i]
		coming[i] = nil
		start(i + readAhead)
		if r.err == nil {
			r.err = use(r.columns)
		}
		if r.err != nil {
			return r.err
		}
	}
	return nil
}

// inOrder reads the objects of one column of a page of IDs, the zero Object
// where there is none.
func (v *view) inOrder(ctx context.Context, page []int64, column, width int) ([]rollcall.Object, error) {
	n := len(page) / width
	ids := make([]int64, n)
	at := make(map[int64][]int32, n)
	for i := range ids {
		ids[i] = page[i*width+column]
		at[ids[i]] = append(at[ids[i]], int32(i))
	}
	objects := make([]rollcall.Object, n)
	err := inLists(distinct(ids), func(in string, args []any) error {
		return v.q.briefly(ctx, "SELECT "+v.columns+" FROM "+v.table.quoted+" WHERE id "+in+v.where, args, func(rows *sql.Rows) error {
			o, known, err := v.scan(rows)
			if err == nil && known {
				for _, i := range at[int64(o.ID)] {
					objects[i] = o
				}
			}
			return err
		})
	})
	return objects, err
}

// SelectIDs returns the IDs of a query's first column, in order, each once.
func (q *queries) SelectIDs(ctx context.Context, query *rollcall.Query, w rollcall.Window) ([]rollcall.ObjectID, error) {
	rows, err := q.rowsOf(ctx, query, w)
	if err != nil {
		return nil, err
	}
	width := len(query.Columns)
	ids := make([]rollcall.ObjectID, 0, len(rows)/width)
	var seen map[int64]bool
	if width > 1 {
		seen = make(map[int64]bool, len(rows)/width)
	}
	for i := 0; i < len(rows); i += width {
		if seen != nil {
			if seen[rows[i]] {
				continue
			}
			seen[rows[i]] = true
		}
		ids = append(ids, rollcall.ObjectID(rows[i]))
	}
	return ids, nil
}

// CountOf returns how many rows a query has.
func (q *queries) CountOf(ctx context.Context, query *rollcall.Query) (int, error) {
	r := q.renderer()
	f, err := r.count(query)
	if err != nil {
		return 0, err
	}
	q.tell(r)
	n := 0
	err = q.ask(ctx, f, func(rows *sql.Rows) error { return rows.Scan(&n) })
	if err != nil {
		return 0, fmt.Errorf("count what a query on %s finds: %w", query.Class().Name, err)
	}
	return n, nil
}

// rowsOf returns the IDs of all columns, row by row.
func (q *queries) rowsOf(ctx context.Context, query *rollcall.Query, w rollcall.Window) ([]int64, error) {
	r := q.renderer()
	f, err := r.rows(query, w)
	if err != nil {
		return nil, err
	}
	q.tell(r)
	width := len(query.Columns)
	var list []int64
	cells := make([]int64, width)
	dest := make([]any, width)
	for i := range cells {
		dest[i] = &cells[i]
	}
	err = q.ask(ctx, f, func(rows *sql.Rows) error {
		err := rows.Scan(dest...)
		list = append(list, cells...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("answer a query on %s: %w", query.Class().Name, err)
	}
	return list, nil
}

// ask runs a statement that is made for one query. There is no end to them, so
// one is prepared to be kept only when it comes again.
func (q *queries) ask(ctx context.Context, f fragment, row func(*sql.Rows) error) (err error) {
	if q.comesAgain(f.sql) {
		return q.each(ctx, f.sql, f.args, row)
	}
	on, ok := q.on.(querier)
	if !ok {
		return rollcall.Errorf(rollcall.Internal, "a query runs on a database or a transaction")
	}
	rows, err := on.QueryContext(ctx, numbered(q.d, f.sql), f.args...)
	if err != nil {
		return q.d.translate(err)
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = q.d.translate(e)
		}
	}()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return q.d.translate(rows.Err())
}

// tell notes which look-ups a statement could have used.
func (q *queries) tell(r *renderer) {
	if q.missing != nil && len(r.missing) > 0 {
		q.missing(r.missing)
	}
}

func (q *queries) renderer() *renderer {
	return &renderer{
		model: q.model, layout: q.layout(), numbered: q.d.traits().isNumbered, now: q.now(),
		placed: map[*rollcall.QueryTable]*place{},
	}
}

// rows renders a query as the IDs of its rows, in order.
func (r *renderer) rows(query *rollcall.Query, w rollcall.Window) (fragment, error) {
	var f fragment
	var err error
	if p := query.Parts[0]; len(query.Parts) == 1 && !repeats(p) {
		f, err = r.part(p, func() (fragment, error) { return r.idColumns(p).wrap("SELECT ", "", nullValue), nil }, func() (fragment, error) {
			return r.order(r.placed[p.Selected[0]], w, r.idColumns(p))
		})
	} else {
		f, err = r.sorted(query, w)
	}
	if err != nil {
		return f, err
	}
	return r.with(r.window(f, w)), nil
}

// sorted renders a query that must first be rid of rows that repeat.
func (r *renderer) sorted(query *rollcall.Query, w rollcall.Window) (fragment, error) {
	inner, err := r.ids(query, len(query.Columns))
	if err != nil {
		return inner, err
	}
	f := &frame{}
	p, err := r.place(f, query.Class())
	if err != nil {
		return inner, err
	}
	names := make([]string, len(query.Columns))
	for i := range names {
		names[i] = fmt.Sprint("u.c", i+1)
	}
	columns := fragment{sql: strings.Join(names, ", ")}
	order, err := r.order(p, w, columns)
	if err != nil {
		return inner, err
	}
	head := columns.wrap("SELECT ", " FROM (", nullValue)
	tail := fragment{sql: ") AS u JOIN " + p.table.quoted + " AS " + p.alias + " ON " + p.column("id") + " = u.c1" + f.from.String()}
	return join("", nullValue, head, inner, tail, order), nil
}

// ids renders a query as the IDs of its first columns, each row once.
func (r *renderer) ids(query *rollcall.Query, width int) (fragment, error) {
	parts := make([]fragment, len(query.Parts))
	for i, p := range query.Parts {
		var err error
		parts[i], err = r.part(p, func() (fragment, error) {
			columns := make([]string, width)
			for n, t := range p.Selected[:width] {
				columns[n] = r.placed[t].column("id") + fmt.Sprint(" AS c", n+1)
			}
			word := "SELECT "
			if len(query.Parts) == 1 && repeats(p) {
				word = "SELECT DISTINCT "
			}
			return fragment{sql: word + strings.Join(columns, ", ")}, nil
		}, func() (fragment, error) { return fragment{}, nil })
		if err != nil {
			return fragment{}, err
		}
	}
	return join(" UNION ", nullValue, parts...), nil
}

// count renders a query as the number of its rows.
func (r *renderer) count(query *rollcall.Query) (fragment, error) {
	if p := query.Parts[0]; len(query.Parts) == 1 && !repeats(p) {
		none := func() (fragment, error) { return fragment{}, nil }
		f, err := r.part(p, func() (fragment, error) { return fragment{sql: "SELECT COUNT(*)"}, nil }, none)
		return r.with(f), err
	}
	inner, err := r.ids(query, len(query.Columns))
	return r.with(inner.wrap("SELECT COUNT(*) FROM (", ") AS u", nullValue)), err
}

func (r *renderer) idColumns(p *rollcall.QueryPart) fragment {
	columns := make([]string, len(p.Selected))
	for i, t := range p.Selected {
		columns[i] = r.placed[t].column("id")
	}
	return fragment{sql: strings.Join(columns, ", ")}
}

// repeats reports whether a SELECT can find a row more than once: when it joins
// a class that it does not select, other than along a key from one that it
// selects.
func repeats(p *rollcall.QueryPart) bool {
	settled := map[*rollcall.QueryTable]bool{}
	for _, t := range p.Selected {
		settled[t] = true
	}
	for range p.Tables {
		for _, t := range p.Tables {
			if j := t.Join; j != nil && j.Op == rollcall.Equals && settled[j.Key.Table] {
				settled[j.ID] = true
			}
		}
	}
	return slices.ContainsFunc(p.Tables, func(t *rollcall.QueryTable) bool { return !settled[t] })
}
