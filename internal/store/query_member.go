package store

import (
	"database/sql/driver"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

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
		texts := make([]string, len(literals))
		for i, l := range literals {
			texts[i] = rollcall.FoldLoosely(strings.ToValidUTF8(l.Value, "\uFFFD"))
			list = append(list, texts[i])
		}
		f := r.amongValues(r.folded(of), list)
		if isFilter {
			f = r.narrowed(f, of, texts...)
		}
		return f, nil
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
