package transfer

import (
	"context"
	"slices"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

// table writes rows in one format.
type table interface {
	begin(labels []string) error
	row(objects []rollcall.Object, cells []string) error
	end() error
}

// export is a query on its way out.
type export struct {
	service *Service
	query   *rollcall.Query
	sel     selection
	columns []column
	// hideObsolete leaves out rows with an obsolete object: export-v2.php does,
	// export.php does not (iTop 3.2.0, observed).
	hideObsolete bool
	window       rollcall.Window
}

// exportBatch is how many rows are completed at a time: what hangs on keys is
// read once a batch.
const exportBatch = 1000

// may returns the first selected class that an account may not export, nil when
// it may export all.
func (e *export) may(account *auth.Account) (class *rollcall.Class, alias string) {
	for i, c := range e.sel.classes {
		if !e.service.Rights.Allows(account, c, auth.BulkRead) {
			return c, e.sel.aliases[i]
		}
	}
	return nil, ""
}

// needs returns the stored attributes that the answer is made of.
func (e *export) needs() []string {
	model := e.service.Model
	need := []string{}
	for i := range e.columns {
		need = append(need, e.columns[i].needs(model)...)
	}
	for _, class := range e.sel.classes {
		need = append(need, needs(model, class, rollcall.CodeObsolescenceFlag)...)
	}
	slices.Sort(need)
	return slices.Compact(need)
}

// run writes all rows to a table.
func (e *export) run(ctx context.Context, to table, labels []string) error {
	if err := to.begin(labels); err != nil {
		return err
	}
	w := e.window
	if w.Only == nil {
		w.Only = e.needs()
	}
	b := newBatch(e)
	err := e.service.Store.Select(ctx, e.query, w, func(row []rollcall.Object) error {
		if e.hideObsolete && slices.ContainsFunc(row, func(o rollcall.Object) bool { return o.IsObsolete() }) {
			return nil
		}
		if b.add(row) {
			return b.write(ctx, to)
		}
		return nil
	})
	if err == nil {
		err = b.write(ctx, to)
	}
	if err != nil {
		return err
	}
	return to.end()
}

// batch is some rows that are completed together.
type batch struct {
	export  *export
	values  *values
	objects [][]rollcall.Object // by alias, then by row
	columns [][]string
	row     []rollcall.Object
	cells   []string
}

func newBatch(e *export) *batch {
	return &batch{
		export:  e,
		values:  newValues(e.service.Model, e.service.Store),
		objects: make([][]rollcall.Object, len(e.sel.classes)),
		columns: make([][]string, len(e.columns)),
		row:     make([]rollcall.Object, len(e.sel.classes)),
		cells:   make([]string, len(e.columns)),
	}
}

// add takes a row in; it reports whether the batch is full.
func (b *batch) add(row []rollcall.Object) bool {
	for i := range row {
		b.objects[i] = append(b.objects[i], row[i])
	}
	return len(b.objects[0]) == exportBatch
}

// write completes the rows, writes them and empties the batch.
func (b *batch) write(ctx context.Context, to table) error {
	for i := range b.export.columns {
		c := &b.export.columns[i]
		var err error
		if b.columns[i], err = c.texts(ctx, b.values, b.objects[c.alias]); err != nil {
			return err
		}
	}
	for n := range b.objects[0] {
		for i := range b.columns {
			b.cells[i] = b.columns[i][n]
		}
		for i := range b.objects {
			b.row[i] = b.objects[i][n]
		}
		if err := to.row(b.row, b.cells); err != nil {
			return err
		}
	}
	for i := range b.objects {
		b.objects[i] = b.objects[i][:0]
	}
	return nil
}
