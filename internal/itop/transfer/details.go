package transfer

import (
	"fmt"
	"strings"

	"rollcall/internal/itop/wire"
	"rollcall/internal/rollcall"
)

// tableHead is the first line of the table of an import's report: the keys come
// first.
func (j *job) tableHead() string {
	cells := []string{"Line", "Status", "Object Class", "Object Id"}
	keys, _ := j.usedKeys()
	for _, key := range keys {
		label := key.Label
		if target := j.service.Model.Class(key.Target); target != nil && label == "" {
			label = target.Label
		}
		cells = append(cells, fmt.Sprintf("%s (%s - ext key)", key.Code, label))
	}
	for i := range j.columns {
		if c := &j.columns[i]; c.plain != "" {
			cells = append(cells, fmt.Sprintf("%s (%s)", c.plain, wire.Label(j.service.Model, j.class, c.plain)))
		}
	}
	return strings.Join(cells, ";")
}

// tableRow is a row's line.
func (j *job) tableRow(r *row) string {
	class, id := "n/a", "n/a"
	switch {
	case r.issue == "ambiguous reconciliation":
		id = "Invalid value for attribute" // observed on iTop 3.2.0
	case r.created && j.simulate:
		class, id = r.object.Class.Name, "0"
	case r.created || r.found:
		class, id = r.object.Class.Name, idText(r.object.ID)
	}
	cells := []string{fmt.Sprint(r.number), r.status(), class, id}
	keys, _ := j.usedKeys()
	for _, key := range keys {
		cells = append(cells, j.keyCell(r, key))
	}
	for i := range j.columns {
		if j.columns[i].plain != "" {
			cells = append(cells, j.plainCell(r, i))
		}
	}
	return strings.Join(cells, ";")
}

func (r *row) status() string {
	switch {
	case r.issue != "":
		return "Issue: " + r.issue
	case r.created:
		return "created"
	case len(r.changed) > 0:
		return fmt.Sprintf("updated %d cols", len(r.changed))
	}
	return "unchanged"
}

// keyCell shows a key: the id that was found, or why none was.
func (j *job) keyCell(r *row, key *rollcall.Attribute) string {
	if note := r.keyNotes[key.Code]; note != "" {
		return note
	}
	if r.issue == "ambiguous reconciliation" || r.issue == "failed to reconcile" {
		return "n/a"
	}
	text := orZero(r.keyIDs[key.Code])
	if r.changed[key.Code] {
		return text + "Modified"
	}
	return text
}

// plainCell shows a value: as it came where it changes nothing, in qualifiers
// where it is new, and with a word where it replaces another.
func (j *job) plainCell(r *row, i int) string {
	c := &j.columns[i]
	switch {
	case r.notes[i] != "":
		return r.notes[i]
	case r.changed[c.plain]:
		return j.newValue(r, i) + "Modified"
	case r.created && r.cells[i] != "":
		return j.newValue(r, i)
	}
	return r.cells[i]
}

// newValue shows a value that was taken over.
func (j *job) newValue(r *row, i int) string {
	c := &j.columns[i]
	if c.attr != nil && isSet(c.attr) {
		return csvCell(&j.look, shape{kind: c.attr.Type}, true, linkText(c.attr, r.links[c.plain]))
	}
	s := shapeOf(j.service.Model, j.class, c.plain)
	if s.kind == rollcall.TypePassword {
		return r.cells[i]
	}
	return csvCell(&j.look, s, false, r.values[i])
}

// orZero writes an id; that of nobody is 0.
func orZero(id rollcall.ObjectID) string {
	if id == 0 {
		return "0"
	}
	return idText(id)
}
