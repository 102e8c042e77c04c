package config

import (
	"slices"
	"time"
)

// The kinds of work that a line of the timetable may ask for.
const (
	WorkSync    = "sync"    // bring in what is new and changed, and see to what is gone
	WorkImport  = "import"  // bring in what is new and changed
	WorkRemoval = "removal" // see to what is gone
	WorkQueue   = "queue"   // try again what failed
)

// allSources stands for every source in a line of the timetable.
const allSources = "all"

// Line is one line of the timetable: what is done to which sources, and when.
// Times are checked by whoever keeps the timetable.
type Line struct {
	Position
	Name    string
	Work    string        // one of the kinds of work
	Sources []string      // none: all
	Cron    string        // "" for none
	Every   time.Duration // 0 for none; a line without either is run on demand
	Zone    *time.Location
	Retries int // of the job; of queue work also of each entry

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
		l := Line{Position: name.Position, Name: name.Text, Work: WorkSync, Zone: time.Local, Retries: DefaultRetries}
		var zone string
		r.section(v, "timetable "+name.Text, keys{
			WorkSync:    r.texts(&l.Sources),
			WorkImport:  r.texts(&l.Sources),
			WorkRemoval: r.texts(&l.Sources),
			WorkQueue:   r.texts(&l.Sources),
			"cron":      func(v *value) { r.name(&l.Cron)(v); l.cron = v },
			"every":     r.duration(&l.Every),
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
		c.readWork(r, v, &l)
		c.Timetable = append(c.Timetable, l)
	})
}

// readWork finds out which kind of work a line asks for.
func (c *Config) readWork(r *reader, v *value, l *Line) {
	var at *value
	for _, work := range []string{WorkSync, WorkImport, WorkRemoval, WorkQueue} {
		written := v.get(work)
		switch {
		case written == nil:
		case at != nil:
			r.problem(written.Position, "a line does one thing: %s and %s need a line each", l.Work, work)
		default:
			at, l.Work = written, work
		}
	}
	if len(l.Sources) == 1 && l.Sources[0] == allSources && c.Source(allSources) == nil {
		l.Sources = nil
		return
	}
	for i, source := range l.Sources {
		if c.Source(source) == nil && !r.misspelt[key{nil, source}] {
			place := at
			if place.shape == list {
				place = place.items[i]
			}
			r.problem(place.Position, "there is no source %q%s", source, didYouMean(source, c.sourceNames()))
		}
	}
}

func (c *Config) sourceNames() []string {
	names := make([]string, len(c.Sources))
	for i := range c.Sources {
		names[i] = c.Sources[i].Name
	}
	slices.Sort(names)
	return names
}
