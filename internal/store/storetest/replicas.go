package storetest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

func (s *suite) replicaTests() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"NumberOfReplicasIsKept":               s.tally,
		"FailedEntriesAreThoseInError":         s.failedEntries,
		"ReplicasKeepEverything":               s.replicasKeep,
		"ReplicasAreManyPerStatement":          s.replicasMany,
		"UpdateReplicasWritesTheRowToo":        s.replicasUpdate,
		"DoubledKeyOfASourceIsAConflict":       s.replicasDoubled,
		"MarksTellWhatAFullCompareNeeds":       s.marks,
		"ReplicasByNameFindsOnlyTiedOnes":      s.byName,
		"ReplicasByDestCrossesSources":         s.byDest,
		"ReplicaErrorsListsTheTroubled":        s.replicaErrors,
		"DeletedReplicasTakeTheirRowsAlong":    s.replicasDelete,
		"UndoBringsReplicasBack":               s.replicasUndo,
		"StandingIsKeptAndCountsReplicas":      s.standing,
		"MoveReplicasTellsTheOldNames":         s.moved,
		"SetLastSeenMarksOnlyThoseOfItsSource": s.lastSeen,
	}
}

// sourceOf makes a source of persons with its table.
func sourceOf(t tester, st *store.Store, m *rollcall.Model, id rollcall.ObjectID) *rollcall.Source {
	t.Helper()
	person := m.Class("Person")
	src := &rollcall.Source{ID: id, Name: fmt.Sprint("source ", id), Class: person}
	for _, code := range []string{"name", "badge", "picture", "team_list", "notes", "org_id"} {
		src.Rules.Attributes = append(src.Rules.Attributes, rollcall.AttributeRule{Attribute: person.Attribute(code)})
	}
	must(t, st.EnsureTable(t.Context(), src))
	return src
}

func cell(text string) rollcall.Cell { return rollcall.Cell{Text: text, Set: true} }

func replica(src *rollcall.Source, key string) rollcall.Replica {
	return rollcall.Replica{Source: src.ID, Key: key, Name: "CN=" + key + ",DC=x", State: rollcall.StateSynchronized, Row: make(rollcall.Row, len(src.Rules.Attributes))}
}

func fullReplica(src *rollcall.Source) rollcall.Replica {
	return rollcall.Replica{
		Source: src.ID, Key: "8f7e-Ünicode", Name: `CN=Doe\, Jo,OU="x",DC=x`, Content: rollcall.Hash{1, 0, 255, 4}, State: rollcall.StateModified,
		Dest: rollcall.Ref{Class: "Person", ID: 17}, IsCreator: true, LastSeen: Now, LastError: "it's wrong", LastWarning: "mind", Created: Now.Add(time.Microsecond),
		LastModified: Now.Add(time.Hour), Restore: `{"status":"active"}`, Run: 3,
		Row: rollcall.Row{cell("Doe"), cell(""), cell("\x89\x00\xff"), {}, cell("log"), cell("12")},
	}
}

func insertReplicas(t tester, st *store.Store, src *rollcall.Source, replicas ...rollcall.Replica) []rollcall.Replica {
	t.Helper()
	write(t, st, func(tx *store.Tx) { must(t, tx.InsertReplicas(t.Context(), src, replicas)) })
	return replicas
}

func replicaIDs(replicas []rollcall.Replica) []int64 {
	var list []int64
	for _, r := range replicas {
		list = append(list, r.ID)
	}
	return list
}

func (s *suite) replicasKeep(t *testing.T) {
	st := s.open(t)
	src := sourceOf(t, st, Model(), 5)
	list := insertReplicas(t, st, src, fullReplica(src), replica(src, "plain"))
	if list[0].ID == 0 || list[0].ID == list[1].ID {
		t.Fatalf("got IDs %d and %d, want two different ones", list[0].ID, list[1].ID)
	}
	got := value[[]rollcall.Replica](t)(st.Replicas(t.Context(), src, []int64{list[1].ID, 999, list[0].ID}))
	same(t, "replicas", got, []rollcall.Replica{list[1], list[0]})

	one, found, err := st.ReplicaByKey(t.Context(), src.ID, "8f7e-Ünicode")
	must(t, err)
	want := list[0]
	want.Row = nil
	same(t, "by key", one, want)
	if !found {
		t.Error("got no replica by its key")
	}
	if _, found, err := st.ReplicaByKey(t.Context(), 6, "8f7e-Ünicode"); err != nil || found {
		t.Errorf("got %v, %v for another source's key, want none", found, err)
	}
}

func (s *suite) replicasMany(t *testing.T) {
	st := s.open(t)
	src := sourceOf(t, st, Model(), 5)
	const n = 1777
	list := make([]rollcall.Replica, n)
	for i := range list {
		list[i] = replica(src, fmt.Sprint("k", i))
		list[i].Row[0] = cell(fmt.Sprint("v", i))
	}
	insertReplicas(t, st, src, list...)
	got := value[[]rollcall.Replica](t)(st.Replicas(t.Context(), src, replicaIDs(list)))
	same(t, "replicas", got, list)
}

func (s *suite) replicasUpdate(t *testing.T) {
	st := s.open(t)
	src := sourceOf(t, st, Model(), 5)
	list := insertReplicas(t, st, src, replica(src, "a"), replica(src, "b"), replica(src, "c"))
	changed := fullReplica(src)
	changed.ID = list[1].ID
	cleared := replica(src, "c")
	cleared.ID, cleared.State, cleared.LastSeen = list[2].ID, rollcall.StateObsolete, Now
	write(t, st, func(tx *store.Tx) {
		must(t, tx.UpdateReplicas(t.Context(), src, []rollcall.Replica{changed, cleared}))
		must(t, tx.UpdateReplicas(t.Context(), src, nil))
	})
	got := value[[]rollcall.Replica](t)(st.Replicas(t.Context(), src, replicaIDs(list)))
	same(t, "replicas", got, []rollcall.Replica{list[0], changed, cleared})

	tx := begin(t, st)
	missing := changed
	missing.ID = 999
	wantKind(t, tx.UpdateReplicas(t.Context(), src, []rollcall.Replica{missing}), rollcall.Conflict)
}

func (s *suite) replicasDoubled(t *testing.T) {
	st := s.open(t)
	m := Model()
	src, other := sourceOf(t, st, m, 5), sourceOf(t, st, m, 6)
	insertReplicas(t, st, src, replica(src, "a"))
	insertReplicas(t, st, other, replica(other, "a"))
	tx := begin(t, st)
	wantKind(t, tx.InsertReplicas(t.Context(), src, []rollcall.Replica{replica(src, "a")}), rollcall.Conflict)
}

func (s *suite) marks(t *testing.T) {
	st := s.open(t)
	m := Model()
	src, other := sourceOf(t, st, m, 5), sourceOf(t, st, m, 6)
	states := map[rollcall.ReplicaState]string{
		rollcall.StateNew: "due", rollcall.StateSynchronized: "", rollcall.StateModified: "due", rollcall.StateOrphan: "due", rollcall.StateObsolete: "gone",
	}
	want := map[string]string{}
	var list []rollcall.Replica
	for state, flag := range states {
		for _, trouble := range []string{"", "error", "warning"} {
			r := replica(src, string(state)+"/"+trouble)
			r.State, r.Content = state, rollcall.Hash{byte(len(list)), 15: 9}
			expect := flag
			switch trouble {
			case "error":
				r.LastError = "x"
			case "warning":
				r.LastWarning = "x"
			}
			if trouble != "" && flag != "due" {
				expect = strings.TrimPrefix(flag+"+due", "+")
			}
			if len(list)%2 == 0 {
				r.LastSeen = Now.Add(time.Duration(len(list)) * time.Second)
			}
			want[r.Key] = fmt.Sprint(expect, r.Content, r.LastSeen)
			list = append(list, r)
		}
	}
	list = insertReplicas(t, st, src, list...)
	insertReplicas(t, st, other, replica(other, "not mine"))
	byKey := map[string]int64{}
	for _, r := range list {
		byKey[r.Key] = r.ID
	}
	got := map[string]string{}
	must(t, st.Marks(t.Context(), src.ID, func(mark *rollcall.Mark) error {
		var flags []string
		if mark.Gone {
			flags = append(flags, "gone")
		}
		if mark.Due {
			flags = append(flags, "due")
		}
		key := string(mark.Key)
		if mark.ID != byKey[key] {
			t.Errorf("mark of %s: got ID %d, want %d", key, mark.ID, byKey[key])
		}
		got[key] = fmt.Sprint(strings.Join(flags, "+"), mark.Content, mark.LastSeen)
		return nil
	}))
	same(t, "marks", got, want)
}

func (s *suite) byName(t *testing.T) {
	st := s.open(t)
	m := Model()
	src, other := sourceOf(t, st, m, 5), sourceOf(t, st, m, 6)
	tied := replica(src, "tied")
	tied.Dest, tied.Name = rollcall.Ref{Class: "Person", ID: 3}, "CN=Jürgen,  OU=Staff , DC=X"
	loose, elsewhere := replica(src, "loose"), replica(other, "elsewhere")
	elsewhere.Dest = rollcall.Ref{Class: "Person", ID: 4}
	insertReplicas(t, st, src, tied, loose)
	insertReplicas(t, st, other, elsewhere)
	folded := rollcall.FoldDN("cn=JÜRGEN,ou=staff,dc=x")
	got := value[map[string]rollcall.Ref](t)(st.ReplicasByName(t.Context(), 5, []string{folded, folded, rollcall.FoldDN(loose.Name), rollcall.FoldDN(elsewhere.Name), "cn=nobody"}))
	same(t, "by name", got, map[string]rollcall.Ref{folded: {Class: "Person", ID: 3}})

	renamed := tied
	write(t, st, func(tx *store.Tx) {
		one, _, err := tx.ReplicaByKey(t.Context(), 5, "tied")
		must(t, err)
		renamed.ID, renamed.Name = one.ID, "CN=Other,DC=x"
		must(t, tx.UpdateReplicas(t.Context(), src, []rollcall.Replica{renamed}))
	})
	got = value[map[string]rollcall.Ref](t)(st.ReplicasByName(t.Context(), 5, []string{folded, "cn=other,dc=x"}))
	same(t, "by the new name", got, map[string]rollcall.Ref{"cn=other,dc=x": {Class: "Person", ID: 3}})
}

func (s *suite) byDest(t *testing.T) {
	st := s.open(t)
	m := Model()
	src, other := sourceOf(t, st, m, 5), sourceOf(t, st, m, 6)
	tie := func(r rollcall.Replica, class string, id rollcall.ObjectID) rollcall.Replica {
		r.Dest = rollcall.Ref{Class: class, ID: id}
		return r
	}
	a := insertReplicas(t, st, src, tie(replica(src, "a"), "Person", 3), tie(replica(src, "b"), "Organization", 3))
	b := insertReplicas(t, st, other, tie(replica(other, "c"), "Team", 3), tie(replica(other, "d"), "Team", 4))
	got := value[[]rollcall.Replica](t)(st.ReplicasByDest(t.Context(), m.Class("Person"), []rollcall.ObjectID{3}))
	want := []rollcall.Replica{a[0], b[0]}
	for i := range want {
		want[i].Row = nil
	}
	same(t, "by object", got, want)
}

func (s *suite) replicaErrors(t *testing.T) {
	st := s.open(t)
	m := Model()
	src, other := sourceOf(t, st, m, 5), sourceOf(t, st, m, 6)
	bad, warned := replica(src, "bad"), replica(src, "warned")
	bad.LastError, warned.LastWarning = "e", "w"
	list := insertReplicas(t, st, src, replica(src, "fine"), bad, warned)
	foreign := replica(other, "foreign")
	foreign.LastError = "e"
	insertReplicas(t, st, other, foreign)
	var got []int64
	must(t, st.ReplicaErrors(t.Context(), src.ID, func(r *rollcall.Replica) error {
		got = append(got, r.ID)
		_, err := st.Replicas(t.Context(), src, []int64{r.ID})
		return err
	}))
	same(t, "in trouble", got, []int64{list[1].ID, list[2].ID})
}

func (s *suite) replicasDelete(t *testing.T) {
	st := s.open(t)
	m := Model()
	src, other := sourceOf(t, st, m, 5), sourceOf(t, st, m, 6)
	tie := func(r rollcall.Replica, id rollcall.ObjectID, run int64) rollcall.Replica {
		r.Dest, r.Run = rollcall.Ref{Class: "Person", ID: id}, run
		return r
	}
	a := insertReplicas(t, st, src, tie(replica(src, "a"), 1, 1), tie(replica(src, "b"), 2, 1), tie(replica(src, "c"), 3, 2), tie(replica(src, "d"), 4, 2))
	b := insertReplicas(t, st, other, tie(replica(other, "e"), 2, 1), tie(replica(other, "f"), 5, 2))
	left := func(want ...int64) {
		t.Helper()
		var got []int64
		for _, of := range []*rollcall.Source{src, other} {
			must(t, st.Marks(t.Context(), of.ID, func(mark *rollcall.Mark) error { got = append(got, mark.ID); return nil }))
		}
		same(t, "left", got, want, cmpopts.SortSlices(func(a, b int64) bool { return a < b }))
	}
	write(t, st, func(tx *store.Tx) {
		must(t, tx.DeleteReplicas(t.Context(), src, []int64{a[0].ID, b[0].ID})) // the second is another source's
	})
	left(a[1].ID, a[2].ID, a[3].ID, b[0].ID, b[1].ID)
	write(t, st, func(tx *store.Tx) {
		must(t, tx.DeleteReplicasOf(t.Context(), m.Class("Contact"), []rollcall.ObjectID{2, 4}))
	})
	left(a[2].ID, b[1].ID)
	write(t, st, func(tx *store.Tx) { must(t, tx.DeleteReplicasMadeBy(t.Context(), 2)) })
	left()
	// Were their rows still there, these IDs could not be used again.
	write(t, st, func(tx *store.Tx) {
		for _, r := range a {
			must(t, tx.RestoreReplica(t.Context(), src, r))
		}
	})
	same(t, "restored", value[[]rollcall.Replica](t)(st.Replicas(t.Context(), src, replicaIDs(a))), a)
}

func (s *suite) replicasUndo(t *testing.T) {
	st := s.open(t)
	src := sourceOf(t, st, Model(), 5)
	list := insertReplicas(t, st, src, fullReplica(src), replica(src, "plain"))
	before := []rollcall.ReplicaHistory{{Run: 8, Before: list[0]}, {Run: 8, Before: list[1]}, {Run: 9, Before: list[1]}}
	write(t, st, func(tx *store.Tx) {
		must(t, tx.InsertReplicaHistory(t.Context(), before))
		changed := list[0]
		changed.Name, changed.Row = "CN=else", make(rollcall.Row, len(list[0].Row))
		must(t, tx.UpdateReplicas(t.Context(), src, []rollcall.Replica{changed}))
		must(t, tx.DeleteReplicas(t.Context(), src, []int64{list[1].ID}))
	})
	write(t, st, func(tx *store.Tx) {
		must(t, tx.ReplicaHistory(t.Context(), 8, func(h *rollcall.ReplicaHistory) error {
			if h.Run != 8 {
				t.Errorf("got run %d, want 8", h.Run)
			}
			return tx.RestoreReplica(t.Context(), src, h.Before)
		}))
	})
	same(t, "restored", value[[]rollcall.Replica](t)(st.Replicas(t.Context(), src, replicaIDs(list))), list)
}
