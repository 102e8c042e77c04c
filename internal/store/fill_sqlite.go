package store

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"rollcall/internal/rollcall"
)

// sqliteFiller hands prepared statements their arguments without database/sql in
// between, which would check and copy each one. A column that has one value in
// all rows of a batch is bound once: in a load most columns have, and binding is
// a fifth of the time of an insert.
type sqliteFiller struct {
	statements map[string]driver.Stmt // by head, tail, alike and the number of arguments
	key        []byte
	alike      []byte // of each column: varies, same or null
	args       []driver.NamedValue
}

// The columns of a batch.
const (
	varies = 'v'
	same   = 's'
	null   = 'n'
)

// mostStatements bounds the statements that are kept prepared: which columns are
// alike rarely changes, but may.
const mostStatements = 100

func newSQLiteFiller() *sqliteFiller { return &sqliteFiller{statements: map[string]driver.Stmt{}} }

func (f *sqliteFiller) fill(ctx context.Context, driverConn any, b *batch) error {
	f.compare(b)
	stmt, err := f.statement(ctx, driverConn, b)
	if err != nil {
		return err
	}
	exec, ok := stmt.(driver.StmtExecContext)
	if !ok {
		return fmt.Errorf("a statement of type %T executes nothing", stmt)
	}
	args, err := f.bind(b)
	if err != nil {
		return err
	}
	result, err := exec.ExecContext(ctx, args)
	if err != nil || b.tail == "" || b.spares {
		return err
	}
	rows := int64(len(b.args) / b.width)
	if n, err := result.RowsAffected(); err != nil || n != rows {
		return rollcall.Errorf(rollcall.Conflict, "%d of %d no longer exist", rows-n, rows)
	}
	return nil
}

// compare finds the columns that have one value in all rows.
func (f *sqliteFiller) compare(b *batch) {
	f.alike = f.alike[:0]
	for column := range b.width {
		first, how := b.args[column], byte(same)
		if first == nil {
			how = null
		}
		for i := column + b.width; i < len(b.args); i += b.width {
			if !equalValues(b.args[i], first) {
				how = varies
				break
			}
		}
		f.alike = append(f.alike, how)
	}
}

// equalValues compares two arguments. Bytes, of which two are never compared by
// ==, are taken as different: they differ in practice.
func equalValues(a, b any) bool {
	if _, is := a.([]byte); is {
		return false
	}
	if _, is := b.([]byte); is {
		return false
	}
	return a == b
}

// statement returns the prepared statement of a batch.
func (f *sqliteFiller) statement(ctx context.Context, driverConn any, b *batch) (driver.Stmt, error) {
	f.key = append(append(append(f.key[:0], b.head...), b.tail...), f.alike...)
	f.key = strconv.AppendInt(f.key, int64(len(b.args)), 10)
	if stmt := f.statements[string(f.key)]; stmt != nil {
		return stmt, nil
	}
	conn, ok := driverConn.(driver.ConnPrepareContext)
	if !ok {
		return nil, fmt.Errorf("a connection of type %T prepares nothing", driverConn)
	}
	if len(f.statements) >= mostStatements {
		if err := f.close(); err != nil {
			return nil, err
		}
	}
	stmt, err := conn.PrepareContext(ctx, f.text(b))
	if err != nil {
		return nil, err
	}
	f.statements[string(f.key)] = stmt
	return stmt, nil
}

// text writes the statement. The first row numbers its parameters, those that are
// bound once before the others; a mark without a number has the one after the
// highest so far.
func (f *sqliteFiller) text(b *batch) string {
	first, row := make([]string, len(f.alike)), make([]string, len(f.alike))
	once, own := 0, bytes.Count(f.alike, []byte{same})
	for i, how := range f.alike {
		switch how {
		case null:
			first[i], row[i] = "NULL", "NULL"
		case same:
			once++
			first[i] = "?" + strconv.Itoa(once)
			row[i] = first[i]
		default:
			own++
			first[i], row[i] = "?"+strconv.Itoa(own), "?"
		}
	}
	more := strings.Repeat(",("+strings.Join(row, ",")+")", len(b.args)/len(row)-1)
	return b.head + "(" + strings.Join(first, ",") + ")" + more + b.tail
}

// bind lines the arguments up as the statement numbers them. One that a driver
// takes only from database/sql, such as an int, becomes what that makes of it.
func (f *sqliteFiller) bind(b *batch) ([]driver.NamedValue, error) {
	f.args = f.args[:0]
	var failed error
	add := func(v any) {
		if !driver.IsValue(v) {
			plain, err := driver.DefaultParameterConverter.ConvertValue(v)
			v, failed = plain, errors.Join(failed, err)
		}
		f.args = append(f.args, driver.NamedValue{Ordinal: len(f.args) + 1, Value: v})
	}
	for column, how := range f.alike {
		if how == same {
			add(b.args[column])
		}
	}
	for i := 0; i < len(b.args); i += len(f.alike) {
		for column, how := range f.alike {
			if how == varies {
				add(b.args[i+column])
			}
		}
	}
	return f.args, failed
}

func (f *sqliteFiller) close() error {
	var err error
	for _, stmt := range f.statements {
		err = errors.Join(err, stmt.Close())
	}
	clear(f.statements)
	return err
}
