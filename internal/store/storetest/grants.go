package storetest

import (
	"testing"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

func (s *suite) grantTests() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"GrantsHoldFromRunToRun":             s.grantsHold,
		"LostGrantsAreThoseWithoutTheirLink": s.grantsLost,
		"HoldersAreThoseWithAnObject":        s.holders,
		"ALinkIsKeptForAnotherSource":        s.heldElsewhere,
	}
}

func team(holder, target, link rollcall.ObjectID) rollcall.Grant {
	return rollcall.Grant{Binding: "b", Kind: rollcall.GrantTeam, Holder: holder, Target: target, Link: link, Made: true, Via: "CN=Ä > CN=b"}
}

func grantsOf(t tester, st *store.Store, source rollcall.ObjectID) []rollcall.Grant {
	t.Helper()
	var list []rollcall.Grant
	must(t, st.Grants(t.Context(), source, func(g *rollcall.Grant) error {
		list = append(list, *g)
		return nil
	}))
	return list
}

func (s *suite) grantsHold(t *testing.T) {
	st := s.open(t)
	bound := rollcall.BoundGroup{Binding: "b", Gift: rollcall.Gift{Kind: rollcall.GrantTeam, Target: "Duty"}, Key: "k", DN: "CN=Ä", Name: "Ä",
		Target: rollcall.Ref{Class: "Team", ID: 21}, Made: true}
	write(t, st, func(tx *store.Tx) {
		must(t, tx.InsertBoundGroups(t.Context(), 5, 1, []rollcall.BoundGroup{bound}))
		must(t, tx.InsertGrants(t.Context(), 5, 1, []rollcall.Grant{team(13, 21, 33), team(12, 22, 32), team(12, 21, 31)}))
		must(t, tx.InsertGrants(t.Context(), 6, 1, []rollcall.Grant{team(12, 21, 31)}))
	})
	first := grantsOf(t, st, 5)
	if len(first) != 3 || first[0].Holder != 12 || first[0].Target != 21 || first[1].Target != 22 || first[2].Holder != 13 {
		t.Fatalf("got %+v, want three by holder and target", first)
	}
	want := team(12, 21, 31)
	want.ID, want.Run = first[0].ID, 1
	same(t, "a grant", first[0], want)
	groups := value[[]rollcall.BoundGroup](t)(st.BoundGroups(t.Context(), 5))
	bound.ID = groups[0].ID
	same(t, "bound groups", groups, []rollcall.BoundGroup{bound})

	write(t, st, func(tx *store.Tx) {
		must(t, tx.EndGrants(t.Context(), 2, []int64{first[0].ID}))
		must(t, tx.EndBoundGroups(t.Context(), 2, []int64{bound.ID}))
		must(t, tx.InsertGrants(t.Context(), 5, 2, []rollcall.Grant{team(14, 21, 34)}))
	})
	if got := grantsOf(t, st, 5); len(got) != 3 || got[2].Holder != 14 {
		t.Errorf("after run 2: %+v", got)
	}
	if got := value[[]rollcall.Grant](t)(st.GrantsOf(t.Context(), 12, true)); len(got) != 2 {
		t.Errorf("holder 12 has %+v, want what source 6 gave and team 22", got)
	}
	if got := value[[]rollcall.Grant](t)(st.GrantsOf(t.Context(), 12, false)); len(got) != 0 {
		t.Errorf("account 12 has %+v, want nothing: it is not person 12", got)
	}
	write(t, st, func(tx *store.Tx) { must(t, tx.UndoGrants(t.Context(), 2)) })
	same(t, "grants after undoing", grantsOf(t, st, 5), first)
	same(t, "bound groups after undoing", value[[]rollcall.BoundGroup](t)(st.BoundGroups(t.Context(), 5)), groups)
}

func (s *suite) grantsLost(t *testing.T) {
	st := s.open(t)
	m := Model()
	insert(t, st, object(m, "lnkPersonToTeam", 31, "person_id", "12", "team_id", "21"), object(m, "lnkPersonToTeam", 33, "person_id", "13", "team_id", "21"))
	write(t, st, func(tx *store.Tx) {
		must(t, tx.InsertGrants(t.Context(), 5, 1, []rollcall.Grant{team(12, 21, 31), team(12, 22, 32)}))
	})
	link := m.Class("lnkPersonToTeam")
	lost := value[map[int64]bool](t)(st.LostGrants(t.Context(), 5, link, []rollcall.GrantKind{rollcall.GrantTeam}))
	same(t, "lost", lost, map[int64]bool{grantsOf(t, st, 5)[1].ID: true})
	counts := value[map[rollcall.ObjectID]int](t)(st.CountByKey(t.Context(), link, link.Attribute("team_id"), []rollcall.ObjectID{21, 22}))
	same(t, "links by team", counts, map[rollcall.ObjectID]int{21: 2})
}

func (s *suite) holders(t *testing.T) {
	st := s.open(t)
	src := sourceOf(t, st, Model(), 5)
	tied := func(key string, id rollcall.ObjectID, state rollcall.ReplicaState) rollcall.Replica {
		r := replica(src, key)
		r.Dest, r.State = rollcall.Ref{Class: "Person", ID: id}, state
		return r
	}
	insertReplicas(t, st, src, tied("c", 13, rollcall.StateSynchronized), tied("gone", 12, rollcall.StateObsolete), tied("a", 12, rollcall.StateModified),
		tied("orphan", 14, rollcall.StateOrphan), replica(src, "free"))
	var got []rollcall.Holder
	must(t, st.Holders(t.Context(), src.ID, func(h *rollcall.Holder) error {
		got = append(got, *h)
		return nil
	}))
	same(t, "holders", got, []rollcall.Holder{{ID: 12, Key: "gone", IsGone: true}, {ID: 12, Key: "a"}, {ID: 13, Key: "c"}})
}

func (s *suite) heldElsewhere(t *testing.T) {
	st := s.open(t)
	other := team(12, 21, 31)
	other.Made = false
	write(t, st, func(tx *store.Tx) {
		must(t, tx.InsertGrants(t.Context(), 5, 1, []rollcall.Grant{team(12, 21, 31), team(12, 22, 32)}))
		must(t, tx.InsertGrants(t.Context(), 6, 1, []rollcall.Grant{other}))
	})
	write(t, st, func(tx *store.Tx) {
		held := value[map[rollcall.ObjectID]bool](t)(tx.HeldElsewhere(t.Context(), 5, 2, []rollcall.GrantKind{rollcall.GrantTeam}, []rollcall.ObjectID{31, 32}))
		same(t, "held elsewhere", held, map[rollcall.ObjectID]bool{31: true})
	})
	if got := grantsOf(t, st, 6); len(got) != 1 || !got[0].Made {
		t.Errorf("the other source has %+v, want the link to be its own now", got)
	}
	write(t, st, func(tx *store.Tx) { must(t, tx.UndoGrants(t.Context(), 2)) })
	if got := grantsOf(t, st, 6); len(got) != 1 || got[0].Made {
		t.Errorf("after undoing the other source has %+v, want what it had", got)
	}
}
