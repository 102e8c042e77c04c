package replay

import (
	"html"
	"regexp"
	"strings"
	"testing"
)

var (
	unseen  = regexp.MustCompile(`(?is)<(script|style|head|noscript|template)\b.*?</(script|style|head|noscript|template)>|<!--.*?-->`)
	tag     = regexp.MustCompile(`<[^>]+>`)
	blank   = regexp.MustCompile(`[\s\x{a0}]+`)
	title   = regexp.MustCompile(`(?is)<title>(.*?)</title>`)
	doctype = regexp.MustCompile(`(?i)^\s*<!doctype html`)
)

// isPage reports whether a body is a whole page for a browser. Of those the
// title and the visible text are compared: scripts, styles and pictures are the
// other product's own (docs/differences.md, pages).
func isPage(body string) bool { return doctype.MatchString(body) }

// visible returns the title and the text of a page as a person reads them.
func visible(page string) string {
	name := ""
	if m := title.FindStringSubmatch(page); m != nil {
		name = html.UnescapeString(m[1])
	}
	text := tag.ReplaceAllString(unseen.ReplaceAllString(page, " "), " ")
	text = strings.TrimSpace(blank.ReplaceAllString(html.UnescapeString(text), " "))
	return "[" + strings.TrimSpace(name) + "] " + text
}

func TestVisibleIsWhatAPersonReads(t *testing.T) {
	t.Parallel()
	page := "<!DOCTYPE html>\n<html><head><title> A &amp; B </title><style>p{}</style></head><body><script>if (a<b) x</script><p>one<br/>\n two&nbsp;&lt;3</p></body></html>"
	if got, want := visible(page), "[A & B] one two <3"; !isPage(page) || got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
