package storetest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

func (s *suite) objectTests() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"ObjectsKeepEveryTypeOfValue":           s.objectsKeepValues,
		"ObjectsComeInTheOrderAsked":            s.objectsInOrder,
		"ObjectsOfAnAncestorHaveTheirOwnClass":  s.objectsOfAncestor,
		"UpdateObjectsChangesOnlyWhatIsNamed":   s.updateObjects,
		"UpdateOfAVanishedObjectIsAConflict":    s.updateVanished,
		"DeleteObjectsLeavesTheOthers":          s.deleteObjects,
		"DoubleIDIsAConflict":                   s.doubleID,
		"ValueThatIsNoNumberIsInvalid":          s.notANumber,
		"ScanYieldsAllByIDAndMayWrite":          s.scan,
		"ReserveNeverGivesAnIDTwice":            s.reserve,
		"ALargeLoadLeavesNoGapInTheIDs":         s.reserveMany,
		"RollbackUndoesEverything":              s.rollback,
		"ReadersSeeWhatIsCommitted":             s.readersSeeCommitted,
		"LinksListTheOtherSideWithItsValues":    s.links,
		"LinksOfChildrenListTheChildren":        s.children,
		"ReferrersFindWhoPointsAtAnObject":      s.referrers,
		"NamesFollowReferences":                 s.names,
		"MoreObjectsThanOneStatementTakesAreOK": s.manyObjects,
	}
}

func (s *suite) objectsKeepValues(t *testing.T) {
	st := s.open(t)
	m := Model()
	full := object(m, "Person", 7, "name", "O'Brien \"x\" ? ; --", "org_id", "3", "email", "a@b.example", "first_name", "Ænne ✓",
		"manager_id", "9", "picture", "\x89PNG\x00\xff\xfe", "notes", "line 1\nline 2", "badge", "-12", "rate", "1.50", "born", "1970-01-02", "seen", "2026-01-02 03:04:05")
	empty := object(m, "Person", 8, "status", "")
	insert(t, st, full, empty)
	got := value[[]rollcall.Object](t)(st.Objects(t.Context(), full.Class, []rollcall.ObjectID{7, 8}))
	same(t, "objects", values(got), values([]rollcall.Object{full, empty}))
}

// insert writes objects of whatever classes and commits. Their classes are taken
// from the store's own model by name.
func insert(t tester, st *store.Store, objects ...rollcall.Object) {
	t.Helper()
	write(t, st, func(tx *store.Tx) { insertIn(t, tx, objects...) })
}

func insertIn(t tester, tx *store.Tx, objects ...rollcall.Object) {
	t.Helper()
	for _, o := range objects {
		must(t, tx.InsertObjects(t.Context(), o.Class, []rollcall.Object{o}))
	}
}

// values reduces objects to what can be compared across two models.
func values(objects []rollcall.Object) []string {
	var list []string
	for _, o := range objects {
		list = append(list, fmt.Sprintf("%s %d %q", o.Class.Name, o.ID, o.Values))
	}
	return list
}

func ids(objects []rollcall.Object) []rollcall.ObjectID {
	var list []rollcall.ObjectID
	for _, o := range objects {
		list = append(list, o.ID)
	}
	return list
}

func (s *suite) objectsInOrder(t *testing.T) {
	st := s.open(t)
	m := Model()
	insert(t, st, object(m, "Organization", 1), object(m, "Organization", 2), object(m, "Organization", 3))
	got := value[[]rollcall.Object](t)(st.Objects(t.Context(), m.Class("Organization"), []rollcall.ObjectID{3, 99, 1}))
	same(t, "IDs", ids(got), []rollcall.ObjectID{3, 1})
	none := value[[]rollcall.Object](t)(st.Objects(t.Context(), m.Class("Organization"), nil))
	if len(none) != 0 {
		t.Errorf("got %d objects for no IDs, want none", len(none))
	}
}

func (s *suite) objectsOfAncestor(t *testing.T) {
	st := s.open(t)
	m := Model()
	insert(t, st, object(m, "Person", 1, "name", "p", "badge", "5"), object(m, "Team", 2, "name", "t", "badge", "6"))
	got := value[[]rollcall.Object](t)(st.Objects(t.Context(), m.Class("Contact"), []rollcall.ObjectID{1, 2}))
	same(t, "objects", values(got), values([]rollcall.Object{object(m, "Person", 1, "name", "p", "badge", "5"), object(m, "Team", 2, "name", "t", "badge", "6")}))
	persons := value[[]rollcall.Object](t)(st.Objects(t.Context(), m.Class("Person"), []rollcall.ObjectID{1, 2}))
	same(t, "persons", ids(persons), []rollcall.ObjectID{1})
	for class, want := range map[string]int{"Contact": 2, "Person": 1, "Team": 1, "Organization": 0} {
		if n := value[int](t)(st.Count(t.Context(), m.Class(class))); n != want {
			t.Errorf("count of %s: got %d, want %d", class, n, want)
		}
	}
}

func (s *suite) updateObjects(t *testing.T) {
	st := s.open(t)
	m := Model()
	person := m.Class("Person")
	insert(t, st, object(m, "Person", 1, "name", "a", "badge", "1", "born", "2000-01-01"), object(m, "Person", 2, "name", "b", "email", "b@x.example"), object(m, "Person", 3, "name", "c"))
	attrs := []*rollcall.Attribute{person.Attribute("name"), person.Attribute("badge"), person.Attribute("picture"), person.Attribute("born")}
	write(t, st, func(tx *store.Tx) {
		must(t, tx.UpdateObjects(t.Context(), person, attrs, []rollcall.ObjectID{1, 2}, [][]string{{"A", "", "\x00\xff", ""}, {"B", "7", "", "1999-12-31"}}))
		must(t, tx.UpdateObjects(t.Context(), person, attrs, nil, nil))
	})
	got := value[[]rollcall.Object](t)(st.Objects(t.Context(), person, []rollcall.ObjectID{1, 2, 3}))
	same(t, "objects", values(got), values([]rollcall.Object{
		object(m, "Person", 1, "name", "A", "picture", "\x00\xff"),
		object(m, "Person", 2, "name", "B", "email", "b@x.example", "badge", "7", "born", "1999-12-31"),
		object(m, "Person", 3, "name", "c"),
	}))
}

func (s *suite) updateVanished(t *testing.T) {
	st := s.open(t)
	m := Model()
	insert(t, st, object(m, "Team", 1))
	tx := begin(t, st)
	err := tx.UpdateObjects(t.Context(), m.Class("Team"), []*rollcall.Attribute{m.Class("Team").Attribute("name")}, []rollcall.ObjectID{1, 2}, [][]string{{"x"}, {"y"}})
	wantKind(t, err, rollcall.Conflict)
}

func (s *suite) deleteObjects(t *testing.T) {
	st := s.open(t)
	m := Model()
	insert(t, st, object(m, "Person", 1), object(m, "Team", 2), object(m, "Person", 3))
	write(t, st, func(tx *store.Tx) {
		// 2 is no person, 9 does not exist.
		must(t, tx.DeleteObjects(t.Context(), m.Class("Person"), []rollcall.ObjectID{1, 2, 9}))
	})
	got := value[[]rollcall.Object](t)(st.Objects(t.Context(), m.Class("Contact"), []rollcall.ObjectID{1, 2, 3}))
	same(t, "IDs", ids(got), []rollcall.ObjectID{2, 3})
}

func (s *suite) doubleID(t *testing.T) {
	st := s.open(t)
	m := Model()
	insert(t, st, object(m, "Person", 1))
	tx := begin(t, st)
	wantKind(t, tx.InsertObjects(t.Context(), m.Class("Team"), []rollcall.Object{object(m, "Team", 1)}), rollcall.Conflict)
}

func (s *suite) notANumber(t *testing.T) {
	st := s.open(t)
	m := Model()
	tx := begin(t, st)
	err := tx.InsertObjects(t.Context(), m.Class("Person"), []rollcall.Object{object(m, "Person", 1, "badge", "seven")})
	wantKind(t, err, rollcall.Invalid)
	if err != nil && !strings.Contains(err.Error(), "badge") {
		t.Errorf("got %q, want the attribute named", err)
	}
}

func (s *suite) scan(t *testing.T) {
	st := s.open(t)
	m := Model()
	var want []rollcall.ObjectID
	var persons []rollcall.Object
	for id := rollcall.ObjectID(1); id <= 2500; id++ {
		persons = append(persons, object(m, "Person", id, "name", fmt.Sprint(id)))
		if id >= 3 {
			want = append(want, id)
		}
	}
	tx := begin(t, st)
	must(t, tx.InsertObjects(t.Context(), m.Class("Person"), persons))
	insertIn(t, tx, object(m, "Team", 3000))
	var got []rollcall.ObjectID
	must(t, tx.Scan(t.Context(), m.Class("Person"), 3, func(o *rollcall.Object) error {
		got = append(got, o.ID)
		if o.ID%1000 == 0 {
			return tx.UpdateObjects(t.Context(), o.Class, []*rollcall.Attribute{o.Class.Attribute("email")}, []rollcall.ObjectID{o.ID}, [][]string{{"x"}})
		}
		return nil
	}))
	same(t, "IDs", got, want)
	stop := fmt.Errorf("enough")
	if err := tx.Scan(t.Context(), m.Class("Person"), 0, func(*rollcall.Object) error { return stop }); err != stop { //nolint:errorlint // the very error must come back
		t.Errorf("got %v, want the error of yield", err)
	}
}

func (s *suite) reserve(t *testing.T) {
	st := s.open(t)
	m := Model()
	take := func(tx *store.Tx, class string, n int, want rollcall.ObjectID) {
		t.Helper()
		if got := value[rollcall.ObjectID](t)(tx.Reserve(t.Context(), m.Class(class), n)); got != want {
			t.Errorf("reserve %d of %s: got %d, want %d", n, class, got, want)
		}
	}
	write(t, st, func(tx *store.Tx) {
		take(tx, "Person", 3, 1)
		take(tx, "Team", 1, 4) // one sequence for the whole hierarchy
		take(tx, "Organization", 1, 1)
		insertIn(t, tx, object(m, "Team", 4))
	})
	write(t, st, func(tx *store.Tx) {
		must(t, tx.DeleteObjects(t.Context(), m.Class("Team"), []rollcall.ObjectID{4}))
		take(tx, "Person", 1, 5)
		insertIn(t, tx, object(m, "Person", 1024)) // predefined
		take(tx, "Person", 1, 1025)
	})
}

// reserveMany: a large load takes IDs in blocks, and nobody can tell afterwards.
func (s *suite) reserveMany(t *testing.T) {
	st := s.open(t)
	m := Model()
	class := m.Class("Person")
	const batch = 1000
	load := func(tx *store.Tx, batches int) (last rollcall.ObjectID) {
		for range batches {
			first := value[rollcall.ObjectID](t)(tx.Reserve(t.Context(), class, batch))
			objects := make([]rollcall.Object, batch)
			for i := range objects {
				objects[i] = object(m, "Person", first+rollcall.ObjectID(i))
			}
			must(t, tx.InsertObjects(t.Context(), class, objects))
			last = first + batch - 1
		}
		return last
	}
	write(t, st, func(tx *store.Tx) {
		if last := load(tx, 5); last != 5*batch {
			t.Errorf("the last ID of 5,000 is %d", last)
		}
		insertIn(t, tx, object(m, "Person", 7000)) // with an ID of its own, among those to come
		if last := load(tx, 1); last != 8000 {
			t.Errorf("the last of 1,000 after ID 7000 is %d", last)
		}
		if n := value[int](t)(tx.Count(t.Context(), class)); n != 6001 {
			t.Errorf("the transaction sees %d of its 6,001 persons", n)
		}
	})
	write(t, st, func(tx *store.Tx) {
		if first := value[rollcall.ObjectID](t)(tx.Reserve(t.Context(), class, 1)); first != 8001 {
			t.Errorf("the next ID is %d, want 8001: what was not used is given back", first)
		}
	})
}

func (s *suite) rollback(t *testing.T) {
	st := s.open(t)
	m := Model()
	tx := begin(t, st)
	first := value[rollcall.ObjectID](t)(tx.Reserve(t.Context(), m.Class("Person"), 1))
	insertIn(t, tx, object(m, "Person", first))
	if n := value[int](t)(tx.Count(t.Context(), m.Class("Person"))); n != 1 {
		t.Errorf("got %d persons within the transaction, want 1", n)
	}
	must(t, tx.Rollback())
	must(t, tx.Rollback()) // again: nothing
	if n := value[int](t)(st.Count(t.Context(), m.Class("Person"))); n != 0 {
		t.Errorf("got %d persons after the rollback, want 0", n)
	}
	tx = begin(t, st)
	if again := value[rollcall.ObjectID](t)(tx.Reserve(t.Context(), m.Class("Person"), 1)); again != first {
		t.Errorf("got ID %d after the rollback, want %d: a plan and its run give the same", again, first)
	}
	must(t, tx.Commit())
	must(t, tx.Rollback()) // after Commit: nothing
	if err := tx.Commit(); err == nil {
		t.Error("got no error from a second commit")
	}
}

func (s *suite) readersSeeCommitted(t *testing.T) {
	st := s.open(t)
	m := Model()
	tx := begin(t, st)
	insertIn(t, tx, object(m, "Person", 1))
	if n := value[int](t)(st.Count(t.Context(), m.Class("Person"))); n != 0 {
		t.Errorf("got %d persons outside the open transaction, want 0", n)
	}
	must(t, tx.Commit())
	if n := value[int](t)(st.Count(t.Context(), m.Class("Person"))); n != 1 {
		t.Errorf("got %d persons after the commit, want 1", n)
	}
}

// crew writes two teams, three persons and their links.
func crew(t *testing.T, st *store.Store) *rollcall.Model {
	m := Model()
	insert(t, st,
		object(m, "Organization", 1, "name", "Demo"),
		object(m, "Person", 11, "name", "Boss", "first_name", "Ann", "org_id", "1"),
		object(m, "Person", 12, "name", "One", "first_name", "Bob", "manager_id", "11", "org_id", "1"),
		object(m, "Person", 13, "name", "Two", "first_name", "Cyd", "manager_id", "11"),
		object(m, "Team", 21, "name", "Red", "org_id", "1"), object(m, "Team", 22, "name", "Blue"),
		object(m, "lnkPersonToTeam", 31, "person_id", "12", "team_id", "22", "role", "lead"),
		object(m, "lnkPersonToTeam", 32, "person_id", "12", "team_id", "21"),
		object(m, "lnkPersonToTeam", 33, "person_id", "13", "team_id", "21"),
	)
	return m
}

func (s *suite) links(t *testing.T) {
	st := s.open(t)
	m := crew(t, st)
	got := value[[][]rollcall.Link](t)(st.Links(t.Context(), m.Class("Person").Attribute("team_list"), []rollcall.ObjectID{13, 11, 12}))
	same(t, "teams", got, [][]rollcall.Link{
		{{ID: 33, Target: 21}},
		{},
		{{ID: 32, Target: 21}, {ID: 31, Target: 22, Values: map[string]string{"role": "lead"}}},
	}, cmpopts.EquateEmpty())
	got = value[[][]rollcall.Link](t)(st.Links(t.Context(), m.Class("Team").Attribute("persons_list"), []rollcall.ObjectID{21}))
	same(t, "persons", got, [][]rollcall.Link{{{ID: 32, Target: 12}, {ID: 33, Target: 13}}})
}

func (s *suite) children(t *testing.T) {
	st := s.open(t)
	m := crew(t, st)
	got := value[[][]rollcall.Link](t)(st.Links(t.Context(), m.Class("Person").Attribute("report_list"), []rollcall.ObjectID{11, 12}))
	same(t, "reports", got, [][]rollcall.Link{{{ID: 12, Target: 12}, {ID: 13, Target: 13}}, {}}, cmpopts.EquateEmpty())
}

func (s *suite) referrers(t *testing.T) {
	st := s.open(t)
	m := crew(t, st)
	got := value[[]rollcall.Referrer](t)(st.Referrers(t.Context(), m.Class("Contact").Attribute("org_id"), m.Class("Contact"), []rollcall.ObjectID{1, 2}))
	same(t, "contacts", got, []rollcall.Referrer{
		{Object: rollcall.Ref{Class: "Person", ID: 11}, Target: 1}, {Object: rollcall.Ref{Class: "Person", ID: 12}, Target: 1}, {Object: rollcall.Ref{Class: "Team", ID: 21}, Target: 1},
	})
	got = value[[]rollcall.Referrer](t)(st.Referrers(t.Context(), m.Class("Contact").Attribute("org_id"), m.Class("Team"), []rollcall.ObjectID{1}))
	same(t, "teams", got, []rollcall.Referrer{{Object: rollcall.Ref{Class: "Team", ID: 21}, Target: 1}})
}

func (s *suite) names(t *testing.T) {
	st := s.open(t)
	m := crew(t, st)
	got := value[map[rollcall.ObjectID]string](t)(st.Names(t.Context(), m.Class("Contact"), []rollcall.ObjectID{12, 21, 99}))
	same(t, "contacts", got, map[rollcall.ObjectID]string{12: "Bob One", 21: "Red"})
	got = value[map[rollcall.ObjectID]string](t)(st.Names(t.Context(), m.Class("lnkPersonToTeam"), []rollcall.ObjectID{31, 33}))
	same(t, "links", got, map[rollcall.ObjectID]string{31: "Bob One / Blue", 33: "Cyd Two / Red"})
}

func (s *suite) manyObjects(t *testing.T) {
	st := s.open(t)
	m := Model()
	person := m.Class("Person")
	const n = 3217
	objects := make([]rollcall.Object, n)
	list := make([]rollcall.ObjectID, n)
	renamed := make([][]string, n)
	for i := range objects {
		list[i] = rollcall.ObjectID(i + 1)
		objects[i] = object(m, "Person", list[i], "name", fmt.Sprint("n", i))
		renamed[i] = []string{fmt.Sprint("r", i)}
	}
	write(t, st, func(tx *store.Tx) {
		must(t, tx.InsertObjects(t.Context(), person, objects))
		must(t, tx.UpdateObjects(t.Context(), person, []*rollcall.Attribute{person.Attribute("name")}, list, renamed))
	})
	got := value[[]rollcall.Object](t)(st.Objects(t.Context(), person, list))
	if len(got) != n {
		t.Fatalf("got %d objects, want %d", len(got), n)
	}
	for i := range got {
		if name := got[i].Get("name"); name != renamed[i][0] {
			t.Fatalf("object %d: got name %q, want %q", got[i].ID, name, renamed[i][0])
		}
	}
	write(t, st, func(tx *store.Tx) { must(t, tx.DeleteObjects(t.Context(), person, list[1:])) })
	if left := value[int](t)(st.Count(t.Context(), person)); left != 1 {
		t.Errorf("got %d objects left, want 1", left)
	}
}
