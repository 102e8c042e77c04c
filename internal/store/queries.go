package store

import (
	"context"
	"database/sql"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rollcall/internal/rollcall"
)

// queries holds the reading methods, which Store and Tx share.
type queries struct {
	*statements
	d      dialect
	model  *rollcall.Model
	shape  *atomic.Pointer[layout]
	now    func() time.Time
	recall *recall     // of a write transaction
	turn   *sync.Mutex // who has it has the transaction's connection; nil outside of one

	missing func([]asked) // is told which look-ups a query could have used; nil in a transaction
}

// layout returns the tables as they are known now.
func (q *queries) layout() *layout { return q.shape.Load() }

// each calls row for every row of a query. row must not query on the same
// transaction: PostgreSQL cannot answer two questions at once.
func (q *queries) each(ctx context.Context, query string, args []any, row func(*sql.Rows) error) error {
	return q.read(ctx, query, args, false, row)
}

// briefly is each for a query that an index answers: it ends soon by itself. A
// context that can end costs SQLite's driver, and database/sql, a goroutine each
// to watch it: a fifth of a short read. What is written behind waits for the
// answer, which otherwise would wait at every row for some rows to be written;
// row must not write.
func (q *queries) briefly(ctx context.Context, query string, args []any, row func(*sql.Rows) error) error {
	if !q.d.traits().isBrief {
		return q.each(ctx, query, args, row)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return q.read(context.WithoutCancel(ctx), query, args, true, row)
}

func (q *queries) read(ctx context.Context, query string, args []any, isBrief bool, row func(*sql.Rows) error) (err error) {
	stmt, done, err := q.get(ctx, query) //nolint:sqlclosecheck // done closes it, unless it is kept
	if err != nil {
		return q.d.translate(err)
	}
	defer done()
	if isBrief && q.turn != nil {
		q.turn.Lock()
		defer q.turn.Unlock()
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return q.d.translate(err)
	}
	defer func() {
		if e := rows.Close(); err == nil {
			err = q.d.translate(e)
		}
	}()
	for rows.Next() {
		if err := row(rows); err != nil {
			return err
		}
	}
	return q.d.translate(rows.Err())
}

// one reads the single row of a query; none is a NotFound error.
func (q *queries) one(ctx context.Context, query string, args []any, dest ...any) error {
	found := false
	err := q.each(ctx, query, args, func(rows *sql.Rows) error {
		found = true
		return rows.Scan(dest...)
	})
	if err == nil && !found {
		return q.d.translate(sql.ErrNoRows)
	}
	return err
}

// among returns a condition that holds the rows to those of class and below,
// empty when that is the whole table. Class names come from the model, which
// allows letters, digits and underscores alone; they are quoted all the same.
func (q *queries) among(class *rollcall.Class) string {
	family := q.model.Family(class.Name)
	if len(family) == len(q.model.Family(class.Root)) {
		return ""
	}
	names := make([]string, len(family))
	for i, c := range family {
		names[i] = "'" + strings.ReplaceAll(c.Name, "'", "''") + "'"
	}
	return " AND finalclass IN (" + strings.Join(names, ",") + ")"
}
