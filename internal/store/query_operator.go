package store

import (
	"database/sql/driver"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

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
		return r.compareTexts(op, r.folded(a), r.folded(b))
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

// amongTexts renders membership of a value in a list of texts.
func (r *renderer) amongTexts(f fragment, texts []string, isFilter bool) fragment {
	if isFilter && f.bare != "" {
		f.sql = f.bare
		texts = slices.DeleteFunc(texts, func(s string) bool { return s == "" }) // is NULL
	}
	list := make([]driver.Value, len(texts))
	for i, s := range texts {
		list[i] = s
	}
	return r.amongValues(f, list)
}

// fewValues is how many values are listed as parameters; more go into one
// parameter, as JSON.
const fewValues = 30

// amongValues renders membership in a list of values of one type.
func (r *renderer) amongValues(f fragment, list []driver.Value) fragment {
	if len(list) == 0 {
		return fragment{sql: "FALSE", is: conditionValue}
	}
	params := make([]fragment, 0, min(len(list), fewValues))
	if len(list) <= fewValues {
		for _, v := range list {
			if s, ok := v.(string); ok {
				params = append(params, r.textParam(s))
			} else {
				params = append(params, r.numberParam(v))
			}
		}
		in := join(", ", conditionValue, params...).wrap(" IN (", "))", conditionValue)
		return join("", conditionValue, f, in).wrap("(", "", conditionValue)
	}
	return join("", conditionValue, f, r.jsonList(list)).wrap("(", ")", conditionValue)
}

func (r *renderer) jsonList(list []driver.Value) fragment {
	as := "bigint"
	for i, v := range list {
		switch v := v.(type) {
		case string:
			as = "text"
			list[i] = strings.ReplaceAll(v, "\x00", "\uFFFD")
		case float64:
			as = "numeric"
		}
	}
	text, err := json.Marshal(list)
	if err != nil {
		text = []byte("[]") // texts and finite numbers alone: cannot be
	}
	if r.numbered {
		return fragment{sql: " IN (SELECT v::" + as + " FROM jsonb_array_elements_text(?::jsonb) AS v)", args: []any{string(text)}}
	}
	return fragment{sql: " IN (SELECT value FROM json_each(?))", args: []any{string(text)}}
}

// inList renders IN of a list.
func (r *renderer) inList(e *rollcall.Membership, isFilter bool) (fragment, error) {
	of, err := r.value(e.Of, false)
	if err != nil {
		return of, err
	}
	isFilter = isFilter && !e.Not
	var literals []*rollcall.Literal
	var terms []fragment
	for _, item := range e.List {
		if l, ok := item.(*rollcall.Literal); ok && l.Kind != rollcall.LiteralNull && of.is != nullValue && of.is != conditionValue && of.literal == nil {
			literals = append(literals, l)
			continue
		}
		f, err := r.value(item, false)
		if err != nil {
			return f, err
		}
		terms = append(terms, r.compare("=", of, f, isFilter))
	}
	if len(literals) > 0 || len(terms) == 0 {
		some, err := r.inLiterals(of, literals, isFilter)
		if err != nil {
			return some, err
		}
		terms = append([]fragment{some}, terms...)
	}
	in := balanced(" OR ", conditionValue, terms)
	if e.Not {
		in = in.wrap("(NOT ", ")", conditionValue)
	}
	return in, nil
}

// inLiterals renders membership in a list of literals, of any length.
func (r *renderer) inLiterals(of fragment, literals []*rollcall.Literal, isFilter bool) (fragment, error) {
	list := make([]driver.Value, 0, len(literals))
	switch {
	case of.is == codeValue:
		var texts []string
		for _, l := range literals {
			texts = append(texts, matchingCodes(of.codes, l.Value)...)
		}
		return r.amongTexts(of, texts, isFilter), nil
	case of.is == textValue && !slices.ContainsFunc(literals, func(l *rollcall.Literal) bool { return l.Kind == rollcall.LiteralNumber }):
		for _, l := range literals {
			list = append(list, rollcall.FoldLoosely(strings.ToValidUTF8(l.Value, "\uFFFD")))
		}
		return r.amongValues(r.folded(of), list), nil
	case of.isTemporal():
		for _, l := range literals {
			if t, _, ok := parseDateTime(l.Value); ok {
				list = append(list, t.Format(time.DateTime))
			}
		}
		return r.amongValues(r.datetime(of), list), nil
	case of.is == textValue:
		terms := make([]fragment, len(literals))
		if len(terms) > 1000 {
			return fragment{}, rollcall.Errorf(rollcall.Invalid, "a list of %d numbers is looked for in a text: write the numbers in quotes", len(terms))
		}
		for i, l := range literals {
			terms[i] = r.compare("=", of, r.literal(l), isFilter)
		}
		return balanced(" OR ", conditionValue, terms), nil
	}
	hasZero := false
	for _, l := range literals {
		n := literalNumber(l)
		hasZero = hasZero || n == int64(0) || n == float64(0)
		list = append(list, n)
	}
	of = r.number(of)
	if of.bare != "" && isFilter && !hasZero {
		of.sql = of.bare
	}
	return r.amongValues(of, list), nil
}

// inQuery renders IN of another query's IDs.
func (r *renderer) inQuery(e *rollcall.Membership, isFilter bool) (fragment, error) {
	of, err := r.value(e.Of, false)
	if err != nil {
		return of, err
	}
	ids, err := r.ids(e.Query, 1)
	if err != nil {
		return ids, err
	}
	of = r.number(of)
	word := " IN ("
	switch {
	case e.Not:
		word = " NOT IN ("
	case isFilter && of.bare != "":
		of.sql = of.bare // no object has the ID 0
	}
	return join(word, conditionValue, of, ids).wrap("(", "))", conditionValue), nil
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
