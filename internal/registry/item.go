package registry

import (
	"context"
	"fmt"
	"strconv"

	"rollcall/internal/rollcall"
)

// item is one object on its way through the checks: a draft or an edit.
type item struct {
	class    *rollcall.Class
	object   rollcall.Object       // as it will be
	was      *rollcall.Object      // nil for one to be made
	changed  []*rollcall.Attribute // of an edit: the stored attributes that differ
	sets     []*linkSet            // the link sets given
	issues   []string              // all reasons against it
	err      error                 // a reason that stands alone
	warnings []string
}

func (it *item) refuse(issue string) { it.issues = append(it.issues, issue) }

func (it *item) refused() bool { return it.err != nil || len(it.issues) > 0 }

// refusal returns why the item is refused, nil when it is not.
func (it *item) refusal() error {
	if it.err != nil {
		return it.err
	}
	return refuse(rollcall.Invalid, it.issues)
}

// touches reports whether a stored attribute is new or changed.
func (it *item) touches(code string) bool {
	if it.was == nil {
		return true
	}
	for _, a := range it.changed {
		if a.Code == code {
			return true
		}
	}
	return false
}

// set returns the new contents of a link set, nil when they were not given.
func (it *item) set(code string) *linkSet {
	for _, s := range it.sets {
		if s.attr.Code == code {
			return s
		}
	}
	return nil
}

// keys yields the keys that are new or changed and not empty.
func (it *item) keys(yield func(a *rollcall.Attribute, target rollcall.ObjectID)) {
	attrs := it.changed
	if it.was == nil {
		attrs = it.class.Stored
	}
	for _, a := range attrs {
		if a.IsKey() {
			if id := parseID(it.object.Values[a.Column]); id != 0 {
				yield(a, id)
			}
		}
	}
}

// parseID reads a reference in canonical text, 0 for none.
func parseID(text string) rollcall.ObjectID {
	if text == "" {
		return 0
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return rollcall.ObjectID(id)
}

func idText(id rollcall.ObjectID) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatInt(int64(id), 10)
}

// byClass groups items that still stand by their class, in the order of first
// appearance.
func byClass(items []*item) [][]*item {
	at := map[*rollcall.Class]int{}
	var groups [][]*item
	for _, it := range items {
		i, ok := at[it.class]
		if !ok {
			i = len(groups)
			at[it.class] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], it)
	}
	return groups
}

// validate adds to each item what speaks against it. Value issues come first;
// locks are looked at for items without one, as the original does.
func (e *Editor) validate(ctx context.Context, items []*item) error {
	if err := e.checkReferences(ctx, items); err != nil {
		return fmt.Errorf("check references: %w", err)
	}
	if err := e.checkTrees(ctx, items); err != nil {
		return fmt.Errorf("check hierarchies: %w", err)
	}
	if err := e.checkLocks(ctx, items); err != nil {
		return fmt.Errorf("check locks: %w", err)
	}
	for _, group := range byClass(items) {
		for _, rule := range e.r.rules[group[0].class.Name] {
			if rule.check == nil {
				continue
			}
			if err := rule.check(ctx, e, group); err != nil {
				return fmt.Errorf("check the rules of class %s: %w", group[0].class.Name, err)
			}
		}
	}
	if err := e.checkUnique(ctx, items); err != nil {
		return fmt.Errorf("check uniqueness: %w", err)
	}
	e.refuseMates(items)
	return nil
}
