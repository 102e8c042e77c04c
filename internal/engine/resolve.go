package engine

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rollcall/internal/reconcile"
	"rollcall/internal/rollcall"
)

// resolved is what a staged entry wants of its object, beside the rules.
type resolved struct {
	values   []reconcile.Value
	links    map[int][]rollcall.Link // by rule: the wanted contents of a link set
	warnings []string
	lost     []string // the warnings of an entry that failed
	err      string   // a link set that cannot be read: the entry fails with it
	waits    bool     // a reference names an entry of this load that is not in place yet
}

// resolve looks up the references of a batch: one query a rule, not one an
// entry. With final set nothing waits: what is not found is a warning.
func (r *runner) resolve(ctx context.Context, l *load, batch []staged, final bool) ([]resolved, error) {
	out := make([]resolved, len(batch))
	rules := l.src.Rules.Attributes
	values := make([]reconcile.Value, len(batch)*len(rules))
	for i := range batch {
		out[i].values = values[i*len(rules) : (i+1)*len(rules) : (i+1)*len(rules)]
		out[i].warnings = append(out[i].warnings, batch[i].warnings...)
	}
	for i := range rules {
		var err error
		rule := &rules[i]
		switch {
		case rule.Attribute.Type == rollcall.TypeLinks && rule.By != "":
			err = r.resolveMembers(ctx, l, batch, out, i, final)
		case rule.Attribute.Type == rollcall.TypeLinks:
			err = r.resolveLinks(ctx, l, batch, out, i)
		case rule.Attribute.IsKey() && rule.By != "":
			err = r.resolveKeys(ctx, l, batch, out, i, final)
		case rule.Attribute.IsKey():
			resolveIDs(rule, batch, out, i)
		default:
			resolveTexts(rule, batch, out, i)
		}
		if err != nil {
			return nil, fmt.Errorf("look up %s: %w", rule.Attribute.Code, err)
		}
	}
	return out, nil
}

func resolveTexts(rule *rollcall.AttributeRule, batch []staged, out []resolved, i int) {
	for e := range batch {
		cell := batch[e].row[i]
		if !cell.Set {
			continue
		}
		text, err := rule.Attribute.Canonical(cell.Text)
		if err != nil {
			text = cell.Text // the registry refuses it, with the reason
		}
		out[e].values[i] = reconcile.Value{IsSet: true, Text: text}
	}
}

// resolveIDs takes references that are given as the ID itself. What is no
// number names nobody, as on iTop 3.2.0, but is said.
func resolveIDs(rule *rollcall.AttributeRule, batch []staged, out []resolved, i int) {
	for e := range batch {
		cell := batch[e].row[i]
		if !cell.Set {
			continue
		}
		text := strings.TrimSpace(cell.Text)
		if _, err := strconv.ParseUint(text, 10, 63); err != nil && text != "" {
			out[e].warn(rule, "id", cell.Text)
			text = ""
		}
		if strings.Trim(text, "0") == "" {
			text = ""
		}
		out[e].values[i] = reconcile.Value{IsSet: true, Text: text}
	}
}

// resolveKeys finds the objects that a rule's texts name. Empty names nobody.
func (r *runner) resolveKeys(ctx context.Context, l *load, batch []staged, out []resolved, i int, final bool) error {
	rule := &l.src.Rules.Attributes[i]
	texts := distinct{}
	for e := range batch {
		if cell := batch[e].row[i]; cell.Set {
			texts.add(cell.Text)
		}
	}
	found, err := r.findTexts(ctx, l, rule, r.engine.model.Class(rule.Attribute.Target), texts)
	if err != nil {
		return err
	}
	waits := !final && r.mayWait(l, rule, rule.Attribute.Target)
	for e := range batch {
		cell := batch[e].row[i]
		if !cell.Set {
			continue
		}
		value := reconcile.Value{IsSet: true, Shown: cell.Text}
		switch ids := found[cell.Text]; {
		case len(ids) == 1:
			value.Text = strconv.FormatInt(int64(ids[0]), 10)
		case cell.Text == "":
		case waits:
			out[e].waits = true
			value.IsSet = false
		default:
			out[e].warn(rule, rule.By, cell.Text)
			value.Shown = ""
		}
		out[e].values[i] = value
	}
	return nil
}

// mayWait reports whether a rule's targets may be entries of this same load,
// which are in place only once the load is applied.
func (r *runner) mayWait(l *load, rule *rollcall.AttributeRule, target string) bool {
	if l.stand != nil && l.stand.fresh == 0 {
		return false // no entry of this load gets its object
	}
	if rule.By == "dn" {
		return rule.Source == "" || rule.Source == l.src.Name
	}
	return r.engine.model.IsA(l.src.Class.Name, target)
}

// findTexts returns the objects of class that each text names.
func (r *runner) findTexts(ctx context.Context, l *load, rule *rollcall.AttributeRule, class *rollcall.Class, texts distinct) (map[string][]rollcall.ObjectID, error) {
	found := make(map[string][]rollcall.ObjectID, len(texts.list))
	if len(texts.list) == 0 {
		return found, nil
	}
	if rule.By == "dn" {
		return found, r.findNames(ctx, l, rule, class, texts, found)
	}
	keys := make([][]string, len(texts.list))
	for i, text := range texts.list {
		keys[i] = []string{text}
	}
	ids, err := r.tx.Find(ctx, class, []string{rule.By}, keys)
	if err != nil {
		return nil, err
	}
	for i, text := range texts.list {
		found[text] = ids[i]
	}
	return found, nil
}

// findNames looks texts up as DNs of the entries of a source.
func (r *runner) findNames(ctx context.Context, l *load, rule *rollcall.AttributeRule, class *rollcall.Class, texts distinct, found map[string][]rollcall.ObjectID) error {
	source, err := r.sourceNamed(ctx, l, rule.Source)
	if err != nil || source == 0 {
		return err
	}
	folded := make([]string, len(texts.list))
	for i, text := range texts.list {
		folded[i] = rollcall.FoldDN(text)
	}
	refs, err := r.tx.ReplicasByName(ctx, source, folded)
	if err != nil {
		return err
	}
	for i, text := range texts.list {
		if ref, ok := refs[folded[i]]; ok && r.engine.model.IsA(ref.Class, class.Name) {
			found[text] = []rollcall.ObjectID{ref.ID}
		}
	}
	return nil
}

// resolveMembers turns a list of names into links: group members by DN, say. A
// member that is not known here is left out, and looked for again at every run.
func (r *runner) resolveMembers(ctx context.Context, l *load, batch []staged, out []resolved, i int, final bool) error {
	rule := &l.src.Rules.Attributes[i]
	other := r.otherSide(rule)
	texts := distinct{}
	for e := range batch {
		for _, name := range splitMembers(batch[e].row[i].Text) {
			texts.add(name)
		}
	}
	found, err := r.findTexts(ctx, l, rule, other, texts)
	if err != nil {
		return err
	}
	// A group's member may be another group: an entry of this source, which is no
	// member here and no mistake. Whether it is one is known when all are in place.
	waits := !final && (rule.By == "dn" || r.mayWait(l, rule, other.Name))
	own := map[string]rollcall.Ref{}
	if final && rule.By == "dn" {
		if own, err = r.ownEntries(ctx, l, texts, found); err != nil {
			return err
		}
	}
	for e := range batch {
		cell := batch[e].row[i]
		if !cell.Set {
			continue
		}
		links, missing := members(splitMembers(cell.Text), found)
		missing = slices.DeleteFunc(missing, func(name string) bool { _, is := own[rollcall.FoldDN(name)]; return is })
		if len(missing) > 0 && waits {
			out[e].waits = true
			out[e].values[i].Shown = strings.Join(splitMembers(cell.Text), ", ")
			continue
		}
		if len(missing) > 0 {
			out[e].warnings = append(out[e].warnings, fmt.Sprintf("%d of the %d values of '%s' name nobody here, first '%s'",
				len(missing), len(missing)+len(links), rule.Attribute.Code, missing[0]))
		}
		out[e].setLinks(i, links, strings.ReplaceAll(cell.Text, memberSeparator, ", "))
	}
	return nil
}

// ownEntries returns which of the texts that name no object of the class wanted
// are entries of the load's own source.
func (r *runner) ownEntries(ctx context.Context, l *load, texts distinct, found map[string][]rollcall.ObjectID) (map[string]rollcall.Ref, error) {
	var names []string
	for _, text := range texts.list {
		if len(found[text]) != 1 {
			names = append(names, rollcall.FoldDN(text))
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	return r.tx.ReplicasByName(ctx, l.src.ID, names)
}

// memberSeparator stands between the values of a link set that is looked up by
// name; a DN writes a line feed as \0A, so it cannot hold one.
const memberSeparator = "\n"

func splitMembers(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, memberSeparator)
}

func members(names []string, found map[string][]rollcall.ObjectID) (links []rollcall.Link, missing []string) {
	have := make(map[rollcall.ObjectID]bool, len(names))
	for _, name := range names {
		ids := found[name]
		if len(ids) != 1 {
			missing = append(missing, name)
			continue
		}
		if !have[ids[0]] {
			have[ids[0]] = true
			links = append(links, rollcall.Link{Target: ids[0]})
		}
	}
	return links, missing
}

// resolveLinks reads link sets in the wire's text form and finds their other
// sides.
func (r *runner) resolveLinks(ctx context.Context, l *load, batch []staged, out []resolved, i int) error {
	rule := &l.src.Rules.Attributes[i]
	specs := make([][]rollcall.LinkSpec, len(batch))
	lookups := newLookups()
	for e := range batch {
		cell := batch[e].row[i]
		if !cell.Set {
			continue
		}
		list, err := rollcall.ParseLinks(rule.LinkSyntax(), cell.Text)
		for s := range list {
			if err == nil {
				err = list[s].Check(r.engine.model, rule.Attribute)
			}
			lookups.want(list[s].Conditions)
		}
		if err != nil {
			out[e].err = err.Error()
			continue
		}
		specs[e] = list
	}
	class := r.engine.model.Class(rule.Attribute.Target)
	if err := lookups.run(ctx, r.tx, r.engine.model, class); err != nil {
		return err
	}
	for e := range batch {
		if !batch[e].row[i].Set || out[e].err != "" {
			continue
		}
		links := make([]rollcall.Link, 0, len(specs[e]))
		for _, spec := range specs[e] {
			target, err := lookups.target(spec, rule.Attribute.Remote)
			if err != nil {
				out[e].err = err.Error()
				break
			}
			links = append(links, rollcall.Link{Target: target, Values: spec.Values})
		}
		out[e].setLinks(i, mergeLinks(links), batch[e].row[i].Text)
	}
	return nil
}

// mergeLinks drops links to a target that came before.
func mergeLinks(links []rollcall.Link) []rollcall.Link {
	have := make(map[rollcall.ObjectID]bool, len(links))
	kept := links[:0]
	for _, link := range links {
		if !have[link.Target] {
			have[link.Target] = true
			kept = append(kept, link)
		}
	}
	return kept
}

func (v *resolved) setLinks(rule int, links []rollcall.Link, shown string) {
	if v.links == nil {
		v.links = map[int][]rollcall.Link{}
	}
	v.links[rule] = links
	v.values[rule] = reconcile.Value{IsSet: true, Text: linksText(links), Shown: shown}
}

// warn keeps iTop's text for a reference that names nobody, or several.
func (v *resolved) warn(rule *rollcall.AttributeRule, by, text string) {
	v.warnings = append(v.warnings, fmt.Sprintf("Could not find [unique] object for '%s': searched on %s = '%s'", rule.Attribute.Code, by, text))
}

// distinct gathers texts once each, without the empty one.
type distinct struct {
	have map[string]bool
	list []string
}

func (d *distinct) add(text string) {
	if text == "" || d.have[text] {
		return
	}
	if d.have == nil {
		d.have = map[string]bool{}
	}
	d.have[text] = true
	d.list = append(d.list, text)
}

// sourceNamed returns the object of the source that a rule names, this load's
// own when it names none; 0 for one that never ran.
func (r *runner) sourceNamed(ctx context.Context, l *load, name string) (rollcall.ObjectID, error) {
	if name == "" || name == l.src.Name {
		return l.src.ID, nil
	}
	for _, other := range r.loads {
		if other.src.Name == name {
			return other.src.ID, nil
		}
	}
	found, err := r.tx.Find(ctx, r.engine.model.Class(classSource), []string{"name"}, [][]string{{name}})
	if err != nil || len(found[0]) == 0 {
		return 0, err
	}
	return found[0][0], nil
}
