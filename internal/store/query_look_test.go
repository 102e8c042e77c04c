package store

import (
	"fmt"
	"slices"
	"testing"

	"rollcall/internal/rollcall"
)

// TestAQueryMakesTheLookupItMisses: in the background, for a class of many
// objects, and the next query uses it.
func TestAQueryMakesTheLookupItMisses(t *testing.T) {
	t.Parallel()
	person := &rollcall.Class{Name: "Person", Root: "Person", NamedBy: []string{"name"}, Attributes: []*rollcall.Attribute{
		{Code: "name", Type: rollcall.TypeString}, {Code: "email", Type: rollcall.TypeString},
	}}
	person.Index()
	s, err := Open(t.Context(), Config{DSN: t.TempDir() + "/x.db", Model: rollcall.NewModel([]*rollcall.Class{person})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	add := func(from, count int) {
		t.Helper()
		objects := make([]rollcall.Object, count)
		for i := range objects {
			objects[i] = rollcall.NewObject(person)
			objects[i].ID = rollcall.ObjectID(from + i)
			objects[i].Set("email", fmt.Sprintf("u%d@example.com", from+i))
		}
		err := s.write(t.Context(), func(tx *Tx) error { return tx.InsertObjects(t.Context(), person, objects) })
		if err != nil {
			t.Fatal(err)
		}
	}
	query := rollcall.SelectAll(person).Where("email", "U5@example.com")
	ask := func() (uses bool) {
		t.Helper()
		ids, err := s.SelectIDs(t.Context(), query, rollcall.Window{})
		if err != nil || !slices.Equal(ids, []rollcall.ObjectID{5}) {
			t.Fatalf("got %d, %v", ids, err)
		}
		s.looker.busy.Wait()
		return s.layout().tables["Person"].loose("email") != nil
	}
	add(1, 10)
	if ask() {
		t.Error("few objects got a look-up")
	}
	clear(s.looker.tried)
	add(11, fewObjects)
	if !ask() {
		t.Fatal("many objects got no look-up")
	}
	ask()
	var plan string
	r := s.renderer()
	f, err := r.rows(query, rollcall.Window{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.reader.QueryRowContext(t.Context(), "EXPLAIN QUERY PLAN "+f.sql, f.args...).Scan(new(int), new(int), new(int), &plan); err != nil {
		t.Fatal(err)
	}
	if want := `SEARCH t1 USING INDEX obj_person_look_email~_ix (look_email~=?)`; plan != want {
		t.Errorf("the plan is %q, want %q", plan, want)
	}
}
