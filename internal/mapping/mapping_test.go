package mapping_test

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rollcall/internal/mapping"
	"rollcall/internal/rollcall"
)

// entry makes an entry of fields and their values.
func entry(fields map[string][]string) *rollcall.Entry {
	e := &rollcall.Entry{Key: []byte("k1"), Name: []byte("CN=Ada,DC=x")}
	for name, values := range fields {
		var vs [][]byte
		for _, v := range values {
			vs = append(vs, []byte(v))
		}
		e.Fields = append(e.Fields, name)
		e.Values = append(e.Values, vs)
	}
	return e
}

func compile(t testing.TB, rules ...rollcall.AttributeRule) *mapping.Mapper {
	t.Helper()
	m, err := mapping.Compile(&rollcall.Source{Name: "persons", Rules: rollcall.Rules{Attributes: rules}})
	if err != nil {
		t.Fatalf("Compile: %v", err)
	}
	return m
}

func of(typ rollcall.Type, rule rollcall.AttributeRule) rollcall.AttributeRule {
	rule.Attribute = &rollcall.Attribute{Code: "att", Type: typ, Remote: "profileid"}
	return rule
}

func set(s string) rollcall.Cell { return rollcall.Cell{Text: s, Set: true} }

func TestMapGivesOneCellPerRule(t *testing.T) {
	t.Parallel()
	prefix := func(onMiss string) rollcall.AttributeRule {
		return rollcall.AttributeRule{From: "title", OnMiss: onMiss, Lookup: []rollcall.LookupRule{
			{Pattern: regexp.MustCompile(`^Dr\.? (.*)$`), To: "$1md"},
			{Pattern: regexp.MustCompile(`^x`), To: "$$1"},
		}}
	}
	tests := []struct {
		name  string
		typ   rollcall.Type
		rule  rollcall.AttributeRule
		entry map[string][]string
		want  rollcall.Cell
		wrong string // part of the problem's reason
	}{
		{"a constant", rollcall.TypeString, rollcall.AttributeRule{Value: "Demo", HasValue: true}, nil, set("Demo"), ""},
		{"an empty constant clears", rollcall.TypeString, rollcall.AttributeRule{HasValue: true}, nil, set(""), ""},
		{"a default alone", rollcall.TypeString, rollcall.AttributeRule{Default: "d", HasDefault: true}, nil, set("d"), ""},
		{"a field", rollcall.TypeString, rollcall.AttributeRule{From: "sn"}, map[string][]string{"sn": {"Byron"}}, set("Byron"), ""},
		{"names compare without case", rollcall.TypeString, rollcall.AttributeRule{From: "givenName"}, map[string][]string{"GIVENNAME": {"Ada"}}, set("Ada"), ""},
		{"first of several", rollcall.TypeString, rollcall.AttributeRule{From: "mail"}, map[string][]string{"mail": {"a", "b"}}, set("a"), ""},
		{"all of several", rollcall.TypeString, rollcall.AttributeRule{From: "mail", All: true, Separator: ", "}, map[string][]string{"mail": {"a", "", "b"}}, set("a, b"), ""},
		{"a field that is not there clears", rollcall.TypeString, rollcall.AttributeRule{From: "sn"}, nil, set(""), ""},
		{"a blank that is kept", rollcall.TypeString, rollcall.AttributeRule{From: "sn", KeepBlank: true}, map[string][]string{"sn": {" "}}, rollcall.Cell{}, ""},
		{"required and there", rollcall.TypeString, rollcall.AttributeRule{From: "sn", Required: true}, map[string][]string{"sn": {"x"}}, set("x"), ""},
		{"required and blank", rollcall.TypeString, rollcall.AttributeRule{From: "sn", Required: true}, map[string][]string{"sn": {" "}}, rollcall.Cell{}, "it is required"},
		{"no blank to keep", rollcall.TypeString, rollcall.AttributeRule{From: "sn", KeepBlank: true}, map[string][]string{"sn": {"x"}}, set("x"), ""},
		{"a default is no blank", rollcall.TypeString, rollcall.AttributeRule{From: "sn", KeepBlank: true, Default: "?", HasDefault: true}, nil, set("?"), ""},
		{"default when empty", rollcall.TypeString, rollcall.AttributeRule{From: "sn", Default: "?", HasDefault: true}, map[string][]string{"sn": {""}}, set("?"), ""},
		{"white space alone is empty", rollcall.TypeString, rollcall.AttributeRule{From: "sn", Default: "?", HasDefault: true}, map[string][]string{"sn": {" \t "}}, set("?"), ""},
		{"lookup with a group", rollcall.TypeString, prefix("keep"), map[string][]string{"title": {"Dr. Who"}}, set("Whomd"), ""},
		{"lookup with a dollar", rollcall.TypeString, prefix("keep"), map[string][]string{"title": {"xy"}}, set("$1"), ""},
		{"lookup missed, kept", rollcall.TypeString, prefix("keep"), map[string][]string{"title": {"Mr"}}, set("Mr"), ""},
		{"lookup missed, emptied", rollcall.TypeString, prefix("empty"), map[string][]string{"title": {"Mr"}}, set(""), ""},
		{"lookup missed, refused", rollcall.TypeString, prefix("error"), map[string][]string{"title": {"Mr"}}, rollcall.Cell{}, "no line of the lookup table matches"},
		{"nothing to look up is no miss", rollcall.TypeString, prefix("error"), nil, set(""), ""},
		{"lookup comes before default", rollcall.TypeString, func() rollcall.AttributeRule {
			r := prefix("empty")
			r.Default, r.HasDefault = "none", true
			return r
		}(), map[string][]string{"title": {"Mr"}}, set("none"), ""},
		{"not UTF-8", rollcall.TypeString, rollcall.AttributeRule{From: "sn"}, map[string][]string{"sn": {"M\xfcller"}}, rollcall.Cell{}, "byte 2 (0xfc) is not UTF-8"},
		{"NUL", rollcall.TypeString, rollcall.AttributeRule{From: "sn"}, map[string][]string{"sn": {"ab\x00c"}}, rollcall.Cell{}, "byte 3 is NUL"},
		{"a replacement character is text", rollcall.TypeString, rollcall.AttributeRule{From: "sn"}, map[string][]string{"sn": {"\uFFFD"}}, set("\uFFFD"), ""},
		{"one of several not UTF-8", rollcall.TypeString, rollcall.AttributeRule{From: "sn", All: true}, map[string][]string{"sn": {"a", "\xff"}}, rollcall.Cell{}, "0xff"},
		{"bytes of a picture", rollcall.TypeImage, rollcall.AttributeRule{From: "photo"}, map[string][]string{"photo": {"\xff\xd8\x00 "}}, set("\xff\xd8\x00 "), ""},
		{"line ends in one line", rollcall.TypeString, rollcall.AttributeRule{From: "sn"}, map[string][]string{"sn": {"  a\r\n\tb\x1b[2J \n"}}, set("a b [2J"), ""},
		{"line ends in many lines", rollcall.TypeText, rollcall.AttributeRule{From: "info"}, map[string][]string{"info": {"a\r\nb\x1b\tc\n"}}, set("a\r\nb \tc\n"), ""},
		{"a password keeps its blanks", rollcall.TypePassword, rollcall.AttributeRule{From: "pw"}, map[string][]string{"pw": {" p "}}, set(" p "), ""},
		{"a DN keeps its blanks", rollcall.TypeKey, rollcall.AttributeRule{From: "manager", By: "dn"}, map[string][]string{"manager": {`CN=a\ `}}, set(`CN=a\ `), ""},
		{"a set of links keeps its text", rollcall.TypeLinks, rollcall.AttributeRule{From: "l"}, map[string][]string{"l": {" a:b|c:d\n"}}, set(" a:b|c:d\n"), ""},
		{"members of a set of links, one a line", rollcall.TypeLinks, rollcall.AttributeRule{From: "l", All: true, Separator: "\n", By: "name"}, map[string][]string{"l": {"a\nb ", "c"}}, set("a b\nc"), ""},
		{"GeneralizedTime", rollcall.TypeDateTime, rollcall.AttributeRule{From: "t"}, map[string][]string{"t": {"20260131120000.0Z"}}, set("2026-01-31 12:00:00"), ""},
		{"GeneralizedTime with a zone", rollcall.TypeDateTime, rollcall.AttributeRule{From: "t"}, map[string][]string{"t": {"20260131003000+0100"}}, set("2026-01-30 23:30:00"), ""},
		{"GeneralizedTime as a day", rollcall.TypeDate, rollcall.AttributeRule{From: "t"}, map[string][]string{"t": {"202601311200Z"}}, set("2026-01-31"), ""},
		{"FILETIME", rollcall.TypeDateTime, rollcall.AttributeRule{From: "t"}, map[string][]string{"t": {"132223104000000000"}}, set("2020-01-01 00:00:00"), ""},
		{"FILETIME never", rollcall.TypeDate, rollcall.AttributeRule{From: "t"}, map[string][]string{"t": {"9223372036854775807"}}, set(""), ""},
		{"FILETIME zero", rollcall.TypeDate, rollcall.AttributeRule{From: "t"}, map[string][]string{"t": {"0"}}, set(""), ""},
		{"another time is the registry's to judge", rollcall.TypeDate, rollcall.AttributeRule{From: "t"}, map[string][]string{"t": {"tomorrow"}}, set("tomorrow"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := compile(t, of(tt.typ, tt.rule))
			row := make(rollcall.Row, 1)
			problems := m.Map(entry(tt.entry), row)
			if diff := cmp.Diff(tt.want, row[0]); diff != "" {
				t.Errorf("cell (-want +got):\n%s", diff)
			}
			if tt.wrong == "" && len(problems) > 0 {
				t.Errorf("got problems %v, want none", problems)
			}
			if tt.wrong != "" && (len(problems) != 1 || !strings.Contains(problems[0].Reason, tt.wrong)) {
				t.Errorf("got problems %v, want one saying %q", problems, tt.wrong)
			}
		})
	}
}

func TestAProblemNamesEverythingAndSparesTheOtherCells(t *testing.T) {
	t.Parallel()
	sn := of(rollcall.TypeString, rollcall.AttributeRule{From: "sn", OnMiss: "error", Lookup: []rollcall.LookupRule{{Pattern: regexp.MustCompile("^x$")}}})
	mail := of(rollcall.TypeString, rollcall.AttributeRule{From: "mail"})
	m := compile(t, sn, mail)
	row := rollcall.Row{set("left over"), set("left over")}
	e := entry(map[string][]string{"sn": {"evil\x1b[31m"}, "mail": {"a@b.c"}})
	e.Name = []byte("CN=a\x1b,DC=b")
	got := m.Map(e, row)
	want := []rollcall.Problem{{
		Source: "persons", Key: "k1", Entry: `CN=a\x1b,DC=b`, Attribute: "att", Value: "evil [31m",
		Rule: "from sn, lookup", Reason: "no line of the lookup table matches it",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(rollcall.Row{{}, set("a@b.c")}, row); diff != "" {
		t.Errorf("row (-want +got):\n%s", diff)
	}
}

func TestALongValueIsShortenedInItsProblem(t *testing.T) {
	t.Parallel()
	m := compile(t, of(rollcall.TypeString, rollcall.AttributeRule{From: "sn"}))
	got := m.Map(entry(map[string][]string{"sn": {strings.Repeat("é", 5000) + "\xff"}}), make(rollcall.Row, 1))
	want := strings.Repeat("é", 60) + "… (10001 bytes)"
	if len(got) != 1 || got[0].Value != want {
		t.Errorf("got %v, want the value %q", got, want)
	}
}

func TestFieldsAreAskedForOnce(t *testing.T) {
	t.Parallel()
	m := compile(t,
		of(rollcall.TypeString, rollcall.AttributeRule{From: "givenName"}),
		of(rollcall.TypeString, rollcall.AttributeRule{Expr: `entry.givenname + entry["x-y"] + join(entry.all("mail"), ",")`}),
		of(rollcall.TypeString, rollcall.AttributeRule{Expr: `entry.Disabled && entry.has("MAIL") ? entry.DN : entry?.sn`}),
		of(rollcall.TypeString, rollcall.AttributeRule{Value: "c", HasValue: true}),
		of(rollcall.TypeLinks, rollcall.AttributeRule{Profiles: &rollcall.ProfileRule{Pattern: regexp.MustCompile("(.)")}}),
	)
	want := []string{"givenName", "x-y", "mail", "disabled", "dn", "sn", "groups"}
	if diff := cmp.Diff(want, sorted(m.Fields(), want)); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
}

// sorted returns got in want's order where both have the same members: the
// order within one expression is the parser's.
func sorted(got, want []string) []string {
	has := map[string]bool{}
	for _, g := range got {
		has[g] = true
	}
	for _, w := range want {
		if !has[w] {
			return got
		}
	}
	if len(got) == len(want) && len(has) == len(want) {
		return want
	}
	return got
}

func TestRulesThatCannotWorkAreRefused(t *testing.T) {
	t.Parallel()
	tests := []struct {
		typ  rollcall.Type
		rule rollcall.AttributeRule
		want string
	}{
		{rollcall.TypeString, rollcall.AttributeRule{}, "neither from, value, expr nor default"},
		{rollcall.TypeString, rollcall.AttributeRule{Expr: `entry.sn +`}, "the expression is wrong at character 10: unexpected token EOF"},
		{rollcall.TypeString, rollcall.AttributeRule{Expr: `entry`}, "after entry comes a field"},
		{rollcall.TypeString, rollcall.AttributeRule{Expr: `entry[lower("X")]`}, "after entry comes a field"},
		{rollcall.TypeString, rollcall.AttributeRule{Expr: `entry.all(entry.sn)`}, "one name in quotes"},
		{rollcall.TypeString, rollcall.AttributeRule{Expr: `entry.first("sn")`}, "one name in quotes"},
		{rollcall.TypeString, rollcall.AttributeRule{Expr: `sn`}, "unknown name sn"},
		{rollcall.TypeString, rollcall.AttributeRule{Expr: `$env`}, "$env is not part"},
		{rollcall.TypeString, rollcall.AttributeRule{Expr: `now()`}, "unknown name now"},
		{rollcall.TypeString, rollcall.AttributeRule{Expr: `toJSON(entry.sn)`}, "unknown name toJSON"},
		{rollcall.TypeString, rollcall.AttributeRule{Expr: `let entry = 1; "a"`}, "another meaning"},
		{rollcall.TypeString, rollcall.AttributeRule{Expr: `string(len(1..1000000000))`}, "ranges"},
		{rollcall.TypeString, rollcall.AttributeRule{Expr: `entry.sn + 1`}, "mismatched types string and int"},
		{rollcall.TypeEnum, rollcall.AttributeRule{Expr: `entry.disabled`}, `write (…) ? "a" : "b"`},
		{rollcall.TypeString, rollcall.AttributeRule{Expr: `entry.all("mail")`}, "gives a list"},
		{rollcall.TypeString, rollcall.AttributeRule{Expr: `{"a": 1}`}, "no value of an attribute"},
		{rollcall.TypeString, rollcall.AttributeRule{Expr: `"a" matches "("`}, "missing closing )"},
		{rollcall.TypeString, rollcall.AttributeRule{Expr: strings.Repeat(`"a"+`, 2000) + `"a"`}, "exceeds maximum allowed nodes"},
		{rollcall.TypeLinks, rollcall.AttributeRule{Profiles: &rollcall.ProfileRule{Pattern: regexp.MustCompile("x")}}, "needs a group in parentheses"},
		{rollcall.TypeString, rollcall.AttributeRule{Profiles: &rollcall.ProfileRule{Pattern: regexp.MustCompile("(x)")}}, "set of links"},
		{rollcall.TypeString, rollcall.AttributeRule{Value: "a", HasValue: true, OnMiss: "error",
			Lookup: []rollcall.LookupRule{{Pattern: regexp.MustCompile("x")}}}, "no line of the lookup table"},
	}
	for _, tt := range tests {
		t.Run(tt.want, func(t *testing.T) {
			t.Parallel()
			_, err := mapping.Compile(&rollcall.Source{Name: "persons", Rules: rollcall.Rules{Attributes: []rollcall.AttributeRule{of(tt.typ, tt.rule)}}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want an error with %q", err, tt.want)
			}
			if strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), "source persons, attribute att: ") {
				t.Errorf("got %q, want one line that names the source and the attribute", err)
			}
			if rollcall.KindOf(err) != rollcall.Invalid {
				t.Errorf("got kind %v, want invalid", rollcall.KindOf(err))
			}
		})
	}
}

func TestMapIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	m := compile(t, of(rollcall.TypeString, rollcall.AttributeRule{Expr: `lower(entry.sn)`}), of(rollcall.TypeString, rollcall.AttributeRule{From: "sn"}))
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				name := fmt.Sprintf("N%d-%d", g, i)
				fields := []string{"sn"}
				if i%2 == g%2 {
					fields = []string{"other", "sn"}
				}
				e := &rollcall.Entry{Fields: fields, Values: make([][][]byte, len(fields))}
				e.Values[len(fields)-1] = [][]byte{[]byte(name)}
				row := make(rollcall.Row, 2)
				m.Map(e, row)
				if row[0].Text != strings.ToLower(name) || row[1].Text != name {
					t.Errorf("got %v, want %s", row, name)
				}
			}
		})
	}
	wg.Wait()
}

// Whatever a directory sends, a cell of one line is valid text without control
// characters, and a cell that could not be made is unset and has a problem.
func TestAnyBytesBecomeCleanTextOrAProblem(t *testing.T) {
	t.Parallel()
	m := compile(t, of(rollcall.TypeString, rollcall.AttributeRule{From: "sn"}),
		of(rollcall.TypeString, rollcall.AttributeRule{Expr: `substr(entry.sn, 1, 3) + entry.sn`}))
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.Custom(func(t *rapid.T) string { return rapid.String().Draw(t, "text") }),
			rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) })).Draw(t, "value")
		row := make(rollcall.Row, 2)
		problems := m.Map(entry(map[string][]string{"sn": {value}}), row)
		unset := 0
		for _, cell := range row {
			if !cell.Set {
				unset++
			}
			if !utf8.ValidString(cell.Text) || strings.ContainsFunc(cell.Text, unicode.IsControl) || strings.TrimSpace(cell.Text) != cell.Text {
				t.Fatalf("got cell %q of %q", cell.Text, value)
			}
		}
		if unset != len(problems) {
			t.Fatalf("got %d unset cells and %d problems", unset, len(problems))
		}
		for _, p := range problems {
			if !utf8.ValidString(p.Value) || strings.ContainsFunc(p.Value, unicode.IsControl) {
				t.Fatalf("got problem value %q", p.Value)
			}
		}
	})
}
