package storetest

import (
	"testing"
	"time"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

func (s *suite) noticeTests() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"NoticeIsKeptUntilItIsSettled":         s.noticesKept,
		"NoticeGoesWithItsTransaction":         s.noticesInTx,
		"ClaimedNoticeIsNotClaimedAgainAtOnce": s.noticesClaimed,
	}
}

func newNotice(subject string) *rollcall.Notice {
	return &rollcall.Notice{Created: Now, To: []string{"a@example.com", "b@example.com"}, Subject: subject, Text: "t", HTML: "<p>t</p>", State: rollcall.NoticeWaiting}
}

func (s *suite) noticesKept(t *testing.T) {
	st := s.open(t)
	n := newNotice("it's one")
	must(t, st.AddNotice(t.Context(), n))
	want := *n
	want.Next = Now
	same(t, "notices", value[[]rollcall.Notice](t)(st.Notices(t.Context(), 0)), []rollcall.Notice{want})

	n.State, n.Attempts, n.Error = rollcall.NoticeSent, 2, "once"
	must(t, st.SettleNotice(t.Context(), n))
	want.State, want.Attempts, want.Error = n.State, n.Attempts, n.Error
	same(t, "settled", value[[]rollcall.Notice](t)(st.Notices(t.Context(), 1)), []rollcall.Notice{want})
	same(t, "due", value[[]rollcall.Notice](t)(st.ClaimNotices(t.Context(), Now.Add(time.Hour), Now.Add(2*time.Hour), 5)), []rollcall.Notice(nil))
}

func (s *suite) noticesInTx(t *testing.T) {
	st := s.open(t)
	tx := begin(t, st)
	must(t, tx.AddNotice(t.Context(), newNotice("lost")))
	must(t, tx.Rollback())
	write(t, st, func(tx *store.Tx) { must(t, tx.AddNotice(t.Context(), newNotice("kept"))) })
	got := value[[]rollcall.Notice](t)(st.Notices(t.Context(), 0))
	if len(got) != 1 || got[0].Subject != "kept" {
		t.Errorf("got %+v, want the kept one alone", got)
	}
}

func (s *suite) noticesClaimed(t *testing.T) {
	st := s.open(t)
	later := newNotice("later")
	later.Next = Now.Add(time.Minute)
	must(t, st.AddNotice(t.Context(), later))
	for _, subject := range []string{"1", "2", "3"} {
		must(t, st.AddNotice(t.Context(), newNotice(subject)))
	}
	claim := func(at time.Time, limit int) (subjects []string) {
		t.Helper()
		for _, n := range value[[]rollcall.Notice](t)(st.ClaimNotices(t.Context(), at, at.Add(time.Hour), limit)) {
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
