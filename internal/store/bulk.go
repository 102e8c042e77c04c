package store

import (
	"context"
	"strings"

	"rollcall/internal/rollcall"
)

// bulk writes many rows by few statements: as many as fit into full ones, the
// rest by tens and by ones, so that three texts are prepared for each table.
type bulk struct {
	tx      *Tx
	fills   string            // the table that inserts fill, quoted
	source  rollcall.ObjectID // see spot; of inserts
	changes string            // the table that updates change
	spares  bool              // updates leave rows alone that have the values
	columns []string          // that inserts fill, quoted
	head    string            // up to the rows
	first   string            // the first row, when it differs from the others
	row     string            // one row of parameter marks
	tail    string            // after the rows
	width   int               // parameters of one row
	full    int               // rows of a full statement
	texts   map[int]string    // by number of rows
	args    []any             // of the rows that wait
	touched int64             // rows that were changed
}

// bulk returns the writer for a statement, the same one each time.
func (t *Tx) bulk(head, tail string, width int) *bulk {
	key := head + tail
	if b := t.bulks[key]; b != nil {
		b.args, b.touched = b.args[:0], 0
		return b
	}
	row := "(" + marks(width) + ")"
	b := &bulk{tx: t, head: head, first: row, row: row, tail: tail, width: width, full: t.d.traits().batch(width), texts: map[int]string{}}
	t.bulks[key] = b
	return b
}

// insert returns a bulk that inserts into columns, which are quoted.
func (t *Tx) insert(table string, columns []string) *bulk {
	b := t.bulk("INSERT "+t.d.traits().orFail+"INTO "+table+" ("+strings.Join(columns, ", ")+") VALUES ", "", len(columns))
	b.fills, b.columns, b.source = table, columns, 0
	return b
}

// update returns a bulk that sets columns of the rows with given IDs. A row is
// the ID and then a value per column. extra is a further assignment, if any.
func (t *Tx) update(table string, columns []column, extra string) *bulk {
	return t.updating(table, columns, extra, false)
}

// updateIndexed is update for columns that an index has: rows that have these
// values are left alone. SQLite would write their places in the index anew, each
// in a page of its own, whenever a statement names the columns.
func (t *Tx) updateIndexed(table string, columns []column) *bulk {
	return t.updating(table, columns, "", true)
}

func (t *Tx) updating(table string, columns []column, extra string, spares bool) *bulk {
	var names, sets, differ []string
	first := []string{"CAST(? AS " + t.d.traits().types[number] + ")"}
	for _, c := range columns {
		v := "c_" + strings.Trim(c.name, `"`)
		names = append(names, quote(v))
		sets = append(sets, c.name+" = v."+quote(v))
		differ = append(differ, table+"."+c.name+" <> v."+quote(v))
		// PostgreSQL takes the types of all rows from the first one.
		first = append(first, "CAST(? AS "+t.d.traits().types[c.kind]+")")
	}
	if extra != "" {
		sets = append(sets, extra)
	}
	head := "WITH v (c_id, " + strings.Join(names, ", ") + ") AS (VALUES "
	tail := ") UPDATE " + t.d.traits().orFail + table + " SET " + strings.Join(sets, ", ") + " FROM v WHERE " + table + ".id = v.c_id"
	if spares {
		tail += " AND (" + strings.Join(differ, " OR ") + ")"
	}
	b := t.bulk(head, tail, len(columns)+1)
	b.first, b.changes, b.spares = "("+strings.Join(first, ", ")+")", table, spares
	return b
}

// add puts one row in line.
func (b *bulk) add(ctx context.Context, values ...any) error {
	b.args = append(b.args, values...)
	return b.drain(ctx)
}

// drain writes full statements.
func (b *bulk) drain(ctx context.Context) error {
	if len(b.args) < b.full*b.width {
		return nil
	}
	return b.write(ctx, b.full)
}

// flush writes what is left.
func (b *bulk) flush(ctx context.Context) error {
	if b.fills != "" && len(b.args) > 0 && b.tx.d.traits().fillsAny && b.tx.isLarge(b.fills) {
		return b.leave(ctx, len(b.args)/b.width)
	}
	for _, rows := range [...]int{b.full, 10, 1} {
		for len(b.args) >= rows*b.width {
			if err := b.write(ctx, rows); err != nil {
				return err
			}
		}
	}
	clear(b.args[:cap(b.args)]) // do not keep the values alive until the next use
	return nil
}

// write sends the first rows in line.
func (b *bulk) write(ctx context.Context, rows int) error {
	switch w := b.tx.tx.behind; {
	case b.fills != "" && b.tx.isLarge(b.fills):
		return b.leave(ctx, rows)
	case b.changes != "" && w.work != nil && w.d.traits().isBrief:
		return b.leaveChange(rows)
	}
	query := b.texts[rows]
	if query == "" {
		query = b.head + b.first + strings.Repeat(","+b.row, rows-1) + b.tail
		b.texts[rows] = query
	}
	n, err := b.tx.exec(ctx, query, b.args[:rows*b.width]...)
	b.touched += n
	left := copy(b.args, b.args[rows*b.width:])
	b.args = b.args[:left]
	if err != nil || b.fills == "" {
		return err
	}
	return b.tx.filled(ctx, b.fills, n)
}

// leave hands the first rows in line to the writer behind.
func (b *bulk) leave(ctx context.Context, rows int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := b.tx.tx.behind
	args := b.args[:rows*b.width]
	b.args = append(w.buffer(), b.args[rows*b.width:]...)
	if err := w.handOver(&batch{spot: spot{b.fills, b.source}, columns: b.columns, width: b.width, head: b.head, args: args}); err != nil {
		return err
	}
	return b.tx.filled(ctx, b.fills, int64(rows))
}

// leaveChange is leave for changes, within a transaction that writes behind
// anyway. Should a row no longer exist, the writer says so.
func (b *bulk) leaveChange(rows int) error {
	w := b.tx.tx.behind
	args := b.args[:rows*b.width]
	b.args = append(w.buffer(), b.args[rows*b.width:]...)
	b.touched += int64(rows)
	return w.handOver(&batch{spot: spot{table: b.changes}, width: b.width, head: b.head, tail: b.tail, spares: b.spares, args: args})
}

// firstAnalyze is how many new rows make statistics worth their time; the next
// are made at ten times as many.
const firstAnalyze = 2000

// filled counts the rows that a transaction adds to a table and has statistics
// made of it while it grows: what follows in the transaction is planned by them.
func (t *Tx) filled(ctx context.Context, table string, rows int64) error {
	f := t.fills[table]
	grows := f.rows < t.manyRows
	f.rows += rows
	due := t.d.traits().analyze && f.rows >= max(firstAnalyze, f.analyzed*10)
	if due {
		f.analyzed = f.rows
	}
	t.fills[table] = f
	if grows && f.rows >= t.manyRows {
		if err := t.postpone(ctx, table); err != nil {
			return err
		}
	}
	if !due {
		return nil
	}
	if _, err := t.tx.ExecContext(ctx, "ANALYZE "+table); err != nil {
		return t.d.translate(err)
	}
	return nil
}

// isLarge reports whether a transaction fills a table with more than a little.
func (t *Tx) isLarge(table string) bool { return t.fills[table].rows >= t.behind }

// fill is how much of a table a transaction has written.
type fill struct{ rows, analyzed int64 }
