package rest

import (
	"html"
	"regexp"
	"strings"

	"rollcall/internal/itop/wire"
	"rollcall/internal/rollcall"
)

var (
	lineEnd = regexp.MustCompile(`(?i)<br\s*/?>|</(p|div|li|tr|h[1-6])>`)
	tag     = regexp.MustCompile(`<[^>]*>`)
)

// bothForms returns an entry of a case log as plain text and as markup.
func bothForms(e *rollcall.LogEntry) (plain, markup string) {
	if !e.HTML {
		return e.Message, wire.Markup(e.Message)
	}
	plain = tag.ReplaceAllString(lineEnd.ReplaceAllString(e.Message, "\n"), "")
	return strings.TrimSpace(html.UnescapeString(plain)), e.Message
}

// asMarkup returns a text given for an attribute that holds markup. Text without
// any becomes a paragraph, as iTop's own sanitizer makes it (observed on
// UserRequest.solution).
func asMarkup(text string) string {
	if text == "" || strings.Contains(text, "<") {
		return text
	}
	return wire.Markup(html.UnescapeString(text))
}
