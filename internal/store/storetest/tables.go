package storetest

import (
	"testing"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

func (s *suite) tableTests() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"TableOfASourceIsNamedByTheWiresRule":   s.tableNames,
		"TableOfASourceFollowsItsClass":         s.tableFollows,
		"TableThatExistsIsNotTaken":             s.tableTaken,
		"ATableIsMadeWithinATransaction":        s.tableInTx,
		"UnwritableAttributesHaveNoCells":       s.tableUnwritable,
		"EnsureTableDoesNotWaitWhenAllIsThere":  s.tableReady,
		"TableOfALateSourceServesOtherPrograms": s.tableLate,
	}
}

func (s *suite) tableNames(t *testing.T) {
	st := s.open(t)
	m := Model()
	for i, c := range []struct{ given, want string }{
		{"", "synchro_data_lnkpersontoteam_1"}, {"hr people-é", "synchro_data_hr_people__"}, {"synchro_data_kept", "synchro_data_kept"},
	} {
		src := &rollcall.Source{ID: rollcall.ObjectID(i + 1), Name: "x", Class: m.Class("lnkPersonToTeam"), Table: c.given}
		must(t, st.EnsureTable(t.Context(), src))
		if src.Table != c.want {
			t.Errorf("table %q: got %q, want %q", c.given, src.Table, c.want)
		}
		src.Table = "another" // a source keeps its table
		must(t, st.EnsureTable(t.Context(), src))
		if src.Table != c.want {
			t.Errorf("table %q, asked again as another: got %q, want %q", c.given, src.Table, c.want)
		}
	}
}

func (s *suite) tableFollows(t *testing.T) {
	dsn := s.fresh(t)
	src := sourceOf(t, openAt(t, dsn, Model()), Model(), 5)

	wider := Model()
	person := wider.Class("Person")
	person.Attributes = append(person.Attributes, &rollcall.Attribute{Code: "desk", Type: rollcall.TypeString})
	person.Index()
	st := openAt(t, dsn, wider)
	grown := &rollcall.Source{ID: 5, Name: "x", Class: person, Rules: rollcall.Rules{Attributes: []rollcall.AttributeRule{{Attribute: person.Attribute("desk")}}}}
	must(t, st.EnsureTable(t.Context(), grown))
	if grown.Table != src.Table {
		t.Errorf("got table %q, want %q again", grown.Table, src.Table)
	}
	r := rollcall.Replica{Source: 5, Key: "k", State: rollcall.StateNew, Row: rollcall.Row{cell("3.14")}}
	list := insertReplicas(t, st, grown, r)
	same(t, "replica", value[[]rollcall.Replica](t)(st.Replicas(t.Context(), grown, replicaIDs(list))), list)
}

func (s *suite) tableTaken(t *testing.T) {
	st := s.open(t)
	m := Model()
	must(t, st.EnsureTable(t.Context(), &rollcall.Source{ID: 1, Class: m.Class("Person"), Table: "one"}))
	err := st.EnsureTable(t.Context(), &rollcall.Source{ID: 2, Class: m.Class("Person"), Table: "one"})
	wantKind(t, err, rollcall.Conflict)
}

func (s *suite) tableInTx(t *testing.T) {
	st := s.open(t)
	m := Model()
	tx := begin(t, st)
	src := &rollcall.Source{ID: 1, Class: m.Class("Person"), Rules: rollcall.Rules{Attributes: []rollcall.AttributeRule{{Attribute: m.Class("Person").Attribute("name")}}}}
	must(t, tx.EnsureTable(t.Context(), src))
	list := []rollcall.Replica{{Source: 1, Key: "k", State: rollcall.StateNew, Row: rollcall.Row{cell("x")}}}
	must(t, tx.InsertReplicas(t.Context(), src, list))
	same(t, "replica", value[[]rollcall.Replica](t)(tx.Replicas(t.Context(), src, replicaIDs(list))), list)
	must(t, tx.Rollback())
	must(t, st.EnsureTable(t.Context(), src)) // it went with the transaction
}

func (s *suite) tableUnwritable(t *testing.T) {
	st := s.open(t)
	m := Model()
	src := sourceOf(t, st, m, 1)
	for _, code := range []string{"org_name", "report_list"} {
		src.Rules.Attributes = []rollcall.AttributeRule{{Attribute: m.Class("Person").Attribute(code)}}
		_, err := st.Replicas(t.Context(), src, []int64{1})
		wantKind(t, err, rollcall.Invalid)
	}
}

func (s *suite) tableReady(t *testing.T) {
	st := s.open(t)
	src := sourceOf(t, st, Model(), 1)
	begin(t, st) // nobody else may write now
	must(t, st.EnsureTable(t.Context(), src))
}

func (s *suite) tableLate(t *testing.T) {
	dsn := s.fresh(t)
	m := Model()
	first, second := openAt(t, dsn, m), openAt(t, dsn, m)
	src := sourceOf(t, second, m, 1)
	list := insertReplicas(t, first, src, fullReplica(src))
	write(t, second, func(tx *store.Tx) { must(t, tx.DeleteReplicasMadeBy(t.Context(), list[0].Run)) })
	if got := value[[]rollcall.Replica](t)(first.Replicas(t.Context(), src, replicaIDs(list))); len(got) != 0 {
		t.Errorf("got %d replicas, want none", len(got))
	}
}
