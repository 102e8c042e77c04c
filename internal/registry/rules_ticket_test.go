package registry_test

import (
	"testing"

	"rollcall/internal/rollcall"
)

func TestATicketFillsInWhatFollows(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	for _, tt := range []struct{ class, ref string }{{"UserRequest", "R-000001"}, {"Incident", "I-000002"}, {"NormalChange", "C-000003"}} {
		ticket := w.get(tt.class, w.make(tt.class, "org_id", id(w.org), "title", "t", "description", "d"))
		want := map[string]string{"ref": tt.ref, "operational_status": "ongoing", "start_date": "2026-05-06 07:08:09", "last_update": "2026-05-06 07:08:09", "status": "new"}
		for code, value := range want {
			if got := ticket.Get(code); got != value {
				t.Errorf("%s: %s: got %q, want %q", tt.class, code, got, value)
			}
		}
	}
	given := w.get("UserRequest", w.make("UserRequest", "org_id", id(w.org), "title", "t", "description", "d", "ref", "X-1", "start_date", "2026-05-06 07:00:00"))
	if given.Get("ref") != "X-1" || given.Get("start_date") != "2026-05-06 07:00:00" {
		t.Errorf("what was given did not stay: %q, %q", given.Get("ref"), given.Get("start_date"))
	}
}

func TestATicketIsMeasuredFromItsDates(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	ticket := w.make("UserRequest", "org_id", id(w.org), "title", "t", "description", "d", "start_date", "2026-05-06 07:00:00")
	for _, o := range w.update(w.by(), w.edit("UserRequest", ticket, "status", "resolved", "assignment_date", "2026-05-06 07:00:30", "resolution_date", "2026-05-06 08:00:00", "solution", "s")) {
		must(t, o.Err)
	}
	got := w.get("UserRequest", ticket)
	for code, want := range map[string]string{"tto": "30", "ttr": "3600", "time_spent": "3600", "operational_status": "resolved"} {
		if got.Get(code) != want {
			t.Errorf("%s: got %q, want %q", code, got.Get(code), want)
		}
	}
}

func TestPriorityOfARequest(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	for _, tt := range []struct{ impact, urgency, want string }{
		{"1", "1", "1"}, {"1", "4", "4"}, {"2", "2", "2"}, {"2", "3", "3"}, {"3", "1", "2"}, {"3", "4", "4"},
	} {
		ticket := w.get("UserRequest", w.make("UserRequest", "org_id", id(w.org), "title", "t", "description", "d", "impact", tt.impact, "urgency", tt.urgency))
		if got := ticket.Get("priority"); got != tt.want {
			t.Errorf("impact %s, urgency %s: got %s, want %s", tt.impact, tt.urgency, got, tt.want)
		}
	}
}

func TestNobodyWritesWhatTheProgramKeeps(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	for _, class := range []string{"SynchroReplica", "SynchroLog", "CMDBChange", "CMDBChangeOp"} {
		for _, err := range w.try(w.draft(class)) {
			if rollcall.KindOf(err) != rollcall.Forbidden {
				t.Errorf("create %s: got %v", class, err)
			}
		}
	}
	change := w.history(rollcall.HistoryFilter{Limit: 1})[0].ID
	for _, o := range w.update(w.by(), w.edit("CMDBChange", rollcall.ObjectID(change), "userinfo", "nobody")) {
		if rollcall.KindOf(o.Err) != rollcall.Forbidden {
			t.Errorf("change a change: got %v", o.Err)
		}
	}
}
