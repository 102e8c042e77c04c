package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// locks are the advisory locks of one store: all in one session, however many
// sources a run has, which the server ends when the process dies. A session may
// take a lock twice, so who has what within the process is kept here.
type locks struct {
	mu   sync.Mutex
	conn *sql.Conn         // nil while nothing is locked
	held map[string]string // the holder of each source
}

// lock takes a source's advisory lock.
func (d *postgres) lock(ctx context.Context, s *Store, name string) (func() error, error) {
	l := &d.locks
	l.mu.Lock()
	defer l.mu.Unlock()
	if who, is := l.held[name]; is {
		return nil, heldBy(name, who)
	}
	who := holder(s.now())
	if err := l.session(ctx, s.writer, who); err != nil {
		return nil, fmt.Errorf("lock source %s: %w", name, d.translate(err))
	}
	key := d.advisoryKey("source " + name)
	var got bool
	if err := l.conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", key).Scan(&got); err != nil {
		return nil, errors.Join(fmt.Errorf("lock source %s: %w", name, d.translate(err)), l.rest())
	}
	if got {
		if l.held == nil {
			l.held = map[string]string{}
		}
		l.held[name] = who
		return func() error { return d.unlock(name, key, l.conn) }, nil
	}
	var other string
	err := l.conn.QueryRowContext(ctx, `SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
		WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
		AND l.classid = (($1::bigint >> 32) & 4294967295)::oid AND l.objid = ($1::bigint & 4294967295)::oid`, key).Scan(&other)
	if err != nil && !errors.Is(err, sql.ErrNoRows) { // none: it ended this moment
		return nil, errors.Join(fmt.Errorf("lock source %s: %w", name, d.translate(err)), l.rest())
	}
	return nil, errors.Join(heldBy(name, strings.TrimPrefix(other, "rollcall ")), l.rest())
}

// session makes sure that there is a session. One that broke, as when the server
// was restarted, is replaced; its locks are lost, and whoever had one is told
// when its run is to end (see Tx.FinishRun).
func (l *locks) session(ctx context.Context, db *sql.DB, who string) error {
	if l.conn != nil {
		if l.conn.PingContext(ctx) == nil {
			return nil
		}
		_ = discard(l.conn) // it is broken
		l.conn = nil
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	// The name tells whoever looks at pg_stat_activity, too; 63 bytes are kept.
	if _, err := conn.ExecContext(ctx, "SELECT set_config('application_name', $1, false)", "rollcall "+who); err != nil {
		return errors.Join(err, discard(conn))
	}
	l.conn = conn
	return nil
}

// unlockTimeout is how long a server may take to answer that a lock was given
// back.
const unlockTimeout = 10 * time.Second

// unlock gives a lock back: by itself, since a session ends on the server a moment
// after it was closed here. One that broke has lost it already.
func (d *postgres) unlock(name string, key int64, conn *sql.Conn) error {
	l := &d.locks
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, name)
	if l.conn != conn {
		return l.rest()
	}
	// A run that was interrupted gives its locks back all the same.
	ctx, cancel := context.WithTimeout(context.Background(), unlockTimeout)
	defer cancel()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", key); err != nil {
		_ = discard(conn) // with all its locks
		l.conn = nil
		return nil
	}
	return l.rest()
}

// rest ends a session that nobody needs.
func (l *locks) rest() error {
	if len(l.held) > 0 || l.conn == nil {
		return nil
	}
	err := discard(l.conn)
	l.conn = nil
	if err != nil {
		return fmt.Errorf("give back the session of the locks: %w", err)
	}
	return nil
}

// discard closes a connection for good, so that its session, its locks and its
// name end with it.
func discard(conn *sql.Conn) error {
	err := conn.Raw(func(any) error { return driver.ErrBadConn })
	if errors.Is(err, driver.ErrBadConn) || errors.Is(err, sql.ErrConnDone) {
		return nil
	}
	return err
}
