package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"

	"rollcall/internal/rollcall"
)

// ask is what an expression wants to know of a field.
type ask string

const (
	askText ask = "text" // entry.mail: the first value
	askList ask = "list" // entry.all("mail"): all values
	askHas  ask = "has"  // entry.has("mail"): whether there is one
	askTrue ask = "true" // entry.disabled: a computed yes or no
)

// variable stands for one such question: entry.Mail and entry["mail"] become
// the variable "text mail". The blank keeps it apart from anything that can be
// written in an expression.
type variable struct {
	ask  ask
	slot int
	name string
}

// truths are the computed fields that expressions see as true or false.
var truths = []string{rollcall.FieldDisabled, rollcall.FieldLocked, rollcall.FieldExpired, rollcall.FieldPasswordExpired}

func variableName(a ask, field string) string { return string(a) + " " + strings.ToLower(field) }

// zero returns a value of the variable's type, for the compiler.
func (v *variable) zero() any {
	switch v.ask {
	case askText:
		return ""
	case askList:
		return []string(nil)
	}
	return false
}

// fill sets the variable in env to what an entry says.
func (v *variable) fill(env map[string]any, e *view) *fault {
	switch v.ask {
	case askHas:
		env[v.name] = len(e.values(v.slot)) > 0
	case askTrue:
		env[v.name] = string(e.first(v.slot)) == "1"
	case askText:
		text, f := v.text(e, e.first(v.slot))
		if f != nil {
			return f
		}
		env[v.name] = text
	case askList:
		values := e.values(v.slot)
		texts := make([]string, len(values))
		for i, b := range values {
			text, f := v.text(e, b)
			if f != nil {
				return f
			}
			texts[i] = text
		}
		env[v.name] = texts
	}
	return nil
}

func (v *variable) text(e *view, b []byte) (string, *fault) {
	text := string(b)
	if f := flawIn(text); f != nil {
		f.reason = e.names[v.slot] + ": " + f.reason
		return "", f
	}
	return text, nil
}

// variablesOf finds what an expression asks of the entry and adds the fields to
// the list.
func variablesOf(source string, fields *fieldList) ([]variable, error) {
	tree, err := parser.Parse(source)
	if err != nil {
		return nil, plainError(err)
	}
	c := collector{fields: fields}
	ast.Walk(&tree.Node, callPatcher{&c})
	ast.Walk(&tree.Node, memberPatcher{&c})
	ast.Walk(&tree.Node, &c)
	return c.variables, c.err
}

// collector gathers variables and refuses what is left of "entry" after the
// patchers went over the tree.
type collector struct {
	fields    *fieldList
	variables []variable
	err       error
}

func (c *collector) add(a ask, field string) {
	name := variableName(a, field)
	if slices.ContainsFunc(c.variables, func(v variable) bool { return v.name == name }) {
		return
	}
	c.variables = append(c.variables, variable{ask: a, slot: c.fields.slot(field), name: name})
}

// Visit implements ast.Visitor.
func (c *collector) Visit(node *ast.Node) {
	refuse := func(n ast.Node, what string) {
		if c.err == nil {
			c.err = fmt.Errorf("the expression is wrong at character %d: %s", n.Location().From+1, what)
		}
	}
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		switch n.Value {
		case "$env":
			refuse(n, "$env is not part of mapping expressions")
		case "entry":
			refuse(n, `after entry comes a field by its name: entry.mail, entry["x-mail"], entry.all("mail") or entry.has("mail")`)
		}
	case *ast.CallNode:
		if callee, ok := n.Callee.(*ast.IdentifierNode); ok && strings.Contains(callee.Value, " ") {
			refuse(n, `the entry answers all and has alone, each with one name in quotes: entry.all("mail")`)
		}
	case *ast.VariableDeclaratorNode:
		if n.Name == "entry" {
			refuse(n, "entry cannot be given another meaning")
		}
	case *ast.BinaryNode:
		if n.Operator == ".." {
			refuse(n, "ranges are not part of mapping expressions")
		}
	}
}

// callPatcher turns entry.all("mail") and entry.has("mail") into variables. It
// goes over a tree before memberPatcher, which would take "all" for a field.
type callPatcher struct{ found *collector }

// Visit implements ast.Visitor.
func (p callPatcher) Visit(node *ast.Node) {
	call, ok := (*node).(*ast.CallNode)
	if !ok {
		return
	}
	method, ok := fieldOf(call.Callee)
	if !ok || len(call.Arguments) != 1 {
		return
	}
	field, ok := call.Arguments[0].(*ast.StringNode)
	if !ok {
		return
	}
	switch method {
	case "all":
		patch(node, p.found, askList, field.Value)
	case "has":
		patch(node, p.found, askHas, field.Value)
	}
}

// memberPatcher turns entry.mail and entry["mail"] into variables.
type memberPatcher struct{ found *collector }

// Visit implements ast.Visitor.
func (p memberPatcher) Visit(node *ast.Node) {
	field, ok := fieldOf(*node)
	if !ok {
		return
	}
	if slices.Contains(truths, strings.ToLower(field)) {
		patch(node, p.found, askTrue, field)
		return
	}
	patch(node, p.found, askText, field)
}

func patch(node *ast.Node, found *collector, a ask, field string) {
	if found != nil {
		found.add(a, field)
	}
	ast.Patch(node, &ast.IdentifierNode{Value: variableName(a, field)})
}

// fieldOf returns the name in entry.name or entry["name"].
func fieldOf(n ast.Node) (string, bool) {
	m, ok := n.(*ast.MemberNode)
	if !ok {
		return "", false
	}
	of, ok := m.Node.(*ast.IdentifierNode)
	if !ok || of.Value != "entry" {
		return "", false
	}
	name, ok := m.Property.(*ast.StringNode)
	if !ok || name.Value == "" {
		return "", false
	}
	return name.Value, true
}
