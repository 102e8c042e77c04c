package report

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"rollcall/internal/rollcall"
)

// Story tells of one object why it is as it is.
type Story struct {
	Class      string            `json:"class"`
	ID         rollcall.ObjectID `json:"id"`
	Name       string            `json:"name"`
	Deleted    bool              `json:"deleted,omitempty"`
	Replicas   []StoryReplica    `json:"replicas"`
	Grants     []StoryGrant      `json:"grants,omitempty"`
	Attributes []StoryAttribute  `json:"attributes"`
	Steps      []StoryStep       `json:"steps"` // its history, newest first
}

// StoryReplica is one source's claim on the object.
type StoryReplica struct {
	Source   string                `json:"source"`
	Key      string                `json:"key"`
	Entry    string                `json:"entry"`
	State    rollcall.ReplicaState `json:"state"`
	Creator  bool                  `json:"creator"`       // the source's entry made the object
	Run      int64                 `json:"run,omitempty"` // that saw the entry first
	LastSeen time.Time             `json:"last_seen,omitzero"`
	Error    string                `json:"error,omitempty"`
	Warning  string                `json:"warning,omitempty"`
	Link     string                `json:"link,omitempty"` // to the object in the source's own application
}

// StoryGrant is one thing that the object has by belonging to directory groups.
type StoryGrant struct {
	Kind    rollcall.GrantKind `json:"kind"`
	Target  string             `json:"target"`
	Type    string             `json:"type,omitempty"` // of a membership
	Binding string             `json:"binding"`
	Via     []string           `json:"via"` // the ways, each from the group that has the object as its member
	Run     int64              `json:"run"`
	Before  bool               `json:"before,omitempty"` // somebody had made it before a group gave it
}

// StoryAttribute is one value and where it came from.
type StoryAttribute struct {
	Attribute string    `json:"attribute"`
	Value     string    `json:"value"`
	Text      string    `json:"text,omitempty"`   // of a reference: the target's name
	Source    string    `json:"source,omitempty"` // empty: no source sets it
	Rule      string    `json:"rule,omitempty"`
	Entry     string    `json:"entry,omitempty"`  // what the entry says, where that is another value
	Policy    string    `json:"policy,omitempty"` // locked, unlocked, if_empty
	By        string    `json:"by,omitempty"`     // who wrote it last
	Run       int64     `json:"run,omitempty"`
	At        time.Time `json:"at,omitzero"`
	Why       string    `json:"why,omitempty"`
}

// StoryStep is one step of the object's history.
type StoryStep struct {
	At     time.Time            `json:"at,omitzero"`
	Verb   rollcall.HistoryVerb `json:"verb"`
	By     string               `json:"by"`
	Run    int64                `json:"run,omitempty"`
	Key    string               `json:"key,omitempty"`
	Reason string               `json:"reason,omitempty"`
	Sets   []rollcall.Set       `json:"sets,omitempty"`
}

// Why writes a story.
func Why(w io.Writer, o Options, s *Story) error {
	switch o.Format {
	case JSON:
		return WriteJSON(w, s)
	case CSV:
		c := newCSV(w, o)
		c.row("class", "id", "name", "attribute", "value", "text", "source", "rule", "entry", "policy", "by", "run", "at", "why")
		for _, a := range s.Attributes {
			c.row(s.Class, strconv.FormatInt(int64(s.ID), 10), s.Name, a.Attribute, a.Value, a.Text, a.Source, a.Rule, a.Entry,
				a.Policy, a.By, strconv.FormatInt(a.Run, 10), stamp(a.At), a.Why)
		}
		return c.flush()
	}
	out := &writer{w: w}
	s.text(out, o)
	return out.err
}

func (s *Story) text(w *writer, o Options) {
	w.printf("%s", o.paint(bold, fmt.Sprintf("%s %s (%d)", Printable(s.Class), Printable(s.Name), s.ID)))
	if s.Deleted {
		w.printf(" %s", o.paint(red, "deleted"))
	}
	w.printf("\n")
	if len(s.Replicas) == 0 {
		w.printf("  no source claims it\n")
	}
	for _, r := range s.Replicas {
		made := "joined"
		if r.Creator {
			made = "made it"
		}
		w.printf("  source %s %s, %s: %s\n", Printable(r.Source), made, Printable(string(r.State)), Printable(r.Entry))
		w.printf("    key %s", Printable(r.Key))
		if r.Run != 0 {
			w.printf(", since run %d", r.Run)
		}
		if !r.LastSeen.IsZero() {
			w.printf(", last seen %s", o.when(r.LastSeen))
		}
		w.printf("\n")
		if r.Link != "" {
			w.printf("    %s\n", Printable(r.Link))
		}
		if r.Error != "" {
			w.printf("    %s\n", o.paint(red, Printable(r.Error)))
		}
		if r.Warning != "" {
			w.printf("    %s\n", o.paint(yellow, Printable(r.Warning)))
		}
	}
	for i := range s.Grants {
		s.Grants[i].text(w, o)
	}
	for _, a := range s.Attributes {
		a.text(w, o)
	}
	if len(s.Steps) > 0 {
		w.printf("\n%s\n", o.paint(bold, "History"))
	}
	for _, step := range s.Steps {
		step.text(w, o)
	}
}

func (g *StoryGrant) text(w *writer, o Options) {
	w.printf("\n%s %s", o.paint(bold, Printable(string(g.Kind))), Printable(g.Target))
	if g.Type != "" {
		w.printf(" as %s", Printable(g.Type))
	}
	w.printf("\n  binding %s, run %d\n", Printable(g.Binding), g.Run)
	for _, way := range g.Via {
		w.printf("  member of %s\n", Printable(way))
	}
	if g.Before {
		w.printf("  it was there before and stays when the group is left\n")
	}
}

func (a *StoryAttribute) text(w *writer, o Options) {
	w.printf("\n%s = %s\n", o.paint(bold, Printable(a.Attribute)), shown(a.Value, a.Text))
	line := func(label, text string) {
		if text != "" {
			w.printf("  %-7s %s\n", label, short(text, 2*widest))
		}
	}
	line("source", a.Source)
	line("rule", a.Rule)
	line("policy", a.Policy)
	line("entry", a.Entry)
	if a.By != "" {
		by := a.By
		if a.Run != 0 {
			by += fmt.Sprintf(", run %d", a.Run)
		}
		if !a.At.IsZero() {
			by += ", " + o.when(a.At)
		}
		line("written", "by "+by)
	}
	line("because", a.Why)
}

func (s *StoryStep) text(w *writer, o Options) {
	w.printf("  %s %s by %s", o.when(s.At), Printable(string(s.Verb)), Printable(s.By))
	if s.Run != 0 {
		w.printf(", run %d", s.Run)
	}
	if s.Reason != "" {
		w.printf(": %s", Printable(s.Reason))
	}
	w.printf("\n")
	t := textTable{options: o}
	for _, set := range s.Sets {
		t.add(plain, setCells(rollcall.VerbUpdate, set)...)
	}
	t.write(w, "    ")
}
