package oql

import (
	"fmt"
	"slices"
)

// The limits of a query. SQLite joins 64 tables, and its expressions may be
// 1,000 levels deep; ours become up to four levels of SQL each.
const (
	maxText  = 1 << 20
	maxJoins = 40
	maxParts = 100 // of a union
	maxDepth = 150 // of an expression, and of parentheses
	maxArgs  = 100 // of a function
	maxNodes = 10000
)

// parser reads tokens, one ahead. The first error stays and makes every later
// token the end.
type parser struct {
	lexer lexer
	token token
	err   *Error
	depth int
	nodes int // of the expression, but for those in lists of literals
}

// parse reads a whole text.
func parse(text string) (*statement, error) {
	if len(text) > maxText {
		return nil, &Error{Class: ClassOther, Message: fmt.Sprintf("The query has %d bytes, %d are the most", len(text), maxText)}
	}
	p := &parser{lexer: lexer{text: text}}
	p.advance()
	var s *statement
	if p.token.kind == kindSelect {
		s = p.statement()
	} else if e := p.expression(); p.err == nil {
		p.expect(kindEnd)
		p.fail(fault(ClassOQL, "Expecting an OQL query", text, 0, e.className()))
	}
	p.expect(kindEnd)
	if p.err != nil {
		return nil, p.err
	}
	return s, nil
}

func (p *parser) fail(err *Error) {
	if p.err == nil {
		p.err = err
	}
	p.token = token{kind: kindEnd}
}

// advance takes the next token.
func (p *parser) advance() {
	if p.err != nil {
		return
	}
	t, err := p.lexer.next()
	if err != nil {
		p.fail(err)
		return
	}
	p.token = t
}

// unexpected refuses the token at hand. At the end iTop says that it found '0'
// at 0 (3.2.0, observed); Offset is the end all the same.
func (p *parser) unexpected() {
	if p.err != nil {
		return
	}
	t := p.token
	if t.kind == kindEnd {
		err := fault(ClassSyntax, "Unexpected token "+string(kindEnd), p.lexer.text, 0, "0")
		err.Offset = len(p.lexer.text)
		p.fail(err)
		return
	}
	p.fail(fault(ClassSyntax, "Unexpected token "+string(t.kind), p.lexer.text, t.at, t.text))
}

// expect takes a token that must be of a kind.
func (p *parser) expect(k kind) token {
	t := p.token
	if t.kind != k {
		p.unexpected()
		return t
	}
	if k != kindEnd {
		p.advance()
	}
	return t
}

// accept takes the token at hand if it is of a kind.
func (p *parser) accept(k kind) bool {
	if p.token.kind != k || p.err != nil {
		return false
	}
	p.advance()
	return true
}

// limit refuses what is too much at the token at hand.
func (p *parser) limit(isTooMuch bool, what string, most int) {
	if isTooMuch && p.err == nil {
		p.fail(fault(ClassOther, fmt.Sprintf("Too many %s, %d are the most", what, most), p.lexer.text, p.token.at, p.token.text))
	}
}

func (p *parser) statement() *statement {
	s := &statement{parts: []*selection{p.selection()}}
	for p.accept(kindUnion) {
		s.parts = append(s.parts, p.selection())
		p.limit(len(s.parts) > maxParts, "parts of a union", maxParts)
	}
	return s
}

func (p *parser) selection() *selection {
	p.expect(kindSelect)
	s := &selection{class: p.name()}
	if p.token.kind == kindComma || p.token.kind == kindFrom {
		s.columns = []name{s.class}
		for p.accept(kindComma) {
			s.columns = append(s.columns, p.name())
			p.limit(len(s.columns) > maxJoins+1, "selected classes", maxJoins+1)
		}
		p.expect(kindFrom)
		s.class = p.name()
	}
	s.alias = s.class
	if p.accept(kindAs) {
		s.alias = p.name()
	}
	for p.token.kind == kindJoin {
		s.joins = append(s.joins, p.join())
		p.limit(len(s.joins) > maxJoins, "joins", maxJoins)
	}
	if p.accept(kindWhere) {
		s.where = p.expression()
	}
	return s
}

// joinOperators are the operators that JOIN knows.
var joinOperators = []kind{"EQ", "BELOW", "BELOW_STRICT", "NOT_BELOW", "NOT_BELOW_STRICT", "ABOVE", "ABOVE_STRICT", "NOT_ABOVE", "NOT_ABOVE_STRICT"}

func (p *parser) join() join {
	p.expect(kindJoin)
	j := join{class: p.name()}
	j.alias = j.class
	if p.accept(kindAs) {
		j.alias, j.hasAlias = p.name(), true
	}
	p.expect(kindOn)
	j.left = p.field()
	j.op = p.token
	if !slices.Contains(joinOperators, j.op.kind) {
		p.unexpected()
	}
	p.advance()
	j.right = p.field()
	return j
}

func (p *parser) name() name {
	t := p.expect(kindName)
	return name{t.value, t.at}
}

func (p *parser) field() field {
	f := field{name: p.name()}
	if p.accept(kindDot) {
		f.alias = f.name
		f.name = p.name()
	}
	return f
}
