package collector

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"rollcall/internal/source/jsonfile"
)

// quoted returns a text as the original's log messages show it: encoded as JSON
// without the surrounding quotes, so é prints as \u00e9 and / as \/. What is not
// UTF-8 prints as nothing.
func quoted(text string) string {
	if !utf8.ValidString(text) {
		return ""
	}
	var b strings.Builder
	for _, r := range text {
		switch r {
		case '"', '\\', '/':
			b.WriteByte('\\')
			b.WriteRune(r)
		case '\b':
			b.WriteString(`\b`)
		case '\f':
			b.WriteString(`\f`)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		default:
			if r >= 0x20 && r < 0x80 {
				b.WriteRune(r)
				continue
			}
			if r > 0xffff {
				hi, lo := utf16.EncodeRune(r)
				writeHex(&b, hi)
				writeHex(&b, lo)
				continue
			}
			writeHex(&b, r)
		}
	}
	return b.String()
}

func writeHex(b *strings.Builder, r rune) {
	const digits = "0123456789abcdef"
	b.WriteString(`\u`)
	for shift := 12; shift >= 0; shift -= 4 {
		b.WriteByte(digits[r>>shift&15])
	}
}

// phpFloat prints a number as PHP prints a float: 14 significant digits.
func phpFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "INF"
	case math.IsInf(f, -1):
		return "-INF"
	case math.IsNaN(f):
		return "NAN"
	case f == 0:
		return "0"
	}
	// The exponent appears from 1e14 on and below 1e-4.
	text := strconv.FormatFloat(f, 'e', 13, 64)
	mantissa, exponent, _ := strings.Cut(text, "e")
	e, _ := strconv.Atoi(exponent)
	if e < -4 || e >= 14 {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		return mantissa + "E" + sign(e)
	}
	text = strconv.FormatFloat(f, 'f', max(0, 13-e), 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

func sign(e int) string {
	if e < 0 {
		return strconv.Itoa(e)
	}
	return "+" + strconv.Itoa(e)
}

// isNumeric is what PHP takes for a number when it compares loosely.
var isNumeric = regexp.MustCompile(`^[ \t\n\r\v\f]*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?[ \t\n\r\v\f]*$`)

// looselyEqual compares two decoded JSON values as PHP's == does: texts that
// both look like numbers as numbers, null like an empty text, hashes without
// their order.
func looselyEqual(a, b any) bool {
	a, b = plainValue(a), plainValue(b)
	switch x := a.(type) {
	case string:
		y, ok := b.(string)
		if !ok {
			return false
		}
		if x == y {
			return true
		}
		if isNumeric.MatchString(x) && isNumeric.MatchString(y) {
			f, _ := strconv.ParseFloat(strings.TrimSpace(x), 64)
			g, _ := strconv.ParseFloat(strings.TrimSpace(y), 64)
			return f == g
		}
		return false
	case *object:
		y, ok := b.(*object)
		if !ok || len(x.Keys) != len(y.Keys) {
			return false
		}
		for _, k := range x.Keys {
			v, ok := y.Get(k)
			if !ok || !looselyEqual(x.At(k), v) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !looselyEqual(x[i], y[i]) {
				return false
			}
		}
		return true
	}
	return a == nil && b == nil
}

// plainValue turns every scalar into its text.
func plainValue(v any) any {
	switch x := v.(type) {
	case nil:
		return ""
	case bool:
		if x {
			return "1"
		}
		return ""
	case json.Number:
		return x.String()
	case int:
		return strconv.Itoa(x)
	}
	return v
}

// textOf returns a decoded scalar as text; a number prints as PHP prints it.
func textOf(v any) string {
	switch x := v.(type) {
	case json.Number:
		return numberText(x)
	case string:
		return x
	}
	if s, ok := plainValue(v).(string); ok {
		return s
	}
	return ""
}

// numberText prints a JSON number as PHP prints what it makes of it.
func numberText(n json.Number) string {
	if _, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return n.String()
	}
	f, err := strconv.ParseFloat(n.String(), 64)
	if err != nil {
		return n.String()
	}
	return phpFloat(f)
}

// object is a JSON object that keeps its order.
type object = jsonfile.Object

func newObject() *object { return jsonfile.NewObject() }

// member returns a member's text, empty when it has none.
func member(o *object, key string) string { return textOf(o.At(key)) }

func parseJSONText(s string) (any, error) { return jsonfile.Parse(strings.NewReader(s)) }

func marshal(v any) ([]byte, error) { return jsonfile.Marshal(v) }
