package mapping

import (
	"strings"

	"rollcall/internal/rollcall"
)

// inValue stands for a comma within a value while a pattern looks at a DN. It is
// a noncharacter: no directory's text holds it.
const inValue = "\uFDD0"

// flatDN writes a DN so that patterns can work on its parts: without escapes
// and without white space around the parts, so that every comma ends a part. A
// comma that belongs to a value becomes inValue. A text that is no DN stays.
func flatDN(text string) string {
	dn, err := rollcall.ParseDN(text)
	if err != nil {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for i, rdn := range dn {
		if i > 0 {
			b.WriteByte(',')
		}
		for j, part := range rdn {
			if j > 0 {
				b.WriteByte('+')
			}
			b.WriteString(part.Type + "=" + strings.ReplaceAll(part.Value, ",", inValue))
		}
	}
	return b.String()
}

// rdnValue returns the value of the first part of a DN: "Ada" of
// "CN=Ada,OU=People". A text that is no DN is returned as it is.
func rdnValue(text string) string {
	dn, err := rollcall.ParseDN(text)
	if err != nil || len(dn) == 0 {
		return text
	}
	return dn[0][0].Value
}
