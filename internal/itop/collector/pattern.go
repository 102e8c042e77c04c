package collector

import (
	"regexp"
	"strings"
	"time"

	"github.com/dlclark/regexp2"

	"rollcall/internal/rollcall"
)

// pattern is a regular expression as PHP writes it: between delimiters, with
// flags behind. What Go's own engine cannot do, looking around and back, is done
// by a second one, which gives up after a second.
type pattern struct {
	text  string
	plain *regexp.Regexp
	full  *regexp2.Regexp
}

var closing = map[byte]byte{'(': ')', '[': ']', '{': '}', '<': '>'}

// parsePattern reads /expression/flags.
func parsePattern(text string) (*pattern, error) {
	trimmed := strings.TrimLeft(text, " \t\n\r\v\f")
	if trimmed == "" {
		return nil, rollcall.Errorf(rollcall.Invalid, "the pattern is empty: write it between slashes, such as /^CN=itop-([^,]+),/i")
	}
	open := trimmed[0]
	end, ok := closing[open]
	if !ok {
		end = open
	}
	if isWordByte(open) || open == '\\' {
		return nil, rollcall.Errorf(rollcall.Invalid, "the pattern %q has no delimiters: write it between slashes, such as /%s/", text, text)
	}
	at := strings.LastIndexByte(trimmed, end)
	if at <= 0 {
		return nil, rollcall.Errorf(rollcall.Invalid, "the pattern %q has no closing %q", text, string(end))
	}
	return compile(text, trimmed[1:at], strings.TrimSpace(trimmed[at+1:]))
}

func isWordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func compile(text, expression, flags string) (*pattern, error) {
	p := &pattern{text: text}
	var keep, more string
	options := regexp2.RegexOptions(0)
	for _, f := range flags {
		switch f {
		case 'i':
			keep, options = keep+"i", options|regexp2.IgnoreCase
		case 'm':
			keep, options = keep+"m", options|regexp2.Multiline
		case 's':
			keep, options = keep+"s", options|regexp2.Singleline
		case 'U':
			keep += "U"
		case 'x':
			more, options = "x", options|regexp2.IgnorePatternWhitespace
		case 'u', 'S', 'X', 'J':
		case 'D':
		case 'A':
			expression = `\A(?:` + expression + `)`
		default:
			return nil, rollcall.Errorf(rollcall.Invalid, "the pattern %q has an unknown flag %q", text, string(f))
		}
	}
	if more == "" {
		prefix := ""
		if keep != "" {
			prefix = "(?" + keep + ")"
		}
		if re, err := regexp.Compile(prefix + expression); err == nil {
			p.plain = re
			return p, nil
		}
	}
	re, err := regexp2.Compile(expression, options)
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "the pattern %q is no regular expression: %s", text, err)
	}
	re.MatchTimeout = time.Second
	p.full = re
	return p, nil
}

// match returns the whole match and its groups, nil when there is none.
func (p *pattern) match(text string) []string {
	if p.plain != nil {
		return p.plain.FindStringSubmatch(text)
	}
	m, err := p.full.FindStringMatch(text)
	if err != nil || m == nil {
		return nil
	}
	groups := m.Groups()
	list := make([]string, len(groups))
	for i, g := range groups {
		list[i] = g.String()
	}
	return list
}
