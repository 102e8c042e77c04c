package storetest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

func (s *suite) findTests() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"FindAnswersTheSameWithAndWithoutALookup": s.findTable,
		"FindAgreesWithAMap":                      s.findProperty,
		"LookupServesTwoStoresOnOneDatabase":      s.lookupOfAnotherStore,
		"LookupIsCheapWhenItIsThere":              s.lookupTwice,
		"FindTakesMoreKeysThanOneStatement":       s.findMany,
		"TakenSeesBehindAnEqualHash":              s.takenBehind,
	}
}

// findCase is a search of the crew.
type findCase struct {
	class string
	attrs []string
	keys  [][]string
	want  [][]rollcall.ObjectID
}

var findCases = []findCase{
	{"Person", []string{"name"}, [][]string{{"ONE"}, {"nobody"}, {"one  "}}, [][]rollcall.ObjectID{{12}, nil, {12}}},
	{"Contact", []string{"name"}, [][]string{{"red"}, {"Boss"}}, [][]rollcall.ObjectID{{21}, {11}}},
	{"Person", []string{"name"}, [][]string{{"Red"}}, [][]rollcall.ObjectID{nil}}, // a team's
	{"Person", []string{"first_name", "name"}, [][]string{{"ann", "boss"}, {"annboss", ""}, {"bob", "boss"}}, [][]rollcall.ObjectID{{11}, nil, nil}},
	{"Contact", []string{"status"}, [][]string{{"Active"}}, [][]rollcall.ObjectID{{11, 12, 13, 21, 22}}},
	{"Person", []string{"email"}, [][]string{{""}}, [][]rollcall.ObjectID{{11, 12, 13}}},
	{"Person", []string{"friendlyname"}, [][]string{{"bob one"}}, [][]rollcall.ObjectID{{12}}},
	{"Contact", []string{"friendlyname"}, [][]string{{"bob one"}, {"blue"}}, [][]rollcall.ObjectID{{12}, {22}}},
	{"lnkPersonToTeam", []string{"friendlyname"}, [][]string{{"Bob One / Red"}}, [][]rollcall.ObjectID{{32}}},
	{"Person", []string{"id"}, [][]string{{"12"}, {"21"}, {"x"}, {""}, {"012"}}, [][]rollcall.ObjectID{{12}, nil, nil, nil, nil}},
	{"Person", []string{"id", "name"}, [][]string{{"12", "One"}, {"12", "Two"}}, [][]rollcall.ObjectID{{12}, nil}},
	{"Person", []string{"manager_id"}, [][]string{{"11"}, {"12"}}, [][]rollcall.ObjectID{{12, 13}, nil}},
	{"Person", []string{"manager_id"}, [][]string{{""}}, [][]rollcall.ObjectID{{11}}},
	{"Contact", []string{"org_name"}, [][]string{{"DEMO"}}, [][]rollcall.ObjectID{{11, 12, 21}}},
	{"Contact", []string{"org_name"}, [][]string{{""}}, [][]rollcall.ObjectID{{13, 22}}},
	{"Person", []string{"name", "org_name"}, [][]string{{"boss", "demo"}, {"two", "demo"}, {"two", ""}}, [][]rollcall.ObjectID{{11}, nil, {13}}},
	{"lnkPersonToTeam", []string{"person_id", "team_id"}, [][]string{{"12", "21"}, {"13", "22"}}, [][]rollcall.ObjectID{{32}, nil}},
	{"lnkPersonToTeam", []string{"team_name", "person_name"}, [][]string{{"red", "two"}}, [][]rollcall.ObjectID{{33}}},
}

func (s *suite) findTable(t *testing.T) {
	st := s.open(t)
	m := crew(t, st)
	for _, looked := range []bool{false, true} {
		for _, c := range findCases {
			if looked {
				must(t, st.EnsureLookup(t.Context(), m.Class(c.class), c.attrs))
			}
			got := value[[][]rollcall.ObjectID](t)(st.Find(t.Context(), m.Class(c.class), c.attrs, c.keys))
			same(t, fmt.Sprintf("%s by %v %q, look-up %v", c.class, c.attrs, c.keys, looked), got, c.want, cmpopts.EquateEmpty())
			taken := value[[]bool](t)(st.Taken(t.Context(), m.Class(c.class), c.attrs, c.keys))
			same(t, fmt.Sprintf("%s by %v %q taken, look-up %v", c.class, c.attrs, c.keys, looked), taken, isTaken(c.want))
		}
	}
	// The look-ups must follow what changes now.
	person := m.Class("Person")
	write(t, st, func(tx *store.Tx) {
		insertIn(t, tx, object(m, "Person", 14, "name", "New", "first_name", "Dee"))
		must(t, tx.UpdateObjects(t.Context(), person, []*rollcall.Attribute{person.Attribute("first_name")}, []rollcall.ObjectID{12}, [][]string{{"Robert"}}))
	})
	for key, want := range map[string][]rollcall.ObjectID{"dee new": {14}, "robert one": {12}, "bob one": nil} {
		got := value[[][]rollcall.ObjectID](t)(st.Find(t.Context(), person, []string{"friendlyname"}, [][]string{{key}}))
		same(t, key, got, [][]rollcall.ObjectID{want}, cmpopts.EquateEmpty())
	}
}

// isTaken is what Taken says where Find finds this.
func isTaken(found [][]rollcall.ObjectID) []bool {
	taken := make([]bool, len(found))
	for i := range found {
		taken[i] = len(found[i]) > 0
	}
	return taken
}

// findProperty does random inserts, updates, deletions and new look-ups, and
// compares what Find says with a plain map.
func (s *suite) findProperty(t *testing.T) {
	m := Model()
	person := m.Class("Person")
	texts := rapid.SampledFrom([]string{"", "a", "A", "a ", "ä", "Ä", "ß", "ẞ", "b", "a,b", "\u212a", "k", "\u00ff"})
	combos := rapid.SampledFrom([][]string{{"name"}, {"first_name", "name"}, {"name", "first_name", "email"}, {"friendlyname"}, {"name", "badge"}, {"name", "manager_id"}})
	var st *store.Store
	checks := 0
	rapid.Check(t, func(rt *rapid.T) {
		if checks%10 == 0 { // making a database takes longer than a check
			st = openAt(t, s.fresh(t), m)
		}
		checks++
		empty(rt, st, person)
		model := map[rollcall.ObjectID]rollcall.Object{}
		next := rollcall.ObjectID(1)
		draw := func(o *rollcall.Object) {
			for _, code := range []string{"name", "first_name", "email"} {
				o.Set(code, texts.Draw(rt, code))
			}
			o.Set("badge", rapid.SampledFrom([]string{"", "1", "-1"}).Draw(rt, "badge"))
			o.Set("manager_id", rapid.SampledFrom([]string{"", "1", "2"}).Draw(rt, "manager"))
		}
		rt.Repeat(map[string]func(*rapid.T){
			"insert": func(rt *rapid.T) {
				o := object(m, "Person", next)
				draw(&o)
				next++
				insert(rt, st, o)
				model[o.ID] = o
			},
			"update": func(rt *rapid.T) {
				if len(model) == 0 {
					rt.Skip()
				}
				id := rapid.SampledFrom(sortedIDs(model)).Draw(rt, "id")
				o := rollcall.Object{Class: person, ID: id, Values: slices.Clone(model[id].Values)}
				draw(&o)
				write(rt, st, func(tx *store.Tx) {
					must(rt, tx.UpdateObjects(rt.Context(), person, person.Stored, []rollcall.ObjectID{id}, [][]string{o.Values}))
				})
				model[id] = o
			},
			"delete": func(rt *rapid.T) {
				if len(model) == 0 {
					rt.Skip()
				}
				id := rapid.SampledFrom(sortedIDs(model)).Draw(rt, "id")
				write(rt, st, func(tx *store.Tx) { must(rt, tx.DeleteObjects(rt.Context(), person, []rollcall.ObjectID{id})) })
				delete(model, id)
			},
			"look-up": func(rt *rapid.T) { must(rt, st.EnsureLookup(rt.Context(), person, combos.Draw(rt, "attrs"))) },
			"": func(rt *rapid.T) {
				attrs := combos.Draw(rt, "attrs")
				key := make([]string, len(attrs))
				for i := range key {
					key[i] = texts.Draw(rt, "key")
				}
				got := value[[][]rollcall.ObjectID](rt)(st.Find(rt.Context(), person, attrs, [][]string{key}))
				want := [][]rollcall.ObjectID{expected(model, attrs, key)}
				same(rt, fmt.Sprintf("%v = %q", attrs, key), got, want, cmpopts.EquateEmpty())
				taken := value[[]bool](rt)(st.Taken(rt.Context(), person, attrs, [][]string{key}))
				same(rt, fmt.Sprintf("%v = %q taken", attrs, key), taken, isTaken(want))
			},
		})
	})
}

// empty deletes all objects of a class.
func empty(t tester, st *store.Store, class *rollcall.Class) {
	t.Helper()
	var all []rollcall.ObjectID
	must(t, st.Scan(t.Context(), class, 0, func(o *rollcall.Object) error { all = append(all, o.ID); return nil }))
	write(t, st, func(tx *store.Tx) { must(t, tx.DeleteObjects(t.Context(), class, all)) })
}

func sortedIDs(model map[rollcall.ObjectID]rollcall.Object) []rollcall.ObjectID {
	var list []rollcall.ObjectID
	for id := range model {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

// expected is Find in its plainest form.
func expected(model map[rollcall.ObjectID]rollcall.Object, attrs, key []string) []rollcall.ObjectID {
	var found []rollcall.ObjectID
	for _, id := range sortedIDs(model) {
		o := model[id]
		equal := true
		for i, code := range attrs {
			switch code {
			case "friendlyname":
				equal = equal && rollcall.Fold(o.Name()) == rollcall.Fold(key[i])
			case "badge", "manager_id":
				equal = equal && o.Get(code) == key[i]
			default:
				equal = equal && rollcall.Fold(o.Get(code)) == rollcall.Fold(key[i])
			}
		}
		if equal {
			found = append(found, id)
		}
	}
	return found
}

// lookupOfAnotherStore: a program that runs already must fill a look-up that
// another one has just made.
func (s *suite) lookupOfAnotherStore(t *testing.T) {
	dsn := s.fresh(t)
	m := Model()
	first, second := openAt(t, dsn, m), openAt(t, dsn, m)
	must(t, second.EnsureLookup(t.Context(), m.Class("Person"), []string{"name"}))
	insert(t, first, object(m, "Person", 1, "name", "Late"))
	for i, st := range []*store.Store{first, second, openAt(t, dsn, m)} {
		got := value[[][]rollcall.ObjectID](t)(st.Find(t.Context(), m.Class("Person"), []string{"name"}, [][]string{{"late"}}))
		same(t, fmt.Sprintf("store %d", i), got, [][]rollcall.ObjectID{{1}})
	}
}

// lookupTwice: asking again must not wait for the right to write.
func (s *suite) lookupTwice(t *testing.T) {
	st := s.open(t)
	m := Model()
	for _, attrs := range [][]string{{"name", "email"}, {"email", "name"}, {"name", "email", "name"}, {"id", "name", "email"}} {
		must(t, st.EnsureLookup(t.Context(), m.Class("Person"), attrs))
		tx := begin(t, st)
		must(t, st.EnsureLookup(t.Context(), m.Class("Person"), attrs))
		must(t, st.EnsureLookup(t.Context(), m.Class("Person"), []string{"manager_id"}))
		must(t, tx.Rollback())
	}
}

func (s *suite) findMany(t *testing.T) {
	st := s.open(t)
	m := Model()
	person := m.Class("Person")
	must(t, st.EnsureLookup(t.Context(), person, []string{"name"}))
	const n = 1234
	objects := make([]rollcall.Object, n)
	keys := make([][]string, n)
	for i := range objects {
		objects[i] = object(m, "Person", rollcall.ObjectID(i+1), "name", fmt.Sprint("Name ", i))
		keys[n-1-i] = []string{fmt.Sprint("NAME ", i)}
	}
	write(t, st, func(tx *store.Tx) { must(t, tx.InsertObjects(t.Context(), person, objects)) })
	got := value[[][]rollcall.ObjectID](t)(st.Find(t.Context(), person, []string{"name"}, keys))
	for i := range got {
		if want := rollcall.ObjectID(n - i); len(got[i]) != 1 || got[i][0] != want {
			t.Fatalf("key %q: got %v, want %d", keys[i], got[i], want)
		}
	}
}

// takenBehind: of two names with one hash either may come first.
func (s *suite) takenBehind(t *testing.T) {
	dsn := s.fresh(t)
	st := openAt(t, dsn, Model())
	person := Model().Class("Person")
	must(t, st.EnsureLookup(t.Context(), person, []string{"name"}))
	for id, name := range []string{"first", "second", "third"} {
		insert(t, st, object(Model(), "Person", rollcall.ObjectID(id+1), "name", name))
	}
	behind(t, dsn, `UPDATE obj_contact SET look_name = (SELECT o.look_name FROM obj_contact AS o WHERE o.id = 2)`)
	got := value[[]bool](t)(st.Taken(t.Context(), person, []string{"name"}, [][]string{{"second"}, {"nobody"}}))
	same(t, "taken", got, []bool{true, false})
}
