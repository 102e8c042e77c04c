package engine

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// linksText renders links in one order, so that two equal sets read alike.
func linksText(links []rollcall.Link) string {
	links = slices.Clone(links)
	slices.SortFunc(links, func(a, b rollcall.Link) int { return cmp.Compare(a.Target, b.Target) })
	var b strings.Builder
	for i, link := range links {
		if i > 0 {
			b.WriteByte('|')
		}
		b.WriteString(strconv.FormatInt(int64(link.Target), 10))
		codes := make([]string, 0, len(link.Values))
		for code, value := range link.Values {
			if value != "" {
				codes = append(codes, code)
			}
		}
		slices.Sort(codes)
		for _, code := range codes {
			fmt.Fprintf(&b, ";%s:%q", code, link.Values[code])
		}
	}
	return b.String()
}

// refusal is an error whose text is the wire's, capital letter and all.
func refusal(format string, args ...any) error {
	return rollcall.Errorf(rollcall.Invalid, format, args...)
}
