package collector

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"rollcall/internal/rollcall"
)

// mappingTable normalizes values by regular expressions: each item is
// <delimiter>pattern<delimiter>replacement, the first one that matches wins.
type mappingTable struct {
	name  string
	items []mappingItem
	log   *logger
}

type mappingItem struct {
	pattern     *pattern
	source      string
	replacement string
}

// newMappingTable reads a parameter of type array.
func newMappingTable(name string, v *Value, l *logger) (*mappingTable, error) {
	t := &mappingTable{name: name, log: l}
	for i, text := range v.texts() {
		if text == "" {
			continue
		}
		end := strings.LastIndexByte(text, text[0])
		if end == 0 {
			return nil, rollcall.Errorf(rollcall.Invalid, "item %d of the mapping table <%s> is not of the form /pattern/replacement: %s", i+1, name, text)
		}
		p, err := compile(text, text[1:end], "iu")
		if err != nil {
			return nil, fmt.Errorf("mapping table <%s>: %w", name, err)
		}
		t.items = append(t.items, mappingItem{p, text[1:end], text[end+1:]})
	}
	return t, nil
}

// find maps a value; ok is false when no item matches.
func (t *mappingTable) find(value string) (mapped string, ok bool) {
	if !utf8.ValidString(value) {
		return "", false
	}
	for _, item := range t.items {
		if groups := item.pattern.match(value); groups != nil {
			mapped = printfGroups(item.replacement, groups)
			if t.log.level >= levelDebug {
				t.log.debugf("MappingTable[%s]: input value '%s' matches '%s'. Output value is %s", t.name, quoted(value), quoted(item.source), quoted(mapped))
			}
			return mapped, true
		}
	}
	return "", false
}

// printfGroups fills %1$s with the whole match, %2$s with the first group and so
// on; %s takes them in turn, %% is a percent sign.
func printfGroups(format string, groups []string) string {
	var b strings.Builder
	next := 0
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		if format[i+1] == '%' {
			b.WriteByte('%')
			i++
			continue
		}
		if format[i+1] == 's' {
			next++
			b.WriteString(group(groups, next))
			i++
			continue
		}
		end := strings.Index(format[i:], "$s")
		n, err := strconv.Atoi(format[i+1 : max(i+1, i+end)])
		if end < 0 || err != nil {
			b.WriteByte('%')
			continue
		}
		b.WriteString(group(groups, n))
		i += end + 1
	}
	return b.String()
}

func group(groups []string, n int) string {
	if n < 1 || n > len(groups) {
		return ""
	}
	return groups[n-1]
}
