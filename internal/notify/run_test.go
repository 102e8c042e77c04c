package notify_test

import (
	"strings"
	"testing"
	"time"

	"rollcall/internal/notify"
	"rollcall/internal/rollcall"
)

func TestOnlyTroubleIsTold(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	to := []string{"ops@example.com"}
	bad := rollcall.Counters{Seen: 9, Total: 10, CreatedErrors: 1, ReconciledErrors: 2}
	for name, test := range map[string]struct {
		ended   notify.Ended
		to      []string
		subject string
		text    string
	}{
		"all well":        {ended: notify.Ended{Name: "HR", Counters: rollcall.Counters{Created: 3}}, to: to},
		"nobody to tell":  {ended: notify.Ended{Name: "HR", Counters: bad}},
		"errors":          {notify.Ended{Name: "HR", Counters: bad, Start: now, End: now}, to, "iTop Data Sync - HR - errors (3)", "3 errors have been encountered"},
		"did not start":   {notify.Ended{Name: "HR", Failed: "no key"}, to, "iTop Data Sync - HR - fatal error", "could not start: 'no key'"},
		"interrupted":     {notify.Ended{Name: "HR", Failed: "disk full", Started: true}, to, "iTop Data Sync - HR - exception", "interrupted: 'disk full'"},
		"held":            {notify.Ended{Name: "HR", Held: "gone: 9 of 10, more than 5%.", Run: 12, Counters: bad}, to, "iTop Data Sync - HR - held", "anything: gone: 9 of 10, more than 5%.\n\nrollcall runs 12 --changes"},
		"a name of lines": {notify.Ended{Name: "HR\r\nBcc: x@example.com", Failed: "x"}, to, "iTop Data Sync - HR Bcc: x@example.com - fatal error", "could not start"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := notify.OfRun(test.ended, test.to, now)
			if test.subject == "" {
				if got != nil {
					t.Errorf("got %+v, want no notice", got)
				}
				return
			}
			if got == nil || got.Subject != test.subject || !strings.Contains(got.Text, test.text) || got.State != rollcall.DispatchWaiting {
				t.Errorf("got %+v, want subject %q and %q", got, test.subject, test.text)
			}
		})
	}
}

func TestWhatIsQuotedInAPageIsEscaped(t *testing.T) {
	t.Parallel()
	n := notify.OfRun(notify.Ended{Name: "<b>HR</b>", Failed: `<script>"x"</script>`}, []string{"a@example.com"}, time.Now())
	if strings.Contains(n.HTML, "<script>") || strings.Contains(n.HTML, "<b>HR") {
		t.Errorf("got %s, want it escaped", n.HTML)
	}
	if !strings.Contains(n.Text, `<script>"x"</script>`) {
		t.Errorf("got %s, want the text as it is", n.Text)
	}
}
