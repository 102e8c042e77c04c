package oql

import (
	"fmt"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// checker makes a checked query of syntax. The first error stays.
type checker struct {
	model   *rollcall.Model
	text    string
	args    map[string]string
	lists   map[string][]string
	err     *Error
	missing *Error // the first parameter without a value
}

// scope is the tables that names may mean: those of a SELECT, and outside them
// those of the SELECT around it.
type scope struct {
	part  *rollcall.QueryPart
	outer *scope
}

func (s *scope) table(alias string) *rollcall.QueryTable {
	for ; s != nil; s = s.outer {
		for _, t := range s.part.Tables {
			if t.Alias == alias {
				return t
			}
		}
	}
	return nil
}

// aliases lists the names of the innermost SELECT.
func (s *scope) aliases() []string {
	names := make([]string, len(s.part.Tables))
	for i, t := range s.part.Tables {
		names[i] = t.Alias
	}
	return names
}

// fail keeps the first error, one about a name.
func (c *checker) fail(class, issue string, found name, expected ...string) {
	if c.err == nil {
		c.err = fault(class, issue, c.text, found.at, found.text, expected...)
	}
}

func (c *checker) statement(s *statement, outer *scope) *rollcall.Query {
	q := &rollcall.Query{}
	for i, part := range s.parts {
		p := c.selection(part, outer)
		if c.err != nil {
			return q
		}
		q.Parts = append(q.Parts, p)
		if i == 0 {
			for _, t := range p.Selected {
				q.Columns = append(q.Columns, t.Class)
			}
			continue
		}
		c.unite(q, p, part.class)
	}
	return q
}

// unite widens a union's columns to the classes of one more part.
func (c *checker) unite(q *rollcall.Query, p *rollcall.QueryPart, at name) {
	switch {
	case len(p.Selected) < len(q.Columns):
		c.fail(ClassNormalize, "Too few selected classes in the subquery", at)
		return
	case len(p.Selected) > len(q.Columns):
		c.fail(ClassNormalize, "Too many selected classes in the subquery", at)
		return
	}
	for i, t := range p.Selected {
		common := c.model.CommonAncestor(q.Columns[i], t.Class)
		if common == nil {
			c.fail(ClassNormalize, "Incompatible classes: could not find a common ancestor", name{t.Class.Name, at.at})
			return
		}
		q.Columns[i] = common
	}
}

func (c *checker) selection(s *selection, outer *scope) *rollcall.QueryPart {
	p := &rollcall.QueryPart{}
	within := &scope{p, outer}
	first := c.class(s.class)
	if c.err != nil {
		return p
	}
	p.Tables = append(p.Tables, &rollcall.QueryTable{Alias: s.alias.text, Class: first})
	for i := range s.joins {
		c.join(&s.joins[i], within)
		if c.err != nil {
			return p
		}
	}
	p.Selected = p.Tables[:1:1]
	if s.columns != nil {
		p.Selected = make([]*rollcall.QueryTable, 0, len(s.columns))
		for _, column := range s.columns {
			i := slices.Index(within.aliases(), column.text)
			if i < 0 {
				c.fail(ClassNormalize, "Unknown class [alias]", column, within.aliases()...)
				return p
			}
			p.Selected = append(p.Selected, p.Tables[i])
		}
	}
	if s.where != nil {
		p.Where = c.expression(s.where, within)
	}
	return p
}

func (c *checker) class(n name) *rollcall.Class {
	class := c.model.Class(n.text)
	if class == nil {
		names := make([]string, len(c.model.Classes))
		for i, known := range c.model.Classes {
			names[i] = known.Name
		}
		c.fail(ClassUnknownClass, "Unknown class", n, names...)
	}
	return class
}

// join adds a joined class to a SELECT.
func (c *checker) join(j *join, within *scope) {
	p := within.part
	class := c.class(j.class)
	if c.err != nil {
		return
	}
	if slices.Contains(within.aliases(), j.alias.text) {
		issue := "Duplicate class name"
		if j.hasAlias {
			issue = "Duplicate class alias"
		}
		c.fail(ClassNormalize, issue, j.alias)
		return
	}
	if j.right.name.text != rollcall.CodeID {
		c.fail(ClassNormalize, "Wrong format for Join clause (right hand), expecting an id", j.right.name)
		return
	}
	joined := &rollcall.QueryTable{Alias: j.alias.text, Class: class}
	names := append(within.aliases(), joined.Alias)
	find := func(f field, side string) *rollcall.QueryTable {
		if i := slices.Index(names, f.alias.text); i >= 0 {
			return append(slices.Clone(p.Tables), joined)[i]
		}
		at := f.alias
		if at.text == "" {
			at = f.name
		}
		c.fail(ClassNormalize, "Unknown class in join condition ("+side+" expression)", at, names...)
		return nil
	}
	left, right := find(j.left, "left"), find(j.right, "right")
	switch {
	case c.err != nil:
		return
	case left != joined && right != joined, left == right:
		c.fail(ClassNormalize, "Unknown class in join condition (right expression)", j.right.alias, joined.Alias)
		return
	}
	c.joinKey(j, left, right)
	joined.Join = &rollcall.Join{
		Key: rollcall.Column{Table: left, Code: j.left.name.text},
		Op:  rollcall.TreeOp(strings.ReplaceAll(string(j.op.kind), "_", " ")), ID: right,
	}
	if j.op.kind == "EQ" {
		joined.Join.Op = rollcall.Equals
	}
	p.Tables = append(p.Tables, joined)
}

// joinKey checks what a join follows.
func (c *checker) joinKey(j *join, left, right *rollcall.QueryTable) {
	key := left.Class.Attribute(j.left.name.text)
	var target *rollcall.Class
	if key != nil {
		target = c.model.KeyTarget(left.Class, key)
	}
	if target == nil {
		var keys []string
		for _, a := range left.Class.Attributes {
			if a.IsKey() {
				keys = append(keys, a.Code)
			}
		}
		c.fail(ClassNormalize, "Unknown key in join condition (left expression)", j.left.name, keys...)
		return
	}
	if !c.model.IsA(right.Class.Name, target.Name) && !c.model.IsA(target.Name, right.Class.Name) {
		c.fail(ClassNormalize, fmt.Sprintf("The joined class (%s) is not compatible with the external key, which is pointing to %s", right.Class.Name, target.Name), j.class)
		return
	}
	if j.op.kind != "EQ" && key.Type != rollcall.TypeTree {
		c.fail(ClassNormalize, "The specified tree operator "+string(j.op.kind)+" is not applicable to the key", j.left.name)
	}
}
