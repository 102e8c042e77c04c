package engine

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rollcall/internal/reconcile"
	"rollcall/internal/rollcall"
)

// TestSpoolGivesEntriesBackSortedByKey: whatever the keys have in common, and
// whether a record is longer than what is read at once.
func TestSpoolGivesEntriesBackSortedByKey(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		s, err := newSpool(t.TempDir())
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = s.close() }()
		start := rapid.SampledFrom([]string{"", "a", "00000001-0000-4000-"}).Draw(rt, "start")
		texts := rapid.SampledFrom([]string{"", "x", strings.Repeat("y", spoolWindow/2), strings.Repeat("z", 3*spoolWindow)})
		var want []staged
		for i := range rapid.IntRange(0, 60).Draw(rt, "entries") {
			e := staged{
				key: start + rapid.StringMatching(`[ab]{0,12}`).Draw(rt, "key"), name: texts.Draw(rt, "name"), at: s.size,
				content: rollcall.Hash{byte(i), 1}, verdict: reconcile.New, replica: int64(i % 3),
				row: rollcall.Row{{}, {Text: texts.Draw(rt, "cell"), Set: true}},
			}
			if i%5 == 0 {
				e.warnings = []string{"one", texts.Draw(rt, "warning")}
			}
			if err := s.add(&e); err != nil {
				rt.Fatal(err)
			}
			want = append(want, e)
		}
		slices.SortFunc(want, func(a, b staged) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.at, b.at)) })
		if err := s.seal(); err != nil {
			rt.Fatal(err)
		}
		var got []staged
		if err := s.batches(7, func(batch []staged) error {
			got = append(got, batch...)
			return nil
		}); err != nil {
			rt.Fatal(err)
		}
		if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(staged{})); diff != "" {
			rt.Fatal(diff)
		}
	})
}
