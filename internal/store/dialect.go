package store

import (
	"context"
	"database/sql"
)

// dialect is what differs between the databases. Query text is written once,
// with ? for each parameter.
type dialect interface {
	// open returns a pool for writing and one for reading; they may be the same.
	open(ctx context.Context) (writer, reader *sql.DB, err error)
	// name is how messages call the database, without its password.
	name() string
	// traits are the differences that need no code.
	traits() *traits
	// columns lists a table's columns with their types, none when there is no
	// such table.
	columns(ctx context.Context, on querier, table string) (map[string]string, error)
	// begin starts the one write transaction.
	begin(ctx context.Context, conn *sql.Conn) (*sql.Tx, error)
	// filler returns the way to insert many rows.
	filler() filler
	// translate gives a driver's error its kind and a sentence.
	translate(err error) error
	// lock takes a named lock that dies with the process; see Store.LockSource.
	lock(ctx context.Context, s *Store, name string) (release func() error, err error)
}

// traits are small differences between the databases.
type traits struct {
	folder     string    // of the migrations
	types      [4]string // of columns, by kind
	isNumbered bool      // parameters are $1, $2, …; else each is ?
	rows       int       // the most rows of one statement
	parameters int       // the most parameters of one statement
	analyze    bool      // statistics are wanted as soon as a table fills
	fillsAny   bool      // its filler takes any number of rows
	sorting    [2]string // what to say before and after an index is made late; empty where that keeps readers out
	isBrief    bool      // a statement that writes ends soon by itself
	isShared   bool      // several processes serve one database
	packs      bool      // it is quicker to read a row as one text
	orFail     string    // between the verb and the table of a statement of many rows
}

// batch is how many rows of so many columns go into one statement.
func (t *traits) batch(columns int) int { return max(1, min(t.rows, t.parameters/columns)) }

// querier is the part of *sql.DB and *sql.Tx that reads.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}
