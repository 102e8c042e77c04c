package storetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

// A transaction that fills a table writes its rows behind, and remembers what
// its look-ups would say. None of that may show.
func (s *suite) largeTests() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"LargeLoadKeepsEveryRow":              s.largeKeeps,
		"LargeLoadReadsItsOwnRows":            s.largeReads,
		"LargeLoadRefersToTheOneBefore":       s.largeRefers,
		"LargeLoadChangesTheClassThatIsMeant": s.largeAlike,
		"LargeLoadTellsOfADoubledRow":         s.largeDoubled,
		"LargeLoadCanBeRolledBack":            s.largeRolledBack,
		"LargeLoadEndsWithItsContext":         s.largeCancelled,
		"FindAgreesWithAMapInOneTransaction":  s.findPropertyWithin,
		"FindAgreesWithAMapBesideManyObjects": s.findBesideMany,
	}
}

// large is more than what a transaction writes at once.
const large = 7000

// staff makes persons whose values differ, of every kind that a column keeps.
func staff(m *rollcall.Model, from, n int) []rollcall.Object {
	list := make([]rollcall.Object, n)
	for i := range list {
		id := from + i
		list[i] = object(m, "Person", rollcall.ObjectID(id), "name", fmt.Sprint("Name ", id%50), "first_name", fmt.Sprint("O'", id), "badge", fmt.Sprint(-id))
		switch id % 3 {
		case 0:
			list[i].Set("picture", "\x89PNG\x00\xff"+fmt.Sprint(id))
			list[i].Set("manager_id", "1")
		case 1:
			list[i].Set("rate", "1.50")
			list[i].Set("born", "1970-01-02")
			list[i].Set("notes", "line 1\nline\t2 \\N \\. \"x\"")
		}
	}
	return list
}

// hire inserts so many persons by the thousand.
func hire(t tester, tx *store.Tx, m *rollcall.Model, n int) {
	t.Helper()
	for from := 1; from <= n; from += 1000 {
		must(t, tx.InsertObjects(t.Context(), m.Class("Person"), staff(m, from, min(1000, n+1-from))))
	}
}

func (s *suite) largeKeeps(t *testing.T) {
	st := s.open(t)
	m := Model()
	src := sourceOf(t, st, m, 5)
	var kept []rollcall.Replica
	write(t, st, func(tx *store.Tx) {
		hire(t, tx, m, large)
		for from := 0; from < large; from += 1000 {
			replicas := make([]rollcall.Replica, 1000)
			for i := range replicas {
				replicas[i] = fullReplica(src)
				replicas[i].Key = fmt.Sprintf("key-%06d", from+i)
				replicas[i].Content = rollcall.Hash{byte(i), byte(from >> 8)}
			}
			must(t, tx.InsertReplicas(t.Context(), src, replicas))
			kept = append(kept, slices.Clone(replicas)...)
			clear(replicas) // what is written later must not be lent
		}
	})
	want := staff(m, 1, large)
	got := value[[]rollcall.Object](t)(st.Objects(t.Context(), m.Class("Person"), ids(want)))
	same(t, "objects", values(got), values(want))
	found := value[[]rollcall.Replica](t)(st.Replicas(t.Context(), src, replicaIDs(kept)))
	same(t, "replicas", found, kept)
}

func (s *suite) largeReads(t *testing.T) {
	st := s.open(t)
	m := Model()
	person := m.Class("Person")
	must(t, st.EnsureLookup(t.Context(), person, []string{"name"}))
	tx := begin(t, st)
	for from := 1; from < large; from += 1000 {
		must(t, tx.InsertObjects(t.Context(), person, staff(m, from, 1000)))
		same(t, "count", value[int](t)(tx.Count(t.Context(), person)), from+999)
		got := value[[]bool](t)(tx.Taken(t.Context(), person, []string{"name"}, [][]string{{"NAME 7"}, {"nobody"}}))
		same(t, "taken", got, []bool{true, false})
	}
	last := []rollcall.ObjectID{large}
	must(t, tx.UpdateObjects(t.Context(), person, []*rollcall.Attribute{person.Attribute("email")}, last, [][]string{{"x@y.example"}}))
	got := value[[]rollcall.Object](t)(tx.Objects(t.Context(), person, last))
	same(t, "email", got[0].Get("email"), "x@y.example")
	must(t, tx.Commit())
}

// largeRefers is a load whose entries refer to those of a load before it, and to
// those of its own that came already.
func (s *suite) largeRefers(t *testing.T) {
	st := s.open(t)
	m := Model()
	persons, users := sourceOf(t, st, m, 5), sourceOf(t, st, m, 6)
	tx := begin(t, st)
	load := func(src *rollcall.Source, from int) []rollcall.Replica {
		replicas := make([]rollcall.Replica, 1000)
		for i := range replicas {
			replicas[i] = fullReplica(src)
			replicas[i].Key, replicas[i].Name = fmt.Sprint(from+i), fmt.Sprint("cn=", from+i)
			replicas[i].Dest = rollcall.Ref{Class: "Person", ID: src.ID*100_000 + rollcall.ObjectID(from+i)}
		}
		must(t, tx.InsertReplicas(t.Context(), src, replicas))
		return replicas
	}
	named := func(src *rollcall.Source, from int) {
		names := make([]string, 1000)
		for i := range names {
			names[i] = fmt.Sprint("cn=", from+i)
		}
		refs := value[map[string]rollcall.Ref](t)(tx.ReplicasByName(t.Context(), src.ID, names))
		for i, name := range names {
			same(t, name, refs[name], rollcall.Ref{Class: "Person", ID: src.ID*100_000 + rollcall.ObjectID(from+i)})
		}
	}
	for from := 0; from < large; from += 1000 {
		load(persons, from)
	}
	for from := 0; from < large; from += 1000 {
		load(users, from)
		named(persons, from)
		named(users, from)
		load(users, large+from)
		named(users, large+from)
		last := load(users, 2*large+from)[999].Dest
		same(t, "replicas", len(value[[]rollcall.Replica](t)(tx.ReplicasByDest(t.Context(), m.Class(last.Class), []rollcall.ObjectID{last.ID}))), 1)
	}
	must(t, tx.Commit())
}

// largeAlike changes attributes of one name in two classes, of objects with the
// same IDs.
func (s *suite) largeAlike(t *testing.T) {
	st := s.open(t)
	m := Model()
	organizations := make([]rollcall.Object, 50)
	for i := range organizations {
		organizations[i] = object(m, "Organization", rollcall.ObjectID(i+1), "name", fmt.Sprint("Org ", i), "code", fmt.Sprint(i))
	}
	write(t, st, func(tx *store.Tx) {
		must(t, tx.InsertObjects(t.Context(), m.Class("Organization"), organizations))
		hire(t, tx, m, large)
		for _, class := range []string{"Organization", "Person"} {
			names := make([][]string, len(organizations))
			for i := range names {
				names[i] = []string{fmt.Sprint(class, " ", i)}
			}
			must(t, tx.UpdateObjects(t.Context(), m.Class(class), []*rollcall.Attribute{m.Class(class).Attribute("name")}, ids(organizations), names))
		}
	})
	for _, class := range []string{"Organization", "Person"} {
		for i, o := range value[[]rollcall.Object](t)(st.Objects(t.Context(), m.Class(class), ids(organizations))) {
			same(t, "name", o.Get("name"), fmt.Sprint(class, " ", i))
		}
	}
}

func (s *suite) largeDoubled(t *testing.T) {
	st := s.open(t)
	m := Model()
	tx := begin(t, st)
	hire(t, tx, m, large)
	// The call itself may be too early to know; the ones after it are not.
	_ = tx.InsertObjects(t.Context(), m.Class("Person"), staff(m, 1, 100))
	_, err := tx.Count(t.Context(), m.Class("Person"))
	wantKind(t, err, rollcall.Conflict)
	wantKind(t, tx.InsertObjects(t.Context(), m.Class("Person"), staff(m, large+1, 100)), rollcall.Conflict)
	wantKind(t, tx.Commit(), rollcall.Conflict)
	same(t, "count", value[int](t)(st.Count(t.Context(), m.Class("Person"))), 0)
	insert(t, st, staff(m, 1, 1)...)
}

func (s *suite) largeRolledBack(t *testing.T) {
	st := s.open(t)
	m := Model()
	tx := begin(t, st)
	hire(t, tx, m, large)
	must(t, tx.Rollback())
	same(t, "count", value[int](t)(st.Count(t.Context(), m.Class("Person"))), 0)
	insert(t, st, staff(m, 1, 1)...)
}

// largeCancelled: what is written behind must not be written after the rollback
// that a cancelled context brings, where it would last.
func (s *suite) largeCancelled(t *testing.T) {
	st := s.open(t)
	m := Model()
	for _, first := range []int{3000, 5000, large} {
		ctx, cancel := context.WithCancel(t.Context())
		tx := value[*store.Tx](t)(st.Begin(ctx))
		hire(t, tx, m, first)
		cancel()
		for from := first + 1; from < 2*large; from += 1000 {
			_ = tx.InsertObjects(t.Context(), m.Class("Person"), staff(m, from, 1000))
		}
		if err := tx.Commit(); err == nil {
			t.Error("a cancelled load was committed")
		}
		must(t, tx.Rollback())
		same(t, "count", value[int](t)(st.Count(t.Context(), m.Class("Person"))), 0)
	}
	insert(t, st, staff(m, 1, 1)...)
}

// findPropertyWithin is findProperty within a transaction, which remembers.
func (s *suite) findPropertyWithin(t *testing.T) {
	st := s.open(t)
	m := Model()
	must(t, st.EnsureLookup(t.Context(), m.Class("Person"), []string{"name"}))
	must(t, st.EnsureLookup(t.Context(), m.Class("Person"), []string{"first_name", "name"}))
	findWithin(t, st, m)
}

// findBesideMany: there are too many objects for their hashes to be remembered.
func (s *suite) findBesideMany(t *testing.T) {
	st := s.open(t)
	m := Model()
	must(t, st.EnsureLookup(t.Context(), m.Class("Person"), []string{"name"}))
	write(t, st, func(tx *store.Tx) {
		first := object(m, "Person", 20_000, "name", "Elder")
		must(t, tx.InsertObjects(t.Context(), first.Class, []rollcall.Object{first}))
	})
	findWithin(t, st, m)
}

func findWithin(t *testing.T, st *store.Store, m *rollcall.Model) {
	contact := m.Class("Contact")
	texts := rapid.SampledFrom([]string{"", "a", "A", "ä", "Ä", "b", "elder"})
	combos := map[string]*rapid.Generator[[]string]{
		"Contact": rapid.Just([]string{"name"}),
		"Person":  rapid.SampledFrom([][]string{{"name"}, {"first_name", "name"}, {"name", "first_name"}}),
		"Team":    rapid.Just([]string{"name"}),
	}
	rapid.Check(t, func(rt *rapid.T) {
		model := map[rollcall.ObjectID]rollcall.Object{}
		must(rt, st.Scan(rt.Context(), contact, 0, func(o *rollcall.Object) error {
			model[o.ID] = rollcall.Object{Class: o.Class, ID: o.ID, Values: slices.Clone(o.Values)}
			return nil
		}))
		tx := begin(rt, st)
		next := rollcall.ObjectID(30_000)
		some := func(rt *rapid.T) rollcall.Object {
			if len(model) == 0 {
				rt.Skip()
			}
			return model[rapid.SampledFrom(sortedIDs(model)).Draw(rt, "id")]
		}
		rt.Repeat(map[string]func(*rapid.T){
			"insert": func(rt *rapid.T) {
				o := object(m, rapid.SampledFrom([]string{"Person", "Team"}).Draw(rt, "class"), next, "name", texts.Draw(rt, "name"))
				if o.Class.Name == "Person" {
					o.Set("first_name", texts.Draw(rt, "first"))
				}
				next++
				insertIn(rt, tx, o)
				model[o.ID] = o
			},
			"update": func(rt *rapid.T) {
				o := some(rt)
				o.Values = slices.Clone(o.Values)
				changed := []*rollcall.Attribute{o.Class.Attribute(rapid.SampledFrom([]string{"name", "email"}).Draw(rt, "attribute"))}
				o.Set(changed[0].Code, texts.Draw(rt, "text"))
				must(rt, tx.UpdateObjects(rt.Context(), o.Class, changed, []rollcall.ObjectID{o.ID}, [][]string{{o.Get(changed[0].Code)}}))
				model[o.ID] = o
			},
			"delete": func(rt *rapid.T) {
				o := some(rt)
				must(rt, tx.DeleteObjects(rt.Context(), o.Class, []rollcall.ObjectID{o.ID}))
				delete(model, o.ID)
			},
			"": func(rt *rapid.T) {
				class := m.Class(rapid.SampledFrom([]string{"Person", "Team", "Contact"}).Draw(rt, "class"))
				of := maps.Clone(model)
				maps.DeleteFunc(of, func(_ rollcall.ObjectID, o rollcall.Object) bool { return !m.IsA(o.Class.Name, class.Name) })
				attrs := combos[class.Name].Draw(rt, "attrs")
				keys := make([][]string, 3)
				var want [][]rollcall.ObjectID
				for i := range keys {
					for range attrs {
						keys[i] = append(keys[i], texts.Draw(rt, "key"))
					}
					want = append(want, expected(of, attrs, keys[i]))
				}
				taken := value[[]bool](rt)(tx.Taken(rt.Context(), class, attrs, keys))
				same(rt, fmt.Sprintf("%s by %v = %q taken", class.Name, attrs, keys), taken, isTaken(want))
				got := value[[][]rollcall.ObjectID](rt)(tx.Find(rt.Context(), class, attrs, keys))
				same(rt, fmt.Sprintf("%s by %v = %q", class.Name, attrs, keys), got, want, cmpopts.EquateEmpty())
			},
		})
		must(rt, tx.Rollback())
	})
}
