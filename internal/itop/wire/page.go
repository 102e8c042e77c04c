package wire

import (
	"html"
	"strings"
)

// PageStart begins an HTML page of the kind that iTop's pages without menus are:
// what clients look at stands in the element ibo-page-container, as there. head
// is put into the page's head as it is.
func PageStart(title, head string) string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>")
	b.WriteString(html.EscapeString(title))
	b.WriteString("</title>\n")
	b.WriteString(head)
	b.WriteString("</head>\n<body data-gui-type=\"backoffice\">\n<div id=\"ibo-page-container\">\n")
	return b.String()
}

// PageEnd ends what PageStart began.
const PageEnd = "\n</div>\n</body>\n</html>\n"

// Page returns a whole page around a body of HTML.
func Page(title, body string) string { return PageStart(title, "") + body + PageEnd }

// entities are the characters that PHP's htmlentities replaces in UTF-8 pages
// of iTop, which keeps letters as they are.
var entities = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#039;")

// Markup makes a paragraph of HTML of plain text, as iTop stores it.
func Markup(text string) string {
	return "<p>" + strings.ReplaceAll(html.EscapeString(text), "\n", "<br>") + "</p>"
}

// Escape makes HTML of a text, spelled as iTop spells it.
func Escape(text string) string { return entities.Replace(text) }
