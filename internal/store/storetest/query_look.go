package storetest

import (
	"testing"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

// LookingAsker is Asker where texts have look-ups for queries.
func LookingAsker(t testing.TB, dsn string) func(text string) (string, error) {
	t.Helper()
	st := openAt(t, dsn, Model())
	m := nature(t, st)
	ensureQueryLookups(t, st, m)
	return func(text string) (string, error) { return ask(t, st, m, text, nil) }
}

func ensureQueryLookups(t testing.TB, st *store.Store, m *rollcall.Model) {
	t.Helper()
	for _, look := range [][2]string{
		{"Organization", "name"}, {"Organization", "friendlyname"}, {"Contact", "name"}, {"Contact", "friendlyname"},
		{"Contact", "email"}, {"Person", "first_name"}, {"lnkPersonToTeam", "role"},
	} {
		must(t, st.EnsureQueryLookup(t.Context(), m.Class(look[0]), look[1]))
	}
}

func (s *suite) queryLookups(t *testing.T) {
	st := s.open(t)
	m := nature(t, st)
	ensureQueryLookups(t, st, m)
	check := func(text, want string) {
		t.Helper()
		if got, err := ask(t, st, m, text, nil); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
		}
	}
	check("SELECT Person WHERE name = 'ECLAIR'", "12 13") // accents, case and trailing spaces do not count
	check("SELECT Person WHERE 'éclair ' = name", "12 13")
	check("SELECT Contact WHERE name IN ('ENERGIE', 'blue', 'nobody')", "22 21")
	check("SELECT Contact WHERE name NOT IN ('eclair', 'blue', 'boss')", "14 21")
	check("SELECT Contact WHERE friendlyname = 'bob ECLAIR'", "12")
	check("SELECT Person WHERE org_name = 'energie'", "12")
	check("SELECT Person WHERE manager_id_friendlyname = 'ANN boss'", "12")
	check("SELECT Person WHERE name = 'boss' OR name = 'eclair'", "11 12 13")
	check("SELECT Person WHERE ISNULL(manager_id_friendlyname = 'nobody')", "14 11")
	check("SELECT Person WHERE email = ''", "14 13")
	for _, c := range productions {
		got, err := ask(t, st, m, c.text, map[string]string{"name": "éCLAIR", "this->org_id": "2", "current_contact_id": "11"})
		if err != nil || got != c.want {
			t.Errorf("with look-ups, %s: got %s, %v, want %s", c.text, got, err, c.want)
		}
	}

	// Who writes keeps them.
	class := m.Class("Person")
	write(t, st, func(tx *store.Tx) {
		must(t, tx.UpdateObjects(t.Context(), class, []*rollcall.Attribute{class.Attribute("name")}, []rollcall.ObjectID{11}, [][]string{{"Été"}}))
		insertIn(t, tx, object(m, "Person", 15, "name", "ete", "first_name", "New"))
	})
	check("SELECT Person WHERE name = 'ÉTÉ'", "11 15")
	check("SELECT Person WHERE friendlyname = 'ann ete'", "11")
	check("SELECT Person WHERE name = 'boss'", "")
}
