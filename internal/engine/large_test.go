package engine_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rollcall/internal/rollcall"
)

// TestALargeLoadKeepsItsClassesApart loads two classes that have an attribute of
// one name, as a tree each, the parents last: what waited for them is changed
// while the database still takes what came before.
func TestALargeLoadKeepsItsClassesApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 2200
	parent := map[string]func(int) int{
		"Organization": func(i int) int { return n/2 + i },
		"UserGroup":    func(i int) int { return n - 1 - i },
	}
	named := map[string]string{"Organization": "name", "UserGroup": "path"}
	want := map[string]string{}
	for _, class := range []string{"Organization", "UserGroup"} {
		f := w.feed(class, class, func(r *rollcall.Rules) {
			reconcileBy(r, named[class])
			rule(r, "parent_id").By = "dn"
			rule(r, "name").From = named[class]
		}, slices.Compact([]string{"name", named[class], "parent_id"})...)
		var table []string
		for i := range n {
			key, name, above := fmt.Sprintf("k%04d", i), fmt.Sprintf("%s %04d", class, i), ""
			f.put(key, "dn", "cn="+name, named[class], name)
			if i < n/2 {
				above = fmt.Sprintf("%s %04d", class, parent[class](i))
				f.put(key, "parent_id", "cn="+above)
			}
			table = append(table, name+" parent_id="+above)
		}
		if class == "Organization" {
			table = append(table, "Demo parent_id=")
		}
		slices.Sort(table)
		want[class] = strings.Join(table, "\n")
	}
	if result, _ := w.sync(); len(result.Problems) != 0 {
		t.Fatalf("problems: %+v", result.Problems[0])
	}
	for class, table := range want {
		wantText(t, class, w.table(class, "parent_id"), table)
	}
}

// TestThousandsOfProblemsAreKept: as many as a transaction hands to its writer.
func TestThousandsOfProblemsAreKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := staff(w)
	constant(&f.source.Rules, "org_id", "Elsewhere", "name")
	const n = 2500
	for i := range n {
		f.member(fmt.Sprintf("k%04d", i), "")
	}
	result, _ := w.sync()
	kept, err := w.store.Problems(t.Context(), result.Run.ID)
	if err != nil || len(kept) != n || len(result.Problems) != n || result.Run.Sources[0].Counters.CreatedErrors != n {
		t.Errorf("got %d problems and %d kept (%v), want %d: %+v", len(result.Problems), len(kept), err, n, result.Run.Sources[0].Counters)
	}
}
