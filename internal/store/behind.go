package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"

	"rollcall/internal/rollcall"
)

// behind carries out the inserts and changes of a large load on a goroutine of
// its own, in the order they came, so that the next entries are decided while the
// database still takes the last ones. Whatever else the transaction asks of its
// connection waits for those that it may see. The first error ends the writing;
// every later call returns it.
type behind struct {
	d      dialect
	conn   *sql.Conn
	ended  func() error // of the context that carries the transaction
	filler filler
	views  []string // that read any table
	work   chan *batch
	spare  chan []any // to be filled again
	turn   sync.Mutex // held while a batch is written

	mu     sync.Mutex
	idle   *sync.Cond
	inHand int          // batches that were handed over and are not done
	places map[spot]int // the same for each place that they go to
	err    error
}

// spot is where rows go.
type spot struct {
	table  string            // quoted
	source rollcall.ObjectID // whose replicas they are; 0 for other rows, and for replicas of several
}

// batch is some rows for one table, or new values for some of its rows.
type batch struct {
	spot
	columns []string // quoted; of new rows alone
	width   int      // how many arguments a row has
	head    string   // of the statement, up to the rows
	tail    string   // after the rows; empty for new ones
	spares  bool     // not every row need be touched
	args    []any    // row after row
}

// filler inserts batches by the shortest way that a driver knows.
type filler interface {
	// fill writes a batch.
	fill(ctx context.Context, driverConn any, b *batch) error
	// close lets go of what fill kept on the connection.
	close() error
}

const (
	// largeLoad is how many rows a transaction adds to a table before it writes
	// them behind.
	largeLoad = 2000
	// batchesAhead is how many batches may wait: about a thousand entries, with all
	// that is written for each.
	batchesAhead = 80
)

func newBehind(d dialect, conn *sql.Conn, ended func() error) *behind {
	w := &behind{d: d, conn: conn, ended: ended, filler: d.filler(), spare: make(chan []any, batchesAhead), places: map[spot]int{}}
	w.idle = sync.NewCond(&w.mu)
	return w
}

// handOver leaves a batch, with its arguments, to the writer.
func (w *behind) handOver(b *batch) error {
	w.mu.Lock()
	w.inHand++
	w.places[b.spot]++
	err := w.err
	w.mu.Unlock()
	if w.work == nil {
		w.work = make(chan *batch, batchesAhead)
		go w.run()
	}
	w.work <- b
	return err
}

// buffer returns room for the arguments that follow those handed over.
func (w *behind) buffer() []any {
	select {
	case args := <-w.spare:
		return args
	default:
		return nil
	}
}

func (w *behind) run() {
	for b := range w.work {
		w.mu.Lock()
		err := w.err
		w.mu.Unlock()
		if err == nil {
			w.turn.Lock()
			err = w.conn.Raw(func(driverConn any) error { return w.fill(driverConn, b) })
			w.turn.Unlock()
			if err != nil {
				err = fmt.Errorf("write rows of %s: %w", b.table, w.d.translate(err))
			}
		}
		clear(b.args)
		select {
		case w.spare <- b.args[:0]:
		default:
		}
		w.mu.Lock()
		w.err = err
		w.inHand--
		if w.places[b.spot]--; w.places[b.spot] == 0 {
			w.idle.Broadcast()
		}
		w.mu.Unlock()
	}
}

// fill writes a batch while nobody else has the connection. When the context has
// ended, database/sql rolls the transaction back by itself, and what the driver
// were told after that would last.
func (w *behind) fill(driverConn any, b *batch) error {
	if err := w.ended(); err != nil {
		return err
	}
	return w.filler.fill(context.Background(), driverConn, b)
}

// settle waits until all is written and returns what went wrong.
func (w *behind) settle() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.inHand > 0 {
		w.idle.Wait()
	}
	return w.err
}

// settleFor waits until all is written that a query may read and returns what
// went wrong. A SELECT names every table that it reads, unless it reads a view.
// SQLite lets a connection write one table while rows of another are being read,
// or other rows of the same; PostgreSQL does not.
func (w *behind) settleFor(ctx context.Context, query string) error {
	if !w.d.traits().isBrief || !strings.HasPrefix(query, "SELECT ") {
		return w.settle()
	}
	alone, _ := ctx.Value(aloneKey{}).(rollcall.ObjectID)
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.concerns(query, alone) {
		w.idle.Wait()
	}
	return w.err
}

// aloneKey marks the context of a query that reads the replicas of one source.
type aloneKey struct{}

// ofSourceAlone says that a query reads no replicas but those of one source, so
// that it need not wait for those of others. A load whose entries refer to those
// of a load before it asks so all the time.
func ofSourceAlone(ctx context.Context, source rollcall.ObjectID) context.Context {
	return context.WithValue(ctx, aloneKey{}, source)
}

// concerns reports whether a query names a table that is not all written, with
// rows that it may read.
func (w *behind) concerns(query string, alone rollcall.ObjectID) bool {
	if w.inHand == 0 {
		return false
	}
	for place, n := range w.places {
		isOther := alone != 0 && place.source != 0 && place.source != alone
		if n > 0 && !isOther && strings.Contains(query, unquote(place.table)) {
			return true
		}
	}
	return slices.ContainsFunc(w.views, func(view string) bool { return strings.Contains(query, view) })
}

// abandon drops what is not written yet.
func (w *behind) abandon() {
	w.mu.Lock()
	if w.err == nil {
		w.err = sql.ErrTxDone
	}
	w.mu.Unlock()
	_ = w.settle() // that it ended is known
}

// close ends the writer. Nothing may be under way.
func (w *behind) close() error {
	if w.work == nil {
		return nil
	}
	close(w.work)
	w.work = nil
	return w.filler.close()
}

// orderly is a transaction in which nothing overtakes what is written behind.
type orderly struct {
	*sql.Tx
	behind *behind
}

// ExecContext is sql.Tx's, in its turn.
func (o orderly) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := o.behind.settle(); err != nil {
		return nil, err
	}
	return o.Tx.ExecContext(ctx, query, args...)
}

// QueryContext is sql.Tx's, in its turn.
func (o orderly) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := o.behind.settle(); err != nil {
		return nil, err
	}
	return o.Tx.QueryContext(ctx, query, args...)
}

// QueryRowContext is sql.Tx's, in its turn.
func (o orderly) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	_ = o.behind.settle() // the next call, or the commit, tells
	return o.Tx.QueryRowContext(ctx, query, args...)
}

// Commit is sql.Tx's, unless something could not be written.
func (o orderly) Commit() error {
	err := o.behind.settle()
	if err == nil {
		err = o.behind.close()
	}
	if err != nil {
		_ = o.Rollback() // the first error tells more
		return err
	}
	return o.Tx.Commit()
}

// Rollback is sql.Tx's, for what is not written yet, too.
func (o orderly) Rollback() error {
	o.behind.abandon()
	_ = o.behind.close() // the statements go with the connection
	return o.Tx.Rollback()
}
