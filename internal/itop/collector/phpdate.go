package collector

import (
	"fmt"
	"strings"
	"time"
)

// phpDate writes a time by a format of PHP's date(). A letter without meaning
// stands for itself, and so does one behind a backslash.
func phpDate(format string, t time.Time) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		c := format[i]
		if c == '\\' && i+1 < len(format) {
			i++
			b.WriteByte(format[i])
			continue
		}
		if layout, ok := dateLayouts[c]; ok {
			b.WriteString(t.Format(layout))
			continue
		}
		b.WriteString(dateNumber(c, t))
	}
	return b.String()
}

// dateLayouts are the letters that Go's layouts know.
var dateLayouts = map[byte]string{
	'd': "02", 'D': "Mon", 'j': "2", 'l': "Monday", 'F': "January", 'm': "01", 'M': "Jan", 'n': "1",
	'Y': "2006", 'y': "06", 'a': "pm", 'A': "PM", 'g': "3", 'h': "03", 'H': "15", 'i': "04", 's': "05",
	'O': "-0700", 'P': "-07:00", 'T': "MST", 'p': "Z07:00",
	'c': "2006-01-02T15:04:05-07:00", 'r': "Mon, 02 Jan 2006 15:04:05 -0700",
}

func dateNumber(c byte, t time.Time) string {
	year, week := t.ISOWeek()
	switch c {
	case 'N':
		return itoa((int(t.Weekday())+6)%7 + 1)
	case 'S':
		return ordinal(t.Day())
	case 'w':
		return itoa(int(t.Weekday()))
	case 'z':
		return itoa(t.YearDay() - 1)
	case 'W':
		return fmt.Sprintf("%02d", week)
	case 't':
		return itoa(time.Date(t.Year(), t.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day())
	case 'L':
		if time.Date(t.Year(), 12, 31, 0, 0, 0, 0, time.UTC).YearDay() == 366 {
			return "1"
		}
		return "0"
	case 'o':
		return itoa(year)
	case 'G':
		return itoa(t.Hour())
	case 'u':
		return "000000" // a time that was given in seconds
	case 'v':
		return "000"
	case 'e':
		return t.Location().String()
	case 'I':
		if t.IsDST() {
			return "1"
		}
		return "0"
	case 'Z':
		_, offset := t.Zone()
		return itoa(offset)
	case 'U':
		return fmt.Sprint(t.Unix())
	}
	return string(c)
}

func ordinal(day int) string {
	if day%100 < 11 || day%100 > 13 {
		switch day % 10 {
		case 1:
			return "st"
		case 2:
			return "nd"
		case 3:
			return "rd"
		}
	}
	return "th"
}
