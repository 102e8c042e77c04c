package transfer_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/auth"
	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

const people = "name;first_name;email;org_id->name;status\n"

func importCreatesUpdatesAndLeavesAlone(t *testing.T, w *world) {
	form := map[string]string{"reconciliationkeys": "email", "csvdata": people + "Imp;One;imp1@example.com;Demo;active\nImp;Two;imp2@example.com;Demo;active\n"}
	first := w.imports(form)
	second := w.imports(form)
	form["csvdata"] = people + "Imp;One;imp1@example.com;Demo;active\nImp;Zwei;imp2@example.com;Demo;active\nImp;Three;imp3@example.com;Demo;inactive\n"
	form["simulate"] = "1"
	simulated := w.imports(form)
	form["simulate"] = "0"
	third := w.imports(form)
	table := func(lines []string) []string {
		_, rows, _ := strings.Cut(strings.Join(lines, "\n"), "(Status)\n")
		return strings.Split(rows, "\n")
	}
	for _, c := range []struct {
		what string
		got  []string
		want []string
	}{
		{"first", table(first), []string{`0;created;Person;1;2;"Imp";"One";"imp1@example.com";"active"`, `1;created;Person;2;2;"Imp";"Two";"imp2@example.com";"active"`}},
		{"again", table(second), []string{`0;unchanged;Person;1;2;Imp;One;imp1@example.com;active`, `1;unchanged;Person;2;2;Imp;Two;imp2@example.com;active`}},
		{"simulated", table(simulated), []string{`0;unchanged;Person;1;2;Imp;One;imp1@example.com;active`, `1;updated 1 cols;Person;2;2;Imp;"Zwei"Modified;imp2@example.com;active`, `2;created;Person;0;2;"Imp";"Three";"imp3@example.com";"inactive"`}},
		{"changed", table(third), []string{`0;unchanged;Person;1;2;Imp;One;imp1@example.com;active`, `1;updated 1 cols;Person;2;2;Imp;"Zwei"Modified;imp2@example.com;active`, `2;created;Person;3;2;"Imp";"Three";"imp3@example.com";"inactive"`}},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, diff)
		}
	}
	if got := w.get("Person", 2, "first_name"); got != "Zwei" {
		t.Errorf("got first_name %q, want Zwei", got)
	}
	var origins []rollcall.Origin
	must(t, w.Store.History(w.Ctx, rollcall.HistoryFilter{Object: rollcall.Ref{Class: "Person", ID: 2}}, func(h *rollcall.History) error {
		origins = append(origins, rollcall.Origin{Kind: h.Origin.Kind, By: h.Origin.By})
		return nil
	}))
	by := rollcall.Origin{Kind: "csv-import.php", By: "My first name My last name, Web Service (CSV)"}
	if diff := cmp.Diff([]rollcall.Origin{by, by}, origins); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

// importMeansRowsOfTheSameFile wants what a person expects of a list: a row may
// name the manager of a row above, and the second row of one person is the same
// person.
func importMeansRowsOfTheSameFile(t *testing.T, w *world) {
	lines := w.imports(map[string]string{"reconciliationkeys": "email", "csvdata": "name;first_name;email;org_id;manager_id->email\n" +
		"Chief;A;chief@example.com;2;\nWorker;B;worker@example.com;2;chief@example.com\nWorker;Bea;WORKER@example.com;2;chief@example.com\n"})
	got := lines[len(lines)-3:]
	want := []string{
		`0;created;Person;1;2;0;"Chief";"A";"chief@example.com"`,
		`1;created;Person;2;2;1;"Worker";"B";"worker@example.com"`,
		`2;updated 2 cols;Person;2;2;1;Worker;"Bea"Modified;"WORKER@example.com"Modified`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func importReadsDatesOfTheFormatGiven(t *testing.T, w *world) {
	lines := w.imports(map[string]string{
		"class": "Server", "reconciliationkeys": "name", "date_format": "d/m/Y H:i:s",
		"csvdata": "name;org_id->name;purchase_date\nsrv1;Demo;31/12/2025\nsrv2;Demo;2025-12-31\nsrv3;Demo;\n",
	})
	text := strings.Join(lines, "\n")
	for _, want := range []string{
		"#Date and time format: 'd/m/Y H:i:s'\n#Date format: 'd/m/Y'",
		`0;created;Server;1;2;"srv1";"31/12/2025"`,
		`1;Issue: wrong date format;n/a;n/a;2;srv2;'2025-12-31' is an invalid value. Expected format: 21/11/2026`,
		`2;created;Server;2;2;"srv3";`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("got\n%s\nwant %s", text, want)
		}
	}
	if got := w.get("Server", 1, "purchase_date"); got != "2025-12-31" {
		t.Errorf("got %q, want 2025-12-31", got)
	}
}

// importSurvivesAnyText wants an issue of its row, never a failure, for text that
// no database takes.
func importSurvivesAnyText(t *testing.T, w *world) {
	evil := []string{"\xff\xfe", "a\x00b", "'; DROP TABLE obj_Contact; --", "%_", `" OR ""="`, "\u2028", "=1+1", strings.Repeat("x", 300)}
	var b strings.Builder
	b.WriteString(people)
	for i, text := range evil {
		quoted := `"` + strings.ReplaceAll(text, `"`, `""`) + `"`
		b.WriteString(quoted + ";F" + strconv.Itoa(i) + ";p" + strconv.Itoa(i) + "@example.com;Demo;active\n")
		b.WriteString("N;F" + strconv.Itoa(i) + ";q" + strconv.Itoa(i) + "@example.com;" + quoted + ";active\n")
	}
	lines := w.imports(map[string]string{"reconciliationkeys": "name,email", "csvdata": b.String()})
	text := strings.Join(lines, "\n")
	if !strings.Contains(text, "#Created: 5\n") || !strings.Contains(text, "#Issues: 11\n") {
		t.Errorf("got\n%s\nwant 5 created and 11 issues", text)
	}
	for i, charset := range []string{"UTF-8", "ISO-8859-1", "WINDOWS-1251", "WINDOWS-1252", "ISO-8859-15", "Shift_JIS", "UTF-16"} {
		lines := w.imports(map[string]string{"charset": charset, "reconciliationkeys": "email", "csvdata": people + "\xe9\x81\xff;C" + strconv.Itoa(i) + ";c@example.com;Demo;active\n"})
		if text := strings.Join(lines, "\n"); strings.Contains(text, "Internal error") {
			t.Errorf("charset %s: got\n%s", charset, text)
		}
	}
}

// TestImportRefusesWhatIsNoTable wants one line for a body that would otherwise
// fill memory, and nothing imported.
func TestImportRefusesWhatIsNoTable(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	for what, data := range map[string]string{
		"a million columns":        strings.Repeat("name;", 1_000_000),
		"a header of 20 MB":        strings.Repeat("x", 20<<20),
		"a row of 20 MB":           people + strings.Repeat("x", 20<<20),
		"an open quote":            people + "A;B;a@example.com;Demo;active\n\"" + strings.Repeat("x\n", 10<<20),
		"a thousand wrong columns": strings.Repeat("nosuch;", 1000),
	} {
		lines := w.imports(map[string]string{"reconciliationkeys": "email", "csvdata": data})
		last := lines[len(lines)-1]
		if !strings.HasPrefix(last, "#") || len(last) > 4096 || strings.Contains(last, "Internal") {
			t.Errorf("%s: got %.300q", what, last)
		}
	}
	if n, err := w.Store.Count(w.Ctx, w.Model.Class("Person")); n != 0 || err != nil {
		t.Errorf("got %d persons (%v), want none", n, err)
	}
}

// TestImportKeepsLongReportsWhole wants every line of a report that does not fit
// in memory, and its length said.
func TestImportKeepsLongReportsWhole(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	const rows = 20_000
	var b strings.Builder
	b.WriteString("name;first_name;email;org_id->name;function\n")
	for i := range rows {
		b.WriteString("N" + strconv.Itoa(i) + ";F;x" + strconv.Itoa(i) + "@example.com;Nowhere;" + strings.Repeat("f", 100) + "\n")
	}
	rec := w.ask(w.service.Import, map[string]string{
		"class": "Person", "charset": "UTF-8", "no_localize": "1", "separator": ";", "output": "details", "reconciliationkeys": "email", "csvdata": b.String(),
	})
	text := rec.Body.String()
	if got := strings.Count(text, "No match for value 'Nowhere'"); got != rows {
		t.Errorf("got %d lines, want %d", got, rows)
	}
	if got, want := rec.Header().Get("Content-Length"), strconv.Itoa(len(text)); got != want {
		t.Errorf("got Content-Length %s, want %s", got, want)
	}
	if !strings.HasSuffix(text, strings.Repeat("f", 100)+"\n") {
		t.Errorf("the report ends with %q", text[len(text)-200:])
	}
}

func importKeepsToWhatTheAccountMayDo(t *testing.T, w *world) {
	data := map[string]string{
		"class": "Person", "charset": "UTF-8", "no_localize": "1", "separator": ";", "output": "details",
		"reconciliationkeys": "email", "csvdata": people + "Imp;One;imp1@example.com;Demo;active\nImp;Two;imp2@example.com;Zoo;active\n",
	}
	nobody := &auth.Account{Ref: rollcall.Ref{Class: "UserLocal", ID: 7}, Login: "nobody", Name: "nobody"}
	if got, want := w.askAs(nobody, w.service.Import, data).Body.String(), "#You are not allowed to perform a bulk update of objects of class Person\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	w.person("Old", "Imp", "imp2@example.com", "org_id", "1") // of an organization that the next account does not see
	local := &auth.Account{
		Ref: rollcall.Ref{Class: "UserLocal", ID: 8}, Login: "local", Name: "local",
		Profiles: []string{"Configuration Manager"}, Organisations: []rollcall.ObjectID{2},
	}
	got := w.askAs(local, w.service.Import, data).Body.String()
	for _, want := range []string{
		`0;created;Person;2;2;"Imp"`,
		`1;Issue: Unexpected attribute value(s);n/a;n/a;No match for value 'Zoo'. There are some 'Organization' objects not visible with your current profile;Imp`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant %s", got, want)
		}
	}
}

func importTellsLockedAttributesInTheirCell(t *testing.T, w *world) {
	id := w.person("Ann", "Klein", "ann@example.com", "function", "Boss")
	w.lock(id, "function")
	lines := w.imports(map[string]string{"reconciliationkeys": "email", "csvdata": "email;function;phone\nann@example.com;Clerk;123\n"})
	got := lines[len(lines)-1]
	want := "0;Issue: Unexpected attribute value(s);Person;1;ann@example.com;The attribute 'function' is read-only and cannot be modified (current value: Boss, proposed value: Clerk);123"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := w.get("Person", id, "phone"); got != "" {
		t.Errorf("got phone %q: a row with an issue was written", got)
	}
}

// lock makes a data source that masters one attribute of a person.
func (w *world) lock(person rollcall.ObjectID, code string) {
	w.Helper()
	source := w.create("SynchroDataSource", "name", "HR", "scope_class", "Person", "database_table_name", "synchro_data_hr")
	w.create("SynchroAttribute", "sync_source_id", strconv.Itoa(int(source)), "attcode", code, "update", "1", "update_policy", "master_locked")
	w.Write(func(tx *store.Tx, _ *registry.Editor) {
		src := &rollcall.Source{ID: source, Name: "HR", Class: w.Model.Class("Person"), Table: "synchro_data_hr", Rules: rollcall.Rules{
			Attributes: []rollcall.AttributeRule{{Attribute: w.Model.Class("Person").Attribute(code)}},
		}}
		must(w, tx.EnsureTable(w.Ctx, src))
		must(w, tx.InsertReplicas(w.Ctx, src, []rollcall.Replica{{
			Source: source, Key: "ann", State: rollcall.StateSynchronized, Created: now,
			Dest: rollcall.Ref{Class: "Person", ID: person}, Row: rollcall.Row{{Text: "Boss", Set: true}},
		}}))
	})
}

func TestImportAnswersAsRecorded(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	for range 38 { // the persons that were there when the recording was made
		w.person("P", "Q", "")
	}
	for i, x := range recorded(t, "h14-import.json") {
		if x.Response.Body == "Invalid login\n" {
			continue // the gate's
		}
		rec := w.ask(w.service.Import, x.Request.Form)
		got, want := ids.ReplaceAllString(rec.Body.String(), ";$1;Id;"), ids.ReplaceAllString(x.Response.Body, ";$1;Id;")
		if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
			t.Errorf("exchange %d %v (-want +got):\n%s", i, x.Request.Form, diff)
		}
		for _, name := range []string{"Content-Type", "Cache-Control", "Pragma", "Expires"} {
			if got, want := rec.Header().Get(name), x.Response.Headers[name]; got != want {
				t.Errorf("exchange %d: got %s %q, want %q", i, name, got, want)
			}
		}
	}
}

// ids are the volatile parts of a report: the numbers of what was made.
var ids = regexp.MustCompile(`;(Person|UserLDAP);[1-9]\d*;`)
