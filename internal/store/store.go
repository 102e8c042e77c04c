// Package store keeps everything that outlives a run: objects, their history,
// replicas and their values, runs and plans. It speaks SQLite (a file) and
// PostgreSQL through one code path; what differs sits behind dialect. All SQL of
// our own database is here. Which changes are right is decided elsewhere: store
// checks no rule of a class.
package store

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"rollcall/internal/rollcall"
)

// Config says which database to open and for which classes.
type Config struct {
	DSN   string // a path: SQLite; postgres://… or postgresql://…: PostgreSQL
	Model *rollcall.Model
	Now   func() time.Time // time.Now when nil
	Log   *slog.Logger     // silent when nil
	// Committed is called after every commit of a write transaction of this process; nil: nobody needs to know.
	Committed func()
	// Behind is how many rows of a table a transaction inserts by itself; the rest is
	// written beside it, while it goes on. 0: 2000.
	Behind int64
}

// Store is an open database. It is safe for concurrent use; its own reading
// methods see what is committed.
type Store struct {
	queries
	writer *sql.DB
	reader *sql.DB
	log    *slog.Logger
	wait   time.Duration // how long a writer waits for its turn
	told   func()        // of every commit
	behind int64         // as configured
	looker looker
}

// writerWait is how long Begin waits for another writer before it gives up.
const writerWait = 10 * time.Second

// Open connects, brings the fixed tables to the present version and makes the
// tables and columns that the model asks for. Nothing is ever dropped.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	s := &Store{log: cfg.Log, wait: writerWait, told: cfg.Committed, behind: cmp.Or(cfg.Behind, largeLoad)}
	if s.told == nil {
		s.told = func() {}
	}
	now := cfg.Now
	if now == nil {
		now = time.Now
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var d dialect = &sqlite{path: cfg.DSN}
	if strings.HasPrefix(cfg.DSN, "postgres://") || strings.HasPrefix(cfg.DSN, "postgresql://") {
		d = &postgres{dsn: cfg.DSN}
	}
	var err error
	if s.writer, s.reader, err = d.open(ctx); err != nil {
		return nil, err
	}
	s.queries = queries{d: d, model: cfg.Model, shape: new(atomic.Pointer[layout]), now: now}
	s.statements = newStatements(s.reader, d)
	s.looker.tried = map[string]time.Time{}
	s.missing = s.note
	if err := s.prepare(ctx); err != nil {
		_ = s.Close() // the first error tells more
		return nil, err
	}
	return s, nil
}

// prepare makes the database fit the program and the model. It looks first and
// asks for the right to write only when something is missing, so that a command
// that only reads can start while a run writes.
func (s *Store) prepare(ctx context.Context) error {
	ready, err := migrated(ctx, s.reader, s.d)
	if err != nil {
		return err
	}
	if !ready {
		if err := s.write(ctx, func(tx *Tx) error { return migrate(ctx, tx) }); err != nil {
			return err
		}
	}
	l, err := newLayout(s.model)
	if err != nil {
		return err
	}
	missing, err := l.missing(ctx, s.reader, s.d)
	if err != nil {
		return err
	}
	if len(missing) > 0 {
		if err := s.write(ctx, func(tx *Tx) error { return l.extend(ctx, tx) }); err != nil {
			return err
		}
	}
	if l, err = l.withLookups(ctx, s.reader, s.d); err != nil {
		return err
	}
	s.shape.Store(l)
	return s.refoldLookups(ctx)
}

// Close ends all connections. A transaction that is still open is rolled back.
func (s *Store) Close() error {
	s.endLooking()
	s.close()
	err := s.writer.Close()
	if s.reader != s.writer {
		if e := s.reader.Close(); err == nil {
			err = e
		}
	}
	if err != nil {
		return fmt.Errorf("close the database: %w", err)
	}
	return nil
}

// write runs do in a transaction of its own and commits it. When the database
// refuses a statement for the moment it tries again, a few times. What Begin
// says is final, since it has waited already, and so is what Commit says: after
// a lost connection nobody knows whether it happened.
func (s *Store) write(ctx context.Context, do func(*Tx) error) error {
	const tries = 3
	for n := 1; ; n++ {
		refused, err := s.writeOnce(ctx, do)
		if err == nil || n == tries || !refused || rollcall.KindOf(err) != rollcall.Unavailable {
			return err
		}
		s.log.Debug("write again", slog.Int("try", n), slog.Any("err", err))
	}
}

// writeOnce is write without another try. It reports whether it was do that
// failed, so that nothing was written.
func (s *Store) writeOnce(ctx context.Context, do func(*Tx) error) (refused bool, err error) {
	tx, err := s.Begin(ctx)
	if err != nil {
		return false, err
	}
	if err := do(tx); err != nil {
		_ = tx.Rollback() // the first error tells more
		return true, err
	}
	return false, tx.Commit()
}
