package rest

import (
	"context"
	"math"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

// pageFault is what core/get says of a page below 1.
const pageFault = "The request page number is not valid. It must be an integer greater than 0"

// get answers core/get.
func (c *call) get(ctx context.Context) error {
	class, err := c.class()
	if err != nil {
		return err
	}
	key, err := c.parameter("key")
	if err != nil {
		return err
	}
	list, err := c.outputFields(class, &c.params)
	if err != nil {
		return err
	}
	f, err := c.key(ctx, c.Store, class, key, false)
	if err != nil {
		return err
	}
	return c.search(ctx, f, list)
}

// search answers with the objects that a key or a query names.
func (c *call) search(ctx context.Context, f *find, list fieldList) error {
	switch {
	case !c.Rights.Allows(c.account, f.class, auth.Read):
		return c.refused("reading", f.class)
	case !c.Rights.Allows(c.account, f.class, auth.BulkRead):
		return c.refused("exporting", f.class)
	}
	limit, page := max(0, c.option("limit", 0)), c.option("page", 1)
	if page < 1 {
		return c.result(codePage, pageFault, "")
	}
	e := c.encoder(c.loader(c.Store, c.account), list)
	e.given = !list.all
	a := &found{call: c, encoder: e, query: c.Rights.Visible(c.account, f.query)}
	if f.byID && c.account.Organisations == nil && (limit == 0 || page == 1) {
		objects, err := c.Store.Objects(ctx, f.class, []rollcall.ObjectID{f.id})
		if err != nil {
			return err
		}
		a.rows, a.hasTotal, a.total = objects, true, len(objects)
		return a.finish(ctx)
	}
	w := rollcall.Window{Limit: int(min(limit, math.MaxInt32)), Only: c.needed(f.class, &list)}
	if limit > 0 {
		w.Offset = int(min(page-1, math.MaxInt32) * min(limit, math.MaxInt32))
		if err := a.count(ctx); err != nil {
			return err
		}
	}
	if err := c.Store.Select(ctx, a.query, w, func(row []rollcall.Object) error { return a.add(ctx, row[0]) }); err != nil {
		return err
	}
	return a.finish(ctx)
}

// found writes the objects of a search as they come. The number of them stands
// before them, so an answer that fits in memory is kept until its end; only one
// that does not is counted first.
type found struct {
	*call
	*encoder
	query    *rollcall.Query
	rows     []rollcall.Object // not written yet
	written  int
	items    []byte // of the answer's "objects", not in the output yet
	hasTotal bool
	total    int
	headed   bool
	seen     map[rollcall.ObjectID]bool // of a query whose rows may repeat an object
}

// mostBuffered is how much of an answer is kept before it is sent, in bytes.
const mostBuffered = 4 << 20

func (a *found) count(ctx context.Context) (err error) {
	a.hasTotal = true
	a.total, err = a.Store.CountOf(ctx, a.query)
	return err
}

func (a *found) add(ctx context.Context, o rollcall.Object) error {
	if o.Class == nil {
		return nil
	}
	if len(a.query.Columns) > 1 {
		if a.seen == nil {
			a.seen = map[rollcall.ObjectID]bool{}
		}
		if a.seen[o.ID] {
			return nil
		}
		a.seen[o.ID] = true
	}
	if a.rows = append(a.rows, o); len(a.rows) < batch {
		return nil
	}
	return a.write(ctx)
}

// write encodes the rows there are, and sends what has become too much to keep.
func (a *found) write(ctx context.Context) error {
	var err error
	a.items, err = a.appendAll(ctx, a.items, a.rows, a.written == 0, func(int) entry { return entry{} })
	if err != nil {
		return err
	}
	a.written += len(a.rows)
	a.rows = a.rows[:0]
	if len(a.items) < mostBuffered {
		return nil
	}
	if !a.hasTotal {
		if err := a.count(ctx); err != nil {
			return err
		}
	}
	a.drain()
	return a.out.flush()
}

// drain moves items to the output, after what stands before them.
func (a *found) drain() {
	if !a.headed {
		a.headed = true
		a.out.b = append(a.out.b, `{"code":0,"message":"Found: `...)
		a.out.b = appendInt(a.out.b, a.total)
		a.out.b = append(a.out.b, `","objects":`...)
		if a.written == 0 {
			a.out.b = append(a.out.b, "null"...)
		} else {
			a.out.b = append(a.out.b, '{')
		}
	}
	a.out.b = append(a.out.b, a.items...)
	a.items = a.items[:0]
}

func (a *found) finish(ctx context.Context) error {
	if err := a.write(ctx); err != nil {
		return err
	}
	if !a.hasTotal {
		a.total = a.written
	}
	a.drain()
	if a.written > 0 {
		a.out.b = append(a.out.b, '}')
	}
	a.out.b = append(a.out.b, '}')
	return nil
}

// needed returns the stored attributes that the fields of objects of class come
// from, nil for all of them.
func (s *Service) needed(class *rollcall.Class, list *fieldList) []string {
	if list.all {
		return nil
	}
	need := []string{}
	for _, c := range s.Model.Family(class.Name) {
		columns := s.columns(list, c)
		for i := range columns {
			need = s.sources(need, c, columns[i].code, 0)
		}
	}
	return need
}

// sources appends the stored attributes that one code comes from.
func (s *Service) sources(need []string, c *rollcall.Class, code string, hops int) []string {
	a := c.Attribute(code)
	switch {
	case hops > mostHops:
		return need
	case a != nil && a.Column >= 0:
		return append(need, code)
	case code == rollcall.CodeFriendlyName:
		for _, part := range c.NamedBy {
			need = s.sources(need, c, part, hops+1)
		}
		return need
	case code == rollcall.CodeObsolescenceFlag:
		for part := range c.Inactive {
			need = append(need, part)
		}
		return need
	}
	if d, ok := s.Model.Derive(c, code); ok {
		return s.sources(need, c, d.Via.Code, hops+1)
	}
	return need
}
