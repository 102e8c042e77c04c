package config

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// reader turns values into settings and gathers what is wrong with them.
type reader struct {
	dir      string // of the file: relative paths start there
	lookup   func(string) (string, bool)
	problems []Problem
	warnings []Warning
	secrets  []string // as written in the file, to be masked in excerpts
	misspelt map[key]bool
}

// key is one key of one section.
type key struct {
	section *value
	name    string
}

// lacks reports whether a section has neither a key nor an unknown one that was
// probably meant to be it: one mistake makes one message.
func (r *reader) lacks(v *value, name string) bool {
	return v.get(name) == nil && !r.misspelt[key{v, name}]
}

// sound runs a check and reports whether it found nothing wrong.
func (r *reader) sound(check func()) bool {
	before := len(r.problems)
	check()
	return len(r.problems) == before
}

func (r *reader) problem(at Position, format string, args ...any) {
	r.problems = append(r.problems, Problem{at, fmt.Sprintf(format, args...)})
}

func (r *reader) warn(at Position, format string, args ...any) {
	r.warnings = append(r.warnings, Warning{at, fmt.Sprintf(format, args...)})
}

// keys says how to read each key of a section.
type keys map[string]func(*value)

// section reads a section; what names it in messages.
func (r *reader) section(v *value, what string, known keys) {
	if v.shape != mapping {
		r.problem(v.Position, "%s must be a section with keys, not %s", what, v.shape)
		return
	}
	for _, f := range v.fields {
		read, ok := known[f.key.Text]
		switch {
		case !ok:
			names := slices.Sorted(maps.Keys(known))
			r.problem(f.key.Position, "unknown key %q in %s%s", f.key.Text, what, didYouMean(f.key.Text, names))
			r.misspelt[key{v, nearest(f.key.Text, names)}] = true
		case f.value.shape == nothing:
			r.problem(f.key.Position, "%s has no value; leave the key out, or write \"\" for an empty text", f.key.Text)
		default:
			read(f.value)
		}
	}
}

// scalar reports whether v is a single value, and says so where it is not.
func (r *reader) scalar(v *value, wanted string) bool {
	if v.shape != scalar {
		r.problem(v.Position, "%s is wanted here, not %s", wanted, v.shape)
	}
	return v.shape == scalar
}

// verbatim reads a text in which ${…} means nothing.
func (r *reader) verbatim(into *string) func(*value) {
	return func(v *value) {
		if r.scalar(v, "a text") {
			*into = v.text
		}
	}
}

// name reads a text in which ${…} means nothing and which cannot be empty.
func (r *reader) name(into *string) func(*value) {
	return func(v *value) {
		r.verbatim(into)(v)
		if v.shape == scalar && strings.TrimSpace(v.text) == "" {
			r.problem(v.Position, "this cannot be empty")
		}
	}
}

// text reads a text, with what ${env:…} and ${file:…} in it stand for.
func (r *reader) text(into *string) func(*value) {
	return func(v *value) {
		if r.scalar(v, "a text") {
			*into, _ = r.expand(v, false)
		}
	}
}

// texts reads a text or a list of them.
func (r *reader) texts(into *[]string) func(*value) {
	return func(v *value) {
		items := []*value{v}
		if v.shape == list {
			items = v.items
		}
		*into = make([]string, len(items))
		for i, item := range items {
			r.text(&(*into)[i])(item)
		}
	}
}

// file reads a path; a relative one starts at the folder of the configuration.
func (r *reader) file(into *string) func(*value) {
	return func(v *value) {
		r.text(into)(v)
		*into = r.path(*into)
	}
}

func (r *reader) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(r.dir, p)
}

// truth reads true or false.
func (r *reader) truth(into *bool) func(*value) {
	return func(v *value) {
		switch {
		case !r.scalar(v, "true or false"):
		case v.text == "true":
			*into = true
		case v.text == "false":
			*into = false
		default:
			r.problem(v.Position, "%q is neither true nor false", v.text)
		}
	}
}

// number reads a whole number between two bounds.
func (r *reader) number(into *int, least, most int) func(*value) {
	return func(v *value) {
		if !r.scalar(v, "a number") {
			return
		}
		n, err := strconv.Atoi(v.text)
		if err != nil || n < least || n > most {
			r.problem(v.Position, "%q is no whole number from %d to %d", v.text, least, most)
			return
		}
		*into = n
	}
}

// choice reads one of some words, each of which means a value.
func choice[T any](r *reader, into *T, meaning map[string]T) func(*value) {
	return func(v *value) {
		known := slices.Sorted(maps.Keys(meaning))
		if !r.scalar(v, "one of "+strings.Join(known, ", ")) {
			return
		}
		meant, ok := meaning[v.text]
		if !ok {
			hint := ""
			if near := nearest(v.text, known); near != "" {
				hint = fmt.Sprintf("; did you mean %q?", near)
			}
			r.problem(v.Position, "%q is not one of %s%s", v.text, strings.Join(known, ", "), hint)
			return
		}
		*into = meant
	}
}

// words is a choice among texts that mean themselves.
func words[T ~string](list ...T) map[string]T {
	m := make(map[string]T, len(list))
	for _, w := range list {
		m[string(w)] = w
	}
	return m
}

// duration reads a span of time: 90m, 12h, 7d, 2w, 1d12h.
func (r *reader) duration(into *time.Duration) func(*value) {
	return func(v *value) {
		if !r.scalar(v, "a duration such as 90m, 12h, 7d or 2w") {
			return
		}
		d, err := parseDuration(v.text)
		if err != nil {
			r.problem(v.Position, "%v", err)
			return
		}
		*into = d
	}
}

var span = regexp.MustCompile(`^(?:\d+(?:w|d|h|m|s|ms))+$`)
var spanPart = regexp.MustCompile(`(\d+)(ms|w|d|h|m|s)`)

var units = map[string]time.Duration{
	"ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour,
	"d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

func parseDuration(s string) (time.Duration, error) {
	if s == "0" {
		return 0, nil
	}
	if !span.MatchString(s) {
		return 0, fmt.Errorf("%q is no duration; write a number with its unit: 90m, 12h, 7d, 2w", s)
	}
	const longest = 100 * 365 * 24 * time.Hour
	var sum time.Duration
	for _, part := range spanPart.FindAllStringSubmatch(s, -1) {
		n, err := strconv.ParseInt(part[1], 10, 64)
		unit := units[part[2]]
		if err != nil || n > int64(longest/unit) || sum+time.Duration(n)*unit > longest {
			return 0, fmt.Errorf("%q is longer than a hundred years", s)
		}
		sum += time.Duration(n) * unit
	}
	return sum, nil
}

// limit reads a share (5%), a count (100) or none.
func (r *reader) limit(into *rollcall.Limit) func(*value) {
	return func(v *value) {
		if !r.scalar(v, "a share such as 5% or a number") {
			return
		}
		if v.text == "none" {
			*into = rollcall.Limit{}
			return
		}
		share, isShare := strings.CutSuffix(v.text, "%")
		if isShare {
			p, err := strconv.ParseFloat(strings.TrimSpace(share), 64)
			if err == nil && p >= 0 && p <= 100 {
				*into = rollcall.Limit{Percent: p, IsSet: true}
				return
			}
		} else if n, err := strconv.Atoi(v.text); err == nil && n >= 0 {
			*into = rollcall.Limit{Count: n, IsSet: true}
			return
		}
		r.problem(v.Position, "%q is no limit; write a share (5%%), a number (100) or none", v.text)
	}
}

// pattern compiles a regular expression.
func (r *reader) pattern(v *value, source string) *regexp.Regexp {
	re, err := regexp.Compile(source)
	if err == nil {
		return re
	}
	r.problem(v.Position, "%s", patternFault(source, err))
	return nil
}

// patternFault says what is wrong with a pattern; other languages' constructs
// are named as such.
func patternFault(source string, err error) string {
	se, ok := errors.AsType[*syntax.Error](err)
	if !ok {
		return fmt.Sprintf("the pattern %q is wrong: %v", source, err)
	}
	hint := ""
	switch {
	case strings.HasPrefix(se.Expr, "(?="), strings.HasPrefix(se.Expr, "(?!"),
		strings.HasPrefix(se.Expr, "(?<="), strings.HasPrefix(se.Expr, "(?<!"), strings.HasPrefix(se.Expr, "(?<"):
		hint = "; patterns cannot look ahead or behind: use several lookup lines, the first that matches wins"
	case strings.HasPrefix(se.Expr, "(?>"), se.Code == syntax.ErrInvalidRepeatOp && strings.HasSuffix(se.Expr, "+"):
		hint = "; patterns never backtrack, so write it without the atomic group or the second +"
	case se.Code == syntax.ErrInvalidEscape && len(se.Expr) == 2 && se.Expr[1] >= '1' && se.Expr[1] <= '9':
		hint = "; patterns cannot refer back to a group"
	}
	return fmt.Sprintf("the pattern %q is wrong: %s: %q%s", source, se.Code, se.Expr, hint)
}
