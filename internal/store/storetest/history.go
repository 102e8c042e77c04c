package storetest

import (
	"testing"
	"time"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

func (s *suite) historyTests() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"HistoryKeepsEveryStep":           s.historyKeeps,
		"HistoryFilters":                  s.historyFilters,
		"HistoryIsReadInPagesWhileItIsIn": s.historyPages,
	}
}

func (s *suite) historyKeeps(t *testing.T) {
	st := s.open(t)
	steps := []rollcall.History{
		{Origin: rollcall.Origin{Kind: rollcall.OriginSync, By: "cron", Source: 4, Run: 9, At: Now}, Verb: rollcall.HistoryCreate,
			Object: rollcall.Ref{Class: "Person", ID: 1}, Name: "Ann Boss", Key: "k-1", Reason: "new entry"},
		{Origin: rollcall.Origin{Kind: rollcall.OriginInteractive, By: "Åsa", At: Now.Add(time.Second)}, Verb: rollcall.HistoryUpdate,
			Object: rollcall.Ref{Class: "Person", ID: 1}, Name: "Ann", Sets: []rollcall.Set{
				{Attribute: "picture", Old: "\xff\x00", New: ""}, {Attribute: "notes", Old: "\x1bbase64:", New: "<&>\u2028"},
				{Attribute: "org_id", Old: "1", New: "2", OldText: "Demo", NewText: "Other", Why: "drift"}}},
	}
	write(t, st, func(tx *store.Tx) { must(t, tx.InsertHistory(t.Context(), steps)) })
	got := readHistory(t, st, rollcall.HistoryFilter{})
	for i := range got {
		if got[i].ID <= 0 {
			t.Errorf("step %d has ID %d, want one above 0", i, got[i].ID)
		}
		got[i].ID = 0
	}
	same(t, "history", got, steps)
}

func readHistory(t tester, st *store.Store, f rollcall.HistoryFilter) []rollcall.History {
	t.Helper()
	var list []rollcall.History
	must(t, st.History(t.Context(), f, func(h *rollcall.History) error { list = append(list, *h); return nil }))
	return list
}

func step(class string, id rollcall.ObjectID, run int64, name string) rollcall.History {
	return rollcall.History{Object: rollcall.Ref{Class: class, ID: id}, Origin: rollcall.Origin{Run: run, At: Now}, Verb: rollcall.HistoryUpdate, Name: name}
}

func (s *suite) historyFilters(t *testing.T) {
	st := s.open(t)
	write(t, st, func(tx *store.Tx) {
		must(t, tx.InsertHistory(t.Context(), []rollcall.History{
			step("Person", 1, 0, "a"), step("Organization", 1, 7, "b"), step("Person", 1, 7, "c"), step("Person", 2, 7, "d"), step("Person", 1, 8, "e"),
		}))
	})
	for _, c := range []struct {
		name   string
		filter rollcall.HistoryFilter
		want   string
	}{
		{"all", rollcall.HistoryFilter{}, "abcde"},
		{"newest first", rollcall.HistoryFilter{Newest: true}, "edcba"},
		{"of an object", rollcall.HistoryFilter{Object: rollcall.Ref{Class: "Person", ID: 1}}, "ace"},
		{"of a run", rollcall.HistoryFilter{Run: 7}, "bcd"},
		{"of an object in a run", rollcall.HistoryFilter{Object: rollcall.Ref{Class: "Person", ID: 1}, Run: 7}, "c"},
		{"newest two", rollcall.HistoryFilter{Newest: true, Limit: 2}, "ed"},
		{"of nobody", rollcall.HistoryFilter{Object: rollcall.Ref{Class: "Person", ID: 3}}, ""},
	} {
		got := ""
		for _, h := range readHistory(t, st, c.filter) {
			got += h.Name
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

// historyPages: a reader may use the same transaction while it is handed steps.
func (s *suite) historyPages(t *testing.T) {
	st := s.open(t)
	const n = 1203
	steps := make([]rollcall.History, n)
	for i := range steps {
		steps[i] = step("Person", rollcall.ObjectID(i+1), 5, "x")
	}
	tx := begin(t, st)
	must(t, tx.InsertHistory(t.Context(), steps))
	for limit, want := range map[int]int{0: n, 500: 500, 501: 501, 1000: 1000, 5000: n} {
		count := 0
		must(t, tx.History(t.Context(), rollcall.HistoryFilter{Run: 5, Newest: true, Limit: limit}, func(h *rollcall.History) error {
			if int(h.Object.ID) != n-count {
				t.Fatalf("step %d: got object %d, want %d", count, h.Object.ID, n-count)
			}
			count++
			_, err := tx.Run(t.Context(), 1)
			if rollcall.KindOf(err) != rollcall.NotFound {
				return err
			}
			return nil
		}))
		if count != want {
			t.Errorf("limit %d: got %d steps, want %d", limit, count, want)
		}
	}
}
