package oql

import "strings"

// level is a level of operators: those of a level associate to the left.
type level map[kind]bool

// levels are the levels, the loosest first. That + and - stand among the
// comparisons is iTop's: a = b + 1 is (a = b) + 1.
var levels = []level{
	{"LOG_OR": true, "BITWISE_OR": true, "BITWISE_XOR": true},
	{"LOG_AND": true, "BITWISE_AND": true},
	{"MATH_PLUS": true, kindMinus: true, "EQ": true, "NOT_EQ": true, "LT": true, "LE": true, "GT": true, "GE": true,
		"LIKE": true, "NOT_LIKE": true, "REGEXP": true, "MATCHES": true},
	{"MATH_MULT": true, "MATH_DIV": true, "BITWISE_LEFT_SHIFT": true, "BITWISE_RIGHT_SHIFT": true},
}

// make numbers a node, and refuses it where it is one too many or too deep.
func (p *parser) make(n *node) *node {
	for _, a := range n.args {
		n.depth = max(n.depth, a.depth)
	}
	n.depth++
	p.nodes++
	p.limit(n.depth > maxDepth, "levels in an expression", maxDepth)
	p.limit(p.nodes > maxNodes, "parts in an expression", maxNodes)
	return n
}

// enter counts a parenthesis; leave uncounts it.
func (p *parser) enter() {
	p.depth++
	p.limit(p.depth > maxDepth, "parentheses within each other", maxDepth)
}

func (p *parser) leave() { p.depth-- }

func (p *parser) expression() *node { return p.level(0) }

func (p *parser) level(i int) *node {
	if i == len(levels) {
		return p.member()
	}
	left := p.level(i + 1)
	for levels[i][p.token.kind] && p.err == nil {
		op := p.token
		p.advance()
		right := p.level(i + 1)
		isLogic := op.kind == "LOG_AND" || op.kind == "LOG_OR"
		if isLogic && left.shape == logicNode && left.kind == op.kind && left.value == "" {
			left.args = append(left.args, right)
			left.depth = max(left.depth, right.depth+1)
			p.nodes++
			p.limit(left.depth > maxDepth, "levels in an expression", maxDepth)
			continue
		}
		n := &node{shape: operationNode, at: op.at, text: op.text, kind: op.kind, args: []*node{left, right}}
		if isLogic {
			n.shape = logicNode
		}
		left = p.make(n)
	}
	return left
}

// closed marks a chain of AND or OR that stood in parentheses: what follows is
// no part of it.
const closed = "()"

// member reads a value and the lists that it must be in.
func (p *parser) member() *node {
	n := p.operand()
	for (p.token.kind == kindIn || p.token.kind == kindNotIn) && p.err == nil {
		op := p.token
		p.advance()
		in := &node{shape: inNode, at: op.at, text: op.text, kind: op.kind, args: []*node{n}}
		p.expect(kindOpen)
		p.enter()
		if p.token.kind == kindSelect {
			in.query = p.statement()
		} else {
			in.args = append(in.args, p.list()...)
		}
		p.leave()
		p.expect(kindClose)
		n = p.make(in)
	}
	return n
}

// list reads expressions with commas between. Literals are not counted: a list
// of them may be as long as the text.
func (p *parser) list() []*node {
	var list []*node
	for {
		before := p.nodes
		n := p.expression()
		if n.shape == literalNode {
			p.nodes = before
		}
		list = append(list, n)
		if !p.accept(kindComma) {
			return list
		}
	}
}

func (p *parser) operand() *node {
	t := p.token
	switch t.kind {
	case kindString, kindNumber, kindHex, kindNull:
		p.advance()
		return p.make(&node{shape: literalNode, at: t.at, text: t.text, kind: t.kind, value: t.value})
	case kindMinus:
		p.advance()
		number := p.expect(kindNumber)
		return p.make(&node{shape: literalNode, at: t.at, text: "-" + number.text, kind: kindNumber, value: "-" + number.value})
	case kindVar:
		p.advance()
		return p.make(&node{shape: parameterNode, at: t.at, text: t.text, value: t.value})
	case kindName:
		f := p.field()
		return p.make(&node{shape: fieldNode, at: f.name.at, text: f.name.text, field: f})
	case kindOpen:
		p.advance()
		p.enter()
		n := p.expression()
		p.leave()
		p.expect(kindClose)
		if n.shape == logicNode {
			n.value = closed
		}
		return n
	}
	if _, ok := functionOf(t.kind); ok {
		return p.call()
	}
	p.unexpected()
	return &node{}
}

func (p *parser) call() *node {
	t := p.token
	function, _ := functionOf(t.kind)
	p.advance()
	p.expect(kindOpen)
	p.enter()
	n := &node{shape: callNode, at: t.at, text: function}
	for p.token.kind != kindClose && p.err == nil {
		n.args = append(n.args, p.argument())
		p.limit(len(n.args) > maxArgs, "arguments of a function", maxArgs)
		if !p.accept(kindComma) {
			break
		}
		if p.token.kind == kindClose {
			p.unexpected()
		}
	}
	p.leave()
	p.expect(kindClose)
	return p.make(n)
}

// argument reads an expression or an interval of time.
func (p *parser) argument() *node {
	t := p.token
	if !p.accept(kindEvery) {
		return p.expression()
	}
	n := &node{shape: intervalNode, at: t.at, text: t.text, args: []*node{p.expression()}}
	unit, isUnit := strings.CutPrefix(string(p.token.kind), "F_")
	if !isUnit || !units[unit] {
		p.unexpected()
	}
	p.advance()
	n.value = unit
	return p.make(n)
}
