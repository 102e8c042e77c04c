package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"rollcall/internal/report"
	"rollcall/internal/rollcall"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// evil is a DN that would clear the screen and hide what follows.
const evil = "CN=Mallory\x1b[2J\u009b2J\u202e\xff,OU=People,DC=x"

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

var changes = []rollcall.Change{
	{Source: "persons", Key: "g1", Entry: "CN=Ada,OU=People,DC=x", Verb: rollcall.VerbProvision, Class: "Person", Name: "Ada Lovelace", Sets: []rollcall.Set{
		{Attribute: "name", New: "Lovelace"}, {Attribute: "first_name", New: "Ada"}, {Attribute: "org_id", New: "3", NewText: "Demo"}, {Attribute: "function"},
	}, Warnings: []string{"Could not find [unique] object for 'manager_id'"}},
	{Source: "persons", Key: "g2", Entry: "CN=Grace,DC=x", Verb: rollcall.VerbUpdate, Class: "Person", ID: 12, Name: "Grace Hopper", Sets: []rollcall.Set{
		{Attribute: "email", Old: "g@old.org", New: "grace@new.org", Why: "changed at the source"},
		{Attribute: "manager_id", Old: "", New: "7", NewText: "Howard Aiken", Why: "drift"},
		{Attribute: "function", Old: "Rear admiral", New: ""},
	}},
	{Source: "persons", Key: "g3", Entry: evil, Verb: rollcall.VerbDisable, Class: "Person", ID: 13, Name: "Mal\nlory", Reason: "not seen for 7 days", Sets: []rollcall.Set{{Attribute: "status", Old: "active", New: "inactive"}}},
	{Source: "persons", Key: "g4", Entry: "CN=Gone,DC=x", Verb: rollcall.VerbMiss, Reason: "not seen, 6 days left"},
	{Source: "users", Key: "u1", Entry: "CN=Ada,OU=People,DC=x", Verb: rollcall.VerbFail, Class: "UserLDAP", Error: "Unable to create destination object: Login must be unique"},
	{Source: "users", Key: "u2", Verb: rollcall.VerbDelete, Class: "UserLDAP", ID: 4, Reason: "gone for 90 days"},
}

var problems = []rollcall.Problem{
	{Source: "persons", Key: "g9", Entry: evil, Attribute: "email", Value: "a\x00b", Rule: "from mail", Reason: "byte 2 is NUL (0x00), which no text may hold"},
	{Source: "persons", Key: "g8", Reason: "the key is that of two entries", Warning: true},
	{Source: "users", Attribute: "language", Rule: "from lang", Reason: "it never has a value"},
	{Source: "users", Reason: "page 3 did not arrive"},
}

var run = rollcall.Run{
	ID: 12, Kind: "sync", Started: noon, Ended: noon.Add(14200 * time.Millisecond), State: rollcall.RunHeld, By: "root",
	Sources: []rollcall.SourceRun{
		{Source: "persons", Held: "220 of 2200 entries are gone, 5% allowed", Counters: rollcall.Counters{
			Read: 2197, Total: 2203, Seen: 2197, Created: 4, CreatedWarnings: 1, NewUpdated: 1, Updated: 5, UpdatedErrors: 2, Obsoleted: 3, Missing: 3, EntryProblems: 2,
		}},
		{Source: "users", Counters: rollcall.Counters{Read: 10, Total: 10, Seen: 10, Repaired: 1, Updated: 1, UpdatedWarnings: 1}},
	},
}

var story = report.Story{
	Class: "Person", ID: 12, Name: "Grace Hopper",
	Replicas: []report.StoryReplica{
		{Source: "persons", Key: "g2", Entry: "CN=Grace,DC=x", State: rollcall.StateSynchronized, Creator: true, Run: 3, LastSeen: noon, Warning: "w"},
		{Source: "hr", Key: "77", Entry: evil, State: rollcall.StateObsolete, Error: "Unable to update"},
	},
	Attributes: []report.StoryAttribute{
		{Attribute: "manager_id", Value: "7", Text: "Howard Aiken", Source: "persons", Rule: "from manager by dn", Policy: "locked", By: "persons", Run: 12, At: noon, Why: "changed at the source"},
		{Attribute: "phone", By: "alice", At: noon},
		{Attribute: "note", Value: "n"},
	},
	Steps: []report.StoryStep{
		{At: noon, Verb: rollcall.HistoryUpdate, By: "persons", Run: 12, Reason: "drift", Sets: []rollcall.Set{{Attribute: "email", Old: "a", New: "b"}}},
		{At: noon.Add(-time.Hour), Verb: rollcall.HistoryCreate, By: "alice"},
	},
}

var checks = []report.Check{
	{Name: "connect", Verdict: report.Passed, Detail: "ldaps://dc1, TLS 1.3"},
	{Name: "bind as CN=svc", Verdict: report.Failed, Detail: "the password is wrong (52e)", Hint: "give another with CORP_PASSWORD"},
	{Name: "search", Verdict: report.Skipped},
	{Name: "lint", Verdict: report.Warned, Detail: "key\x1b"},
}

// outputs are all things that are rendered.
var outputs = map[string]func(io.Writer, report.Options) error{
	"plan": func(w io.Writer, o report.Options) error {
		p := report.NewPlan(w, o)
		for i := range changes {
			if err := p.Change(&changes[i]); err != nil {
				return err
			}
		}
		for i := range problems {
			if err := p.Problem(&problems[i]); err != nil {
				return err
			}
		}
		return p.Close(&run)
	},
	"plan-empty": func(w io.Writer, o report.Options) error { return report.NewPlan(w, o).Close(nil) },
	"run":        func(w io.Writer, o report.Options) error { return report.Run(w, o, &run, problems) },
	"runs": func(w io.Writer, o report.Options) error {
		undo := rollcall.Run{ID: 13, Kind: "undo", Undoes: 12, Started: noon.Add(time.Hour), State: rollcall.RunRunning, By: "root"}
		return report.Runs(w, o, []rollcall.Run{undo, run})
	},
	"runs-empty":     func(w io.Writer, o report.Options) error { return report.Runs(w, o, nil) },
	"problems":       func(w io.Writer, o report.Options) error { return report.Problems(w, o, problems) },
	"problems-empty": func(w io.Writer, o report.Options) error { return report.Problems(w, o, nil) },
	"status":         func(w io.Writer, o report.Options) error { return report.Status(w, o, "Person", &run.Sources[0]) },
	"why":            func(w io.Writer, o report.Options) error { return report.Why(w, o, &story) },
	"checks":         func(w io.Writer, o report.Options) error { return report.Checks(w, o, checks) },
	"table": func(w io.Writer, o report.Options) error {
		return report.Table(w, o, []string{"key", "n", "dn"}, [][]string{{"b", "1", evil}, {"aaaa", "20", ""}})
	},
}

func TestOutputsLookAsReviewed(t *testing.T) {
	t.Parallel()
	for name, render := range outputs {
		for _, format := range []report.Format{report.Text, report.JSON, report.CSV} {
			t.Run(name+"."+string(format), func(t *testing.T) {
				t.Parallel()
				var b bytes.Buffer
				if err := render(&b, report.Options{Format: format}); err != nil {
					t.Fatal(err)
				}
				golden := filepath.Join("testdata", name+"."+string(format))
				if *update {
					if err := os.WriteFile(golden, b.Bytes(), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), b.String()); diff != "" {
					t.Errorf("output (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestTextNeverMovesTheCursor(t *testing.T) {
	t.Parallel()
	for name, render := range outputs {
		for _, format := range []report.Format{report.Text, report.JSON, report.CSV} {
			var b bytes.Buffer
			if err := render(&b, report.Options{Format: format, Terminal: true, Verbose: true}); err != nil {
				t.Fatal(err)
			}
			if i := strings.IndexFunc(b.String(), func(r rune) bool { return unicode.IsControl(r) && r != '\n' || r == '\u202e' }); i >= 0 {
				t.Errorf("%s.%s: a control character at byte %d: %q", name, format, i, b.String()[max(0, i-20):i+1])
			}
			if !utf8.Valid(b.Bytes()) {
				t.Errorf("%s.%s is not UTF-8", name, format)
			}
		}
	}
}

func TestJSONAndCSVCanBeReadBack(t *testing.T) {
	t.Parallel()
	for name, render := range outputs {
		var j, c bytes.Buffer
		if err := errors.Join(render(&j, report.Options{Format: report.JSON}), render(&c, report.Options{Format: report.CSV})); err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(j.Bytes(), &v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := csv.NewReader(&c).ReadAll(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	var b bytes.Buffer
	if err := outputs["plan"](&b, report.Options{Format: report.JSON}); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Changes  []rollcall.Change
		Problems []rollcall.Problem
		Run      rollcall.Run
		Summary  report.Summary
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Changes) != len(changes) || len(got.Problems) != len(problems) || got.Run.ID != run.ID || got.Summary.Changes != 4 {
		t.Errorf("got %+v", got)
	}
	if diff := cmp.Diff(changes[1], got.Changes[1]); diff != "" {
		t.Errorf("change (-want +got):\n%s", diff)
	}
}

func TestColourIsOnlyAdded(t *testing.T) {
	t.Parallel()
	strip := strings.NewReplacer("\x1b[31m", "", "\x1b[32m", "", "\x1b[33m", "", "\x1b[1m", "", "\x1b[2m", "", "\x1b[0m", "")
	for name, render := range outputs {
		var with, without bytes.Buffer
		if err := errors.Join(render(&with, report.Options{Color: true}), render(&without, report.Options{})); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(without.String(), strip.Replace(with.String())); diff != "" {
			t.Errorf("%s (-plain +coloured):\n%s", name, diff)
		}
	}
}

func TestAVerbosePlanShowsWhatOnlyNotes(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := outputs["plan"](&b, report.Options{Verbose: true}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "CN=Gone,DC=x") {
		t.Errorf("the entry that was missed is not shown:\n%s", b.String())
	}
}

// full fails every write after a number of bytes.
type full int

func (f *full) Write(b []byte) (int, error) {
	if *f -= full(len(b)); *f < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(b), nil
}

func TestAWriteThatFailsIsReported(t *testing.T) {
	t.Parallel()
	for name, render := range outputs {
		for _, format := range []report.Format{report.Text, report.JSON, report.CSV} {
			f := full(1)
			if err := render(&f, report.Options{Format: format}); err == nil {
				t.Errorf("%s.%s: got no error of a full disk", name, format)
			}
		}
	}
}

func TestPrintableKeepsWhatCanBeSeen(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Zoë 東京 🙂": "Zoë 東京 🙂", "a\tb\nc": `a\tb\nc`, "\x1b[1m": `\x1b[1m`, "\u009b2J": `\u009b2J`,
		"\xff\xfe": `\xff\xfe`, "\uFFFD": "\uFFFD", `a\b"c`: `a\b"c`, "a\u2066b": `a\u2066b`, "ए\u200dक": "ए\u200dक", "\x7f": `\x7f`,
	} {
		if got := report.Printable(in); got != want {
			t.Errorf("Printable(%q): got %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		got := report.Printable(in)
		if !utf8.ValidString(got) || strings.ContainsFunc(got, unicode.IsControl) {
			t.Fatalf("got %q", got)
		}
	})
}

// The groups of the picture share out the replicas, whatever the counters.
func TestThePictureAddsUp(t *testing.T) {
	t.Parallel()
	got := report.PictureOf(run.Sources[0].Counters)
	want := report.Picture{
		Processed: 2203, Objects: 2200, Ignored: 3,
		Disappeared: report.Disappeared{Total: 3, Obsoleted: 3},
		Existing:    report.Existing{Total: 2192, Unchanged: 2185, Updated: 5, Errors: 2},
		New:         report.New{Total: 5, Updated: 1, Created: 4, CreatedWarnings: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("picture (-want +got):\n%s", diff)
	}
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string) int { return rapid.IntRange(0, 1000).Draw(t, name) }
		c := rollcall.Counters{
			Created: n("created"), CreatedErrors: n("ce"), NewUpdated: n("nu"), NewUnchanged: n("nn"), ReconciledErrors: n("re"),
			Updated: n("u"), UpdatedErrors: n("ue"), Deleted: n("d"), DeletedErrors: n("de"), Obsoleted: n("o"), ObsoletedErrors: n("oe"), DisappearedNoAction: n("na"),
		}
		unchanged, ignored := n("unchanged"), n("ignored")
		c.Seen = c.Created + c.CreatedErrors + c.NewUpdated + c.NewUnchanged + c.ReconciledErrors + c.Updated + c.UpdatedErrors + unchanged
		c.Total = c.Seen + c.Deleted + c.DeletedErrors + c.Obsoleted + c.ObsoletedErrors + c.DisappearedNoAction + ignored
		p := report.PictureOf(c)
		if p.Existing.Unchanged != unchanged || p.Ignored != ignored || p.Processed != c.Total {
			t.Fatalf("got %+v of %+v", p, c)
		}
	})
}

func TestProgressOnATerminalRedrawsOneLine(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	now := noon
	p := report.NewProgress(&b, true, func() time.Time { return now })
	p.Step("persons: read", 200)
	p.Add(10) // too soon to be drawn
	now = now.Add(2 * time.Second)
	p.Add(90)
	p.Step("persons: decide\x1b[2J", 0)
	p.Done()
	p.Done()
	const clear = "\r\x1b[K"
	want := clear + "persons: read: [                        ] 0/200" +
		clear + "persons: read: [############            ] 100/200, 50/s" +
		clear + "persons: read: 100 in 2.0 s\n" +
		clear + `persons: decide\x1b[2J: 0` + clear + `persons: decide\x1b[2J: 0.0 s` + "\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}

func TestProgressElsewhereIsOneLineAStep(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	now := noon
	p := report.NewProgress(&b, false, func() time.Time { return now })
	p.Step("read", 3)
	now = now.Add(75 * time.Second)
	p.Add(3)
	p.Step("decide", 0)
	p.Done()
	if diff := cmp.Diff("read: 3 in 1m15s\ndecide: 0.0 s\n", b.String()); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
	var none *report.Progress
	none.Step("x", 1)
	none.Add(1)
	none.Done()
}
