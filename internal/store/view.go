package store

import (
	"context"
	"database/sql"
	"strings"

	"rollcall/internal/rollcall"
)

// view reads the objects of a class and below, each as its own class.
type view struct {
	q       *queries
	table   *table
	names   []column // id, finalclass and the attributes' columns
	columns string   // the same, as a statement lists them
	where   string   // holds the rows to the classes asked for
	width   int
	own     map[string]ownView
	cells   []any
	dest    []any
}

// ownView says where the values of an object of one class come from.
type ownView struct {
	class *rollcall.Class
	from  []int // beside Class.Stored: the cell, or -1 for one that is not read
}

// view reads all stored attributes, or only those of the codes given.
func (q *queries) view(class *rollcall.Class, codes []string) (*view, error) {
	key := viewKey{class: class}
	switch {
	case len(codes) == 1:
		key.code = codes[0]
	case codes != nil:
		return q.newView(class, codes)
	}
	// Most objects are read whole, or by one key, one or few at a time: what that
	// takes is worked out once.
	views := &q.layout().views
	if known, ok := views.Load(key); ok {
		if v, ok := known.(*view); ok {
			return v.of(q), nil
		}
	}
	v, err := q.newView(class, codes)
	if err != nil {
		return nil, err
	}
	views.Store(key, v.of(nil))
	return v, nil
}

// viewKey is a class, and the one attribute that is read; none: all.
type viewKey struct {
	class *rollcall.Class
	code  string
}

// of returns a view of the same objects for other queries, with cells of its own.
func (v *view) of(q *queries) *view {
	next := *v
	next.q = q
	next.makeCells()
	return &next
}

func (v *view) makeCells() {
	v.cells = make([]any, v.width)
	v.dest = make([]any, v.width)
	for i := range v.cells {
		v.dest[i] = &v.cells[i]
	}
}

func (q *queries) newView(class *rollcall.Class, codes []string) (*view, error) {
	t, err := q.layout().table(class)
	if err != nil {
		return nil, err
	}
	v := &view{q: q, table: t, where: q.among(class), own: map[string]ownView{}}
	wanted := func(string) bool { return true }
	if codes != nil {
		set := make(map[string]bool, len(codes))
		for _, c := range codes {
			set[c] = true
		}
		wanted = func(code string) bool { return set[code] }
	}
	v.names = []column{{name: "id", kind: number}, {name: "finalclass", kind: text}}
	place := map[string]int{}
	for _, c := range q.model.Family(class.Name) {
		own := ownView{class: c, from: make([]int, len(c.Stored))}
		for i, a := range c.Stored {
			at, there := place[a.Code]
			switch {
			case !wanted(a.Code):
				at = -1
			case !there:
				at = len(v.names)
				place[a.Code] = at
				v.names = append(v.names, *t.columns[a.Code])
			}
			own.from[i] = at
		}
		v.own[c.Name] = own
	}
	v.width = len(v.names)
	list := make([]string, v.width)
	for i, c := range v.names {
		list[i] = c.name
	}
	v.columns = strings.Join(list, ", ")
	v.makeCells()
	return v, nil
}

// scan reads the row at hand. An object of a class that is no longer declared
// is not reported.
func (v *view) scan(rows *sql.Rows) (o rollcall.Object, known bool, err error) {
	if err := rows.Scan(v.dest...); err != nil {
		return o, false, err
	}
	id, _ := v.cells[0].(int64)
	name, _ := v.cells[1].(string)
	own, known := v.own[name]
	if !known {
		return o, false, nil
	}
	o = rollcall.Object{Class: own.class, ID: rollcall.ObjectID(id), Values: make([]string, len(own.from))}
	for i, at := range own.from {
		if at >= 0 {
			o.Values[i] = cellText(v.cells[at])
		}
	}
	return o, true, nil
}

// collect reads all objects for which a condition holds that an index serves.
func (v *view) collect(ctx context.Context, condition string, args []any) ([]rollcall.Object, error) {
	var objects []rollcall.Object
	err := v.q.briefly(ctx, "SELECT "+v.columns+" FROM "+v.table.quoted+" WHERE "+condition+v.where, args, func(rows *sql.Rows) error {
		o, known, err := v.scan(rows)
		if err == nil && known {
			objects = append(objects, o)
		}
		return err
	})
	return objects, err
}
