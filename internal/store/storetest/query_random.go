package storetest

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// RandomQuery draws a query on Model that uses any of the language.
func RandomQuery(t *rapid.T) string {
	g := &queryGenerator{t: t}
	return g.statement(3)
}

type queryGenerator struct {
	t       *rapid.T
	aliases int
}

func (g *queryGenerator) pick(label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(g.t, label)
}

// codes are what conditions name, by class, with what they may be compared to.
var randomCodes = map[string][]string{
	"Organization":    {"id", "name", "code", "parent_id", "parent_name", "friendlyname", "parent_id_friendlyname", "finalclass"},
	"Contact":         {"id", "name", "status", "org_id", "org_name", "email", "friendlyname", "finalclass", "org_id_friendlyname"},
	"Person":          {"id", "name", "status", "org_id", "org_name", "email", "friendlyname", "first_name", "manager_id", "manager_id_friendlyname", "notes", "badge", "rate", "born", "seen"},
	"Team":            {"id", "name", "status", "org_id", "org_name", "badge", "friendlyname"},
	"lnkPersonToTeam": {"id", "team_id", "team_name", "person_id", "person_name", "role", "friendlyname", "person_id_friendlyname"},
}

// randomJoins are ways from one class to another.
var randomJoins = map[string][][2]string{
	"Organization": {{"Organization", "%[1]s.parent_id = %[2]s.id"}, {"Organization", "%[1]s.parent_id BELOW %[2]s.id"}, {"Organization", "%[2]s.parent_id BELOW STRICT %[1]s.id"},
		{"Organization", "%[1]s.parent_id NOT BELOW %[2]s.id"}, {"Organization", "%[1]s.parent_id NOT ABOVE STRICT %[2]s.id"}, {"Organization", "%[2]s.parent_id ABOVE %[1]s.id"},
		{"Person", "%[2]s.org_id = %[1]s.id"}, {"Contact", "%[2]s.org_id = %[1]s.id"}},
	"Contact":         {{"Organization", "%[1]s.org_id = %[2]s.id"}},
	"Person":          {{"Organization", "%[1]s.org_id = %[2]s.id"}, {"Person", "%[1]s.manager_id = %[2]s.id"}, {"lnkPersonToTeam", "%[2]s.person_id = %[1]s.id"}},
	"Team":            {{"Organization", "%[1]s.org_id = %[2]s.id"}, {"lnkPersonToTeam", "%[2]s.team_id = %[1]s.id"}},
	"lnkPersonToTeam": {{"Person", "%[1]s.person_id = %[2]s.id"}, {"Team", "%[1]s.team_id = %[2]s.id"}},
}

// randomTable is an alias and its class.
type randomTable struct{ alias, class string }

func (g *queryGenerator) statement(depth int) string {
	class := g.pick("class", "Organization", "Contact", "Person", "Team", "lnkPersonToTeam")
	text := g.selection(class, depth)
	if class == "Person" || class == "Team" || class == "Contact" {
		for rapid.IntRange(0, 4).Draw(g.t, "union") == 0 {
			text += " UNION " + g.selection(g.pick("class", "Person", "Team", "Contact"), depth)
		}
	}
	return text
}

// selection draws a SELECT of one class.
func (g *queryGenerator) selection(class string, depth int) string {
	g.aliases++
	tables := []randomTable{{fmt.Sprint("a", g.aliases), class}}
	text := "SELECT " + tables[0].alias + " FROM " + class + " AS " + tables[0].alias
	for range rapid.IntRange(0, 2).Draw(g.t, "joins") {
		from := rapid.SampledFrom(tables).Draw(g.t, "from")
		way := rapid.SampledFrom(randomJoins[from.class]).Draw(g.t, "way")
		g.aliases++
		to := randomTable{fmt.Sprint("a", g.aliases), way[0]}
		tables = append(tables, to)
		text += " JOIN " + to.class + " AS " + to.alias + " ON " + fmt.Sprintf(way[1], from.alias, to.alias)
	}
	if rapid.IntRange(0, 5).Draw(g.t, "where") > 0 {
		text += " WHERE " + g.condition(tables, depth)
	}
	return text
}

func (g *queryGenerator) condition(tables []randomTable, depth int) string {
	if depth > 0 {
		switch g.pick("condition", "and", "or", "paren", "query", "plain", "plain", "plain", "plain") {
		case "and":
			return g.condition(tables, depth-1) + " AND " + g.condition(tables, depth-1)
		case "or":
			return g.condition(tables, depth-1) + " OR " + g.condition(tables, depth-1)
		case "paren":
			return "(" + g.condition(tables, depth-1) + ")"
		case "query":
			return g.value(tables, 0) + g.pick("in", " IN (", " NOT IN (") + g.statement(depth-1) + ")"
		}
	}
	left := g.value(tables, depth)
	switch g.pick("operator", "compare", "compare", "compare", "in", "like", "regexp", "matches", "isnull") {
	case "in":
		list := make([]string, rapid.IntRange(1, 40).Draw(g.t, "length"))
		for i := range list {
			list[i] = g.literal()
		}
		return left + g.pick("in", " IN (", " NOT IN (") + strings.Join(list, ",") + ")"
	case "like":
		return left + g.pick("like", " LIKE ", " NOT LIKE ") + g.pick("pattern", "'%'", "'é%'", "'%a_'", "'_b%'", "'%\\\\'", "'\\\\%'", "'1%'", "''")
	case "regexp":
		return left + " REGEXP " + g.pick("regexp", "'^e'", "'[a-f]+$'", "'É|b'", "'^.{2,4}$'", "'\\\\d\\\\b'", "'[^a-z]'", "''", "'a\\\\.b'")
	case "matches":
		t := rapid.SampledFrom(tables).Draw(g.t, "table")
		return t.alias + ".friendlyname MATCHES " + g.pick("words", "'energie'", "'+bob -eclair'", "'b* demo'", "'x'")
	case "isnull":
		return "ISNULL(" + left + ")"
	}
	return left + g.pick("compare", " = ", " != ", " < ", " <= ", " > ", " >= ") + g.value(tables, depth)
}

func (g *queryGenerator) value(tables []randomTable, depth int) string {
	if depth > 0 && rapid.IntRange(0, 3).Draw(g.t, "call") == 0 {
		return g.call(tables, depth-1)
	}
	if rapid.IntRange(0, 2).Draw(g.t, "column") == 0 {
		return g.literal()
	}
	t := rapid.SampledFrom(tables).Draw(g.t, "table")
	return t.alias + "." + g.pick("code", randomCodes[t.class]...)
}

// call draws a function or an operation. Text is made of whole numbers alone:
// the databases write fractions differently in the last digit.
func (g *queryGenerator) call(tables []randomTable, depth int) string {
	v := func() string { return g.value(tables, depth) }
	switch g.pick("function", "IF", "ELT", "COALESCE", "CONCAT", "SUBSTR", "TRIM", "date", "add", "days", "number", "inet", "sum", "bits", "format") {
	case "IF":
		return "IF(" + g.condition(tables, depth) + "," + v() + "," + v() + ")"
	case "ELT":
		return "ELT(" + v() + "," + v() + "," + v() + ")"
	case "COALESCE":
		return "COALESCE(" + v() + "," + v() + ")"
	case "CONCAT":
		return "CONCAT(" + g.literal() + "," + g.literal() + "," + v() + ")"
	case "SUBSTR":
		return "SUBSTR(" + v() + "," + g.pick("from", "1", "2", "-2", "0", "NULL") + "," + g.pick("length", "1", "3", "-1", "99") + ")"
	case "TRIM":
		return "TRIM(" + v() + ")"
	case "date":
		return g.pick("part", "DATE", "TIME", "YEAR", "MONTH", "DAY") + "(" + v() + ")"
	case "add":
		return g.pick("add", "DATE_ADD", "DATE_SUB") + "(" + v() + ", INTERVAL " + g.pick("n", "1", "-13", "400", "99999999999", "'2'") + " " + g.pick("unit", "SECOND", "MINUTE", "HOUR", "DAY", "MONTH", "YEAR") + ")"
	case "days":
		return g.pick("days", "TO_DAYS", "FROM_DAYS", "FLOOR", "ROUND") + "(" + v() + ")"
	case "number":
		return "(" + v() + g.pick("sign", " + ", " - ") + v() + ")"
	case "inet":
		return g.pick("inet", "INET_ATON", "INET_NTOA") + "(" + v() + ")"
	case "bits":
		return "(" + v() + g.pick("sign", " & ", " | ", " ^ ", " << ", " >> ") + g.pick("bits", "1", "5", "64") + ")"
	case "format":
		return "DATE_FORMAT(" + v() + ", '%Y %M %e %U %u %V %v %X %x %j %a %D %h %p')"
	}
	return "(" + v() + " * 2)"
}

func (g *queryGenerator) literal() string {
	return g.pick("literal", "NULL", "0", "1", "2", "11", "12", "-3", "0x0b", "''", "'x'", "'Demo'", "'éclair'", "'ENERGIE '", "'Person'", "'Active'", "'1'", "'12abc'",
		"'2026-03-04'", "'2000-02-29 00:00:00'", "'20000229'", "'10.0.0.1'", "'O\\'Brien \\\\\\\\ 100%'", "NOW()", "CURRENT_DATE()")
}
