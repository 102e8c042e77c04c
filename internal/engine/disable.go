package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// goneSet is a gone rule's assignments, looked up once for all who are gone.
type goneSet struct {
	values []rollcall.Assignment
	links  map[string][]rollcall.Link // roles to leave them with, say
	err    string                     // why the rule cannot be carried out
}

// goneSet looks the rule's link sets up.
func (g *removal) goneSet(ctx context.Context) (*goneSet, error) {
	set := &goneSet{links: map[string][]rollcall.Link{}}
	for _, assignment := range g.src.Rules.Gone.Set {
		a := g.src.Class.Attribute(assignment.Attribute)
		if a == nil {
			set.err = fmt.Sprintf("Unknown attribute code '%s'", assignment.Attribute)
			return set, nil
		}
		if a.Type != rollcall.TypeLinks {
			set.values = append(set.values, assignment)
			continue
		}
		rule := rollcall.AttributeRule{Attribute: a, ItemSeparator: "|", AttributeSeparator: ";", ValueSeparator: ":", Qualifier: "'"}
		specs, err := rollcall.ParseLinks(rule.LinkSyntax(), assignment.Value)
		lookups := newLookups()
		for i := range specs {
			if err == nil {
				err = specs[i].Check(g.engine.model, a)
			}
			lookups.want(specs[i].Conditions)
		}
		if err != nil {
			set.err = err.Error()
			return set, nil
		}
		if err := lookups.run(ctx, g.tx, g.engine.model, g.engine.model.Class(a.Target)); err != nil {
			return nil, fmt.Errorf("look up %s: %w", a.Code, err)
		}
		links := make([]rollcall.Link, 0, len(specs))
		for _, spec := range specs {
			target, err := lookups.target(spec, a.Remote)
			if err != nil {
				set.err = err.Error()
				return set, nil
			}
			links = append(links, rollcall.Link{Target: target, Values: spec.Values})
		}
		set.links[a.Code] = mergeLinks(links)
	}
	return set, nil
}

// disableAll gives the objects of the gone their rule's values.
func (g *removal) disableAll(ctx context.Context) error {
	if len(g.disable) == 0 {
		return nil
	}
	set, err := g.goneSet(ctx)
	if err != nil {
		return err
	}
	for batch := range slices.Chunk(g.disable, batchSize) {
		if err := g.disableBatch(ctx, set, batch); err != nil {
			return err
		}
	}
	return nil
}

func (g *removal) disableBatch(ctx context.Context, set *goneSet, batch []rollcall.Replica) error {
	objects, err := g.objectsOf(ctx, batch)
	if err != nil {
		return err
	}
	var edits []registry.Edit
	var at []int
	for i := range batch {
		object := objects[batch[i].Dest.ID]
		if object == nil {
			g.forget = append(g.forget, batch[i])
			continue
		}
		edits = append(edits, registry.Edit{Object: *object, Sets: set.values, Links: set.links, Key: batch[i].Key,
			Reason: "gone since " + batch[i].LastSeen.Format(time.DateTime)})
		at = append(at, i)
	}
	was, err := g.linksOf(ctx, set, edits)
	if err != nil {
		return err
	}
	outcomes := make([]registry.Outcome, len(edits))
	if set.err != "" {
		for i := range outcomes {
			outcomes[i].Err = refusal("%s", set.err)
		}
	} else if outcomes, err = g.editor.Update(ctx, edits); err != nil {
		return fmt.Errorf("update objects: %w", err)
	}
	for n, i := range at {
		if err := g.disabled(&batch[i], &edits[n], &outcomes[n], was[n]); err != nil {
			return err
		}
	}
	return g.write(ctx, batch)
}

// linksOf returns what the link sets that the rule overwrites hold, by object
// and attribute.
func (g *removal) linksOf(ctx context.Context, set *goneSet, edits []registry.Edit) ([]map[string][]rollcall.Link, error) {
	was := make([]map[string][]rollcall.Link, len(edits))
	hosts := make([]rollcall.ObjectID, len(edits))
	for i := range edits {
		was[i] = map[string][]rollcall.Link{}
		hosts[i] = edits[i].Object.ID
	}
	for code := range set.links {
		found, err := g.tx.Links(ctx, g.src.Class.Attribute(code), hosts)
		if err != nil {
			return nil, fmt.Errorf("load %s: %w", code, err)
		}
		for i := range found {
			was[i][code] = found[i]
		}
	}
	return was, nil
}

func (g *removal) disabled(replica *rollcall.Replica, edit *registry.Edit, outcome *registry.Outcome, was map[string][]rollcall.Link) error {
	if outcome.Err != nil {
		g.counters.ObsoletedErrors++
		return g.failed(replica, "Unable to update the destination object: "+issues(outcome.Err, edit.Object.Class, edit.Object.ID))
	}
	g.counters.Obsoleted++
	replica.State, replica.LastError, replica.LastModified = rollcall.StateObsolete, "", g.run.Started
	put := make([]putBack, 0, len(outcome.Sets))
	for _, set := range outcome.Sets {
		if links, isLinks := was[set.Attribute]; isLinks {
			put = append(put, putBack{Attribute: set.Attribute, Set: linksText(edit.Links[set.Attribute]), Links: links})
			continue
		}
		put = append(put, putBack{Attribute: set.Attribute, Was: set.Old, Set: set.New})
	}
	text, err := json.Marshal(put)
	if err != nil {
		return err
	}
	replica.Restore = string(text)
	change := g.change(replica, rollcall.VerbDisable)
	change.Sets, change.Reason, change.Name = outcome.Sets, edit.Reason, nameAfter(&edit.Object, outcome.Sets)
	return g.emit(change)
}

// putBack is what a gone rule overwrote of an object, kept with its replica.
type putBack struct {
	Attribute string          `json:"attribute"`
	Was       string          `json:"was,omitempty"`
	Set       string          `json:"set"` // of a link set: its canonical rendering
	Links     []rollcall.Link `json:"links,omitempty"`
}

// restorable reads what disabled kept.
func restorable(text string) []putBack {
	if text == "" {
		return nil
	}
	var list []putBack
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil // written by nobody but disabled
	}
	return list
}

// restore puts back what a gone rule had overwritten and the entry itself does not
// write, unless somebody changed it since.
func (b *batching) restore(ctx context.Context, i int, edit *registry.Edit) error {
	list := restorable(b.replicas[i].Restore)
	if len(list) == 0 {
		return nil
	}
	covered := map[string]bool{}
	for n := range b.src.Rules.Attributes {
		// An unlocked one is written only when it changed at the source.
		if rule := &b.src.Rules.Attributes[n]; rule.Update && rule.Policy == rollcall.Locked && b.resolved[i].values[n].IsSet {
			covered[rule.Attribute.Code] = true
		}
	}
	for _, set := range edit.Sets {
		covered[set.Attribute] = true
	}
	for code := range edit.Links {
		covered[code] = true
	}
	for _, put := range list {
		a := b.objects[i].Class.Attribute(put.Attribute)
		switch {
		case a == nil || covered[put.Attribute]:
		case a.Type == rollcall.TypeLinks:
			found, err := b.tx.Links(ctx, a, []rollcall.ObjectID{b.objects[i].ID})
			if err != nil {
				return fmt.Errorf("load %s: %w", a.Code, err)
			}
			if linksText(found[0]) == put.Set {
				if edit.Links == nil {
					edit.Links = map[string][]rollcall.Link{}
				}
				edit.Links[a.Code] = put.Links
			}
		case b.objects[i].Get(put.Attribute) == put.Set:
			edit.Sets = append(edit.Sets, rollcall.Assignment{Attribute: put.Attribute, Value: put.Was})
		}
	}
	return nil
}
