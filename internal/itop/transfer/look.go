package transfer

import (
	"html"
	"strings"
	"time"

	"rollcall/internal/itop/wire"
	"rollcall/internal/rollcall"
)

// look is how values are shown.
type look struct {
	model     *rollcall.Model
	localize  bool             // labels rather than codes
	dateTimes *wire.DateFormat // nil: as stored, which is Y-m-d H:i:s
	dates     *wire.DateFormat // nil: as stored
	formatted bool             // markup stays
}

// sqlDates is the format in which dates are stored.
const sqlDates = "Y-m-d H:i:s"

// withDates sets the format of dates.
func (l look) withDates(format string) look {
	if format != "" && format != sqlDates {
		l.dateTimes = wire.NewDateFormat(format)
		l.dates = l.dateTimes.DateOnly()
	}
	return l
}

// show returns the text that a person reads for a canonical value.
func (l *look) show(s shape, value string) string {
	switch s.kind {
	case rollcall.TypeKey, rollcall.TypeTree:
		if value == "" {
			return "0"
		}
	case rollcall.TypeEnum, rollcall.TypeLanguage:
		if l.localize && s.attr != nil {
			return wire.ValueLabel(s.attr, value)
		}
	case rollcall.TypeTags:
		if s.attr != nil {
			return strings.Join(wire.Tags(s.attr, value, l.localize), wire.TagSeparator)
		}
	case rollcall.TypeBoolean:
		return l.boolean(value)
	case rollcall.TypeClass:
		if c := l.model.Class(value); c != nil && l.localize {
			return c.Label
		}
	case rollcall.TypeDate:
		return showTime(l.dates, rollcall.DateLayout, value)
	case rollcall.TypeDateTime:
		return showTime(l.dateTimes, rollcall.DateTimeLayout, value)
	case rollcall.TypeImage, rollcall.TypePassword, rollcall.TypeData:
		return "" // iTop 3.2.0 exports none of them
	case rollcall.TypeHTML:
		if !l.formatted {
			return plainText(value)
		}
	}
	return value
}

func (l *look) boolean(value string) string {
	yes := value == "1"
	switch {
	case yes && l.localize:
		return "Yes"
	case l.localize:
		return "No"
	case yes:
		return "1"
	}
	return "0"
}

func showTime(format *wire.DateFormat, layout, value string) string {
	if format == nil || value == "" {
		return value
	}
	t, err := time.Parse(layout, value)
	if err != nil {
		return value
	}
	return format.Format(t)
}

// isBare reports whether a value stands in CSV without qualifiers: numbers and
// keys do, and what is empty because it is no text.
func (s shape) isBare(text string) bool {
	switch s.kind {
	case rollcall.TypeKey, rollcall.TypeTree, rollcall.TypeInteger, rollcall.TypeDecimal, rollcall.TypeDuration,
		rollcall.TypeBoolean, rollcall.TypeImage, rollcall.TypePassword, rollcall.TypeData:
		return true
	case rollcall.TypeDate, rollcall.TypeDateTime:
		return text == ""
	}
	return false
}

// isNumber reports whether a spreadsheet should take the value for a number.
func (s shape) isNumber() bool {
	switch s.kind {
	case rollcall.TypeKey, rollcall.TypeTree, rollcall.TypeInteger, rollcall.TypeDecimal, rollcall.TypeDuration:
		return true
	}
	return false
}

// plainText takes the markup off a text.
func plainText(markup string) string {
	if !strings.ContainsAny(markup, "<&") {
		return markup
	}
	var b strings.Builder
	for rest := markup; ; {
		text, after, found := strings.Cut(rest, "<")
		b.WriteString(text)
		if !found {
			break
		}
		tag, behind, closed := strings.Cut(after, ">")
		if !closed {
			break
		}
		switch name := strings.ToLower(strings.TrimRight(tag, " /")); {
		case name == "br", strings.HasPrefix(name, "/p"), strings.HasPrefix(name, "/div"), strings.HasPrefix(name, "/li"):
			b.WriteByte('\n')
		}
		rest = behind
	}
	return strings.TrimSpace(html.UnescapeString(b.String()))
}
