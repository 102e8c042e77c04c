package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgresFiller sends rows by COPY.
type postgresFiller struct{}

func (postgresFiller) fill(ctx context.Context, driverConn any, b *batch) error {
	conn, ok := driverConn.(*stdlib.Conn)
	if !ok {
		return fmt.Errorf("a connection of type %T copies nothing", driverConn)
	}
	columns := make([]string, len(b.columns))
	for i, c := range b.columns {
		columns[i] = unquote(c)
	}
	width, next := len(columns), 0
	_, err := conn.Conn().CopyFrom(ctx, pgx.Identifier{unquote(b.table)}, columns, pgx.CopyFromFunc(func() ([]any, error) {
		if next == len(b.args) {
			return nil, nil
		}
		next += width
		return b.args[next-width : next], nil
	}))
	return err
}

func (postgresFiller) close() error { return nil }

// unquote returns the name that quote made an identifier of; a name that needs no
// quotes may come without.
func unquote(identifier string) string {
	if name, ok := strings.CutPrefix(identifier, `"`); ok {
		return strings.ReplaceAll(strings.TrimSuffix(name, `"`), `""`, `"`)
	}
	return identifier
}
