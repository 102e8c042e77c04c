package schema

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"rollcall/internal/rollcall"
)

// place is where something stands in a file.
type place struct {
	file         string
	line, column int
}

func (p place) String() string { return fmt.Sprintf("%s:%d:%d", p.file, p.line, p.column) }

// reader turns one file into declarations and collects what is wrong with it.
type reader struct {
	file     string
	problems []error
}

// failAt notes one problem: where it is, and one sentence.
func failAt(at place, format string, args ...any) error {
	return &rollcall.Error{Kind: rollcall.Invalid, Msg: at.String() + ": " + fmt.Sprintf(format, args...)}
}

func (r *reader) fail(n ast.Node, format string, args ...any) {
	r.problems = append(r.problems, failAt(r.at(n), format, args...))
}

func (r *reader) at(n ast.Node) place {
	p := place{file: r.file, line: 1, column: 1}
	if n != nil && n.GetToken() != nil && n.GetToken().Position != nil {
		p.line, p.column = n.GetToken().Position.Line, n.GetToken().Position.Column
	}
	return p
}

// root parses a file's text; nil for an empty file.
func (r *reader) root(text []byte) ast.Node {
	file, err := parser.ParseBytes(text, 0)
	if err != nil {
		r.problems = append(r.problems, r.syntaxError(err))
		return nil
	}
	var root ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.NullType {
			continue
		}
		if root != nil {
			r.fail(doc.Body, "a declaration file holds one document")
			return nil
		}
		root = doc.Body
	}
	return root
}

func (r *reader) syntaxError(err error) error {
	at := place{file: r.file, line: 1, column: 1}
	message := err.Error()
	var e yaml.Error
	if errors.As(err, &e) {
		message = e.GetMessage()
		if tk := e.GetToken(); tk != nil && tk.Position != nil {
			at.line, at.column = tk.Position.Line, tk.Position.Column
		}
	}
	return failAt(at, "this is not YAML: %s", strings.Join(strings.Fields(message), " "))
}

// entry is one key of a mapping with its value.
type entry struct {
	key   string
	name  ast.Node // the key, for messages
	value ast.Node
}

// entries returns the entries of a mapping in their order.
func (r *reader) entries(n ast.Node, what string) []entry {
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		r.fail(n, "%s is a mapping, not %s", what, kind(n))
		return nil
	}
	seen := make(map[string]bool, len(values))
	list := make([]entry, 0, len(values))
	for _, v := range values {
		key, ok := scalar(v.Key)
		if !ok || v.Key.IsMergeKey() {
			r.fail(v.Key, "%s has a key that is not a plain word", what)
			continue
		}
		if seen[key] {
			r.fail(v.Key, "%s says %s twice", what, key)
			continue
		}
		seen[key] = true
		list = append(list, entry{key: key, name: v.Key, value: v.Value})
	}
	return list
}

// text returns a scalar's text.
func (r *reader) text(n ast.Node, what string) string {
	s, ok := scalar(n)
	if !ok {
		r.fail(n, "%s is a word or a text, not %s", what, kind(n))
	}
	return s
}

func (r *reader) flag(n ast.Node, what string) bool {
	switch r.text(n, what) {
	case "true":
		return true
	case "false":
		return false
	}
	r.fail(n, "%s is true or false", what)
	return false
}

func (r *reader) number(n ast.Node, what string) int {
	i, err := strconv.Atoi(r.text(n, what))
	if err != nil || i < 0 {
		r.fail(n, "%s is a number of 0 or more", what)
		return 0
	}
	return i
}

// texts returns a list of scalars; a single scalar is a list of one.
func (r *reader) texts(n ast.Node, what string) []string {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		if s, ok := scalar(n); ok {
			return []string{s}
		}
		r.fail(n, "%s is a list, not %s", what, kind(n))
		return nil
	}
	texts := make([]string, 0, len(list.Values))
	for _, v := range list.Values {
		texts = append(texts, r.text(v, what))
	}
	return texts
}

// scalar returns the text of a scalar as it was written: codes such as yes, 1
// and null stay words.
func scalar(n ast.Node) (string, bool) {
	switch v := n.(type) {
	case *ast.StringNode:
		return v.Value, true
	case *ast.LiteralNode:
		return v.Value.Value, true
	case *ast.MappingKeyNode:
		return scalar(v.Value)
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
		if tk := n.GetToken(); tk != nil {
			return strings.TrimSpace(tk.Value), true
		}
	}
	return "", false
}

// kind says in a word what a node is.
func kind(n ast.Node) string {
	switch n.(type) {
	case nil, *ast.NullNode:
		return "nothing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AnchorNode, *ast.AliasNode:
		return "an anchor or alias, which declarations do not use"
	case *ast.TagNode:
		return "a tagged value"
	}
	return "a plain value"
}
