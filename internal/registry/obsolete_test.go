package registry_test

import (
	"testing"
	"time"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
)

// obsoleteObjectsKeepTheirDay makes a person obsolete and active again, on
// several days, and takes that back. History does not tell of the day.
func obsoleteObjectsKeepTheirDay(t *testing.T, w *world) {
	days := 0
	on := func() *registry.Editor {
		days++
		return w.reg.On(w.tx, rollcall.Origin{Kind: "interactive", By: "admin", Run: w.run, At: now.AddDate(0, 0, days)})
	}
	day := func(n int) string { return now.AddDate(0, 0, n).UTC().Format(time.DateOnly) }
	date := func(id rollcall.ObjectID) string { return w.get("Person", id).Get(rollcall.CodeObsolescenceDate) }
	if got, want := date(w.person("Gone", "status", "Inactive")), day(0); got != want {
		t.Errorf("made inactive: got %q, want %q", got, want)
	}
	ann := w.person("Klein")
	for i, c := range []struct {
		run    int64
		change []string
		want   string
	}{
		{5, []string{"phone", "1"}, ""},
		{6, []string{"status", "Inactive", "phone", "2"}, day(2)},
		{7, []string{"phone", "3"}, day(2)},
		{8, []string{"status", "active"}, ""},
		{9, []string{"status", "inactive"}, day(5)},
	} {
		w.run = c.run
		outcome := w.update(on(), w.edit("Person", ann, c.change...))[0]
		must(t, outcome.Err)
		if got := len(outcome.Sets); got != len(c.change)/2 {
			t.Errorf("change %d: got %v, want the %d values given", i, outcome.Sets, len(c.change)/2)
		}
		if got := date(ann); got != c.want {
			t.Errorf("change %d: got %q, want %q", i, got, c.want)
		}
	}
	must(t, w.undo(9))
	if got := date(ann); got != "" {
		t.Errorf("active again by an undo: got %q, want none", got)
	}
	must(t, w.undo(8))
	if got, want := date(ann), day(0); got != want { // the undo is what makes it obsolete now
		t.Errorf("obsolete again by an undo: got %q, want %q", got, want)
	}
	if err := w.update(w.by(), w.edit("Person", ann, rollcall.CodeObsolescenceDate, "2020-01-01"))[0].Err; rollcall.KindOf(err) != rollcall.Invalid {
		t.Errorf("set by somebody: got %v, want a refusal", err)
	}
}
