package rest

import (
	"math"
	"strconv"
	"strings"
)

// kind is the type of a JSON value, with numbers told apart as PHP does.
type kind uint8

const (
	kindNull kind = iota
	kindBool
	kindInt
	kindFloat
	kindString
	kindArray
	kindObject
)

// value is one JSON value as PHP's json_decode sees it: a whole number that does
// not fit 64 bits is a float, and of members with one name the last counts, at
// the place of the first.
type value struct {
	kind    kind
	flag    bool     // of a bool
	whole   int64    // of an int
	float   float64  // of a float
	text    string   // of a string
	list    []value  // of an array
	members []member // of an object
}

type member struct {
	name  string
	value value
}

// get returns a member of an object; a member that is null is absent, as it is
// for PHP's isset. What is no object has no members.
func (v *value) get(name string) (*value, bool) {
	for i := range v.members {
		if m := &v.members[i]; m.name == name {
			return &m.value, m.value.kind != kindNull
		}
	}
	return nil, false
}

// isTrue tells what PHP takes for true.
func (v *value) isTrue() bool {
	switch v.kind {
	case kindBool:
		return v.flag
	case kindInt:
		return v.whole != 0
	case kindFloat:
		return v.float != 0
	case kindString:
		return v.text != "" && v.text != "0"
	case kindArray:
		return len(v.list) > 0
	case kindObject:
		return true
	}
	return false
}

// string returns the value as text, as PHP converts it: an array is the word
// Array (observed on iTop 3.2.0), an object has none.
func (v *value) string() (text string, ok bool) {
	switch v.kind {
	case kindNull:
		return "", true
	case kindBool:
		if v.flag {
			return "1", true
		}
		return "", true
	case kindInt:
		return strconv.FormatInt(v.whole, 10), true
	case kindFloat:
		return floatText(v.float), true
	case kindString:
		return v.text, true
	case kindArray:
		return "Array", true
	}
	return "", false
}

// integer returns the value as a whole number, as PHP's intval does: the leading
// digits of a text, 0 when there are none.
func (v *value) integer() int64 {
	switch v.kind {
	case kindBool, kindArray:
		if v.isTrue() {
			return 1
		}
	case kindInt:
		return v.whole
	case kindFloat:
		return wholeOf(v.float)
	case kindString:
		if n, ok := numeric(v.text); ok {
			return n
		}
		s := strings.TrimLeft(v.text, " \t\n\r\v\f")
		end := 0
		if end < len(s) && (s[end] == '-' || s[end] == '+') {
			end++
		}
		for end < len(s) && '0' <= s[end] && s[end] <= '9' {
			end++
		}
		n, err := strconv.ParseInt(s[:end], 10, 64)
		if err != nil && n == 0 {
			return 0
		}
		return n // at the limit when it is beyond
	case kindObject:
		return 1
	}
	return 0
}

func wholeOf(f float64) int64 {
	if math.IsNaN(f) || math.IsInf(f, 0) || math.Abs(f) >= 1<<63 {
		return 0
	}
	return int64(f)
}

// number returns the whole number that a value stands for when PHP calls the
// value numeric: a number, or a text that is one.
func (v *value) number() (int64, bool) {
	switch v.kind {
	case kindInt:
		return v.whole, true
	case kindFloat:
		return wholeOf(v.float), true
	case kindString:
		return numeric(v.text)
	}
	return 0, false
}

// numeric reads a text as PHP's is_numeric does: white space around, a sign, a
// fraction and an exponent are fine; hexadecimal and words are not.
func numeric(text string) (int64, bool) {
	const space = " \t\n\r\v\f"
	s := strings.Trim(text, space)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, true
	}
	digits := false
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			digits = true
		case c != '+' && c != '-' && c != '.' && c != 'e' && c != 'E':
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if !digits || err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return wholeOf(f), true
}

// floatText writes a float as PHP makes it a string: fourteen digits.
func floatText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NAN"
	case math.IsInf(f, 1):
		return "INF"
	case math.IsInf(f, -1):
		return "-INF"
	}
	return phpFloat(f, 14, 14)
}

// phpFloat writes a float with so many significant digits, -1 for as many as it
// takes, and an exponent once the point lies beyond so many digits.
func phpFloat(f float64, digits, widest int) string {
	if f == 0 {
		if math.Signbit(f) {
			return "-0"
		}
		return "0"
	}
	precision := digits
	if precision > 0 {
		precision--
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', precision, 64), "e")
	exp, _ := strconv.Atoi(exponent) // FormatFloat wrote it
	if strings.Contains(mantissa, ".") {
		mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
	}
	if point := exp + 1; point > widest || point < -3 {
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		sign := "+"
		if exp < 0 {
			sign, exp = "-", -exp
		}
		return mantissa + "E" + sign + strconv.Itoa(exp)
	}
	rounded, _ := strconv.ParseFloat(mantissa+"e"+exponent, 64) // it was written by FormatFloat
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
