package config

import (
	"regexp"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// DefaultTakenLimit stops a run that would take away more of what a binding
// gave. Groups are small and change more than companies do.
var DefaultTakenLimit = rollcall.Limit{Percent: 50, IsSet: true}

// DefaultMembership is the type of memberships in roles and groups.
const DefaultMembership = "member"

// Binding is one section of bindings.
type Binding struct {
	Position
	Source string // whose entries are given something
	rollcall.Binding

	kinds []gift // as written
}

// gift is one thing that a binding gives, with its place.
type gift struct {
	Position
	kind   rollcall.GrantKind
	target string
}

// giftKeys are the keys of a binding that say what it gives, in the order in
// which a run gives it.
var giftKeys = []rollcall.GrantKind{
	rollcall.GrantRole, rollcall.GrantFunctional, rollcall.GrantProfile, rollcall.GrantTeam, rollcall.GrantPath, rollcall.GrantLicence,
}

func (c *Config) readBindings(r *reader, v *value) {
	r.named(v, "bindings", func(name text, v *value) {
		b := Binding{Position: name.Position, Binding: rollcall.Binding{
			Name: name.Text, Line: name.Line, Type: DefaultMembership, Nested: true, Rename: true, Taken: DefaultTakenLimit,
		}}
		b.read(r, v)
		b.settle(r, v, c)
		c.Bindings = append(c.Bindings, b)
	})
}

func (b *Binding) read(r *reader, v *value) {
	what := "binding " + b.Name
	known := keys{
		"source":      r.name(&b.Source),
		"groups":      func(v *value) { b.readGroups(r, v) },
		"members":     r.text(&b.Members),
		"nested":      r.truth(&b.Nested),
		"type":        r.name(&b.Type),
		"only_groups": r.truth(&b.OnlyGroups),
		"rename":      r.truth(&b.Rename),
		"vanished":    choice(r, &b.Vanished, words(rollcall.VanishedKeep, rollcall.VanishedRelease, rollcall.VanishedDelete)),
		"limits": func(v *value) {
			r.section(v, "limits of "+what, keys{"taken": r.limit(&b.Taken)})
		},
	}
	for _, kind := range giftKeys {
		known[string(kind)] = func(v *value) { b.readGift(r, v, kind) }
	}
	r.section(v, what, known)
}

func (b *Binding) readGift(r *reader, v *value, kind rollcall.GrantKind) {
	items := []*value{v}
	if v.shape == list {
		items = v.items
	}
	for _, item := range items {
		g := gift{Position: item.Position, kind: kind}
		r.name(&g.target)(item)
		b.kinds = append(b.kinds, g)
	}
}

// readGroups reads which groups are bound: one way of saying it.
func (b *Binding) readGroups(r *reader, v *value) {
	g := &b.Groups
	r.section(v, "groups of binding "+b.Name, keys{
		"id":     r.name(&g.ID),
		"name":   r.name(&g.Name),
		"dn":     func(v *value) { r.name(&g.DN)(v); checkDN(r, v) },
		"base":   func(v *value) { r.name(&g.Base)(v); checkDN(r, v) },
		"filter": func(v *value) { r.name(&g.Filter)(v); checkFilter(r, v) },
		"pattern": func(v *value) {
			if r.scalar(v, "a pattern such as '^app-(.+)$'") {
				g.Pattern = r.pattern(v, dnPattern(r, v))
			}
		},
	})
	if v.shape == mapping && len(v.fields) > 1 {
		r.problem(v.fields[1].key.Position, "groups are chosen in one way: binding %s has both %s and %s", b.Name, v.fields[0].key.Text, v.fields[1].key.Text)
	}
}

func checkDN(r *reader, v *value) {
	if _, err := rollcall.ParseDN(v.text); err != nil && v.shape == scalar {
		r.problem(v.Position, "%v", err)
	}
}

func checkFilter(r *reader, v *value) {
	if v.shape == scalar && !strings.HasPrefix(strings.TrimSpace(v.text), "(") {
		r.problem(v.Position, "a filter begins with a parenthesis: (%s)", v.text)
	}
}

// settle completes a binding with defaults and looks at what only the whole
// section tells.
func (b *Binding) settle(r *reader, v *value, c *Config) {
	source := c.Source(b.Source)
	switch {
	case v.get("source") == nil:
		if r.lacks(v, "source") {
			r.problem(b.Position, "binding %s has no source, such as the one that reads the accounts", b.Name)
		}
	case source == nil:
		if !r.misspelt[key{nil, b.Source}] {
			r.problem(v.get("source").Position, "there is no source %q%s", b.Source, didYouMean(b.Source, c.sourceNames()))
		}
	case source.Kind != KindLDAP:
		r.problem(v.get("source").Position, "binding %s needs a source of a directory; source %s reads %s", b.Name, b.Source, source.Kind)
	}
	if source != nil && b.OnlyGroups {
		source.onlyGroups = true
	}
	groups := v.get("groups")
	switch {
	case groups == nil && r.lacks(v, "groups"):
		r.problem(b.Position, "binding %s has no groups, such as groups: {name: Sales}", b.Name)
	case groups != nil && groups.shape == mapping && len(groups.fields) == 0:
		r.problem(groups.Position, "binding %s does not say which groups; give an id, name, dn, filter, pattern or base", b.Name)
	}
	if m := v.get("members"); m != nil {
		checkFilter(r, m)
		if v.get("nested") != nil {
			r.problem(v.get("nested").Position, "where a filter says who the members are, it alone says whether nested ones count")
		}
	}
	b.settleGifts(r, v)
}

func (b *Binding) settleGifts(r *reader, v *value) {
	if len(b.kinds) == 0 && !b.OnlyGroups && !slices.ContainsFunc(giftKeys, func(k rollcall.GrantKind) bool { return !r.lacks(v, string(k)) }) {
		r.problem(b.Position, "binding %s gives nothing: name a role, functional_role, profile, team, path or licence", b.Name)
	}
	paths := 0
	for i := range b.kinds {
		g := &b.kinds[i]
		if g.kind == rollcall.GrantPath {
			paths++
			b.settlePath(r, g)
		}
		if strings.Contains(g.target, "$") && b.Groups.Pattern == nil && b.Groups.Base == "" && b.Groups.Filter == "" {
			r.problem(g.Position, "%q takes its name from a pattern, and binding %s has none", g.target, b.Name)
		}
		b.Gives = append(b.Gives, rollcall.Gift{Kind: g.kind, Target: g.target})
	}
	if paths > 0 && v.get("nested") == nil {
		b.Nested = false // the tree shows who is in which group
	}
	if b.Vanished == "" {
		b.Vanished = rollcall.VanishedRelease
		if paths > 0 && paths == len(b.kinds) {
			b.Vanished = rollcall.VanishedDelete
		}
	}
}

// pathForm is a path under which groups may be mirrored: never the root alone.
var pathForm = regexp.MustCompile(`^(/[^/*$]+)+(/|/\*)$`)

// settlePath checks a path as eXo's rootGroup is checked, and cuts its end.
func (b *Binding) settlePath(r *reader, g *gift) {
	if !pathForm.MatchString(g.target) {
		r.problem(g.Position, "%q is no path for groups: it begins with a stroke, names a group and ends in / or /*, such as /ldap-groups/*", g.target)
		return
	}
	g.target = strings.TrimSuffix(strings.TrimSuffix(g.target, "*"), "/")
}

// BindingsOf returns what the entries of a source are given, in written order.
func (c *Config) BindingsOf(source string) []rollcall.Binding {
	var list []rollcall.Binding
	for i := range c.Bindings {
		if c.Bindings[i].Source == source {
			list = append(list, c.Bindings[i].Binding)
		}
	}
	return list
}

// bindingProblems checks the bindings against the declared classes.
func (c *Config) bindingProblems(model *rollcall.Model) []Problem {
	var problems []Problem
	for i := range c.Bindings {
		b := &c.Bindings[i]
		source := c.Source(b.Source)
		if source == nil || model.Class(source.Class) == nil {
			continue // said already
		}
		for _, g := range b.kinds {
			holder := "User"
			if g.kind == rollcall.GrantTeam {
				holder = "Person"
			}
			if !model.IsA(source.Class, holder) {
				problems = append(problems, Problem{g.Position, "a " + string(g.kind) + " is for objects of class " + holder + "; source " + source.Name + " makes objects of class " + source.Class})
			}
		}
	}
	return problems
}
