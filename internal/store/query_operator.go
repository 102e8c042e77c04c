package store

import (
	"regexp"
	"strings"

	"rollcall/internal/rollcall"
)

// filter renders a condition that only keeps or drops rows: NULL drops like 0,
// which lets indexes serve it.
func (r *renderer) filter(e rollcall.Expr) (fragment, error) { return r.asCondition(e, true) }

func (r *renderer) asCondition(e rollcall.Expr, isFilter bool) (fragment, error) {
	f, err := r.value(e, isFilter)
	if err != nil {
		return f, err
	}
	return r.condition(f), nil
}

// value renders an expression.
func (r *renderer) value(e rollcall.Expr, isFilter bool) (fragment, error) {
	switch e := e.(type) {
	case *rollcall.Literal:
		return r.literal(e), nil
	case *rollcall.Column:
		return r.column(e)
	case *rollcall.Logic:
		return r.logic(e, isFilter)
	case *rollcall.Operation:
		return r.operation(e, isFilter)
	case *rollcall.Call:
		return r.call(e)
	case *rollcall.Membership:
		if e.Query != nil {
			return r.inQuery(e, isFilter)
		}
		return r.inList(e, isFilter)
	}
	return fragment{}, rollcall.Errorf(rollcall.Internal, "an expression of type %T cannot be rendered", e)
}

func (r *renderer) values(list []rollcall.Expr) ([]fragment, error) {
	out := make([]fragment, len(list))
	for i, e := range list {
		var err error
		if out[i], err = r.value(e, false); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *renderer) logic(e *rollcall.Logic, isFilter bool) (fragment, error) {
	terms := make([]fragment, len(e.Terms))
	for i, t := range e.Terms {
		var err error
		if terms[i], err = r.asCondition(t, isFilter); err != nil {
			return fragment{}, err
		}
	}
	if e.All {
		return balanced(" AND ", conditionValue, terms), nil
	}
	return balanced(" OR ", conditionValue, terms), nil
}

func (r *renderer) operation(e *rollcall.Operation, isFilter bool) (fragment, error) {
	a, err := r.value(e.Left, false)
	if err != nil {
		return a, err
	}
	b, err := r.value(e.Right, false)
	if err != nil {
		return b, err
	}
	switch e.Op {
	case "=", "!=", "<", "<=", ">", ">=":
		return r.compare(e.Op, a, b, isFilter), nil
	case "LIKE":
		return call("rollcall_like", conditionValue, r.text(a), r.text(b)), nil
	case "NOT LIKE":
		return call("rollcall_like", conditionValue, r.text(a), r.text(b)).wrap("(NOT ", ")", conditionValue), nil
	case "REGEXP":
		return r.regexp(a, b)
	case "MATCHES":
		return r.matches(a, b)
	case "/":
		return r.divide(a, b), nil
	case "+", "-", "*":
		is := realValue
		if r.number(a).is == wholeValue && r.number(b).is == wholeValue {
			is = wholeValue
		}
		return join(" "+e.Op+" ", is, r.exact(a), r.exact(b)).wrap("(", ")", is), nil
	}
	return call("rollcall_bits", wholeValue, r.textParam(e.Op), r.exact(a), r.exact(b)), nil
}

// divide divides; by 0 it gives NULL. Of whole numbers four digits are kept.
func (r *renderer) divide(a, b fragment) fragment {
	areWhole := r.number(a).is == wholeValue && r.number(b).is == wholeValue
	f := join(" * 1.0 / NULLIF(", realValue, r.exact(a), r.exact(b)).wrap("(", ", 0))", realValue)
	if areWhole {
		f = call("rollcall_round", realValue, f, r.numberParam(int64(4)))
	}
	return f
}

// isTextual reports whether a value compares as a text.
func (f fragment) isTextual() bool { return f.is == textValue || f.is == codeValue }

func (f fragment) isTemporal() bool { return f.is == dateValue || f.is == datetimeValue }

// compare renders a comparison.
func (r *renderer) compare(op string, a, b fragment, isFilter bool) fragment {
	switch {
	case a.is == nullValue || b.is == nullValue:
		return r.null(conditionValue)
	case b.is == codeValue && a.literal != nil && (op == "=" || op == "!="):
		return r.compareCode(op, b, a, isFilter)
	case a.is == codeValue && b.literal != nil && (op == "=" || op == "!="):
		return r.compareCode(op, a, b, isFilter)
	case a.isTextual() && b.isTextual():
		f := r.compareTexts(op, r.folded(a), r.folded(b))
		switch {
		case op != "=" || !isFilter:
		case b.literal != nil:
			f = r.narrowed(f, a, b.literal.Value)
		case a.literal != nil:
			f = r.narrowed(f, b, a.literal.Value)
		}
		return f
	case a.isTemporal() && (b.isTemporal() || b.isTextual() || b.literal != nil),
		b.isTemporal() && (a.isTextual() || a.literal != nil):
		a, b = r.comparable(a), r.comparable(b)
		if a.is != b.is {
			a, b = r.datetime(a), r.datetime(b)
		}
		return r.compareTexts(op, a, b)
	}
	if op == "=" && isFilter {
		a, b = bareIfNotZero(a, b), bareIfNotZero(b, a)
	}
	return join(" "+sqlOperator(op)+" ", conditionValue, r.number(a), r.number(b)).wrap("(", ")", conditionValue)
}

// bareIfNotZero takes a key's own column where what it is compared with is
// known not to be 0: its index serves it, and NULL equals nothing, as 0 would.
func bareIfNotZero(f, other fragment) fragment {
	isNotZero := other.bare != "" && other.bare == other.sql
	if other.literal != nil {
		n := literalNumber(other.literal)
		isNotZero = n != int64(0) && n != float64(0)
	}
	if f.bare != "" && isNotZero {
		f.sql = f.bare
	}
	return f
}

func sqlOperator(op string) string {
	if op == "!=" {
		return "<>"
	}
	return op
}

// compareTexts compares by bytes, whatever the database's own order of texts.
func (r *renderer) compareTexts(op string, a, b fragment) fragment {
	if r.numbered && op != "=" && op != "!=" {
		a = a.wrap("(", ` COLLATE "C")`, a.is)
	}
	f := join(" "+sqlOperator(op)+" ", conditionValue, a, b)
	if !r.numbered && op == "=" {
		// Else SQLite, which knows nothing of what our functions return, takes the
		// text for no restriction and begins with the larger table.
		return f.wrap("likelihood(", ", 0.001)", conditionValue)
	}
	return f.wrap("(", ")", conditionValue)
}

// comparable is temporal, with a literal that is no date at the beginning of
// time, as MariaDB has it.
func (r *renderer) comparable(f fragment) fragment {
	if f.literal == nil {
		return r.temporal(f)
	}
	if _, _, ok := parseDateTime(f.literal.Value); !ok {
		return r.dateParam(invalidDate, datetimeValue)
	}
	return r.temporal(f)
}

// compareCode compares one of a known few texts with a literal: by those among
// them that are the same without case and accents.
func (r *renderer) compareCode(op string, f, literal fragment, isFilter bool) fragment {
	in := r.amongTexts(f, matchingCodes(f.codes, literal.literal.Value), isFilter && op == "=")
	if op == "!=" {
		return in.wrap("(NOT ", ")", conditionValue)
	}
	return in
}

// matchingCodes returns the codes that equal a text, and the text itself: an
// object may hold a code that is no longer declared.
func matchingCodes(codes []string, text string) []string {
	same := []string{text}
	for _, c := range codes {
		if c != text && rollcall.FoldLoosely(c) == rollcall.FoldLoosely(text) {
			same = append(same, c)
		}
	}
	return same
}

// regexp renders a search for a pattern, without regard to case. The pattern is
// a literal: it is checked, and spelled for the database, here.
func (r *renderer) regexp(a, b fragment) (fragment, error) {
	if b.is == nullValue {
		return r.null(conditionValue), nil
	}
	if b.literal == nil {
		return fragment{}, rollcall.Errorf(rollcall.Invalid, "REGEXP takes a text or a parameter as its pattern, no attribute or function")
	}
	pattern, err := r.portablePattern(b.literal.Value)
	if err != nil {
		return fragment{}, rollcall.Errorf(rollcall.Invalid, "the pattern of REGEXP cannot be read: %w", err)
	}
	return call("rollcall_regexp", conditionValue, r.text(a), r.textParam(pattern)), nil
}

// maxWords is how many words MATCHES looks for: each is a pattern.
const maxWords = 50

// matches renders a search for words. +word must be there, -word must not, word*
// is the beginning of one; of the others one must be there, unless some must.
func (r *renderer) matches(a, b fragment) (fragment, error) {
	if b.literal == nil {
		return fragment{}, rollcall.Errorf(rollcall.Invalid, "MATCHES takes a text or a parameter")
	}
	const notWord = `[^0-9a-z_\x{80}-\x{10FFFF}]`
	var all, some []fragment
	words := strings.Fields(rollcall.FoldLoosely(b.literal.Value))
	if len(words) > maxWords {
		return fragment{}, rollcall.Errorf(rollcall.Invalid, "MATCHES looks for %d words at most, not for %d", maxWords, len(words))
	}
	for _, word := range words {
		sign := word[0]
		word = strings.Trim(word, `+-"~<>()`)
		end := "(?:$|" + notWord + ")"
		if bare, isPrefix := strings.CutSuffix(word, "*"); isPrefix {
			word, end = bare, ""
		}
		if word == "" {
			continue
		}
		pattern, err := r.portablePattern("(?:^|" + notWord + ")" + regexp.QuoteMeta(word) + end)
		if err != nil {
			return fragment{}, rollcall.Errorf(rollcall.Invalid, "MATCHES cannot look for %q: %w", word, err)
		}
		f := call("rollcall_regexp", conditionValue, r.folded(a), r.textParam(pattern))
		switch sign {
		case '+':
			all = append(all, f)
		case '-':
			all = append(all, f.wrap("(NOT ", ")", conditionValue))
		default:
			some = append(some, f)
		}
	}
	if len(some) > 0 && !strings.Contains(" "+b.literal.Value, " +") {
		all = append(all, balanced(" OR ", conditionValue, some))
	}
	if len(all) == 0 {
		return fragment{sql: "FALSE", is: conditionValue}, nil
	}
	return balanced(" AND ", conditionValue, all), nil
}
