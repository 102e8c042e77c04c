package rollcall

// Query is a checked question for objects: which classes, joined how, and
// under what condition. Package oql makes one of text, SelectAll and Where make
// one in code, and package store renders it as one statement. A Query does not
// change once made; what narrows it returns another.
type Query struct {
	Parts   []*QueryPart // of a union; most queries have one
	Columns []*Class     // beside each selected column, the class of its objects; of a union their lowest common ancestor
}

// QueryPart is one SELECT.
type QueryPart struct {
	Tables   []*QueryTable // the first is selected from, the others are joined to those before them
	Selected []*QueryTable // those among Tables whose objects are the answer, in order
	Where    Expr          // nil: no condition
}

// QueryTable is one class in a SELECT. Columns point at it, and by that know
// which of several with one class is meant; a subquery may point at one outside.
type QueryTable struct {
	Alias string
	Class *Class
	Join  *Join // nil for the first
}

// Join says how a table is tied to those before it: one of Key and ID is a
// column of the table itself, the other of an earlier one.
type Join struct {
	Key Column      // a key
	Op  TreeOp      // how Key's object and ID's stand to each other
	ID  *QueryTable // whose id the key is compared with
}

// TreeOp is what JOIN compares a key with an object by.
type TreeOp string

// The ways. Below and above are of the object that has the key, and include
// the object itself unless strict.
const (
	Equals         TreeOp = "="
	Below          TreeOp = "BELOW"
	BelowStrict    TreeOp = "BELOW STRICT"
	NotBelow       TreeOp = "NOT BELOW"
	NotBelowStrict TreeOp = "NOT BELOW STRICT"
	Above          TreeOp = "ABOVE"
	AboveStrict    TreeOp = "ABOVE STRICT"
	NotAbove       TreeOp = "NOT ABOVE"
	NotAboveStrict TreeOp = "NOT ABOVE STRICT"
)

// Window picks a part of an answer.
type Window struct {
	Limit  int       // 0: no limit
	Offset int       // rows to pass over
	Order  []OrderBy // of the first selected class; empty: that class's default order, else by friendlyname
	Only   []string  // attributes that the objects must have their values of; nil: all. Others are empty
}

// Class returns the class of the first selected column.
func (q *Query) Class() *Class { return q.Columns[0] }

// SelectAll asks for all objects of a class and below.
func SelectAll(c *Class) *Query {
	table := &QueryTable{Alias: c.Name, Class: c}
	return &Query{
		Parts:   []*QueryPart{{Tables: []*QueryTable{table}, Selected: []*QueryTable{table}}},
		Columns: []*Class{c},
	}
}

// SelectIDs asks for those objects of a class and below that have one of some
// IDs.
func SelectIDs(c *Class, ids ...ObjectID) *Query {
	return SelectAll(c).where(0, func(t *QueryTable) Expr {
		list := make([]Expr, len(ids))
		for i, id := range ids {
			list[i] = Number(int64(id))
		}
		return &Membership{Of: &Column{t, "id"}, List: list}
	})
}

// Where narrows the first selected column to objects whose attribute equals one
// of some values, compared as OQL's = does: texts without regard to case and
// accents. Any code of Model.QueryCodes will do. No value at all matches nothing.
func (q *Query) Where(code string, values ...string) *Query { return q.WhereAt(0, code, values...) }

// WhereAt is Where for any selected column.
func (q *Query) WhereAt(column int, code string, values ...string) *Query {
	return q.where(column, func(t *QueryTable) Expr {
		if len(values) == 1 {
			return &Operation{Op: "=", Left: &Column{t, code}, Right: Text(values[0])}
		}
		list := make([]Expr, len(values))
		for i, v := range values {
			list[i] = Text(v)
		}
		return &Membership{Of: &Column{t, code}, List: list}
	})
}

// WhereNull narrows the first selected column to objects whose attribute is
// NULL: an unset number, date or enum, or a field behind an unset key.
func (q *Query) WhereNull(code string) *Query {
	return q.where(0, func(t *QueryTable) Expr {
		return &Call{Function: "ISNULL", Args: []Expr{&Column{t, code}}}
	})
}

// where adds a condition on one selected column to every part.
func (q *Query) where(column int, condition func(*QueryTable) Expr) *Query {
	narrowed := &Query{Parts: make([]*QueryPart, len(q.Parts)), Columns: q.Columns}
	for i, p := range q.Parts {
		further := condition(p.Selected[column])
		if p.Where != nil {
			further = &Logic{All: true, Terms: []Expr{p.Where, further}}
		}
		narrowed.Parts[i] = &QueryPart{Tables: p.Tables, Selected: p.Selected, Where: further}
	}
	return narrowed
}
