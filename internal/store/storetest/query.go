package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rollcall/internal/oql"
	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

func (s *suite) queryTests() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"QueryProductionsFindWhatTheySay": s.queryProductions,
		"QueryFunctionsHaveMySQLsValues":  s.queryFunctions,
		"QueryCriteriaCompareAsOQLDoes":   s.queryWhere,
		"QueryWindowsAreInOrder":          s.queryWindow,
		"QueryRowsAreWholeObjects":        s.queryObjects,
		"QueryTakesNoTextForSQL":          s.queryInjection,
		"QueryLimitsAreSaid":              s.queryLimits,
		"QueryLookupsChangeNoAnswer":      s.queryLookups,
	}
}

// nature is a population with a tree, names that differ in case and accents,
// and values that are not set:
//
//	1 Demo ── 2 Énergie ── 4 Éclairage
//	       └─ 3 energie nord
//	5 Other
func nature(t testing.TB, st *store.Store) *rollcall.Model {
	t.Helper()
	m := Model()
	insert(t, st,
		object(m, "Organization", 1, "name", "Demo", "code", "D"),
		object(m, "Organization", 2, "name", "Énergie", "parent_id", "1"),
		object(m, "Organization", 3, "name", "energie nord", "parent_id", "1"),
		object(m, "Organization", 4, "name", "Éclairage", "parent_id", "2"),
		object(m, "Organization", 5, "name", "Other"),
		object(m, "Person", 11, "name", "Boss", "first_name", "Ann", "org_id", "1", "email", "ann@demo.example", "badge", "7", "rate", "12.50", "born", "1970-01-31", "seen", "2026-03-04 05:06:07"),
		object(m, "Person", 12, "name", "Éclair", "first_name", "Bob", "org_id", "2", "manager_id", "11", "badge", "-3", "born", "2000-02-29", "email", "10.0.0.1"),
		object(m, "Person", 13, "name", "eclair ", "first_name", "Zoë", "org_id", "4", "manager_id", "12", "status", "inactive", "seen", "2025-12-31 23:59:59"),
		object(m, "Person", 14, "name", "O'Brien \\ 100%", "first_name", "_x", "status", ""),
		object(m, "Team", 21, "name", "Énergie", "org_id", "2", "badge", "1"),
		object(m, "Team", 22, "name", "Blue"),
		object(m, "lnkPersonToTeam", 31, "person_id", "12", "team_id", "22", "role", "lead"),
		object(m, "lnkPersonToTeam", 32, "person_id", "12", "team_id", "21"),
		object(m, "lnkPersonToTeam", 33, "person_id", "13", "team_id", "21"),
	)
	return m
}

// ask compiles and runs a query and returns its rows: the IDs of each, joined
// by a slash, in order.
func ask(t testing.TB, st *store.Store, m *rollcall.Model, text string, args map[string]string) (string, error) {
	t.Helper()
	q, err := oql.Compile(m, text, args)
	if err != nil {
		return "", err
	}
	rows, err := rowsOf(t, st, q, rollcall.Window{})
	if err != nil {
		return "", err
	}
	// Pictures keep an answer from being read by one statement.
	if some, err := rowsOf(t, st, q, rollcall.Window{Only: []string{"name"}}); err != nil || !slices.Equal(some, rows) {
		t.Errorf("%s: got %v of whole objects, %v of some attributes (%v)", text, rows, some, err)
	}
	// No condition of this one singles anything out, so trees are walked whole.
	if all, err := rowsOf(t, st, loose(q), rollcall.Window{Only: []string{"name"}}); err != nil || !slices.Equal(all, rows) {
		t.Errorf("%s: got %v, and %v by all pairs of trees (%v)", text, rows, all, err)
	}
	n, err := st.CountOf(t.Context(), q)
	if err == nil && n != len(rows) {
		t.Errorf("%s: counted %d, found %d", text, n, len(rows))
	}
	return strings.Join(rows, " "), err
}

func (s *suite) queryProductions(t *testing.T) {
	st := s.open(t)
	m := nature(t, st)
	for _, c := range productions {
		got, err := ask(t, st, m, c.text, map[string]string{"name": "éCLAIR", "this->org_id": "2", "current_contact_id": "11"})
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		} else if got != c.want {
			t.Errorf("%s: got %s, want %s", c.text, got, c.want)
		}
	}
}

// productions has a query for each production of the grammar, and what it finds
// in nature, in order of friendly names.
var productions = []struct{ text, want string }{
	// statement, query
	{"SELECT Organization", "1 4 2 3 5"},
	{"SELECT Contact", "14 11 22 12 21 13"},
	{"SELECT Person", "14 11 12 13"},
	{"SELECT Person AS p WHERE p.id = 12", "12"},
	{"SELECT o FROM Organization AS o WHERE o.code = 'd'", "1"},
	{"SELECT p, o FROM Person AS p JOIN Organization AS o ON p.org_id = o.id", "11/1 12/2 13/4"},
	{"SELECT o, p FROM Person AS p JOIN Organization AS o ON p.org_id = o.id", "1/11 4/13 2/12"},
	// trees, from what the conditions name: on either side, on both, on neither alone
	{"SELECT o FROM Organization AS o JOIN Organization AS t ON o.parent_id BELOW t.id WHERE t.name = 'demo'", "1 4 2 3"},
	{"SELECT o FROM Organization AS o JOIN Organization AS t ON o.parent_id BELOW STRICT t.id WHERE t.name = 'demo'", "4 2 3"},
	{"SELECT t FROM Organization AS o JOIN Organization AS t ON o.parent_id BELOW t.id WHERE o.name = 'eclairage'", "1 4 2"},
	{"SELECT t FROM Organization AS o JOIN Organization AS t ON o.parent_id BELOW t.id WHERE o.name = 'eclairage' AND t.id != 1", "4 2"},
	{"SELECT o FROM Organization AS o JOIN Organization AS t ON o.parent_id NOT BELOW t.id WHERE t.id = 2", "1 3 5"},
	{"SELECT o FROM Organization AS o JOIN Organization AS t ON o.parent_id BELOW t.id WHERE t.id = 1 OR o.id = 5", "1 4 2 3 5"},
	{"SELECT t FROM Organization AS o JOIN Organization AS t ON t.parent_id ABOVE o.id WHERE o.id = 4", "1 4 2"},
	{"SELECT o FROM Organization AS o JOIN Organization AS t ON o.parent_id BELOW t.id WHERE t.parent_name = 'demo'", "4 2 3"},
	{"SELECT o FROM Organization AS o JOIN Organization AS t ON o.parent_id BELOW t.id JOIN Organization AS u ON o.parent_id BELOW u.id WHERE t.id = 1 AND u.id = 2", "4 2"},
	// union
	{"SELECT Person UNION SELECT Team", "14 11 22 12 21 13"},
	{"SELECT Person WHERE id = 11 UNION SELECT Person WHERE id < 13 UNION SELECT Team WHERE name = 'blue'", "11 22 12"},
	{"SELECT p, o FROM Person AS p JOIN Organization AS o ON p.org_id = o.id WHERE o.id = 1 UNION SELECT t, o FROM Team AS t JOIN Organization AS o ON t.org_id = o.id", "11/1 21/2"},
	// join
	{"SELECT Person JOIN Organization ON Person.org_id = Organization.id WHERE Organization.name = 'demo'", "11"},
	{"SELECT Organization AS o JOIN Person AS p ON p.org_id = o.id", "1 4 2"},
	{"SELECT t FROM Team AS t JOIN lnkPersonToTeam AS l ON l.team_id = t.id JOIN Person AS p ON l.person_id = p.id", "22 21"},
	{"SELECT p, t FROM Person AS p JOIN lnkPersonToTeam AS l ON l.person_id = p.id JOIN Team AS t ON l.team_id = t.id", "12/21 12/22 13/21"},
	{"SELECT Person AS p JOIN Person AS m ON p.manager_id = m.id JOIN Person AS mm ON m.manager_id = mm.id", "13"},
	{"SELECT Organization AS o JOIN Organization AS r ON o.parent_id = r.id WHERE r.id = 1", "2 3"},
	{"SELECT Organization AS o JOIN Organization AS r ON o.parent_id BELOW r.id WHERE r.id = 2", "4 2"},
	{"SELECT Organization AS o JOIN Organization AS r ON o.parent_id BELOW r.id WHERE r.name = 'demo'", "1 4 2 3"},
	{"SELECT Organization AS o JOIN Organization AS r ON o.parent_id BELOW STRICT r.id WHERE r.id = 1", "4 2 3"},
	{"SELECT Organization AS o JOIN Organization AS r ON o.parent_id NOT BELOW r.id WHERE r.id = 2", "1 3 5"},
	{"SELECT Organization AS o JOIN Organization AS r ON o.parent_id NOT BELOW STRICT r.id WHERE r.id = 2", "1 2 3 5"},
	{"SELECT Organization AS o JOIN Organization AS r ON o.parent_id ABOVE r.id WHERE r.id = 4", "1 4 2"},
	{"SELECT Organization AS o JOIN Organization AS r ON o.parent_id ABOVE STRICT r.id WHERE r.id = 4", "1 2"},
	{"SELECT Organization AS o JOIN Organization AS r ON o.parent_id NOT ABOVE r.id WHERE r.id = 4", "3 5"},
	{"SELECT Organization AS o JOIN Organization AS r ON o.parent_id NOT ABOVE STRICT r.id WHERE r.id = 4", "4 3 5"},
	{"SELECT Organization AS r JOIN Organization AS o ON o.parent_id BELOW r.id WHERE o.id = 4", "1 4 2"},
	{"SELECT Person AS p JOIN Organization AS o ON p.org_id = o.id JOIN Organization AS r ON o.parent_id BELOW r.id WHERE r.id = 2", "12 13"},
	{"SELECT r FROM Person AS p JOIN Organization AS o ON p.org_id = o.id JOIN Organization AS r ON o.parent_id BELOW r.id WHERE p.id = 13", "1 4 2"},
	{"SELECT o FROM Organization AS o JOIN Organization AS r ON o.parent_id BELOW r.id JOIN Person AS p ON p.org_id = r.id WHERE p.name = 'boss'", "1 4 2 3"},
	// field
	{"SELECT Person WHERE name = 'ECLAIR'", "12 13"},
	{"SELECT Person WHERE `name` = 'Éclair   '", "12 13"},
	{"SELECT Person AS `SELECT` WHERE `SELECT`.id = 11", "11"},
	{"SELECT Contact WHERE finalclass = 'team'", "22 21"},
	{"SELECT Contact WHERE finalclass != 'Team'", "14 11 12 13"},
	{"SELECT Contact WHERE friendlyname = 'bob eclair'", "12"},
	{"SELECT Person WHERE org_name = 'énergie'", "12"},
	{"SELECT Person WHERE org_id_friendlyname = 'ECLAIRAGE'", "13"},
	{"SELECT Person WHERE manager_id_friendlyname LIKE '%boss'", "12"},
	{"SELECT lnkPersonToTeam WHERE friendlyname = 'BOB eclair / blue'", "31"},
	{"SELECT Person WHERE ISNULL(org_name)", "14"},
	{"SELECT Person WHERE org_id = 0", "14"},
	{"SELECT Person WHERE ISNULL(org_id)", ""},
	{"SELECT Person WHERE ISNULL(status)", "14"},
	{"SELECT Person WHERE status != 'active'", "13"},
	// expr: OR | ^, AND &
	{"SELECT Person WHERE id = 11 OR id = 12 AND name = 'nobody'", "11"},
	{"SELECT Person WHERE (id = 11 OR id = 12) AND name = 'éclair'", "12"},
	{"SELECT Person WHERE (id & 1) = 1", "11 13"},
	{"SELECT Person WHERE (badge | 8) = 15", "11"},
	{"SELECT Person WHERE (id ^ 1) = 13", "12"},
	{"SELECT Person WHERE (id << 1) = 22", "11"},
	{"SELECT Person WHERE (id >> 2) = 3", "14 12 13"},
	// expr: comparisons, + -, * /
	{"SELECT Person WHERE id != 11", "14 12 13"},
	{"SELECT Person WHERE id < 12", "11"},
	{"SELECT Person WHERE id <= 12", "11 12"},
	{"SELECT Person WHERE id > 13", "14"},
	{"SELECT Person WHERE id >= 13", "14 13"},
	{"SELECT Person WHERE name < 'd'", "11"},
	{"SELECT Person WHERE name >= 'ECLAIR' AND name <= 'eclair'", "12 13"},
	{"SELECT Person WHERE badge + 1 = 8", "11"},
	{"SELECT Person WHERE badge = 6 + 1", "11 12"}, // (badge = 6) + 1, NULL where badge is
	{"SELECT Person WHERE badge = (8 - 1)", "11"},
	{"SELECT Person WHERE badge * 2 = -6", "12"},
	{"SELECT Person WHERE badge / 2 = '3.5'", "11"},
	{"SELECT Person WHERE badge / 0 = 1", ""},
	{"SELECT Person WHERE rate = '12.5'", "11"},
	{"SELECT Person WHERE rate > 12", "11"},
	{"SELECT Person WHERE name LIKE '%CLAIR_'", "13"},
	{"SELECT Person WHERE name LIKE '%100\\\\%'", "14"},
	{"SELECT Person WHERE first_name LIKE '\\\\_%'", "14"},
	{"SELECT Person WHERE name NOT LIKE '%clair%'", "14 11"},
	{"SELECT Person WHERE id LIKE '%3'", "13"},
	{"SELECT Person WHERE email REGEXP '^ANN@[a-z]+'", "11"},
	{"SELECT Person WHERE name REGEXP 'é'", "12"},
	{"SELECT Person WHERE name MATCHES 'éclair'", "12 13"},
	{"SELECT Person WHERE name MATCHES '+brien -boss'", "14"},
	// expr: IN
	{"SELECT Person WHERE id IN (11, 13, 99)", "11 13"},
	{"SELECT Person WHERE id NOT IN (11, 13)", "14 12"},
	{"SELECT Person WHERE org_id IN (0, 1)", "14 11"},
	{"SELECT Person WHERE name IN ('BOSS', 'eclair')", "11 12 13"},
	{"SELECT Person WHERE name NOT IN ('BOSS', 'eclair')", "14"},
	{"SELECT Person WHERE status IN ('ACTIVE')", "11 12"},
	{"SELECT Person WHERE status NOT IN ('active')", "13"},
	{"SELECT Person WHERE born IN ('1970-01-31')", "11"},
	{"SELECT Person WHERE id IN (10 + 1)", "11"},
	{"SELECT Person WHERE id IN (11, NULL)", "11"},
	{"SELECT Person WHERE id NOT IN (11, NULL)", ""},
	{"SELECT Person WHERE org_id IN (SELECT Organization WHERE name LIKE 'e%')", "12 13"},
	{"SELECT Person WHERE org_id NOT IN (SELECT Organization WHERE name LIKE 'e%')", "14 11"},
	{"SELECT Person WHERE id IN (SELECT Person WHERE id = 11 UNION SELECT Person WHERE id = 13)", "11 13"},
	{"SELECT Person AS p WHERE p.id IN (SELECT Person AS q WHERE q.manager_id = p.manager_id AND q.id = 12)", "12"},
	{"SELECT Organization AS o WHERE o.id IN (SELECT o2 FROM Organization AS o2 JOIN Person AS p ON p.org_id = o2.id WHERE p.org_name = o.name)", "1 4 2"},
	// scalar
	{"SELECT Person WHERE id = 0xb", "11"},
	{"SELECT Person WHERE badge = -3", "12"},
	{"SELECT Person WHERE name = \"o'brien \\\\ 100%\"", "14"},
	{"SELECT Person WHERE name = 'O\\'Brien \\\\ 100%'", "14"},
	{"SELECT Person WHERE name = NULL", ""},
	{"SELECT Person WHERE 1", "14 11 12 13"},
	{"SELECT Person WHERE 0", ""},
	{"SELECT Person WHERE '1x'", "14 11 12 13"},
	{"SELECT Person WHERE id = '12abc'", "12"},
	{"SELECT Person WHERE name", ""},
	// parameter
	{"SELECT Person WHERE name = :name", "12 13"},
	{"SELECT Person WHERE org_id = :this->org_id", "12"},
	{"SELECT Person WHERE id IN (:current_contact_id, 12)", "11 12"},
}

// loose returns a query with the same answer whose conditions all speak of all
// tables.
func loose(q *rollcall.Query) *rollcall.Query {
	other := &rollcall.Query{Columns: q.Columns}
	for _, p := range q.Parts {
		never := []rollcall.Expr{&rollcall.Operation{Op: "=", Left: rollcall.Number(1), Right: rollcall.Number(2)}}
		for _, t := range p.Tables {
			never = append(never, &rollcall.Call{Function: "ISNULL", Args: []rollcall.Expr{&rollcall.Column{Table: t, Code: "id"}}})
		}
		part := &rollcall.QueryPart{Tables: p.Tables, Selected: p.Selected}
		if p.Where != nil {
			part.Where = &rollcall.Logic{Terms: []rollcall.Expr{p.Where, &rollcall.Logic{All: true, Terms: never}}}
		}
		other.Parts = append(other.Parts, part)
	}
	return other
}

// rowsOf returns the rows of a query as IDs.
func rowsOf(t testing.TB, st *store.Store, q *rollcall.Query, w rollcall.Window) (rows []string, err error) {
	err = st.Select(t.Context(), q, w, func(row []rollcall.Object) error {
		cells := make([]string, len(row))
		for i, o := range row {
			cells[i] = fmt.Sprint(o.ID)
		}
		rows = append(rows, strings.Join(cells, "/"))
		return nil
	})
	return rows, err
}

// Asker fills an empty database with a small population and returns what
// answers queries on it: rows of IDs, in order.
func Asker(t testing.TB, dsn string) func(text string) (string, error) {
	t.Helper()
	st := openAt(t, dsn, Model())
	m := nature(t, st)
	return func(text string) (string, error) { return ask(t, st, m, text, nil) }
}
