package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"

	"rollcall/internal/rollcall"
)

// postgres is the dialect of PostgreSQL 15 and later.
type postgres struct {
	dsn    string
	schema string // where our tables are, known once open
	locks  locks
}

func (d *postgres) traits() *traits { return &postgresTraits }

// A statement may have 65,535 parameters. A table without statistics is believed
// to hold 200 different values, so that even a short list is looked for by
// reading everything.
var postgresTraits = traits{
	folder: "postgres", types: [...]string{text: "TEXT", exact: "TEXT", number: "BIGINT", binary: "BYTEA"},
	isNumbered: true, rows: 500, parameters: 60000, analyze: true, fillsAny: true, isShared: true,
}

// postgresConns is how many connections one process has at most.
const postgresConns = 16

// name leaves the password out.
func (d *postgres) name() string {
	u, err := url.Parse(d.dsn)
	if err != nil {
		return "the PostgreSQL database"
	}
	host := u.Host
	if host == "" {
		host = u.Query().Get("host")
	}
	return fmt.Sprintf("database %q on %s", strings.TrimPrefix(u.Path, "/"), host)
}

// open returns one pool for both purposes: here readers never block a writer.
func (d *postgres) open(ctx context.Context) (writer, reader *sql.DB, err error) {
	db, err := sql.Open("pgx", d.dsn)
	if err != nil {
		// The driver's message would repeat the address with its password.
		return nil, nil, rollcall.Errorf(rollcall.Invalid, "open the database: the postgres:// address cannot be read")
	}
	// Those that many clients need at once are kept for a while: a connection is a process of the server, which takes milliseconds
	// to start and prepares every statement anew.
	db.SetMaxOpenConns(postgresConns)
	db.SetMaxIdleConns(postgresConns)
	db.SetConnMaxIdleTime(time.Minute)
	var version int
	if err := db.QueryRowContext(ctx, "SELECT current_setting('server_version_num')::int, COALESCE(current_schema(), '')").Scan(&version, &d.schema); err != nil {
		_ = db.Close()
		return nil, nil, fmt.Errorf("open the database: %w", d.translate(err))
	}
	if version < 150000 {
		_ = db.Close()
		return nil, nil, rollcall.Errorf(rollcall.Invalid, "open the database: PostgreSQL 15 or later is needed, %s is %d", d.name(), version/10000)
	}
	return db, db, nil
}

func (d *postgres) columns(ctx context.Context, on querier, table string) (map[string]string, error) {
	rows, err := on.QueryContext(ctx, `SELECT column_name, upper(data_type) FROM information_schema.columns
		WHERE table_schema = current_schema() AND table_name = $1`, table)
	return readColumns(d, rows, err)
}

// begin lets writers take turns, as SQLite does: what a run reads and decides
// by (is this login free?) must hold until it commits.
func (d *postgres) begin(ctx context.Context, conn *sql.Conn) (*sql.Tx, error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d; SELECT pg_advisory_xact_lock(%d); SET LOCAL lock_timeout = 0",
		rollcall.Patience(ctx, writerWait).Milliseconds(), d.advisoryKey("writer")))
	if err != nil {
		_ = tx.Rollback() // nothing was written
		return nil, err
	}
	return tx, nil
}

// advisoryKey makes a lock's number of its name. Locks hold for a database:
// two registries in two schemas of one must not meet.
func (d *postgres) advisoryKey(name string) int64 {
	return int64(newHash().add("rollcall").add(d.schema).add(name))
}

func (d *postgres) filler() filler { return postgresFiller{} }

func (d *postgres) translate(err error) error {
	var e *pgconn.PgError
	var unreachable *pgconn.ConnectError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return rollcall.Errorf(rollcall.NotFound, "no such record: %w", err)
	case errors.As(err, &e):
		return d.translateCode(e, err)
	case errors.As(err, &unreachable):
		return rollcall.Errorf(rollcall.Unavailable, "%s is out of reach: %w", d.name(), err)
	}
	return err
}

func (d *postgres) translateCode(e *pgconn.PgError, err error) error {
	switch e.Code {
	case "23505":
		return rollcall.Errorf(rollcall.Conflict, "such a record exists already: %w", err)
	case "40001", "40P01":
		return rollcall.Errorf(rollcall.Unavailable, "another transaction of %s came in between: try again: %w", d.name(), err)
	case "55P03":
		return rollcall.Errorf(rollcall.Unavailable, "another process is writing to %s: wait for it to end and try again: %w", d.name(), err)
	case "53100":
		return rollcall.Errorf(rollcall.Unavailable, "the disk of %s is full: nothing of this step was kept; make room and try again: %w", d.name(), err)
	case "28P01", "28000", "3D000", "42501":
		return rollcall.Errorf(rollcall.Invalid, "%s refuses us: %w", d.name(), err)
	case "22021", "22P05":
		return rollcall.Errorf(rollcall.Invalid, "PostgreSQL cannot keep a text with a NUL byte or invalid UTF-8: %w", err)
	}
	switch e.Code[:2] {
	case "23":
		return rollcall.Errorf(rollcall.Conflict, "the database refuses the record: %w", err)
	case "08", "53", "57":
		return rollcall.Errorf(rollcall.Unavailable, "%s is out of reach: %w", d.name(), err)
	}
	return err
}
