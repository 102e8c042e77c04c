package engine

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"rollcall/internal/reconcile"
	"rollcall/internal/rollcall"
)

// feedTx is what a transaction does for deliveries, and for runs over what was
// delivered.
type feedTx interface {
	looking
	Drifted(ctx context.Context, src *rollcall.Source, since int64) (replicas []int64, newest int64, err error)
	Marks(ctx context.Context, source rollcall.ObjectID, yield func(*rollcall.Mark) error) error
	ReplicaByKey(ctx context.Context, source rollcall.ObjectID, key string) (rollcall.Replica, bool, error)
	// FeedNew, FeedKnown and FeedSame put rows into a data table: with new keys, with known ones, and as they were.
	FeedNew(ctx context.Context, src *rollcall.Source, columns []rollcall.DataColumn, rows []rollcall.FedRow, at time.Time) error
	FeedKnown(ctx context.Context, src *rollcall.Source, columns []rollcall.DataColumn, rows []rollcall.FedRow, at time.Time) error
	FeedSame(ctx context.Context, source rollcall.ObjectID, ids []int64, at time.Time) error
	// StandIns lists the replicas that a run has to look at.
	StandIns(ctx context.Context, source rollcall.ObjectID, since, complete time.Time) ([]rollcall.StandIn, error)
	// HoldReplicas keeps others from changing replicas and their rows; it comes before they are read.
	HoldReplicas(ctx context.Context, src *rollcall.Source, ids []int64) error
	SettleReplicas(ctx context.Context, src *rollcall.Source, replicas []rollcall.Replica) error
}

// Feed takes a delivery of rows, all of it or nothing, and runs when it is told
// to. It waits while another run or delivery works on the source.
func (e *Engine) Feed(ctx context.Context, f rollcall.Feed) (*rollcall.Executed, error) {
	source, err := e.fedSource(ctx, e.store, f.Source)
	if err != nil {
		return nil, err
	}
	release, err := e.turn(ctx, source.src.Name)
	if err != nil {
		return nil, err
	}
	ctx, end := e.step(ctx, "receive", slog.String("source", source.src.Name))
	out, err := e.feed(ctx, &f, &source.src)
	end(err)
	return out, errors.Join(err, release())
}

func (e *Engine) feed(ctx context.Context, f *rollcall.Feed, src *rollcall.Source) (*rollcall.Executed, error) {
	if f.Simulate && f.Then != nil {
		if err := e.ensureLookups(ctx, src); err != nil {
			return nil, err
		}
	}
	tx, err := e.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = tx.Rollback() }() // nothing to say once it is committed
	if err := tx.EnsureTable(ctx, src); err != nil {
		return nil, fmt.Errorf("make its data table: %w", err)
	}
	d, err := e.receive(ctx, tx, src, f.Columns)
	if err != nil {
		return nil, err
	}
	if err := f.Rows(func(row rollcall.FedRow) (rollcall.Fed, error) { return d.put(ctx, row) }); err != nil {
		return nil, err
	}
	if err := d.flush(ctx); err != nil {
		return nil, err
	}
	run := tx
	if !f.Simulate {
		if err := tx.Commit(); err != nil {
			return nil, err
		}
		run = nil
	}
	if f.Done != nil {
		f.Done()
	}
	if f.Then == nil {
		return nil, nil
	}
	return e.exec(ctx, *f.Then, run)
}

// delivery is rows on their way into a data table. A row whose hash is that of
// its last delivery is not looked at any further.
type delivery struct {
	tx      Tx
	src     *rollcall.Source
	columns []rollcall.DataColumn
	index   *reconcile.Index
	at      time.Time
	salt    rollcall.Hash
	buf     []byte
	fresh   []rollcall.FedRow
	known   []rollcall.FedRow
	same    []int64
	pending map[string]*rollcall.FedRow // of fresh and known, by key
}

func (e *Engine) receive(ctx context.Context, tx Tx, src *rollcall.Source, columns []rollcall.DataColumn) (*delivery, error) {
	d := &delivery{tx: tx, src: src, columns: columns, at: e.timestamp(), index: reconcile.NewIndex(0),
		fresh: make([]rollcall.FedRow, 0, batchSize), known: make([]rollcall.FedRow, 0, batchSize), pending: map[string]*rollcall.FedRow{}}
	names := []byte("delivered as")
	for _, c := range columns {
		names = appendBytes(names, []byte(c.Name))
	}
	sum := sha256.Sum256(names)
	d.salt = rollcall.Hash(sum[:16])
	err := tx.Marks(ctx, src.ID, func(m *rollcall.Mark) error { return d.index.Add(m) })
	if errors.Is(err, reconcile.ErrCollision) {
		return nil, rollcall.Errorf(rollcall.Unavailable, "compare: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("read the replicas: %w", err)
	}
	return d, nil
}

// put takes one row. Its cells are lent.
func (d *delivery) put(ctx context.Context, row rollcall.FedRow) (rollcall.Fed, error) {
	row.Content = d.sum(&row)
	if row.Partial && !d.index.Has(row.Key) {
		return rollcall.FedRefused, nil
	}
	verdict, replica := d.index.See([]byte(row.Key), row.Content)
	row.Replica = replica
	switch verdict {
	case reconcile.Same, reconcile.Due:
		if d.same = append(d.same, replica); len(d.same) == cap(d.fresh) {
			return rollcall.FedSeen, d.flushSame(ctx)
		}
		return rollcall.FedSeen, nil
	case reconcile.Doubled:
		return rollcall.FedSeen, d.double(ctx, row)
	case reconcile.Changed:
		return rollcall.FedSeen, d.hold(ctx, &d.known, row)
	}
	return rollcall.FedNew, d.hold(ctx, &d.fresh, row)
}

// hold keeps a row until a batch is full.
func (d *delivery) hold(ctx context.Context, batch *[]rollcall.FedRow, row rollcall.FedRow) error {
	row.Cells, row.Skip = slices.Clone(row.Cells), slices.Clone(row.Skip)
	if len(*batch) == cap(*batch) {
		if err := d.flush(ctx); err != nil {
			return err
		}
	}
	*batch = append(*batch, row)
	d.pending[row.Key] = &(*batch)[len(*batch)-1]
	return nil
}

// double lets the last of several rows with one key win, as on iTop 3.2.0.
func (d *delivery) double(ctx context.Context, row rollcall.FedRow) error {
	if p := d.pending[row.Key]; p != nil {
		skipped := p.Skip
		for i := range row.Cells {
			if slices.Contains(row.Skip, i) {
				continue // it keeps what the row before it brought
			}
			p.Cells[i] = row.Cells[i]
			skipped = slices.DeleteFunc(skipped, func(c int) bool { return c == i })
		}
		p.Skip, p.Content = skipped, row.Content
		return nil
	}
	if row.Replica == 0 { // it came anew earlier in this delivery
		replica, found, err := d.tx.ReplicaByKey(ctx, d.src.ID, row.Key)
		if err != nil {
			return err
		}
		if !found {
			return rollcall.Errorf(rollcall.Internal, "the row %s was put into %s and is not there", row.Key, d.src.Table)
		}
		row.Replica = replica.ID
	}
	return d.hold(ctx, &d.known, row)
}

func (d *delivery) flush(ctx context.Context) error {
	if err := d.tx.FeedNew(ctx, d.src, d.columns, d.fresh, d.at); err != nil {
		return err
	}
	if err := d.flushSame(ctx); err != nil { // before those that changed: one of them may be the same row once more
		return err
	}
	if err := d.tx.FeedKnown(ctx, d.src, d.columns, d.known, d.at); err != nil {
		return err
	}
	d.fresh, d.known = d.fresh[:0], d.known[:0]
	clear(d.pending)
	return nil
}

func (d *delivery) flushSame(ctx context.Context) error {
	err := d.tx.FeedSame(ctx, d.src.ID, d.same, d.at)
	d.same = d.same[:0]
	return err
}

// sum is the hash of a row as delivered, salted with its columns.
func (d *delivery) sum(row *rollcall.FedRow) rollcall.Hash {
	b := append(d.buf[:0], d.salt[:]...)
	for i := range row.Cells {
		if !row.Cells[i].Set {
			b = append(b, 0)
			continue
		}
		b = append(b, 1)
		b = binary.AppendUvarint(b, uint64(len(row.Cells[i].Text)))
		b = append(b, row.Cells[i].Text...)
	}
	for _, c := range row.Skip {
		b = binary.AppendUvarint(b, uint64(c)+2)
	}
	d.buf = b
	sum := sha256.Sum256(b)
	return rollcall.Hash(sum[:16])
}
