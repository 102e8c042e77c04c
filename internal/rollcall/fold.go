package rollcall

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold returns the form in which two texts that people call the same are equal:
// Unicode normal form C, simple case folding, no trailing spaces. Accents and
// leading spaces stay significant. A text that is already in that form comes
// back as it is.
func Fold(s string) string {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x80 {
			return foldUnicode(s)
		}
		if 'A' <= c && c <= 'Z' {
			return foldASCII(s, i)
		}
	}
	return strings.TrimRight(s, " ")
}

// foldASCII folds s, whose first i bytes are ASCII and folded.
func foldASCII(s string, i int) string {
	b := []byte(s)
	for ; i < len(b); i++ {
		c := b[i]
		if c >= 0x80 {
			return foldUnicode(s)
		}
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return strings.TrimRight(string(b), " ")
}

// foldUnicode normalizes twice: folding can bring together a letter and a mark
// that compose, such as a long s and a dot below.
func foldUnicode(s string) string {
	if folded, ok := foldComposed(s); ok {
		return folded
	}
	s = strings.Map(foldRune, norm.NFC.String(s))
	return strings.TrimRight(norm.NFC.String(s), " ")
}

// firstMark is where combining marks begin. What lies below is in normal form C
// whatever its neighbours, and so is what it folds to.
const firstMark = 0x300

// foldComposed folds a text without marks: nearly every name in Latin script.
func foldComposed(s string) (folded string, ok bool) {
	var space [64]byte
	b := space[:0]
	for _, r := range s {
		if r >= firstMark {
			return "", false
		}
		b = utf8.AppendRune(b, latin[r])
	}
	return strings.TrimRight(string(b), " "), true
}

// latin is foldRune of all runes below firstMark.
var latin = func() (table [firstMark]rune) {
	for r := range table {
		table[r] = foldRune(rune(r))
	}
	return table
}()

// foldRune picks one rune of the set that simple folding calls equal. The way
// through upper case makes the sigmas, the sharp s and the Kelvin sign meet;
// runes that fold to themselves alone, such as the dotless i, are left out.
func foldRune(r rune) rune {
	if unicode.SimpleFold(r) == r {
		return r
	}
	return unicode.ToLower(unicode.ToUpper(r))
}
