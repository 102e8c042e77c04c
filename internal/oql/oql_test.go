package oql_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rollcall/internal/oql"
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
)

func shipped(t testing.TB) *rollcall.Model {
	t.Helper()
	m, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// personCodes is what iTop 3.2.0 expected in place of an unknown code of Person.
const personCodes = "finalclass, friendlyname, obsolescence_flag, name, status, org_id, org_id_friendlyname, org_id_obsolescence_flag, org_name, email, phone, notify, function, first_name, employee_number, mobile_phone, location_id, location_id_friendlyname, location_id_obsolescence_flag, location_name, manager_id, manager_id_friendlyname, manager_id_obsolescence_flag, manager_name, obsolescence_date, id"

// TestErrorsAreITops has the errors of iTop 3.2.0, observed where no other is
// said; {} in a message stands for the text of the query.
func TestErrorsAreITops(t *testing.T) {
	t.Parallel()
	m := shipped(t)
	for _, c := range []struct {
		text, class, message string
		offset               int
	}{
		{"SELECT Person WHERE org_id->name = 'Demo' AND name = 'nobody'", oql.ClassSyntax, "Unexpected token GT - found '>' at 27 in '{}'", 27},
		{"SELECT Person WHERE", oql.ClassSyntax, "Unexpected token End of Input - found '0' at 0 in '{}'", 19},
		{"SELECT Person WHERE nosuch = 1", oql.ClassNormalize, "Unknown filter code - found 'nosuch' at 20 in '{}', expecting {" + personCodes + "}, I would suggest to use ''", 20},
		{"SELECT Person WHERE org_id = :x", oql.ClassMissing, "Missing query argument: expecting = x, available = {}", 29},
		{"abc", oql.ClassOQL, "Expecting an OQL query - found 'FieldOqlExpression' at 0 in '{}'", 0},
		// by the documented wording
		{"SELECT Person WHERE nam = 1", oql.ClassNormalize, "Unknown filter code - found 'nam' at 20 in '{}', expecting {" + personCodes + "}, I would suggest to use 'name'", 20},
		{"SELECT Person AS p WHERE q.name = 1", oql.ClassNormalize, "Unknown class [alias] - found 'q' at 25 in '{}', expecting {p}, I would suggest to use 'p'", 25},
		{"SELECT q FROM Person AS p", oql.ClassNormalize, "Unknown class [alias] - found 'q' at 7 in '{}', expecting {p}, I would suggest to use 'p'", 7},
		{"SELECT Person JOIN Organization ON Person.org_id = Organization.id WHERE name = 'x'", oql.ClassNormalize, "Ambiguous filter code - found 'name' at 73 in '{}'", 73},
		{"SELECT Person AS p JOIN Person AS p ON p.manager_id = p.id", oql.ClassNormalize, "Duplicate class alias - found 'p' at 34 in '{}'", 34},
		{"SELECT Person JOIN Person ON manager_id = id", oql.ClassNormalize, "Duplicate class name - found 'Person' at 19 in '{}'", 19},
		{"SELECT Person AS p JOIN Organization AS o ON p.org_id = o.name", oql.ClassNormalize, "Wrong format for Join clause (right hand), expecting an id - found 'name' at 58 in '{}'", 58},
		{"SELECT Person AS p JOIN Organization AS o ON x.org_id = o.id", oql.ClassNormalize, "Unknown class in join condition (left expression) - found 'x' at 45 in '{}', expecting {p, o}, I would suggest to use 'p'", 45},
		{"SELECT Person AS p JOIN Organization AS o ON p.org_id = x.id", oql.ClassNormalize, "Unknown class in join condition (right expression) - found 'x' at 56 in '{}', expecting {p, o}, I would suggest to use 'p'", 56},
		{"SELECT Person AS p JOIN Organization AS o ON p.name = o.id", oql.ClassNormalize, "Unknown key in join condition (left expression) - found 'name' at 47 in '{}', expecting {org_id, location_id, manager_id}, I would suggest to use ''", 47},
		{"SELECT Person AS p JOIN Location AS o ON p.org_id = o.id", oql.ClassNormalize, "The joined class (Location) is not compatible with the external key, which is pointing to Organization - found 'Location' at 24 in '{}'", 24},
		{"SELECT Person AS p JOIN Organization AS o ON p.org_id BELOW STRICT o.id", oql.ClassNormalize, "The specified tree operator BELOW_STRICT is not applicable to the key - found 'org_id' at 47 in '{}'", 47},
		{"SELECT Person WHERE CONCAT(name) MATCHES 'x'", oql.ClassOther, `Only "field MATCHES string" syntax is allowed - found 'MATCHES' at 33 in '{}'`, 33},
		{"SELECT Person WHERE name MATCHES name", oql.ClassOther, `Only "field MATCHES string" syntax is allowed - found 'MATCHES' at 25 in '{}'`, 25},
		{"SELECT p, o FROM Person AS p JOIN Organization AS o ON p.org_id = o.id UNION SELECT Person", oql.ClassNormalize, "Too few selected classes in the subquery - found 'Person' at 84 in '{}'", 84},
		{"SELECT Person UNION SELECT p, o FROM Person AS p JOIN Organization AS o ON p.org_id = o.id", oql.ClassNormalize, "Too many selected classes in the subquery - found 'Person' at 37 in '{}'", 37},
		{"SELECT Person UNION SELECT Organization", oql.ClassNormalize, "Incompatible classes: could not find a common ancestor - found 'Organization' at 27 in '{}'", 27},
		{"SELECT Person WHERE name = 'a\nb' AND name = $", oql.ClassOther, "Unexpected input at line 2: $", 44},
		{`SELECT Person WHERE name = 'a\n'`, oql.ClassOther, "Unexpected input at line 1: '", 27},
		{`SELECT Person WHERE name = 'a\"'`, oql.ClassOther, "Unexpected input at line 1: '", 27},
		{"SELECT Person WHERE name = 'a", oql.ClassOther, "Unexpected input at line 1: '", 27},
		{"SELECT Person WHERE name = 1.5", oql.ClassSyntax, "Unexpected token DOT - found '.' at 28 in '{}'", 28},
		{"SELECT Person WHERE name <> 1", oql.ClassSyntax, "Unexpected token GT - found '>' at 26 in '{}'", 26},
		{"SELECT Person WHERE NOT id = 1", oql.ClassSyntax, "Unexpected token NAME - found 'id' at 24 in '{}'", 24},
		{"SELECT Person WHERE id NOT  IN (1)", oql.ClassSyntax, "Unexpected token NAME - found 'NOT' at 23 in '{}'", 23},
		{"SELECT Person WHERE HOUR(name) = 1", oql.ClassSyntax, "Unexpected token F_HOUR - found 'HOUR' at 20 in '{}'", 20},
		{"SELECT Person WHERE UPPER(name) = 1", oql.ClassSyntax, "Unexpected token PAR_OPEN - found '(' at 25 in '{}'", 25},
		{"SELECT Person WHERE id IN ()", oql.ClassSyntax, "Unexpected token PAR_CLOSE - found ')' at 27 in '{}'", 27},
		{"SELECT Person WHERE id = 1 LIMIT 3", oql.ClassSyntax, "Unexpected token NAME - found 'LIMIT' at 27 in '{}'", 27},
		{"select Person", oql.ClassSyntax, "Unexpected token NAME - found 'Person' at 7 in '{}'", 7},
		{"SELECT Person; DROP TABLE x", oql.ClassOther, "Unexpected input at line 1: ;", 13},
		{"SELECT SELECT", oql.ClassSyntax, "Unexpected token SELECT - found 'SELECT' at 7 in '{}'", 7},
		{"", oql.ClassSyntax, "Unexpected token End of Input - found '0' at 0 in '{}'", 0},
		// our own: iTop lets the database refuse these
		{"SELECT Person WHERE IF(1, 2)", oql.ClassNormalize, "Wrong number of arguments - found 'IF' at 20 in '{}'", 20},
		{"SELECT Person WHERE DATE_ADD(NOW(), 1)", oql.ClassNormalize, "An interval is expected: INTERVAL <number> <unit> - found 'DATE_ADD' at 20 in '{}'", 20},
		{"SELECT Person WHERE ROUND(INTERVAL 1 DAY)", oql.ClassNormalize, "An interval stands in DATE_ADD and DATE_SUB alone - found 'INTERVAL' at 26 in '{}'", 26},
		{"SELECT Person WHERE name REGEXP '('", oql.ClassNormalize, "The pattern of REGEXP cannot be read - found '(' at 32 in '{}'", 32},
		{"SELECT Person WHERE name REGEXP name", oql.ClassNormalize, "REGEXP takes a text or a parameter as its pattern - found 'REGEXP' at 25 in '{}'", 25},
		{"SELECT UserLocal WHERE password LIKE '$argon%'", oql.ClassNormalize, "Unknown filter code - found 'password' at 23 in '{}'", 23},
	} {
		_, err := oql.Compile(m, c.text, nil)
		var e *oql.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: got %v, want an *oql.Error", c.text, err)
			continue
		}
		want := strings.ReplaceAll(c.message, "{}", c.text)
		if strings.HasSuffix(c.message, "available = {}") {
			want = c.message
		}
		message := e.Message
		if !strings.Contains(c.message, "expecting") {
			message, _, _ = strings.Cut(message, ", expecting {")
		}
		if e.Class != c.class || message != want || e.Offset != c.offset {
			t.Errorf("%s: got\n  %s %q at %d, want\n  %s %q at %d", c.text, e.Class, message, e.Offset, c.class, want, c.offset)
		}
		if rollcall.KindOf(err) != rollcall.Invalid {
			t.Errorf("%s: got kind %v, want invalid", c.text, rollcall.KindOf(err))
		}
	}
}

func TestUnknownClassListsAll(t *testing.T) {
	t.Parallel()
	m := shipped(t)
	_, err := oql.Compile(m, "SELECT Persn", nil)
	var e *oql.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *oql.Error", err)
	}
	if !strings.HasPrefix(e.Message, "Unknown class - found 'Persn' at 7 in 'SELECT Persn', expecting {") || !strings.HasSuffix(e.Message, "}, I would suggest to use 'Person'") || e.Class != oql.ClassUnknownClass {
		t.Errorf("got %s %q", e.Class, e.Message)
	}
	for _, c := range m.Classes {
		if !strings.Contains(e.Message, c.Name) {
			t.Errorf("%s is not among what is expected", c.Name)
		}
	}
}

func TestMissingArgumentNamesThoseThereAre(t *testing.T) {
	t.Parallel()
	_, err := oql.CompileLists(shipped(t), "SELECT Person WHERE org_id = :z AND id = :a", map[string]string{"a": "1"}, map[string][]string{"list": {"1", "2"}})
	if want := "Missing query argument: expecting = z, available = {0=>a, 1=>list}"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestLimitsAreRefusals: what is too large is refused with a reason, quickly.
func TestLimitsAreRefusals(t *testing.T) {
	t.Parallel()
	m := shipped(t)
	joins := "SELECT Organization AS o0"
	for i := range 1000 {
		joins += fmt.Sprintf(" JOIN Organization AS o%d ON o%d.parent_id = o%d.id", i+1, i, i+1)
	}
	for name, text := range map[string]string{
		"1 MB":             "SELECT Person WHERE name = '" + strings.Repeat("x", 1<<20) + "'",
		"1,000 joins":      joins,
		"parentheses":      "SELECT Person WHERE " + strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000),
		"functions":        "SELECT Person WHERE " + strings.Repeat("TRIM(", 5000) + "1" + strings.Repeat(")", 5000),
		"subqueries":       strings.Repeat("SELECT Person WHERE id IN (", 5000) + "1" + strings.Repeat(")", 5000),
		"a chain":          "SELECT Person WHERE 1" + strings.Repeat(" + 1", 5000),
		"AND of many":      "SELECT Person WHERE 1" + strings.Repeat(" AND name = 'x'", 20000),
		"members of an IN": "SELECT Person WHERE 1" + strings.Repeat(" IN (1)", 5000),
		"unions":           "SELECT Person" + strings.Repeat(" UNION SELECT Person", 5000),
		"selected classes": "SELECT a" + strings.Repeat(", a", 5000) + " FROM Person AS a",
		"arguments":        "SELECT Person WHERE CONCAT(1" + strings.Repeat(", 1", 5000) + ")",
	} {
		_, err := oql.Compile(m, text, nil)
		var e *oql.Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, "the most") {
			t.Errorf("%s: got %.300v, want a refusal that says the limit", name, err)
		} else if len(e.Message) > 10000 {
			t.Errorf("%s: the message has %d bytes", name, len(e.Message))
		}
	}
	long := "SELECT Person WHERE id IN (0" + strings.Repeat(",1", 500000) + ")"
	if _, err := oql.Compile(m, long, nil); err != nil {
		t.Errorf("a list of half a million: got %.300v, want none", err)
	}
}

func TestParametersAreNamedOnce(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"SELECT Person": nil,
		"SELECT Person WHERE id = :a OR id IN (:b,:a)":                {"a", "b"},
		"SELECT Person WHERE org_id = :this->org_id":                  {"this->org_id"},
		`SELECT Person WHERE name = ":x" AND a = ':y\':z' AND b = :w`: {"w"},
		"::": nil, ":-": nil, ":a->": {"a->"}, "\"": nil, "'\\": nil,
	} {
		if got := oql.Parameters(text); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
