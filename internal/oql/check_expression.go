package oql

import (
	"fmt"
	"maps"
	"regexp/syntax"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

func (c *checker) expression(n *node, within *scope) rollcall.Expr {
	switch n.shape {
	case literalNode:
		return literal(n)
	case fieldNode:
		return c.field(n.field, within)
	case parameterNode:
		return c.parameter(n)
	case logicNode:
		return &rollcall.Logic{All: n.kind == "LOG_AND", Terms: c.expressions(n.args, within)}
	case callNode:
		return c.call(n, within)
	case inNode:
		in := &rollcall.Membership{Not: n.kind == kindNotIn, Of: c.expression(n.args[0], within)}
		if n.query != nil {
			in.Query = c.statement(n.query, within)
		} else {
			in.List = c.list(n.args[1:], within)
		}
		return in
	case intervalNode:
		c.fail(ClassNormalize, "An interval stands in DATE_ADD and DATE_SUB alone", name{n.text, n.at})
		return rollcall.Text("")
	}
	op := &rollcall.Operation{Op: n.text, Left: c.expression(n.args[0], within), Right: c.expression(n.args[1], within)}
	if n.kind == "MATCHES" && (n.args[0].shape != fieldNode || n.args[1].shape != parameterNode && n.args[1].kind != kindString) {
		c.fail(ClassOther, `Only "field MATCHES string" syntax is allowed`, name{n.text, n.at})
	}
	if n.kind == "REGEXP" {
		c.pattern(n, op.Right)
	}
	return op
}

// pattern checks what REGEXP looks for. It is known here, since the database is
// handed a pattern that it cannot misread.
func (c *checker) pattern(n *node, right rollcall.Expr) {
	l, ok := right.(*rollcall.Literal)
	if !ok {
		c.fail(ClassNormalize, "REGEXP takes a text or a parameter as its pattern", name{n.text, n.at})
		return
	}
	if _, err := syntax.Parse(l.Value, syntax.Perl); err != nil {
		c.fail(ClassNormalize, "The pattern of REGEXP cannot be read", name{l.Value, n.args[1].at})
	}
}

func (c *checker) expressions(nodes []*node, within *scope) []rollcall.Expr {
	list := make([]rollcall.Expr, len(nodes))
	for i, n := range nodes {
		list[i] = c.expression(n, within)
		if c.err != nil {
			return list[:i+1]
		}
	}
	return list
}

// list is expressions where a parameter may stand for several.
func (c *checker) list(nodes []*node, within *scope) []rollcall.Expr {
	list := make([]rollcall.Expr, 0, len(nodes))
	for _, n := range nodes {
		if values, ok := c.lists[n.value]; ok && n.shape == parameterNode {
			for _, v := range values {
				list = append(list, rollcall.Text(v))
			}
			continue
		}
		list = append(list, c.expression(n, within))
		if c.err != nil {
			break
		}
	}
	return list
}

func literal(n *node) rollcall.Expr {
	switch n.kind {
	case kindString:
		return rollcall.Text(n.value)
	case kindNull:
		return &rollcall.Literal{Kind: rollcall.LiteralNull}
	}
	return &rollcall.Literal{Kind: rollcall.LiteralNumber, Value: n.value}
}

// parameter puts a value in a parameter's place.
func (c *checker) parameter(n *node) rollcall.Expr {
	if value, ok := c.args[n.value]; ok {
		return rollcall.Text(value)
	}
	if values := c.lists[n.value]; len(values) == 1 {
		return rollcall.Text(values[0])
	}
	if c.missing == nil {
		c.missing = &Error{
			Class: ClassMissing, Offset: n.at,
			Message: fmt.Sprintf("Missing query argument: expecting = %s, available = {%s}", n.value, strings.Join(c.available(), ", ")),
		}
	}
	return rollcall.Text("")
}

// available lists the parameters that have a value, numbered as iTop does.
func (c *checker) available() []string {
	names := slices.Sorted(maps.Keys(c.args))
	names = append(names, slices.Sorted(maps.Keys(c.lists))...)
	for i, n := range names {
		names[i] = fmt.Sprintf("%d=>%s", i, n)
	}
	return names
}

// field finds what a name means: an attribute of the alias before it, or of the
// one class of its SELECT that has it.
func (c *checker) field(f field, within *scope) rollcall.Expr {
	if f.alias.text != "" {
		t := within.table(f.alias.text)
		if t == nil {
			c.fail(ClassNormalize, "Unknown class [alias]", f.alias, within.aliases()...)
			return rollcall.Text("")
		}
		if !c.model.HasQueryCode(t.Class, f.name.text) {
			c.fail(ClassNormalize, "Unknown filter code", f.name, c.model.QueryCodes(t.Class)...)
		}
		return &rollcall.Column{Table: t, Code: f.name.text}
	}
	var found []*rollcall.QueryTable
	for _, t := range within.part.Tables {
		if c.model.HasQueryCode(t.Class, f.name.text) {
			found = append(found, t)
		}
	}
	switch len(found) {
	case 1:
		return &rollcall.Column{Table: found[0], Code: f.name.text}
	case 0:
		var codes []string
		for _, t := range within.part.Tables {
			for _, code := range c.model.QueryCodes(t.Class) {
				if !slices.Contains(codes, code) {
					codes = append(codes, code)
				}
			}
		}
		c.fail(ClassNormalize, "Unknown filter code", f.name, codes...)
	default:
		c.fail(ClassNormalize, "Ambiguous filter code", f.name)
	}
	return rollcall.Text("")
}

// call checks a function and its arguments.
func (c *checker) call(n *node, within *scope) rollcall.Expr {
	takes := functions[n.text]
	at := name{n.text, n.at}
	if len(n.args) < takes.least || len(n.args) > takes.most {
		c.fail(ClassNormalize, "Wrong number of arguments", at)
		return rollcall.Text("")
	}
	call := &rollcall.Call{Function: n.text}
	args := slices.Clone(n.args)
	if n.text == "DATE_ADD" || n.text == "DATE_SUB" {
		every := args[1]
		if every.shape != intervalNode {
			c.fail(ClassNormalize, "An interval is expected: INTERVAL <number> <unit>", at)
			return call
		}
		call.Unit = every.value
		args[1] = every.args[0]
	}
	call.Args = c.expressions(args, within)
	return call
}
