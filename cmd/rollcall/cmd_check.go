package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"rollcall/internal/engine"
	"rollcall/internal/report"
	"rollcall/internal/rollcall"
	"rollcall/internal/source"
)

type checkCmd struct {
	data
	Entries int      `default:"3" placeholder:"N" help:"How many entries to show, as read and as mapped."`
	Groups  bool     `help:"List the groups that bindings of a source may choose, with their identifiers."`
	All     bool     `help:"Look at every entry, not only the first thousand."`
	Sources []string `arg:"" optional:"" name:"source" help:"The sources to check; all of them when none is named."`
}

// Help is the manual's text.
func (checkCmd) Help() string {
	return `Connects, signs in, and looks for everything that a run needs; shows some entries as they are read and
as they are mapped; then looks for what will be trouble: entries without a key or a mandatory value,
values that an attribute does not take, several entries for one object, references to nobody, fields
that never have a value, loops of managers, huge and circular groups. It changes nothing and needs no
database.

Exit codes: 0 nothing found, 1 a source cannot be read, 3 something would be a problem.

Examples:

    rollcall check
    rollcall check persons --entries 10
    rollcall check users --groups      what roles, profiles and paths may be bound to
    rollcall check --all --json        every entry of every source, for scripts`
}

// checked is what was found out about one source.
type checked struct {
	Source   string         `json:"source"`
	Checks   []report.Check `json:"checks"`
	Entries  []sample       `json:"entries"`
	LookedAt int            `json:"looked_at"`
	Findings []finding      `json:"findings"`
	Groups   []pickable     `json:"groups,omitempty"`
	failed   bool
}

// sample is one entry, as read and as mapped.
type sample struct {
	Entry  string        `json:"entry"`
	Key    string        `json:"key"`
	Read   []sampleValue `json:"read"`
	Mapped []sampleValue `json:"mapped"`
}

type sampleValue struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// sampler is the ability of a collector to give its first entries.
type sampler interface {
	Sample(ctx context.Context, n int, emit func(*rollcall.Entry) error) error
}

// sampleSize is how many entries are looked at unless all are asked for.
const sampleSize = 1000

// Run carries the command out.
func (c *checkCmd) Run(ctx context.Context, p *program) error {
	setup, err := p.load()
	if err != nil {
		return err
	}
	sources, err := setup.choose(c.Sources)
	if err != nil {
		return err
	}
	names := namesSeen{}
	var all []*checked
	for _, src := range sources {
		job, err := setup.job(src)
		if err != nil {
			return err
		}
		one := c.one(ctx, job, names)
		if err := ctx.Err(); err != nil {
			return err
		}
		all = append(all, one)
		if !c.JSON {
			if err := c.print(p, one); err != nil {
				return err
			}
		}
	}
	if c.JSON {
		if err := report.WriteJSON(p.out, all); err != nil {
			return err
		}
	}
	return verdict(all)
}

// verdict turns what was found into the command's end.
func verdict(all []*checked) error {
	end := error(nil)
	for _, one := range all {
		if one.failed {
			return ended{code: exitFailed}
		}
		for _, f := range one.Findings {
			if f.Level == source.Warning {
				end = ended{code: exitProblems}
			}
		}
		for _, f := range one.Checks {
			if f.Verdict == report.Warned {
				end = ended{code: exitProblems}
			}
		}
	}
	return end
}

// one checks one source. What keeps it from being read is a check that failed.
func (c *checkCmd) one(ctx context.Context, job engine.Job, names namesSeen) *checked {
	one := &checked{Source: job.Source.Name, Checks: []report.Check{}, Entries: []sample{}, Findings: []finding{}}
	add := func(v report.Verdict, name, detail string) {
		one.Checks = append(one.Checks, report.Check{Name: name, Verdict: v, Detail: detail})
		one.failed = one.failed || v == report.Failed
	}
	if checker, ok := job.Collector.(source.Checker); ok {
		findings, err := checker.Check(ctx)
		for _, f := range findings {
			add(verdictOf(f.Level), one.Source, f.Text)
		}
		if err != nil {
			add(report.Failed, one.Source, err.Error())
			return one
		}
	}
	lint := newLinter(&job, names)
	row := make(rollcall.Row, len(job.Source.Rules.Attributes))
	take := func(e *rollcall.Entry) error {
		clear(row)
		problems := job.Mapper.Map(e, row)
		if len(one.Entries) < c.Entries {
			one.Entries = append(one.Entries, sampleOf(&job, e, row))
		}
		lint.take(e, row, problems)
		return nil
	}
	sampling, ok := job.Collector.(sampler)
	var err error
	if ok && !c.All {
		err = sampling.Sample(ctx, sampleSize, take)
	} else {
		_, err = job.Collector.Collect(ctx, take)
	}
	if err != nil {
		add(report.Failed, one.Source, err.Error())
	}
	one.LookedAt = lint.entries
	if c.Groups && err == nil {
		if one.Groups, err = pickables(ctx, job.Collector); err != nil {
			add(report.Failed, one.Source, err.Error())
		}
	}
	one.Findings = append(one.Findings, lint.findings(err == nil && (!ok || c.All || lint.entries < sampleSize))...)
	return one
}

func verdictOf(l source.Level) report.Verdict {
	if l == source.Warning {
		return report.Warned
	}
	return report.Passed
}

// sampleOf keeps an entry to be shown.
func sampleOf(job *engine.Job, e *rollcall.Entry, row rollcall.Row) sample {
	s := sample{Entry: string(e.Name), Key: string(e.Key)}
	for i, name := range e.Fields {
		var values []string
		for _, v := range e.Values[i] {
			values = append(values, report.Printable(string(v)))
		}
		s.Read = append(s.Read, sampleValue{name, values})
	}
	for i := range job.Source.Rules.Attributes {
		att := job.Source.Rules.Attributes[i].Attribute
		if !row[i].Set {
			continue
		}
		value := row[i].Text
		switch att.Type {
		case rollcall.TypeImage:
			value = rollcall.PictureText(value)
		case rollcall.TypePassword:
			value = "*****"
		case rollcall.TypeLinks:
			value = strings.ReplaceAll(value, "\n", "; ")
		}
		s.Mapped = append(s.Mapped, sampleValue{att.Code, []string{value}})
	}
	return s
}

// print shows what was found out about a source.
func (c *checkCmd) print(p *program, one *checked) error {
	look := p.look(c.data)
	err := report.Checks(p.out, look, one.Checks)
	for _, s := range one.Entries {
		fmt.Fprintf(p.out, "\n  %s\n    key %s\n", report.Printable(s.Entry), report.Printable(s.Key))
		err = errors.Join(err, printValues(p, "as read", s.Read), printValues(p, "as mapped", s.Mapped))
	}
	err = errors.Join(err, printGroups(p, one.Groups))
	if !one.failed {
		fmt.Fprintf(p.out, "\n%s: looked at %d entries", one.Source, one.LookedAt)
		if len(one.Findings) == 0 {
			fmt.Fprint(p.out, "; nothing will be trouble")
		}
		fmt.Fprintln(p.out, ".")
	}
	for _, f := range one.Findings {
		sign := "?"
		if f.Level == source.Warning {
			sign = "!"
		}
		fmt.Fprintf(p.out, "  %s %s\n", sign, report.Printable(f.Text))
		for _, example := range f.Examples {
			fmt.Fprintf(p.out, "      %s\n", report.Printable(example))
		}
	}
	_, e := fmt.Fprintln(p.out)
	return errors.Join(err, e)
}

// mostShown is how many values of a field, and characters of a value, check
// shows.
const (
	mostShown  = 3
	widestShow = 90
)

func printValues(p *program, title string, values []sampleValue) error {
	width := 0
	for _, v := range values {
		width = max(width, len(v.Name))
	}
	_, err := fmt.Fprintf(p.out, "    %s\n", title)
	for _, v := range values {
		shown := "-"
		if len(v.Values) > 0 {
			shown = strings.Join(v.Values[:min(mostShown, len(v.Values))], " | ")
		}
		if runes := []rune(shown); len(runes) > widestShow {
			shown = string(runes[:widestShow]) + "…"
		}
		if more := len(v.Values) - mostShown; more > 0 {
			shown += fmt.Sprintf(" and %d more", more)
		}
		_, err = fmt.Fprintf(p.out, "      %-*s  %s\n", width, v.Name, report.Printable(shown))
	}
	return err
}
