package storetest

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/internal/oql"
	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

// idsOf runs a query and returns the IDs of its first column as text.
func idsOf(t testing.TB, st *store.Store, q *rollcall.Query, w rollcall.Window) string {
	t.Helper()
	list := value[[]rollcall.ObjectID](t)(st.SelectIDs(t.Context(), q, w))
	return strings.Trim(fmt.Sprint(list), "[]")
}

// queryWhere asks as the criteria of REST do.
func (s *suite) queryWhere(t *testing.T) {
	st := s.open(t)
	m := nature(t, st)
	person, contact := m.Class("Person"), m.Class("Contact")
	persons := rollcall.SelectAll(person)
	var many []string
	for i := range 5000 {
		many = append(many, fmt.Sprint(i*2))
	}
	union, err := oql.Compile(m, "SELECT Person UNION SELECT Team", nil)
	must(t, err)
	both, err := oql.Compile(m, "SELECT p, o FROM Person AS p JOIN Organization AS o ON p.org_id = o.id", nil)
	must(t, err)
	for name, c := range map[string]struct {
		query *rollcall.Query
		want  string
	}{
		"text, folded":           {persons.Where("name", "ÉCLAIR"), "12 13"},
		"one of several texts":   {persons.Where("name", "boss", "x"), "11"},
		"none of no values":      {persons.Where("name"), ""},
		"two criteria":           {persons.Where("name", "eclair").Where("status", "inactive"), "13"},
		"an empty enum":          {persons.Where("status", ""), ""},
		"an enum that is NULL":   {persons.WhereNull("status"), "14"},
		"an enum's other case":   {persons.Where("status", "ACTIVE"), "11 12"},
		"friendlyname":           {persons.Where("friendlyname", "zoe eclair"), "13"},
		"a field":                {persons.Where("org_name", "energie"), "12"},
		"a field that is NULL":   {persons.WhereNull("org_name"), "14"},
		"a key":                  {persons.Where("org_id", "4"), "13"},
		"an unset key":           {persons.Where("org_id", "0"), "14"},
		"a number that is NULL":  {persons.WhereNull("badge"), "14 13"},
		"a number":               {persons.Where("badge", "7"), "11"},
		"a date":                 {persons.Where("born", "1970-01-31"), "11"},
		"a date and time":        {persons.Where("seen", "2026-03-04 05:06:07"), "11"},
		"finalclass":             {rollcall.SelectAll(contact).Where("finalclass", "Team"), "22 21"},
		"IDs":                    {rollcall.SelectIDs(person, 13, 11, 21, 99), "11 13"},
		"no IDs":                 {rollcall.SelectIDs(person), ""},
		"thousands of values":    {persons.Where("org_id", many...), "14 12 13"},
		"a union":                {union.Where("name", "énergie", "boss"), "11 21"},
		"the second of two":      {both.WhereAt(1, "name", "demo", "éclairage"), "11 13"},
		"what the object itself": {persons.Where("id", "12"), "12"},
	} {
		if got := idsOf(t, st, c.query, rollcall.Window{}); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	if got := idsOf(t, st, persons, rollcall.Window{}); got != "14 11 12 13" {
		t.Errorf("narrowing changed what was narrowed: got %q", got)
	}
	for _, code := range []string{"nosuch", "picture", "team_list", "name; DROP TABLE obj_contact", ""} {
		_, err := st.SelectIDs(t.Context(), persons.Where(code, "x"), rollcall.Window{})
		wantKind(t, err, rollcall.Invalid)
	}
}

func (s *suite) queryWindow(t *testing.T) {
	st := s.open(t)
	m := nature(t, st)
	m2 := m.Class("Team") // the suite's model has no declared order: give one class its own
	m2.Order = []rollcall.OrderBy{{Attribute: "badge", Descending: true}}
	persons := rollcall.SelectAll(m.Class("Person"))
	for name, c := range map[string]struct {
		query  *rollcall.Query
		window rollcall.Window
		want   string
	}{
		"the first two":      {persons, rollcall.Window{Limit: 2}, "14 11"},
		"the second page":    {persons, rollcall.Window{Limit: 2, Offset: 2}, "12 13"},
		"past the end":       {persons, rollcall.Window{Limit: 2, Offset: 9}, ""},
		"all but the first":  {persons, rollcall.Window{Offset: 1}, "11 12 13"},
		"a number, NULL 1st": {persons, rollcall.Window{Order: []rollcall.OrderBy{{Attribute: "badge"}}}, "13 14 12 11"},
		"a number, down":     {persons, rollcall.Window{Order: []rollcall.OrderBy{{Attribute: "badge", Descending: true}}}, "11 12 13 14"},
		"texts that tie":     {persons, rollcall.Window{Order: []rollcall.OrderBy{{Attribute: "name"}, {Attribute: "id", Descending: true}}}, "11 13 12 14"},
		"a text, down":       {persons, rollcall.Window{Order: []rollcall.OrderBy{{Attribute: "name", Descending: true}}}, "14 12 13 11"},
		"an enum, NULL 1st":  {persons, rollcall.Window{Order: []rollcall.OrderBy{{Attribute: "status"}}}, "14 11 12 13"},
		"a field":            {persons, rollcall.Window{Order: []rollcall.OrderBy{{Attribute: "org_name"}}}, "14 11 13 12"},
		"the class's own":    {rollcall.SelectAll(m2), rollcall.Window{}, "21 22"},
		"an ancestor's":      {rollcall.SelectAll(m.Class("Contact")).Where("finalclass", "Team"), rollcall.Window{}, "22 21"},
	} {
		if got := idsOf(t, st, c.query, c.window); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		c.window.Only = []string{"first_name"}
		if got := strings.Join(value[[]string](t)(rowsOf(t, st, c.query, c.window)), " "); got != c.want {
			t.Errorf("%s, objects: got %q, want %q", name, got, c.want)
		}
		if n := value[int](t)(st.CountOf(t.Context(), c.query)); c.query == persons && n != 4 {
			t.Errorf("%s: counted %d, want 4", name, n)
		}
	}
	_, err := st.SelectIDs(t.Context(), persons, rollcall.Window{Order: []rollcall.OrderBy{{Attribute: "nosuch"}}})
	wantKind(t, err, rollcall.Invalid)
}

// queryObjects: rows are whole objects, yield may ask further, in a transaction
// too, and its error ends the query.
func (s *suite) queryObjects(t *testing.T) {
	st := s.open(t)
	m := nature(t, st)
	q, err := oql.Compile(m, "SELECT p, o FROM Person AS p JOIN Organization AS o ON p.org_id = o.id WHERE p.id < 13", nil)
	must(t, err)
	want := value[[]rollcall.Object](t)(st.Objects(t.Context(), m.Class("Person"), []rollcall.ObjectID{11, 12}))
	organizations := value[[]rollcall.Object](t)(st.Objects(t.Context(), m.Class("Organization"), []rollcall.ObjectID{1, 2}))
	tx := begin(t, st)
	var persons, others []rollcall.Object
	must(t, tx.Select(t.Context(), q, rollcall.Window{}, func(row []rollcall.Object) error {
		persons, others = append(persons, row[0]), append(others, row[1])
		_, err := tx.Names(t.Context(), m.Class("Person"), []rollcall.ObjectID{row[0].ID})
		return err
	}))
	same(t, "persons", values(persons), values(want))
	same(t, "organizations", values(others), values(organizations))

	persons = nil
	must(t, tx.Select(t.Context(), rollcall.SelectIDs(m.Class("Contact"), 11, 21), rollcall.Window{Only: []string{"name", "org_name"}}, func(row []rollcall.Object) error {
		persons = append(persons, row[0])
		return nil
	}))
	same(t, "some attributes", []string{persons[0].Get("name"), persons[0].Get("org_id"), persons[0].Get("email"), persons[1].Class.Name}, []string{"Boss", "1", "", "Team"})

	some := rollcall.Window{Only: []string{"name", "org_name", "badge", "born", "status"}}
	var packed []rollcall.Object
	must(t, st.Select(t.Context(), rollcall.SelectAll(m.Class("Contact")), some, func(row []rollcall.Object) error {
		packed = append(packed, row[0])
		return nil
	}))
	var paged []rollcall.Object
	must(t, tx.Select(t.Context(), rollcall.SelectAll(m.Class("Contact")), some, func(row []rollcall.Object) error {
		paged = append(paged, row[0])
		return nil
	}))
	same(t, "objects read by one statement", values(packed), values(paged))

	calls := 0
	stop := fmt.Errorf("enough")
	if err := tx.Select(t.Context(), q, rollcall.Window{}, func([]rollcall.Object) error { calls++; return stop }); err != stop || calls != 1 { //nolint:errorlint // it comes back as it is
		t.Errorf("got %v after %d rows, want the error of the first", err, calls)
	}
	must(t, tx.DeleteObjects(t.Context(), m.Class("Person"), []rollcall.ObjectID{11}))
	if n := value[int](t)(tx.CountOf(t.Context(), q)); n != 1 {
		t.Errorf("got %d rows after a deletion in the transaction, want 1", n)
	}
}

// hostile are texts that would do something if they were ever read as SQL, as a
// pattern or as OQL.
var hostile = []string{
	`'`, `"`, `\`, `\'`, `' OR '1'='1`, `'; DROP TABLE obj_contact; --`, `" OR 1=1 --`, `x' UNION SELECT 1 --`, `$1`, `?`, `%`, `_`, `$$`, "`", `/*`, `--`, `:name`, `{}`, "\x01", "\u202e", "0x41", "NULL", `\\'`, "a\nb",
}

// queryInjection puts hostile text in each place where a text can stand: it
// finds the object with that very text, and nothing else changes.
func (s *suite) queryInjection(t *testing.T) {
	st := s.open(t)
	m := Model()
	person := m.Class("Person")
	quoted := func(s string) string {
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
	}
	for i, text := range hostile {
		insert(t, st, object(m, "Person", rollcall.ObjectID(i+1), "name", text, "first_name", "x"))
	}
	insert(t, st, object(m, "Person", 100, "name", "plain"))
	for i, text := range hostile {
		want := fmt.Sprint(i + 1)
		like := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)
		for _, query := range []string{
			"SELECT Person WHERE name = " + quoted(text),
			"SELECT Person WHERE name IN ('no', " + quoted(text) + ")",
			"SELECT Person WHERE name LIKE " + quoted(like),
			"SELECT Person WHERE CONCAT(name, '') = CONCAT('', " + quoted(text) + ")",
			"SELECT Person WHERE IF(1, name, " + quoted(text) + ") = :v",
			"SELECT Person WHERE name = :v AND COALESCE(NULL, :v) = name",
			"SELECT Person WHERE friendlyname = CONCAT('X ', :v)",
			"SELECT Person WHERE id IN (SELECT Person WHERE name = :v)",
			"SELECT Person AS `" + strings.NewReplacer("`", "", "\x00", "").Replace(text) + "_` WHERE name = :v",
		} {
			got, err := ask(t, st, m, query, map[string]string{"v": text})
			if err != nil || got != want {
				t.Errorf("%s with %q: got %s, %v, want %s", query, text, got, err, want)
			}
		}
		for _, query := range []string{ // no error, whatever the text
			"SELECT Person WHERE DATE_FORMAT(NOW(), :v) = 'x'", "SELECT Person WHERE id = :v", "SELECT Person WHERE born = :v", "SELECT Person WHERE born IN (:v, :v)",
			"SELECT Person WHERE name MATCHES :v", "SELECT Person WHERE name LIKE :v", "SELECT Person WHERE INET_ATON(:v) = 1", "SELECT Person WHERE status = :v", "SELECT Person WHERE finalclass IN (:v)",
			"SELECT Person WHERE DATE_ADD(:v, INTERVAL :v DAY) = 1", "SELECT Person WHERE :v", "SELECT Person WHERE SUBSTR(:v, :v, :v) < ROUND(:v, :v)", "SELECT Person WHERE (:v ^ :v) / FLOOR(:v)",
		} {
			v := []string{text, text + "\x00", "\xff" + text, strings.Repeat(text, 300)}[i%4]
			_, err := ask(t, st, m, query, map[string]string{"v": v})
			isRefused := rollcall.KindOf(err) == rollcall.Invalid && strings.Contains(query, "MATCHES") && len(v) >= 300
			if err != nil && !isRefused { // too many words, or too long ones
				t.Errorf("%s with %.100q: %v", query, v, err)
			}
		}
		if got := idsOf(t, st, rollcall.SelectAll(person).Where("name", text), rollcall.Window{}); got != want {
			t.Errorf("criterion %q: got %s, want %s", text, got, want)
		}
	}
	if n := value[int](t)(st.Count(t.Context(), person)); n != len(hostile)+1 {
		t.Errorf("got %d persons after all this, want %d", n, len(hostile)+1)
	}
}

// queryLimits: what the databases would refuse is refused in words, and what is
// long but simple is answered.
func (s *suite) queryLimits(t *testing.T) {
	st := s.open(t)
	m := nature(t, st)
	joins, names := "SELECT Organization AS o0", ""
	for i := range 39 {
		joins += fmt.Sprintf(" JOIN Organization AS o%d ON o%d.parent_id = o%d.id", i+1, i, i+1)
		names += fmt.Sprintf(" AND o%d.parent_name = 'x'", i)
	}
	if got, err := ask(t, st, m, joins, nil); err != nil || got != "" {
		t.Errorf("39 joins: got %q, %v, want nothing", got, err)
	}
	_, err := ask(t, st, m, joins+" WHERE 1"+names, nil)
	wantKind(t, err, rollcall.Invalid)
	if err == nil || !strings.Contains(err.Error(), "63 tables") {
		t.Errorf("got %v, want the limit said", err)
	}
	numbers := "SELECT Person WHERE id IN (12" + strings.Repeat(",123456", 140000) + ")"
	texts := "SELECT Person WHERE name IN ('boss'" + strings.Repeat(",'no one'", 100000) + ")"
	deep := "SELECT Person WHERE id = 11 AND 1 = " + strings.Repeat("IF(1, ", 70) + "1" + strings.Repeat(", 0)", 70)
	chain := "SELECT Person WHERE id = (0" + strings.Repeat(" + 1", 11) + strings.Repeat(" + 0", 130) + ")"
	wide := "SELECT Person WHERE id = 11 AND (0" + strings.Repeat(" OR name LIKE 'b%'", 2000) + ")"
	substr := "SELECT Person WHERE id = 11 AND 'x' = " + strings.Repeat("SUBSTR(", 100) + "'x'" + strings.Repeat(", 1)", 100)
	concat := "SELECT Person WHERE id = 11 AND '' != CONCAT(name" + strings.Repeat(", name", 99) + ")"
	for text, want := range map[string]string{numbers: "12", texts: "11", deep: "11", chain: "11", wide: "11", substr: "11", concat: "11"} {
		got, err := ask(t, st, m, text, nil)
		if err != nil || got != want {
			t.Errorf("%.60s…: got %q, %.200v, want %s", text, got, err, want)
		}
	}
}
