package config

import (
	"slices"
	"time"
)

// Line is one line of the timetable: which sources are run, and when. Times are
// checked by whoever keeps the timetable.
type Line struct {
	Position
	Name    string
	Sources []string      // none: all
	Cron    string        // "" for none
	Every   time.Duration // 0 for none; a line without either is run on demand
	Zone    *time.Location
	Retries int

	cron *value
}

// DefaultRetries is how often a job that failed is tried again.
const DefaultRetries = 5

// CronPosition is where the line's cron expression stands.
func (l *Line) CronPosition() Position {
	if l.cron == nil {
		return l.Position
	}
	return l.cron.Position
}

func (c *Config) readTimetable(r *reader, v *value) {
	r.named(v, "timetable", func(name text, v *value) {
		l := Line{Position: name.Position, Name: name.Text, Zone: time.Local, Retries: DefaultRetries}
		var zone string
		r.section(v, "timetable "+name.Text, keys{
			"sync":  r.texts(&l.Sources),
			"cron":  func(v *value) { r.name(&l.Cron)(v); l.cron = v },
			"every": r.duration(&l.Every),
			"zone": func(v *value) {
				r.name(&zone)(v)
				at, err := time.LoadLocation(zone)
				if err != nil {
					r.problem(v.Position, "%q is no time zone, such as Europe/Berlin or UTC", zone)
					return
				}
				l.Zone = at
			},
			"retries": r.number(&l.Retries, 0, 100),
		})
		if every := v.get("every"); every != nil && l.Every < time.Minute {
			r.problem(every.Position, "a minute is the shortest interval")
		}
		if l.Cron != "" && l.Every != 0 {
			r.problem(name.Position, "cron and every contradict one another; give one of them")
		}
		for i, source := range l.Sources {
			if c.Source(source) == nil && !r.misspelt[key{nil, source}] {
				at := v.get("sync")
				if at.shape == list {
					at = at.items[i]
				}
				r.problem(at.Position, "there is no source %q%s", source, didYouMean(source, c.sourceNames()))
			}
		}
		c.Timetable = append(c.Timetable, l)
	})
}

func (c *Config) sourceNames() []string {
	names := make([]string, len(c.Sources))
	for i := range c.Sources {
		names[i] = c.Sources[i].Name
	}
	slices.Sort(names)
	return names
}
