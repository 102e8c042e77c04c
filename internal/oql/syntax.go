package oql

// name is an identifier and where it stands.
type name struct {
	text string
	at   int
}

// statement is one SELECT or a union of several, as written.
type statement struct{ parts []*selection }

// selection is one SELECT as written.
type selection struct {
	columns []name // the aliases before FROM; none for SELECT <class>
	class   name
	alias   name // class, when none is written
	joins   []join
	where   *node
}

// join is one JOIN as written.
type join struct {
	class, alias name
	hasAlias     bool
	left, right  field
	op           token
}

// field is an attribute as written.
type field struct {
	alias name // "" when none is written
	name  name
}

// shape is what a node is.
type shape uint8

const (
	literalNode shape = iota
	fieldNode
	parameterNode
	operationNode // an operator with two sides
	logicNode     // AND or OR of two or more
	callNode
	intervalNode // as an argument: args[0], and the unit in text
	inNode       // args[0] among the others, or in the query
)

// node is a part of a condition as written.
type node struct {
	shape shape
	at    int    // of the token that it is named by
	text  string // that token
	kind  kind   // of a literal, an operator
	value string // of a literal or parameter
	field field
	args  []*node
	query *statement // of IN
	depth int
}

// className is what iTop calls such an expression where a query was expected.
func (n *node) className() string {
	switch n.shape {
	case literalNode:
		return "ScalarOqlExpression"
	case fieldNode:
		return "FieldOqlExpression"
	case parameterNode:
		return "VariableOqlExpression"
	case callNode:
		return "FunctionOqlExpression"
	}
	return "BinaryOqlExpression"
}
