package engine

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// The classes of a source's own objects.
const (
	classSource       = "SynchroDataSource"
	classAttribute    = "SynchroAttribute"
	classKeyAttribute = "SynchroAttExtKey"
	classLinks        = "SynchroAttLinkSet"
)

// identify finds the source's object by its name, and what is known of it. A
// source that never ran has none.
func (e *Engine) identify(ctx context.Context, l *load) error {
	if err := e.locate(ctx, l); err != nil || l.src.ID == 0 {
		return err
	}
	return e.known(ctx, l)
}

// locate finds the source's object alone.
func (e *Engine) locate(ctx context.Context, l *load) error {
	found, err := e.store.Find(ctx, e.model.Class(classSource), []string{"name"}, [][]string{{l.src.Name}})
	if err != nil {
		return fmt.Errorf("find it: %w", err)
	}
	switch len(found[0]) {
	case 0:
	case 1:
		l.src.ID = found[0][0]
	default:
		return rollcall.Errorf(rollcall.Conflict, "%d data sources have this name: rename all but one", len(found[0]))
	}
	return nil
}

// known reads how a source stands; one without an ID is looked for by its name.
func (e *Engine) known(ctx context.Context, l *load) (err error) {
	if l.src.ID == 0 {
		return e.identify(ctx, l)
	}
	if l.standing, err = e.store.Standing(ctx, l.src.ID); err != nil {
		return fmt.Errorf("read its standing: %w", err)
	}
	return nil
}

// ensureLookups makes sure that whatever the source searches by is indexed.
func (e *Engine) ensureLookups(ctx context.Context, src *rollcall.Source) error {
	want := func(class *rollcall.Class, attributes []string) error {
		if slices.Contains(attributes, "id") {
			return nil
		}
		if err := e.store.EnsureLookup(ctx, class, attributes); err != nil {
			return fmt.Errorf("index %s by %s: %w", class.Name, strings.Join(attributes, ", "), err)
		}
		return nil
	}
	if attributes, _ := joinKey(&src.Rules); len(attributes) > 0 {
		if err := want(src.Class, attributes); err != nil {
			return err
		}
	}
	for _, look := range e.registry.Lookups(src.Class) {
		if err := want(look.Class, look.Attrs); err != nil {
			return err
		}
	}
	for i := range src.Rules.Attributes {
		rule := &src.Rules.Attributes[i]
		if rule.By == "" || rule.By == "dn" {
			continue
		}
		target := e.model.Class(rule.Attribute.Target)
		if rule.Attribute.Type == rollcall.TypeLinks {
			target = e.model.Class(target.Attribute(rule.Attribute.Remote).Target) // the other side
		}
		if a := target.Attribute(rule.By); a != nil && !a.Stored() {
			continue // searched through the key it follows
		}
		if err := want(target, []string{rule.By}); err != nil {
			return err
		}
	}
	return nil
}

// define makes the source's object and its attributes' objects say what the
// configuration says, so that everyone else sees the same rules and locks.
func (r *runner) define(ctx context.Context, l *load) error {
	origin := rollcall.Origin{Kind: rollcall.OriginInteractive, By: r.run.By, Run: r.run.ID, At: r.run.Started}
	d := &definition{runner: r, load: l, editor: r.engine.registry.On(r.tx, origin)}
	if err := d.source(ctx); err != nil {
		return fmt.Errorf("define it: %w", err)
	}
	if err := d.attributes(ctx); err != nil {
		return fmt.Errorf("define its attributes: %w", err)
	}
	if err := r.tx.EnsureTable(ctx, l.src); err != nil {
		return fmt.Errorf("make its data table: %w", err)
	}
	origin.Kind, origin.Source = rollcall.OriginSync, l.src.ID
	origin.By = r.run.By + " (Data Synchro)"
	l.editor = r.engine.registry.On(r.tx, origin)
	return nil
}

type definition struct {
	*runner
	*load
	editor *registry.Editor
}

func (d *definition) source(ctx context.Context) error {
	class := d.engine.model.Class(classSource)
	values, err := d.sourceValues(ctx)
	if err != nil {
		return err
	}
	if d.src.ID != 0 {
		return d.adjust(ctx, class, d.src.ID, values)
	}
	draft := registry.Draft{Object: rollcall.NewObject(class), Reason: "configured", Links: nil}
	for _, v := range values {
		draft.Object.Set(v.Attribute, v.Value)
	}
	drafts := []registry.Draft{draft}
	refused, err := d.editor.Create(ctx, drafts)
	if err != nil {
		return err
	}
	d.src.ID = drafts[0].Object.ID
	return refused[0]
}

// adjust updates one object of a definition; nothing happens when it is right.
func (d *definition) adjust(ctx context.Context, class *rollcall.Class, id rollcall.ObjectID, values []rollcall.Assignment) error {
	objects, err := d.tx.Objects(ctx, class, []rollcall.ObjectID{id})
	if err != nil {
		return err
	}
	if len(objects) == 0 {
		return rollcall.Errorf(rollcall.Conflict, "%s %d vanished during the run: run again", class.Name, id)
	}
	outcomes, err := d.editor.Update(ctx, []registry.Edit{{Object: objects[0], Sets: values, Reason: "configured"}})
	if err != nil {
		return err
	}
	return outcomes[0].Err
}

func (d *definition) sourceValues(ctx context.Context) ([]rollcall.Assignment, error) {
	rules, p := &d.src.Rules, &d.job.Profile
	policy := "use_attributes"
	if rules.JoinByID {
		policy = "use_primary_key"
	}
	user, err := d.named(ctx, "User", "login", p.User)
	if err != nil {
		return nil, err
	}
	contact, err := d.named(ctx, "Contact", "email", p.Notify)
	if err != nil {
		return nil, err
	}
	values := []rollcall.Assignment{
		{Attribute: "name", Value: d.src.Name},
		{Attribute: "description", Value: p.Description},
		{Attribute: "status", Value: cmp.Or(p.Status, "production")},
		{Attribute: "user_id", Value: user},
		{Attribute: "notify_contact_id", Value: contact},
		{Attribute: "scope_class", Value: d.src.Class.Name},
		{Attribute: "full_load_periodicity", Value: seconds(rules.Gone.After.Seconds())},
		{Attribute: "reconciliation_policy", Value: policy},
		{Attribute: "action_on_zero", Value: string(rules.OnNone)},
		{Attribute: "action_on_one", Value: string(rules.OnOne)},
		{Attribute: "action_on_multiple", Value: string(rules.OnMany)},
		{Attribute: "delete_policy", Value: string(cmp.Or(rules.Gone.Then, rollcall.GoneIgnore))},
		{Attribute: "delete_policy_update", Value: assignmentsText(rules.Gone.Set)},
		{Attribute: "delete_policy_retention", Value: seconds(rules.Gone.DeleteAfter.Seconds())},
		{Attribute: "user_delete_policy", Value: cmp.Or(rules.UserDelete, "nobody")},
		{Attribute: "url_icon", Value: p.IconURL},
		{Attribute: "url_application", Value: p.AppURL},
	}
	if d.src.Table != "" {
		values = append(values, rollcall.Assignment{Attribute: "database_table_name", Value: d.src.Table})
	}
	return values, nil
}

// named finds the one object that a configured name means, "" when none is.
func (d *definition) named(ctx context.Context, class, attribute, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	found, err := d.tx.Find(ctx, d.engine.model.Class(class), []string{attribute}, [][]string{{name}})
	if err != nil {
		return "", err
	}
	if len(found[0]) == 1 {
		return strconv.FormatInt(int64(found[0][0]), 10), nil
	}
	d.problems.add(rollcall.Problem{Source: d.src.Name, Attribute: attribute, Value: name, Warning: true,
		Reason: fmt.Sprintf("%d objects of class %s have this %s; the data source names none", len(found[0]), class, attribute)})
	return "", nil
}

func seconds(s float64) string { return strconv.FormatInt(int64(s), 10) }

// assignmentsText writes update rules in the wire's form.
func assignmentsText(list []rollcall.Assignment) string {
	parts := make([]string, len(list))
	for i, a := range list {
		parts[i] = a.Attribute + ":" + a.Value
	}
	return strings.Join(parts, ";")
}

// attributes makes one object per attribute of the class that a source may
// write, as the original does when a source is made.
func (d *definition) attributes(ctx context.Context) error {
	base := d.engine.model.Class(classAttribute)
	found, err := d.tx.Find(ctx, base, []string{"sync_source_id"}, [][]string{{strconv.FormatInt(int64(d.src.ID), 10)}})
	if err != nil {
		return err
	}
	existing, err := d.tx.Objects(ctx, base, found[0])
	if err != nil {
		return err
	}
	have := make(map[string]*rollcall.Object, len(existing))
	for i := range existing {
		have[existing[i].Get("attcode")] = &existing[i]
	}
	var drafts []registry.Draft
	var edits []registry.Edit
	for _, a := range d.src.Class.Attributes {
		if !a.Writable() {
			continue
		}
		values := d.attributeValues(a)
		if object := have[a.Code]; object != nil {
			edits = append(edits, registry.Edit{Object: *object, Sets: values, Reason: "configured"})
			continue
		}
		draft := registry.Draft{Object: rollcall.NewObject(d.engine.model.Class(attributeClass(a))), Reason: "configured"}
		for _, v := range values {
			draft.Object.Set(v.Attribute, v.Value)
		}
		drafts = append(drafts, draft)
	}
	refused, err := d.editor.Create(ctx, drafts)
	if err != nil {
		return err
	}
	outcomes, err := d.editor.Update(ctx, edits)
	if err != nil {
		return err
	}
	for i := range outcomes {
		refused = append(refused, outcomes[i].Err)
	}
	for _, err := range refused {
		if err != nil {
			return err
		}
	}
	return nil
}

func attributeClass(a *rollcall.Attribute) string {
	switch {
	case a.IsKey():
		return classKeyAttribute
	case a.Type == rollcall.TypeLinks:
		return classLinks
	}
	return classAttribute
}

func (d *definition) attributeValues(a *rollcall.Attribute) []rollcall.Assignment {
	values := []rollcall.Assignment{
		{Attribute: "sync_source_id", Value: strconv.FormatInt(int64(d.src.ID), 10)},
		{Attribute: "attcode", Value: a.Code},
	}
	i := slices.IndexFunc(d.src.Rules.Attributes, func(rule rollcall.AttributeRule) bool { return rule.Attribute.Code == a.Code })
	if i < 0 {
		return append(values, rollcall.Assignment{Attribute: "update", Value: "0"}, rollcall.Assignment{Attribute: "reconcile", Value: "0"})
	}
	rule := &d.src.Rules.Attributes[i]
	values = append(values,
		rollcall.Assignment{Attribute: "update", Value: flag(rule.Update)},
		rollcall.Assignment{Attribute: "reconcile", Value: flag(rule.Reconcile)},
		rollcall.Assignment{Attribute: "update_policy", Value: string(rule.Policy)})
	switch attributeClass(a) {
	case classKeyAttribute:
		// A DN is looked up among the source's own entries; the wire has no word for it.
		if rule.By != "dn" {
			values = append(values, rollcall.Assignment{Attribute: "reconciliation_attcode", Value: rule.By})
		}
	case classLinks:
		values = append(values,
			rollcall.Assignment{Attribute: "row_separator", Value: rule.ItemSeparator},
			rollcall.Assignment{Attribute: "attribute_separator", Value: rule.AttributeSeparator},
			rollcall.Assignment{Attribute: "value_separator", Value: rule.ValueSeparator},
			rollcall.Assignment{Attribute: "attribute_qualifier", Value: rule.Qualifier})
	}
	return values
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
