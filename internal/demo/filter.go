package demo

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"rollcall/internal/rollcall"
)

// The matching rules that an extensible filter may name besides an attribute's
// own.
const (
	ruleBitAnd  = "1.2.840.113556.1.4.803"
	ruleBitOr   = "1.2.840.113556.1.4.804"
	ruleInChain = "1.2.840.113556.1.4.1941"
)

// truth is the value of a filter: RFC 4511, section 4.5.1.7, has three.
type truth int8

const (
	isFalse truth = iota - 1
	isUndefined
	isTrue
)

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

// filter is a search filter, checked.
type filter struct {
	op       ber.Tag // ldap.FilterAnd and so on
	parts    []*filter
	attr     string // in lower case, without options
	value    string
	pieces   []piece // of a substring filter
	rule     string  // of an extensible filter
	dnValues bool    // of an extensible filter: the DN's parts count too
}

// piece is one part of a substring filter.
type piece struct {
	place ber.Tag // ldap.FilterSubstringsInitial and so on
	text  string
}

// errFilter says that a filter breaks the protocol.
var errFilter = errors.New("malformed filter")

// parseFilter checks a filter as it came over the wire.
func parseFilter(p *ber.Packet) (*filter, error) {
	if p.ClassType != ber.ClassContext {
		return nil, fmt.Errorf("%w: unexpected class %d", errFilter, p.ClassType)
	}
	f := &filter{op: p.Tag}
	switch p.Tag {
	case ldap.FilterAnd, ldap.FilterOr, ldap.FilterNot:
		if p.Tag == ldap.FilterNot && len(p.Children) != 1 {
			return nil, fmt.Errorf("%w: a negation of %d filters", errFilter, len(p.Children))
		}
		for _, child := range p.Children {
			part, err := parseFilter(child)
			if err != nil {
				return nil, err
			}
			f.parts = append(f.parts, part)
		}
	case ldap.FilterEqualityMatch, ldap.FilterGreaterOrEqual, ldap.FilterLessOrEqual, ldap.FilterApproxMatch:
		if len(p.Children) != 2 {
			return nil, fmt.Errorf("%w: %d parts in a comparison", errFilter, len(p.Children))
		}
		f.attr, f.value = attributeName(text(p.Children[0])), text(p.Children[1])
	case ldap.FilterPresent:
		f.attr = attributeName(text(p))
	case ldap.FilterSubstrings:
		if len(p.Children) != 2 || len(p.Children[1].Children) == 0 {
			return nil, fmt.Errorf("%w: substrings without a part", errFilter)
		}
		f.attr = attributeName(text(p.Children[0]))
		for _, child := range p.Children[1].Children {
			f.pieces = append(f.pieces, piece{place: child.Tag, text: text(child)})
		}
	case ldap.FilterExtensibleMatch:
		f.parseExtensible(p)
	default:
		return nil, fmt.Errorf("%w: unknown choice %d", errFilter, p.Tag)
	}
	return f, nil
}

func (f *filter) parseExtensible(p *ber.Packet) {
	for _, child := range p.Children {
		switch child.Tag {
		case ldap.MatchingRuleAssertionMatchingRule:
			f.rule = text(child)
		case ldap.MatchingRuleAssertionType:
			f.attr = attributeName(text(child))
		case ldap.MatchingRuleAssertionMatchValue:
			f.value = text(child)
		case ldap.MatchingRuleAssertionDNAttributes:
			f.dnValues = text(child) != "\x00"
		}
	}
}

// attributeName cuts the options from an attribute description.
func attributeName(description string) string {
	name, _, _ := strings.Cut(strings.ToLower(description), ";")
	return name
}

// text returns the bytes of a primitive packet.
func text(p *ber.Packet) string {
	if p.Data == nil {
		return ""
	}
	return p.Data.String()
}

// matches evaluates the filter on one entry.
func (f *filter) matches(v *view, e *entry) truth {
	switch f.op {
	case ldap.FilterAnd:
		all := isTrue
		for _, part := range f.parts {
			all = min(all, part.matches(v, e))
		}
		return all
	case ldap.FilterOr:
		some := isFalse
		for _, part := range f.parts {
			some = max(some, part.matches(v, e))
		}
		return some
	case ldap.FilterNot:
		return -f.parts[0].matches(v, e)
	}
	kind := typeOf(f.attr)
	if kind.syntax == groupOfBytes || kind.unknown && f.attr != "" {
		return isUndefined
	}
	if f.op == ldap.FilterExtensibleMatch {
		return f.matchesRule(v, e, kind)
	}
	if f.op == ldap.FilterSubstrings && (kind.syntax == dnSyntax || kind.syntax == intSyntax) {
		return isUndefined // these have no rule for substrings
	}
	values := v.values(e, f.attr)
	want := kind.syntax.normal(f.value)
	return truthOf(slices.ContainsFunc(values, func(value string) bool {
		have := kind.syntax.normal(value)
		switch f.op {
		case ldap.FilterEqualityMatch, ldap.FilterApproxMatch:
			return have == want
		case ldap.FilterGreaterOrEqual:
			return kind.syntax.compare(have, want) >= 0
		case ldap.FilterLessOrEqual:
			return kind.syntax.compare(have, want) <= 0
		case ldap.FilterSubstrings:
			return f.matchesPieces(have, kind.syntax)
		}
		return true // presence
	}))
}

// matchesPieces reports whether the pieces occur in a value in their order.
func (f *filter) matchesPieces(have string, s syntax) bool {
	for _, p := range f.pieces {
		want := s.normal(p.text)
		if s == ignoreCase {
			// Unlike a whole value's, the spaces at a piece's ends count.
			want = rollcall.Fold(p.text + "|")
			want = want[:len(want)-1]
		}
		switch p.place {
		case ldap.FilterSubstringsInitial:
			rest, ok := strings.CutPrefix(have, want)
			if !ok {
				return false
			}
			have = rest
		case ldap.FilterSubstringsFinal:
			if !strings.HasSuffix(have, want) {
				return false
			}
			have = ""
		default:
			i := strings.Index(have, want)
			if i < 0 {
				return false
			}
			have = have[i+len(want):]
		}
	}
	return true
}

// matchesRule evaluates an extensible filter.
func (f *filter) matchesRule(v *view, e *entry, kind attributeType) truth {
	switch f.rule {
	case ruleInChain:
		if kind.syntax != dnSyntax {
			return isUndefined
		}
		return truthOf(v.inChain(e, f.attr, rollcall.FoldDN(f.value)))
	case ruleBitAnd, ruleBitOr:
		mask, err := strconv.ParseInt(f.value, 10, 64)
		if err != nil || kind.syntax != intSyntax {
			return isUndefined
		}
		return truthOf(slices.ContainsFunc(v.values(e, f.attr), func(value string) bool {
			n, err := strconv.ParseInt(value, 10, 64)
			return err == nil && (n&mask == mask || f.rule == ruleBitOr && n&mask != 0)
		}))
	}
	if f.attr == "" {
		return isUndefined // a rule alone, on every attribute: no directory client of ours asks that
	}
	want := kind.syntax.normal(f.value)
	same := func(value string) bool { return kind.syntax.normal(value) == want }
	if slices.ContainsFunc(v.values(e, f.attr), same) {
		return isTrue
	}
	if f.dnValues {
		for _, rdn := range e.dn {
			for _, part := range rdn {
				if strings.EqualFold(part.Type, f.attr) && same(part.Value) {
					return isTrue
				}
			}
		}
	}
	return isFalse
}

// inChain reports whether following an attribute from entry to entry comes by a
// folded DN. Cycles end it.
func (v *view) inChain(e *entry, attr, target string) bool {
	seen := map[string]bool{}
	queue := []*entry{e}
	for len(queue) > 0 {
		e, queue = queue[0], queue[1:]
		for _, value := range v.values(e, attr) {
			fold := rollcall.FoldDN(value)
			if fold == target {
				return true
			}
			if next := v.byDN[fold]; next != nil && !seen[fold] {
				seen[fold] = true
				queue = append(queue, next)
			}
		}
	}
	return false
}
