package binding_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"rollcall/internal/binding"
	"rollcall/internal/rollcall"
)

// BenchmarkClosure works out what 100,000 accounts are to have by 2,000 nested
// groups, a tenth of which are bound, and compares it with what they have.
func BenchmarkClosure(b *testing.B) {
	const users, groups, bound = 100_000, 2_000, 200
	random := rand.New(rand.NewPCG(1, 2))
	list := make([]rollcall.Group, groups)
	for i := range list {
		list[i] = rollcall.Group{Key: fmt.Sprint(i), DN: fmt.Sprintf("CN=Group %d,OU=Groups,DC=example,DC=com", i)}
		for range 2 {
			if i > 0 {
				list[i].Parents = append(list[i].Parents, uint32(random.IntN(i)))
			}
		}
	}
	nested := &rollcall.Binding{Name: "b", Nested: true, Type: "member"}
	slots := make([]binding.Slot, bound)
	for i := range slots {
		slots[i] = binding.Slot{Binding: nested, Group: uint32(i * groups / bound), Kind: rollcall.GrantRole, Target: rollcall.ObjectID(i + 1)}
	}
	entries := make([]binding.Entry, users)
	for i := range entries {
		entries[i].Key = fmt.Sprintf("%08d-0000-0000-0000-000000000000", i)
		for range 5 {
			entries[i].Direct = append(entries[i].Direct, uint32(random.IntN(groups)))
		}
	}
	earlier := make([][]rollcall.Grant, users)
	r := binding.NewRights(list, slots)
	for i := range entries {
		earlier[i] = grantsOf(r.Of(nil, entries[i]))
	}
	for b.Loop() {
		r := binding.NewRights(list, slots)
		var rights []binding.Right
		given := 0
		for i := range entries {
			rights = r.Of(rights[:0], entries[i])
			given += len(rights)
			if s := binding.Compare(rights, earlier[i], nil, nil); !isNothing(s) {
				b.Fatal("something changed")
			}
		}
		b.ReportMetric(float64(given)/users, "rights/user")
	}
}
