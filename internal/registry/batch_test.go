package registry_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// counting counts the calls that reach the store, and fails the one numbered
// failAt (0: none).
type counting struct {
	registry.Storage
	calls, failAt int
	total         bool // calls are counted over all steps
}

var errDisk = errors.New("disk full")

func (c *counting) call() error {
	c.calls++
	if c.calls == c.failAt {
		return errDisk
	}
	return nil
}

func (c *counting) Objects(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) ([]rollcall.Object, error) {
	if err := c.call(); err != nil {
		return nil, err
	}
	return c.Storage.Objects(ctx, class, ids)
}

func (c *counting) Find(ctx context.Context, class *rollcall.Class, attrs []string, keys [][]string) ([][]rollcall.ObjectID, error) {
	if err := c.call(); err != nil {
		return nil, err
	}
	return c.Storage.Find(ctx, class, attrs, keys)
}

func (c *counting) Links(ctx context.Context, attr *rollcall.Attribute, hosts []rollcall.ObjectID) ([][]rollcall.Link, error) {
	if err := c.call(); err != nil {
		return nil, err
	}
	return c.Storage.Links(ctx, attr, hosts)
}

func (c *counting) Referrers(ctx context.Context, key *rollcall.Attribute, holder *rollcall.Class, targets []rollcall.ObjectID) ([]rollcall.Referrer, error) {
	if err := c.call(); err != nil {
		return nil, err
	}
	return c.Storage.Referrers(ctx, key, holder, targets)
}

func (c *counting) Names(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) (map[rollcall.ObjectID]string, error) {
	if err := c.call(); err != nil {
		return nil, err
	}
	return c.Storage.Names(ctx, class, ids)
}

func (c *counting) ReplicasByDest(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) ([]rollcall.Replica, error) {
	if err := c.call(); err != nil {
		return nil, err
	}
	return c.Storage.ReplicasByDest(ctx, class, ids)
}

func (c *counting) Reserve(ctx context.Context, class *rollcall.Class, n int) (rollcall.ObjectID, error) {
	if err := c.call(); err != nil {
		return 0, err
	}
	return c.Storage.Reserve(ctx, class, n)
}

func (c *counting) InsertObjects(ctx context.Context, class *rollcall.Class, objects []rollcall.Object) error {
	if err := c.call(); err != nil {
		return err
	}
	return c.Storage.InsertObjects(ctx, class, objects)
}

func (c *counting) UpdateObjects(ctx context.Context, class *rollcall.Class, attrs []*rollcall.Attribute, ids []rollcall.ObjectID, values [][]string) error {
	if err := c.call(); err != nil {
		return err
	}
	return c.Storage.UpdateObjects(ctx, class, attrs, ids, values)
}

func (c *counting) DeleteObjects(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) error {
	if err := c.call(); err != nil {
		return err
	}
	return c.Storage.DeleteObjects(ctx, class, ids)
}

func (c *counting) DeleteReplicasOf(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) error {
	if err := c.call(); err != nil {
		return err
	}
	return c.Storage.DeleteReplicasOf(ctx, class, ids)
}

func (c *counting) InsertHistory(ctx context.Context, steps []rollcall.History) error {
	if err := c.call(); err != nil {
		return err
	}
	return c.Storage.InsertHistory(ctx, steps)
}

// script creates, changes and deletes n persons with accounts and a team.
func script(w *world, c *counting, n int) (calls []int, err error) {
	e := w.reg.On(c, rollcall.Origin{Kind: rollcall.OriginInteractive, Run: 5, At: now})
	step := func(errs []error, err error) error {
		calls = append(calls, c.calls)
		if !c.total {
			c.calls = 0
		}
		return errors.Join(append(errs, err)...)
	}
	persons, users := make([]registry.Draft, n), make([]registry.Draft, n)
	for i := range persons {
		persons[i] = w.draft("Person", "name", fmt.Sprint("N", i), "first_name", "F", "org_id", id(w.org), "employee_number", fmt.Sprint(i))
	}
	if err := step(e.Create(w.ctx, persons)); err != nil {
		return calls, err
	}
	ids := make([]rollcall.ObjectID, n)
	for i := range users {
		ids[i] = persons[i].Object.ID
		users[i] = w.userDraft(fmt.Sprint("u", i), []rollcall.ObjectID{2, 3}, "contactid", id(ids[i]))
	}
	if err := step(e.Create(w.ctx, users)); err != nil {
		return calls, err
	}
	edits := make([]registry.Edit, n)
	for i := range edits {
		edits[i] = registry.Edit{Object: persons[i].Object, Sets: []rollcall.Assignment{{Attribute: "phone", Value: "1"}, {Attribute: "manager_id", Value: id(ids[0])}}}
	}
	outcomes, err := e.Update(w.ctx, edits)
	if err := step(nil, err); err != nil {
		return calls, err
	}
	for i := range edits {
		must(w, outcomes[i].Err)
		edits[i] = registry.Edit{Object: users[i].Object, Links: map[string][]rollcall.Link{"profile_list": {{Target: 3, Values: map[string]string{"reason": "r"}}, {Target: 5}}}}
	}
	if _, err = e.Update(w.ctx, edits); step(nil, err) != nil {
		return calls, err
	}
	return calls, step(e.Delete(w.ctx, w.model.Class("Person"), ids, nil))
}

func TestAThousandObjectsCostAHandfulOfCalls(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	calls, err := script(w, &counting{Storage: w.tx}, 1000)
	must(t, err)
	most := []int{6, 9, 3, 11, 19} // persons, accounts with profiles, keys, profiles, deletions with accounts and replicas
	for i := range most {
		if calls[i] > most[i] {
			t.Errorf("step %d cost %d calls, want at most %d", i, calls[i], most[i])
		}
	}
	t.Logf("calls: %v", calls)
}

func TestAFailureOfTheStoreIsHandedOn(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	for failAt := 1; ; failAt++ {
		w.begin()
		c := &counting{Storage: w.tx, failAt: failAt, total: true}
		calls, err := script(w, c, 2)
		if failAt > c.calls {
			if err != nil || len(calls) != 5 {
				t.Errorf("nothing failed: got %v after %d steps", err, len(calls))
			}
			return
		}
		if !errors.Is(err, errDisk) {
			t.Fatalf("call %d failed: got %v", failAt, err)
		}
	}
}
