package jobs_test

import (
	"strings"
	"testing"
	"time"

	"rollcall/internal/jobs"
	"rollcall/internal/rollcall"
)

func TestSchedulesAreDueWhenTheySay(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	const form = "Mon 2006-01-02 15:04:05"
	from := time.Date(2026, 3, 27, 23, 30, 0, 0, time.UTC) // a Friday
	for text, want := range map[string][]string{
		"0 2 * * *":          {"Sat 2026-03-28 02:00:00", "Mon 2026-03-30 02:00:00"}, // the night to Sunday has no two o'clock
		"*/15 * * * *":       {"Sat 2026-03-28 00:45:00", "Sat 2026-03-28 01:00:00"},
		"30 6 * * mon-fri":   {"Mon 2026-03-30 06:30:00", "Tue 2026-03-31 06:30:00"},
		"0 0 1,15 * *":       {"Wed 2026-04-01 00:00:00", "Wed 2026-04-15 00:00:00"},
		"0 */10 * ? * *":     {"Sat 2026-03-28 00:40:00", "Sat 2026-03-28 00:50:00"},
		"0 59 23 ? * *":      {"Sat 2026-03-28 23:59:00", "Sun 2026-03-29 23:59:00"},
		"0 0 12 ? * 2":       {"Mon 2026-03-30 12:00:00", "Mon 2026-04-06 12:00:00"}, // Quartz counts from Sunday, 1
		"0 15 10 ? * 6L":     {"Fri 2026-04-24 10:15:00", "Fri 2026-05-29 10:15:00"},
		"0 15 10 ? * 6#3":    {"Fri 2026-04-17 10:15:00", "Fri 2026-05-15 10:15:00"},
		"0 0 3 L * ?":        {"Tue 2026-03-31 03:00:00", "Thu 2026-04-30 03:00:00"},
		"0 0 12 * * ? 2027":  {"Fri 2027-01-01 12:00:00", "Sat 2027-01-02 12:00:00"},
		"15 30 8 ? JUN MON":  {"Mon 2026-06-01 08:30:15", "Mon 2026-06-08 08:30:15"},
		"0 0 22-23/1 5 4 ? ": {"Sun 2026-04-05 22:00:00", "Sun 2026-04-05 23:00:00"},
		"0 0 0 31 4-7 ?":     {"Sun 2026-05-31 00:00:00", "Fri 2026-07-31 00:00:00"}, // not the first of the next
		"0 0 0 29 2 ?":       {"Tue 2028-02-29 00:00:00", "Sun 2032-02-29 00:00:00"},
		"0 0 6 LW * ?":       {"Tue 2026-03-31 06:00:00", "Thu 2026-04-30 06:00:00", "Fri 2026-05-29 06:00:00"},
		"0 0 6 1W * ?":       {"Wed 2026-04-01 06:00:00", "Fri 2026-05-01 06:00:00", "Mon 2026-06-01 06:00:00", "Wed 2026-07-01 06:00:00", "Mon 2026-08-03 06:00:00"},
		"0 0 6 L-1 * ?":      {"Mon 2026-03-30 06:00:00", "Wed 2026-04-29 06:00:00"},
		"0 0 6 ? * SAT-MON":  {"Sat 2026-03-28 06:00:00", "Sun 2026-03-29 06:00:00", "Mon 2026-03-30 06:00:00", "Sat 2026-04-04 06:00:00"},
		"0 0 6 ? * 2#5":      {"Mon 2026-03-30 06:00:00", "Mon 2026-06-29 06:00:00"},
		"0 0 6 ? * L":        {"Sat 2026-03-28 06:00:00", "Sat 2026-04-04 06:00:00"},
		"0 30 2 * * ?":       {"Sat 2026-03-28 02:30:00", "Mon 2026-03-30 02:30:00"},
	} {
		s, err := jobs.ParseCron(text, berlin)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		at := from
		for _, w := range want {
			at = s.Next(at)
			if got := at.In(berlin).Format(form); got != w {
				t.Errorf("%s: got %s, want %s", text, got, w)
			}
		}
	}
}

func TestACronExpressionThatIsNoneSaysSo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":               "has 0 fields",
		"* * *":          "has 3 fields",
		"61 * * * *":     "61",
		"0 0 12 * * *":   "exactly one of day of month",
		"0 0 12 ? * ?":   "exactly one of day of month",
		"0 0 25 ? * *":   `hours: "25"`,
		"0 0 1 1 1 ? x":  `year: "x"`,
		"@daily":         "has 1 fields",
		"0 0 1 32 * ?":   `"32" is no number from 1 to 31`,
		"0 0 1 L-x * ?":  "L-n",
		"0 0 1 ? * 8":    `"8" is no number from 1 to 7`,
		"0 0 1 ? * 6#6":  "from 1 to 5",
		"0 0 1 1-3W * ?": "goes with one day",
		"0 0/0 1 1 * ?":  "after / comes a number",
		"0 0 1 1 * ? 1":  "from 1970 to 2099",
	} {
		_, err := jobs.ParseCron(text, time.UTC)
		if rollcall.KindOf(err) != rollcall.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want Invalid with %q", text, err, want)
		}
	}
}

func TestIntervalsDoNotDependOnWhenTheProgramStarted(t *testing.T) {
	t.Parallel()
	hourly, err := jobs.Every(time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 27, 23, 30, 1, 5, time.UTC)
	if got, want := hourly.Next(at), time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := hourly.Next(hourly.Next(at)), time.Date(2026, 3, 28, 1, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := jobs.Every(0); rollcall.KindOf(err) != rollcall.Invalid {
		t.Errorf("got %v, want an interval of 0 refused", err)
	}
}

func TestAScheduleMayHaveNoNextTime(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"0 0 0 31 2 ?", "0 0 12 * * ? 1999", "0 0 31 2 *"} {
		s, err := jobs.ParseCron(text, time.UTC)
		if err != nil {
			t.Fatal(err)
		}
		if next := s.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)); !next.IsZero() {
			t.Errorf("%s: got %s, want never", text, next)
		}
	}
}

func FuzzParseCron(f *testing.F) {
	for _, s := range []string{"0 2 * * *", "0 */10 * ? * *", "0 15 10 ? * 6#3", "0 0 3 L-2 * ?", "* * * * *", "0 0 12 LW * ? 2027-2030"} {
		f.Add(s)
	}
	at := time.Date(2026, 3, 27, 23, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := jobs.ParseCron(text, time.UTC)
		if err != nil {
			return
		}
		if next := s.Next(at); !next.IsZero() && !next.After(at) {
			t.Errorf("%q: the next time %s is not after %s", text, next, at)
		}
	})
}
