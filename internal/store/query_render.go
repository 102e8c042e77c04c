package store

import (
	"fmt"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// renderer makes one statement of a query. Values are always parameters;
// identifiers are those of the tables' layout and aliases of our own.
type renderer struct {
	model    *rollcall.Model
	layout   *layout
	numbered bool // PostgreSQL: parameters are numbered, and types are strict
	now      time.Time
	placed   map[*rollcall.QueryTable]*place
	rendered *rollcall.QueryPart // the SELECT at hand
	trees    []tree              // recursive tables
	aliases  int                 // given so far
	missing  []asked             // look-ups that would have served
}

// place is a table in a statement.
type place struct {
	frame *frame
	class *rollcall.Class
	table *table
	alias string
	keys  map[string]*place // the tables joined to follow its keys, by code
}

// frame is the FROM of one SELECT while it is made. It has no parameters, so
// that it can grow while the condition is rendered.
type frame struct {
	from   strings.Builder
	tables int
	where  []fragment
}

// maxTables is how many tables SQLite joins. What keys are followed for counts.
const maxTables = 63

// column is a place's column.
func (p *place) column(name string) string { return p.alias + "." + name }

// place gives a table a place in a frame.
func (r *renderer) place(f *frame, class *rollcall.Class) (*place, error) {
	t, err := r.layout.table(class)
	if err != nil {
		return nil, err
	}
	if f.tables++; f.tables > maxTables {
		return nil, rollcall.Errorf(rollcall.Invalid, "the query reads more than %d tables at once, with those that external fields and names come from: ask in several steps", maxTables)
	}
	r.aliases++
	return &place{frame: f, class: class, table: t, alias: fmt.Sprint("t", r.aliases), keys: map[string]*place{}}, nil
}

// among is the condition that holds a place to its class; ok is false where the
// whole table is meant.
func (r *renderer) among(p *place) (fragment, bool) {
	family := r.model.Family(p.class.Name)
	if len(family) == len(r.model.Family(p.class.Root)) {
		return fragment{}, false
	}
	names := make([]string, len(family))
	for i, c := range family {
		names[i] = c.Name
	}
	return fragment{sql: p.column("finalclass") + " IN (" + quotedTexts(names) + ")", is: conditionValue}, true
}

// quotedTexts writes names of declared classes as text, for the few places where
// parameters would hide from the database what it could use.
func quotedTexts(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = "'" + strings.ReplaceAll(n, "'", "''") + "'"
	}
	return strings.Join(quoted, ",")
}

// part renders the FROM and WHERE of one SELECT. order adds what comes after
// the condition, in the same frame.
func (r *renderer) part(p *rollcall.QueryPart, columns func() (fragment, error), order func() (fragment, error)) (fragment, error) {
	f := &frame{}
	defer func(outer *rollcall.QueryPart) { r.rendered = outer }(r.rendered)
	r.rendered = p
	for _, t := range p.Tables {
		if err := r.add(f, t); err != nil {
			return fragment{}, err
		}
	}
	if p.Where != nil {
		where, err := r.filter(p.Where)
		if err != nil {
			return fragment{}, err
		}
		f.where = append(f.where, where)
	}
	selected, err := columns()
	if err != nil {
		return fragment{}, err
	}
	ordered, err := order()
	if err != nil {
		return fragment{}, err
	}
	statement := join("", nullValue, selected, fragment{sql: " FROM " + f.from.String()})
	if len(f.where) > 0 {
		statement = join(" WHERE ", nullValue, statement, balanced(" AND ", conditionValue, f.where))
	}
	return join("", nullValue, statement, ordered), nil
}

// add adds a table of the query to a frame, joined as the query says.
func (r *renderer) add(f *frame, t *rollcall.QueryTable) error {
	p, err := r.place(f, t.Class)
	if err != nil {
		return err
	}
	r.placed[t] = p
	name := p.table.quoted + " AS " + p.alias
	switch {
	case t.Join == nil:
		f.from.WriteString(name)
	case t.Join.Op == rollcall.Equals:
		err = r.addEqual(f, t, p, name)
	default:
		err = r.addTree(f, t, p, name)
	}
	if err != nil {
		return err
	}
	if only, ok := r.among(p); ok {
		f.where = append(f.where, only)
	}
	return nil
}

func (r *renderer) addEqual(f *frame, t *rollcall.QueryTable, p *place, name string) error {
	id := r.placed[t.Join.ID].column("id")
	key := &t.Join.Key
	if key.Table != t { // may join further tables: before this one
		value, err := r.column(key)
		if err != nil {
			return err
		}
		f.from.WriteString(" JOIN " + name + " ON " + id + " = " + value.bareOr())
		return nil
	}
	if col := p.table.columns[key.Code]; col != nil {
		f.from.WriteString(" JOIN " + name + " ON " + p.column(col.name) + " = " + id)
		return nil
	}
	// The key is itself a field of the joined class, behind a table that can only
	// be joined after it.
	f.from.WriteString(" CROSS JOIN " + name)
	value, err := r.column(key)
	if err == nil {
		f.where = append(f.where, fragment{sql: id + " = " + value.bareOr(), is: conditionValue})
	}
	return err
}

// bareOr is a key's own column, which its index serves.
func (f fragment) bareOr() string {
	if f.bare != "" {
		return f.bare
	}
	return f.sql
}
