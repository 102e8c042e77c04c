package rollcall

import (
	"encoding/hex"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// DN is a distinguished name, parsed (RFC 4514): the entry's own part first. The
// empty DN names the root.
type DN []RDN

// RDN is one part of a DN: one attribute and value, rarely several.
type RDN []Attr

// Attr is one attribute and its value within a DN.
type Attr struct {
	Type  string // as spelled, without "OID."
	Value string // unescaped
	Hex   bool   // the value was given as #…: Value holds the bytes of its encoding
}

// ParseDN reads the text of a DN. Both separators (, and ;), spaces around
// them, escapes of a character or of two hexadecimal digits, #hexadecimal and
// quoted values (RFC 2253) are understood.
func ParseDN(text string) (DN, error) {
	p := dnParser{text: text}
	if p.skipSpaces(); p.at == len(text) {
		return nil, nil
	}
	var dn DN
	for {
		rdn, err := p.rdn()
		if err != nil {
			return nil, err
		}
		dn = append(dn, rdn)
		if p.at == len(p.text) {
			return dn, nil
		}
		p.at++ // the separator
	}
}

// String writes the DN by RFC 4514, with escapes only where they are needed.
func (d DN) String() string { return d.write(false) }

// Fold returns the text that two DNs share exactly when they name the same
// entry: types and values in lower case, spaces around parts cut and inner runs
// of them made one, escapes in one form, the attributes of a part in order.
func (d DN) Fold() string { return d.write(true) }

// Parent returns the DN of the entry above, empty at the top.
func (d DN) Parent() DN {
	if len(d) == 0 {
		return nil
	}
	return d[1:]
}

// RDN returns the value of the first attribute of the first part.
func (d DN) RDN() string {
	if len(d) == 0 {
		return ""
	}
	return d[0][0].Value
}

// Under reports whether d is base or lies below it, compared folded.
func (d DN) Under(base DN) bool {
	if len(base) > len(d) {
		return false
	}
	return d[len(d)-len(base):].Fold() == base.Fold()
}

// FoldDN returns ParseDN(text).Fold(), or the text trimmed and in lower case
// when it is no DN.
func FoldDN(text string) string {
	if isFoldedDN(text) {
		return text
	}
	if lower := lowerASCII(text); isFoldedDN(lower) { // most names differ by case alone
		return lower
	}
	dn, err := ParseDN(text)
	if err != nil {
		text = strings.ToLower(strings.TrimSpace(text))
		if dn, err = ParseDN(text); err != nil { // what was lost can have made it one
			return text
		}
	}
	return dn.Fold()
}

// EscapeDN escapes a value for use within a DN.
func EscapeDN(value string) string {
	var b strings.Builder
	escapeDN(&b, value)
	return b.String()
}

// isFoldedDN reports whether a text is plainly in its folded form already: only
// characters that need no thought, one attribute per part.
func isFoldedDN(text string) bool {
	value, before := false, byte(',')
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.':
		case c == '=' && !value && before != ',':
			value = true
		case c == ',' && value && before != '=' && before != ' ':
			value = false
		case c == ' ' && value && before != '=' && before != ' ':
		case value && (c == '_' || c == '@' || c == '\'' || c == '(' || c == ')' || c == '/' || c == ':' || c == '&'):
		default:
			return false
		}
		before = c
	}
	return value && before != '=' && before != ' ' && !strings.HasPrefix(text, "oid.") && !strings.Contains(text, ",oid.")
}

// lowerASCII puts the letters A to Z in lower case and leaves all else.
func lowerASCII(text string) string {
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func (d DN) write(fold bool) string {
	var b strings.Builder
	for i, rdn := range d {
		if i > 0 {
			b.WriteByte(',')
		}
		if fold && len(rdn) > 1 {
			rdn = slices.Clone(rdn)
			slices.SortFunc(rdn, func(x, y Attr) int {
				if c := strings.Compare(strings.ToLower(x.Type), strings.ToLower(y.Type)); c != 0 {
					return c
				}
				return strings.Compare(foldDNValue(x.Value), foldDNValue(y.Value))
			})
		}
		for j, a := range rdn {
			if j > 0 {
				b.WriteByte('+')
			}
			a.write(&b, fold)
		}
	}
	return b.String()
}

func (a Attr) write(b *strings.Builder, fold bool) {
	kind, value := a.Type, a.Value
	if fold {
		kind = strings.ToLower(kind)
	}
	b.WriteString(kind)
	b.WriteByte('=')
	if a.Hex {
		b.WriteByte('#')
		b.WriteString(hex.EncodeToString([]byte(value)))
		return
	}
	if fold {
		value = foldDNValue(value)
	}
	escapeDN(b, value)
}

// foldDNValue prepares a value for comparing as RFC 4518 does for values that
// ignore case, within what needs no tables: lower case, insignificant spaces.
func foldDNValue(value string) string {
	var b strings.Builder
	space := false
	for _, r := range strings.TrimFunc(value, unicode.IsSpace) {
		if unicode.IsSpace(r) {
			space = true
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		if r == utf8.RuneError {
			b.WriteRune(r)
			continue
		}
		b.WriteRune(unicode.ToLower(unicode.ToUpper(r)))
	}
	if b.Len() == 0 && value != "" { // nothing but spaces: still a value
		return " "
	}
	return b.String()
}

const hexDigits = "0123456789abcdef"

func escapeDN(b *strings.Builder, value string) {
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c < ' ':
			b.WriteByte('\\')
			b.WriteByte(hexDigits[c>>4])
			b.WriteByte(hexDigits[c&15])
			continue
		case strings.IndexByte(`"+,;<>\=`, c) >= 0,
			c == ' ' && (i == 0 || i == len(value)-1),
			c == '#' && i == 0:
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
}
