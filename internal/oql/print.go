package oql

import (
	"strings"

	"rollcall/internal/rollcall"
)

// Print writes a query as text that Compile reads as the same query. Values
// stand where parameters did.
func Print(q *rollcall.Query) string {
	var p printer
	p.query(q)
	return p.String()
}

type printer struct{ strings.Builder }

func (p *printer) put(parts ...string) {
	for _, s := range parts {
		p.WriteString(s)
	}
}

func (p *printer) query(q *rollcall.Query) {
	for i, part := range q.Parts {
		if i > 0 {
			p.put(" UNION ")
		}
		p.part(part)
	}
}

func (p *printer) part(part *rollcall.QueryPart) {
	p.put("SELECT ")
	for i, t := range part.Selected {
		if i > 0 {
			p.put(", ")
		}
		p.put(quoteName(t.Alias))
	}
	first := part.Tables[0]
	p.put(" FROM ", quoteName(first.Class.Name), " AS ", quoteName(first.Alias))
	for _, t := range part.Tables[1:] {
		p.put(" JOIN ", quoteName(t.Class.Name), " AS ", quoteName(t.Alias), " ON ")
		p.column(&t.Join.Key)
		p.put(" ", string(t.Join.Op), " ", quoteName(t.Join.ID.Alias), ".", rollcall.CodeID)
	}
	if part.Where != nil {
		p.put(" WHERE ")
		p.expression(part.Where)
	}
}

func (p *printer) column(c *rollcall.Column) {
	p.put(quoteName(c.Table.Alias), ".", quoteName(c.Code))
}

func (p *printer) expression(e rollcall.Expr) {
	switch e := e.(type) {
	case *rollcall.Literal:
		p.literal(e)
	case *rollcall.Column:
		p.column(e)
	case *rollcall.Operation:
		p.chain(" "+e.Op+" ", e.Left, e.Right)
	case *rollcall.Logic:
		if e.All {
			p.chain(" AND ", e.Terms...)
		} else {
			p.chain(" OR ", e.Terms...)
		}
	case *rollcall.Call:
		p.call(e)
	case *rollcall.Membership:
		p.put("(")
		p.expression(e.Of)
		if e.Not {
			p.put(" NOT")
		}
		p.put(" IN (")
		if e.Query != nil {
			p.query(e.Query)
		} else {
			p.list(e.List)
		}
		p.put("))")
	}
}

// chain writes operands in parentheses, with an operator between.
func (p *printer) chain(op string, operands ...rollcall.Expr) {
	p.put("(")
	for i, e := range operands {
		if i > 0 {
			p.put(op)
		}
		p.expression(e)
	}
	p.put(")")
}

func (p *printer) list(list []rollcall.Expr) {
	for i, e := range list {
		if i > 0 {
			p.put(", ")
		}
		p.expression(e)
	}
}

func (p *printer) call(c *rollcall.Call) {
	p.put(c.Function, "(")
	if c.Unit == "" {
		p.list(c.Args)
	} else {
		p.expression(c.Args[0])
		p.put(", INTERVAL ")
		p.expression(c.Args[1])
		p.put(" ", c.Unit)
	}
	p.put(")")
}

func (p *printer) literal(l *rollcall.Literal) {
	switch l.Kind {
	case rollcall.LiteralNull:
		p.put("NULL")
	case rollcall.LiteralNumber:
		p.put(l.Value)
	default:
		p.put("'", strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(l.Value), "'")
	}
}

// quoteName puts a name in backquotes where it could be read as something else.
func quoteName(s string) string {
	l := lexer{text: s}
	if t, err := l.next(); err == nil && t.kind == kindName && t.text == s && t.value == s {
		return s
	}
	return "`" + s + "`"
}
