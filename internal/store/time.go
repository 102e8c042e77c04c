package store

import (
	"time"
)

// timeForm is how a time is kept, on both databases as text: it sorts, anybody
// can read it, and no driver turns it into another zone.
const timeForm = "2006-01-02 15:04:05.000000"

// timeText returns a time in UTC cut to microseconds, nil for the zero time.
func timeText(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Truncate(time.Microsecond).Format(timeForm)
}

// parseTime reads what timeText wrote; the empty text is the zero time.
func parseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(timeForm, text)
}
