package mapping

import "strings"

// inValue stands for a comma within a value while a pattern looks at a DN. It is
// a noncharacter: no directory's text holds it.
const inValue = '\uFDD0'

// flatDN writes a DN so that patterns can work on its parts: without escapes
// and without white space around the parts, so that every comma ends a part. A
// comma that belongs to a value becomes inValue.
func flatDN(dn string) string {
	var b strings.Builder
	b.Grow(len(dn))
	for i, part := range splitDN(dn) {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strings.ReplaceAll(part, ",", string(inValue)))
	}
	return b.String()
}

// splitDN splits a DN at its unescaped commas (and semicolons, as RFC 2253
// allows) and resolves the escapes of RFC 4514 in each part.
func splitDN(dn string) []string {
	var parts []string
	var part []byte
	quoted := false
	kept := 0 // up to here, part is not to be trimmed: it ends in an escape
	end := func() {
		n := len(part)
		for n > kept && part[n-1] == ' ' {
			n--
		}
		parts = append(parts, string(part[:n]))
		part, kept = part[:0], 0
	}
	for i := 0; i < len(dn); i++ {
		switch c := dn[i]; {
		case c == '\\' && i+1 < len(dn):
			if hi, lo := hexDigit(dn[i+1]), byte(0xff); i+2 < len(dn) && hi != 0xff {
				if lo = hexDigit(dn[i+2]); lo != 0xff {
					part = append(part, hi<<4|lo)
					kept = len(part)
					i += 2
					continue
				}
			}
			part = append(part, dn[i+1])
			kept = len(part)
			i++
		case c == '"':
			quoted = !quoted
		case (c == ',' || c == ';') && !quoted:
			end()
		case c == ' ' && len(part) == 0:
		default:
			part = append(part, c)
			if quoted {
				kept = len(part)
			}
		}
	}
	end()
	return parts
}

// rdnValue returns the value of the first part of a DN: "Ada" of
// "CN=Ada,OU=People". A text that is no DN is returned as it is.
func rdnValue(dn string) string {
	first := splitDN(dn)[0]
	if _, value, ok := strings.Cut(first, "="); ok {
		return strings.TrimLeft(value, " ")
	}
	return dn
}

func hexDigit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 0xff
}
