package replay

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"rollcall/test/lab/postgres"
)

var findings = flag.String("findings", "", "write the table and what is wrong into files of this name, with the database behind it")

// tally is what became of the exchanges of one recording.
type tally struct {
	file                          string
	exchanges, same, known, wrong int
	report                        strings.Builder
}

// play sends the exchanges of a recording in order and compares each answer.
func (w *world) play(t *testing.T, name string) *tally {
	t.Helper()
	file, exchanges := load(t, name)
	sum := &tally{file: file, exchanges: len(exchanges)}
	defer func(start time.Time) {
		t.Logf("%s: %d exchanges in %s", name, len(exchanges), time.Since(start).Round(time.Millisecond))
	}(time.Now())
	for i := range exchanges {
		e := &exchanges[i]
		w.before(t, name, i, exchanges)
		got := w.client.send(t, e)
		diff := compare(&e.Response, &got)
		d := documented(name, i)
		switch {
		case diff == "" && d == nil:
			sum.same++
		case diff != "" && d != nil && d.asDocumented(got):
			sum.known++
		case diff == "":
			sum.wrong++
			fmt.Fprintf(&sum.report, "%s %d: the same as recorded, which docs/differences.md#%s denies\n", name, i, d.anchor)
		default:
			sum.wrong++
			fmt.Fprintf(&sum.report, "%s %d: %s %s %s\n%s", name, i, e.Request.Method, e.Request.Path, brief(e), diff)
		}
	}
	return sum
}

// before makes the circumstances of an exchange those of the recording: time
// that passed, numbers that were used up.
func (w *world) before(t *testing.T, name string, at int, exchanges []exchange) {
	t.Helper()
	switch {
	case name == "c04" && at == 0:
		time.Sleep(2 * time.Second) // its interval is a second, and what was removed must be older than that
	case name == "h10" && (at == 18 || at == 65):
		nextSecond() // a load counts by seconds: those before must be older
	case name == "h10" && at == 19:
		w.skipPerson(t) // the simulated run before this used up a number there (docs/differences.md, numbers)
	case name == "h10" && at == 68:
		// On the recorded iTop the load of 65 was within the same second, and its rows count as seen.
		again := exchanges[65]
		again.Request.Form = slices.Clone(again.Request.Form)
		for i := range again.Request.Form {
			if p := &again.Request.Form[i]; p.name == "synchronize" {
				p.value = "0"
			}
		}
		nextSecond()
		w.client.send(t, &again)
	}
}

// nextSecond waits until another second begins.
func nextSecond() { time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) }

// brief names what a request asked for.
func brief(e *exchange) string {
	var parts []string
	for _, list := range []fields{e.Request.Query, e.Request.Form} {
		for _, p := range list {
			if p.name != "auth_user" && p.name != "auth_pwd" && p.name != "login_mode" && p.name != "version" || p.value != "admin" && p.name == "auth_user" {
				parts = append(parts, p.name+"="+cut(p.value, 0, 400))
			}
		}
	}
	return strings.ReplaceAll(strings.Join(parts, " "), "\n", `\n`)
}

// compare returns where an answer differs from the recorded one, "" when they
// say the same.
func compare(want, got *response) string {
	var b strings.Builder
	if want.Status != got.Status {
		fmt.Fprintf(&b, "    status: got %d, want %d\n", got.Status, want.Status)
	}
	for _, name := range compared {
		if want.Headers[name] != got.Headers[name] {
			fmt.Fprintf(&b, "    %s: got %q, want %q\n", name, got.Headers[name], want.Headers[name])
		}
	}
	wantBody, gotBody := want.Body, utf8Text(got.Body)
	if isPage(wantBody) && isPage(gotBody) {
		wantBody, gotBody = visible(wantBody), visible(gotBody)
	}
	if wantBody, gotBody = masked(wantBody), masked(gotBody); wantBody != gotBody {
		at := 0
		for at < len(wantBody) && at < len(gotBody) && wantBody[at] == gotBody[at] {
			at++
		}
		fmt.Fprintf(&b, "    body from character %d:\n      got  %s\n      want %s\n", at, cut(gotBody, at-60, at+240), cut(wantBody, at-60, at+240))
	}
	return b.String()
}

// utf8Text reads a body as the recorder did: every byte that is no UTF-8 became
// a replacement character.
func utf8Text(body string) string { return string([]rune(body)) }

// cut returns a part of a text on one line.
func cut(text string, from, to int) string {
	from, to = max(from, 0), min(to, len(text))
	if from > to {
		from = to
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text[from:to], "?"), "\n", `\n`)
}

// TestRecordings replays every recording: the collector's runs in order on one
// registry, the direct calls in order on another that has seen the collector's
// first run, and the collector with look-ups on a third.
func TestRecordings(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { replayAll(t, func() string { return "" }) })
	t.Run("PostgreSQL", func(t *testing.T) {
		server := postgres.Start(t)
		replayAll(t, func() string { return server.Database(t) })
	})
}

// replayAll replays on databases that fresh gives, "" for a file.
func replayAll(t *testing.T, fresh func() string) {
	var sums []*tally
	runs := newWorld(t, fresh())
	for i := 1; i <= 25; i++ {
		name := fmt.Sprintf("c%02d", i)
		var sum *tally
		if name == "c25" {
			runs.maintain(t, func() { sum = runs.play(t, name) })
		} else {
			sum = runs.play(t, name)
		}
		runs.compareTables(t, name, sum)
		sums = append(sums, sum)
	}
	calls := newWorld(t, fresh())
	calls.play(t, "c01")
	for i := 1; i <= 15; i++ {
		sums = append(sums, calls.play(t, fmt.Sprintf("h%02d", i)))
	}
	lookups := newWorld(t, fresh())
	for _, name := range []string{"c01", "h01", "h02", "h03", "h04", "h05", "h06", "h07"} {
		lookups.play(t, name)
	}
	lookups.addHardware(t)
	sum := lookups.play(t, "c26")
	lookups.compareTables(t, "c26", sum)
	judge(t, append(sums, sum))
}

// skipPerson uses up one number of a person.
func (w *world) skipPerson(t *testing.T) {
	t.Helper()
	w.rest(t, `{"operation":"core/create","class":"Person","comment":"x","output_fields":"id","fields":{"org_id":1,"name":"Filler","first_name":"x"}}`)
	w.rest(t, `{"operation":"core/delete","class":"Person","comment":"x","key":{"name":"Filler"}}`)
}

// addHardware makes the brand and the model that somebody made before c26.
func (w *world) addHardware(t *testing.T) {
	t.Helper()
	w.rest(t, `{"operation":"core/create","class":"Brand","comment":"x","fields":{"name":"Dell"}}`)
	w.rest(t, `{"operation":"core/create","class":"Model","comment":"x","fields":{"name":"Latitude","brand_id":{"name":"Dell"},"type":"PC"}}`)
}

// rest carries out an operation that is no part of a recording.
func (w *world) rest(t *testing.T, data string) {
	t.Helper()
	e := exchange{Request: request{
		Method: "POST", Path: "/webservices/rest.php", Query: fields{{"version", "1.3"}},
		Headers: map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
		Form:    fields{{"auth_user", "admin"}, {"auth_pwd", secret}, {"json_data", data}},
	}}
	if got := w.client.send(t, &e); !strings.HasPrefix(got.Body, `{"code":0,`) {
		t.Fatalf("%s: got %s", data, got.Body)
	}
}

// judge prints the table and fails where anything is wrong.
func judge(t *testing.T, sums []*tally) {
	t.Helper()
	var table, all strings.Builder
	tw := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "recording\texchanges\tsame\tdocumented different\twrong")
	total := tally{file: "all"}
	for _, s := range sums {
		fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%d\n", s.file, s.exchanges, s.same, s.known, s.wrong)
		total.exchanges, total.same, total.known, total.wrong = total.exchanges+s.exchanges, total.same+s.same, total.known+s.known, total.wrong+s.wrong
		if s.wrong > 0 {
			t.Errorf("%s: %d wrong\n%.20000s", s.file, s.wrong, s.report.String())
		}
		all.WriteString(s.report.String())
	}
	fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%d\n", total.file, total.exchanges, total.same, total.known, total.wrong)
	if err := tw.Flush(); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", table.String())
	if *findings != "" {
		if err := os.WriteFile(*findings+"."+filepath.Base(t.Name()), []byte(table.String()+"\n"+all.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
