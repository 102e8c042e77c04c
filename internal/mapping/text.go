package mapping

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"rollcall/internal/rollcall"
)

// form is how the text of an attribute is brought to order.
type form uint8

const (
	oneLine  form = iota
	manyLine      // line ends and tabs stay
	exact         // every character stays
	moment        // one line that may hold a directory's spelling of a time
	day           // the same without its time of day
	raw           // bytes
)

func formOf(r *rollcall.AttributeRule) form {
	switch t := r.Attribute.Type; {
	case t == rollcall.TypeImage:
		return raw
	case t == rollcall.TypeText, t == rollcall.TypeHTML, t == rollcall.TypeLog, t == rollcall.TypeData:
		return manyLine
	case t == rollcall.TypePassword, r.By == rollcall.FieldDN:
		return exact
	case t == rollcall.TypeLinks && r.By == "":
		return exact // the text of a whole set; with By every value names one member
	case t == rollcall.TypeDateTime:
		return moment
	case t == rollcall.TypeDate:
		return day
	}
	return oneLine
}

// bytes brings a value as read to order.
func (f form) bytes(b []byte) (string, *fault) {
	if f == raw || len(b) == 0 {
		return string(b), nil
	}
	text := string(b)
	if flaw := flawIn(text); flaw != nil {
		return "", flaw
	}
	return f.tidy(text), nil
}

// tidy brings valid text to order.
func (f form) tidy(text string) string {
	switch f {
	case manyLine:
		return replaceControls(text, "\t\n\r")
	case oneLine:
		return strings.TrimSpace(replaceControls(text, ""))
	case moment, day:
		text = strings.TrimSpace(replaceControls(text, ""))
		layout := rollcall.DateTimeLayout
		if f == day {
			layout = rollcall.DateLayout
		}
		// What is not a directory's time is left for the registry to judge.
		if t, ok := directoryTime(text); ok {
			return formatTime(t, layout)
		}
	}
	return text
}

// flawIn finds the first byte that cannot be part of a text.
func flawIn(text string) *fault {
	if utf8.ValidString(text) {
		if i := strings.IndexByte(text, 0); i >= 0 {
			return &fault{value: text, reason: fmt.Sprintf("byte %d is NUL (0x00), which no text may hold", i+1)}
		}
		return nil
	}
	for i, r := range text {
		if r != utf8.RuneError {
			continue
		}
		if _, size := utf8.DecodeRuneInString(text[i:]); size == 1 {
			return &fault{value: text, reason: fmt.Sprintf("byte %d (0x%02x) is not UTF-8", i+1, text[i])}
		}
	}
	return nil
}

// replaceControls puts one space in the place of every run of control
// characters that are not among keep.
func replaceControls(text, keep string) string {
	bad := func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(keep, r) }
	if strings.IndexFunc(text, bad) < 0 {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	inRun := false
	for _, r := range text {
		if !bad(r) {
			b.WriteRune(r)
			inRun = false
			continue
		}
		if !inRun {
			b.WriteByte(' ')
		}
		inRun = true
	}
	return b.String()
}

// display makes bytes fit for one line of a report: valid, printable, short.
func display(b []byte) string {
	const longest = 120
	short := b
	if len(short) > longest {
		short = short[:longest]
		for len(short) > longest-utf8.UTFMax && !utf8.RuneStart(b[len(short)]) {
			short = short[:len(short)-1]
		}
	}
	text := string(short)
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		q := strconv.Quote(text)
		text = strings.ReplaceAll(strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`), `\\`, `\`)
	}
	if len(short) < len(b) {
		text += fmt.Sprintf("… (%d bytes)", len(b))
	}
	return text
}

// The layouts of GeneralizedTime (RFC 4517 section 3.3.13); Go takes a fraction
// after the seconds by itself.
var generalizedLayouts = [...]string{"20060102150405Z0700", "200601021504Z0700", "2006010215Z0700"}

// fileTimeEpoch is 1601-01-01 in Unix seconds, from which Active Directory
// counts steps of 100 ns.
const fileTimeEpoch = -11644473600

// directoryTime reads a GeneralizedTime or a FILETIME. The FILETIMEs for
// "never" give the zero time.
func directoryTime(text string) (time.Time, bool) {
	if len(text) < len("2006010215Z") && text != "0" {
		return time.Time{}, false
	}
	for _, layout := range generalizedLayouts {
		if t, err := time.Parse(layout, strings.Replace(text, ",", ".", 1)); err == nil {
			return t.UTC(), true
		}
	}
	const shortest = 17 // digits of any FILETIME after 1917
	steps, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return time.Time{}, false
	case steps == 0, steps == 1<<63-1:
		return time.Time{}, true
	case len(text) < shortest:
		return time.Time{}, false
	}
	return time.Unix(steps/1e7+fileTimeEpoch, steps%1e7*100).UTC(), true
}

// formatTime writes a time, the zero time as nothing.
func formatTime(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(layout)
}
