package transfer

import (
	"context"
	"fmt"
	"strings"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

// usedKeys returns the keys that the header names, in order, each with the
// columns that find it.
func (j *job) usedKeys() (keys []*rollcall.Attribute, columns map[string][]int) {
	columns = map[string][]int{}
	for i := range j.columns {
		key := j.columns[i].key
		if key == nil {
			continue
		}
		if columns[key.Code] == nil {
			keys = append(keys, key)
		}
		columns[key.Code] = append(columns[key.Code], i)
	}
	return keys, columns
}

// keys finds the objects that the rows' keys mean.
func (w *writer) keys(ctx context.Context) error {
	keys, columns := w.job.usedKeys()
	for _, key := range keys {
		if err := w.key(ctx, key, columns[key.Code]); err != nil {
			return err
		}
	}
	return nil
}

func (r *row) keyNote(key, format string, args ...any) {
	if r.keyNotes == nil {
		r.keyNotes = map[string]string{}
	}
	r.keyNotes[key] = fmt.Sprintf(format, args...)
	if r.issue == "" {
		r.issue = "Unexpected attribute value(s)"
	}
}

// key finds one key of all rows, in one search.
func (w *writer) key(ctx context.Context, key *rollcall.Attribute, columns []int) error {
	j := w.job
	target := j.service.Model.Class(key.Target)
	attrs := make([]string, len(columns))
	for n, i := range columns {
		attrs[n] = j.columns[i].remote
	}
	var asked []*row
	var wanted [][]string
	for _, r := range w.chunk {
		texts, given, ok := keyTexts(r, columns)
		switch {
		case !ok:
			r.keyNote(key.Code, "%s", firstNote(r, columns))
		case !given && key.Mandatory:
			r.keyNote(key.Code, "Null not allowed")
		case given:
			asked, wanted = append(asked, r), append(wanted, texts)
		}
	}
	if len(asked) == 0 || target == nil {
		return nil
	}
	found, err := w.tx.Find(ctx, target, attrs, wanted)
	if err != nil {
		return err
	}
	var all []rollcall.ObjectID
	for _, ids := range found {
		all = append(all, ids...)
	}
	seen, err := w.visible(ctx, target, all)
	if err != nil {
		return err
	}
	for n, r := range asked {
		var ids []rollcall.ObjectID
		for _, id := range found[n] {
			if _, ok := seen[id]; ok {
				ids = append(ids, id)
			}
		}
		if err := w.settle(ctx, r, key, target, attrs, wanted[n], ids, len(found[n])); err != nil {
			return err
		}
	}
	return nil
}

// settle takes what a key found: one object, or a note.
func (w *writer) settle(ctx context.Context, r *row, key *rollcall.Attribute, target *rollcall.Class, attrs, wanted []string, ids []rollcall.ObjectID, all int) error {
	byID := len(attrs) == 1 && attrs[0] == rollcall.CodeID
	switch {
	case len(ids) == 1:
		if r.keyIDs == nil {
			r.keyIDs = map[string]rollcall.ObjectID{}
		}
		r.keyIDs[key.Code] = ids[0]
	case len(ids) > 1:
		r.keyNote(key.Code, "Ambiguous: found %d objects", len(ids))
	case byID:
		r.keyNote(key.Code, "Object not found")
	default:
		said, err := w.possible(ctx, target, attrs[0], all > 0)
		if err != nil {
			return err
		}
		r.keyNote(key.Code, "No match for value '%s'. %s", clip(strings.Join(wanted, " ")), said)
	}
	return nil
}

// shownValuesOf is how many possible values a report lists.
const shownValuesOf = 3

// possible words which values a key could have found.
func (w *writer) possible(ctx context.Context, target *rollcall.Class, code string, hidden bool) (string, error) {
	j := w.job
	if !j.service.Rights.Allows(j.account, target, auth.Read) || hidden {
		return fmt.Sprintf("There are some '%s' objects not visible with your current profile", target.Label), nil
	}
	var objects []rollcall.Object
	q := j.service.Rights.Visible(j.account, rollcall.SelectAll(target))
	err := w.tx.Select(ctx, q, rollcall.Window{Limit: shownValuesOf + 1}, func(row []rollcall.Object) error {
		objects = append(objects, row[0])
		return nil
	})
	if err != nil {
		return "", err
	}
	if len(objects) == 0 && j.account.Organisations != nil {
		return fmt.Sprintf("There are no '%s' objects found with your current profile", target.Label), nil
	}
	if len(objects) == 0 {
		return fmt.Sprintf("There are no '%s' objects", target.Label), nil
	}
	texts, err := w.values.of(ctx, target, objects, code)
	if err != nil {
		return "", err
	}
	more := ""
	if len(texts) > shownValuesOf {
		texts, more = texts[:shownValuesOf], "..."
	}
	return fmt.Sprintf("Some possible '%s' value(s): %s%s", target.Label, strings.Join(texts, ", "), more), nil
}

// keyTexts returns the cells that a key is found by; given tells whether any is
// not empty, ok whether all can be read.
func keyTexts(r *row, columns []int) (texts []string, given, ok bool) {
	texts = make([]string, len(columns))
	for n, i := range columns {
		if r.notes[i] != "" {
			return nil, true, false
		}
		texts[n] = r.cells[i]
		given = given || texts[n] != "" && texts[n] != "0"
	}
	return texts, given, true
}

func firstNote(r *row, columns []int) string {
	for _, i := range columns {
		if r.notes[i] != "" {
			return r.notes[i]
		}
	}
	return ""
}

// links reads the link sets of the rows.
func (w *writer) links(ctx context.Context) error {
	for i := range w.job.columns {
		c := &w.job.columns[i]
		if c.attr == nil || c.attr.Type != rollcall.TypeLinks {
			continue
		}
		for _, r := range w.chunk {
			links, err := w.linkSet(ctx, c.attr, r.cells[i])
			if err != nil && rollcall.KindOf(err) != rollcall.Invalid {
				return err
			}
			if err != nil {
				r.note(i, "'%s' is an invalid value. Failed to process input: %s", clip(r.cells[i]), err)
				continue
			}
			if r.links == nil {
				r.links = map[string][]rollcall.Link{}
			}
			r.links[c.attr.Code] = links
		}
	}
	return nil
}

// linkSet finds the other sides of one link set. The errors of kind Invalid are
// iTop's.
func (w *writer) linkSet(ctx context.Context, set *rollcall.Attribute, text string) ([]rollcall.Link, error) {
	specs, err := rollcall.ParseLinks(rollcall.DefaultLinkSyntax(), text)
	if err != nil {
		return nil, err
	}
	class := w.job.service.Model.Class(set.Target)
	links := make([]rollcall.Link, 0, len(specs))
	have := map[rollcall.ObjectID]bool{}
	for i := range specs {
		if err := specs[i].Check(w.job.service.Model, set); err != nil {
			return nil, err
		}
		id, err := w.linkTarget(ctx, class, set, specs[i].Conditions)
		if err != nil {
			return nil, err
		}
		if !have[id] {
			have[id] = true
			links = append(links, rollcall.Link{Target: id, Values: specs[i].Values})
		}
	}
	return links, nil
}

func (w *writer) linkTarget(ctx context.Context, class *rollcall.Class, set *rollcall.Attribute, conditions []rollcall.LinkCondition) (rollcall.ObjectID, error) {
	if len(conditions) == 0 {
		return 0, rollcall.Errorf(rollcall.Invalid, "Missing value for mandatory attribute(s): %s", set.Remote)
	}
	attrs, key, said := make([]string, len(conditions)), make([]string, len(conditions)), make([]string, len(conditions))
	for i, c := range conditions {
		attrs[i], key[i], said[i] = c.Remote, c.Value, c.Remote+"="+clip(c.Value)
	}
	target := w.job.service.Model.Class(class.Attribute(conditions[0].Key).Target)
	found, err := w.tx.Find(ctx, target, attrs, [][]string{key})
	if err != nil {
		return 0, err
	}
	switch len(found[0]) {
	case 0:
		return 0, rollcall.Errorf(rollcall.Invalid, "Found no match: ext_key = %s, reconciliation = %s", conditions[0].Key, strings.Join(said, ", "))
	case 1:
		return found[0][0], nil
	}
	return 0, rollcall.Errorf(rollcall.Invalid, "Found several matches: ext_key = %s, reconciliation = %s", conditions[0].Key, strings.Join(said, ", "))
}
