package store

import (
	"fmt"
	"regexp/syntax"
	"strings"
	"unicode"
)

// portablePattern checks a regular expression that disregards case, and writes
// it in what Go and PostgreSQL read alike: sets of characters, groups,
// alternatives, repetitions and anchors. Every set is written out, both cases
// of each letter included.
func (r *renderer) portablePattern(pattern string) (string, error) {
	if len(pattern) > longestPattern {
		return "", fmt.Errorf("it has %d bytes, %d are the most", len(pattern), longestPattern)
	}
	re, err := syntax.Parse(pattern, syntax.Perl|syntax.FoldCase)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := r.writePattern(&b, re, 0); err != nil {
		return "", err
	}
	return b.String(), nil
}

// What PostgreSQL takes, and in a time that is worth waiting for.
const (
	longestPattern = 2000
	deepestPattern = 100
	mostRepeated   = 255
)

func (r *renderer) writePattern(b *strings.Builder, re *syntax.Regexp, depth int) error {
	if depth > deepestPattern {
		return fmt.Errorf("it is nested more than %d levels deep", deepestPattern)
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, c := range re.Rune {
			writeFolded(b, c, re.Flags&syntax.FoldCase != 0)
		}
	case syntax.OpCharClass:
		writeClass(b, re.Rune)
	case syntax.OpAnyCharNotNL:
		b.WriteString(`[^\n]`)
	case syntax.OpAnyChar:
		b.WriteString(`(?:.|\n)`)
	case syntax.OpBeginText:
		b.WriteByte('^')
	case syntax.OpEndText:
		b.WriteByte('$')
	case syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		b.WriteString(r.boundary(re.Op == syntax.OpWordBoundary))
	case syntax.OpCapture, syntax.OpConcat, syntax.OpAlternate:
		separator := ""
		if re.Op == syntax.OpAlternate {
			separator = "|"
		}
		b.WriteString("(?:")
		for i, sub := range re.Sub {
			if i > 0 {
				b.WriteString(separator)
			}
			if err := r.writePattern(b, sub, depth+1); err != nil {
				return err
			}
		}
		b.WriteByte(')')
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		if re.Min > mostRepeated || re.Max > mostRepeated {
			return fmt.Errorf("%d repetitions are the most", mostRepeated)
		}
		b.WriteString("(?:")
		if err := r.writePattern(b, re.Sub[0], depth+1); err != nil {
			return err
		}
		b.WriteByte(')')
		b.WriteString(repetition(re))
	case syntax.OpEmptyMatch:
		b.WriteString("(?:)")
	default:
		return fmt.Errorf("%s is not supported", re)
	}
	return nil
}

// repetition writes how often; greed changes no answer of yes or no.
func repetition(re *syntax.Regexp) string {
	switch re.Op {
	case syntax.OpStar:
		return "*"
	case syntax.OpPlus:
		return "+"
	case syntax.OpQuest:
		return "?"
	}
	switch {
	case re.Max < 0:
		return fmt.Sprintf("{%d,}", re.Min)
	case re.Max == re.Min:
		return fmt.Sprintf("{%d}", re.Min)
	}
	return fmt.Sprintf("{%d,%d}", re.Min, re.Max)
}

func (r *renderer) boundary(isOne bool) string {
	switch {
	case r.numbered && isOne:
		return `\y`
	case r.numbered:
		return `\Y`
	case isOne:
		return `\b`
	}
	return `\B`
}

// writeFolded writes a letter as the set of its cases.
func writeFolded(b *strings.Builder, c rune, isFolded bool) {
	if next := unicode.SimpleFold(c); !isFolded || next == c {
		writeRune(b, c)
		return
	}
	b.WriteByte('[')
	writeRune(b, c)
	for next := unicode.SimpleFold(c); next != c; next = unicode.SimpleFold(next) {
		writeRune(b, next)
	}
	b.WriteByte(']')
}

func writeRune(b *strings.Builder, r rune) {
	if strings.ContainsRune(`\^$.|?*+()[]{}-&~#`, r) {
		b.WriteByte('\\')
	}
	b.WriteRune(r)
}

// writeClass writes a set of characters from its ranges.
func writeClass(b *strings.Builder, ranges []rune) {
	if len(ranges) == 0 {
		b.WriteString("(?:$a)") // nothing
		return
	}
	b.WriteByte('[')
	for i := 0; i < len(ranges); i += 2 {
		low, high := max(ranges[i], 1), ranges[i+1] // no text holds a NUL, or half of a surrogate pair
		if 0xd800 <= low && low <= 0xdfff {
			low = 0xe000
		}
		if 0xd800 <= high && high <= 0xdfff {
			high = 0xd7ff
		}
		if high < low {
			continue
		}
		writeRune(b, low)
		if high > low {
			b.WriteByte('-')
			writeRune(b, high)
		}
	}
	b.WriteByte(']')
}
