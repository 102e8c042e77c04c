package transfer_test

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"rollcall/internal/auth"
	"rollcall/internal/itop/gate"
	"rollcall/internal/itop/transfer"
	"rollcall/internal/rollcall"
)

func exportWritesEveryFormat(t *testing.T, w *world) {
	boss := w.person("Zoë", "O'Neil", "zoe@example.com", "phone", "+33 1", "function", "=1+1")
	w.person("Ann", `Kl"ein`, "ann@example.com", "manager_id", idText(boss), "function", "R&D <lead>")
	fields := "id,first_name,name,function,phone,manager_id,manager_id->friendlyname,org_id->name,status"
	ask := func(format string, more ...string) string {
		form := map[string]string{"expression": "SELECT Person", "format": format, "fields": fields}
		for i := 0; i < len(more); i += 2 {
			form[more[i]] = more[i+1]
		}
		return w.ask(w.service.ExportV2, form).Body.String()
	}
	for _, c := range []struct{ what, got, want string }{
		{"csv", ask("csv"), `"id (Primary Key)","First Name","Last Name","Function","Phone","Manager","Manager->Full name","Organization->Name","Status"` + "\n" +
			`2,"Ann","Kl""ein","R&D <lead>","",1,"Zoë O'Neil","Demo","Active"` + "\n" + `1,"Zoë","O'Neil","=1+1","+33 1",0,"","Demo","Active"` + "\n"},
		{"csv with codes", ask("csv", "no_localize", "1", "fields", "name,status", "separator", "tab"), "\"name\"\t\"status\"\n\"Kl\"\"ein\"\t\"active\"\n\"O'Neil\"\t\"active\"\n"},
		{"csv with other signs", ask("csv", "fields", "name", "separator", "other", "other-separator", "|", "text-qualifier", "other", "other-text-qualifier", "'"), "'Last Name'\n'Kl\"ein'\n'O''Neil'\n"},
		{"spreadsheet", body(ask("spreadsheet", "fields", "id,function")), `<table border="1"><tr><td>id (Primary Key)</td><td>Function</td></tr>` +
			`<tr><td>2</td><td x:str>R&amp;D &lt;lead&gt;</td></tr><tr><td>1</td><td x:str>=1+1</td></tr></table>`},
		{"html", body(ask("html", "fields", "manager_id")), `<table class="listResults"><thead><tr><th>Manager</th></tr></thead><tbody><tr><td><span class="object-ref " title="Person::1">` +
			`<a class="object-ref-link" href="http://127.0.0.1:8088/pages/UI.php?operation=details&class=Person&id=1&">Zoë O&#039;Neil</a></span></td></tr><tr><td></td></tr></tbody></table>`},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, diff)
		}
	}
	w.workbook(ask("xlsx", "fields", "id,function"))
	pairs := w.ask(w.service.ExportV2, map[string]string{
		"expression": "SELECT P, M FROM Person AS P JOIN Person AS M ON P.manager_id = M.id", "format": "csv", "fields": "P.name,M.name",
	}).Body.String()
	if want := "\"P.Last Name\",\"M.Last Name\"\n\"Kl\"\"ein\",\"O'Neil\"\n"; pairs != want {
		t.Errorf("two classes: got %q, want %q", pairs, want)
	}
	document := ask("xml", "linksets", "1")
	if err := xml.Unmarshal([]byte(document), new(struct{ XMLName xml.Name })); err != nil || !strings.Contains(document, "<name>Kl&quot;ein</name>") {
		t.Errorf("xml: %v\n%s", err, document)
	}
}

// workbook wants numbers as numbers and no formula.
func (w *world) workbook(content string) {
	w.Helper()
	f, err := excelize.OpenReader(bytes.NewReader([]byte(content)))
	must(w, err)
	rows, err := f.GetRows("Sheet1")
	must(w, err)
	if diff := cmp.Diff([][]string{{"id (Primary Key)", "Function"}, {"2", "R&D <lead>"}, {"1", "=1+1"}}, rows); diff != "" {
		w.Errorf("workbook (-want +got):\n%s", diff)
	}
	for cell, want := range map[string]excelize.CellType{"A2": excelize.CellTypeUnset, "B3": excelize.CellTypeInlineString} {
		if got, err := f.GetCellType("Sheet1", cell); got != want || err != nil {
			w.Errorf("cell %s has type %v (%v), want %v", cell, got, err, want)
		}
	}
	if formula, err := f.GetCellFormula("Sheet1", "B3"); formula != "" || err != nil {
		w.Errorf("B3 holds the formula %q (%v)", formula, err)
	}
}

func exportShowsAllowedOrganizationsOnly(t *testing.T, w *world) {
	w.person("Ann", "Klein", "ann@example.com")
	w.person("Zoe", "Other", "zoe@example.com", "org_id", "1")
	local := &auth.Account{
		Ref: rollcall.Ref{Class: "UserLocal", ID: 8}, Login: "local",
		Profiles: []string{"Configuration Manager"}, Organisations: []rollcall.ObjectID{2},
	}
	form := map[string]string{"expression": "SELECT Person", "format": "csv", "fields": "name"}
	if got, want := w.askAs(local, w.service.ExportV2, form).Body.String(), "\"Last Name\"\n\"Klein\"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	form["expression"] = "SELECT UserLocal"
	if got := body(w.askAs(local, w.service.ExportV2, form).Body.String()); got != "<p>ERROR: You do not have enough permissions to bulk read data of class &#039;UserLocal&#039; (alias: UserLocal)</p>" {
		t.Errorf("got %q", got)
	}
	if got := body(w.askAs(local, w.service.Export, form).Body.String()); !strings.Contains(got, "The current user does not have permission for exporting data of class UserLocal") {
		t.Errorf("got %q", got)
	}
}

func exportLeavesObsoleteOutOfTheNewPage(t *testing.T, w *world) {
	w.person("Ann", "Klein", "ann@example.com")
	w.person("Zoe", "Gone", "zoe@example.com", "status", "inactive")
	form := map[string]string{"expression": "SELECT Person", "format": "csv", "fields": "name", "charset": "UTF-8"}
	if got, want := w.ask(w.service.ExportV2, form).Body.String(), "\"Last Name\"\n\"Klein\"\n"; got != want {
		t.Errorf("export-v2: got %q, want %q", got, want)
	}
	if got, want := w.ask(w.service.Export, form).Body.String(), "\uFEFFLast Name\n\"Klein\"\n\"Gone\"\n"; got != want {
		t.Errorf("export: got %q, want %q", got, want)
	}
	config := w.service.Config
	config.ShowObsolete = true
	form["fields"] = "name,obsolescence_flag,obsolescence_date"
	if got, want := w.ask(transfer.New(config).ExportV2, form).Body.String(), "\"Last Name\",\"Obsolete\",\"Obsolescence date\"\n\"Klein\",No,\n\"Gone\",Yes,\"2026-11-21\"\n"; got != want {
		t.Errorf("export-v2 that shows obsolete objects: got %q, want %q", got, want)
	}
	form["fields"], form["expression"] = "obsolescence_date,obsolescence_flag", "SELECT Contact WHERE obsolescence_date = '2026-11-21'"
	if got, want := w.ask(w.service.Export, form).Body.String(), "\uFEFFObsolescence date,Obsolete\n\"2026-11-21\",Yes\n"; got != want {
		t.Errorf("export: got %q, want %q", got, want)
	}
	form["with_archive"] = "1"
	if got, want := w.ask(w.service.Export, form).Body.String(), "The user account is not authorized to access the archives\n"; got != want {
		t.Errorf("export with the archive: got %q, want %q", got, want)
	}
	if got, want := body(w.ask(w.service.ExportV2, form).Body.String()), "<p>ERROR: The user account is not authorized to access the archives</p>"; got != want {
		t.Errorf("export-v2 with the archive: got %q, want %q", got, want)
	}
}

// exportAnswersHostileParametersInPeace sends the same bad texts in every
// parameter of both pages: an answer comes, and it holds no text unescaped.
func exportAnswersHostileParametersInPeace(t *testing.T, w *world) {
	w.person("Ann", "Klein", "ann@example.com")
	evil := []string{
		"'", `"`, "\x00", "\xff\xfe", "<script>alert(1)</script>", "'; DROP TABLE obj_Contact; --", "a\r\nSet-Cookie: x=1",
		strings.Repeat("x,", 100_000), strings.Repeat("(", 10_000), "->", ".", "a.b->c->d", "%n%s", "../../etc/passwd",
	}
	good := map[string]string{"expression": "SELECT Person WHERE name = :n", "arg_n": "Klein", "format": "csv", "fields": "name"}
	for _, name := range []string{
		"expression", "query", "arg_n", "format", "fields", "separator", "text-qualifier", "charset", "date_format",
		"no_localize", "linksets", "with_archive", "filename", "interactive", "formatted_text", "fields_advanced",
	} {
		for _, text := range evil {
			for _, page := range []gate.Page{w.service.ExportV2, w.service.Export} {
				for _, format := range []string{"csv", "html"} {
					form := map[string]string{}
					for k, v := range good {
						form[k] = v
					}
					form["format"], form[name] = format, text
					if name == "query" {
						delete(form, "expression")
					}
					rec := w.ask(page, form)
					isHTML := strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html")
					if answer := rec.Body.String(); answer == "" || isHTML && strings.Contains(answer, "<script>alert") {
						t.Errorf("%s = %.40q: got %.200q", name, text, answer)
					}
					for header, values := range rec.Header() {
						if strings.ContainsAny(strings.Join(values, ""), "\r\n") {
							t.Errorf("%s = %.40q: header %s holds a line end: %q", name, text, header, values)
						}
					}
				}
			}
		}
	}
}

// body returns what a page holds.
func body(page string) string {
	_, rest, _ := strings.Cut(page, `<div id="ibo-page-container">`)
	rest, _, _ = strings.Cut(rest, "</div>\n")
	return strings.TrimSpace(rest)
}

// recordedPerson is a person as recorded in XML.
type recordedPerson struct {
	ID     int `xml:"id,attr"`
	Fields []struct {
		XMLName xml.Name
		Text    string `xml:",chardata"`
	} `xml:",any"`
}

// recordedPeople makes the persons of the recordings, with their ids, out of the
// XML that was recorded.
func (w *world) recordedPeople(document string) {
	w.Helper()
	var set struct {
		Persons []recordedPerson `xml:"Person"`
	}
	must(w, xml.Unmarshal([]byte(document), &set))
	slices.SortFunc(set.Persons, func(a, b recordedPerson) int { return a.ID - b.ID })
	w.person("Before", "Them", "before@example.com")
	for _, p := range set.Persons {
		var pairs []string
		for _, f := range p.Fields {
			a := w.Model.Class("Person").Attribute(f.XMLName.Local)
			if a != nil && a.Stored() && f.Text != "0" {
				pairs = append(pairs, a.Code, strings.Replace(f.Text, "Active", "active", 1))
			}
		}
		if id := w.create("Person", pairs...); int(id) != p.ID {
			w.Fatalf("got id %d, want %d", id, p.ID)
		}
	}
}

func TestExportAnswersAsRecorded(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	list := recorded(t, "h12-export-v2.json")
	w.recordedPeople(list[2].Response.Body)
	w.userOf("u000001", 2)
	w.create("QueryOQL", "name", "Query 1", "oql", "SELECT Person WHERE id=:this->agent_id")
	for i, x := range append(list, recorded(t, "h13-export.json")...) {
		page := w.service.ExportV2
		if strings.HasSuffix(x.Request.Path, "/export.php") {
			page = w.service.Export
		}
		want := x.Response.Body
		switch {
		case strings.Contains(want, "login_form"):
			continue // the gate's
		case x.Request.Form["format"] == "" && page != nil && strings.HasSuffix(x.Request.Path, "/export.php"):
			continue // a page that loads its rows by script; ours has them
		}
		rec := w.ask(page, x.Request.Form)
		if got, want := comparable(rec.Body.String()), comparable(want); got != want {
			t.Errorf("exchange %d %v:\n%s", i, x.Request.Form, cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")))
		}
		for _, name := range []string{"Content-Type", "Content-Disposition", "Cache-Control", "Pragma", "Expires"} {
			if got, want := rec.Header().Get(name), x.Response.Headers[name]; got != want {
				t.Errorf("exchange %d %v: got %s %q, want %q", i, x.Request.Form, name, got, want)
			}
		}
	}
}

// userOf makes the account that a recording asks for.
func (w *world) userOf(login string, person int) {
	w.Helper()
	form := map[string]string{
		"class": "UserLDAP", "charset": "UTF-8", "no_localize": "1", "output": "retcode",
		"csvdata": "login,contactid,profile_list,language\n" + login + ",2,profileid->name:Portal user,EN US\n",
	}
	if got := w.ask(w.service.Import, form).Body.String(); got != "0\n" {
		w.Fatalf("make %s for person %d: %s", login, person, got)
	}
}

var (
	tooltips  = regexp.MustCompile(`(?s) data-tooltip-content=".*?data-tooltip-append-to="body"`)
	expecting = regexp.MustCompile(`, expecting \{[^}]*\}|(suggest to use '?(?:<span[^>]*>|&amp;#039;)?)[A-Z][a-z]+`)
	spaces    = regexp.MustCompile(`\s+`)
)

// comparable is what counts of an answer: of an HTML page what it holds, without
// the attributes that make tooltips. The classes that a message lists or
// suggests are those of the data model at hand.
func comparable(answer string) string {
	answer = strings.ToValidUTF8(answer, "\uFFFD") // as recordings are kept
	if !strings.HasPrefix(answer, "<!DOCTYPE html>") {
		return answer
	}
	answer = body(answer + "</div>\n")
	answer = tooltips.ReplaceAllString(answer, "")
	answer = strings.ReplaceAll(answer, `class="object-ref "  title`, `class="object-ref " title`)
	answer = expecting.ReplaceAllString(answer, "$1")
	return spaces.ReplaceAllString(strings.TrimSpace(strings.TrimSuffix(answer, "</div>")), " ")
}

func TestExportStopsWhenTheClientLeaves(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	for i := range 3 {
		w.person("P", "N", "p"+idText(rollcall.ObjectID(i+1))+"@example.com")
	}
	defer func() {
		if recover() != http.ErrAbortHandler { //nolint:errorlint // the value that net/http looks for
			t.Error("an export that broke off looks whole")
		}
	}()
	w.service.ExportV2(w.Ctx, &brokenWriter{ResponseRecorder: httptest.NewRecorder()}, w.request(w.admin, map[string]string{
		"expression": "SELECT Person", "format": "csv", "fields": "name",
	}))
}

// brokenWriter is a client that left.
type brokenWriter struct{ *httptest.ResponseRecorder }

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

// FuzzExportFields wants every list of fields answered, and what is answered as
// CSV to be CSV: a line of labels and one for the person, which is empty when it
// is a picture that is asked for alone.
func FuzzExportFields(f *testing.F) {
	w := newWorld(f, filepath.Join(f.TempDir(), "rollcall.db"))
	w.person("Ann", "Klein", "ann@example.com")
	for _, seed := range []string{"id", "picture", "name,org_id->name", "Person.name", "a.b", "->", "manager_id->manager_id->name", ",,,"} {
		f.Add(seed, ",", `"`)
	}
	f.Fuzz(func(t *testing.T, fields, separator, qualifier string) {
		rec := w.ask(w.service.ExportV2, map[string]string{"expression": "SELECT Person", "format": "csv", "fields": fields, "separator": ","})
		if strings.HasPrefix(rec.Header().Get("Content-Type"), "text/csv") {
			text := rec.Body.String()
			if rows, err := csv.NewReader(rec.Body).ReadAll(); err != nil || strings.Count(text, "\n") != 2 {
				t.Errorf("%q gave %q, read as %q, %v", fields, text, rows, err)
			}
		}
		w.ask(w.service.ExportV2, map[string]string{"expression": "SELECT Person", "format": "csv", "fields": "name", "separator": separator, "text-qualifier": qualifier})
	})
}

func idText(id rollcall.ObjectID) string { return strconv.FormatInt(int64(id), 10) }

// exportsQueriesOfThePhrasebook by number, with the columns that they come with
// unless others are asked for, and with the rights of whoever asks.
func exportsQueriesOfThePhrasebook(t *testing.T, w *world) {
	w.person("Ann", "Ng", "ann@example.com")
	w.person("Bob", "Ono", "bob@example.com")
	id := idText(w.create("QueryOQL", "name", "By mail", "oql", "SELECT Person WHERE email = :mail", "fields", "first_name,name"))
	wrong := idText(w.create("QueryOQL", "name", "Wrong", "oql", "SELECT Nobody", "fields", "name"))
	few := &auth.Account{Ref: rollcall.Ref{Class: "UserLocal", ID: 9}, Login: "few", Profiles: []string{"Configuration Manager"}, Organisations: []rollcall.ObjectID{1}}
	for name, c := range map[string]struct {
		account *auth.Account
		page    gate.Page
		form    map[string]string
		want    string
	}{
		"its columns":        {w.admin, w.service.ExportV2, map[string]string{"query": id, "format": "csv", "arg_mail": "ANN@example.com"}, `"Ann","Ng"`},
		"other columns":      {w.admin, w.service.ExportV2, map[string]string{"query": id, "format": "csv", "arg_mail": "bob@example.com", "fields": "email"}, `"bob@example.com"`},
		"export.php":         {w.admin, w.service.Export, map[string]string{"query": id, "format": "csv", "arg_mail": "bob@example.com"}, `"Bob","Ono"`},
		"nothing to see":     {few, w.service.ExportV2, map[string]string{"query": id, "format": "csv", "arg_mail": "ann@example.com"}, "!Ann"},
		"without its value":  {w.admin, w.service.ExportV2, map[string]string{"query": id, "format": "csv"}, "--arg_mail"},
		"of no class":        {w.admin, w.service.ExportV2, map[string]string{"query": wrong, "format": "csv"}, "Invalid OQL query"},
		"of no number":       {w.admin, w.service.ExportV2, map[string]string{"query": "1 OR 1=1", "format": "csv"}, "Invalid query phrasebook identifier"},
		"an expression, too": {w.admin, w.service.ExportV2, map[string]string{"query": id, "expression": "SELECT Organization", "fields": "name", "format": "csv"}, "Zoo"},
	} {
		got := w.askAs(c.account, c.page, c.form).Body.String()
		if text, not := strings.CutPrefix(c.want, "!"); strings.Contains(got, text) == not {
			t.Errorf("%s: got %s, want %q", name, got, c.want)
		}
	}
}
