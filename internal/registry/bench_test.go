package registry_test

import (
	"context"
	"fmt"
	"testing"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
)

// nothing is a store that knows everybody and keeps nothing: what is measured
// on it is the registry alone.
type nothing struct {
	registry.Storage
	next rollcall.ObjectID
}

func (n *nothing) Names(_ context.Context, _ *rollcall.Class, ids []rollcall.ObjectID) (map[rollcall.ObjectID]string, error) {
	names := make(map[rollcall.ObjectID]string, len(ids))
	for _, id := range ids {
		names[id] = "somebody"
	}
	return names, nil
}

func (n *nothing) Find(_ context.Context, _ *rollcall.Class, _ []string, keys [][]string) ([][]rollcall.ObjectID, error) {
	return make([][]rollcall.ObjectID, len(keys)), nil
}

func (n *nothing) Reserve(_ context.Context, _ *rollcall.Class, count int) (rollcall.ObjectID, error) {
	n.next += rollcall.ObjectID(count)
	return n.next - rollcall.ObjectID(count) + 1, nil
}

func (n *nothing) InsertObjects(context.Context, *rollcall.Class, []rollcall.Object) error {
	return nil
}
func (n *nothing) InsertHistory(context.Context, []rollcall.History) error { return nil }

// BenchmarkFirstLoad creates 100,000 persons, 1,000 a call, each with ten values
// and a manager.
func BenchmarkFirstLoad(b *testing.B) {
	model, err := schema.Load()
	must(b, err)
	reg := registry.New(model)
	class := model.Class("Person")
	b.ReportAllocs()
	for b.Loop() {
		e := reg.On(&nothing{}, rollcall.Origin{Kind: rollcall.OriginSync, Source: 1, Run: 1, At: now})
		for page := range 100 {
			drafts := make([]registry.Draft, 1000)
			for i := range drafts {
				n := page*1000 + i
				o := rollcall.NewObject(class)
				for code, value := range map[string]string{
					"name": fmt.Sprint("Name", n), "first_name": "Anaïs", "org_id": "1", "email": fmt.Sprintf("u%06d@example.com", n),
					"phone": "+33 1 27 08 20 16", "function": "Engineer", "employee_number": fmt.Sprint(n), "manager_id": fmt.Sprint(n/10 + 1), "status": "active",
				} {
					o.Set(code, value)
				}
				drafts[i] = registry.Draft{Object: o, Key: "k"}
			}
			if _, err := e.Create(b.Context(), drafts); err != nil {
				b.Fatal(err)
			}
		}
	}
}
