package store

import (
	"database/sql/driver"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The ways to write a date and a time of day, as queries take them.
var (
	dateForm    = regexp.MustCompile(`^ *([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[ T]([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:\.[0-9]*)?)?)? *$`)
	compactForm = regexp.MustCompile(`^ *([0-9]{4})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{2})([0-9]{2}))? *$`)
)

// parseDateTime reads a date with or without a time; hasTime says which.
func parseDateTime(s string) (t time.Time, hasTime, ok bool) {
	m := dateForm.FindStringSubmatch(s)
	if m == nil {
		m = compactForm.FindStringSubmatch(s)
	}
	if m == nil {
		return t, false, false
	}
	var n [6]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1]) // digits, or none: 0
	}
	if n[0] < 1 || n[3] > 23 || n[4] > 59 || n[5] > 59 {
		return t, false, false
	}
	t = time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], 0, time.UTC)
	return t, m[4] != "", t.Month() == time.Month(n[1]) && t.Day() == n[2] // no 31st of April
}

// timeOf is parseDateTime of an argument.
func timeOf(v driver.Value) (time.Time, bool) {
	t, _, ok := parseDateTime(argText(v))
	return t, ok
}

func sqlDateTime(args []driver.Value) (driver.Value, error) {
	t, ok := timeOf(args[0])
	if !ok {
		return nil, nil
	}
	return t.Format(time.DateTime), nil
}

// sqlDateAdd adds an interval. A month later than the 31st is the last of that
// month.
func sqlDateAdd(args []driver.Value) (driver.Value, error) {
	const most = 10000 * 366 * 24 * 3600 // seconds: beyond it no date is left
	t, ok := timeOf(args[0])
	n := argWhole(args[1])
	if !ok || n > most || n < -most {
		return nil, nil
	}
	switch argText(args[2]) {
	case "YEAR":
		t = addMonths(t, 12*n)
	case "MONTH":
		t = addMonths(t, n)
	case "DAY":
		t = t.AddDate(0, 0, int(max(-most, min(most, n))))
	case "HOUR":
		t = addSeconds(t, 3600*n)
	case "MINUTE":
		t = addSeconds(t, 60*n)
	default:
		t = addSeconds(t, n)
	}
	if t.Year() < 1 || t.Year() > 9999 {
		return nil, nil
	}
	return t.Format(time.DateTime), nil
}

// addSeconds is no time.Add: a Duration ends after 292 years.
func addSeconds(t time.Time, n int64) time.Time { return time.Unix(t.Unix()+n, 0).UTC() }

func addMonths(t time.Time, n int64) time.Time {
	months := int64(t.Year())*12 + int64(t.Month()) - 1 + n
	year, month := int(months/12), time.Month(months%12+1)
	if months < 0 || year > 9999 {
		return time.Time{}.AddDate(-1, 0, 0) // before the first year: no date
	}
	last := time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return time.Date(year, month, min(t.Day(), last), t.Hour(), t.Minute(), t.Second(), 0, time.UTC)
}

// epochDays is TO_DAYS of 1970-01-01.
const epochDays = 719528

func sqlToDays(args []driver.Value) (driver.Value, error) {
	t, ok := timeOf(args[0])
	if !ok {
		return nil, nil
	}
	return int64(math.Floor(float64(t.Unix())/86400)) + epochDays, nil
}

func sqlFromDays(args []driver.Value) (driver.Value, error) {
	n := argWhole(args[0])
	if n < 366 || n > 3652424 {
		return nil, nil
	}
	return time.Unix((n-epochDays)*86400, 0).UTC().Format(time.DateOnly), nil
}

func sqlDateFormat(args []driver.Value) (driver.Value, error) {
	t, ok := timeOf(args[0])
	if !ok {
		return nil, nil
	}
	var b strings.Builder
	format := []rune(argText(args[1]))
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteRune(format[i])
			continue
		}
		i++
		b.WriteString(datePart(t, format[i]))
	}
	return b.String(), nil
}

// dateLayouts are the codes of DATE_FORMAT that time.Format knows.
var dateLayouts = map[rune]string{
	'a': "Mon", 'W': "Monday", 'b': "Jan", 'M': "January", 'm': "01", 'c': "1", 'd': "02", 'e': "2", 'j': "002",
	'Y': "2006", 'y': "06", 'H': "15", 'h': "03", 'I': "03", 'l': "3", 'i': "04", 's': "05", 'S': "05",
	'p': "PM", 'r': "03:04:05 PM", 'T': "15:04:05",
}

// datePart writes what a code of DATE_FORMAT stands for.
func datePart(t time.Time, code rune) string {
	if layout, ok := dateLayouts[code]; ok {
		return t.Format(layout)
	}
	year, week := t.ISOWeek()
	switch code {
	case 'w':
		return strconv.Itoa(int(t.Weekday()))
	case 'k':
		return strconv.Itoa(t.Hour())
	case 'D':
		return ordinal(t.Day())
	case 'f':
		return "000000"
	case 'U':
		return fmt.Sprintf("%02d", sundayWeek(t))
	case 'V':
		if sundayWeek(t) == 0 {
			t = time.Date(t.Year(), 1, 0, 0, 0, 0, 0, time.UTC)
		}
		return fmt.Sprintf("%02d", sundayWeek(t))
	case 'X':
		return t.AddDate(0, 0, -int(t.Weekday())).Format("2006")
	case 'v':
		return fmt.Sprintf("%02d", week)
	case 'x':
		return fmt.Sprintf("%04d", year)
	case 'u':
		switch {
		case year < t.Year():
			week = 0
		case year > t.Year():
			_, week = t.AddDate(0, 0, -7).ISOWeek()
			week++
		}
		return fmt.Sprintf("%02d", week)
	}
	return string(code)
}

// sundayWeek is the week of the year at hand; the first Sunday begins the first.
func sundayWeek(t time.Time) int { return (t.YearDay() - 1 + 7 - int(t.Weekday())) / 7 }

func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}
