package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// Plan writes the changes of a plan or a run as they come, problems and the sum
// at the end: memory does not grow with the number of changes.
type Plan struct {
	options  Options
	out      *writer
	csv      *csvWriter
	source   string // the one whose changes are being written
	changes  int
	verbs    map[rollcall.Verb]int
	problems []rollcall.Problem
}

// Summary counts the changes of a plan.
type Summary struct {
	Changes  int                   `json:"changes"` // all but those that only note something
	Verbs    map[rollcall.Verb]int `json:"verbs"`
	Problems int                   `json:"problems"`
}

// verbs are all verbs in the order of a report, each with its sign and colour.
var verbs = []struct {
	verb  rollcall.Verb
	sign  string
	style style
}{
	{rollcall.VerbProvision, "+", green},
	{rollcall.VerbJoin, "=", green},
	{rollcall.VerbUpdate, "~", yellow},
	{rollcall.VerbRepair, "~", yellow},
	{rollcall.VerbRestore, "+", green},
	{rollcall.VerbDisable, "-", red},
	{rollcall.VerbDelete, "-", red},
	{rollcall.VerbGrant, "+", green},
	{rollcall.VerbTake, "-", red},
	{rollcall.VerbForget, "-", dim},
	{rollcall.VerbMiss, "?", dim},
	{rollcall.VerbMove, ">", dim},
	{rollcall.VerbFail, "!", red},
}

// NotesOnly reports whether a change touches no object: an entry was missed for
// now or has another name, or nothing could be done.
func NotesOnly(v rollcall.Verb) bool {
	return v == rollcall.VerbMiss || v == rollcall.VerbMove || v == rollcall.VerbFail
}

var planColumns = []string{
	"source", "verb", "class", "id", "name", "key", "entry",
	"attribute", "old", "new", "old_text", "new_text", "why", "error",
}

// NewPlan starts a plan on w.
func NewPlan(w io.Writer, o Options) *Plan {
	p := &Plan{options: o, out: &writer{w: w}, verbs: map[rollcall.Verb]int{}}
	switch o.Format {
	case JSON:
		p.out.printf("{\n  \"changes\": [")
	case CSV:
		p.csv = newCSV(w, o)
		p.csv.row(append([]string(nil), planColumns...)...)
	}
	return p
}

// Change writes one change.
func (p *Plan) Change(c *rollcall.Change) error {
	p.verbs[c.Verb]++
	if !NotesOnly(c.Verb) {
		p.changes++
	}
	switch p.options.Format {
	case JSON:
		return p.changeJSON(c)
	case CSV:
		p.changeCSV(c)
		return p.csv.Error()
	}
	if NotesOnly(c.Verb) && c.Verb != rollcall.VerbFail && !p.options.Verbose {
		return p.out.err
	}
	p.changeText(c)
	return p.out.err
}

// Problem keeps a problem, to be written after the changes.
func (p *Plan) Problem(problem *rollcall.Problem) error {
	p.problems = append(p.problems, *problem)
	return nil
}

// Summary returns the counts so far.
func (p *Plan) Summary() Summary {
	return Summary{Changes: p.changes, Verbs: p.verbs, Problems: len(p.problems)}
}

// Close writes the problems and the sum. The run may be nil.
func (p *Plan) Close(run *rollcall.Run) error {
	switch p.options.Format {
	case JSON:
		return p.closeJSON(run)
	case CSV:
		return p.csv.flush()
	}
	p.closeText(run)
	return p.out.err
}

func (p *Plan) changeJSON(c *rollcall.Change) error {
	raw, err := toJSON(c, "")
	if err != nil {
		return err
	}
	if p.total() > 1 {
		p.out.printf(",")
	}
	p.out.printf("\n    %s", raw)
	return p.out.err
}

func (p *Plan) total() int {
	n := 0
	for _, count := range p.verbs {
		n += count
	}
	return n
}

func (p *Plan) closeJSON(run *rollcall.Run) error {
	rest := struct {
		Problems []rollcall.Problem `json:"problems"`
		Run      *rollcall.Run      `json:"run,omitempty"`
		Summary  Summary            `json:"summary"`
	}{p.problems, run, p.Summary()}
	if rest.Problems == nil {
		rest.Problems = []rollcall.Problem{}
	}
	raw, err := toJSON(rest, "  ")
	if err != nil {
		return err
	}
	if p.total() > 0 {
		p.out.printf("\n  ")
	}
	p.out.printf("],%s\n", strings.TrimPrefix(raw, "{"))
	return p.out.err
}

func (p *Plan) changeCSV(c *rollcall.Change) {
	id := ""
	if c.ID != 0 {
		id = strconv.FormatInt(int64(c.ID), 10)
	}
	row := func(s rollcall.Set, why string) {
		p.csv.row(c.Source, string(c.Verb), c.Class, id, c.Name, c.Key, c.Entry,
			s.Attribute, s.Old, s.New, s.OldText, s.NewText, why, c.Error)
	}
	for _, s := range c.Sets {
		why := s.Why
		if why == "" {
			why = c.Reason
		}
		row(s, why)
	}
	if len(c.Sets) == 0 {
		row(rollcall.Set{}, c.Reason)
	}
}

func (p *Plan) changeText(c *rollcall.Change) {
	if c.Source != p.source {
		if p.source != "" {
			p.out.printf("\n")
		}
		p.source = c.Source
		p.out.printf("%s\n", p.options.paint(bold, Printable(c.Source)))
	}
	sign, s := " ", plain
	for _, v := range verbs {
		if v.verb == c.Verb {
			sign, s = v.sign, v.style
		}
	}
	line := fmt.Sprintf("  %s %-7s", sign, Printable(string(c.Verb)))
	p.out.printf("%s %s\n", p.options.paint(s, line), subject(c))
	note := func(st style, text string) {
		if text != "" {
			p.out.printf("              %s\n", p.options.paint(st, short(text, 2*widest)))
		}
	}
	if c.Entry != "" && c.Name != "" {
		note(dim, c.Entry)
	}
	note(plain, c.Reason)
	note(red, c.Error)
	for _, w := range c.Warnings {
		note(yellow, "warning: "+w)
	}
	t := textTable{options: p.options}
	for _, set := range c.Sets {
		t.add(plain, setCells(c.Verb, set)...)
	}
	t.write(p.out, "              ")
}

// subject says whom a change is about.
func subject(c *rollcall.Change) string {
	name := c.Name
	if name == "" {
		name = c.Entry
	}
	if name == "" {
		name = c.Key
	}
	text := short(name, widest)
	if c.Class != "" {
		text = c.Class + " " + text
	}
	if c.ID != 0 {
		text += fmt.Sprintf(" (%d)", c.ID)
	}
	return text
}

// setCells are the cells of one attribute's line.
func setCells(verb rollcall.Verb, s rollcall.Set) []string {
	value := shown(s.New, s.NewText)
	if verb != rollcall.VerbProvision || s.Old != "" {
		value = shown(s.Old, s.OldText) + " -> " + value
	}
	if s.Why == "" {
		return []string{s.Attribute, value}
	}
	return []string{s.Attribute, value, "(" + s.Why + ")"}
}

// shown writes a value and, of a reference, the name of what it means.
func shown(value, text string) string {
	const most = 60
	switch {
	case value == "" && text == "":
		return "(empty)"
	case text == "" || text == value:
		return short(value, most)
	case value == "":
		return short(text, most)
	}
	return short(text, most) + " (" + short(value, most) + ")"
}

func (p *Plan) closeText(run *rollcall.Run) {
	if p.source != "" {
		p.out.printf("\n")
	}
	if len(p.problems) > 0 {
		p.out.printf("%s\n", p.options.paint(bold, "Problems"))
		problemsText(p.out, p.options, p.problems)
		p.out.printf("\n")
	}
	p.out.printf("%s\n", p.sentence())
	if run == nil {
		return
	}
	for _, s := range run.Sources {
		if s.Held != "" {
			p.out.printf("%s\n", p.options.paint(red, fmt.Sprintf("%s is held: %s", Printable(s.Source), Printable(s.Held))))
		}
	}
	if run.Error != "" {
		p.out.printf("%s\n", p.options.paint(red, Printable(run.Error)))
	}
}

// sentence sums the plan up: "12 create, 3 update; 1 problem".
func (p *Plan) sentence() string {
	var parts []string
	for _, v := range verbs {
		if n := p.verbs[v.verb]; n > 0 {
			parts = append(parts, p.options.paint(v.style, fmt.Sprintf("%d %s", n, v.verb)))
		}
	}
	sum := "No changes"
	if len(parts) > 0 {
		sum = strings.Join(parts, ", ")
	}
	if n := len(p.problems); n > 0 {
		sum += "; " + p.options.paint(red, counted(n, "problem"))
	}
	return sum
}
