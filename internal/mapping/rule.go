package mapping

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"rollcall/internal/rollcall"
)

// rule is one attribute's rule, ready to use.
type rule struct {
	*rollcall.AttributeRule
	form     form
	slot     int // of From
	groups   int // slot of the groups that make profiles
	named    *profileNames
	program  *expression
	lookup   []lookup
	constant rollcall.Cell // the whole answer, of a rule that asks nothing of the entry
}

type lookup struct {
	pattern *regexp.Regexp
	to      string
}

// numbered finds $1 where Go would read $1x as the group named "1x".
var numbered = regexp.MustCompile(`\$\$|\$\d+`)

func compileRule(ar *rollcall.AttributeRule, fields *fieldList) (rule, error) {
	r := rule{AttributeRule: ar, form: formOf(ar), slot: -1, groups: -1}
	for _, l := range ar.Lookup {
		to := numbered.ReplaceAllStringFunc(l.To, func(s string) string {
			if s == "$$" {
				return s
			}
			return "${" + s[1:] + "}"
		})
		r.lookup = append(r.lookup, lookup{pattern: l.Pattern, to: to})
	}
	switch {
	case ar.Profiles != nil:
		if ar.Profiles.Pattern.NumSubexp() < 1 {
			return r, fmt.Errorf("the pattern %q needs a group in parentheses around the profile's name", ar.Profiles.Pattern)
		}
		if ar.Attribute.Type != rollcall.TypeLinks {
			return r, errors.New("profiles from groups need an attribute that is a set of links")
		}
		r.groups, r.named = fields.slot(rollcall.FieldGroups), &profileNames{of: map[string]string{}}
	case ar.From != "":
		r.slot = fields.slot(ar.From)
	case ar.Expr != "":
		var err error
		r.program, err = compileExpression(ar, fields)
		return r, err
	case ar.HasValue, ar.HasDefault:
		value, f := r.finish(ar.Value)
		if f != nil {
			return r, fmt.Errorf("the constant %q: %s", f.value, f.reason)
		}
		r.constant = rollcall.Cell{Text: value, Set: true}
	default:
		return r, errors.New("the rule says neither from, value, expr nor default")
	}
	return r, nil
}

// cell computes one cell. A fault leaves it unset.
func (r *rule) cell(v *view) (rollcall.Cell, *fault) {
	var text string
	var f *fault
	switch {
	case r.constant.Set:
		return r.constant, nil
	case r.groups >= 0:
		text, f = r.profiles(v)
	case r.slot >= 0:
		text, f = r.fromField(v)
	default:
		var none bool
		if text, none, f = r.evaluate(v); none {
			return rollcall.Cell{}, f
		}
	}
	if f == nil && text == "" && r.Required {
		f = &fault{reason: "it is required, and the entry has no value for it"}
	}
	if f != nil || text == "" && r.KeepBlank {
		return rollcall.Cell{}, f
	}
	return rollcall.Cell{Text: text, Set: true}, nil
}

// fromField takes a field's first value, or all of them joined.
func (r *rule) fromField(v *view) (string, *fault) {
	if !r.All {
		value, f := r.form.bytes(v.first(r.slot))
		if f != nil {
			return "", f
		}
		return r.finish(value)
	}
	values := v.values(r.slot)
	texts := make([]string, 0, len(values))
	for _, b := range values {
		text, f := r.form.bytes(b)
		if f != nil {
			return "", f
		}
		texts = append(texts, text)
	}
	return r.joined(texts)
}

// joined looks each of several texts up and joins those that remain.
func (r *rule) joined(texts []string) (string, *fault) {
	kept := make([]string, 0, len(texts))
	for _, text := range texts {
		text, f := r.translate(text)
		if f != nil {
			return "", f
		}
		if text != "" {
			kept = append(kept, text)
		}
	}
	return r.orDefault(strings.Join(kept, r.Separator)), nil
}

// finish looks a text up and falls back to the default.
func (r *rule) finish(text string) (string, *fault) {
	text, f := r.translate(text)
	if f != nil {
		return "", f
	}
	return r.orDefault(text), nil
}

func (r *rule) orDefault(text string) string {
	if text == "" && r.HasDefault {
		return r.Default
	}
	return text
}

// translate passes a text through the look-up table: the first pattern that
// finds something replaces the whole text. An empty text that no pattern finds
// is no miss: nothing was said that could be unknown.
func (r *rule) translate(text string) (string, *fault) {
	if len(r.lookup) == 0 {
		return text, nil
	}
	for i := range r.lookup {
		l := &r.lookup[i]
		if at := l.pattern.FindStringSubmatchIndex(text); at != nil {
			return string(l.pattern.ExpandString(nil, l.to, text, at)), nil
		}
	}
	switch {
	case text == "", r.OnMiss == "empty":
		return "", nil
	case r.OnMiss == "error":
		return "", &fault{value: text, reason: "no line of the lookup table matches it"}
	}
	return text, nil
}

// text says what the rule is, for a problem.
func (r *rule) text() string {
	var s string
	switch {
	case r.Profiles != nil:
		return "profiles " + r.Profiles.Pattern.String()
	case r.From != "":
		s = "from " + r.From
	case r.Expr != "":
		s = "expr " + r.Expr
	default:
		s = "value " + r.Value
	}
	if len(r.Lookup) > 0 {
		s += ", lookup"
	}
	return s
}
