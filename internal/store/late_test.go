package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/rollcall"
)

// TestLargeLoadLeavesItsIndexes: what a load does without is there again
// afterwards, however it ends, and as soon as somebody asks for what it finds.
func TestLargeLoadLeavesItsIndexes(t *testing.T) {
	t.Parallel()
	person := &rollcall.Class{Name: "Person", Root: "Person", Attributes: []*rollcall.Attribute{{Code: "name", Type: rollcall.TypeString}, {Code: "email", Type: rollcall.TypeString}}}
	person.Index()
	s, err := Open(t.Context(), Config{DSN: t.TempDir() + "/x.db", Model: rollcall.NewModel([]*rollcall.Class{person})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	src := &rollcall.Source{ID: 1, Class: person, Rules: rollcall.Rules{Attributes: []rollcall.AttributeRule{{Attribute: person.Attribute("name")}}}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.EnsureTable(t.Context(), src))
	must(s.EnsureLookup(t.Context(), person, []string{"name"}))
	must(s.EnsureLookup(t.Context(), person, []string{"email"}))
	all := indexes(t, s.reader)

	load := func(next int) (*Tx, []string) {
		tx, err := s.Begin(t.Context())
		must(err)
		tx.manyRows = 2000
		for from := next; from < next+3000; from += 1000 {
			objects, replicas := make([]rollcall.Object, 1000), make([]rollcall.Replica, 1000)
			var names, emails [][]string
			for i := range objects {
				id := from + i
				objects[i] = rollcall.Object{Class: person, ID: rollcall.ObjectID(id), Values: []string{fmt.Sprint("name ", id), fmt.Sprint(id, "@example.com")}}
				replicas[i] = rollcall.Replica{Key: fmt.Sprint(id), Name: fmt.Sprint("cn=", id), Dest: rollcall.Ref{Class: "Person", ID: objects[i].ID}, Row: rollcall.Row{{}}}
				names, emails = append(names, objects[i].Values[:1]), append(emails, objects[i].Values[1:])
			}
			_, err := tx.Find(t.Context(), person, []string{"name"}, names)
			must(err)
			_, err = tx.Taken(t.Context(), person, []string{"email"}, emails)
			must(err)
			must(tx.InsertObjects(t.Context(), person, objects))
			must(tx.InsertReplicas(t.Context(), src, replicas))
		}
		var without []string
		left := indexes(t, tx.tx)
		for _, ix := range all {
			if !slices.Contains(left, ix) {
				without = append(without, ix)
			}
		}
		return tx, without
	}

	tx, without := load(1)
	if len(without) != 3 {
		t.Errorf("the load does without %q, want two look-ups and the names", without)
	}
	must(tx.Rollback())
	if diff := cmp.Diff(all, indexes(t, s.reader)); diff != "" {
		t.Error("after a rollback:", diff)
	}

	tx, _ = load(1)
	taken := func(emails ...string) []bool {
		t.Helper()
		var keys [][]string
		for _, email := range emails {
			keys = append(keys, []string{email})
		}
		taken, err := tx.Taken(t.Context(), person, []string{"email"}, keys)
		must(err)
		return taken
	}
	before := indexes(t, tx.tx)
	if got := taken("7@Example.com", "nobody"); !got[0] || got[1] {
		t.Errorf("got %v, want the first to be taken", got)
	}
	if diff := cmp.Diff(before, indexes(t, tx.tx)); diff != "" {
		t.Error("what the load wrote itself was looked up:", diff)
	}
	must(tx.UpdateObjects(t.Context(), person, []*rollcall.Attribute{person.Attribute("email")}, []rollcall.ObjectID{7}, [][]string{{"seven@example.com"}}))
	if got := taken("7@example.com", "8@example.com", "seven@example.com"); got[0] || !got[1] || !got[2] {
		t.Errorf("after a change got %v, want the old one to be free", got)
	}
	found, err := tx.Find(t.Context(), person, []string{"name"}, [][]string{{"NAME 2999"}})
	must(err)
	refs, err := tx.ReplicasByName(t.Context(), src.ID, []string{rollcall.FoldDN("cn=2999")})
	must(err)
	if want := rollcall.ObjectID(2999); len(found[0]) != 1 || found[0][0] != want || len(refs) != 1 {
		t.Errorf("found %v and %v", found, refs)
	}
	if diff := cmp.Diff(all, indexes(t, tx.tx)); diff != "" {
		t.Error("once asked:", diff)
	}
	must(tx.Rollback())

	tx, _ = load(1)
	must(tx.Commit())
	if diff := cmp.Diff(all, indexes(t, s.reader)); diff != "" {
		t.Error("after a commit:", diff)
	}

	// Its IDs say that the table holds much.
	tx, _ = load(20_000)
	must(tx.Commit())
	tx, without = load(40_000)
	if slices.ContainsFunc(without, func(ix string) bool { return strings.Contains(ix, lookupPrefix) }) {
		t.Errorf("a load into a table that holds much does without %q", without)
	}
	must(tx.Rollback())
}

func indexes(t *testing.T, on querier) []string {
	t.Helper()
	rows, err := on.QueryContext(t.Context(), "SELECT COALESCE(sql, name) FROM sqlite_master WHERE type = 'index' ORDER BY name")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var list []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		list = append(list, text)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}
