package rollcall

import (
	"encoding/hex"
	"strings"
)

// dnParser walks the text of a DN.
type dnParser struct {
	text string
	at   int
}

func (p *dnParser) skipSpaces() {
	for p.at < len(p.text) && isDNSpace(p.text[p.at]) {
		p.at++
	}
}

func isDNSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func (p *dnParser) errorf(what string) error {
	return Errorf(Invalid, "the DN %q is malformed at character %d: %s", p.text, p.at+1, what)
}

// rdn reads one part and stops at the separator after it or at the end.
func (p *dnParser) rdn() (RDN, error) {
	var rdn RDN
	for {
		a, err := p.attr()
		if err != nil {
			return nil, err
		}
		rdn = append(rdn, a)
		if p.at == len(p.text) || p.text[p.at] != '+' {
			return rdn, nil
		}
		p.at++
	}
}

func (p *dnParser) attr() (Attr, error) {
	p.skipSpaces()
	kind, err := p.kind()
	if err != nil {
		return Attr{}, err
	}
	p.skipSpaces()
	if p.at == len(p.text) || p.text[p.at] != '=' {
		return Attr{}, p.errorf(`expected "=" after ` + kind)
	}
	p.at++
	p.skipSpaces()
	a := Attr{Type: kind}
	switch {
	case p.at < len(p.text) && p.text[p.at] == '#':
		a.Hex = true
		a.Value, err = p.hexValue()
	case p.at < len(p.text) && p.text[p.at] == '"':
		a.Value, err = p.quoted()
	default:
		a.Value, err = p.value()
	}
	if err != nil {
		return Attr{}, err
	}
	if p.at < len(p.text) && strings.IndexByte(",;+", p.text[p.at]) < 0 {
		return Attr{}, p.errorf(`expected "," or "+" after the value`)
	}
	return a, nil
}

// kind reads an attribute type: a name or a numeric OID.
func (p *dnParser) kind() (string, error) {
	start := p.at
	for p.at < len(p.text) {
		c := p.text[p.at]
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
				break
			}
		}
		p.at++
	}
	kind := p.text[start:p.at]
	if len(kind) > 4 && strings.EqualFold(kind[:4], "oid.") {
		kind = kind[4:]
	}
	if kind == "" {
		return "", p.errorf("expected the name of an attribute")
	}
	return kind, nil
}

func (p *dnParser) hexValue() (string, error) {
	p.at++
	start := p.at
	for p.at < len(p.text) && isHex(p.text[p.at]) {
		p.at++
	}
	raw, err := hex.DecodeString(p.text[start:p.at])
	if err != nil || len(raw) == 0 {
		return "", p.errorf(`expected pairs of hexadecimal digits after "#"`)
	}
	p.skipSpaces()
	return string(raw), nil
}

func (p *dnParser) quoted() (string, error) {
	var b strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		switch p.text[p.at] {
		case '"':
			p.at++
			p.skipSpaces()
			return b.String(), nil
		case '\\':
			if err := p.escape(&b); err != nil {
				return "", err
			}
		default:
			b.WriteByte(p.text[p.at])
		}
	}
	return "", p.errorf("the quoted value has no end")
}

// value reads an unquoted value. Spaces after it belong to it only when escaped.
func (p *dnParser) value() (string, error) {
	var b strings.Builder
	kept := 0 // what trimming must leave
	for ; p.at < len(p.text); p.at++ {
		c := p.text[p.at]
		switch c {
		case ',', ';', '+':
			return trimDNSpace(b.String(), kept), nil
		case '\\':
			if err := p.escape(&b); err != nil {
				return "", err
			}
			kept = b.Len()
		case '"':
			return "", p.errorf(`the character " must be escaped as \"`)
		default:
			b.WriteByte(c)
		}
	}
	return trimDNSpace(b.String(), kept), nil
}

func trimDNSpace(s string, kept int) string {
	for len(s) > kept && isDNSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// escape reads what follows a backslash and leaves p.at on its last character.
func (p *dnParser) escape(b *strings.Builder) error {
	rest := p.text[p.at+1:]
	switch {
	case len(rest) >= 2 && isHex(rest[0]) && isHex(rest[1]):
		raw, _ := hex.DecodeString(rest[:2]) // both digits are checked
		b.WriteByte(raw[0])
		p.at += 2
	case len(rest) >= 1 && strings.IndexByte(` "#+,;<=>\`, rest[0]) >= 0:
		b.WriteByte(rest[0])
		p.at++
	default:
		return p.errorf(`"\" must be followed by a special character or two hexadecimal digits`)
	}
	return nil
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}
