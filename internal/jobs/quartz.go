package jobs

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// quartz is a cron expression as Quartz 2.3 reads it: second, minute, hour, day
// of month, month, day of week and, if given, year. The library that was tried
// takes the first of a month for the thirty-first of the one before.
type quartz struct {
	second, minute, hour, month, weekday uint64 // bit n: value n; weekday 1 is Sunday
	day                                  uint64
	lastDay                              bool // of the month, back days before its end
	back                                 int
	nearWorkday                          bool // the weekday nearest to the day
	lastOf, nth                          int  // weekday: its last, or its nth, in the month
	years                                []bool
	at                                   *time.Location
}

const (
	firstYear = 1970
	lastYear  = 2099 // of Quartz
)

var (
	monthNames   = []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}
	weekdayNames = []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

// parseQuartz reads six or seven fields, one of whose day fields is ?.
func parseQuartz(fields []string, at *time.Location) (*quartz, error) {
	q := &quartz{at: at}
	for _, f := range []struct {
		into        *uint64
		text, what  string
		least, most int
		names       []string
	}{
		{&q.second, fields[0], "seconds", 0, 59, nil},
		{&q.minute, fields[1], "minutes", 0, 59, nil},
		{&q.hour, fields[2], "hours", 0, 23, nil},
		{&q.month, fields[4], "month", 1, 12, monthNames},
	} {
		set, err := parseField(f.text, f.least, f.most, f.names)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.what, err)
		}
		for _, n := range set {
			*f.into |= 1 << n
		}
	}
	if err := q.parseDay(strings.ToUpper(fields[3])); err != nil {
		return nil, fmt.Errorf("day of month: %w", err)
	}
	if err := q.parseWeekday(strings.ToUpper(fields[5])); err != nil {
		return nil, fmt.Errorf("day of week: %w", err)
	}
	if len(fields) == 7 {
		set, err := parseField(fields[6], firstYear, lastYear, nil)
		if err != nil {
			return nil, fmt.Errorf("year: %w", err)
		}
		q.years = make([]bool, lastYear-firstYear+1)
		for _, n := range set {
			q.years[n-firstYear] = true
		}
	}
	return q, nil
}

// parseDay reads the fourth field: ?, numbers, L, L-3, LW, 15W.
func (q *quartz) parseDay(text string) error {
	if text == "?" {
		return nil
	}
	days := strings.TrimSuffix(text, "W")
	q.nearWorkday = days != text
	if rest, found := strings.CutPrefix(days, "L"); found {
		q.lastDay = true
		if rest == "" {
			return nil
		}
		n, err := strconv.Atoi(strings.TrimPrefix(rest, "-"))
		if err != nil || !strings.HasPrefix(rest, "-") || n < 0 || n > 30 {
			return fmt.Errorf("%q is not L, LW or L-n with n up to 30", text)
		}
		q.back = n
		return nil
	}
	set, err := parseField(days, 1, 31, nil)
	if err != nil {
		return err
	}
	if q.nearWorkday && len(set) != 1 {
		return fmt.Errorf("%q: W goes with one day", text)
	}
	for _, n := range set {
		q.day |= 1 << n
	}
	return nil
}

// parseWeekday reads the sixth field: ?, 1 to 7 from Sunday, names, L, 6L, 6#3.
func (q *quartz) parseWeekday(text string) error {
	if text == "?" {
		return nil
	}
	day, kind := text, byte(0)
	switch before, after, found := strings.Cut(text, "#"); {
	case found:
		n, err := strconv.Atoi(after)
		if err != nil || n < 1 || n > 5 {
			return fmt.Errorf("%q: after # comes a number from 1 to 5", text)
		}
		day, kind, q.nth = before, '#', n
	case text != "L" && strings.HasSuffix(text, "L"):
		day, kind = strings.TrimSuffix(text, "L"), 'L'
	case text == "L":
		day = "SAT"
	}
	set, err := parseField(day, 1, 7, weekdayNames)
	if err != nil {
		return err
	}
	if kind != 0 && len(set) != 1 {
		return fmt.Errorf("%q: %c goes with one day", text, kind)
	}
	for _, n := range set {
		q.weekday |= 1 << n
	}
	if kind == 'L' {
		q.lastOf = set[0]
	}
	return nil
}

// parseField reads a list of numbers, ranges and steps. A range may go past the
// end: 22-2 are five hours.
func parseField(text string, least, most int, names []string) ([]int, error) {
	var set []int
	for item := range strings.SplitSeq(text, ",") {
		span, stepText, hasStep := strings.Cut(item, "/")
		step := 1
		if hasStep {
			n, err := strconv.Atoi(stepText)
			if err != nil || n < 1 || n > most {
				return nil, fmt.Errorf("%q: after / comes a number from 1 to %d", item, most)
			}
			step = n
		}
		from, to := least, most
		if span != "*" {
			low, high, isRange := strings.Cut(span, "-")
			var err error
			if from, err = parseNumber(low, least, most, names); err != nil {
				return nil, err
			}
			switch {
			case isRange:
				if to, err = parseNumber(high, least, most, names); err != nil {
					return nil, err
				}
			case !hasStep:
				to = from
			}
		}
		size := most - least + 1
		for n := range (to-from+size)%size + 1 {
			if n%step == 0 {
				set = append(set, (from-least+n)%size+least)
			}
		}
	}
	return set, nil
}

func parseNumber(text string, least, most int, names []string) (int, error) {
	for i, name := range names {
		if strings.EqualFold(text, name) {
			return least + i, nil
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most || strings.HasPrefix(text, "+") {
		return 0, fmt.Errorf("%q is no number from %d to %d", text, least, most)
	}
	return n, nil
}

// Next implements Schedule. A time that the clocks leave out in spring is left
// out, too.
func (q *quartz) Next(t time.Time) time.Time {
	after := t.In(q.at)
	for day := midnight(after, 0); day.Year() <= lastYear; day = midnight(day, 1) {
		if q.month&(1<<day.Month()) == 0 || !q.isYear(day.Year()) {
			day = time.Date(day.Year(), day.Month()+1, 0, 12, 0, 0, 0, q.at) // its month's end
			continue
		}
		if !q.isDay(day) {
			continue
		}
		if next := q.within(day, after); !next.IsZero() {
			return next.UTC()
		}
	}
	return time.Time{}
}

// midnight returns a moment of the day so many days on. It is noon, really: some
// places skip the hour after midnight.
func midnight(t time.Time, days int) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day()+days, 12, 0, 0, 0, t.Location())
}

func (q *quartz) isYear(year int) bool {
	return q.years == nil || year >= firstYear && q.years[year-firstYear]
}

func (q *quartz) isDay(day time.Time) bool {
	length := time.Date(day.Year(), day.Month()+1, 0, 12, 0, 0, 0, time.UTC).Day()
	if q.weekday != 0 {
		switch {
		case q.weekday&(1<<(int(day.Weekday())+1)) == 0:
			return false
		case q.nth > 0:
			return (day.Day()-1)/7+1 == q.nth
		case q.lastOf > 0:
			return day.Day()+7 > length
		}
		return true
	}
	switch {
	case q.lastDay:
		wanted := length - q.back
		if q.nearWorkday && wanted > 0 {
			wanted = nearestWorkday(day, wanted, length)
		}
		return day.Day() == wanted
	case q.nearWorkday:
		wanted := bits.TrailingZeros64(q.day)
		return wanted <= length && day.Day() == nearestWorkday(day, wanted, length)
	}
	return q.day&(1<<day.Day()) != 0
}

// nearestWorkday moves a day of day's month off the weekend, without leaving the
// month.
func nearestWorkday(day time.Time, wanted, length int) int {
	switch time.Date(day.Year(), day.Month(), wanted, 12, 0, 0, 0, time.UTC).Weekday() {
	case time.Saturday:
		if wanted == 1 {
			return 3
		}
		return wanted - 1
	case time.Sunday:
		if wanted == length {
			return wanted - 2
		}
		return wanted + 1
	}
	return wanted
}

// within returns the first time of a day after a moment; zero when there is none.
func (q *quartz) within(day, after time.Time) time.Time {
	for h := range 24 {
		if q.hour&(1<<h) == 0 {
			continue
		}
		for m := range 60 {
			if q.minute&(1<<m) == 0 {
				continue
			}
			for s := range 60 {
				if q.second&(1<<s) == 0 {
					continue
				}
				at := time.Date(day.Year(), day.Month(), day.Day(), h, m, s, 0, q.at)
				if at.After(after) && at.Hour() == h && at.Minute() == m {
					return at
				}
			}
		}
	}
	return time.Time{}
}
