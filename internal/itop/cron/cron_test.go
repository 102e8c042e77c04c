package cron_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/auth"
	"rollcall/internal/itop/cron"
	"rollcall/internal/itop/gate"
)

// clock is a clock that only Wait and tasks move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func (c *clock) wait(ctx context.Context, d time.Duration) error {
	c.at = c.at.Add(d)
	return ctx.Err()
}

var started = time.Date(2026, 11, 21, 20, 3, 6, 0, time.UTC)

// says returns a task that says a text and takes a second.
func says(c *clock, name string, period time.Duration, text string, err error) cron.Task {
	return cron.Every(name, period, func(context.Context, time.Time) (string, error) {
		c.at = c.at.Add(time.Second)
		return text, err
	})
}

func service(c *clock, tasks ...cron.Task) *cron.Service {
	s := cron.New(cron.Config{Tasks: tasks, Now: c.now, Wait: c.wait, Duration: 5 * time.Second, Pause: 2 * time.Second})
	c.at = c.at.Add(time.Second) // so that all are due
	return s
}

func call(s *cron.Service, isAdmin, commandLine bool, form map[string]string) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	s.Run(context.Background(), rec, &gate.Request{
		Params: gate.NewParams(form), Account: &auth.Account{Login: "admin", Administrator: isAdmin}, CommandLine: commandLine,
	})
	return rec
}

func TestRunDoesWhatIsDueAndTellsIt(t *testing.T) {
	t.Parallel()
	c := &clock{at: started.Add(-time.Second)}
	s := service(c, says(c, "InlineImageGC", time.Second, "Cleaned 0.", nil), says(c, "Combodo\\iTop\\Service\\TemporaryObjectGC", time.Hour, "", errors.New("no <disk>")))
	got := call(s, true, true, map[string]string{"verbose": "1"}).Body.String()
	want := `Starting: 1795291386 (2026-11-21 20:03:06)
Planned duration = 5 seconds
Loop pause = 2 seconds
Background processes: InlineImageGC, Combodo\iTop\Service\TemporaryObjectGC
2 Tasks planned to run now (2026-11-21 20:03:06):
+---------------------------+---------+---------------------+---------------------+
| Task Class                | Status  | Last Run            | Next Run            |
+---------------------------+---------+---------------------+---------------------+
| InlineImageGC             | active  |                     | 2026-11-21 20:03:05 |
| Combodo\iTop\Service\Temp | active  |                     | 2026-11-21 20:03:05 |
+---------------------------+---------+---------------------+---------------------+
>> === 2026-11-21 20:03:06 Starting: InlineImageGC ==================================
InlineImageGC: Cleaned 0.
<< === 2026-11-21 20:03:07 End of:   InlineImageGC =========================== Next: 2026-11-21 20:03:08
>> === 2026-11-21 20:03:07 Starting: Combodo\iTop\Service\TemporaryObjectGC =========
ERROR: an exception was thrown when processing 'Combodo\iTop\Service\TemporaryObjectGC'
Processing failed with message: no <disk>
<< === 2026-11-21 20:03:08 End of:   Combodo\iTop\Service\TemporaryObjectGC == Next: 2026-11-21 21:03:05
--
Sleeping...
1 Tasks planned to run now (2026-11-21 20:03:10):
`
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got[:min(len(got), len(want))], "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, line := range []string{
		"-- Skipping task: Combodo\\iTop\\Service\\TemporaryObjectGC - until: 2026-11-21 21:03:05",
		"| InlineImageGC             | active  | 2026-11-21 20:03:10 | 2026-11-21 20:03:12 |      2 |   1.000 s |",
		"Reached normal execution time limit (exceeded by 2s)\nExiting: 1795291393 (2026-11-21 20:03:13)",
	} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("got\n%s\nwant %s", got, line)
		}
	}
}

func TestRunIsForAdministrators(t *testing.T) {
	t.Parallel()
	c := &clock{at: started}
	s := service(c)
	if got := call(s, false, false, nil).Body.String(); !strings.Contains(got, "<p>Access restricted to administrators</p>") || strings.Contains(got, "Starting") {
		t.Errorf("got %s", got)
	}
	if rec := call(s, false, true, nil); rec.Code != http.StatusForbidden {
		t.Errorf("command line: got status %d, want a failure", rec.Code)
	}
}

func TestOneCallRunsAtATime(t *testing.T) {
	t.Parallel()
	c := &clock{at: started}
	var inner string
	var s *cron.Service
	s = service(c, cron.Every("Nested", time.Hour, func(context.Context, time.Time) (string, error) {
		inner = call(s, true, true, nil).Body.String()
		return "", nil
	}))
	call(s, true, true, nil)
	if !strings.Contains(inner, "\nAlready running...\n") {
		t.Errorf("got %q", inner)
	}
}

func TestStatusShowsTheTableOnATerminalAlone(t *testing.T) {
	t.Parallel()
	c := &clock{at: started}
	s := service(c, says(c, "ExecAsyncTask", time.Minute, "", nil))
	if got := call(s, true, true, map[string]string{"status_only": "1"}).Body.String(); !strings.Contains(got, "| ExecAsyncTask             | active  |                     | 2026-11-21 20:03:06 |      0 |   0.000 s |\n") {
		t.Errorf("got %s", got)
	}
}

// TestAnswersAsRecorded masks times, since nobody's clock is that of the
// recording, and the list of tasks, which are others.
func TestAnswersAsRecorded(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "..", "shared", "recordings", "h15-cron.json"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the recordings are not here")
	}
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Request  struct{ Form map[string]string }
		Response struct{ Body string }
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	for i, x := range list {
		if strings.Contains(x.Response.Body, "login_form") || x.Request.Form["auth_user"] == "" || x.Request.Form["verbose"] == "1" && x.Request.Form["status_only"] == "" {
			continue // the gate's, another page, and a list of other tasks
		}
		c := &clock{at: started}
		got := call(service(c), x.Request.Form["auth_user"] == "admin", false, x.Request.Form).Body.String()
		if got, want := paragraphs(got), paragraphs(x.Response.Body); got != want {
			t.Errorf("exchange %d: got %q, want %q", i, got, want)
		}
	}
}

var numbers = regexp.MustCompile(`\d+`)

// paragraphs is what a page says, with # for numbers.
func paragraphs(page string) string {
	_, rest, _ := strings.Cut(page, `<div id="ibo-page-container">`)
	rest, _, _ = strings.Cut(rest, "</div>")
	return numbers.ReplaceAllString(strings.TrimSpace(rest), "#")
}
