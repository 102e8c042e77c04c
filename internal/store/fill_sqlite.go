package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
)

// sqliteFiller hands prepared statements their arguments without database/sql in
// between, which would check and copy each one.
type sqliteFiller struct {
	statements map[string]driver.Stmt
	args       []driver.NamedValue
}

func (f *sqliteFiller) fill(ctx context.Context, driverConn any, b *batch) error {
	stmt := f.statements[b.query]
	if stmt == nil {
		conn, ok := driverConn.(driver.ConnPrepareContext)
		if !ok {
			return fmt.Errorf("a connection of type %T prepares nothing", driverConn)
		}
		var err error
		if stmt, err = conn.PrepareContext(ctx, b.query); err != nil {
			return err
		}
		f.statements[b.query] = stmt
	}
	exec, ok := stmt.(driver.StmtExecContext)
	if !ok {
		return fmt.Errorf("a statement of type %T executes nothing", stmt)
	}
	for len(f.args) < len(b.args) {
		f.args = append(f.args, driver.NamedValue{Ordinal: len(f.args) + 1})
	}
	for i, v := range b.args {
		f.args[i].Value = v
	}
	_, err := exec.ExecContext(ctx, f.args[:len(b.args)])
	return err
}

func (f *sqliteFiller) close() error {
	var err error
	for _, stmt := range f.statements {
		err = errors.Join(err, stmt.Close())
	}
	clear(f.statements)
	return err
}
