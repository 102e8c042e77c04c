package notify_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/notify"
	"rollcall/internal/rollcall"
)

func TestWhoIsToldOfWhat(t *testing.T) {
	t.Parallel()
	held := func(source, by string) *notify.Happening {
		return &notify.Happening{Kind: rollcall.NoticeHeld, Sources: []string{source}, By: by}
	}
	rules := []notify.Rule{
		{On: []rollcall.NoticeKind{rollcall.NoticeHeld}, Profiles: []string{"Administrator"}, Mail: true, Webhooks: []string{"ops"}},
		{Sources: []string{"users"}, Profiles: []string{"administrator", "Help desk"}, Accounts: []string{"ada"}, Starter: true, Addresses: []string{"x@example.com"}},
		{On: []rollcall.NoticeKind{rollcall.NoticeFailed}, Accounts: []string{"nobody"}},
	}
	for name, test := range map[string]struct {
		h    *notify.Happening
		want notify.Audience
	}{
		"another source": {held("groups", "bob"), notify.Audience{Profiles: []string{"Administrator"}, MailProfiles: []string{"Administrator"}, Webhooks: []string{"ops"}}},
		"by somebody": {held("users", "bob"), notify.Audience{Profiles: []string{"Administrator", "Help desk"}, Accounts: []string{"ada", "bob"}, MailProfiles: []string{"Administrator"},
			Addresses: []string{"x@example.com"}, Webhooks: []string{"ops"}}},
		"by one who is named": {held("users", "ADA"), notify.Audience{Profiles: []string{"Administrator", "Help desk"}, Accounts: []string{"ada"}, MailProfiles: []string{"Administrator"},
			Addresses: []string{"x@example.com"}, Webhooks: []string{"ops"}}},
		"nobody": {&notify.Happening{Kind: rollcall.NoticeProblems, Sources: []string{"groups"}, By: "bob"}, notify.Audience{}},
	} {
		got := notify.AudienceOf(rules, test.h)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		if got.IsNobody() != (name == "nobody") {
			t.Errorf("%s: got IsNobody %v", name, got.IsNobody())
		}
	}
}

func TestTheUsualRules(t *testing.T) {
	t.Parallel()
	for kind, want := range map[rollcall.NoticeKind]notify.Audience{
		rollcall.NoticeCompleted: {Accounts: []string{"ada"}},
		rollcall.NoticeFailed:    {Profiles: []string{"Administrator"}, Accounts: []string{"ada"}},
		rollcall.NoticeLicences:  {Profiles: []string{"Administrator"}, Accounts: []string{"ada"}, MailProfiles: []string{"Administrator"}},
	} {
		if diff := cmp.Diff(want, notify.AudienceOf(notify.UsualRules(), &notify.Happening{Kind: kind, By: "ada"})); diff != "" {
			t.Errorf("%s (-want +got)\n%s", kind, diff)
		}
	}
}

func TestWhatTheEndOfARunTells(t *testing.T) {
	t.Parallel()
	ended := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	run := func(state rollcall.RunState, by string, parts ...rollcall.SourceRun) *rollcall.Run {
		return &rollcall.Run{ID: 12, Kind: "sync", State: state, By: by, Ended: ended, Error: "bind: refused", Sources: parts}
	}
	fine := rollcall.SourceRun{Source: "users", Counters: rollcall.Counters{Read: 5, Created: 2}}
	troubled := rollcall.SourceRun{Source: "people\nof ours", Counters: rollcall.Counters{Read: 5, CreatedErrors: 2}}
	short := rollcall.SourceRun{Source: "users", Short: []rollcall.Shortage{{Package: "Studio", Have: 10, Used: 9, Wanted: 4, Short: 3}}}
	held := rollcall.SourceRun{Source: "users", Held: "9 of 10 entries are gone"}
	for name, test := range map[string]struct {
		run  *rollcall.Run
		want []string // kind, starter, sources, subject
		text string
	}{
		"all is well":  {run(rollcall.RunCompleted, "ada", fine), []string{"completed ada users: Run 12 went through (sync of users)"}, "users: 5 entries read, 2 created"},
		"by the clock": {run(rollcall.RunCompleted, "timetable nightly", fine), []string{"completed  users: Run 12 went through (sync of users)"}, ""},
		"trouble":      {run(rollcall.RunCompleted, "ada", fine, troubled), []string{"problems ada people\nof ours: Source people of ours: 2 entries are in trouble"}, "all but 2 entries"},
		"short":        {run(rollcall.RunCompleted, "ada", short), []string{"licences ada users: Source users: licences are short", "completed ada users: Run 12 went through (sync of users)"}, "3 licences of package Studio are short: it has 10, 9 are taken up, 4 more are wanted."},
		"failed":       {run(rollcall.RunFailed, "ada", fine), []string{"failed ada users: Source users: run 12 failed"}, "nothing was changed: bind: refused"},
		"held":         {run(rollcall.RunHeld, "ada", held, troubled), []string{"held ada users: Source users: run 12 is held"}, "rollcall apply 12 carries it out"},
		"parked":       {run(rollcall.RunCompleted, "timetable q", rollcall.SourceRun{Source: "users", Parked: 2, Counters: rollcall.Counters{CreatedErrors: 2}}), []string{"problems  users: Source users: 2 entries are in trouble", "parked  users: Source users: 2 entries are parked"}, ""},
	} {
		var got []string
		var texts strings.Builder
		for _, h := range notify.OfEnd(test.run) {
			got = append(got, string(h.Kind)+" "+h.By+" "+strings.Join(h.Sources, ",")+": "+h.Subject)
			texts.WriteString(h.Text)
			if !h.At.Equal(ended) || h.Run != 12 || h.Matter == "" {
				t.Errorf("%s: got %+v, want it to say when, of which run, and what", name, h)
			}
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		if !strings.Contains(texts.String(), test.text) {
			t.Errorf("%s: got %q, want it to say %q", name, texts.String(), test.text)
		}
	}
}

func TestACallIsBoundedAndWhole(t *testing.T) {
	t.Parallel()
	h := notify.Happening{Kind: rollcall.NoticeFailed, Sources: []string{"users"}, Run: 3, Subject: "s", Text: strings.Repeat("ü", 1<<20)}
	d, err := h.Call("ops", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	var back map[string]any
	if err := json.Unmarshal([]byte(d.Text), &back); err != nil || len(d.Text) > 70_000 || back["event"] != "failed" || back["run"] != 3.0 {
		t.Errorf("got %d bytes, %v, %v, want a whole document of less", len(d.Text), back["event"], err)
	}
	if len(h.Text) != 2<<20 {
		t.Error("the happening itself was cut")
	}
}
