package main

import (
	"context"
	"fmt"
	"slices"

	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

type whyCmd struct {
	data
	Object    string `arg:"" name:"object" help:"Class::id, a name, a login, an address, or an entry's DN or key."`
	Attribute string `arg:"" optional:"" name:"attribute" help:"Only this attribute."`
}

// Help is the manual's text.
func (whyCmd) Help() string {
	return `Tells the story of an object: which source's entry it follows, and of every attribute where its value
came from: the rule and its place in the configuration, what the entry says, the policy, and who or
which run wrote it last.

For somebody whom the registry does not know it asks the directories, and says what keeps the entry
out: its place, a clause of the filter, a missing key, a problem with it, or only that no run has
read it yet.

Examples:

    rollcall why "Anna Müller"
    rollcall why amueller status
    rollcall why Person::42 --json
    rollcall why "uid=amueller,ou=People,dc=example,dc=com"`
}

// Run carries the command out.
func (c *whyCmd) Run(ctx context.Context, p *program) (err error) {
	a, err := p.open(ctx)
	if err != nil {
		return err
	}
	defer closing(a.close, &err)
	return c.tell(ctx, a)
}

// tell finds the object that is meant and tells its story.
func (c *whyCmd) tell(ctx context.Context, a *app) error {
	p := a.program
	found, err := a.meant(ctx, c.Object, c.Attribute)
	if err != nil {
		return err
	}
	switch len(found) {
	case 0:
		return c.absence(ctx, a)
	case 1:
	default:
		rows := make([][]string, len(found))
		for i, f := range found {
			rows[i] = []string{f.text(), f.name}
		}
		if err := report.Table(p.out, p.look(c.data), []string{"object", "name"}, rows); err != nil {
			return err
		}
		return rollcall.Errorf(rollcall.Conflict, "%q can mean several objects; name one of them: rollcall why %s", c.Object, found[0].text())
	}
	s, err := a.story(ctx, found[0].Ref, c.Attribute)
	if err != nil {
		return err
	}
	return report.Why(p.out, p.look(c.data), s)
}

// meant returns the objects that a text means, of those with an attribute when
// one is named: one entry often makes a person and an account, and the
// attribute tells which is meant.
func (a *app) meant(ctx context.Context, text, attribute string) ([]named, error) {
	found, err := a.find(ctx, text)
	if err != nil || attribute == "" || len(found) < 2 {
		return found, err
	}
	having := slices.DeleteFunc(slices.Clone(found), func(f named) bool {
		return a.model.Class(f.Class).Attribute(attribute) == nil
	})
	if len(having) > 0 {
		return having, nil
	}
	return found, nil
}

// absence explains why the registry does not know somebody.
func (c *whyCmd) absence(ctx context.Context, a *app) error {
	reasons, err := a.absence(ctx, c.Object)
	if err != nil {
		return err
	}
	if len(reasons) == 0 {
		return rollcall.Errorf(rollcall.NotFound, "neither the registry nor a directory knows %q", c.Object)
	}
	p := a.program
	rows := make([][]string, len(reasons))
	for i, r := range reasons {
		rows[i] = []string{r.source, r.entry, r.why}
	}
	unknown := rollcall.Errorf(rollcall.NotFound, "the registry has no object that %q means", c.Object)
	if c.JSON {
		if err := report.Table(p.out, p.look(c.data), []string{"source", "entry", "why"}, rows); err != nil {
			return err
		}
		return unknown
	}
	last := ""
	for _, r := range rows {
		if r[1] != last {
			fmt.Fprintf(p.out, "%s\n", report.Printable(r[1]))
			last = r[1]
		}
		fmt.Fprintf(p.out, "  source %s: %s\n", r[0], report.Printable(r[2]))
	}
	return unknown
}
