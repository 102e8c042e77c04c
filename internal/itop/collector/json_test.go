package collector_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const jsonHeader = "primary_key;name;first_name;email;org_id;phone;function\n"

// TestJSONCollector has a case for each that the original's own tests pin.
func TestJSONCollector(t *testing.T) {
	t.Parallel()
	const fields = "<fields><primary_key>key</primary_key><name>name</name><first_name>first</first_name><email>email</email><org_id>org</org_id><phone>phone</phone><function>function</function><mobile_phone>nowhere</mobile_phone></fields>"
	const one = `{"key":1,"name":"Asimov","first":"Isaac","email":"i@x","org":3,"phone":"","function":"author"}`
	const two = `{"key":2,"name":"Verne","first":"Jules","email":"j@x","org":3,"phone":"5","function":""}`
	const rows = "1;Asimov;Isaac;i@x;3;;author\n2;Verne;Jules;j@x;3;5;\n"
	for name, c := range map[string]struct{ section, input, want string }{
		"an object of objects":     {"<path>objects/*</path>" + fields, `{"objects":{"P::1":` + one + `,"P::2":` + two + `}}`, jsonHeader + rows},
		"an object without a star": {"<path>objects</path>" + fields, `{"objects":{"P::1":` + one + `,"P::2":` + two + `}}`, jsonHeader + rows},
		"a list":                   {"<path>objects/Person</path>" + fields, `{"objects":{"Person":[` + one + `,` + two + `]}}`, jsonHeader + rows},
		"a name maps over a list":  {"<path>objects/Person/blop</path>" + fields, `{"objects":{"Person":[{"blop":` + one + `},{"x":1},{"blop":` + two + `}]}}`, jsonHeader + rows},
		"a star, then a name":      {"<path>objects/Person/*/blop</path>" + fields, `{"objects":{"Person":[{"blop":` + one + `},{"blop":` + two + `}]}}`, jsonHeader + rows},
		"rows are lists": {"<path>r</path><fields><primary_key>0</primary_key><name>1</name><first_name>2</first_name><email>3</email><org_id>4</org_id><phone>5</phone><function>6</function></fields>",
			`{"r":[[1,"Asimov","Isaac","i@x",3,"","author"]]}`, jsonHeader + "1;Asimov;Isaac;i@x;3;;author\n"},
		"paths within an element": {"<path>*</path><fields><primary_key>id</primary_key><name>n/last</name><first_name>n/first/1</first_name><email>mails/*/address</email><org_id>org</org_id><phone>p</phone><function>f</function></fields>",
			`[{"id":1,"n":{"last":"A","first":["x","I"]},"mails":[{"kind":"x"},{"address":"i@x"}],"org":1.50,"p":1e3,"f":12345678901234567890}]`,
			jsonHeader + "1;A;I;i@x;1.5;1000;1.2345678901235E+19\n"},
		"defaults": {"<path>*</path>" + fields + "<defaults><phone>none</phone><org_id>Demo</org_id><name>never</name></defaults>",
			`[{"key":1,"name":"A","first":"I","email":"e","phone":"","function":true}]`, "primary_key;name;first_name;email;org_id;phone;function\n1;A;I;e;Demo;none;1\n"},
		"nullified in the first element": {"<path>*</path>" + fields + `<nullified_attributes type="array"><a>function</a></nullified_attributes>`,
			`[{"key":1,"name":"A","first":"I","email":"e","org":1,"phone":"p"},{"key":2,"name":"A","first":"I","email":"e","org":1,"phone":"p","function":""}]`,
			"primary_key;name;first_name;email;org_id;phone;function\n1;A;I;e;1;p;<NULL>\n2;A;I;e;1;p;\n"},
		"nullified in a later element": {"<path>*</path>" + fields + `<nullified_attributes type="array"><a>function</a></nullified_attributes>`,
			`[{"key":1,"name":"A","first":"I","email":"e","org":1,"phone":"p","function":"x"},{"key":2,"name":"A","first":"I","email":"e","org":1,"phone":"p"}]`,
			jsonHeader + "1;A;I;e;1;p;x\n2;A;I;e;1;p;<NULL>\n"},
		"spelled in capitals": {"<PATH>*</PATH><path>nowhere</path>" + fields, "[" + one + "," + two + "]", jsonHeader + rows},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t)
			f.definition("People", "email*", "first_name*", "name*", "org_id*", "phone", "function")
			f.params(sequence("People") + "<people><jsonfile>people.json</jsonfile>" + c.section + "</people>")
			f.write("people.json", c.input)
			f.want(0, nil, "--collect_only")
			if diff := cmp.Diff(c.want, f.read("data/People-1.csv")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestJSONCollectorSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	const prepare = "[Error]\tPeople::Prepare() returned false"
	for name, c := range map[string]struct {
		section, input string
		want           []string
	}{
		"wrong path":      {"<path>objects/*/blop</path>", `{"objects":[{"a":1}]}`, []string{"[Error]\t[People] Failed to find path objects/*/blop until data in json file:  people.json.", prepare}},
		"broken":          {"<path>*</path>", `{"a":`, []string{"[Error]\t[People] Failed to translate data from JSON file: 'people.json'. Reason: Syntax error", prepare}},
		"not UTF-8":       {"<path>*</path>", "{\"a\":\"\xe9\",}", []string{"Reason: Malformed UTF-8 characters, possibly incorrectly encoded", prepare}},
		"void":            {"<path>*</path>", `[]`, []string{"Reason: No error", prepare}},
		"missing column":  {"<path>*</path><fields><primary_key>k</primary_key></fields>", `[{"k":1}]`, []string{`The field "email", used for reconciliation, has missing column(s) in the json file.`, "People::Collect() got an exception: Missing columns in the json file."}},
		"defaults a text": {"<path>*</path><defaults>x</defaults>", `[{"k":1}]`, []string{"defaults section configuration is not correct"}},
		"no file":         {"<jsonfile>gone.json</jsonfile>", "", []string{"Failed to get JSON file: gone.json", prepare}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t)
			f.definition("People", "email*")
			file := "<jsonfile>people.json</jsonfile>"
			if name == "no file" {
				file = ""
			}
			f.params(sequence("People") + "<People>" + file + c.section + "</People>")
			f.write("people.json", c.input)
			f.want(1, c.want, "--collect_only")
		})
	}
}

func TestJSONFromAnAddress(t *testing.T) {
	t.Parallel()
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		if r.Method != http.MethodPost || r.PostForm.Get("auth_pwd") != "geheim" || r.PostForm.Get("a[b]") != "c" || r.UserAgent() != "spider" {
			t.Errorf("got %s %v %q", r.Method, r.PostForm, r.UserAgent())
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"objects":{"Person::1":{"fields":{"id":7,"email":"e"}}}}`))
	}))
	t.Cleanup(server.Close)
	f := newFolder(t)
	f.definition("People", "email*")
	f.params(sequence("People") + "<People><jsonurl>" + server.URL + "</jsonurl><jsonpost><auth_pwd>geheim</auth_pwd><a><b>c</b></a></jsonpost>" +
		"<path>objects/*/fields</path><fields><primary_key>id</primary_key><email>email</email></fields></People>")
	log := f.want(0, []string{"Source URL: " + server.URL, `\"auth_pwd\":\"***\"`}, "--collect_only", "--console_log_level=7")
	if got := f.read("data/People-1.csv"); got != "primary_key;email\n7;e\n" {
		t.Errorf("got %q", got)
	}
	_ = log
	status = http.StatusInternalServerError
	f.want(1, []string{"HTTP error 500 returned from URL: " + server.URL, "People::Prepare() returned false"}, "--collect_only")
}

// A document at an address may go on in others, of which each is asked for as the
// first was.
func TestJSONInPages(t *testing.T) {
	t.Parallel()
	documents := map[string]string{
		"/next":     `{"p":[{"id":1,"n":"A"}],"next":"/next?2","all":3}`,
		"/next?2":   `{"p":[{"id":2,"n":"B"},{"id":3,"n":"C"}],"next":null,"all":3}`,
		"/p?page=1": `[{"id":1,"n":"A"},{"id":2,"n":"B"}]`, "/p?page=2": `[{"id":3,"n":"C"}]`, "/p?page=3": `[]`,
		"/cut":  `{"p":[{"id":1,"n":"A"}],"next":"/gone"}`,
		"/less": `{"p":[{"id":1,"n":"A"}],"next":"","all":3}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := documents[r.URL.RequestURI()]
		if _ = r.ParseForm(); !ok || r.PostForm.Get("token") != "x" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(server.Close)
	const all, prepare = "primary_key;name\n1;A\n2;B\n3;C\n", "[Error]\tPeople::Prepare() returned false"
	for section, want := range map[string]string{
		"<jsonurl>%s/next</jsonurl><path>p</path><next>next</next><total>all</total>": all,
		"<jsonurl>%s/p</jsonurl><path></path><page>page</page>":                       all,
		"<jsonurl>%s/next</jsonurl><path>p</path>":                                    "primary_key;name\n1;A\n",
		"<jsonurl>%s/cut</jsonurl><path>p</path><next>next</next>":                    prepare,
		"<jsonurl>%s/less</jsonurl><path>p</path><next>next</next><total>all</total>": "[Error]\t[People] the read is not whole: the pages hold 1 elements, and all says 3\n" + prepare,
		"<jsonfile>x.json</jsonfile><path>p</path><next>next</next>":                  "[Error]\t[People] next, page and total are for <jsonurl>, not for a file\n" + prepare,
	} {
		f := newFolder(t)
		f.definition("People", "name*")
		f.params(sequence("People") + "<people>" + strings.ReplaceAll(section, "%s", server.URL) +
			"<jsonpost><token>x</token></jsonpost><fields><primary_key>id</primary_key><name>n</name></fields></people>")
		if strings.Contains(want, "[Error]") {
			f.want(1, []string{want}, "--collect_only")
			continue
		}
		f.want(0, nil, "--collect_only")
		if got := f.read("data/People-1.csv"); got != want {
			t.Errorf("%s: got %q, want %q", section, got, want)
		}
	}
}
