package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"golang.org/x/sys/unix"
	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"rollcall/internal/rollcall"
)

// sqlite is a queue in a file of its own: a run holds the registry's one writer
// for as long as it takes, and the queue must go on meanwhile.
type sqlite struct {
	path string
	db   *sql.DB
}

func openSQLite(ctx context.Context, store string) (*sqlite, error) {
	path, err := filepath.Abs(store + "-queue")
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(filepath.Clean(path), os.O_RDWR|os.O_CREATE, 0o600) // for its owner alone
	if err != nil {
		return nil, rollcall.Errorf(rollcall.Invalid, "%s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	set := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: set.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // River works in parallel, SQLite does not
	d := &sqlite{path: path, db: db}
	if err := migrate(ctx, riversqlite.New(db)); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return d, nil
}

func (d *sqlite) client(settings *river.Config) (client, error) {
	return river.NewClient(riversqlite.New(d.db), settings)
}

func (d *sqlite) notifies() bool { return false }

func (d *sqlite) entryIs() string { return "json_extract(args, '$.entry') = @entry" }

func (d *sqlite) close() error { return d.db.Close() }

// serve takes the file beside the queue, which the kernel gives back when the
// process dies. Whoever has it knows that no other node works jobs, so jobs that
// count as running are those of a process that died.
func (d *sqlite) serve(ctx context.Context) (func() error, error) {
	f, err := os.OpenFile(filepath.Clean(d.path+".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("serve the queue: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = rollcall.Errorf(rollcall.Conflict, "another server works the queue %s: on SQLite there is one server, PostgreSQL takes several", d.path)
		}
		return nil, errors.Join(err, f.Close())
	}
	_, err = d.db.ExecContext(ctx, `UPDATE river_job SET state = 'available', scheduled_at = ?, max_attempts = max(max_attempts, attempt + 1)
		WHERE state = 'running'`, time.Now().UTC().Format("2006-01-02 15:04:05.000"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("queue the jobs of a process that died: %w", err), f.Close())
	}
	return func() error { // by itself: a program that is being started beside has the file, too
		return errors.Join(unix.Flock(int(f.Fd()), unix.LOCK_UN), f.Close())
	}, nil
}

func (d *sqlite) giveBack(ctx context.Context, id int64) error {
	_, err := d.db.ExecContext(ctx, `UPDATE river_job SET state = 'available', scheduled_at = ?, max_attempts = max(max_attempts, attempt + 1)
		WHERE state = 'running' AND id = ?`, time.Now().UTC().Format("2006-01-02 15:04:05.000"), id)
	return err
}

// takeOver finds nothing: there is one server.
func (d *sqlite) takeOver(context.Context) ([]string, error) { return nil, nil }
