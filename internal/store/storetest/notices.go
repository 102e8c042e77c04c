package storetest

import (
	"testing"
	"time"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

func (s *suite) noticeTests() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"DispatchIsKeptUntilItIsSettled":         s.dispatchKept,
		"DispatchGoesWithItsTransaction":         s.dispatchInTx,
		"ClaimedDispatchIsNotClaimedAgainAtOnce": s.dispatchClaimed,
		"NoticeIsForWhomItNames":                 s.noticeVisible,
		"NoticeIsReadByOne":                      s.noticeRead,
		"NoticeIsToldAgainAndEnds":               s.noticeRetold,
		"OldNoticesAreDropped":                   s.noticeDropped,
	}
}

func newDispatch(subject string) *rollcall.Dispatch {
	return &rollcall.Dispatch{Channel: rollcall.ChannelMail, Created: Now, To: []string{"a@example.com", "b@example.com"}, Subject: subject, Text: "t", HTML: "<p>t</p>", State: rollcall.DispatchWaiting}
}

func (s *suite) dispatchKept(t *testing.T) {
	st := s.open(t)
	n := newDispatch("it's one")
	must(t, st.AddDispatch(t.Context(), n))
	want := *n
	want.Next = Now
	same(t, "notices", value[[]rollcall.Dispatch](t)(st.Dispatches(t.Context(), 0)), []rollcall.Dispatch{want})

	n.State, n.Attempts, n.Error = rollcall.DispatchSent, 2, "once"
	must(t, st.SettleDispatch(t.Context(), n))
	want.State, want.Attempts, want.Error = n.State, n.Attempts, n.Error
	same(t, "settled", value[[]rollcall.Dispatch](t)(st.Dispatches(t.Context(), 1)), []rollcall.Dispatch{want})
	same(t, "due", value[[]rollcall.Dispatch](t)(st.ClaimDispatches(t.Context(), rollcall.ChannelMail, Now.Add(time.Hour), Now.Add(2*time.Hour), 5)), []rollcall.Dispatch(nil))
}

func (s *suite) dispatchInTx(t *testing.T) {
	st := s.open(t)
	tx := begin(t, st)
	must(t, tx.AddDispatch(t.Context(), newDispatch("lost")))
	must(t, tx.Rollback())
	write(t, st, func(tx *store.Tx) { must(t, tx.AddDispatch(t.Context(), newDispatch("kept"))) })
	got := value[[]rollcall.Dispatch](t)(st.Dispatches(t.Context(), 0))
	if len(got) != 1 || got[0].Subject != "kept" {
		t.Errorf("got %+v, want the kept one alone", got)
	}
}

func (s *suite) dispatchClaimed(t *testing.T) {
	st := s.open(t)
	later := newDispatch("later")
	later.Next = Now.Add(time.Minute)
	must(t, st.AddDispatch(t.Context(), later))
	for _, subject := range []string{"1", "2", "3"} {
		must(t, st.AddDispatch(t.Context(), newDispatch(subject)))
	}
	claim := func(at time.Time, limit int) (subjects []string) {
		t.Helper()
		for _, n := range value[[]rollcall.Dispatch](t)(st.ClaimDispatches(t.Context(), rollcall.ChannelMail, at, at.Add(time.Hour), limit)) {
			subjects = append(subjects, n.Subject)
		}
		return subjects
	}
	same(t, "first", claim(Now, 2), []string{"1", "2"})
	same(t, "second", claim(Now, 2), []string{"3"})
	same(t, "third", claim(Now, 2), []string(nil))
	same(t, "a minute on", claim(Now.Add(time.Minute), 5), []string{"later"})
	same(t, "an hour on, unsettled ones come again", claim(Now.Add(time.Hour), 5), []string{"1", "2", "3"})
}

func newNotice(subject string, accounts, profiles []string) *rollcall.Notice {
	return &rollcall.Notice{Kind: rollcall.NoticeHeld, Source: "staff", Run: 3, Subject: subject, Text: "t", Matter: "m", Created: Now, Accounts: accounts, Profiles: profiles}
}

func reader(login string, profiles ...string) rollcall.NoticeReader {
	return rollcall.NoticeReader{Login: login, Profiles: profiles}
}

// subjects of what a filter finds.
func subjects(t *testing.T, st *store.Store, f rollcall.NoticeFilter) (found []string) {
	t.Helper()
	for _, n := range value[[]rollcall.Notice](t)(st.Notices(t.Context(), f)) {
		found = append(found, n.Subject)
	}
	return found
}

func (s *suite) noticeVisible(t *testing.T) {
	st := s.open(t)
	for _, n := range []*rollcall.Notice{
		newNotice("ada's", []string{"ada"}, nil), newNotice("admins'", nil, []string{"Administrator"}),
		newNotice("both", []string{"Ada", "bob"}, []string{"Administrator"}), newNotice("nobody's", nil, nil),
	} {
		must(t, st.AddNotice(t.Context(), n))
	}
	for _, c := range []struct {
		who  rollcall.NoticeReader
		want []string
	}{
		{reader("ADA", "Portal user"), []string{"both", "ada's"}},
		{reader("bob"), []string{"both"}},
		{reader("eve", "Portal user", "administrator"), []string{"both", "admins'"}},
		{reader("eve", "Portal user"), nil},
		{reader(""), nil},
		{rollcall.NoticeReader{Operator: true}, []string{"nobody's", "both", "admins'", "ada's"}},
	} {
		same(t, "notices of "+c.who.Login, subjects(t, st, rollcall.NoticeFilter{Reader: c.who}), c.want)
	}
	all := value[[]rollcall.Notice](t)(st.Notices(t.Context(), rollcall.NoticeFilter{Reader: rollcall.NoticeReader{Operator: true}, Limit: 2}))
	same(t, "the next page", subjects(t, st, rollcall.NoticeFilter{Reader: rollcall.NoticeReader{Operator: true}, Before: all[1].ID}), []string{"admins'", "ada's"})
}

func (s *suite) noticeRead(t *testing.T) {
	st := s.open(t)
	first, second := newNotice("first", nil, []string{"A"}), newNotice("second", nil, []string{"A"})
	hidden := newNotice("hidden", []string{"bob"}, nil)
	for _, n := range []*rollcall.Notice{first, second, hidden} {
		must(t, st.AddNotice(t.Context(), n))
	}
	ada, bob := reader("ada", "A"), reader("bob", "A")
	unread := func(who rollcall.NoticeReader) []string {
		return subjects(t, st, rollcall.NoticeFilter{Reader: who, Unread: true})
	}
	same(t, "marked", value[int](t)(st.ReadNotices(t.Context(), ada, []int64{first.ID, first.ID}, false)), 1)
	same(t, "marked again", value[int](t)(st.ReadNotices(t.Context(), ada, []int64{first.ID}, false)), 0)
	same(t, "ada has not read", unread(ada), []string{"second"})
	same(t, "bob has not read", unread(bob), []string{"hidden", "second", "first"})
	if _, err := st.ReadNotices(t.Context(), ada, []int64{second.ID, hidden.ID}, false); rollcall.KindOf(err) != rollcall.NotFound {
		t.Errorf("got %v, want that there is no such notice for her", err)
	}
	same(t, "all of hers", value[int](t)(st.ReadNotices(t.Context(), ada, nil, false)), 1)
	same(t, "ada has read all", unread(ada), []string(nil))
	same(t, "unread again", value[int](t)(st.ReadNotices(t.Context(), ada, []int64{second.ID}, true)), 1)
	same(t, "ada has it again", unread(ada), []string{"second"})
}

func (s *suite) noticeRetold(t *testing.T) {
	st := s.open(t)
	n := newNotice("again", []string{"ada"}, nil)
	must(t, st.AddNotice(t.Context(), n))
	later := Now.Add(time.Hour)
	write(t, st, func(tx *store.Tx) { must(t, tx.RetellNotice(t.Context(), n.ID, 9, later)) })
	open := value[[]rollcall.Notice](t)(st.OpenNotices(t.Context(), "staff"))
	if len(open) != 1 || open[0].Run != 9 || open[0].Times != 2 || !open[0].Told.Equal(later) || !open[0].Created.Equal(Now) || open[0].Matter != "m" {
		t.Fatalf("got %+v, want one notice that was told twice", open)
	}
	write(t, st, func(tx *store.Tx) { must(t, tx.EndNotice(t.Context(), n.ID, later)) })
	same(t, "open", value[[]rollcall.Notice](t)(st.OpenNotices(t.Context(), "staff")), []rollcall.Notice(nil))
	same(t, "open to her", subjects(t, st, rollcall.NoticeFilter{Reader: reader("ada"), Open: true}), []string(nil))
	same(t, "hers", subjects(t, st, rollcall.NoticeFilter{Reader: reader("ada")}), []string{"again"})

	second, third := newNotice("of run 4", []string{"ada"}, nil), newNotice("of another matter", []string{"ada"}, nil)
	second.Run, third.Matter = 4, "other"
	must(t, st.AddNotice(t.Context(), second))
	must(t, st.AddNotice(t.Context(), third))
	must(t, st.EndNotices(t.Context(), rollcall.NoticeFailed, "other", 0, later)) // of another kind
	must(t, st.EndNotices(t.Context(), rollcall.NoticeHeld, "", 5, later))        // of another run
	same(t, "open", subjects(t, st, rollcall.NoticeFilter{Reader: reader("ada"), Open: true}), []string{"of another matter", "of run 4"})
	must(t, st.EndNotices(t.Context(), rollcall.NoticeHeld, "", 4, later))
	same(t, "open", subjects(t, st, rollcall.NoticeFilter{Reader: reader("ada"), Open: true}), []string{"of another matter"})
	must(t, st.EndNotices(t.Context(), rollcall.NoticeHeld, "other", 0, later))
	same(t, "open", subjects(t, st, rollcall.NoticeFilter{Reader: reader("ada"), Open: true}), []string(nil))
}

func (s *suite) noticeDropped(t *testing.T) {
	st := s.open(t)
	old, young := newNotice("old", []string{"ada"}, nil), newNotice("young", []string{"ada"}, nil)
	old.Created = Now.Add(-time.Hour)
	must(t, st.AddNotice(t.Context(), old))
	must(t, st.AddNotice(t.Context(), young))
	waiting, sent := newDispatch("waiting"), newDispatch("sent")
	waiting.Created, sent.Created, sent.State = old.Created, old.Created, rollcall.DispatchSent
	must(t, st.AddDispatch(t.Context(), waiting))
	must(t, st.AddDispatch(t.Context(), sent))
	must(t, st.DropNotices(t.Context(), Now))
	same(t, "left", subjects(t, st, rollcall.NoticeFilter{Reader: reader("ada")}), []string{"young"})
	if left := value[[]rollcall.Dispatch](t)(st.Dispatches(t.Context(), 0)); len(left) != 1 || left[0].Subject != "waiting" {
		t.Errorf("got %+v, want what waits alone", left)
	}
}
