package storetest

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	_ "modernc.org/sqlite"             // registers the driver "sqlite"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

func (s *suite) driftTests() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"ObjectsWrittenPastTheRegistryAreNoticed": s.drifted,
		"ObjectsWrittenByUsAreNoDrift":            s.notDrifted,
	}
}

// drifting writes three persons with a replica each.
func drifting(t *testing.T, st *store.Store) (*rollcall.Source, []rollcall.Replica) {
	t.Helper()
	m := Model()
	src := sourceOf(t, st, m, 5)
	var list []rollcall.Replica
	for id := rollcall.ObjectID(1); id <= 3; id++ {
		insert(t, st, object(m, "Person", id, "name", "x"))
		r := replica(src, string(rune('a'+id)))
		r.Dest = rollcall.Ref{Class: "Person", ID: id}
		list = append(list, r)
	}
	return src, insertReplicas(t, st, src, list...)
}

// behind changes a database behind the store's back.
func behind(t *testing.T, dsn string, statements ...string) {
	t.Helper()
	driver := "sqlite"
	if strings.HasPrefix(dsn, "postgres") {
		driver = "pgx"
	}
	db := value[*sql.DB](t)(sql.Open(driver, dsn))
	defer func() { must(t, db.Close()) }()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *suite) drifted(t *testing.T) {
	dsn := s.fresh(t)
	st := openAt(t, dsn, Model())
	src, list := drifting(t, st)
	behind(t, dsn, `UPDATE obj_contact SET name = 'y' WHERE id = 1`, `DELETE FROM obj_contact WHERE id = 3`)
	got, newest, err := st.Drifted(t.Context(), src, 0)
	must(t, err)
	same(t, "drifted", slices.Sorted(slices.Values(got)), []int64{list[0].ID, list[2].ID})
	again, still, err := st.Drifted(t.Context(), src, newest)
	if must(t, err); len(again) != 0 || still != newest {
		t.Errorf("got %v up to %d, want nothing new since %d", again, still, newest)
	}
}

func (s *suite) notDrifted(t *testing.T) {
	st := s.open(t)
	src, _ := drifting(t, st)
	person := Model().Class("Person")
	must(t, st.EnsureLookup(t.Context(), person, []string{"name"}))
	write(t, st, func(tx *store.Tx) {
		must(t, tx.UpdateObjects(t.Context(), person, []*rollcall.Attribute{person.Attribute("name")}, []rollcall.ObjectID{1, 2}, [][]string{{"y"}, {"z"}}))
		must(t, tx.DeleteObjects(t.Context(), person, []rollcall.ObjectID{3}))
	})
	got, _, err := st.Drifted(t.Context(), src, 0)
	if must(t, err); len(got) != 0 {
		t.Errorf("got drift of %v, want none", got)
	}
}
