package mapping_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/mapping"
	"rollcall/internal/rollcall"
)

var ada = map[string][]string{
	"sn": {"Lovelace"}, "givenName": {"Ada"}, "mail": {"ada@x.org", "Ada@Y.org"}, "x-code": {"A-17"},
	"disabled": {"0"}, "locked": {"1"}, "manager": {`CN=Byron\, G.,OU=Poets,DC=x`}, "n": {"42"},
	"whenCreated": {"20260131120000.0Z"}, "bad": {"\xff"}, "mobile": {" +44 1 "},
}

func TestExpressions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		expr  string
		typ   rollcall.Type
		want  rollcall.Cell
		wrong string
	}{
		{`entry.sn`, rollcall.TypeString, set("Lovelace"), ""},
		{`entry.GIVENNAME + " " + upper(entry.sn)`, rollcall.TypeString, set("Ada LOVELACE"), ""},
		{`entry["x-code"]`, rollcall.TypeString, set("A-17"), ""},
		{`entry.nothere`, rollcall.TypeString, set(""), ""},
		{`entry.nothere ?? "x"`, rollcall.TypeString, set(""), ""},
		{`entry.disabled ? "inactive" : "active"`, rollcall.TypeEnum, set("active"), ""},
		{`entry.locked || entry.expired || entry.password_expired`, rollcall.TypeBoolean, set("1"), ""},
		{`entry.disabled`, rollcall.TypeBoolean, set("0"), ""},
		{`entry.has("mail") && !entry.has("fax")`, rollcall.TypeBoolean, set("1"), ""},
		{`join(entry.all("mail"), ";")`, rollcall.TypeString, set("ada@x.org;Ada@Y.org"), ""},
		{`len(entry.all("mail"))`, rollcall.TypeInteger, set("2"), ""},
		{`first(filter(entry.all("mail"), # endsWith "@Y.org"))`, rollcall.TypeString, set("Ada@Y.org"), ""},
		{`join(map(entry.all("mail"), lower(#)), " ")`, rollcall.TypeString, set("ada@x.org ada@y.org"), ""},
		{`any(entry.all("mail"), # contains "@x")`, rollcall.TypeBoolean, set("1"), ""},
		{`split(entry["x-code"], "-")[1]`, rollcall.TypeString, set("17"), ""},
		{`replace(entry["x-code"], "-", "")`, rollcall.TypeString, set("A17"), ""},
		{`entry.sn matches "^Love" ? "y" : "n"`, rollcall.TypeString, set("y"), ""},
		{`entry.sn startsWith "Love" and entry.sn endsWith "lace" ? "y" : "n"`, rollcall.TypeString, set("y"), ""},
		{`substr(entry.sn, 0, 4)`, rollcall.TypeString, set("Love"), ""},
		{`substr(entry.sn, -4)`, rollcall.TypeString, set("lace"), ""},
		{`substr(entry.sn, 99, 4)`, rollcall.TypeString, set(""), ""},
		{`substr("éàü", 1, 99999999999)`, rollcall.TypeString, set("àü"), ""},
		{`rdn(entry.manager)`, rollcall.TypeString, set("Byron, G."), ""},
		{`date(entry.whenCreated)`, rollcall.TypeDate, set("2026-01-31"), ""},
		{`datetime("2026-01-31")`, rollcall.TypeDateTime, set("2026-01-31 00:00:00"), ""},
		{`date(entry.fax)`, rollcall.TypeDate, set(""), ""},
		{`trim(entry.mobile)`, rollcall.TypePhone, set("+44 1"), ""},
		{`int(entry.n) / 4`, rollcall.TypeDecimal, set("10.5"), ""},
		{`"a\tb\n"`, rollcall.TypeString, set("a b"), ""},
		{`entry.disabled ? "x" : nil`, rollcall.TypeString, rollcall.Cell{}, ""},
		{`date(entry.sn)`, rollcall.TypeDate, rollcall.Cell{}, `"Lovelace" is no date`},
		{`int(entry.sn)`, rollcall.TypeInteger, rollcall.Cell{}, "invalid operation"},
		{`substr(entry.sn, 0, -1)`, rollcall.TypeString, rollcall.Cell{}, "length of 0 or more"},
		{`split(entry.sn, "x")[7]`, rollcall.TypeString, rollcall.Cell{}, "out of range"},
		{`entry.bad + "x"`, rollcall.TypeString, rollcall.Cell{}, "bad: byte 1 (0xff) is not UTF-8"},
		{`join(entry.all("bad"))`, rollcall.TypeString, rollcall.Cell{}, "bad: byte 1 (0xff) is not UTF-8"},
		{`entry.has("bad") ? "y" : "n"`, rollcall.TypeString, set("y"), ""},
		{`entry.sn matches entry.manager + "("`, rollcall.TypeString, rollcall.Cell{}, ""},
		{`find([1, "a"], # == 1)`, rollcall.TypeString, set("1"), ""},
		{`find([true, "a"], # == true)`, rollcall.TypeString, rollcall.Cell{}, "true or false where a text"},
		{`find([["a"], 1], true)`, rollcall.TypeString, rollcall.Cell{}, "a list where one text"},
		{`find([{"a": 1}, 1], true)`, rollcall.TypeString, rollcall.Cell{}, "no value of an attribute"},
	}
	for _, tt := range tests {
		t.Run(tt.expr, func(t *testing.T) {
			t.Parallel()
			if strings.Contains(tt.expr, `matches entry.manager`) {
				tt.typ, tt.wrong = rollcall.TypeBoolean, "missing closing )"
			}
			m := compile(t, of(tt.typ, rollcall.AttributeRule{Expr: tt.expr}))
			for range 2 { // the second run uses the first one's machine
				row := make(rollcall.Row, 1)
				problems := m.Map(entry(ada), row)
				if diff := cmp.Diff(tt.want, row[0]); diff != "" {
					t.Errorf("cell (-want +got):\n%s", diff)
				}
				switch {
				case tt.wrong == "" && len(problems) > 0:
					t.Errorf("got problems %v, want none", problems)
				case tt.wrong != "" && (len(problems) != 1 || !strings.Contains(problems[0].Reason, tt.wrong)):
					t.Errorf("got problems %v, want one saying %q", problems, tt.wrong)
				}
			}
		})
	}
}

func TestAnExpressionMayGiveAListWhereAllAreWanted(t *testing.T) {
	t.Parallel()
	for _, expr := range []string{`entry.all("mail")`, `map(entry.all("mail"), #)`} {
		m := compile(t, of(rollcall.TypeString, rollcall.AttributeRule{Expr: expr, All: true, Separator: "|"}))
		row := make(rollcall.Row, 1)
		if problems := m.Map(entry(ada), row); len(problems) > 0 || row[0].Text != "ada@x.org|Ada@Y.org" {
			t.Errorf("%s: got %v, %v", expr, row, problems)
		}
	}
}

func TestARunawayExpressionIsStopped(t *testing.T) {
	t.Parallel()
	m := compile(t, of(rollcall.TypeString, rollcall.AttributeRule{
		Expr: `let a = split(entry.sn, ""); string(len(map(a, map(a, map(a, #)))))`,
	}))
	problems := m.Map(entry(map[string][]string{"sn": {strings.Repeat("x", 500)}}), make(rollcall.Row, 1))
	if len(problems) != 1 || !strings.Contains(problems[0].Reason, "memory budget exceeded") {
		t.Errorf("got %v, want the memory budget to stop it", problems)
	}
}

func FuzzExpression(f *testing.F) {
	f.Add(`entry.sn + lower(entry["x"])`, "a")
	f.Add(`join(entry.all("sn"), "-")`, "\xff")
	f.Add(`let a = entry.sn; a matches "(" ? nil : a`, "é")
	f.Fuzz(func(t *testing.T, expr, value string) {
		rule := of(rollcall.TypeString, rollcall.AttributeRule{Expr: expr})
		m, err := mapping.Compile(&rollcall.Source{Rules: rollcall.Rules{Attributes: []rollcall.AttributeRule{rule}}})
		if err != nil {
			return
		}
		row := make(rollcall.Row, 1)
		problems := m.Map(entry(map[string][]string{"sn": {value}}), row)
		if len(problems) > 0 && row[0].Set {
			t.Errorf("%q: a problem and a set cell: %v, %v", expr, problems, row)
		}
	})
}
