package mapping

import (
	"errors"
	"fmt"
	"time"

	"github.com/expr-lang/expr"

	"rollcall/internal/rollcall"
)

// builtins are the functions of the expression library that may be used. None
// of them reads a clock, and what they make is bounded by what they are given.
var builtins = []string{
	"lower", "upper", "trim", "trimPrefix", "trimSuffix", "replace", "split", "join", "len", "indexOf",
	"first", "last", "filter", "map", "find", "any", "all", "none", "count", "int", "string",
}

// functions returns the closed list of what an expression may call.
func functions() []expr.Option {
	options := make([]expr.Option, 0, len(builtins)+5)
	for _, name := range builtins {
		options = append(options, expr.EnableBuiltin(name))
	}
	return append(options,
		expr.Function("substr", substr, new(func(string, int) string), new(func(string, int, int) string)),
		expr.Function("date", dateFunction(rollcall.DateLayout), new(func(string) string)),
		expr.Function("datetime", dateFunction(rollcall.DateTimeLayout), new(func(string) string)),
		expr.Function("rdn", func(args ...any) (any, error) {
			dn, _ := args[0].(string)
			return rdnValue(dn), nil
		}, new(func(string) string)),
	)
}

// substr returns part of a text: from a character counted from 0, as many as
// said or all that follow. A negative start counts from the end.
func substr(args ...any) (any, error) {
	text, _ := args[0].(string)
	from, _ := args[1].(int)
	runes := []rune(text)
	if from < 0 {
		from = max(0, len(runes)+from)
	}
	from = min(from, len(runes))
	end := len(runes)
	if len(args) == 3 {
		count, _ := args[2].(int)
		if count < 0 {
			return nil, errors.New("substr wants a length of 0 or more")
		}
		end = from + min(count, len(runes)-from)
	}
	return string(runes[from:end]), nil
}

// dateFunction returns a function that reads a time as directories and files
// write it, and writes it in a layout. No text, and a directory's "never", are
// no time: it gives "".
func dateFunction(layout string) func(args ...any) (any, error) {
	return func(args ...any) (any, error) {
		text, _ := args[0].(string)
		if text == "" {
			return "", nil
		}
		if t, ok := directoryTime(text); ok {
			return formatTime(t, layout), nil
		}
		for _, form := range [...]string{time.DateTime, time.DateOnly, time.RFC3339} {
			if t, err := time.Parse(form, text); err == nil {
				return formatTime(t, layout), nil
			}
		}
		return nil, fmt.Errorf("%q is no date or time that is known here", text)
	}
}
