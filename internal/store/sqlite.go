package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	modernc "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"rollcall/internal/rollcall"
)

// sqlite is the dialect of a database file.
type sqlite struct{ path string }

func (d *sqlite) name() string    { return d.path }
func (d *sqlite) traits() *traits { return &sqliteTraits }

// Beyond some 1000 parameters a longer statement gains nothing. OR FAIL does
// without the journal that would undo the first rows of a statement whose later
// row is refused, a copy of every page that it touches: after such an error the
// whole transaction is rolled back.
var sqliteTraits = traits{
	folder: "sqlite", types: [...]string{text: "TEXT", exact: "TEXT", number: "INTEGER", binary: "BLOB"},
	rows: 50, parameters: 1000, isBrief: true, packs: true, sorting: sqliteSorting, orFail: "OR FAIL ",
}

// sqliteSorting holds the memory down in which an index is sorted: by itself
// SQLite would keep all of it there, a hundred bytes a row.
var sqliteSorting = [...]string{
	"PRAGMA temp_store = FILE; PRAGMA cache_size = -8192", // what is sorted at a time is as large as the cache may be
	"PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384",
}

// open makes the file, for its owner alone, when there is none.
func (d *sqlite) open(ctx context.Context) (writer, reader *sql.DB, err error) {
	f, err := os.OpenFile(d.path, os.O_RDWR|os.O_CREATE, 0o600)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, nil, rollcall.Errorf(rollcall.Invalid, "open the database: no right to read and write %s: %w", d.path, err)
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil, rollcall.Errorf(rollcall.Invalid, "open the database: the folder of %s does not exist: %w", d.path, err)
	case err != nil:
		return nil, nil, rollcall.Errorf(rollcall.Invalid, "open the database %s: %w", d.path, err)
	}
	if err := f.Close(); err != nil {
		return nil, nil, fmt.Errorf("open the database %s: %w", d.path, err)
	}
	if writer, err = d.connect(false); err != nil {
		return nil, nil, err
	}
	writer.SetMaxOpenConns(1)
	if err := writer.PingContext(ctx); err != nil {
		_ = writer.Close()
		return nil, nil, fmt.Errorf("open the database: %w", d.translate(err))
	}
	if reader, err = d.connect(true); err != nil {
		_ = writer.Close()
		return nil, nil, err
	}
	// A connection that is opened anew reads the schema and prepares every statement
	// again: a sixth of the time of short reads by eight clients. Those that nobody
	// needs for a while give their memory back.
	reader.SetMaxOpenConns(8)
	reader.SetMaxIdleConns(8)
	reader.SetConnMaxIdleTime(30 * time.Second)
	return writer, reader, nil
}

// connect says how every connection is set up. With WAL, readers and the one
// writer do not wait for each other; synchronous=NORMAL may lose the last
// commits with the power, never the database. cache_size is 16 MiB, for which the
// allocator takes twice that: a page and its head just miss a power of two. More
// gained nothing, not even in a first load of a million.
func (d *sqlite) connect(readOnly bool) (*sql.DB, error) {
	path, err := filepath.Abs(d.path)
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", d.path, err)
	}
	cache := "cache_size(-16384)"
	if readOnly {
		cache = "cache_size(-8192)" // there may be eight of them
	}
	set := url.Values{"_pragma": {
		fmt.Sprintf("busy_timeout(%d)", writerWait.Milliseconds()), // first: the next ones may have to wait
		"journal_mode(WAL)",
		"synchronous(NORMAL)",
		"foreign_keys(1)",
		cache,
		"temp_store(MEMORY)",
		"journal_size_limit(67108864)",
	}}
	if readOnly {
		set.Add("_pragma", "query_only(1)")
	} else {
		set.Set("_txlock", "immediate")
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: set.Encode()}
	return sql.OpenDB(&sqliteConnector{sqliteDriver(), u.String()}), nil
}

func (d *sqlite) columns(ctx context.Context, on querier, table string) (map[string]string, error) {
	rows, err := on.QueryContext(ctx, "SELECT name, type FROM pragma_table_xinfo(?)", table)
	return readColumns(d, rows, err)
}

func (d *sqlite) begin(ctx context.Context, conn *sql.Conn) (*sql.Tx, error) {
	return conn.BeginTx(ctx, nil)
}

func (d *sqlite) filler() filler { return newSQLiteFiller() }

func (d *sqlite) translate(err error) error {
	var e *modernc.Error
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return rollcall.Errorf(rollcall.NotFound, "no such record: %w", err)
	case !errors.As(err, &e):
		return err
	}
	full := func() error {
		return rollcall.Errorf(rollcall.Unavailable, "the disk with %s is full: nothing of this step was kept; make room and try again: %w", d.path, err)
	}
	switch e.Code() {
	case sqlite3.SQLITE_IOERR_SHMSIZE: // no room for the few KiB that every connection shares
		return full()
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return rollcall.Errorf(rollcall.Conflict, "such a record exists already: %w", err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return rollcall.Errorf(rollcall.Unavailable, "another process holds the database %s: wait for it to end and try again: %w", d.path, err)
	case sqlite3.SQLITE_FULL:
		return full()
	case sqlite3.SQLITE_IOERR:
		return rollcall.Errorf(rollcall.Unavailable, "%s could not be read or written: nothing of this step was kept; look at the disk, its quota and the limit on the size of files: %w", d.path, err)
	case sqlite3.SQLITE_READONLY:
		return rollcall.Errorf(rollcall.Invalid, "%s cannot be written: %w", d.path, err)
	case sqlite3.SQLITE_CANTOPEN:
		return rollcall.Errorf(rollcall.Invalid, "%s cannot be opened: %w", d.path, err)
	case sqlite3.SQLITE_NOTADB:
		return rollcall.Errorf(rollcall.Invalid, "%s is not a database of this program: %w", d.path, err)
	case sqlite3.SQLITE_CORRUPT:
		return rollcall.Errorf(rollcall.Internal, "the database %s is damaged: restore it from a copy: %w", d.path, err)
	case sqlite3.SQLITE_CONSTRAINT:
		return rollcall.Errorf(rollcall.Conflict, "the database refuses the record: %w", err)
	}
	return err
}
