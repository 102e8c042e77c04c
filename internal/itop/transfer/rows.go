package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// originImport is what histories call an import.
const originImport = "csv-import.php"

// chunkRows is how many rows are looked up and written together.
const chunkRows = 500

// indexFrom is from how many bytes on an import is worth an index over what its
// objects are recognised by.
const indexFrom = 64 << 10

// row is one line of an import on its way.
type row struct {
	number   int
	cells    []string
	notes    []string // beside the columns: what is wrong with a cell
	keyNotes map[string]string
	keyIDs   map[string]rollcall.ObjectID // by key: what its columns found
	values   []string                     // beside the columns: canonical, of plain ones
	links    map[string][]rollcall.Link
	issue    string // why the row is not taken over
	created  bool
	object   rollcall.Object
	found    bool            // object is the one of the registry
	changed  map[string]bool // attributes that were set anew
}

func (r *row) note(column int, format string, args ...any) {
	if r.notes[column] == "" {
		r.notes[column] = fmt.Sprintf(format, args...)
	}
	if r.issue == "" {
		r.issue = "Unexpected attribute value(s)"
	}
}

// Rows gives the rows of a table, io.EOF after the last. A row is lent until the
// next is asked for.
type Rows interface{ Next() ([]string, error) }

// run carries out an import in one transaction: rows with an issue are left out,
// the others are written together, or with simulate none.
func (j *job) run(ctx context.Context, in Rows, size int64) error {
	if size > indexFrom && len(j.matches) > 0 && j.matches[0].code != rollcall.CodeID {
		if err := j.service.Store.EnsureLookup(ctx, j.class, j.matchCodes()); err != nil {
			return err
		}
	}
	tx, err := j.service.Store.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing; before, the first error tells more
	if j.details {
		if err := j.report.row(j.tableHead()); err != nil {
			return err
		}
	}
	w := &writer{job: j, tx: tx, values: newValues(j.service.Model, tx)}
	w.editor = j.service.Registry.On(tx, j.origin()).ForUser(j.account.Administrator)
	if err := w.all(ctx, in); err != nil {
		return err
	}
	if !j.simulate {
		if err := tx.Commit(); err != nil {
			return err
		}
	}
	j.report.done = true
	j.counts = w.counts
	j.summarise(w.counts)
	return nil
}

func (j *job) origin() rollcall.Origin {
	by := j.account.Name + ", Web Service (CSV)"
	if j.kind != "" {
		return rollcall.Origin{Kind: j.kind, By: j.account.Name, At: j.service.Now().UTC()}
	}
	if j.comment != "" {
		by += " - " + strings.ToValidUTF8(strings.ReplaceAll(j.comment, "\x00", ""), "\uFFFD")
	}
	return rollcall.Origin{Kind: originImport, By: by, At: j.service.Now().UTC()}
}

func (j *job) matchCodes() []string {
	codes := make([]string, len(j.matches))
	for i, m := range j.matches {
		codes[i] = m.code
	}
	return codes
}

// writer takes rows over, chunk by chunk.
type writer struct {
	job    *job
	tx     Tx
	editor *registry.Editor
	values *values
	chunk  []*row
	marks  map[string]bool // what stands against putting a row into the chunk: see joins
	counts counts
}

// all reads and takes over all rows.
func (w *writer) all(ctx context.Context, in Rows) error {
	w.marks = map[string]bool{}
	for {
		cells, err := in.Next()
		if errors.Is(err, io.EOF) {
			return w.flush(ctx)
		}
		if err != nil {
			return fmt.Errorf("row %d: %w", w.counts.rows, err)
		}
		r := w.job.row(w.counts.rows, cells)
		w.counts.rows++
		if len(w.chunk) == chunkRows || !w.joins(r) {
			if err := w.flush(ctx); err != nil {
				return err
			}
			w.joins(r)
		}
		w.chunk = append(w.chunk, r)
	}
}

// row makes a row of cells: what is missing is empty, what is too much is left
// out.
func (j *job) row(number int, cells []string) *row {
	n := len(j.columns)
	r := &row{number: number, cells: make([]string, n), notes: make([]string, n), values: make([]string, n)}
	copy(r.cells, cells)
	return r
}

// joins reports whether a row can be decided together with those of the chunk,
// and if so marks what it stands for. It cannot when it may mean the object of
// an earlier row, which is not written yet.
func (w *writer) joins(r *row) bool {
	j := w.job
	var own strings.Builder
	for i := range j.columns {
		if j.isMatch(&j.columns[i]) {
			own.WriteString(rollcall.Fold(r.cells[i]))
			own.WriteByte(0)
		}
	}
	mark := "own\x00" + own.String()
	if w.marks[mark] {
		return false
	}
	for i := range j.columns {
		c := &j.columns[i]
		if c.key != nil && r.cells[i] != "" && len(w.chunk) > 0 && j.isOwnKind(c.key) && (!j.has(c.remote) || w.marks[valueMark(c.remote, r.cells[i])]) {
			return false
		}
	}
	w.marks[mark] = true
	for i := range j.columns {
		if c := &j.columns[i]; c.plain != "" && r.cells[i] != "" {
			w.marks[valueMark(c.plain, r.cells[i])] = true
		}
	}
	return true
}

func valueMark(code, text string) string { return code + "\x00" + rollcall.Fold(text) }

func (j *job) isMatch(c *input) bool {
	for _, m := range j.matches {
		if m.code == c.plain || c.key != nil && m.code == c.key.Code {
			return true
		}
	}
	return false
}

// isOwnKind reports whether a key points at objects that this import may write.
func (j *job) isOwnKind(key *rollcall.Attribute) bool {
	target := j.service.Model.Class(key.Target)
	return target != nil && target.Root == j.class.Root
}

func (j *job) has(code string) bool {
	for i := range j.columns {
		if j.columns[i].plain == code {
			return true
		}
	}
	return false
}

// flush decides, writes and reports the rows of the chunk.
func (w *writer) flush(ctx context.Context) error {
	if len(w.chunk) == 0 {
		return nil
	}
	clear(w.marks)
	for _, step := range []func(context.Context) error{w.read, w.keys, w.links, w.find, w.create, w.update} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	for _, r := range w.chunk {
		w.count(r)
		if w.job.problem != nil && r.issue != "" {
			if err := w.job.problem(r.number, w.job.why(r)); err != nil {
				return err
			}
		}
		if w.job.details {
			if err := w.job.report.row(w.job.tableRow(r)); err != nil {
				return err
			}
		}
	}
	w.chunk = w.chunk[:0]
	return nil
}

func (w *writer) count(r *row) {
	switch {
	case r.issue != "":
		w.counts.issues++
	case r.created:
		w.counts.created++
	case len(r.changed) > 0:
		w.counts.updated++
	default:
		w.counts.unchanged++
	}
}

// find tells which objects the rows mean.
func (w *writer) find(ctx context.Context) error {
	j := w.job
	var asked []*row
	var keys [][]string
	for _, r := range w.chunk {
		if key, ok := j.matchKey(r); ok {
			asked, keys = append(asked, r), append(keys, key)
		} else if r.issue == "" || r.keyNotes != nil {
			r.issue = "failed to reconcile"
		}
	}
	if len(asked) == 0 {
		return nil
	}
	found, err := w.tx.Find(ctx, j.class, j.matchCodes(), keys)
	if err != nil {
		return err
	}
	var ids []rollcall.ObjectID
	for _, list := range found {
		ids = append(ids, list...)
	}
	objects, err := w.visible(ctx, j.class, ids)
	if err != nil {
		return err
	}
	for i, r := range asked {
		matched := 0
		for _, id := range found[i] {
			if o, ok := objects[id]; ok {
				r.object = o
				matched++
			}
		}
		switch {
		case matched == 1:
			r.found = true
		case matched > 1:
			r.object = rollcall.Object{}
			r.issue = "ambiguous reconciliation"
		}
	}
	return nil
}

// matchKey returns the values by which a row's object is found; none when a cell
// they are made of is wrong.
func (j *job) matchKey(r *row) ([]string, bool) {
	key := make([]string, len(j.matches))
	for n, m := range j.matches {
		for i := range j.columns {
			c := &j.columns[i]
			switch {
			case c.plain == m.code && r.notes[i] != "":
				return nil, false
			case c.plain == m.code:
				key[n] = r.values[i]
			case c.key != nil && c.key.Code == m.code:
				if r.keyNotes[m.code] != "" {
					return nil, false
				}
				key[n] = idText(r.keyIDs[m.code])
			}
		}
	}
	return key, true
}

// visible returns those of some objects that the account may see.
func (w *writer) visible(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) (map[rollcall.ObjectID]rollcall.Object, error) {
	seen := make(map[rollcall.ObjectID]rollcall.Object, len(ids))
	if len(ids) == 0 {
		return seen, nil
	}
	if w.job.account.Organisations != nil {
		q := w.job.service.Rights.Visible(w.job.account, rollcall.SelectIDs(class, ids...))
		err := w.tx.Select(ctx, q, rollcall.Window{}, func(row []rollcall.Object) error {
			seen[row[0].ID] = row[0]
			return nil
		})
		return seen, err
	}
	objects, err := w.tx.Objects(ctx, class, ids)
	for _, o := range objects {
		seen[o.ID] = o
	}
	return seen, err
}
