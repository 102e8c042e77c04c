package store

import (
	"database/sql/driver"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// valueType is the type of a rendered value. The language has MySQL's loose
// types: any value stands anywhere and is converted. Here every type is known
// when the statement is made, so that the conversions are part of it.
type valueType uint8

const (
	nullValue     valueType = iota
	textValue               // compared by rollcall.FoldLoosely
	codeValue               // a text of a known few, such as an enum's
	wholeValue              // a 64-bit number
	realValue               // any other number
	dateValue               // a text, 2006-01-02
	datetimeValue           // a text, 2006-01-02 15:04:05
	conditionValue
)

// fragment is a piece of a statement with its parameters.
type fragment struct {
	sql     string
	args    []any
	is      valueType
	literal *rollcall.Literal // what it was made of, when that
	codes   []string          // of a codeValue: what it can be
	asks    asked             // of an attribute's text: which one
	look    string            // of such a text: the column of its look-up
	bare    string            // of a key or an id: the column itself, which is NULL where the value is 0
}

// wrap puts SQL around a fragment.
func (f fragment) wrap(before, after string, is valueType) fragment {
	return fragment{sql: before + f.sql + after, args: f.args, is: is}
}

// join puts SQL between fragments.
func join(separator string, is valueType, list ...fragment) fragment {
	texts := make([]string, len(list))
	var args []any
	for i, f := range list {
		texts[i] = f.sql
		args = append(args, f.args...)
	}
	return fragment{sql: strings.Join(texts, separator), args: args, is: is}
}

// call makes a call of a function, one of ours or one of SQL that both databases
// have.
func call(function string, is valueType, args ...fragment) fragment {
	return join(", ", is, args...).wrap(function+"(", ")", is)
}

// balanced joins with an operator that associates, as a tree of little depth:
// SQLite goes no deeper than 1,000 levels.
func balanced(operator string, is valueType, list []fragment) fragment {
	if len(list) == 1 {
		return list[0]
	}
	half := len(list) / 2
	return join(operator, is, balanced(operator, is, list[:half]), balanced(operator, is, list[half:])).wrap("(", ")", is)
}

// textParam makes a parameter of a text. PostgreSQL would have to guess its
// type.
func (r *renderer) textParam(s string) fragment {
	// No text of ours has a NUL or is no UTF-8: nothing can equal such a value,
	// and PostgreSQL takes none.
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	f := fragment{sql: "?", args: []any{s}, is: textValue}
	if r.numbered {
		f.sql = "?::text"
	}
	return f
}

// numberParam makes a parameter of a number, of int64 or float64.
func (r *renderer) numberParam(n driver.Value) fragment {
	if f, ok := n.(float64); ok && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		n = int64(f)
	}
	f := fragment{sql: "?", args: []any{n}, is: wholeValue}
	real, isReal := n.(float64)
	if isReal {
		f.is = realValue
	}
	switch {
	case !r.numbered:
	case isReal:
		f.sql, f.args = "?::numeric", []any{strconv.FormatFloat(real, 'f', -1, 64)}
	default:
		f.sql = "?::bigint"
	}
	return f
}

func (r *renderer) null(is valueType) fragment {
	f := fragment{sql: "NULL", is: is}
	if r.numbered {
		f.sql = "NULL::" + map[valueType]string{wholeValue: "bigint", realValue: "numeric", conditionValue: "boolean"}[is]
		if strings.HasSuffix(f.sql, "::") {
			f.sql = "NULL::text"
		}
	}
	return f
}

// literal renders a literal as the text or the number that was written.
func (r *renderer) literal(l *rollcall.Literal) fragment {
	var f fragment
	switch l.Kind {
	case rollcall.LiteralNull:
		f = r.null(nullValue)
	case rollcall.LiteralNumber:
		f = r.numberParam(literalNumber(l))
	default:
		f = r.textParam(l.Value)
	}
	f.literal = l
	return f
}

// literalNumber is the number that a literal is, or begins with.
func literalNumber(l *rollcall.Literal) driver.Value {
	if n, err := strconv.ParseInt(l.Value, 10, 64); err == nil {
		return n
	}
	if hex, ok := strings.CutPrefix(l.Value, "0x"); ok && l.Kind == rollcall.LiteralNumber {
		if n, err := strconv.ParseUint(hex, 16, 64); err == nil && n <= math.MaxInt64 {
			return int64(n)
		}
	}
	return numberOf(l.Value)
}

// number converts to a number.
func (r *renderer) number(f fragment) fragment {
	switch {
	case f.is == nullValue:
		return r.null(wholeValue)
	case f.is == wholeValue, f.is == realValue:
		return f
	case f.literal != nil:
		return r.numberParam(literalNumber(f.literal))
	case f.is == conditionValue && r.numbered:
		return f.wrap("(", ")::int::bigint", wholeValue)
	case f.is == conditionValue:
		return f.wrap("(", ")", wholeValue)
	case f.is == dateValue, f.is == datetimeValue: // 20060102, 20060102150405
		return f.wrap("CAST(replace(replace(replace(", ", '-', ''), ':', ''), ' ', '') AS BIGINT)", wholeValue)
	}
	return call("rollcall_number", realValue, f)
}

// exact converts to a number that arithmetic does not take out of its range.
func (r *renderer) exact(f fragment) fragment {
	f = r.number(f)
	if r.numbered && f.is == wholeValue {
		return f.wrap("(", ")::numeric", realValue)
	}
	return f
}

// text converts to a text.
func (r *renderer) text(f fragment) fragment {
	switch f.is {
	case nullValue:
		return r.null(textValue)
	case conditionValue:
		return r.text(r.number(f))
	case wholeValue:
		return f.wrap("CAST(", " AS TEXT)", textValue)
	case realValue:
		if r.numbered {
			return f.wrap("trim_scale(", ")::text", textValue)
		}
		return call("rollcall_text", textValue, f)
	}
	f.is = textValue
	return f
}

// condition converts to a condition: a number other than 0.
func (r *renderer) condition(f fragment) fragment {
	switch f.is {
	case conditionValue:
		return f
	case nullValue:
		return r.null(conditionValue)
	}
	return r.number(f).wrap("(", " <> 0)", conditionValue)
}

// invalidDate is what a text that is no date is compared as.
const invalidDate = "0000-00-00 00:00:00"

// temporal converts to a date, or a date and time; NULL for what is neither. A
// literal keeps the form that it is written in.
func (r *renderer) temporal(f fragment) fragment {
	switch {
	case f.is == dateValue, f.is == datetimeValue:
		return f
	case f.literal != nil && f.is != nullValue:
		t, hasTime, ok := parseDateTime(f.literal.Value)
		switch {
		case !ok:
			return r.null(datetimeValue)
		case hasTime:
			return r.dateParam(t.Format(time.DateTime), datetimeValue)
		}
		return r.dateParam(t.Format(time.DateOnly), dateValue)
	}
	return call("rollcall_datetime", datetimeValue, r.text(f))
}

func (r *renderer) dateParam(s string, is valueType) fragment {
	f := r.textParam(s)
	f.is = is
	return f
}

// datetime converts to a date and time.
func (r *renderer) datetime(f fragment) fragment {
	f = r.temporal(f)
	if f.is == dateValue {
		return f.wrap("(", " || ' 00:00:00')", datetimeValue)
	}
	return f
}

// folded converts to a text in the form in which texts compare.
func (r *renderer) folded(f fragment) fragment {
	if f.literal != nil && f.is == textValue {
		return r.textParam(rollcall.FoldLoosely(f.literal.Value))
	}
	return call("rollcall_fold", textValue, r.text(f))
}

// unify converts fragments to one type, that of a function's result.
func (r *renderer) unify(list []fragment) ([]fragment, valueType) {
	is := nullValue
	for _, f := range list {
		is = common(is, f.is)
	}
	out := make([]fragment, len(list))
	for i, f := range list {
		switch {
		case f.is == nullValue:
			out[i] = r.null(is)
		case is == wholeValue, is == realValue:
			out[i] = r.number(f)
		case is == textValue:
			out[i] = r.text(f)
		case is == datetimeValue:
			out[i] = r.datetime(f)
		default:
			out[i] = f
		}
		out[i].bare, out[i].asks, out[i].look = "", asked{}, ""
	}
	return out, is
}

// common is the type that values of two types have in common.
func common(a, b valueType) valueType {
	plain := func(v valueType) valueType {
		switch v {
		case codeValue:
			return textValue
		case conditionValue:
			return wholeValue
		}
		return v
	}
	a, b = plain(a), plain(b)
	pair := []valueType{a, b}
	switch {
	case a == b, b == nullValue:
		return a
	case a == nullValue:
		return b
	case !slices.Contains(pair, textValue) && slices.Contains(pair, dateValue) && slices.Contains(pair, datetimeValue):
		return datetimeValue
	case slices.Contains(pair, wholeValue) && slices.Contains(pair, realValue):
		return realValue
	}
	return textValue
}
