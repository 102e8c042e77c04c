package registry

import (
	"context"
	"regexp"
	"strings"

	"rollcall/internal/rollcall"
)

// uniqueCase is one item under one rule.
type uniqueCase struct {
	it      *item
	key     []string
	folded  string
	holders []rollcall.ObjectID // who has the key now, where that is not all the same
	taken   bool                // somebody has it, whoever that is
}

// uniqueGroup is a rule and all items that it concerns.
type uniqueGroup struct {
	rule  rollcall.Unique
	class *rollcall.Class // that declares it
	cases []uniqueCase
	keyOf map[rollcall.ObjectID]string // the folded key that an object of this call will have
}

// checkUnique asks one query a rule, and looks among the items themselves.
// Two edits may swap a value: who gives it up does not stand in the way.
func (e *Editor) checkUnique(ctx context.Context, items []*item) error {
	groups := e.uniqueGroups(items)
	for _, g := range groups {
		if err := e.findHolders(ctx, g); err != nil {
			return err
		}
	}
	// A refusal gives the value back to its holder, so decide again until
	// nothing more is refused.
	var clashes []clash
	for again := true; again; {
		clashes, again = clashes[:0], false
		for _, g := range groups {
			for _, c := range g.clashes() {
				clashes = append(clashes, clash{c, &g.rule})
			}
		}
		blocked, err := e.blocking(ctx, clashes)
		if err != nil {
			return err
		}
		again = blocked
	}
	texts, err := e.messages(ctx, clashes)
	if err != nil {
		return err
	}
	for i, c := range clashes {
		c.it.warnings = append(c.it.warnings, texts[i])
	}
	return nil
}

// findHolders finds who has the keys of a group. Where nobody can give a key up,
// because all items are new, it is enough that somebody has it.
func (e *Editor) findHolders(ctx context.Context, g *uniqueGroup) error {
	keys := make([][]string, len(g.cases))
	for i, c := range g.cases {
		keys[i] = c.key
	}
	if len(g.keyOf) == 0 {
		taken, err := e.tx.Taken(ctx, g.class, g.rule.On, keys)
		for i := range taken {
			g.cases[i].taken = taken[i]
		}
		return err
	}
	found, err := e.tx.Find(ctx, g.class, g.rule.On, keys)
	for i := range found {
		g.cases[i].holders = found[i]
	}
	return err
}

// clash is an item that breaks a rule.
type clash struct {
	it   *item
	rule *rollcall.Unique
}

// blocking refuses the items that break blocking rules and reports whether
// there was one.
func (e *Editor) blocking(ctx context.Context, clashes []clash) (bool, error) {
	var hard []clash
	for _, c := range clashes {
		if c.rule.Blocks {
			hard = append(hard, c)
		}
	}
	texts, err := e.messages(ctx, hard)
	for i, c := range hard {
		c.it.refuse(texts[i])
	}
	return len(hard) > 0, err
}

func (e *Editor) uniqueGroups(items []*item) []*uniqueGroup {
	at := map[string]*uniqueGroup{}
	var groups []*uniqueGroup
	for _, it := range items {
		if it.refused() {
			continue
		}
		for _, rule := range it.class.Unique {
			if !concerns(it, &rule) {
				continue
			}
			g := at[rule.Class+"."+rule.Code]
			if g == nil {
				g = &uniqueGroup{rule: rule, class: e.r.model.Class(rule.Class), keyOf: map[rollcall.ObjectID]string{}}
				at[rule.Class+"."+rule.Code] = g
				groups = append(groups, g)
			}
			key := make([]string, len(rule.On))
			folded := make([]string, len(rule.On))
			for i, code := range rule.On {
				key[i] = it.object.Get(code)
				folded[i] = rollcall.Fold(key[i])
			}
			c := uniqueCase{it: it, key: key, folded: strings.Join(folded, "\x00")}
			g.cases = append(g.cases, c)
			if it.was != nil {
				g.keyOf[it.object.ID] = c.folded
			}
		}
	}
	return groups
}

// concerns reports whether a rule has to be looked at for an item.
func concerns(it *item, rule *rollcall.Unique) bool {
	for _, code := range rule.Skip {
		if it.object.Get(code) == "" {
			return false
		}
	}
	for _, code := range rule.On {
		if it.touches(code) {
			return true
		}
	}
	for _, code := range rule.Skip {
		if it.touches(code) {
			return true
		}
	}
	return false
}

// clashes returns the items that are not refused and break the rule; of two
// items of one call the later one.
func (g *uniqueGroup) clashes() []*item {
	standing := map[rollcall.ObjectID]bool{}
	for _, c := range g.cases {
		if c.it.was != nil && !c.it.refused() {
			standing[c.it.object.ID] = true
		}
	}
	claimed := map[string]bool{}
	var broken []*item
	for _, c := range g.cases {
		if c.it.refused() {
			continue
		}
		taken := c.taken || claimed[c.folded]
		for _, id := range c.holders {
			if c.it.was != nil && id == c.it.object.ID {
				continue
			}
			givesUp := standing[id] && g.keyOf[id] != c.folded
			taken = taken || !givesUp
		}
		if taken {
			broken = append(broken, c.it)
			if g.rule.Blocks {
				continue
			}
		}
		claimed[c.folded] = true
	}
	return broken
}

var placeholder = regexp.MustCompile(`\$[A-Za-z0-9_]+\$`)

// messages returns the text of each clash. What the placeholders name at other
// objects is read for all of them at once.
func (e *Editor) messages(ctx context.Context, clashes []clash) ([]string, error) {
	var w wanted
	for _, c := range clashes {
		for _, p := range placeholder.FindAllString(c.rule.Message, -1) {
			if a := c.it.class.Attribute(strings.Trim(p, "$")); a != nil && a.Type == rollcall.TypeField {
				key := c.it.class.Attribute(a.Via)
				w.add(key.Target, parseID(c.it.object.Get(a.Via)))
			}
		}
	}
	targets := map[nameKey]*rollcall.Object{}
	for name, ids := range w.ids {
		objects, err := e.tx.Objects(ctx, e.r.model.Class(name), ids)
		if err != nil {
			return nil, err
		}
		for i := range objects {
			targets[nameKey{name, objects[i].ID}] = &objects[i]
		}
	}
	texts := make([]string, len(clashes))
	for i, c := range clashes {
		if c.rule.Message == "" {
			texts[i] = "Uniqueness rule '" + c.rule.Code + "' in error"
			continue
		}
		texts[i] = placeholder.ReplaceAllStringFunc(c.rule.Message, func(p string) string {
			a := c.it.class.Attribute(strings.Trim(p, "$"))
			switch {
			case a == nil:
				return p
			case a.Type != rollcall.TypeField:
				return c.it.object.Get(a.Code)
			}
			target := targets[nameKey{c.it.class.Attribute(a.Via).Target, parseID(c.it.object.Get(a.Via))}]
			if target == nil {
				return ""
			}
			return target.Get(a.Remote)
		})
	}
	return texts, nil
}
