package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// Run writes one run with its problems.
func Run(w io.Writer, o Options, run *rollcall.Run, problems []rollcall.Problem) error {
	switch o.Format {
	case JSON:
		type source struct {
			rollcall.SourceRun
			Picture Picture `json:"picture"`
		}
		out := struct {
			*rollcall.Run
			Sources  []source           `json:"sources"`
			Problems []rollcall.Problem `json:"problems"`
		}{Run: run, Sources: []source{}, Problems: problems}
		for _, s := range run.Sources {
			out.Sources = append(out.Sources, source{s, PictureOf(s.Counters)})
		}
		if problems == nil {
			out.Problems = []rollcall.Problem{}
		}
		return WriteJSON(w, out)
	case CSV:
		return Runs(w, o, []rollcall.Run{*run})
	}
	out := &writer{w: w}
	runText(out, o, run)
	if len(problems) > 0 {
		out.printf("\n%s\n", o.paint(bold, "Problems"))
		problemsText(out, o, problems)
	}
	return out.err
}

func runText(w *writer, o Options, run *rollcall.Run) {
	w.printf("%s %s %s", o.paint(bold, fmt.Sprintf("Run %d", run.ID)), Printable(run.Kind), o.paint(stateStyle(run.State), Printable(string(run.State))))
	if run.Undoes != 0 {
		w.printf(" of run %d", run.Undoes)
	}
	w.printf("\n  started %s", o.when(run.Started))
	if !run.Ended.IsZero() {
		w.printf(", took %s", took(run.Ended.Sub(run.Started)))
	}
	if run.By != "" {
		w.printf(", by %s", Printable(run.By))
	}
	w.printf("\n")
	if run.Error != "" {
		w.printf("  %s\n", o.paint(red, Printable(run.Error)))
	}
	for i := range run.Sources {
		s := &run.Sources[i]
		c := &s.Counters
		w.printf("\n%s: %d read, %s\n", o.paint(bold, Printable(s.Source)), c.Read, counted(c.Errors(), "error"))
		if s.Load != "" {
			w.printf("  %s load: %s\n", Printable(string(s.Load)), Printable(s.Why))
		}
		if s.Held != "" {
			w.printf("  %s\n", o.paint(red, "held: "+Printable(s.Held)))
		}
		p := PictureOf(*c)
		p.text(w, o)
		for _, extra := range []struct {
			n    int
			text string
		}{
			{c.Missing, "not seen, their time still runs"},
			{c.Repaired, "put right after a change from elsewhere"},
			{c.EntryProblems, "with problems of their own"},
			{s.Granted, "given to members of groups"},
			{s.Taken, "taken from who left a group"},
		} {
			if extra.n > 0 {
				w.printf("  %d %s\n", extra.n, extra.text)
			}
		}
	}
}

func stateStyle(s rollcall.RunState) style {
	switch s {
	case rollcall.RunCompleted:
		return green
	case rollcall.RunFailed, rollcall.RunHeld:
		return red
	}
	return yellow
}

// took writes a span of time as people say it.
func took(d time.Duration) string {
	switch {
	case d < 0:
		return "?"
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + " s"
	}
	return d.Round(time.Second).String()
}

// Runs writes a list of runs, one a line.
func Runs(w io.Writer, o Options, runs []rollcall.Run) error {
	switch o.Format {
	case JSON:
		if runs == nil {
			runs = []rollcall.Run{}
		}
		return WriteJSON(w, runs)
	case CSV:
		c := newCSV(w, o)
		c.row("id", "kind", "state", "started", "ended", "by", "sources", "read", "created", "updated", "joined", "gone", "errors", "error")
		for i := range runs {
			r := &runs[i]
			s := sumOf(r)
			c.row(strconv.FormatInt(r.ID, 10), r.Kind, string(r.State), stamp(r.Started), stamp(r.Ended), r.By, strings.Join(s.sources, " "),
				strconv.Itoa(s.read), strconv.Itoa(s.created), strconv.Itoa(s.updated), strconv.Itoa(s.joined), strconv.Itoa(s.gone), strconv.Itoa(s.errors), r.Error)
		}
		return c.flush()
	}
	out := &writer{w: w}
	if len(runs) == 0 {
		out.printf("There are no runs yet.\n")
		return out.err
	}
	t := textTable{options: o}
	t.add(bold, "run", "kind", "state", "started", "took", "created", "updated", "joined", "gone", "errors", "sources", "by")
	for i := range runs {
		r := &runs[i]
		s := sumOf(r)
		duration := ""
		if !r.Ended.IsZero() {
			duration = took(r.Ended.Sub(r.Started))
		}
		t.add(rowStyle(r.State), strconv.FormatInt(r.ID, 10), r.Kind, string(r.State), o.when(r.Started), duration,
			strconv.Itoa(s.created), strconv.Itoa(s.updated), strconv.Itoa(s.joined), strconv.Itoa(s.gone), strconv.Itoa(s.errors),
			strings.Join(s.sources, " "), r.By)
	}
	t.write(out, "")
	return out.err
}

func rowStyle(s rollcall.RunState) style {
	if s == rollcall.RunFailed || s == rollcall.RunHeld {
		return red
	}
	return plain
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// sum is what the list of runs says of one.
type sum struct {
	sources                                      []string
	read, created, updated, joined, gone, errors int
}

func sumOf(r *rollcall.Run) sum {
	var s sum
	for i := range r.Sources {
		c := &r.Sources[i].Counters
		s.sources = append(s.sources, r.Sources[i].Source)
		s.read += c.Read
		s.created += c.Created
		s.updated += c.Updated
		s.joined += c.NewUpdated + c.NewUnchanged
		s.gone += c.Deleted + c.Obsoleted + c.DisappearedNoAction
		s.errors += c.Errors()
	}
	return s
}

// Problems writes a list of problems.
func Problems(w io.Writer, o Options, problems []rollcall.Problem) error {
	switch o.Format {
	case JSON:
		if problems == nil {
			problems = []rollcall.Problem{}
		}
		return WriteJSON(w, problems)
	case CSV:
		c := newCSV(w, o)
		c.row("source", "key", "entry", "attribute", "value", "rule", "reason", "warning")
		for _, p := range problems {
			c.row(p.Source, p.Key, p.Entry, p.Attribute, p.Value, p.Rule, p.Reason, strconv.FormatBool(p.Warning))
		}
		return c.flush()
	}
	out := &writer{w: w}
	if len(problems) == 0 {
		out.printf("There are no problems.\n")
	}
	problemsText(out, o, problems)
	return out.err
}

// problemsText writes two lines a problem: where it is, and what is wrong.
func problemsText(w *writer, o Options, problems []rollcall.Problem) {
	for i := range problems {
		p := &problems[i]
		where := Printable(p.Source)
		switch {
		case p.Entry != "":
			where += ", " + short(p.Entry, widest)
		case p.Key != "":
			where += ", " + short(p.Key, widest)
		}
		what := Printable(p.Reason)
		if p.Attribute != "" {
			what = Printable(p.Attribute) + ": " + what
		}
		if p.Value != "" {
			what += " (value \"" + short(p.Value, widest) + "\""
			if p.Rule != "" {
				what += ", rule " + short(p.Rule, widest)
			}
			what += ")"
		} else if p.Rule != "" {
			what += " (rule " + short(p.Rule, widest) + ")"
		}
		sign, s := "!", red
		if p.Warning {
			sign, s = "?", yellow
		}
		w.printf("  %s %s\n    %s\n", o.paint(s, sign), where, what)
	}
}
