package synchro_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"rollcall/internal/rollcall"
)

const header = "primary_key;org_id;name;first_name;email;status;phone\n"

// TestLoadIsTakenAsAWholeOrNotAtAll: one row that cannot be taken ends a load,
// and those before it are not kept, unless the caller says to go on.
func TestLoadIsTakenAsAWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source(3, "Direct Persons", "Person")
	file := header + "a;Demo;A;A;a@x.com;active;1\nb;Demo;B;B;b@x.com;bogus;2\nc;Demo;C;C;c@x.com;active;3\n"
	body := w.load(file, "output", "summary")
	want := "#Row 1, primary_key 'b': 'bogus' is none of the values of column 'status' (active, inactive). Nothing was loaded.<br/>"
	if body != want || w.keys() != "" {
		t.Errorf("got %q and the rows %q, want %q and none", body, w.keys(), want)
	}
	body = w.load(file, "output", "retcode", "no_stop_on_import_error", "1")
	want = "1: Import error ''bogus' is none of the values of column 'status' (active, inactive)' (continuing)...\n  1"
	if body != want || w.keys() != "a c" {
		t.Errorf("got %q and the rows %q, want %q and a c", body, w.keys(), want)
	}
	// Failed rows count as issues alone; iTop counts them as created too.
	body = w.load(strings.ReplaceAll(file, "a;", "d;"), "output", "summary", "no_stop_on_import_error", "1")
	for _, line := range []string{"#Issues (before synchro): 1<br/>", "#Created (before synchro): 1<br/>", "#Updated (before synchro): 1<br/>"} {
		if !strings.Contains(body, line) {
			t.Errorf("no %s in %s", line, body)
		}
	}
}

// TestOddFilesGetOneSentence: whatever is sent, the answer is one sentence and
// nothing is half applied.
func TestOddFilesGetOneSentence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source(3, "Direct Persons", "Person")
	good := "a;Demo;A;A;a@x.com;active;1\n"
	for _, c := range []struct{ name, csv, charset, want string }{
		{"a million columns", strings.Repeat("x;", 1_000_000), "UTF-8", "#a CSV row has more than 10000 cells<br/>"},
		{"a million cells", header + good + strings.Repeat("x;", 1_000_000), "UTF-8", "#a CSV row has more than 10000 cells<br/>"},
		{"a line of 100 MB", header + good + "b;Demo;" + strings.Repeat("x", 100<<20), "UTF-8", "#a CSV row is longer than 16 MiB: is the separator or the qualifier wrong?<br/>"},
		{"a NUL byte", header + good + "b;Demo;A\x00B;B;b@x.com;active;1\n", "UTF-8", "#Row 1, primary_key 'b': column 'name' holds a NUL byte. Nothing was loaded.<br/>"},
		{"a NUL byte in the key", header + good + "b\x00c;Demo;B;B;b@x.com;active;1\n", "UTF-8", `#Row 1, primary_key 'b\0c': column 'primary_key' holds a NUL byte. Nothing was loaded.<br/>`},
		{"a NUL byte, other charset", header + good + "b;Demo;A\x00B;B;b@x.com;active;1\n", "WINDOWS-1252", "#Row 1, primary_key 'b': column 'name' holds a NUL byte. Nothing was loaded.<br/>"},
		{"no UTF-8", header + good + "b;Demo;\xe9\xff;B;b@x.com;active;1\n", "UTF-8", "#Row 1, primary_key 'b': column 'name' holds bytes that are no text in UTF-8: is the charset right?. Nothing was loaded.<br/>"},
		{"no UTF-8 in the header", "primary_key;\xff\xfe\n" + good, "UTF-8", "#Unknown column '\uFFFD' (class: 'Person')<br/>"},
		{"an unknown charset", header + good, "KLINGON", "#Unsupported charset: 'KLINGON'<br/>"},
		{"markup in the header", "primary_key;<script>alert(1)</script>\n" + good, "UTF-8", "#Unknown column '&lt;script>alert(1)&lt;/script>' (class: 'Person')<br/>"},
		{"an open qualifier", header + good + "b;\"Demo;B\n" + good, "UTF-8", "#Row 1, primary_key 'b': the row has 2 cells and the header has 7 columns. Nothing was loaded.<br/>"},
		{"no key", header + good + "<NULL>;Demo;B;B;b@x.com;active;1\n", "UTF-8", "#Row 1, primary_key '&lt;NULL>': the row has no primary_key. Nothing was loaded.<br/>"},
		{"a long key", header + good + strings.Repeat("k", 256) + ";Demo;B;B;b@x.com;active;1\n", "UTF-8", "the value of column 'primary_key' has 256 characters, and 255 is the most. Nothing was loaded.<br/>"},
		{"SQL in a key", header + "';DROP TABLE run;--;Demo;A;A;a@x.com;active;1\n", "UTF-8", "the header has 7 columns"},
		{"a picture that is none", "primary_key;picture_data\na;***\n", "UTF-8", "#Row 0, primary_key 'a': column 'picture_data' is not encoded in base64. Nothing was loaded.<br/>"},
	} {
		body := w.load(c.csv, "charset", c.charset, "output", "summary")
		if !strings.Contains(body, c.want) || strings.Contains(body, "<script") || strings.Count(body, "<br/>") != 1 {
			t.Errorf("%s: got %.300q, want %q", c.name, body, c.want)
		}
		if got := w.keys(); got != "" {
			t.Fatalf("%s: the rows %s were kept", c.name, got)
		}
	}
	for _, charset := range []string{"ISO-8859-1", "WINDOWS-1251", "ISO-8859-15"} {
		if body := w.load(header+"a;Demo;\xc4;A;a@x.com;active;1\n", "charset", charset, "output", "retcode"); body != "0" {
			t.Errorf("%s: got %q, want 0", charset, body)
		}
	}
}

// TestDatesAreReadInTheFormatGiven: what has another form is passed over.
func TestDatesAreReadInTheFormatGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source(3, "Servers", "Server")
	body := w.load("primary_key;org_id;name;purchase_date\ns1;Demo;srv1;31/01/2024\ns2;Demo;srv2;2024-01-31\ns3;Demo;srv3;<NULL>\n", "date_format", "d/m/Y")
	for _, want := range []string{
		"1: Wrong format for DATE column 3: '2024-01-31' does not match the expected format: 'd/m/Y' (column skipped)",
		"2: Wrong format for DATE column 3: '&lt;NULL>' does not match the expected format: 'd/m/Y' (column skipped)",
		"#Date only format: 'd/m/Y' , applied to columns [purchase_date]<br/>", "#Issues (before synchro): 0<br/>",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q in %s", want, body)
		}
	}
	w.call(w.service.Exec, admin, map[string]string{"data_sources": "3"})
	w.load("primary_key;purchase_date\ns1;2024-12-31\n", "date_format", "d/m/Y") // leaves the date alone
	w.call(w.service.Exec, admin, map[string]string{"data_sources": "3"})
	var got []string
	err := w.store.Scan(t.Context(), w.model.Class("Server"), 0, func(o *rollcall.Object) error {
		got = append(got, o.Get("name")+"="+o.Get("purchase_date"))
		return nil
	})
	if want := "srv1=2024-01-31 srv2= srv3="; err != nil || strings.Join(got, " ") != want {
		t.Errorf("got %v (%v), want %s", got, err, want)
	}
}

// TestShortRowsChangeWhatTheyHold: a known row may lack cells at its end.
func TestShortRowsChangeWhatTheyHold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source(3, "Direct Persons", "Person")
	w.load(header + "a;Demo;A;A;a@x.com;active;1\n")
	if body := w.load(header+"a;Demo;B\n", "output", "retcode"); body != "0" {
		t.Fatalf("got %s, want 0", body)
	}
	w.call(w.service.Exec, admin, map[string]string{"data_sources": "3"})
	if got := w.persons("email", "phone"); got != "A B email=a@x.com phone=1" {
		t.Errorf("got %s", got)
	}
}

// TestWhoMayRun: administrators and the one user that the source names.
func TestWhoMayRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source(3, "Direct Persons", "Person")
	const refused = "Only adminstrators or the user specified in the data source can execute this operation. Operation cancelled."
	form := map[string]string{"data_sources": "3"}
	if body := w.call(w.service.Exec, restOnly, form); !strings.Contains(body, "<p>ERROR: "+refused+"</p><p>Replicas: 0</p>") {
		t.Errorf("run: got %s", body)
	}
	if body := w.call(w.service.Exec, admin, form); strings.Contains(body, "ERROR") {
		t.Errorf("run by an administrator: got %s", body)
	}
}

// FuzzImport sends any bytes: the answer is text, and a second time is taken as
// the first was.
func FuzzImport(f *testing.F) {
	f.Add([]byte(header+"a;Demo;A;A;a@x.com;active;1\n"), ";", `"`)
	f.Add([]byte("primary_key\tname\r\n\"a\"\"b\"\t<NULL>\r\n\r\n"), "tab", `"`)
	f.Add([]byte("\xef\xbb\xbfprimary_key;name\nx\n"), ";", "")
	f.Add([]byte("primary_key;picture_data;picture_data\n;AAAA;\x00\n"), ";", "'")
	f.Add([]byte(header), "\xd7", "\xa3\xd7\xaa0")
	w := newWorld(f)
	w.source(3, "Direct Persons", "Person")
	f.Fuzz(func(t *testing.T, data []byte, separator, qualifier string) {
		w.TB = t
		form := map[string]string{"data_source_id": "3", "csvdata": string(data), "separator": separator, "qualifier": qualifier,
			"synchronize": "0", "output": "retcode", "no_stop_on_import_error": "1"}
		first := w.call(w.service.Import, admin, form)
		second := w.call(w.service.Import, admin, form)
		if !utf8.ValidString(first) {
			t.Errorf("the answer is no text: %q", first)
		}
		if fmt.Sprint(strings.Count(first, "#")) != fmt.Sprint(strings.Count(second, "#")) {
			t.Errorf("got %q first and %q then", first, second)
		}
	})
}

// TestFormattedTextsComeAsTextOrAsHTML: the column beside one says which, and
// both are kept as HTML.
func TestFormattedTextsComeAsTextOrAsHTML(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source(3, "Requests", "UserRequest")
	w.define(3, "reconciliation_policy", "use_primary_key")
	const head = "primary_key;org_id;title;description;description_format\n"
	body := w.load(head+"a;Demo;A;x < y;text\nb;Demo;B;<b>x</b>;html\nc;Demo;C;<i>x</i>;\n", "synchronize", "1")
	if !strings.Contains(body, "#Objects created: 3 (0 warnings)") {
		t.Fatal(body)
	}
	want := map[string]string{"A": "<p>x &lt; y</p>", "B": "<b>x</b>", "C": "<i>x</i>"}
	err := w.store.Scan(w.Context(), w.model.Class("UserRequest"), 0, func(o *rollcall.Object) error {
		if got := o.Get("description"); got != want[o.Get("title")] {
			t.Errorf("%s: got %q, want %q", o.Get("title"), got, want[o.Get("title")])
		}
		delete(want, o.Get("title"))
		return nil
	})
	if err != nil || len(want) > 0 {
		t.Errorf("%v; %v are not there", err, want)
	}
	// The same again is the same, and no row says what is neither.
	if body := w.load(head+"a;Demo;A;x < y;text\nb;Demo;B;<b>x</b>;html\nc;Demo;C;<i>x</i>;\n", "synchronize", "1"); !strings.Contains(body, "#Objects updated: 0") {
		t.Error(body)
	}
	if body := w.load(head + "a;Demo;A;x;rtf\n"); !strings.Contains(body, "'rtf' is none of the values of column 'description_format' (text, html)") {
		t.Error(body)
	}
}
