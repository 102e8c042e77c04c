package store

import (
	"fmt"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// addTree joins along a hierarchy: through a recursive table of pairs of an
// object and one above it, itself included. The pairs are those of objects that
// the query's own conditions single out, on the one side or the other: all pairs
// of a large tree are far too many.
func (r *renderer) addTree(f *frame, t *rollcall.QueryTable, p *place, name string) error {
	j := t.Join
	op := string(j.Op)
	bare, negated := strings.CutPrefix(op, "NOT ")
	direction, strict := strings.CutSuffix(bare, " STRICT")
	below, above := j.Key.Table, j.ID
	if direction == string(rollcall.Above) {
		below, above = above, below
	}
	tree, err := r.tree(r.placed[j.Key.Table], j.Key.Code, below, above)
	if err != nil {
		return err
	}
	low, high := r.placed[below].column("id"), r.placed[above].column("id")
	r.aliases++
	pair := fmt.Sprint("p", r.aliases)
	condition := ""
	if strict {
		condition = " AND " + pair + ".id <> " + pair + ".above"
	}
	if negated {
		f.from.WriteString(" CROSS JOIN " + name)
		f.where = append(f.where, fragment{is: conditionValue, sql: "NOT EXISTS (SELECT 1 FROM " + tree + " AS " + pair +
			" WHERE " + pair + ".id = " + low + " AND " + pair + ".above = " + high + condition + ")"})
		return nil
	}
	if f.tables++; f.tables > maxTables {
		return rollcall.Errorf(rollcall.Invalid, "the query reads more than %d tables at once: ask in several steps", maxTables)
	}
	known, here, own := low, ".id", ".above"
	if strings.HasPrefix(low, p.alias+".") {
		known, here, own = high, ".above", ".id"
	}
	f.from.WriteString(" JOIN " + tree + " AS " + pair + " ON " + pair + here + " = " + known + condition +
		" JOIN " + name + " ON " + p.column("id") + " = " + pair + own)
	return nil
}

// tree makes the recursive table of a hierarchy: down from the objects above, or
// up from those below, whichever the query's conditions name. Its UNION ends
// where objects lie above each other in a circle.
func (r *renderer) tree(p *place, code string, below, above *rollcall.QueryTable) (string, error) {
	col := p.table.columns[code]
	if col == nil {
		return "", rollcall.Errorf(rollcall.Internal, "class %s has no hierarchy by %s", p.class.Name, code)
	}
	step := "SELECT w.id, o." + col.name + " FROM %s AS w JOIN " + p.table.quoted + " AS o ON o.id = w.above WHERE o." + col.name + " IS NOT NULL"
	from, err := r.singled(above)
	switch {
	case err != nil:
		return "", err
	case from.sql != "":
		step = "SELECT o.id, w.above FROM %s AS w JOIN " + p.table.quoted + " AS o ON o." + col.name + " = w.id"
	default:
		if from, err = r.singled(below); err != nil {
			return "", err
		}
	}
	if from.sql == "" {
		from.sql = "SELECT id, id FROM " + p.table.quoted
	}
	for _, known := range r.trees {
		if known.from == p.table.root+"."+code && known.step == step && known.start.sql == from.sql && slices.Equal(known.start.args, from.args) {
			return known.name, nil
		}
	}
	r.aliases++
	t := tree{name: fmt.Sprint("tree", r.aliases), from: p.table.root + "." + code, step: step, start: from}
	r.trees = append(r.trees, t)
	return t.name, nil
}

// tree is a recursive table of a statement.
type tree struct {
	name, from, step string
	start            fragment
}

// singled renders the pairs of themselves of those objects of a table that the
// query's conditions single out; nothing where there are no such conditions.
func (r *renderer) singled(t *rollcall.QueryTable) (fragment, error) {
	return r.those(t, func(p *place) string { return p.column("id") + ", " + p.column("id") }, nil)
}

// those renders a SELECT of a table's objects that conditions on this table alone
// let pass; without any, of those that objects singled out in this way are joined
// to by a key.
func (r *renderer) those(t *rollcall.QueryTable, shown func(*place) string, seen []*rollcall.QueryTable) (fragment, error) {
	f := &frame{}
	p, err := r.place(f, t.Class)
	if err != nil {
		return fragment{}, err
	}
	f.from.WriteString(p.table.quoted + " AS " + p.alias)
	terms := aloneOn(t, r.rendered.Where)
	if len(terms) == 0 {
		joined, err := r.joined(t, p, append(seen, t))
		if err != nil || joined.sql == "" {
			return fragment{}, err
		}
		f.where = append(f.where, joined)
	}
	defer func(there *place) { r.placed[t] = there }(r.placed[t])
	r.placed[t] = p
	for _, e := range terms {
		condition, err := r.filter(e)
		if err != nil {
			return fragment{}, err
		}
		f.where = append(f.where, condition)
	}
	return balanced(" AND ", conditionValue, f.where).wrap("SELECT "+shown(p)+" FROM "+f.from.String()+" WHERE ", "", nullValue), nil
}

// joined renders that an object is one to which a key leads from objects that are
// singled out, or whose own key leads to such.
func (r *renderer) joined(t *rollcall.QueryTable, p *place, seen []*rollcall.QueryTable) (fragment, error) {
	id := func(o *place) string { return o.column("id") }
	for _, x := range r.rendered.Tables {
		j := x.Join
		if j == nil || j.Op != rollcall.Equals || j.Key.Table != t && j.ID != t {
			continue
		}
		holder, err := r.layout.table(j.Key.Table.Class)
		if err != nil {
			return fragment{}, err
		}
		col := holder.columns[j.Key.Code]
		other, mine, theirs := j.Key.Table, id(p), func(o *place) string { return o.column(col.name) }
		if j.Key.Table == t {
			other, theirs = j.ID, id
		}
		if col == nil || slices.Contains(seen, other) {
			continue
		}
		if j.Key.Table == t {
			mine = p.column(col.name)
		}
		list, err := r.those(other, theirs, seen)
		if err != nil || list.sql != "" {
			return list.wrap(mine+" IN (", ")", conditionValue), err
		}
	}
	return fragment{}, nil
}

// aloneOn returns those among the conditions of a SELECT that must all hold which
// speak of one table and nothing else.
func aloneOn(t *rollcall.QueryTable, e rollcall.Expr) []rollcall.Expr {
	if l, ok := e.(*rollcall.Logic); ok && l.All {
		var terms []rollcall.Expr
		for _, term := range l.Terms {
			terms = append(terms, aloneOn(t, term)...)
		}
		return terms
	}
	if mentions, alone := speaksOf(t, e); mentions && alone {
		return []rollcall.Expr{e}
	}
	return nil
}

// speaksOf reports whether an expression mentions a table, and whether it
// mentions no other.
func speaksOf(t *rollcall.QueryTable, e rollcall.Expr) (mentions, alone bool) {
	var parts []rollcall.Expr
	switch e := e.(type) {
	case *rollcall.Literal:
		return false, true
	case *rollcall.Column:
		return e.Table == t, e.Table == t
	case *rollcall.Operation:
		parts = []rollcall.Expr{e.Left, e.Right}
	case *rollcall.Logic:
		parts = e.Terms
	case *rollcall.Call:
		parts = e.Args
	case *rollcall.Membership:
		if e.Query != nil {
			return false, false
		}
		parts = append([]rollcall.Expr{e.Of}, e.List...)
	default:
		return false, false
	}
	for _, part := range parts {
		m, a := speaksOf(t, part)
		if !a {
			return false, false
		}
		mentions = mentions || m
	}
	return mentions, true
}

// with begins a statement with the recursive tables that it uses.
func (r *renderer) with(f fragment) fragment {
	if len(r.trees) == 0 {
		return f
	}
	list := make([]fragment, len(r.trees))
	for i, t := range r.trees {
		list[i] = t.start.wrap(t.name+"(id, above) AS (", " UNION "+fmt.Sprintf(t.step, t.name)+")", nullValue)
	}
	return join("", f.is, join(", ", f.is, list...).wrap("WITH RECURSIVE ", " ", f.is), f)
}
