package engine_test

import (
	"context"
	"time"

	"rollcall/internal/rollcall"
)

// The calls that grants, deltas and deliveries make to the database, which fail
// where the test says.

func (s faultyStore) Resume(ctx context.Context, source rollcall.ObjectID) (rollcall.Resume, error) {
	if err := s.hit(); err != nil {
		return rollcall.Resume{}, err
	}
	return s.bridge.Resume(ctx, source)
}

func (s faultyStore) MarksByKey(ctx context.Context, source rollcall.ObjectID, keys []string, yield func(*rollcall.Mark) error) error {
	if err := s.hit(); err != nil {
		return err
	}
	return s.bridge.MarksByKey(ctx, source, keys, yield)
}

func (s faultyStore) RestlessMarks(ctx context.Context, source rollcall.ObjectID, ids []int64, yield func(*rollcall.Mark) error) error {
	if err := s.hit(); err != nil {
		return err
	}
	return s.bridge.RestlessMarks(ctx, source, ids, yield)
}

func (s faultyStore) LostGrants(ctx context.Context, source rollcall.ObjectID, link *rollcall.Class, kinds []rollcall.GrantKind) (map[int64]bool, error) {
	if err := s.hit(); err != nil {
		return nil, err
	}
	return s.bridge.LostGrants(ctx, source, link, kinds)
}

func (t faultyTx) BoundGroups(ctx context.Context, source rollcall.ObjectID) ([]rollcall.BoundGroup, error) {
	if err := t.hit(); err != nil {
		return nil, err
	}
	return t.Tx.BoundGroups(ctx, source)
}

func (t faultyTx) Grants(ctx context.Context, source rollcall.ObjectID, yield func(*rollcall.Grant) error) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.Grants(ctx, source, yield)
}

func (t faultyTx) GrantsIn(ctx context.Context, source, holder rollcall.ObjectID, yield func(*rollcall.Grant) error) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.GrantsIn(ctx, source, holder, yield)
}

func (t faultyTx) LostGrants(ctx context.Context, source rollcall.ObjectID, link *rollcall.Class, kinds []rollcall.GrantKind) (map[int64]bool, error) {
	if err := t.hit(); err != nil {
		return nil, err
	}
	return t.Tx.LostGrants(ctx, source, link, kinds)
}

func (t faultyTx) Holders(ctx context.Context, source rollcall.ObjectID, yield func(*rollcall.Holder) error) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.Holders(ctx, source, yield)
}

func (t faultyTx) CountByKey(ctx context.Context, class *rollcall.Class, key *rollcall.Attribute, targets []rollcall.ObjectID) (map[rollcall.ObjectID]int, error) {
	if err := t.hit(); err != nil {
		return nil, err
	}
	return t.Tx.CountByKey(ctx, class, key, targets)
}

func (t faultyTx) Scan(ctx context.Context, class *rollcall.Class, from rollcall.ObjectID, yield func(*rollcall.Object) error) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.Scan(ctx, class, from, yield)
}

func (t faultyTx) InsertBoundGroups(ctx context.Context, source rollcall.ObjectID, run int64, groups []rollcall.BoundGroup) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.InsertBoundGroups(ctx, source, run, groups)
}

func (t faultyTx) InsertGrants(ctx context.Context, source rollcall.ObjectID, run int64, grants []rollcall.Grant) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.InsertGrants(ctx, source, run, grants)
}

func (t faultyTx) EndBoundGroups(ctx context.Context, run int64, ids []int64) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.EndBoundGroups(ctx, run, ids)
}

func (t faultyTx) EndGrants(ctx context.Context, run int64, ids []int64) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.EndGrants(ctx, run, ids)
}

func (t faultyTx) HeldElsewhere(ctx context.Context, source rollcall.ObjectID, run int64, kinds []rollcall.GrantKind, links []rollcall.ObjectID) (map[rollcall.ObjectID]bool, error) {
	if err := t.hit(); err != nil {
		return nil, err
	}
	return t.Tx.HeldElsewhere(ctx, source, run, kinds, links)
}

func (t faultyTx) SaveResume(ctx context.Context, source rollcall.ObjectID, resume rollcall.Resume) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.SaveResume(ctx, source, resume)
}

func (t faultyTx) NoteFailed(ctx context.Context, source rollcall.ObjectID, now time.Time) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.NoteFailed(ctx, source, now)
}

func (t faultyTx) ReplicaByKey(ctx context.Context, source rollcall.ObjectID, key string) (rollcall.Replica, bool, error) {
	if err := t.hit(); err != nil {
		return rollcall.Replica{}, false, err
	}
	return t.Tx.ReplicaByKey(ctx, source, key)
}

func (t faultyTx) Marks(ctx context.Context, source rollcall.ObjectID, yield func(*rollcall.Mark) error) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.Marks(ctx, source, yield)
}

func (t faultyTx) FeedNew(ctx context.Context, src *rollcall.Source, columns []rollcall.DataColumn, rows []rollcall.FedRow, at time.Time) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.FeedNew(ctx, src, columns, rows, at)
}

func (t faultyTx) FeedKnown(ctx context.Context, src *rollcall.Source, columns []rollcall.DataColumn, rows []rollcall.FedRow, at time.Time) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.FeedKnown(ctx, src, columns, rows, at)
}

func (t faultyTx) FeedSame(ctx context.Context, source rollcall.ObjectID, ids []int64, at time.Time) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.FeedSame(ctx, source, ids, at)
}
