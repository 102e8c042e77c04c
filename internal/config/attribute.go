package config

import (
	"rollcall/internal/rollcall"
)

// attribute is one rule under attributes.
type attribute struct {
	code   text
	rule   rollcall.AttributeRule // all but its Attribute
	policy rollcall.UpdatePolicy  // "" to follow the update section
	blank  string                 // keep, clear; "" to follow the source
	at     places
}

// places are where the parts of a rule stand, for messages.
type places struct {
	value, deflt, by, source, separator, separators Position
}

func (rs *rules) readAttributes(r *reader, v *value, source string) {
	if v.shape != mapping {
		r.problem(v.Position, "attributes of source %s must be a section with a key per attribute, not %s", source, v.shape)
		return
	}
	for _, f := range v.fields {
		a := attribute{code: f.key}
		a.rule.Line = f.key.Line
		a.rule.Update = true
		a.rule.OnMiss = "keep"
		switch f.value.shape {
		case scalar: // email: mail
			r.name(&a.rule.From)(f.value)
		case mapping:
			a.read(r, f.value)
		default:
			r.problem(f.key.Position, "attribute %s must be a section, such as {from: mail}, not %s", f.key.Text, f.value.shape)
			continue
		}
		rs.attributes = append(rs.attributes, a)
	}
}

func (a *attribute) read(r *reader, v *value) {
	rule := &a.rule
	placedText := func(into *string, has *bool, at *Position) func(*value) {
		return func(v *value) {
			r.text(into)(v)
			*has, *at = true, v.Position
		}
	}
	var hasBy, hasSource, hasSeparator bool
	r.section(v, "attribute "+a.code.Text, keys{
		"from":       r.name(&rule.From),
		"value":      placedText(&rule.Value, &rule.HasValue, &a.at.value),
		"expr":       r.name(&rule.Expr),
		"default":    placedText(&rule.Default, &rule.HasDefault, &a.at.deflt),
		"all":        r.truth(&rule.All),
		"separator":  placedText(&rule.Separator, &hasSeparator, &a.at.separator),
		"separators": func(v *value) { a.readSeparators(r, v) },
		"lookup":     func(v *value) { a.readLookup(r, v) },
		"on_miss":    choice(r, &rule.OnMiss, words("keep", "empty", "error")),
		"by":         placedText(&rule.By, &hasBy, &a.at.by),
		"source":     placedText(&rule.Source, &hasSource, &a.at.source),
		"reconcile":  r.truth(&rule.Reconcile),
		"update":     func(v *value) { a.readUpdate(r, v) },
		"required":   r.truth(&rule.Required),
		"blank":      choice(r, &a.blank, blanks),
	})
	a.check(r, v, hasSeparator)
}

func (a *attribute) check(r *reader, v *value, hasSeparator bool) {
	rule := &a.rule
	origins := 0
	for _, given := range []bool{rule.From != "", rule.HasValue, rule.Expr != ""} {
		if given {
			origins++
		}
	}
	switch {
	case origins > 1:
		r.problem(a.code.Position, "attribute %s has more than one of from, value and expr", a.code.Text)
	case r.lacks(v, "from") && r.lacks(v, "value") && r.lacks(v, "expr") && r.lacks(v, "default"):
		r.problem(a.code.Position, "attribute %s has neither from, value, expr nor default", a.code.Text)
	}
	if rule.All && rule.HasValue {
		r.problem(a.code.Position, "all is for fields and lists; attribute %s has a constant value", a.code.Text)
	}
	if hasSeparator && !rule.All {
		r.problem(a.at.separator, "a separator joins several values; add all: true")
	}
	if rule.All && !hasSeparator {
		rule.Separator = ", "
	}
	if v.get("on_miss") != nil && v.get("lookup") == nil {
		r.problem(v.get("on_miss").Position, "on_miss says what follows when no line of a lookup table matches; attribute %s has no lookup", a.code.Text)
	}
	if rule.Source != "" && rule.By != rollcall.FieldDN {
		r.problem(a.at.source, "source names where a DN is looked up; add by: dn")
	}
}

// readUpdate reads update: false (used to join only) or a policy.
func (a *attribute) readUpdate(r *reader, v *value) {
	if v.shape == scalar && (v.text == "true" || v.text == "false") {
		a.rule.Update = v.text == "true"
		return
	}
	choice(r, &a.policy, policies)(v)
}

// readLookup reads {pattern: result, …} in written order, or a list of
// {match: pattern, to: result}.
func (a *attribute) readLookup(r *reader, v *value) {
	add := func(at *value, pattern, to string) {
		if re := r.pattern(at, pattern); re != nil {
			a.rule.Lookup = append(a.rule.Lookup, rollcall.LookupRule{Pattern: re, To: to})
		}
	}
	switch v.shape {
	case mapping:
		for _, f := range v.fields {
			key := &value{Position: f.key.Position, text: f.key.Text}
			if f.value.shape == nothing {
				r.problem(f.key.Position, "the lookup line %q has no result; write \"\" for an empty one", f.key.Text)
				continue
			}
			var to string
			r.verbatim(&to)(f.value)
			add(key, f.key.Text, to)
		}
	case list:
		for _, item := range v.items {
			var match, to string
			r.section(item, "a lookup line", keys{"match": r.verbatim(&match), "to": r.verbatim(&to)})
			if item.get("match") == nil || item.get("to") == nil {
				r.problem(item.Position, "a lookup line needs match and to")
				continue
			}
			add(item.get("match"), match, to)
		}
	default:
		r.problem(v.Position, "lookup must be a section {pattern: result} or a list of {match: …, to: …}, not %s", v.shape)
	}
}

func (a *attribute) readSeparators(r *reader, v *value) {
	a.at.separators = v.Position
	rule := &a.rule
	r.section(v, "separators of attribute "+a.code.Text, keys{
		"item":      r.verbatim(&rule.ItemSeparator),
		"attribute": r.verbatim(&rule.AttributeSeparator),
		"value":     r.verbatim(&rule.ValueSeparator),
		"qualifier": r.verbatim(&rule.Qualifier),
	})
}
