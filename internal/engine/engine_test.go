package engine_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/rollcall"
)

// persons is a source of persons joined by mail, in one organisation.
func persons(w *world, set func(*rollcall.Rules)) *feed {
	return w.feed("persons", "Person", func(r *rollcall.Rules) {
		reconcileBy(r, "email")
		constant(r, "org_id", "Demo", "name")
		if set != nil {
			set(r)
		}
	}, "name", "first_name", "email", "phone", "org_id")
}

func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestFirstLoadThenNothingThenOneChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := persons(w, nil)
	f.put("k1", "name", "Durand", "first_name", "Inès", "email", "ines@x.com", "phone", "1")
	f.put("k2", "name", "Klein", "first_name", "Ann", "email", "ann@x.com")
	result, changes := w.sync()
	wantText(t, "changes", lines(changes), "create k1 name:>Durand first_name:>Inès email:>ines@x.com phone:>1 org_id:>Demo\ncreate k2 name:>Klein first_name:>Ann email:>ann@x.com org_id:>Demo")
	wantText(t, "persons", w.table("Person", "email", "phone", "org_id"), "Ann Klein email=ann@x.com phone= org_id=Demo\nInès Durand email=ines@x.com phone=1 org_id=Demo")
	wantText(t, "replicas", w.replicas(f), "k1: synchronized creator\nk2: synchronized creator")
	if c := result.Run.Sources[0].Counters; c.Created != 2 || c.Total != 2 || c.Seen != 2 || c.Errors() != 0 {
		t.Errorf("counters of the first load: %+v", c)
	}
	result, changes = w.sync()
	if len(changes) != 0 || result.Run.Sources[0].Counters.Seen != 2 {
		t.Errorf("the second run made %s, counters %+v", lines(changes), result.Run.Sources[0].Counters)
	}
	f.put("k2", "phone", "2")
	_, changes = w.sync()
	wantText(t, "one change", lines(changes), "update k2 phone:>2")
}
