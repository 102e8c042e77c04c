package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

func (s *suite) openTests() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"ModelThatGrowsKeepsItsObjects":        s.modelGrows,
		"ModelThatShrinksLosesNothing":         s.modelShrinks,
		"ModelThatChangesATypeIsRefused":       s.modelChangesType,
		"ModelThatTakesOurNamesIsRefused":      s.modelReserved,
		"OpenDoesNotWaitForAWriter":            s.openWhileWriting,
		"CancelledTransactionIsRolledBack":     s.cancelled,
		"StatementsBeyondTheCacheStillWork":    s.manyStatements,
		"ClassOfAnotherModelIsNoPanic":         s.strangeClass,
		"LookupIsRenewedWhenNamesAreMadeAnew":  s.renamed,
		"TextWithAQuestionMarkInANameIsQuoted": s.oddNames,
	}
}

// grown returns the model with one attribute more on Person.
func grown(a *rollcall.Attribute) *rollcall.Model {
	m := Model()
	person := m.Class("Person")
	person.Attributes = append(person.Attributes, a)
	person.Index()
	return m
}

func (s *suite) modelGrows(t *testing.T) {
	dsn := s.fresh(t)
	m := Model()
	insert(t, openAt(t, dsn, m), object(m, "Person", 1, "name", "a"), object(m, "Team", 2))

	wider := grown(&rollcall.Attribute{Code: "badge_color", Type: rollcall.TypeEnum, Values: []string{"red", "blue"}, Default: "blue"})
	st := openAt(t, dsn, wider)
	insert(t, st, object(wider, "Person", 3, "badge_color", "red"))
	got := value[[]rollcall.Object](t)(st.Objects(t.Context(), wider.Class("Person"), []rollcall.ObjectID{1, 3}))
	same(t, "objects", values(got), values([]rollcall.Object{
		object(wider, "Person", 1, "name", "a", "badge_color", "blue"), object(wider, "Person", 3, "badge_color", "red"),
	}))
}

func (s *suite) modelShrinks(t *testing.T) {
	dsn := s.fresh(t)
	wider := grown(&rollcall.Attribute{Code: "extra", Type: rollcall.TypeString})
	insert(t, openAt(t, dsn, wider), object(wider, "Person", 1, "extra", "kept"))
	m := Model()
	narrow := openAt(t, dsn, m)
	insert(t, narrow, object(m, "Person", 2))
	got := value[[]rollcall.Object](t)(openAt(t, dsn, wider).Objects(t.Context(), wider.Class("Person"), []rollcall.ObjectID{1, 2}))
	same(t, "objects", values(got), values([]rollcall.Object{object(wider, "Person", 1, "extra", "kept"), object(wider, "Person", 2)}))
}

func (s *suite) modelChangesType(t *testing.T) {
	dsn := s.fresh(t)
	openAt(t, dsn, grown(&rollcall.Attribute{Code: "extra", Type: rollcall.TypeString}))
	_, err := store.Open(t.Context(), store.Config{DSN: dsn, Model: grown(&rollcall.Attribute{Code: "extra", Type: rollcall.TypeInteger})})
	wantKind(t, err, rollcall.Invalid)
}

func (s *suite) modelReserved(t *testing.T) {
	for _, a := range []*rollcall.Attribute{
		{Code: "finalclass", Type: rollcall.TypeString}, {Code: "look_x", Type: rollcall.TypeString},
		{Code: strings.Repeat("x", 70), Type: rollcall.TypeString},
		{Code: "badge", Type: rollcall.TypeString}, // a number for teams
	} {
		_, err := store.Open(t.Context(), store.Config{DSN: s.fresh(t), Model: grown(a)})
		wantKind(t, err, rollcall.Invalid)
	}
}

func (s *suite) openWhileWriting(t *testing.T) {
	dsn := s.fresh(t)
	st := openAt(t, dsn, Model())
	begin(t, st)
	start := time.Now()
	openAt(t, dsn, Model())
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("opening took %s while another wrote, want no waiting", took)
	}
}

func (s *suite) cancelled(t *testing.T) {
	st := s.open(t)
	m := Model()
	ctx, cancel := context.WithCancel(t.Context())
	tx, err := st.Begin(ctx)
	must(t, err)
	insertIn(t, tx, object(m, "Person", 1))
	cancel()
	if err := tx.InsertObjects(ctx, m.Class("Person"), []rollcall.Object{object(m, "Person", 2)}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	must(t, tx.Rollback())
	if n := value[int](t)(st.Count(t.Context(), m.Class("Person"))); n != 0 {
		t.Errorf("got %d persons, want none", n)
	}
	insert(t, st, object(m, "Person", 1)) // the connection is free again
}

// manyStatements updates every combination of eleven attributes.
func (s *suite) manyStatements(t *testing.T) {
	st := s.open(t)
	m := Model()
	person := m.Class("Person")
	insert(t, st, object(m, "Person", 1))
	write(t, st, func(tx *store.Tx) {
		for mask := 1; mask < 1<<9; mask++ {
			var attrs []*rollcall.Attribute
			var row []string
			for i, a := range person.Stored[:9] {
				if mask&(1<<i) != 0 {
					attrs, row = append(attrs, a), append(row, "7")
				}
			}
			must(t, tx.UpdateObjects(t.Context(), person, attrs, []rollcall.ObjectID{1}, [][]string{row}))
		}
	})
	got := value[[]rollcall.Object](t)(st.Objects(t.Context(), person, []rollcall.ObjectID{1}))
	for i, a := range person.Stored[:9] {
		if got[0].Values[i] != "7" {
			t.Errorf("%s: got %q, want 7", a.Code, got[0].Values[i])
		}
	}
}

func (s *suite) strangeClass(t *testing.T) {
	st := s.open(t)
	strange := &rollcall.Class{Name: "Strange", Root: "Strange"}
	strange.Index()
	_, err := st.Objects(t.Context(), strange, []rollcall.ObjectID{1})
	wantKind(t, err, rollcall.Internal)
	_, err = st.Count(t.Context(), strange)
	wantKind(t, err, rollcall.Internal)
}

func (s *suite) renamed(t *testing.T) {
	dsn := s.fresh(t)
	m := Model()
	st := openAt(t, dsn, m)
	insert(t, st, object(m, "Person", 1, "name", "Doe", "first_name", "Jo"))
	must(t, st.EnsureLookup(t.Context(), m.Class("Person"), []string{"friendlyname"}))
	turned := Model()
	turned.Class("Person").NamedBy = []string{"name", "first_name"}
	got := value[[][]rollcall.ObjectID](t)(openAt(t, dsn, turned).Find(t.Context(), turned.Class("Person"), []string{"friendlyname"}, [][]string{{"doe jo"}}))
	same(t, "found", got, [][]rollcall.ObjectID{{1}})
}

// oddNames: codes are checked where classes are declared; a strange one must
// still never become SQL.
func (s *suite) oddNames(t *testing.T) {
	m := grown(&rollcall.Attribute{Code: `odd" ? '`, Type: rollcall.TypeString})
	st := openAt(t, s.fresh(t), m)
	insert(t, st, object(m, "Person", 1, `odd" ? '`, "x"))
	got := value[[]rollcall.Object](t)(st.Objects(t.Context(), m.Class("Person"), []rollcall.ObjectID{1}))
	same(t, "objects", values(got), values([]rollcall.Object{object(m, "Person", 1, `odd" ? '`, "x")}))
}
