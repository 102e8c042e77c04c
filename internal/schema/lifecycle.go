package schema

import (
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"rollcall/internal/rollcall"
)

// lifecycleDecl is a lifecycle as declared.
type lifecycleDecl struct {
	at        place
	lifecycle rollcall.Lifecycle
}

// order reads a default order: attribute codes, with a minus for a descending one.
func (r *reader) order(n ast.Node, what string) []rollcall.OrderBy {
	var order []rollcall.OrderBy
	for _, text := range r.texts(n, what) {
		code, descending := strings.CutPrefix(text, "-")
		order = append(order, rollcall.OrderBy{Attribute: code, Descending: descending})
	}
	return order
}

// relations reads what an object touches: by relation the attributes, or
// Class.key, that lead down to what it touches and up to what touches it.
func (r *reader) relations(n ast.Node, what string) []rollcall.Relation {
	var relations []rollcall.Relation
	for _, e := range r.entries(n, what) {
		relation := rollcall.Relation{Name: e.key}
		for _, way := range r.entries(e.value, "relation "+e.key) {
			if way.key == "redundancy" {
				for _, s := range r.entries(way.value, "redundancy of relation "+e.key) {
					over := r.texts(s.value, "redundancy "+s.key+" of relation "+e.key)
					relation.Redundancy = append(relation.Redundancy, rollcall.Redundancy{Setting: s.key, Over: over})
				}
				continue
			}
			if way.key != "up" && way.key != "down" {
				r.fail(way.name, "relation %s leads up or down, not %q", e.key, way.key)
			}
			for _, text := range r.texts(way.value, "relation "+e.key) {
				class, code, found := strings.Cut(text, ".")
				if !found {
					class, code = "", text
				}
				relation.Neighbours = append(relation.Neighbours, rollcall.Neighbour{Class: class, Attribute: code, Upwards: way.key == "up"})
			}
		}
		relations = append(relations, relation)
	}
	return relations
}

func (r *reader) lifecycle(of entry, what string) *lifecycleDecl {
	d := &lifecycleDecl{at: r.at(of.name)}
	l := &d.lifecycle
	for _, e := range r.entries(of.value, what) {
		switch e.key {
		case "initial":
			l.Initial = r.text(e.value, "initial of "+what)
		case "stimuli", "internal":
			for _, s := range r.entries(e.value, e.key+" of "+what) {
				l.Stimuli = append(l.Stimuli, rollcall.Stimulus{Code: s.key, Label: r.text(s.value, "stimulus "+s.key), Internal: e.key == "internal"})
			}
		case "states":
			for _, s := range r.entries(e.value, "states of "+what) {
				l.States = append(l.States, r.state(s))
			}
		default:
			r.fail(e.name, "%s has a setting %q that does not exist; there are initial, stimuli, internal and states", what, e.key)
		}
	}
	return d
}

// flagWords are the words for what an attribute is in a state.
var flagWords = map[string]rollcall.Flags{
	"hidden": rollcall.FlagHidden, "read_only": rollcall.FlagReadOnly, "mandatory": rollcall.FlagMandatory,
	"must_change": rollcall.FlagMustChange, "must_prompt": rollcall.FlagMustPrompt,
}

func (r *reader) state(of entry) rollcall.State {
	s := rollcall.State{Code: of.key, Flags: map[string]rollcall.Flags{}}
	for _, e := range r.entries(of.value, "state "+of.key) {
		switch e.key {
		case "flags":
			for _, f := range r.entries(e.value, "flags of state "+of.key) {
				flag, known := flagWords[f.key]
				if !known {
					r.fail(f.name, "state %s has a flag %q that does not exist; there are hidden, read_only, mandatory, must_change and must_prompt", of.key, f.key)
				}
				for _, code := range r.texts(f.value, "flag "+f.key+" of state "+of.key) {
					s.Flags[code] |= flag
				}
			}
		case "on":
			for _, t := range r.entries(e.value, "transitions of state "+of.key) {
				s.Transitions = append(s.Transitions, r.transition(t))
			}
		default:
			r.fail(e.name, "state %s has a setting %q that does not exist; there are flags and on", of.key, e.key)
		}
	}
	return s
}

func (r *reader) transition(of entry) rollcall.Transition {
	t := rollcall.Transition{Stimulus: of.key}
	what := "transition " + of.key
	for _, e := range r.entries(of.value, what) {
		switch e.key {
		case "to":
			t.To = r.text(e.value, "to of "+what)
		case "now":
			t.Stamps = r.texts(e.value, "now of "+what)
		case "set":
			t.Sets = map[string]string{}
			for _, s := range r.entries(e.value, "set of "+what) {
				t.Sets[s.key] = r.text(s.value, "set of "+what)
			}
		default:
			r.fail(e.name, "%s has a setting %q that does not exist; there are to, now and set", what, e.key)
		}
	}
	return t
}

// joinRelations adds a class's own neighbours and redundancies to those it
// inherits.
func joinRelations(inherited, own []rollcall.Relation) []rollcall.Relation {
	joined := slices.Clone(inherited)
	for _, relation := range own {
		i := slices.IndexFunc(joined, func(r rollcall.Relation) bool { return r.Name == relation.Name })
		if i < 0 {
			joined = append(joined, relation)
			continue
		}
		joined[i].Neighbours = slices.Concat(joined[i].Neighbours, relation.Neighbours)
		joined[i].Redundancy = slices.Concat(joined[i].Redundancy, relation.Redundancy)
	}
	return joined
}

// behaviour checks what a class says of its order, its states and its relations.
func (b *builder) behaviour(d *classDecl, c *rollcall.Class) {
	for _, o := range d.class.Order {
		if !slices.Contains(reserved, o.Attribute) {
			b.codes(d.at, c, "order", []string{o.Attribute})
		}
	}
	if code := d.class.StateAttribute; code != "" {
		b.codes(d.at, c, "state", []string{code})
		if a := c.Attribute(code); a != nil && a.Type != rollcall.TypeEnum {
			b.fail(d.at, "state of class %s names %s, which is not an enum", c.Name, code)
		}
	}
	for _, relation := range d.class.Relations {
		for _, n := range relation.Neighbours {
			b.neighbour(d, c, relation.Name, n)
		}
		for _, redundancy := range relation.Redundancy {
			b.redundancy(d, c, relation.Name, redundancy)
		}
	}
	if d.lifecycle != nil {
		b.lifecycle(d.lifecycle, c)
	}
}

func (b *builder) neighbour(d *classDecl, c *rollcall.Class, relation string, n rollcall.Neighbour) {
	holder, what := c, n.Attribute
	if n.Class != "" {
		holder, what = b.model.Class(n.Class), n.Class+"."+n.Attribute
	}
	var a *rollcall.Attribute
	if holder != nil {
		a = holder.Attribute(n.Attribute)
	}
	switch {
	case a == nil, n.Class != "" && (!a.IsKey() || !b.model.IsA(c.Name, a.Target)),
		n.Class == "" && !a.IsKey() && a.Type != rollcall.TypeLinks && a.Type != rollcall.TypeChildren:
		b.fail(d.at, "relation %s of class %s goes along %s, which leads to no other object", relation, c.Name, what)
	}
}

// redundancy checks that a setting can be read, and that there is something to
// set it for.
func (b *builder) redundancy(d *classDecl, c *rollcall.Class, relation string, redundancy rollcall.Redundancy) {
	if a := c.Attribute(redundancy.Setting); a == nil || a.Type != rollcall.TypeString {
		b.fail(d.at, "the redundancy of relation %s of class %s is set by %s, which is not one of its strings", relation, c.Name, redundancy.Setting)
		return
	}
	for _, code := range redundancy.Over {
		b.neighbour(d, c, relation, rollcall.Neighbour{Attribute: code})
	}
}

// lifecycle checks that the words of a lifecycle are those of its class.
func (b *builder) lifecycle(d *lifecycleDecl, c *rollcall.Class) {
	l := &d.lifecycle
	a := c.Attribute(l.Attribute)
	if a == nil {
		b.fail(d.at, "the lifecycle of class %s has no attribute to keep the state in: say state", c.Name)
		return
	}
	state := func(code string) {
		if !slices.Contains(a.Values, code) || l.State(code) == nil {
			b.fail(d.at, "the lifecycle of class %s names the state %q, which is not a value of %s with a state of its own", c.Name, code, a.Code)
		}
	}
	state(l.Initial)
	for _, s := range l.States {
		state(s.Code)
		for code := range s.Flags {
			b.codes(d.at, c, "a state", []string{code})
		}
		for _, t := range s.Transitions {
			state(t.To)
			if !slices.ContainsFunc(l.Stimuli, func(s rollcall.Stimulus) bool { return s.Code == t.Stimulus }) {
				b.fail(d.at, "state %s of class %s names the stimulus %q, which the lifecycle does not list", s.Code, c.Name, t.Stimulus)
			}
			b.codes(d.at, c, "a transition", t.Stamps)
			for code := range t.Sets {
				b.codes(d.at, c, "a transition", []string{code})
			}
		}
	}
}
