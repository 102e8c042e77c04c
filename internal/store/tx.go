package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"

	"rollcall/internal/rollcall"
)

// Tx is a write transaction. There is one at a time, on both databases, so what
// it reads stays true until it ends. It belongs to one goroutine. Its reading
// methods see its own writes.
type Tx struct {
	queries
	tx       orderly
	conn     *sql.Conn
	ended    func() error      // of the context it was begun with
	told     func()            // of the commit
	bulks    map[string]*bulk  // by statement
	fills    map[string]fill   // by table
	blocks   map[string]*block // of reserved IDs, by table
	manyRows int64             // see manyRows
	behind   int64             // see Config
	done     bool
	isOwn    bool // the triggers of data tables are silent
	tallies  map[rollcall.ObjectID]*tally
}

// Begin starts a write transaction. It waits some seconds for another writer, or
// as long as a Patient context says, and then gives an Unavailable error.
// Cancelling ctx rolls it back.
func (s *Store) Begin(ctx context.Context) (*Tx, error) {
	wait := rollcall.Patience(ctx, s.wait)
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	conn, err := s.writer.Conn(waiting)
	if err != nil {
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			return nil, rollcall.Errorf(rollcall.Unavailable, "another run of this program is writing to %s and did not end within %s: try again later", s.d.name(), wait)
		}
		return nil, fmt.Errorf("begin writing: %w", s.d.translate(err))
	}
	tx, err := s.d.begin(ctx, conn)
	if err != nil {
		_ = conn.Close() // nothing was written
		return nil, fmt.Errorf("begin writing: %w", s.d.translate(err))
	}
	behind := newBehind(s.d, conn, ctx.Err)
	t := &Tx{tx: orderly{tx, behind}, conn: conn, ended: ctx.Err, told: s.told, manyRows: manyRows, behind: s.behind, bulks: map[string]*bulk{}, fills: map[string]fill{}, blocks: map[string]*block{}}
	t.queries = queries{d: s.d, model: s.model, shape: new(atomic.Pointer[layout]), now: s.now, recall: newRecall(t.run), turn: &behind.turn}
	t.statements = newStatements(tx, s.d)
	t.ready = behind.settleFor
	if err := t.catchUp(ctx, s); err != nil {
		_ = t.Rollback()
		return nil, err
	}
	behind.views = t.layout().systemViews()
	return t, nil
}

// catchUp gives the transaction the present layout: another process may have
// added a look-up since this one last wrote, and every writer must fill it.
func (t *Tx) catchUp(ctx context.Context, s *Store) error {
	known := s.shape.Load()
	t.shape.Store(known)
	if known == nil { // the first transactions, within Open
		return nil
	}
	var newest int64
	if err := t.one(ctx, "SELECT COALESCE(MAX(id), 0) FROM lookup", nil, &newest); err != nil {
		return fmt.Errorf("read the look-ups: %w", err)
	}
	if newest == known.newest {
		return nil
	}
	l, err := known.withLookups(ctx, t.tx, t.d)
	if err != nil {
		return err
	}
	t.shape.Store(l)
	s.shape.Store(l)
	return nil
}

// Commit makes everything the transaction wrote last.
func (t *Tx) Commit() error {
	if t.done {
		return rollcall.Errorf(rollcall.Internal, "commit: the transaction has ended already")
	}
	// What can fail for a reason of the database's is done before.
	err := t.makeLate(context.Background())
	if err == nil {
		err = t.keepTallies(context.Background())
	}
	if err == nil {
		err = t.returnBlocks(context.Background())
	}
	if err == nil {
		err = t.disown()
	}
	if err != nil {
		_ = t.Rollback() // the first error tells more
		return fmt.Errorf("commit: %w", err)
	}
	err = t.d.translate(t.tx.Commit())
	if e := t.end(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	t.told()
	return nil
}

// Rollback undoes everything the transaction wrote. After Commit it does
// nothing.
func (t *Tx) Rollback() error {
	if t.done {
		return nil
	}
	err := t.tx.Rollback()
	if errors.Is(err, sql.ErrTxDone) || t.ended() != nil {
		err = nil // its context ended and took it, or its connection, along
	}
	if e := t.end(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}

func (t *Tx) end() error {
	t.done = true
	t.close()
	if err := t.conn.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
		return err
	}
	return nil
}

// run runs a statement that is not worth preparing.
func (t *Tx) run(ctx context.Context, query string) error {
	_, err := t.tx.ExecContext(ctx, query)
	return t.d.translate(err)
}

// exec runs one statement and returns how many rows it touched.
func (t *Tx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	stmt, done, err := t.get(ctx, query) //nolint:sqlclosecheck // done closes it, unless it is kept
	if err != nil {
		return 0, t.d.translate(err)
	}
	defer done()
	if t.d.traits().isBrief {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		// SQLite's driver starts a goroutine to watch a context that can end, for
		// every statement: a fifteenth of a first load.
		ctx = context.WithoutCancel(ctx)
	}
	result, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, t.d.translate(err)
	}
	n, err := result.RowsAffected()
	return n, t.d.translate(err)
}
