package transfer

import (
	"context"
	"fmt"
	"strings"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// reasonImport is what histories give as the reason of an import's changes.
const reasonImport = "import"

// create makes the objects that no row found.
func (w *writer) create(ctx context.Context) error {
	var rows []*row
	var drafts []registry.Draft
	for _, r := range w.chunk {
		if r.found || r.issue != "" {
			continue
		}
		if i := w.job.idColumn(); i >= 0 && r.cells[i] != "" {
			r.note(i, "Object not found")
			continue
		}
		if missing := w.job.missingKeys(); len(missing) > 0 {
			r.issue = "Could not be created, due to missing external key(s): " + strings.Join(missing, ", ")
			continue
		}
		rows, drafts = append(rows, r), append(drafts, w.draft(r))
	}
	if len(drafts) == 0 {
		return nil
	}
	refused, err := w.editor.Create(ctx, drafts)
	if err != nil {
		return err
	}
	for i, r := range rows {
		if refused[i] != nil {
			w.refused(r, refused[i])
			continue
		}
		r.created, r.object = true, drafts[i].Object
	}
	return nil
}

// missingKeys are the mandatory keys that the header does not have.
func (j *job) missingKeys() []string {
	_, used := j.usedKeys()
	var missing []string
	for _, a := range j.class.Stored {
		if a.IsKey() && a.Mandatory && a.Default == "" && used[a.Code] == nil {
			missing = append(missing, a.Label)
		}
	}
	return missing
}

// draft makes an object of a row. A column finalclass chooses a class below.
func (w *writer) draft(r *row) registry.Draft {
	j := w.job
	class := j.class
	for i := range j.columns {
		if j.columns[i].plain == rollcall.CodeFinalClass && r.cells[i] != "" {
			if c := j.classNamed(r.cells[i]); c != nil {
				class = c
			}
		}
	}
	d := registry.Draft{Object: rollcall.NewObject(class), Links: r.links, Key: "", Reason: reasonImport}
	for i := range j.columns {
		c := &j.columns[i]
		switch {
		case c.key != nil:
			d.Object.Set(c.key.Code, idText(r.keyIDs[c.key.Code]))
		case c.attr != nil && c.attr.Writable() && !isSet(c.attr):
			d.Object.Set(c.plain, r.values[i])
		}
	}
	return d
}

// classNamed returns the class at or below the import's with a name or label.
func (j *job) classNamed(text string) *rollcall.Class {
	for _, c := range j.service.Model.Family(j.class.Name) {
		if strings.EqualFold(c.Name, text) || strings.EqualFold(c.Label, text) {
			return c
		}
	}
	return nil
}

// update changes the objects that rows found.
func (w *writer) update(ctx context.Context) error {
	var rows []*row
	var edits []registry.Edit
	for _, r := range w.chunk {
		if !r.found || r.issue != "" {
			continue
		}
		if err := w.readOnly(ctx, r); err != nil {
			return err
		}
		if r.issue == "" {
			rows, edits = append(rows, r), append(edits, w.edit(r))
		}
	}
	if len(edits) == 0 {
		return nil
	}
	outcomes, err := w.editor.Update(ctx, edits)
	if err != nil {
		return err
	}
	for i, r := range rows {
		if outcomes[i].Err != nil {
			w.refused(r, outcomes[i].Err)
			continue
		}
		for _, set := range outcomes[i].Sets {
			if r.changed == nil {
				r.changed = map[string]bool{}
			}
			r.changed[set.Attribute] = true
		}
	}
	return nil
}

func (w *writer) edit(r *row) registry.Edit {
	j := w.job
	e := registry.Edit{Object: r.object, Links: r.links, Reason: reasonImport}
	keys := map[string]bool{}
	for i := range j.columns {
		c := &j.columns[i]
		switch {
		case c.key != nil && !keys[c.key.Code]:
			keys[c.key.Code] = true
			e.Sets = append(e.Sets, rollcall.Assignment{Attribute: c.key.Code, Value: idText(r.keyIDs[c.key.Code])})
		case c.attr != nil && c.attr.Writable() && !isSet(c.attr):
			e.Sets = append(e.Sets, rollcall.Assignment{Attribute: c.plain, Value: r.values[i]})
		}
	}
	return e
}

// readOnly notes columns that say another value than the object has and cannot
// be set.
func (w *writer) readOnly(ctx context.Context, r *row) error {
	for i := range w.job.columns {
		c := &w.job.columns[i]
		if c.plain == "" || c.attr != nil && (c.attr.Writable() || isSet(c.attr)) {
			continue
		}
		texts, err := w.values.of(ctx, r.object.Class, []rollcall.Object{r.object}, c.plain)
		if err != nil {
			return err
		}
		s := shapeOf(w.job.service.Model, r.object.Class, c.plain)
		shown := w.job.look.show(s, texts[0])
		if r.cells[i] != shown && r.cells[i] != texts[0] {
			r.note(i, "%s", readOnlyText(c.code, shown, r.cells[i]))
		}
	}
	return nil
}

func readOnlyText(code, current, proposed string) string {
	return fmt.Sprintf("The attribute '%s' is read-only and cannot be modified (current value: %s, proposed value: %s)", code, clip(current), clip(proposed))
}

// refused takes a refusal of the registry apart: a locked attribute is told in
// its cell, anything else for the row.
func (w *writer) refused(r *row, err error) {
	j := w.job
	var others []string
	for _, issue := range registry.IssuesOf(err) {
		if !j.isLock(r, issue) {
			others = append(others, issue)
		}
	}
	if len(others) == 0 && r.issue == "" {
		others = append(others, err.Error())
	}
	if len(others) > 0 {
		r.issue = "Internal error: CoreCannotSaveObjectException, " + strings.Join(others, ", ")
	}
}

// isLock notes an issue that is an attribute's lock.
func (j *job) isLock(r *row, issue string) bool {
	for i := range j.columns {
		c := &j.columns[i]
		switch {
		case c.key != nil && issue == registry.LockText(c.key):
			r.keyNote(c.key.Code, "%s", readOnlyText(c.key.Code, r.object.Get(c.key.Code), idText(r.keyIDs[c.key.Code])))
			return true
		case c.attr != nil && issue == registry.LockText(c.attr):
			r.note(i, "%s", readOnlyText(c.plain, r.object.Get(c.plain), r.cells[i]))
			return true
		}
	}
	return false
}
