package directory

import (
	"encoding/hex"
	"strings"

	"rollcall/internal/rollcall"
)

// Filter is a parsed search filter (RFC 4515).
type Filter struct {
	op       byte // the tag of RFC 4511
	attr     string
	rule     string // extensible match: the matching rule
	dnAttrs  bool   // extensible match: ":dn"
	value    string // unescaped
	parts    []part // of a substring match
	children []*Filter
	text     string // as given, parentheses included
}

// part is one piece of a substring match.
type part struct {
	tag   byte
	value string
}

// The tags of RFC 4511 section 4.5.1.7.
const (
	filterAnd        = 0xa0
	filterOr         = 0xa1
	filterNot        = 0xa2
	filterEqual      = 0xa3
	filterSubstrings = 0xa4
	filterGreater    = 0xa5
	filterLess       = 0xa6
	filterPresent    = 0x87
	filterApprox     = 0xa8
	filterExtensible = 0xa9

	subInitial = 0x80
	subAny     = 0x81
	subFinal   = 0x82

	extRule  = 0x81
	extType  = 0x82
	extValue = 0x83
	extDN    = 0x84
)

// maxFilterDepth keeps hostile text from exhausting the stack.
const maxFilterDepth = 100

// ParseFilter reads a filter. White space between parts and missing outermost
// parentheses are allowed. The error says at which character the text goes wrong.
func ParseFilter(text string) (*Filter, error) {
	p := filterParser{text: text}
	p.skipSpaces()
	if p.at == len(text) {
		return nil, p.errorf("it is empty")
	}
	var f *Filter
	var err error
	if text[p.at] == '(' {
		f, err = p.filter(0)
	} else {
		f, err = p.item(p.at)
	}
	if err != nil {
		return nil, err
	}
	if p.skipSpaces(); p.at < len(text) {
		return nil, p.errorf("nothing may follow the last parenthesis")
	}
	return f, nil
}

// MustFilter is ParseFilter for text that is known to be right; it panics
// otherwise.
func MustFilter(text string) *Filter {
	f, err := ParseFilter(text)
	if err != nil {
		panic(err)
	}
	return f
}

// String returns the filter's text as given.
func (f *Filter) String() string { return f.text }

// And returns the parts of a conjunction, or the filter alone.
func (f *Filter) And() []*Filter {
	if f.op == filterAnd && len(f.children) > 0 {
		return f.children
	}
	return []*Filter{f}
}

// Or returns the parts of a disjunction, or the filter alone.
func (f *Filter) Or() []*Filter {
	if f.op == filterOr && len(f.children) > 0 {
		return f.children
	}
	return []*Filter{f}
}

// Attribute returns the attribute that a single comparison looks at, empty for
// a combination.
func (f *Filter) Attribute() string { return f.attr }

// Attributes returns every attribute that the filter looks at, in order, as
// spelled.
func (f *Filter) Attributes() []string {
	var names []string
	f.attributes(&names)
	return names
}

func (f *Filter) attributes(names *[]string) {
	if f.attr != "" {
		*names = append(*names, f.attr)
	}
	for _, c := range f.children {
		c.attributes(names)
	}
}

// EscapeFilter escapes a value for use within the text of a filter.
func EscapeFilter(value string) string {
	var b strings.Builder
	for i := range len(value) {
		switch c := value[i]; c {
		case '(', ')', '*', '\\', 0:
			b.WriteByte('\\')
			b.WriteString(hex.EncodeToString([]byte{c}))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// encode appends the filter's encoding.
func (f *Filter) encode(dst []byte) []byte {
	var b []byte
	switch f.op {
	case filterAnd, filterOr, filterNot:
		for _, c := range f.children {
			b = c.encode(b)
		}
	case filterPresent:
		b = []byte(f.attr)
	case filterSubstrings:
		var parts []byte
		for _, p := range f.parts {
			parts = appendString(parts, p.tag, p.value)
		}
		b = appendString(b, tagOctets, f.attr)
		b = appendElement(b, tagSequence, parts)
	case filterExtensible:
		if f.rule != "" {
			b = appendString(b, extRule, f.rule)
		}
		if f.attr != "" {
			b = appendString(b, extType, f.attr)
		}
		b = appendString(b, extValue, f.value)
		if f.dnAttrs {
			b = append(b, extDN, 1, 0xff)
		}
	default:
		b = appendString(b, tagOctets, f.attr)
		b = appendString(b, tagOctets, f.value)
	}
	return appendElement(dst, f.op, b)
}

// filterParser walks the text of a filter.
type filterParser struct {
	text string
	at   int
}

func (p *filterParser) errorf(what string) error {
	return rollcall.Errorf(rollcall.Invalid, "the filter %q is malformed at character %d: %s", p.text, p.at+1, what)
}

func (p *filterParser) skipSpaces() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// filter reads from "(" to its ")".
func (p *filterParser) filter(depth int) (*Filter, error) {
	start := p.at
	if depth > maxFilterDepth {
		return nil, p.errorf("it is nested too deeply")
	}
	p.at++ // the parenthesis
	p.skipSpaces()
	if p.at == len(p.text) {
		return nil, p.errorf(`a ")" is missing`)
	}
	var f *Filter
	var err error
	switch p.text[p.at] {
	case '&':
		f, err = p.combination(filterAnd, depth)
	case '|':
		f, err = p.combination(filterOr, depth)
	case '!':
		f, err = p.combination(filterNot, depth)
	case ')':
		return nil, p.errorf("there is nothing between the parentheses")
	case '(':
		return nil, p.errorf(`expected "&", "|", "!" or an attribute after "("`)
	default:
		f, err = p.item(p.at)
	}
	if err != nil {
		return nil, err
	}
	if p.at == len(p.text) || p.text[p.at] != ')' {
		return nil, p.errorf(`a ")" is missing`)
	}
	p.at++
	f.text = p.text[start:p.at]
	return f, nil
}

func (p *filterParser) combination(op byte, depth int) (*Filter, error) {
	f := &Filter{op: op}
	p.at++ // the operator
	for {
		p.skipSpaces()
		if p.at == len(p.text) || p.text[p.at] == ')' {
			break
		}
		if p.text[p.at] != '(' {
			return nil, p.errorf(`expected "(" before the next part`)
		}
		if op == filterNot && len(f.children) == 1 {
			return nil, p.errorf(`"!" takes one part only`)
		}
		child, err := p.filter(depth + 1)
		if err != nil {
			return nil, err
		}
		f.children = append(f.children, child)
	}
	// RFC 4526 gives "(&)" and "(|)" a meaning: true and false.
	if op == filterNot && len(f.children) == 0 {
		return nil, p.errorf(`"!" needs a part to negate`)
	}
	return f, nil
}

// item reads one comparison, up to the ")" after it or the end.
func (p *filterParser) item(start int) (*Filter, error) {
	f := &Filter{op: filterEqual}
	for p.at < len(p.text) && isAttrByte(p.text[p.at]) {
		p.at++
	}
	f.attr = p.text[start:p.at]
	if err := p.operator(f); err != nil {
		return nil, err
	}
	if f.attr == "" && f.rule == "" {
		p.at = start
		return nil, p.errorf("expected the name of an attribute")
	}
	if err := p.value(f); err != nil {
		return nil, err
	}
	f.text = "(" + p.text[start:p.at] + ")"
	return f, nil
}

func isAttrByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == ';' || c == '_'
}

// operator reads what stands between attribute and value.
func (p *filterParser) operator(f *Filter) error {
	rest := p.text[p.at:]
	switch {
	case strings.HasPrefix(rest, "="):
		p.at++
	case strings.HasPrefix(rest, ">="):
		f.op, p.at = filterGreater, p.at+2
	case strings.HasPrefix(rest, "<="):
		f.op, p.at = filterLess, p.at+2
	case strings.HasPrefix(rest, "~="):
		f.op, p.at = filterApprox, p.at+2
	case strings.HasPrefix(rest, ":"):
		return p.extensible(f)
	default:
		return p.errorf(`expected "=", ">=", "<=", "~=" or ":" after the attribute`)
	}
	return nil
}

// extensible reads [":dn"] [":" rule] ":=".
func (p *filterParser) extensible(f *Filter) error {
	f.op = filterExtensible
	for !strings.HasPrefix(p.text[p.at:], ":=") {
		if p.at == len(p.text) || p.text[p.at] != ':' {
			return p.errorf(`expected ":="`)
		}
		p.at++
		start := p.at
		for p.at < len(p.text) && isAttrByte(p.text[p.at]) {
			p.at++
		}
		word := p.text[start:p.at]
		switch {
		case word == "":
			return p.errorf("expected the name of a matching rule")
		case strings.EqualFold(word, "dn") && !f.dnAttrs && f.rule == "":
			f.dnAttrs = true
		case f.rule == "":
			f.rule = word
		default:
			return p.errorf(`expected ":="`)
		}
	}
	p.at += 2
	return nil
}

// value reads up to the ")" or the end; in an equality, a * makes it a substring
// match or a test of presence.
func (p *filterParser) value(f *Filter) error {
	var pieces []string
	var b strings.Builder
loop:
	for ; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; c {
		case ')':
			break loop
		case '(':
			return p.errorf(`"(" within a value must be written \28`)
		case '*':
			if f.op != filterEqual {
				return p.errorf(`"*" within this value must be written \2a`)
			}
			pieces = append(pieces, b.String())
			b.Reset()
		case '\\':
			raw, err := hex.DecodeString(p.text[p.at+1 : min(p.at+3, len(p.text))])
			if err != nil || len(raw) == 0 {
				return p.errorf(`"\" must be followed by two hexadecimal digits; write a backslash as \5c`)
			}
			b.WriteByte(raw[0])
			p.at += 2
		default:
			b.WriteByte(c)
		}
	}
	last := b.String()
	switch {
	case len(pieces) == 0:
		f.value = last
	case len(pieces) == 1 && pieces[0] == "" && last == "":
		f.op = filterPresent
	default:
		return p.substrings(f, append(pieces, last))
	}
	return nil
}

func (p *filterParser) substrings(f *Filter, pieces []string) error {
	f.op = filterSubstrings
	for i, s := range pieces {
		switch {
		case s == "":
			continue
		case i == 0:
			f.parts = append(f.parts, part{subInitial, s})
		case i == len(pieces)-1:
			f.parts = append(f.parts, part{subFinal, s})
		default:
			f.parts = append(f.parts, part{subAny, s})
		}
	}
	if len(f.parts) == 0 {
		return p.errorf(`"**" matches nothing in particular; write "*"`)
	}
	return nil
}
