package oql

import "strings"

// kind is the kind of a token, spelled as iTop's messages name it.
type kind string

// The kinds that the parser asks for by name. Operators and functions have a
// kind of their own each, in the tables below.
const (
	kindEnd    kind = "End of Input"
	kindName   kind = "NAME"
	kindVar    kind = "VARNAME"
	kindString kind = "STRVAL"
	kindNumber kind = "NUMVAL"
	kindHex    kind = "HEXVAL"
	kindNull   kind = "NULL_VAL"
	kindOpen   kind = "PAR_OPEN"
	kindClose  kind = "PAR_CLOSE"
	kindComma  kind = "COMA"
	kindDot    kind = "DOT"
	kindMinus  kind = "MATH_MINUS"
	kindSelect kind = "SELECT"
	kindFrom   kind = "FROM"
	kindAs     kind = "AS_ALIAS"
	kindJoin   kind = "JOIN"
	kindOn     kind = "ON"
	kindWhere  kind = "WHERE"
	kindUnion  kind = "UNION"
	kindEvery  kind = "INTERVAL"
	kindIn     kind = "IN"
	kindNotIn  kind = "NOT_IN"
)

// words are the keywords of one word. A function's kind begins with F_, a unit
// is one of units.
var words = map[string]kind{
	"SELECT": kindSelect, "FROM": kindFrom, "AS": kindAs, "JOIN": kindJoin, "ON": kindOn, "WHERE": kindWhere,
	"UNION": kindUnion, "INTERVAL": kindEvery, "IN": kindIn, "NULL": kindNull, "AND": "LOG_AND", "OR": "LOG_OR",
	"LIKE": "LIKE", "REGEXP": "REGEXP", "MATCHES": "MATCHES", "BELOW": "BELOW", "ABOVE": "ABOVE",
	"SECOND": "F_SECOND", "MINUTE": "F_MINUTE", "HOUR": "F_HOUR", "DAY": "F_DAY", "MONTH": "F_MONTH", "YEAR": "F_YEAR",
}

// phrases are the keywords of several words, with exactly one space between,
// the longest first.
var phrases = []struct {
	text string
	kind kind
}{
	{"NOT BELOW STRICT", "NOT_BELOW_STRICT"}, {"NOT ABOVE STRICT", "NOT_ABOVE_STRICT"},
	{"BELOW STRICT", "BELOW_STRICT"}, {"ABOVE STRICT", "ABOVE_STRICT"},
	{"NOT BELOW", "NOT_BELOW"}, {"NOT ABOVE", "NOT_ABOVE"}, {"NOT LIKE", "NOT_LIKE"}, {"NOT IN", kindNotIn},
}

// signs are the operators of signs, the longest first.
var signs = []struct {
	text string
	kind kind
}{
	{"!=", "NOT_EQ"}, {"<=", "LE"}, {">=", "GE"}, {"<<", "BITWISE_LEFT_SHIFT"}, {">>", "BITWISE_RIGHT_SHIFT"},
	{"=", "EQ"}, {"<", "LT"}, {">", "GT"}, {"+", "MATH_PLUS"}, {"-", kindMinus}, {"*", "MATH_MULT"}, {"/", "MATH_DIV"},
	{"&", "BITWISE_AND"}, {"|", "BITWISE_OR"}, {"^", "BITWISE_XOR"},
	{"(", kindOpen}, {")", kindClose}, {",", kindComma}, {".", kindDot},
}

// token is one token of a text.
type token struct {
	kind  kind
	at    int    // of its first byte
	text  string // as written
	value string // a name without backquotes, a string without quotes
}

// lexer cuts a text into tokens.
type lexer struct {
	text string
	at   int
}

// next returns the next token. An error is about the byte where none begins.
func (l *lexer) next() (token, *Error) {
	for l.at < len(l.text) && strings.IndexByte(" \t\r\n", l.text[l.at]) >= 0 {
		l.at++
	}
	if l.at == len(l.text) {
		return token{kind: kindEnd, at: l.at}, nil
	}
	t, ok := l.scan(l.text[l.at:])
	if !ok {
		return token{}, unexpectedInput(l.text, l.at)
	}
	t.at = l.at
	l.at += len(t.text)
	return t, nil
}

// scan reads the token that rest begins with.
func (l *lexer) scan(rest string) (token, bool) {
	c := rest[0]
	switch {
	case isNameStart(c):
		return scanWord(rest), true
	case isDigit(c):
		return scanNumber(rest), true
	case c == '"' || c == '\'':
		return scanString(rest, c)
	case c == '`':
		n := strings.IndexByte(rest[1:], '`')
		if n < 1 {
			return token{}, false
		}
		return token{kind: kindName, text: rest[:n+2], value: rest[1 : n+1]}, true
	case c == ':':
		return scanParameter(rest)
	}
	for _, s := range signs {
		if strings.HasPrefix(rest, s.text) {
			return token{kind: s.kind, text: s.text}, true
		}
	}
	return token{}, false
}

// scanWord reads a keyword or a name: the longer of the two, and a keyword when
// both are as long.
func scanWord(rest string) token {
	name := rest[:nameLength(rest)]
	for _, p := range phrases {
		if len(p.text) > len(name) && strings.HasPrefix(rest, p.text) {
			return token{kind: p.kind, text: p.text}
		}
	}
	if k, ok := words[name]; ok {
		return token{kind: k, text: name, value: name}
	}
	if _, ok := functions[name]; ok {
		return token{kind: kind("F_" + name), text: name, value: name}
	}
	return token{kind: kindName, text: name, value: name}
}

func scanNumber(rest string) token {
	n := 1
	if rest[0] == '0' && len(rest) > 2 && rest[1] == 'x' && isHex(rest[2]) {
		n = len(rest) - len(strings.TrimLeft(rest[2:], "0123456789abcdefABCDEF"))
		return token{kind: kindHex, text: rest[:n], value: rest[:n]}
	}
	for n < len(rest) && isDigit(rest[n]) {
		n++
	}
	return token{kind: kindNumber, text: rest[:n], value: rest[:n]}
}

// scanString reads a string. A backslash stands before a backslash or the
// quote and before nothing else.
func scanString(rest string, quote byte) (token, bool) {
	var b strings.Builder
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == quote:
			return token{kind: kindString, text: rest[:i+1], value: b.String()}, true
		case c != '\\':
			b.WriteByte(c)
		case i+1 < len(rest) && (rest[i+1] == '\\' || rest[i+1] == quote):
			i++
			b.WriteByte(rest[i])
		default:
			return token{}, false
		}
	}
	return token{}, false
}

// scanParameter reads :name or :name->attribute.
func scanParameter(rest string) (token, bool) {
	n := 1 + nameLength(rest[1:])
	if n == 1 {
		return token{}, false
	}
	if strings.HasPrefix(rest[n:], "->") {
		if m := nameLength(rest[n+2:]); m > 0 {
			n += 2 + m
		}
	}
	return token{kind: kindVar, text: rest[:n], value: rest[1:n]}, true
}

// nameLength returns how many bytes of a name s begins with.
func nameLength(s string) int {
	n := 0
	for n < len(s) && (isNameStart(s[n]) || n > 0 && isDigit(s[n])) {
		n++
	}
	return n
}

func isNameStart(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool     { return '0' <= c && c <= '9' }
func isHex(c byte) bool       { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
