package rollcall

import "strconv"

// Expr is a part of a condition. It has the values and the loose types of OQL:
// a condition is a number, 0 or 1 or NULL, and any value is a condition.
type Expr interface{ isExpr() }

// Literal is a value as it was written.
type Literal struct {
	Kind  LiteralKind
	Value string // a number in decimal or as 0x…
}

// LiteralKind is the kind of a literal.
type LiteralKind uint8

// The kinds.
const (
	LiteralText LiteralKind = iota
	LiteralNumber
	LiteralNull
)

// Column is a value of an object: an attribute, or one of the codes that
// Model.QueryCodes adds.
type Column struct {
	Table *QueryTable
	Code  string
}

// Operation is an operator between two values, spelled as in OQL: comparisons,
// LIKE, REGEXP, MATCHES, arithmetic and bits.
type Operation struct {
	Op          string
	Left, Right Expr
}

// Logic is conditions that must hold all, or one of them.
type Logic struct {
	All   bool
	Terms []Expr
}

// Call is a function and its arguments.
type Call struct {
	Function string
	Args     []Expr
	Unit     string // of DATE_ADD and DATE_SUB: of the interval, which is the last argument
}

// Membership is IN: of a list, or of the IDs of a query's first column.
type Membership struct {
	Of    Expr
	Not   bool
	List  []Expr
	Query *Query // nil: List counts
}

func (*Literal) isExpr()    {}
func (*Column) isExpr()     {}
func (*Operation) isExpr()  {}
func (*Logic) isExpr()      {}
func (*Call) isExpr()       {}
func (*Membership) isExpr() {}

// Text makes a literal of a text.
func Text(value string) *Literal { return &Literal{Kind: LiteralText, Value: value} }

// Number makes a literal of a whole number.
func Number(n int64) *Literal {
	return &Literal{Kind: LiteralNumber, Value: strconv.FormatInt(n, 10)}
}
