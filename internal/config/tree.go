package config

import (
	"errors"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// shape is what a value in the file is.
type shape uint8

const (
	scalar shape = iota
	list
	mapping
	nothing // a key without a value
)

// words for messages.
var shapeNames = [...]string{"a single value", "a list", "a section with keys", "nothing"}

func (s shape) String() string { return shapeNames[s] }

// value is one value of the file with aliases and merges resolved. Scalars keep
// the text that was written: a number or a yes is made of it only where one is
// wanted, so that a code such as 010 stays what it is.
type value struct {
	Position
	shape  shape
	text   string
	items  []*value
	fields []field
	node   ast.Node
}

// field is one key of a section, with its value.
type field struct {
	key   text
	value *value
}

// text is a scalar and where it stands.
type text struct {
	Position
	Text string
}

// Bounds on what aliases may unfold to.
const (
	mostDepth  = 32
	mostValues = 200_000
)

// tree turns YAML into values.
type tree struct {
	anchors map[string]*value
	count   int
}

// errPlaced is an error that knows its place.
type errPlaced struct{ Problem }

func (e *errPlaced) Error() string { return e.Text }

func placed(at Position, message string) error { return &errPlaced{Problem{at, message}} }

var bracketed = regexp.MustCompile(`\[(\d+):\d+\]`)

// parseTree reads the one document of a file. Its error is an *errPlaced.
func parseTree(src []byte) (*value, error) {
	src = []byte(strings.TrimPrefix(string(src), "\ufeff"))
	file, err := parser.ParseBytes(src, 0)
	if err != nil {
		if se, ok := errors.AsType[*yaml.SyntaxError](err); ok {
			return nil, placed(positionOf(se.Token.Position.Line, se.Token.Position.Column), syntaxFault(se.Message))
		}
		return nil, placed(Position{1, 1}, err.Error())
	}
	var root *value
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType || doc.Body.Type() == ast.CommentGroupType {
			continue
		}
		if root != nil {
			return nil, placed(nodePosition(doc.Body), "a second document begins here; a configuration is one")
		}
		t := tree{anchors: map[string]*value{}}
		if root, err = t.value(doc.Body, 0); err != nil {
			return nil, err
		}
	}
	if root == nil {
		return nil, placed(Position{1, 1}, "the file is empty")
	}
	return root, nil
}

// syntaxFault says what is wrong in words that need no knowledge of YAML's.
func syntaxFault(message string) string {
	if strings.Contains(message, "\t") || strings.Contains(message, "tab character") {
		return "a tab stands where YAML wants spaces"
	}
	return bracketed.ReplaceAllString(message, "line $1")
}

func positionOf(line, column int) Position { return Position{max(1, line), max(1, column)} }

// nodePosition returns where a node begins; that of a section is its first key.
func nodePosition(n ast.Node) Position {
	switch n := n.(type) {
	case *ast.MappingNode:
		if !n.IsFlowStyle && len(n.Values) > 0 {
			return nodePosition(n.Values[0].Key)
		}
	case *ast.MappingValueNode:
		return nodePosition(n.Key)
	case *ast.AnchorNode:
		if n.Value != nil {
			return nodePosition(n.Value)
		}
	}
	tk := n.GetToken()
	if tk == nil || tk.Position == nil {
		return Position{1, 1}
	}
	return positionOf(tk.Position.Line, tk.Position.Column)
}

func (t *tree) value(n ast.Node, depth int) (*value, error) {
	if n == nil {
		return &value{Position: Position{1, 1}, shape: nothing}, nil
	}
	at := nodePosition(n)
	if t.count++; depth > mostDepth || t.count > mostValues {
		return nil, placed(at, "the file is nested too deeply or unfolds to too much")
	}
	v := &value{Position: at, node: n}
	switch n := n.(type) {
	case *ast.MappingNode:
		return v, t.mapping(v, n.Values, depth)
	case *ast.MappingValueNode:
		return v, t.mapping(v, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		v.shape = list
		for _, item := range n.Values {
			iv, err := t.value(item, depth+1)
			if err != nil {
				return nil, err
			}
			v.items = append(v.items, iv)
		}
	case *ast.AnchorNode:
		name := n.Name.GetToken().Value
		inner, err := t.value(n.Value, depth+1)
		if err == nil {
			t.anchors[name] = inner
		}
		return inner, err
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		meant, ok := t.anchors[name]
		if !ok {
			return nil, placed(at, "*"+name+" stands for nothing: there is no &"+name+" before it")
		}
		if t.count += meant.size(); t.count > mostValues {
			return nil, placed(at, "the file is nested too deeply or unfolds to too much")
		}
		again := *meant
		again.Position = at
		return &again, nil
	case *ast.TagNode:
		return t.value(n.Value, depth+1)
	case *ast.NullNode:
		v.shape = nothing
	case *ast.StringNode:
		v.text = n.Value
	case *ast.LiteralNode:
		v.text = n.Value.Value
	default:
		v.text = n.GetToken().Value
	}
	return v, nil
}

// size counts the values below one.
func (v *value) size() int {
	n := 1
	for _, item := range v.items {
		n += item.size()
	}
	for _, f := range v.fields {
		n += f.value.size()
	}
	return n
}

// mapping fills a section from its keys. Keys that << brings in yield to those
// written beside it.
func (t *tree) mapping(v *value, values []*ast.MappingValueNode, depth int) error {
	v.shape = mapping
	var merged []field
	for _, mv := range values {
		fv, err := t.value(mv.Value, depth+1)
		if err != nil {
			return err
		}
		at := nodePosition(mv.Key)
		if mv.Key.IsMergeKey() {
			from := []*value{fv}
			if fv.shape == list {
				from = fv.items
			}
			for _, m := range from {
				if m.shape != mapping {
					return placed(at, "<< wants a section to bring in")
				}
				merged = append(merged, m.fields...)
			}
			continue
		}
		key, err := t.value(mv.Key, depth+1)
		if err != nil {
			return err
		}
		if key.shape != scalar {
			return placed(at, "a key must be a single word or text")
		}
		if fv.shape == nothing {
			fv.Position = at
		}
		v.fields = append(v.fields, field{key: text{at, key.text}, value: fv})
	}
	for _, m := range merged {
		if v.get(m.key.Text) == nil {
			v.fields = append(v.fields, m)
		}
	}
	return nil
}

// get returns the value of a key, nil when the section has no such key.
func (v *value) get(key string) *value {
	for _, f := range v.fields {
		if f.key.Text == key {
			return f.value
		}
	}
	return nil
}
