package rest

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const hexDigits = "0123456789abcdef"

// plain tells which bytes json_encode writes as they are.
var plain = func() (table [utf8.RuneSelf]bool) {
	for c := range table {
		table[c] = c >= 0x20 && c != '"' && c != '\\' && c != '/'
	}
	return table
}()

// appendText appends a JSON string as PHP's json_encode writes it: slashes
// escaped, and everything beyond ASCII as \uXXXX.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if plain[c] {
				i++
				continue
			}
			b = append(b, s[start:i]...)
			b = appendEscape(b, c)
			i++
			start = i
			continue
		}
		b = append(b, s[start:i]...)
		r, size := utf8.DecodeRuneInString(s[i:])
		if r > 0xffff {
			high, low := utf16.EncodeRune(r)
			b = appendUnicode(appendUnicode(b, high), low)
		} else {
			b = appendUnicode(b, r)
		}
		i += size
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

func appendEscape(b []byte, c byte) []byte {
	switch c {
	case '"', '\\', '/':
		return append(b, '\\', c)
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	return appendUnicode(b, rune(c))
}

func appendUnicode(b []byte, r rune) []byte {
	return append(b, '\\', 'u', hexDigits[r>>12&0xf], hexDigits[r>>8&0xf], hexDigits[r>>4&0xf], hexDigits[r&0xf])
}

// appendValue appends a JSON value as json_encode writes it.
func appendValue(b []byte, v *value) []byte {
	switch v.kind {
	case kindBool:
		return strconv.AppendBool(b, v.flag)
	case kindInt:
		return strconv.AppendInt(b, v.whole, 10)
	case kindFloat:
		return append(b, jsonFloat(v.float)...)
	case kindString:
		return appendText(b, v.text)
	case kindArray:
		b = append(b, '[')
		for i := range v.list {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendValue(b, &v.list[i])
		}
		return append(b, ']')
	case kindObject:
		b = append(b, '{')
		for i := range v.members {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendText(b, v.members[i].name), ':')
			b = appendValue(b, &v.members[i].value)
		}
		return append(b, '}')
	}
	return append(b, "null"...)
}

// jsonFloat writes a float as json_encode does: as many digits as it takes. What
// is no number is 0.
func jsonFloat(f float64) string {
	if f-f != 0 { // infinite, or not a number
		return "0"
	}
	return strings.ToLower(phpFloat(f, -1, 17))
}

func appendInt(b []byte, n int) []byte { return strconv.AppendInt(b, int64(n), 10) }
