package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// Resolve checks all sources against the declared classes and returns them in
// written order; they have no ID yet. Its error reports all that is wrong.
func (c *Config) Resolve(model *rollcall.Model) ([]*rollcall.Source, error) {
	var sources []*rollcall.Source
	var problems []Problem
	for i := range c.Sources {
		s := &c.Sources[i]
		rules, err := c.Rules(model, s)
		if err != nil {
			problems = append(problems, Problems(err)...)
			continue
		}
		sources = append(sources, &rollcall.Source{
			Name: s.Name, Class: model.Class(s.Class), Rules: rules, Scope: s.ScopeText(), Table: s.Table,
		})
	}
	problems = append(problems, c.bindingProblems(model)...)
	if err := asError(c.Path, c.text, c.secrets, problems); err != nil {
		return nil, err
	}
	return sources, nil
}

// Rules checks a source's rules against the declared classes and completes
// them. Its error reports all that is wrong with them, each with its place.
func (c *Config) Rules(model *rollcall.Model, s *Source) (rollcall.Rules, error) {
	v := &resolver{config: c, model: model, source: s, class: model.Class(s.Class)}
	if v.class == nil {
		v.problem(s.At("class"), "source %s: there is no class %s%s", s.Name, s.Class, didYouMean(s.Class, classNames(model)))
		return rollcall.Rules{}, asError(c.Path, c.text, c.secrets, v.problems)
	}
	v.attributes()
	v.profiles()
	v.policies()
	v.join()
	v.mandatory()
	rs := &s.rules
	rules := rollcall.Rules{
		Attributes: v.rules,
		JoinByID:   rs.joinByID,
		OnNone:     rs.onNone, OnOne: rs.onOne, OnMany: rs.onMany,
		Gone:       v.gone(),
		Limits:     rs.limits,
		UserDelete: s.UserDelete,
	}
	if err := asError(c.Path, c.text, c.secrets, v.problems); err != nil {
		return rollcall.Rules{}, err
	}
	rules.Fingerprint = fingerprint(v.class, rules.Attributes, rs.joinByID)
	return rules, nil
}

func classNames(m *rollcall.Model) []string {
	names := make([]string, len(m.Classes))
	for i, c := range m.Classes {
		names[i] = c.Name
	}
	return names
}

// resolver checks one source against its class.
type resolver struct {
	config   *Config
	model    *rollcall.Model
	source   *Source
	class    *rollcall.Class
	rules    []rollcall.AttributeRule
	problems []Problem
}

func (v *resolver) problem(at Position, format string, args ...any) {
	v.problems = append(v.problems, Problem{at, fmt.Sprintf(format, args...)})
}

// attribute finds an attribute that a source may write, and says so where it
// cannot.
func (v *resolver) attribute(code text) *rollcall.Attribute {
	a := v.class.Attribute(code.Text)
	switch {
	case a == nil:
		codes := make([]string, 0, len(v.class.Attributes))
		for _, known := range v.class.Attributes {
			if known.Writable() {
				codes = append(codes, known.Code)
			}
		}
		v.problem(code.Position, "class %s has no attribute %q%s", v.class.Name, code.Text, didYouMean(code.Text, codes))
	case a.Type == rollcall.TypeField:
		v.problem(code.Position, "%s only shows an attribute of what %s refers to; set %s instead", a.Code, a.Via, a.Via)
		return nil
	case !a.Writable():
		v.problem(code.Position, "attribute %s of class %s cannot be written", a.Code, v.class.Name)
		return nil
	}
	return a
}

func (v *resolver) attributes() {
	for i := range v.source.rules.attributes {
		a := &v.source.rules.attributes[i]
		att := v.attribute(a.code)
		if att == nil {
			continue
		}
		rule := a.rule
		rule.Attribute = att
		rule.Policy = a.policy
		rule.KeepBlank = cmp.Or(a.blank, v.source.rules.blank) == "keep"
		if att.Type == rollcall.TypeLinks {
			separators(&rule)
			switch {
			case rule.By != "":
				// Every value is one member: the engine splits at line ends, which no name holds.
				rule.All, rule.Separator = true, "\n"
			case rule.All && a.at.separator.Line == 0:
				rule.Separator = rule.ItemSeparator
			}
		}
		if a.at.separators.Line != 0 && att.Type != rollcall.TypeLinks {
			v.problem(a.at.separators, "separators belong to sets of links; %s is of type %s", att.Code, att.Type)
		}
		v.reference(a, &rule)
		v.constants(a, &rule)
		if rule.Reconcile && !joinable(att) {
			v.problem(a.code.Position, "%s is of type %s and cannot find an object; reconcile by another attribute", att.Code, att.Type)
		}
		v.rules = append(v.rules, rule)
	}
}

// separators completes the separators of a link set with iTop's.
func separators(rule *rollcall.AttributeRule) {
	rule.ItemSeparator = cmp.Or(rule.ItemSeparator, "|")
	rule.AttributeSeparator = cmp.Or(rule.AttributeSeparator, ";")
	rule.ValueSeparator = cmp.Or(rule.ValueSeparator, ":")
	rule.Qualifier = cmp.Or(rule.Qualifier, "'")
}

func joinable(a *rollcall.Attribute) bool {
	switch a.Type {
	case rollcall.TypeLinks, rollcall.TypeImage, rollcall.TypePassword, rollcall.TypeLog, rollcall.TypeData:
		return false
	}
	return true
}

// reference checks how a reference finds its target.
func (v *resolver) reference(a *attribute, rule *rollcall.AttributeRule) {
	att := rule.Attribute
	if rule.By == "" {
		return
	}
	target := v.target(att)
	if !att.IsKey() && att.Type != rollcall.TypeLinks {
		v.problem(a.at.by, "by finds the target of a reference; %s is of type %s", att.Code, att.Type)
		return
	}
	if rule.By == rollcall.FieldDN {
		v.referenceByDN(a, rule, target)
		return
	}
	if target == nil || rule.By == "id" || rule.By == "friendlyname" {
		return
	}
	by := target.Attribute(rule.By)
	if by == nil || by.Type == rollcall.TypeLinks || by.Type == rollcall.TypeChildren {
		codes := []string{"id", "friendlyname"}
		for _, known := range target.Attributes {
			if known.Type != rollcall.TypeLinks && known.Type != rollcall.TypeChildren {
				codes = append(codes, known.Code)
			}
		}
		v.problem(a.at.by, "%s refers to a %s, which cannot be found by %q%s", att.Code, target.Name, rule.By, didYouMean(rule.By, codes))
	}
}

// target returns the class whose objects an attribute refers to: of a set of
// links, the class on their other side. It is nil for any other attribute.
func (v *resolver) target(att *rollcall.Attribute) *rollcall.Class {
	class := v.model.Class(att.Target)
	if att.Type == rollcall.TypeLinks && class != nil {
		return v.model.Class(class.Attribute(att.Remote).Target)
	}
	return class
}

// referenceByDN checks that the entries of the source named can be what the
// reference wants.
func (v *resolver) referenceByDN(a *attribute, rule *rollcall.AttributeRule, target *rollcall.Class) {
	of, at := v.source, a.at.by
	if rule.Source != "" {
		at = a.at.source
		if of = v.config.Source(rule.Source); of == nil {
			names := make([]string, len(v.config.Sources))
			for i := range v.config.Sources {
				names[i] = v.config.Sources[i].Name
			}
			v.problem(at, "there is no source %q%s", rule.Source, didYouMean(rule.Source, names))
			return
		}
	}
	if target == nil || v.model.Class(of.Class) == nil {
		return
	}
	if !v.model.IsA(of.Class, target.Name) && !v.model.IsA(target.Name, of.Class) {
		v.problem(at, "%s refers to a %s, but source %s makes a %s of an entry; name another source", rule.Attribute.Code, target.Name, of.Name, of.Class)
	}
}

// constants checks the texts of a rule that do not come from entries.
func (v *resolver) constants(a *attribute, rule *rollcall.AttributeRule) {
	if rule.HasValue && len(rule.Lookup) == 0 {
		v.constant(rule, rule.Value, a.at.value)
	}
	if rule.HasDefault {
		v.constant(rule, rule.Default, a.at.deflt)
	}
	if rule.HasValue && rule.Value == "" && rule.Default == "" && rule.Attribute.Mandatory && rule.Update {
		v.problem(a.at.value, "%s is mandatory and cannot be empty", rule.Attribute.Code)
	}
}

func (v *resolver) constant(rule *rollcall.AttributeRule, value string, at Position) {
	att := rule.Attribute
	switch {
	case value == "", att.IsKey() && rule.By != "", att.Type == rollcall.TypeLinks:
		return
	}
	v.value(att, text{at, value})
}

// value checks one constant of an attribute.
func (v *resolver) value(att *rollcall.Attribute, value text) {
	_, err := att.Canonical(value.Text)
	switch {
	case err == nil || value.Text == "":
	case att.Type == rollcall.TypeEnum || att.Type == rollcall.TypeLanguage:
		v.problem(value.Position, "%q is no value of %s%s", value.Text, att.Code, didYouMean(value.Text, att.Values))
	case att.IsKey():
		v.problem(value.Position, "%q is no ID; say how %s finds its %s, such as by: name", value.Text, att.Code, att.Target)
	default:
		v.problem(value.Position, "%s", message(err))
	}
}

// message returns an error's sentence without its cause.
func message(err error) string {
	if e, ok := errors.AsType[*rollcall.Error](err); ok && e.Msg != "" {
		return e.Msg
	}
	return err.Error()
}

// profileList is the set of an account's profiles.
const profileList = "profile_list"

// profiles makes the rule of the set of profiles.
func (v *resolver) profiles() {
	p := v.source.rules.profiles
	if p == nil {
		return
	}
	att := v.class.Attribute(profileList)
	if att == nil || att.Type != rollcall.TypeLinks {
		v.problem(p.Position, "class %s has no profiles; the profiles section is for accounts", v.class.Name)
		return
	}
	if slices.ContainsFunc(v.rules, func(r rollcall.AttributeRule) bool { return r.Attribute.Code == profileList }) {
		v.problem(p.Position, "the profiles section and the attribute profile_list say the same thing twice")
		return
	}
	rule := rollcall.AttributeRule{Attribute: att, Profiles: &p.rule, Update: true, OnMiss: "keep", Line: p.Line}
	separators(&rule)
	v.rules = append(v.rules, rule)
}

// policies gives every rule its update policy: its own, the update section's,
// or that section's default.
func (v *resolver) policies() {
	rs := &v.source.rules
	updates := 0
	for i := range v.rules {
		rule := &v.rules[i]
		if rule.Update {
			updates++
		}
		if rule.Policy == "" {
			rule.Policy = rs.update
			for _, p := range rs.updates {
				if p.code.Text == rule.Attribute.Code {
					rule.Policy = p.policy
				}
			}
		}
	}
	for _, p := range rs.updates {
		v.attribute(p.code)
	}
	if updates == 0 && len(v.problems) == 0 {
		v.problem(v.source.Position, "source %s has no attribute to update", v.source.Name)
	}
}

// join checks that an entry can find its object.
func (v *resolver) join() {
	keys := 0
	for i := range v.rules {
		if v.rules[i].Reconcile {
			keys++
		}
	}
	rs := &v.source.rules
	switch {
	case rs.joinByID && keys > 0:
		v.problem(v.source.Position, "source %s joins by id, so reconcile: true has no meaning", v.source.Name)
	case !rs.joinByID && keys == 0 && len(v.problems) == 0:
		v.problem(v.source.Position, "source %s has no attribute to find its objects by: mark one with reconcile: true, or say join: id", v.source.Name)
	}
}

// mandatory checks that the objects which the source makes can be saved.
func (v *resolver) mandatory() {
	rs := &v.source.rules
	if rs.onNone != rollcall.ActCreate && rs.onMany != rollcall.ActCreate {
		return
	}
	if v.class.Abstract {
		var kinds []string
		for _, c := range v.model.Family(v.class.Name) {
			if !c.Abstract {
				kinds = append(kinds, c.Name)
			}
		}
		v.problem(v.source.Position, "source %s cannot create a %s, which is only a common name; choose one of %s, or say on: {none: error}",
			v.source.Name, v.class.Name, strings.Join(kinds, ", "))
		return
	}
	if v.class.Fixed {
		v.problem(v.source.Position, "source %s cannot create a %s: its objects are predefined; say on: {none: error}", v.source.Name, v.class.Name)
	}
	for _, a := range v.class.Attributes {
		// An account needs one profile at least, though no declaration says so.
		isProfiles := a.Code == profileList && a.Type == rollcall.TypeLinks
		if !isProfiles && (!a.Mandatory || a.Default != "" || !a.Writable()) {
			continue
		}
		given := func(r rollcall.AttributeRule) bool { return r.Attribute.Code == a.Code && r.Update }
		written := func(w attribute) bool { return w.code.Text == a.Code && w.rule.Update }
		if slices.ContainsFunc(v.rules, given) || slices.ContainsFunc(v.source.rules.attributes, written) {
			continue
		}
		hint := "add it under attributes"
		if isProfiles {
			hint = "add a profiles section"
		}
		v.problem(v.source.Position, "source %s: a %s needs %s, and no rule gives it; %s", v.source.Name, v.class.Name, a.Code, hint)
	}
}

// gone resolves the gone section.
func (v *resolver) gone() rollcall.Gone {
	g := &v.source.rules.gone
	out := rollcall.Gone{After: g.after, Then: g.then, DeleteAfter: g.deleteAfter}
	for _, s := range g.set {
		att := v.attribute(s.code)
		if att == nil {
			continue
		}
		if s.value.Text == "" && att.Mandatory {
			v.problem(s.value.Position, "%s is mandatory and cannot be emptied", att.Code)
		}
		v.value(att, s.value)
		out.Set = append(out.Set, rollcall.Assignment{Attribute: s.code.Text, Value: s.value.Text})
	}
	return out
}
