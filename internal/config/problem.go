package config

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"rollcall/internal/rollcall"
)

// Problem is one thing that is wrong in the file.
type Problem struct {
	Position
	Text string
}

// Error is all that is wrong in a configuration, in the order of the file.
type Error struct {
	Path     string
	Problems []Problem
	text     []byte
	secrets  []string
}

// Error returns every problem as file:line:column, what is wrong, and the line.
func (e *Error) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		if p.Line == 0 {
			fmt.Fprintf(&b, "%s: %s", e.Path, p.Text)
			continue
		}
		fmt.Fprintf(&b, "%s:%d:%d: %s", e.Path, p.Line, p.Column, p.Text)
		b.WriteString(excerpt(e.text, p.Position, e.secrets))
	}
	return b.String()
}

// asError returns the problems as one error of kind Invalid, nil for none.
func asError(path string, text []byte, secrets []string, problems []Problem) error {
	if len(problems) == 0 {
		return nil
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return &rollcall.Error{
		Kind: rollcall.Invalid,
		Err:  &Error{Path: path, Problems: problems, text: text, secrets: secrets},
	}
}

// secretKeys finds values that may be a password in a line that could not be
// read, or not far enough to know.
var secretKeys = regexp.MustCompile(`(?i)((?:\w*pas+\w*|\w*pw\w*|\w*secret\w*|\w*token\w*|\w*dsn)["']?\s*[:=]\s*)("[^"]*"?|'[^']*'?|[^,}\s@]+)`)

// urlSecret finds the password of a URL.
var urlSecret = regexp.MustCompile(`(://[^:/@\s]*:)\S+@`)

// excerpt shows a line of the file with a caret under the column. Passwords in
// it are masked; the caret is left out where that moves the text.
func excerpt(text []byte, at Position, secrets []string) string {
	const longest = 120
	line := lineOf(text, at.Line)
	if strings.TrimSpace(line) == "" {
		return ""
	}
	shown := secretKeys.ReplaceAllStringFunc(line, func(s string) string {
		m := secretKeys.FindStringSubmatch(s)
		if strings.HasPrefix(strings.Trim(m[2], `"'`), "${") {
			return s
		}
		return m[1] + "***"
	})
	shown = urlSecret.ReplaceAllString(shown, "$1***@")
	for _, secret := range secrets {
		shown = strings.ReplaceAll(shown, secret, "***")
	}
	cut := []rune(shown)
	if len(cut) > longest {
		shown = string(cut[:longest]) + "…"
	}
	out := fmt.Sprintf("\n%5d | %s", at.Line, shown)
	if !strings.HasPrefix(shown, prefix(line, at.Column-1)) || at.Column > longest {
		return out
	}
	return out + fmt.Sprintf("\n      | %s^", strings.Repeat(" ", max(0, at.Column-1)))
}

// prefix returns the first n characters of a line.
func prefix(line string, n int) string {
	for i := range line {
		if n == 0 {
			return line[:i]
		}
		n--
	}
	return line
}

// lineOf returns a line of a text, made fit for a terminal.
func lineOf(text []byte, number int) string {
	for range number - 1 {
		_, rest, ok := bytes.Cut(text, []byte("\n"))
		if !ok {
			return ""
		}
		text = rest
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return ' '
		}
		return r
	}, strings.TrimRight(string(line), "\r"))
}

// Explain puts an error at a line of the configuration, with that line shown.
// The Line of a rollcall.AttributeRule is such a line.
func (c *Config) Explain(line int, err error) error {
	if err == nil || line < 1 {
		return err
	}
	at := Position{Line: line, Column: 1}
	shown := lineOf(c.text, line)
	at.Column += len(shown) - len(strings.TrimLeft(shown, " "))
	return asError(c.Path, c.text, c.secrets, []Problem{{Position: at, Text: err.Error()}})
}

// Problems returns what an error of this package says, nil for any other.
func Problems(err error) []Problem {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Problems
	}
	return nil
}

// didYouMean returns "; did you mean …?" when one of the known words is near,
// else the known words when they are few.
func didYouMean(word string, known []string) string {
	const few = 16
	near := nearest(word, known)
	switch {
	case near != "":
		return fmt.Sprintf("; did you mean %q?", near)
	case len(known) > 0 && len(known) <= few:
		return "; known here: " + strings.Join(known, ", ")
	}
	return ""
}

// nearest returns the known word that was probably meant, "" when none is near:
// a third of the letters may be wrong, and a word may be cut short.
func nearest(word string, known []string) string {
	const shortest = 3
	word = strings.ToLower(word)
	best, distance := "", max(1, len(word)/3)+1
	for _, k := range known {
		lower := strings.ToLower(k)
		d := editDistance(word, lower)
		if min(len(word), len(lower)) >= shortest && (strings.HasPrefix(lower, word) || strings.HasPrefix(word, lower)) {
			d = min(d, 1)
		}
		if d < distance {
			best, distance = k, d
		}
	}
	return best
}

// editDistance counts the insertions, deletions, replacements and swaps of
// neighbours that make one word of another.
func editDistance(a, b string) int {
	const longest = 64 // keys are short; a pasted text is near to none
	if len(a) > longest || len(b) > longest {
		return longest
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
