package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

// claim is one source's replica of an object, with what the entry said.
type claim struct {
	source  rollcall.Source
	replica rollcall.Replica
}

// story gathers what is known of an object: who claims it, where each value
// came from, and its history. With an attribute it tells of that alone.
func (a *app) story(ctx context.Context, ref rollcall.Ref, attribute string) (*report.Story, error) {
	class := a.model.Class(ref.Class)
	if attribute != "" && class.Attribute(attribute) == nil {
		return nil, rollcall.Errorf(rollcall.NotFound, "class %s has no attribute %s", class.Name, attribute)
	}
	s := &report.Story{Class: ref.Class, ID: ref.ID}
	if err := a.pastOf(ctx, s, attribute); err != nil {
		return nil, err
	}
	objects, err := a.store.Objects(ctx, class, []rollcall.ObjectID{ref.ID})
	if err != nil {
		return nil, err
	}
	if len(objects) == 0 {
		if len(s.Steps) == 0 {
			return nil, rollcall.Errorf(rollcall.NotFound, "there is no object %s::%d and never was", ref.Class, ref.ID)
		}
		s.Deleted = true
		return s, nil
	}
	object := &objects[0]
	names, err := a.store.Names(ctx, class, []rollcall.ObjectID{ref.ID})
	if err != nil {
		return nil, err
	}
	s.Name = names[ref.ID]
	claims, err := a.claims(ctx, object)
	if err != nil {
		return nil, err
	}
	for _, c := range claims {
		s.Replicas = append(s.Replicas, report.StoryReplica{
			Source: c.source.Name, Key: c.replica.Key, Entry: c.replica.Name, State: c.replica.State, Creator: c.replica.IsCreator,
			Run: c.replica.Run, LastSeen: c.replica.LastSeen, Error: c.replica.LastError, Warning: c.replica.LastWarning,
			Link: a.link(&c, object),
		})
	}
	if attribute == "" {
		if s.Grants, err = a.grants(ctx, object); err != nil {
			return nil, err
		}
	}
	s.Attributes, err = a.values(ctx, object, claims, attribute, s.Steps)
	return s, err
}

// link leads to an object in the application that its source is of.
func (a *app) link(c *claim, object *rollcall.Object) string {
	configured := a.config.Source(c.source.Name)
	if configured == nil {
		return ""
	}
	return rollcall.ApplicationLink(configured.AppURL, object, &c.replica, &c.source.Rules)
}

// mostSteps is how much of an object's history a story tells.
const mostSteps = 50

// pastOf fills in the history, newest first.
func (a *app) pastOf(ctx context.Context, s *report.Story, attribute string) error {
	filter := rollcall.HistoryFilter{Object: rollcall.Ref{Class: s.Class, ID: s.ID}, Newest: true, Limit: mostSteps}
	err := a.store.History(ctx, filter, func(h *rollcall.History) error {
		step := report.StoryStep{At: h.Origin.At, Verb: h.Verb, By: h.Origin.By, Run: h.Origin.Run, Key: h.Key, Reason: h.Reason, Sets: a.masked(h)}
		if s.Name == "" {
			s.Name = h.Name
		}
		if attribute != "" && h.Verb == rollcall.HistoryUpdate {
			step.Sets = slices.DeleteFunc(step.Sets, func(set rollcall.Set) bool { return set.Attribute != attribute })
			if len(step.Sets) == 0 {
				return nil
			}
		}
		s.Steps = append(s.Steps, step)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the history of %s::%d: %w", s.Class, s.ID, err)
	}
	return nil
}

// claims returns the replicas of an object that belong to configured sources.
func (a *app) claims(ctx context.Context, object *rollcall.Object) ([]claim, error) {
	replicas, err := a.store.ReplicasByDest(ctx, object.Class, []rollcall.ObjectID{object.ID})
	if err != nil {
		return nil, err
	}
	sources, err := a.identified(ctx)
	if err != nil {
		return nil, err
	}
	var claims []claim
	for _, r := range replicas {
		i := slices.IndexFunc(sources, func(s rollcall.Source) bool { return s.ID == r.Source })
		if i < 0 {
			claims = append(claims, claim{rollcall.Source{Name: fmt.Sprintf("SynchroDataSource::%d (not configured here)", r.Source)}, r})
			continue
		}
		src := sources[i]
		if err := a.store.EnsureTable(ctx, &src); err != nil {
			return nil, err
		}
		full, err := a.store.Replicas(ctx, &src, []int64{r.ID})
		if err != nil {
			return nil, err
		}
		for _, r := range full {
			claims = append(claims, claim{src, r})
		}
	}
	return claims, nil
}

// values tells of each attribute that has a value or a rule where it came from.
func (a *app) values(ctx context.Context, object *rollcall.Object, claims []claim, only string, steps []report.StoryStep) ([]report.StoryAttribute, error) {
	var list []report.StoryAttribute
	for _, att := range object.Class.Attributes {
		if only != "" && att.Code != only || only == "" && !att.Stored() && att.Type != rollcall.TypeLinks {
			continue
		}
		told := report.StoryAttribute{Attribute: att.Code}
		var err error
		if told.Value, told.Text, err = a.valueOf(ctx, object, att); err != nil {
			return nil, err
		}
		for i := range claims {
			a.ruled(&told, &claims[i], att, only != "")
		}
		if told.Value == "" && told.Source == "" && only == "" {
			continue
		}
		writer(&told, steps)
		list = append(list, told)
	}
	return list, nil
}

// valueOf returns an attribute's value and, of references, what it means.
func (a *app) valueOf(ctx context.Context, object *rollcall.Object, att *rollcall.Attribute) (value, text string, err error) {
	switch {
	case att.Type == rollcall.TypePassword:
		return mask(object.Get(att.Code)), "", nil
	case att.Type == rollcall.TypeImage:
		return rollcall.PictureText(object.Get(att.Code)), "", nil
	case att.Stored():
		value = object.Get(att.Code)
	}
	names, err := a.shown(ctx, []rollcall.Object{*object}, att)
	if err != nil {
		return "", "", err
	}
	if !att.Stored() {
		return names[0], "", nil
	}
	if names[0] != value {
		text = names[0]
	}
	return value, text, nil
}

// ruled adds what a source's rule says of an attribute.
func (a *app) ruled(told *report.StoryAttribute, c *claim, att *rollcall.Attribute, all bool) {
	for i := range c.source.Rules.Attributes {
		rule := &c.source.Rules.Attributes[i]
		if rule.Attribute.Code != att.Code || !rule.Update && !all {
			continue
		}
		told.Source = joinText(told.Source, c.source.Name)
		told.Rule = joinText(told.Rule, fmt.Sprintf("%s (%s:%d)", ruleText(rule), filepath.Base(a.config.Path), rule.Line))
		told.Policy = joinText(told.Policy, policyText(rule))
		if i < len(c.replica.Row) && c.replica.Row[i].Set {
			said := c.replica.Row[i].Text
			switch att.Type {
			case rollcall.TypePassword:
				said = mask(said)
			case rollcall.TypeImage:
				said = rollcall.PictureText(said)
			}
			if said != told.Value && said != told.Text {
				told.Entry = joinText(told.Entry, strings.ReplaceAll(said, "\n", "; "))
			}
		}
	}
}

func joinText(before, more string) string {
	if before == "" {
		return more
	}
	return before + "; " + more
}

// ruleText writes a rule as the configuration does.
func ruleText(rule *rollcall.AttributeRule) string {
	var parts []string
	switch {
	case rule.Profiles != nil:
		return fmt.Sprintf("profiles: %s", rule.Profiles.Pattern)
	case rule.From != "":
		parts = append(parts, "from: "+rule.From)
	case rule.Expr != "":
		parts = append(parts, "expr: "+rule.Expr)
	case rule.HasValue:
		parts = append(parts, "value: "+rule.Value)
	}
	if rule.HasDefault {
		parts = append(parts, "default: "+strconv.Quote(rule.Default))
	}
	if len(rule.Lookup) > 0 {
		parts = append(parts, fmt.Sprintf("lookup of %d lines", len(rule.Lookup)))
	}
	if rule.By != "" {
		parts = append(parts, "by: "+rule.By)
	}
	if rule.Source != "" {
		parts = append(parts, "source: "+rule.Source)
	}
	return strings.Join(parts, ", ")
}

// policyText says who may write an attribute besides its source.
func policyText(rule *rollcall.AttributeRule) string {
	switch {
	case !rule.Update:
		return "only used to find the object"
	case rule.Policy == rollcall.Unlocked:
		return "unlocked: others may write it too"
	case rule.Policy == rollcall.IfEmpty:
		return "if_empty: written only while there is none"
	}
	return "locked: nobody else may write it"
}

// writer adds who wrote the present value: the newest step that set it, else
// the one that made the object.
func writer(told *report.StoryAttribute, steps []report.StoryStep) {
	for _, step := range steps {
		made := step.Verb == rollcall.HistoryCreate
		i := slices.IndexFunc(step.Sets, func(s rollcall.Set) bool { return s.Attribute == told.Attribute })
		if !made && i < 0 {
			continue
		}
		told.By, told.Run, told.At, told.Why = step.By, step.Run, step.At, step.Reason
		switch {
		case i >= 0 && step.Sets[i].Why != "":
			told.Why = step.Sets[i].Why
		case step.Key != "" && step.Reason != "":
			told.Why = "the entry says so: " + step.Reason
		}
		return
	}
}
