package schema

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// builder turns declarations into classes: inheritance first, then the checks
// that need all classes.
type builder struct {
	order    []*classDecl // as read
	decls    map[string]*classDecl
	built    map[string]*rollcall.Class
	classes  []*rollcall.Class // parents before children
	model    *rollcall.Model
	problems []error
}

func build(files []*file) (*rollcall.Model, error) {
	b := &builder{decls: map[string]*classDecl{}, built: map[string]*rollcall.Class{}}
	for _, f := range files {
		for _, d := range f.classes {
			b.add(d)
		}
	}
	for _, f := range files {
		for _, d := range f.extend {
			b.extend(d)
		}
	}
	for _, d := range b.order {
		b.resolve(d, nil)
	}
	// What follows would only repeat in other words what is wrong here.
	if len(b.problems) > 0 {
		return nil, errors.Join(b.problems...)
	}
	b.model = rollcall.NewModel(b.classes)
	b.check()
	return b.model, errors.Join(b.problems...)
}

func (b *builder) fail(at place, format string, args ...any) {
	b.problems = append(b.problems, failAt(at, format, args...))
}

func (b *builder) add(d *classDecl) {
	if first := b.decls[d.class.Name]; first != nil {
		b.fail(d.at, "class %s is declared already, at %s; add to it under extend", d.class.Name, first.at)
		return
	}
	b.decls[d.class.Name] = d
	b.order = append(b.order, d)
}

func (b *builder) extend(d *classDecl) {
	base := b.decls[d.class.Name]
	if base == nil {
		b.fail(d.at, "there is no class %s to extend", d.class.Name)
		return
	}
	base.attributes = append(base.attributes, d.attributes...)
	base.unique = append(base.unique, d.unique...)
}

// resolve builds a class after its parent; below are the classes that wait for it.
func (b *builder) resolve(d *classDecl, below []string) *rollcall.Class {
	name := d.class.Name
	if c, done := b.built[name]; done {
		return c
	}
	if slices.Contains(below, name) {
		b.fail(d.at, "class %s is its own ancestor: %s", name, strings.Join(append(below, name), ", "))
		b.built[name] = nil
		return nil
	}
	c := d.class
	if c.Parent == "" {
		c.Root = name
	} else {
		parentDecl := b.decls[c.Parent]
		if parentDecl == nil {
			b.fail(d.at, "class %s has the parent %s, which is not declared", name, c.Parent)
			b.built[name] = nil
			return nil
		}
		parent := b.resolve(parentDecl, append(below, name))
		if parent == nil {
			b.built[name] = nil
			return nil
		}
		inherit(&c, parent)
	}
	b.own(&c, d)
	c.Index()
	b.built[name] = &c
	b.classes = append(b.classes, &c)
	return &c
}

// inherit gives a class what its parent has and it does not say itself. The
// attributes are copies: a label and a column belong to one class.
func inherit(c, parent *rollcall.Class) {
	c.Root = parent.Root
	if c.Category == "" {
		c.Category = parent.Category
	}
	if c.NamedBy == nil {
		c.NamedBy, c.NameForm = parent.NamedBy, parent.NameForm
	}
	if c.Join == nil {
		c.Join = parent.Join
	}
	if c.Inactive == nil {
		c.Inactive = parent.Inactive
	}
	c.KeptAt = parent.KeptAt
	if c.Order == nil {
		c.Order = parent.Order
	}
	if c.StateAttribute == "" {
		c.StateAttribute, c.Lifecycle = parent.StateAttribute, parent.Lifecycle
	}
	c.System = c.System || parent.System
	c.Relations = joinRelations(parent.Relations, c.Relations)
	c.Unique = slices.Clone(parent.Unique)
	for _, a := range parent.Attributes {
		copied := *a
		c.Attributes = append(c.Attributes, &copied)
	}
}

// own adds a class's own attributes, rules and labels to what it inherited.
func (b *builder) own(c *rollcall.Class, d *classDecl) {
	have := map[string]*rollcall.Attribute{}
	for _, a := range c.Attributes {
		have[a.Code] = a
	}
	for _, ad := range d.attributes {
		if other := have[ad.attribute.Code]; other != nil {
			b.fail(ad.at, "class %s has an attribute %s already, declared at %s", c.Name, other.Code, b.placeOf(other))
			continue
		}
		a := ad.attribute
		if a.Type == rollcall.TypeTree && a.Target == "" {
			a.Target = c.Name
		}
		have[a.Code] = &a
		c.Attributes = append(c.Attributes, &a)
	}
	for _, l := range d.labels {
		if a := have[l.code]; a != nil {
			a.Label = l.label
		} else {
			b.fail(l.at, "labels of class %s names %s, which is not one of its attributes", c.Name, l.code)
		}
	}
	for _, ud := range d.unique {
		if slices.ContainsFunc(c.Unique, func(u rollcall.Unique) bool { return u.Code == ud.rule.Code }) {
			b.fail(ud.at, "class %s has a unique rule %s already", c.Name, ud.rule.Code)
			continue
		}
		rule := ud.rule
		rule.Class = c.Name
		c.Unique = append(c.Unique, rule)
	}
	if d.lifecycle != nil {
		c.Lifecycle = &d.lifecycle.lifecycle
		c.Lifecycle.Attribute = c.StateAttribute
	}
	if c.Inactive != nil {
		c.Inactive = maps.Clone(c.Inactive)
		if c.KeptAt == 0 && len(c.Inactive) > 0 {
			c.KeptAt = len(c.Attributes)
		}
	}
}

// placeOf returns where an attribute is declared.
func (b *builder) placeOf(a *rollcall.Attribute) place {
	if d := b.decls[a.Declared]; d != nil {
		for _, ad := range d.attributes {
			if ad.attribute.Code == a.Code {
				return ad.at
			}
		}
		return d.at
	}
	return place{}
}
