package rest

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// deepest is how far json_data may be nested, PHP's default.
const deepest = 512

// errJSON says that a text is no JSON; the wire has one sentence for all that
// can be wrong with it.
var errJSON = errors.New("not a valid JSON structure")

// parse reads a JSON text as PHP's json_decode does: 512 levels at most, valid
// UTF-8, true, false and null in any case, no unpaired surrogates, and no member
// whose name begins with a NUL.
func parse(text string) (value, error) {
	p := parser{text: text}
	p.space()
	v, ok := p.value(0)
	p.space()
	if !ok || p.at != len(p.text) {
		return value{}, errJSON
	}
	return v, nil
}

type parser struct {
	text string
	at   int
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// take moves past c when it is next.
func (p *parser) take(c byte) bool {
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *parser) value(depth int) (v value, ok bool) {
	if p.at >= len(p.text) {
		return v, false
	}
	switch c := p.text[p.at]; {
	case c == '{':
		return p.object(depth + 1)
	case c == '[':
		return p.array(depth + 1)
	case c == '"':
		text, ok := p.quoted()
		return value{kind: kindString, text: text}, ok
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	}
	switch {
	case p.word("true"):
		return value{kind: kindBool, flag: true}, true
	case p.word("false"):
		return value{kind: kindBool}, true
	case p.word("null"):
		return value{}, true
	}
	return v, false
}

func (p *parser) word(word string) bool {
	if len(p.text)-p.at < len(word) || !strings.EqualFold(p.text[p.at:p.at+len(word)], word) {
		return false
	}
	p.at += len(word)
	return true
}

func (p *parser) array(depth int) (v value, ok bool) {
	if depth > deepest {
		return v, false
	}
	v.kind = kindArray
	p.at++
	p.space()
	if p.take(']') {
		return v, true
	}
	for {
		p.space()
		item, ok := p.value(depth)
		if !ok {
			return v, false
		}
		v.list = append(v.list, item)
		p.space()
		if p.take(']') {
			return v, true
		}
		if !p.take(',') {
			return v, false
		}
	}
}

// fewMembers is how many members are compared one by one for a name given twice.
const fewMembers = 16

func (p *parser) object(depth int) (v value, ok bool) {
	if depth > deepest {
		return v, false
	}
	v.kind = kindObject
	p.at++
	p.space()
	if p.take('}') {
		return v, true
	}
	var places map[string]int
	for {
		p.space()
		if p.at >= len(p.text) || p.text[p.at] != '"' {
			return v, false
		}
		name, ok := p.quoted()
		if !ok || strings.HasPrefix(name, "\x00") {
			return v, false
		}
		p.space()
		if !p.take(':') {
			return v, false
		}
		p.space()
		item, ok := p.value(depth)
		if !ok {
			return v, false
		}
		places = v.put(places, name, item)
		p.space()
		if p.take('}') {
			return v, true
		}
		if !p.take(',') {
			return v, false
		}
	}
}

// put adds a member, or replaces the one of the same name. places finds it once
// there are many.
func (v *value) put(places map[string]int, name string, item value) map[string]int {
	if places == nil && len(v.members) >= fewMembers {
		places = make(map[string]int, 2*fewMembers)
		for i := range v.members {
			places[v.members[i].name] = i
		}
	}
	at, there := -1, false
	if places != nil {
		at, there = places[name]
	} else {
		for i := range v.members {
			if v.members[i].name == name {
				at, there = i, true
			}
		}
	}
	if there {
		v.members[at].value = item
		return places
	}
	if places != nil {
		places[name] = len(v.members)
	}
	v.members = append(v.members, member{name, item})
	return places
}

// number reads a number; one that fits no 64 bits is a float.
func (p *parser) number() (v value, ok bool) {
	start := p.at
	p.take('-')
	digits := p.digits()
	if digits == 0 || digits > 1 && p.text[p.at-digits] == '0' {
		return v, false
	}
	isFloat := false
	if p.take('.') {
		isFloat = true
		if p.digits() == 0 {
			return v, false
		}
	}
	if p.at < len(p.text) && p.text[p.at]|0x20 == 'e' {
		isFloat = true
		p.at++
		if !p.take('-') {
			p.take('+')
		}
		if p.digits() == 0 {
			return v, false
		}
	}
	text := p.text[start:p.at]
	if text == "-0" {
		return value{kind: kindFloat, float: math.Copysign(0, -1)}, true
	}
	if !isFloat {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return value{kind: kindInt, whole: n}, true
		}
	}
	f, _ := strconv.ParseFloat(text, 64) // infinite when out of range
	return value{kind: kindFloat, float: f}, true
}

func (p *parser) digits() int {
	start := p.at
	for p.at < len(p.text) && '0' <= p.text[p.at] && p.text[p.at] <= '9' {
		p.at++
	}
	return p.at - start
}

// quoted reads a string. One without escapes is a part of the text as it is.
func (p *parser) quoted() (text string, ok bool) {
	p.at++
	start := p.at
	var b []byte
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c == '"':
			text = p.text[start:p.at]
			p.at++
			if b != nil {
				text = string(append(b, text...))
			}
			return text, true
		case c < 0x20:
			return "", false
		case c == '\\':
			b = append(b, p.text[start:p.at]...)
			if b, ok = p.escape(b); !ok {
				return "", false
			}
			if b == nil {
				b = []byte{}
			}
			start = p.at
		case c < utf8.RuneSelf:
			p.at++
		default:
			r, size := utf8.DecodeRuneInString(p.text[p.at:])
			if r == utf8.RuneError && size <= 1 {
				return "", false
			}
			p.at += size
		}
	}
	return "", false
}

// escape reads what follows a backslash and appends what it stands for.
func (p *parser) escape(b []byte) ([]byte, bool) {
	if p.at+1 >= len(p.text) {
		return b, false
	}
	c := p.text[p.at+1]
	p.at += 2
	switch c {
	case '"', '\\', '/':
		return append(b, c), true
	case 'b':
		return append(b, '\b'), true
	case 'f':
		return append(b, '\f'), true
	case 'n':
		return append(b, '\n'), true
	case 'r':
		return append(b, '\r'), true
	case 't':
		return append(b, '\t'), true
	case 'u':
		r, ok := p.hex()
		if !ok {
			return b, false
		}
		if utf16.IsSurrogate(r) {
			if !p.take('\\') || !p.take('u') {
				return b, false
			}
			low, ok := p.hex()
			if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
				return b, false
			}
		}
		return utf8.AppendRune(b, r), true
	}
	return b, false
}

func (p *parser) hex() (rune, bool) {
	if p.at+4 > len(p.text) {
		return 0, false
	}
	var r rune
	for _, c := range []byte(p.text[p.at : p.at+4]) {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	p.at += 4
	return r, true
}
