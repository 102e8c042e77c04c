package migrate

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"rollcall/internal/rollcall"
)

// parseProperties reads a file of properties as java.util.Properties.load does
// (Java SE 21): a logical line goes on in the next where it ends in an odd number
// of backslashes; # and ! begin comments; the key ends at the first =, : or white
// space that has no backslash before it; \t, \n, \r, \f and \uXXXX are characters,
// and any other character after a backslash is itself. Bytes that are no UTF-8
// are ISO 8859-1, as they were before Java 9.
func parseProperties(text []byte) ([]setting, error) {
	p := &properties{lines: physicalLines(text)}
	var list []setting
	for p.at < len(p.lines) {
		line := p.at + 1
		logical, ok := p.logical()
		if !ok {
			continue
		}
		one := setting{line: line}
		key, value := cutProperty(logical)
		var err error
		if one.name, err = unescape(key); err == nil {
			one.value, err = unescape(value)
		}
		if err != nil {
			return nil, rollcall.Errorf(rollcall.Invalid, "line %d: %w", line, err)
		}
		list = append(list, one)
	}
	return list, nil
}

// physicalLines splits a text at \n, \r and \r\n.
func physicalLines(text []byte) []string {
	s := strings.TrimPrefix(string(text), "\uFEFF")
	if !utf8.ValidString(s) {
		runes := make([]rune, len(s))
		for i := range len(s) {
			runes[i] = rune(s[i])
		}
		s = string(runes)
	}
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Split(strings.ReplaceAll(s, "\r", "\n"), "\n")
}

// properties is a file on its way to be read.
type properties struct {
	lines []string
	at    int // the next line
}

// blank is what the format takes for white space.
const blank = " \t\f"

// logical returns the next logical line, not ok for a comment or an empty line,
// which a backslash does not continue.
func (p *properties) logical() (line string, ok bool) {
	line = strings.TrimLeft(p.lines[p.at], blank)
	p.at++
	if line == "" || line[0] == '#' || line[0] == '!' {
		return "", false
	}
	var b strings.Builder
	for {
		end := strings.TrimRight(line, `\`)
		if (len(line)-len(end))%2 == 0 {
			b.WriteString(line)
			return b.String(), true
		}
		b.WriteString(line[:len(line)-1])
		if p.at == len(p.lines) {
			return b.String(), true
		}
		line = strings.TrimLeft(p.lines[p.at], blank)
		p.at++
	}
}

// cutProperty cuts a logical line into key and value, both still escaped.
func cutProperty(line string) (key, value string) {
	end := len(line)
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' {
			i++
			continue
		}
		if strings.IndexByte(blank+"=:", line[i]) >= 0 {
			end = i
			break
		}
	}
	key, value = line[:end], strings.TrimLeft(line[end:], blank)
	if value != "" && (value[0] == '=' || value[0] == ':') {
		value = strings.TrimLeft(value[1:], blank)
	}
	return key, value
}

var controls = map[byte]byte{'t': '\t', 'n': '\n', 'r': '\r', 'f': '\f'}

// unescape resolves the escapes of a key or a value.
func unescape(text string) (string, error) {
	if !strings.Contains(text, `\`) {
		return text, nil
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c != '\\' || i+1 == len(text) {
			if c != '\\' {
				b.WriteByte(c)
			}
			continue
		}
		i++
		switch c = text[i]; {
		case c == 'u':
			r, used, err := unicodeEscape(text[i+1:])
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
			i += used
		case controls[c] != 0:
			b.WriteByte(controls[c])
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

const digits = 4 // of \uXXXX

// unicodeEscape reads XXXX, and the \uXXXX of the second half of a pair.
func unicodeEscape(text string) (r rune, used int, err error) {
	unit := func(text string) (rune, bool) {
		if len(text) < digits {
			return 0, false
		}
		n, err := strconv.ParseUint(text[:digits], 16, 16)
		return rune(n), err == nil
	}
	first, ok := unit(text)
	if !ok {
		return 0, 0, rollcall.Errorf(rollcall.Invalid, `\u%.4s is no character: four hexadecimal digits follow \u`, text)
	}
	rest := text[digits:]
	if utf16.IsSurrogate(first) && strings.HasPrefix(rest, `\u`) {
		if second, ok := unit(rest[2:]); ok {
			if pair := utf16.DecodeRune(first, second); pair != utf8.RuneError {
				return pair, digits + 2 + digits, nil
			}
		}
	}
	return first, digits, nil // WriteRune makes U+FFFD of half a pair
}
