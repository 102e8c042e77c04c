package oql_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rollcall/internal/oql"
	"rollcall/internal/rollcall"
	"rollcall/internal/store/storetest"
)

// sameQuery compares two queries; classes are those of one model.
var sameQuery = cmp.Comparer(func(a, b *rollcall.Class) bool { return a == b })

func TestWhatIsPrintedParsesBack(t *testing.T) {
	t.Parallel()
	m := storetest.Model()
	rapid.Check(t, func(rt *rapid.T) {
		text := storetest.RandomQuery(rt)
		q, err := oql.Compile(m, text, nil)
		if err != nil {
			rt.Fatalf("%s: %v", text, err)
		}
		printed := oql.Print(q)
		again, err := oql.Compile(m, printed, nil)
		if err != nil {
			rt.Fatalf("%s\nis printed as\n%s: %v", text, printed, err)
		}
		if diff := cmp.Diff(q, again, sameQuery); diff != "" {
			rt.Fatalf("%s\nis printed as\n%s\nwhich is another query (-first +again)\n%s", text, printed, diff)
		}
	})
}

// TestAnyTextIsPrintedSafely: no value and no name leaves its quotes.
func TestAnyTextIsPrintedSafely(t *testing.T) {
	t.Parallel()
	m := storetest.Model()
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.String().Draw(rt, "value")
		q := rollcall.SelectAll(m.Class("Person")).Where("name", value, "x")
		again, err := oql.Compile(m, oql.Print(q), nil)
		if err != nil {
			rt.Fatalf("%q: %v", value, err)
		}
		if diff := cmp.Diff(q, again, sameQuery); diff != "" {
			rt.Fatalf("%q comes back as another query (-first +again)\n%s", value, diff)
		}
		q, err = oql.Compile(m, "SELECT Person WHERE name = :v", map[string]string{"v": value})
		if err != nil {
			rt.Fatal(err)
		}
		if got := q.Parts[0].Where.(*rollcall.Operation).Right.(*rollcall.Literal).Value; got != value {
			rt.Fatalf("parameter %q came in as %q", value, got)
		}
	})
}

func FuzzCompile(f *testing.F) {
	for _, text := range []string{
		"SELECT Person", "SELECT p, o FROM Person AS p JOIN Organization AS o ON p.org_id = o.id WHERE o.name LIKE 'x%' UNION SELECT t, o FROM Team AS t JOIN Organization AS o ON t.org_id = o.id",
		"SELECT Person WHERE id IN (SELECT Person WHERE born < DATE_SUB(NOW(), INTERVAL 1 DAY)) AND name NOT IN ('a', \"b\") OR :this->id = -1 & 0x1f",
		"SELECT Organization AS o JOIN Organization AS r ON o.parent_id NOT BELOW STRICT r.id WHERE name MATCHES 'x' AND name REGEXP '('", "SELECT `a` FROM `b\\'",
	} {
		f.Add(text)
	}
	m := storetest.Model()
	f.Fuzz(func(t *testing.T, text string) {
		args := map[string]string{}
		for _, name := range oql.Parameters(text) {
			args[name] = "1"
		}
		if _, err := oql.Compile(m, text, args); isMissing(err) {
			t.Errorf("of %q, Parameters does not list one: %v", text, err)
		}
		q, err := oql.Compile(m, text, map[string]string{"this->id": text})
		if err != nil {
			if err.Error() == "" {
				t.Errorf("%q is refused without a word", text)
			}
			return
		}
		printed := oql.Print(q)
		again, err := oql.Compile(m, printed, nil)
		if err != nil {
			t.Fatalf("%q is printed as %q: %v", text, printed, err)
		}
		if second := oql.Print(again); second != printed {
			t.Errorf("%q is printed as %q and then as %q", text, printed, second)
		}
	})
}

// isMissing reports whether a query lacks the value of a parameter.
func isMissing(err error) bool {
	e, ok := errors.AsType[*oql.Error](err)
	return ok && e.Class == oql.ClassMissing
}
