package wire

import "strings"

// Shown is text from outside as a message may quote it: valid UTF-8 whatever the
// bytes were, a NUL told as \0, and no longer than most bytes.
func Shown(text string, most int) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\\0")
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
