package engine_test

import (
	"context"
	"errors"
	"time"

	"rollcall/internal/engine"
	"rollcall/internal/rollcall"
)

// errFault is what a faulty database answers.
var errFault = errors.New("the disk is on fire")

// faults counts down the calls that still work. The one that reaches zero
// fails; those after it work again, so that the record of the failed run can be
// made.
type faults struct{ left int }

func (f *faults) hit() error {
	f.left--
	if f.left == 0 {
		return errFault
	}
	return nil
}

// faultyStore is a store whose calls fail where the test says.
type faultyStore struct {
	bridge
	*faults
}

func (s faultyStore) Begin(ctx context.Context) (engine.Tx, error) {
	if err := s.hit(); err != nil {
		return nil, err
	}
	tx, err := s.bridge.Begin(ctx)
	return faultyTx{tx, s.faults}, err
}

// faultyTx is a transaction whose calls fail where the test says.
type faultyTx struct {
	engine.Tx
	*faults
}

func (s faultyStore) LockSource(ctx context.Context, name string) (func() error, error) {
	if err := s.hit(); err != nil {
		return nil, err
	}
	return s.bridge.LockSource(ctx, name)
}

func (s faultyStore) Find(ctx context.Context, class *rollcall.Class, attributes []string, keys [][]string) ([][]rollcall.ObjectID, error) {
	if err := s.hit(); err != nil {
		return nil, err
	}
	return s.bridge.Find(ctx, class, attributes, keys)
}

func (s faultyStore) EnsureLookup(ctx context.Context, class *rollcall.Class, attributes []string) error {
	if err := s.hit(); err != nil {
		return err
	}
	return s.bridge.EnsureLookup(ctx, class, attributes)
}

func (s faultyStore) Standing(ctx context.Context, source rollcall.ObjectID) (rollcall.Standing, error) {
	if err := s.hit(); err != nil {
		return rollcall.Standing{}, err
	}
	return s.bridge.Standing(ctx, source)
}

func (s faultyStore) Drifted(ctx context.Context, src *rollcall.Source, since int64) ([]int64, int64, error) {
	if err := s.hit(); err != nil {
		return nil, 0, err
	}
	return s.bridge.Drifted(ctx, src, since)
}

func (s faultyStore) Marks(ctx context.Context, source rollcall.ObjectID, yield func(*rollcall.Mark) error) error {
	if err := s.hit(); err != nil {
		return err
	}
	return s.bridge.Marks(ctx, source, yield)
}

func (s faultyStore) StartRun(ctx context.Context, run *rollcall.Run) error {
	if err := s.hit(); err != nil {
		return err
	}
	return s.bridge.StartRun(ctx, run)
}

func (s faultyStore) Run(ctx context.Context, id int64) (rollcall.Run, error) {
	if err := s.hit(); err != nil {
		return rollcall.Run{}, err
	}
	return s.bridge.Run(ctx, id)
}

func (t faultyTx) Objects(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) ([]rollcall.Object, error) {
	if err := t.hit(); err != nil {
		return nil, err
	}
	return t.Tx.Objects(ctx, class, ids)
}

func (t faultyTx) Find(ctx context.Context, class *rollcall.Class, attributes []string, keys [][]string) ([][]rollcall.ObjectID, error) {
	if err := t.hit(); err != nil {
		return nil, err
	}
	return t.Tx.Find(ctx, class, attributes, keys)
}

func (t faultyTx) Links(ctx context.Context, a *rollcall.Attribute, hosts []rollcall.ObjectID) ([][]rollcall.Link, error) {
	if err := t.hit(); err != nil {
		return nil, err
	}
	return t.Tx.Links(ctx, a, hosts)
}

func (t faultyTx) Referrers(ctx context.Context, key *rollcall.Attribute, holder *rollcall.Class, targets []rollcall.ObjectID) ([]rollcall.Referrer, error) {
	if err := t.hit(); err != nil {
		return nil, err
	}
	return t.Tx.Referrers(ctx, key, holder, targets)
}

func (t faultyTx) Names(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) (map[rollcall.ObjectID]string, error) {
	if err := t.hit(); err != nil {
		return nil, err
	}
	return t.Tx.Names(ctx, class, ids)
}

func (t faultyTx) ReplicasByDest(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) ([]rollcall.Replica, error) {
	if err := t.hit(); err != nil {
		return nil, err
	}
	return t.Tx.ReplicasByDest(ctx, class, ids)
}

func (t faultyTx) History(ctx context.Context, filter rollcall.HistoryFilter, yield func(*rollcall.History) error) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.History(ctx, filter, yield)
}

func (t faultyTx) Reserve(ctx context.Context, class *rollcall.Class, n int) (rollcall.ObjectID, error) {
	if err := t.hit(); err != nil {
		return 0, err
	}
	return t.Tx.Reserve(ctx, class, n)
}

func (t faultyTx) InsertObjects(ctx context.Context, class *rollcall.Class, objects []rollcall.Object) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.InsertObjects(ctx, class, objects)
}

func (t faultyTx) UpdateObjects(ctx context.Context, class *rollcall.Class, a []*rollcall.Attribute, ids []rollcall.ObjectID, values [][]string) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.UpdateObjects(ctx, class, a, ids, values)
}

func (t faultyTx) DeleteObjects(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.DeleteObjects(ctx, class, ids)
}

func (t faultyTx) InsertHistory(ctx context.Context, steps []rollcall.History) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.InsertHistory(ctx, steps)
}

func (t faultyTx) DeleteReplicasOf(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.DeleteReplicasOf(ctx, class, ids)
}

func (t faultyTx) Commit() error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.Commit()
}

func (t faultyTx) EnsureTable(ctx context.Context, src *rollcall.Source) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.EnsureTable(ctx, src)
}

func (t faultyTx) Replicas(ctx context.Context, src *rollcall.Source, ids []int64) ([]rollcall.Replica, error) {
	if err := t.hit(); err != nil {
		return nil, err
	}
	return t.Tx.Replicas(ctx, src, ids)
}

func (t faultyTx) ReplicasByName(ctx context.Context, source rollcall.ObjectID, names []string) (map[string]rollcall.Ref, error) {
	if err := t.hit(); err != nil {
		return nil, err
	}
	return t.Tx.ReplicasByName(ctx, source, names)
}

func (t faultyTx) InsertReplicas(ctx context.Context, src *rollcall.Source, replicas []rollcall.Replica) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.InsertReplicas(ctx, src, replicas)
}

func (t faultyTx) UpdateReplicas(ctx context.Context, src *rollcall.Source, replicas []rollcall.Replica) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.UpdateReplicas(ctx, src, replicas)
}

func (t faultyTx) DeleteReplicas(ctx context.Context, src *rollcall.Source, ids []int64) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.DeleteReplicas(ctx, src, ids)
}

func (t faultyTx) DeleteReplicasMadeBy(ctx context.Context, run int64) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.DeleteReplicasMadeBy(ctx, run)
}

func (t faultyTx) SetRunState(ctx context.Context, id int64, state rollcall.RunState) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.SetRunState(ctx, id, state)
}

func (t faultyTx) MoveReplicas(ctx context.Context, source rollcall.ObjectID, names map[int64]string) (map[int64]string, error) {
	if err := t.hit(); err != nil {
		return nil, err
	}
	return t.Tx.MoveReplicas(ctx, source, names)
}

func (t faultyTx) SetLastSeen(ctx context.Context, source rollcall.ObjectID, ids []int64, at time.Time) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.SetLastSeen(ctx, source, ids, at)
}

func (t faultyTx) InsertReplicaHistory(ctx context.Context, before []rollcall.ReplicaHistory) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.InsertReplicaHistory(ctx, before)
}

func (t faultyTx) ReplicaHistory(ctx context.Context, run int64, yield func(*rollcall.ReplicaHistory) error) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.ReplicaHistory(ctx, run, yield)
}

func (t faultyTx) RestoreReplica(ctx context.Context, src *rollcall.Source, replica rollcall.Replica) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.RestoreReplica(ctx, src, replica)
}

func (t faultyTx) SaveStanding(ctx context.Context, source rollcall.ObjectID, standing rollcall.Standing) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.SaveStanding(ctx, source, standing)
}

func (t faultyTx) FinishRun(ctx context.Context, run *rollcall.Run, problems []rollcall.Problem) error {
	if err := t.hit(); err != nil {
		return err
	}
	return t.Tx.FinishRun(ctx, run, problems)
}
