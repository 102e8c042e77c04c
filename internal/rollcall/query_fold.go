package rollcall

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Flatten returns the form in which texts are compared by LIKE in queries: no
// case and no accents, as iTop's database has it. Letters that only look alike,
// such as o and ø, stay apart; ß is ss.
func Flatten(s string) string {
	for i := range len(s) {
		if c := s[i]; c >= 0x80 {
			return flattenUnicode(s)
		}
	}
	return strings.ToLower(s)
}

// flattenUnicode takes out the combining marks that a letter and an accent
// decompose to. PostgreSQL does the same in rollcall_flat.
func flattenUnicode(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFD.String(s) {
		switch {
		case firstMark <= r && r <= 0x36f:
			continue
		case r < 0x80:
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			b.WriteByte(byte(r))
			continue
		}
		switch r = unicode.ToLower(r); r {
		case 'ß':
			b.WriteString("ss")
		case 'ς':
			b.WriteRune('σ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// FoldLoosely returns the form in which texts are compared and ordered by
// queries: flattened, without trailing spaces.
func FoldLoosely(s string) string { return strings.TrimRight(Flatten(s), " ") }
