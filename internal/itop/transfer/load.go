package transfer

import (
	"context"
	"io"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

// Load is an import that a person asks for, with the rules of import.php: codes
// instead of labels, and the id is a column too.
type Load struct {
	Class    *rollcall.Class
	Match    string // the columns that objects are recognised by; "": the id, else the class's own
	Simulate bool
	Account  *auth.Account
	Size     int64 // of the table in bytes, as far as it is known
}

// Loaded is what became of a Load.
type Loaded struct{ Rows, Issues, Created, Updated, Unchanged int }

// Load imports rows, the first of which are the columns' names. Each row that is
// not taken over is told to problem, in order.
func (s *Service) Load(ctx context.Context, l Load, rows Rows, problem func(row int, text string) error) (Loaded, error) {
	report := &report{}
	defer report.close()
	j := &job{service: s, account: l.Account, class: l.Class, simulate: l.Simulate, report: report, kind: rollcall.OriginInteractive, problem: problem}
	j.look = look{model: s.Model}
	head, err := rows.Next()
	if err == io.EOF { //nolint:errorlint // Rows says so itself
		return Loaded{}, rollcall.Errorf(rollcall.Invalid, "there is nothing to import: the first line names the columns")
	}
	if err != nil {
		return Loaded{}, err
	}
	names := newDictionary(s.Model, l.Class, false)
	names.knowID()
	if j.columns, err = names.header(head); err != nil {
		return Loaded{}, err
	}
	if j.matches, err = names.matches(l.Match, j.columns); err != nil {
		return Loaded{}, err
	}
	if err := j.run(ctx, rows, l.Size); err != nil {
		return Loaded{}, err
	}
	c := j.counts
	return Loaded{c.rows, c.issues, c.created, c.updated, c.unchanged}, nil
}

// why words what is wrong with a row for a person.
func (j *job) why(r *row) string {
	text := r.issue
	for i := range j.columns {
		if r.notes[i] != "" {
			text += "; " + j.columns[i].code + ": " + r.notes[i]
		}
	}
	keys, _ := j.usedKeys()
	for _, key := range keys {
		if note := r.keyNotes[key.Code]; note != "" {
			text += "; " + key.Code + ": " + note
		}
	}
	return text
}

// idColumn returns which column is the id, -1 for none.
func (j *job) idColumn() int {
	for i := range j.columns {
		if j.columns[i].plain == rollcall.CodeID {
			return i
		}
	}
	return -1
}
