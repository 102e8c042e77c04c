package jobs

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"rollcall/internal/rollcall"
)

// Schedule says when an entry of the timetable is due.
type Schedule interface {
	// Next returns the first moment after t; the zero time when there is none.
	Next(t time.Time) time.Time
}

// shortest is the shortest interval: a run takes its time, and a directory is
// not ours alone.
const shortest = time.Second

// ParseCron reads a cron expression: five fields as in crontab(5), or six to
// seven as Quartz has them, seconds first, with ? in one of the two day fields
// and L, W and #. Times are those of the location.
func ParseCron(text string, at *time.Location) (Schedule, error) {
	fields := strings.Fields(text)
	switch n := len(fields); {
	case n == 5:
		parsed, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(text)
		if err != nil {
			return nil, rollcall.Errorf(rollcall.Invalid, "the cron expression %q: %w", text, err)
		}
		return inPlace{parsed, at}, nil
	case n == 6, n == 7:
		if (fields[3] == "?") == (fields[5] == "?") {
			return nil, rollcall.Errorf(rollcall.Invalid, "the cron expression %q has six fields, so it is Quartz's: exactly one of day of month (the fourth) and day of week (the sixth) must be ?", text)
		}
		parsed, err := parseQuartz(fields, at)
		if err != nil {
			return nil, rollcall.Errorf(rollcall.Invalid, "the cron expression %q: %w", text, err)
		}
		return parsed, nil
	default:
		return nil, rollcall.Errorf(rollcall.Invalid, "the cron expression %q has %d fields: five as in crontab (minute hour day month weekday), or six as in Quartz, seconds first", text, n)
	}
}

// inPlace keeps the times of a crontab in its location.
type inPlace struct {
	cron.Schedule
	at *time.Location
}

func (s inPlace) Next(t time.Time) time.Time { return s.Schedule.Next(t.In(s.at)) }

// Every returns a schedule of fixed intervals, counted from midnight UTC of some
// day for all, so that a restart neither moves nor repeats them.
func Every(interval time.Duration) (Schedule, error) {
	if interval < shortest {
		return nil, rollcall.Errorf(rollcall.Invalid, "an interval of %s is too short; the shortest is %s", interval, shortest)
	}
	return every(interval), nil
}

type every time.Duration

func (e every) Next(t time.Time) time.Time {
	return t.Truncate(time.Duration(e)).Add(time.Duration(e))
}

func (e every) String() string { return fmt.Sprintf("every %s", time.Duration(e)) }
