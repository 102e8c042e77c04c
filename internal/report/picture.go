package report

import (
	"fmt"
	"io"
	"strings"

	"rollcall/internal/rollcall"
)

// Picture is what the status page of a data source shows of one run (facts:
// iTop 3.2.0, status tab): every replica is in one of four groups, and every
// group is split by what became of it.
type Picture struct {
	Processed   int         `json:"replica_processed"`
	Objects     int         `json:"objects"`
	Ignored     int         `json:"ignored"`
	Disappeared Disappeared `json:"disappeared"`
	Existing    Existing    `json:"existing"`
	New         New         `json:"new"`
}

// Disappeared splits the replicas whose entries are gone.
type Disappeared struct {
	Total     int `json:"total"`
	NoAction  int `json:"no_action"`
	Deleted   int `json:"deleted"`
	Obsoleted int `json:"obsoleted"`
	Errors    int `json:"errors"`
}

// Existing splits the replicas that were there before and whose entries were
// seen.
type Existing struct {
	Total     int `json:"total"`
	Unchanged int `json:"unchanged"`
	Updated   int `json:"updated"`
	Errors    int `json:"errors"`
	Warnings  int `json:"warnings"` // among the updated
}

// New splits the replicas that had no object.
type New struct {
	Total           int `json:"total"`
	Unchanged       int `json:"unchanged"`
	Updated         int `json:"updated"`
	Created         int `json:"created"`
	Errors          int `json:"errors"`
	UpdatedWarnings int `json:"updated_warnings"`
	CreatedWarnings int `json:"created_warnings"`
}

// PictureOf computes the picture of one run from its counters.
func PictureOf(c rollcall.Counters) Picture {
	p := Picture{
		Disappeared: Disappeared{
			NoAction: c.DisappearedNoAction, Deleted: c.Deleted, Obsoleted: c.Obsoleted,
			Errors: c.ObsoletedErrors + c.DeletedErrors,
		},
		New: New{
			Unchanged: c.NewUnchanged, Updated: c.NewUpdated, Created: c.Created,
			Errors:          c.CreatedErrors + c.ReconciledErrors,
			UpdatedWarnings: c.NewUpdatedWarnings, CreatedWarnings: c.CreatedWarnings,
		},
	}
	d, n := &p.Disappeared, &p.New
	d.Total = d.Errors + d.Obsoleted + d.Deleted + d.NoAction
	n.Total = n.Created + n.Errors + n.Updated + n.Unchanged
	existing := c.Seen - n.Total
	p.Existing = Existing{
		Total:   existing,
		Updated: c.Updated, Errors: c.UpdatedErrors, Warnings: c.UpdatedWarnings,
		Unchanged: existing - c.Updated - c.UpdatedErrors,
	}
	p.Ignored = c.Total - n.Total - existing - d.Total
	p.Objects = n.Total + existing + d.Total
	p.Processed = p.Objects + p.Ignored
	return p
}

// Status writes the picture of one source's part of a run. Class names its
// objects.
func Status(w io.Writer, o Options, class string, s *rollcall.SourceRun) error {
	p := PictureOf(s.Counters)
	switch o.Format {
	case JSON:
		return WriteJSON(w, struct {
			Source   string            `json:"source"`
			Class    string            `json:"class"`
			Picture  Picture           `json:"picture"`
			Counters rollcall.Counters `json:"counters"`
		}{s.Source, class, p, s.Counters})
	case CSV:
		c := newCSV(w, o)
		c.row("source", "group", "outcome", "count")
		for _, g := range p.groups() {
			c.row(s.Source, g.name, "total", fmt.Sprint(g.total))
			for _, f := range g.figures {
				c.row(s.Source, g.name, f.name, fmt.Sprint(f.n))
			}
		}
		return c.flush()
	}
	out := &writer{w: w}
	out.printf("%s: %s processed, %s: %d\n", Printable(s.Source), counted(p.Processed, "replica"), Printable(class), p.Objects)
	p.text(out, o)
	return out.err
}

type group struct {
	name    string
	total   int
	figures []figure
}

type figure struct {
	name     string
	n        int
	warnings int
	style    style
}

func (p *Picture) groups() []group {
	d, e, n := p.Disappeared, p.Existing, p.New
	return []group{
		{"ignored", p.Ignored, nil},
		{"disappeared", d.Total, []figure{
			{"no action", d.NoAction, 0, plain}, {"deleted", d.Deleted, 0, red},
			{"obsoleted", d.Obsoleted, 0, yellow}, {"errors", d.Errors, 0, red},
		}},
		{"existing", e.Total, []figure{
			{"unchanged", e.Unchanged, 0, plain}, {"updated", e.Updated, e.Warnings, yellow}, {"errors", e.Errors, 0, red},
		}},
		{"new", n.Total, []figure{
			{"unchanged", n.Unchanged, 0, plain}, {"updated", n.Updated, n.UpdatedWarnings, yellow},
			{"created", n.Created, n.CreatedWarnings, green}, {"errors", n.Errors, 0, red},
		}},
	}
}

// text writes one line a group: what is zero is dimmed.
func (p *Picture) text(w *writer, o Options) {
	for _, g := range p.groups() {
		parts := make([]string, len(g.figures))
		for i, f := range g.figures {
			s := f.style
			if f.n == 0 {
				s = dim
			}
			parts[i] = o.paint(s, fmt.Sprintf("%d %s", f.n, f.name))
			if f.warnings > 0 {
				parts[i] += " (" + counted(f.warnings, "warning") + ")"
			}
		}
		line := fmt.Sprintf("  %-11s %7d   %s", g.name, g.total, strings.Join(parts, ", "))
		w.printf("%s\n", strings.TrimRight(line, " "))
	}
}
