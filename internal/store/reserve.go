package store

import "context"

// block is a part of a sequence that a large load took for itself, so that it
// need not ask, and wait for what it writes behind, at every step.
type block struct{ next, end int64 }

// blockSize is how many numbers a large load takes at a time.
const blockSize = 50_000

// reserve takes n numbers of the sequence of a table with a column id and returns
// the first.
func (t *Tx) reserve(ctx context.Context, table string, n int) (int64, error) {
	count := int64(n)
	b := t.blocks[table]
	if b == nil || b.end-b.next < count {
		if err := t.returnBlock(ctx, table); err != nil {
			return 0, err
		}
		size := count
		if t.isLarge(table) || t.isLarge(quote(table)) {
			size = max(count, blockSize)
		}
		first, err := t.takeNumbers(ctx, table, size)
		if err != nil || size == count {
			return first, err
		}
		b = &block{next: first, end: first + size}
		t.blocks[table] = b
	}
	b.next += count
	return b.next - count, nil
}

// occupied says that an object has an ID, which may be its own and none that was
// reserved: what is reserved next is above it.
func (t *Tx) occupied(table string, id int64) {
	if b := t.blocks[table]; b != nil && id >= b.next {
		b.next = min(id+1, b.end)
	}
}

// takeNumbers takes numbers from the sequence of a table. It is one statement
// that locks the sequence until the transaction ends: on PostgreSQL the triggers
// of data tables take numbers in transactions of others.
func (t *Tx) takeNumbers(ctx context.Context, table string, count int64) (int64, error) {
	var highest, next int64
	if err := t.one(ctx, "SELECT COALESCE(MAX(id), 0) FROM "+quote(table), nil, &highest); err != nil {
		return 0, err
	}
	const query = `INSERT INTO sequence (name, next) VALUES (?, ?) ON CONFLICT (name) DO UPDATE
		SET next = CASE WHEN sequence.next > excluded.next - ? THEN sequence.next + ? ELSE excluded.next END RETURNING next`
	if err := t.one(ctx, query, []any{table, highest + 1 + count, count, count}, &next); err != nil {
		return 0, err
	}
	return next - count, nil
}

// returnBlock gives back what is left of a table's block.
func (t *Tx) returnBlock(ctx context.Context, table string) error {
	b := t.blocks[table]
	if b == nil {
		return nil
	}
	delete(t.blocks, table)
	_, err := t.exec(ctx, "UPDATE sequence SET next = ? WHERE name = ? AND next = ?", b.next, table, b.end)
	return err
}

func (t *Tx) returnBlocks(ctx context.Context) error {
	for table := range t.blocks {
		if err := t.returnBlock(ctx, table); err != nil {
			return err
		}
	}
	return nil
}
