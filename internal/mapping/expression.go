package mapping

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"rollcall/internal/rollcall"
)

// Bounds on an expression: the nodes it may be written with, and the elements
// it may make while it runs.
const (
	mostNodes   = 1000
	mostMemory  = 100_000
	longestText = 1 << 20
)

// expression is a compiled one. What it asks of the entry became variables when
// it was compiled, so that nothing is looked up by name but those.
type expression struct {
	program   *vm.Program
	variables []variable
	pool      sync.Pool // of *machine
}

// machine is what one evaluation needs.
type machine struct {
	vm  vm.VM
	env map[string]any
}

func compileExpression(ar *rollcall.AttributeRule, fields *fieldList) (*expression, error) {
	variables, err := variablesOf(ar.Expr, fields)
	if err != nil {
		return nil, err
	}
	env := make(map[string]any, len(variables))
	for _, v := range variables {
		env[v.name] = v.zero()
	}
	options := append([]expr.Option{
		expr.Env(env),
		expr.MaxNodes(mostNodes),
		expr.DisableAllBuiltins(),
		expr.Patch(callPatcher{}),
		expr.Patch(memberPatcher{}),
	}, functions()...)
	program, err := expr.Compile(ar.Expr, options...)
	if err != nil {
		return nil, plainError(err)
	}
	if err := checkKind(ar, program.Node().Type()); err != nil {
		return nil, err
	}
	e := &expression{program: program, variables: variables}
	e.pool.New = func() any {
		return &machine{vm: vm.VM{MemoryBudget: mostMemory}, env: make(map[string]any, len(variables))}
	}
	return e, nil
}

// checkKind refuses an expression that can never give the attribute a value.
func checkKind(ar *rollcall.AttributeRule, t reflect.Type) error {
	if t == nil {
		return nil
	}
	switch t.Kind() {
	case reflect.String, reflect.Interface, reflect.Int, reflect.Int64, reflect.Float64:
		return nil
	case reflect.Bool:
		if takesTruth(ar.Attribute.Type) {
			return nil
		}
		return fmt.Errorf(`the expression says true or false, but %s is of type %s: write (…) ? "a" : "b"`,
			ar.Attribute.Code, ar.Attribute.Type)
	case reflect.Slice:
		if ar.All {
			return nil
		}
		return errors.New("the expression gives a list: use first(…) or join(…, \", \"), or say all: true")
	}
	return fmt.Errorf("the expression gives a %s, which is no value of an attribute", t)
}

func takesTruth(t rollcall.Type) bool { return t == rollcall.TypeBoolean || t == rollcall.TypeInteger }

// evaluate runs the rule's expression. None reports that it said nil: the
// attribute is left alone.
func (r *rule) evaluate(v *view) (text string, none bool, f *fault) {
	e := r.program
	m, _ := e.pool.Get().(*machine)
	defer e.pool.Put(m)
	for i := range e.variables {
		if f := e.variables[i].fill(m.env, v); f != nil {
			return "", true, f
		}
	}
	result, err := m.vm.Run(e.program, m.env)
	if err != nil {
		return "", true, &fault{reason: plainError(err).Error()}
	}
	return r.result(result)
}

// result turns what an expression gave into the attribute's text.
func (r *rule) result(result any) (text string, none bool, f *fault) {
	switch x := result.(type) {
	case nil:
		return "", true, nil
	case string:
		text = x
	case []string:
		return r.listResult(x)
	case []any:
		texts := make([]string, len(x))
		for i, item := range x {
			s, ok := item.(string)
			if !ok {
				return "", true, &fault{value: fmt.Sprint(item), reason: "the expression gives a list of something else than text"}
			}
			texts[i] = s
		}
		return r.listResult(texts)
	case bool:
		if !takesTruth(r.Attribute.Type) {
			return "", true, &fault{value: strconv.FormatBool(x), reason: "the expression says true or false where a text is wanted"}
		}
		if text = "0"; x {
			text = "1"
		}
	case int:
		text = strconv.Itoa(x)
	case float64:
		text = strconv.FormatFloat(x, 'f', -1, 64)
	default:
		return "", true, &fault{value: fmt.Sprint(x), reason: fmt.Sprintf("the expression gives a %T, which is no value of an attribute", x)}
	}
	if f := r.ordered(&text); f != nil {
		return "", true, f
	}
	text, f = r.finish(text)
	return text, false, f
}

func (r *rule) listResult(texts []string) (string, bool, *fault) {
	if !r.All {
		return "", true, &fault{value: strings.Join(texts, ", "), reason: "the expression gives a list where one text is wanted"}
	}
	for i := range texts {
		if f := r.ordered(&texts[i]); f != nil {
			return "", true, f
		}
	}
	text, f := r.joined(texts)
	return text, false, f
}

// ordered brings an expression's text to order: split and substr may have cut
// what was whole.
func (r *rule) ordered(text *string) *fault {
	if len(*text) > longestText {
		return &fault{value: *text, reason: "the expression gives more text than any attribute holds"}
	}
	if f := flawIn(*text); f != nil {
		return f
	}
	*text = r.form.tidy(*text)
	return nil
}

// plainError makes one sentence of the expression library's message, which
// draws the place on lines of its own.
func plainError(err error) error {
	fe, ok := errors.AsType[*file.Error](err)
	if !ok {
		return fmt.Errorf("the expression is wrong: %w", err)
	}
	return fmt.Errorf("the expression is wrong at character %d: %s", fe.Column+1, fe.Message)
}
