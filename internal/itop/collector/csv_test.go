package collector_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// csvPeople is what most cases read.
const csvPeople = `primary_key;first_name;name;email;org_id;phone
1;Isaac;Asimov;isaac@example.com;Demo;+00 1
2;Jules;Verne;jules@example.com;Demo;
`

// TestCSVCollector has a case for each that the original's own tests pin.
func TestCSVCollector(t *testing.T) {
	t.Parallel()
	attributes := []string{"email*", "first_name*", "name*", "org_id*", "phone"}
	const header = "primary_key;first_name;name;email;org_id;phone\n"
	for name, c := range map[string]struct {
		attributes []string
		section    string
		input      string
		want       string
	}{
		"nominal": {
			input: csvPeople,
			want:  header + "1;Isaac;Asimov;isaac@example.com;Demo;\"+00 1\"\n2;Jules;Verne;jules@example.com;Demo;\n",
		},
		"another encoding": {
			section: "<encoding>ISO-8859-15</encoding>",
			input:   "primary_key;first_name;name;email;org_id;phone\n1;Ren\xe9;M\xfcller \xa4;r@example.com;Demo;1\n",
			want:    header + "1;René;\"Müller €\";r@example.com;Demo;1\n",
		},
		"another separator": {
			section: "<separator>,</separator>",
			input:   "primary_key,first_name,name,email,org_id,phone\n1,a;b,c,d,e,f\n",
			want:    header + "1;\"a;b\";c;d;e;f\n",
		},
		"tab": {
			section: "<separator>TAB</separator>",
			input:   "primary_key\tfirst_name\tname\temail\torg_id\tphone\n1\tA B\tc\td\te\tf\n",
			want:    header + "1;\"A B\";c;d;e;f\n",
		},
		"separator in titles": {
			section: "<separator> </separator><fields><first_name>first name</first_name></fields>",
			input:   "primary_key \"first name\" name email org_id phone \"additional field\"\n1 Isaac Asimov i@x Demo 5 more\n",
			want:    header + "1;Isaac;Asimov;i@x;Demo;5\n",
		},
		"a command writes the file": {
			section: "<command>printf '7;n7;f7;e7;o7;p7\\n' > people.csv</command><has_header>no</has_header>" +
				"<fields><primary_key>1</primary_key><phone>6</phone><name>2</name><first_name>3</first_name><email>4</email><org_id>5</org_id></fields>",
			want: "primary_key;name;first_name;email;org_id;phone\n7;n7;f7;e7;o7;p7\n",
		},
		"columns by number": {
			attributes: append(attributes, "status"),
			section: "<has_header>no</has_header><fields><primary_key>1</primary_key><first_name>2</first_name><name>3</name><email>5</email><org_id>6</org_id><phone>7</phone><status>8</status></fields>" +
				"<ignored_columns type=\"array\"><column>4</column></ignored_columns><defaults><status>active</status></defaults>",
			input: "1;Isaac;Asimov;drop;i@x;Demo;5;\n",
			want:  "primary_key;first_name;name;email;org_id;phone;status\n1;Isaac;Asimov;i@x;Demo;5;active\n",
		},
		"a default adds a column": {
			attributes: append(attributes, "status"),
			section:    "<defaults><status>active</status></defaults>",
			input:      "primary_key;first_name;name;email;org_id;phone\n1;a;b;c;d;e\n",
			want:       "primary_key;first_name;name;email;org_id;phone;status\n1;a;b;c;d;e;active\n",
		},
		"a default stands in for an empty value and for 0": {
			section: "<defaults><phone>none</phone></defaults>",
			input:   "primary_key;first_name;name;email;org_id;phone\n1;a;b;c;d;\n2;a;b;c;d;0\n3;a;b;c;d;5\n",
			want:    header + "1;a;b;c;d;none\n2;a;b;c;d;none\n3;a;b;c;d;5\n",
		},
		"ignored columns": {
			section: "<ignored_columns><a>phone</a></ignored_columns>",
			input:   csvPeople,
			want:    "primary_key;first_name;name;email;org_id\n1;Isaac;Asimov;isaac@example.com;Demo\n2;Jules;Verne;jules@example.com;Demo\n",
		},
		"titles of one's own": {
			section: "<fields><primary_key>clé primaire</primary_key><name>nom</name></fields><ignored_columns><a>org_id</a></ignored_columns><defaults><phone>x</phone></defaults>",
			input:   "clé primaire;first_name;nom;email;org_id\n1;a;b;c;d\n",
			want:    "primary_key;first_name;name;email;phone\n1;a;b;c;x\n",
		},
		"one column feeds two fields": {
			attributes: append(attributes, "employee_number"),
			section:    "<fields><employee_number>phone</employee_number><phone>phone</phone></fields>",
			input:      "primary_key;first_name;name;email;org_id;phone;employee_number\n1;a;b;c;d;5;orphan\n",
			want:       "primary_key;first_name;name;email;org_id;employee_number;phone\n1;a;b;c;d;5;5\n",
		},
		"one column feeds the key and others": {
			attributes: append(attributes, "employee_number"),
			section:    "<fields><primary_key>no</primary_key><employee_number>no</employee_number></fields>",
			input:      "first_name;name;email;org_id;phone;no\na;b;c;d;5;9\n",
			want:       "first_name;name;email;org_id;phone;primary_key;employee_number\na;b;c;d;5;9;9\n",
		},
		"one column feeds three": {
			attributes: append(attributes, "employee_number"),
			section:    "<fields><primary_key>no</primary_key><employee_number>no</employee_number><phone>no</phone></fields>",
			input:      "first_name;name;email;org_id;no\na;b;c;d;9\n",
			want:       "first_name;name;email;org_id;primary_key;employee_number;phone\na;b;c;d;9;9;9\n",
		},
		"two columns feed two each": {
			attributes: append(attributes, "employee_number", "function"),
			section:    "<fields><phone>p</phone><employee_number>p</employee_number><name>n</name><function>n</function></fields>",
			input:      "primary_key;first_name;email;org_id;p;n\n1;a;b;c;5;N\n",
			want:       "primary_key;first_name;email;org_id;phone;employee_number;name;function\n1;a;b;c;5;5;N;N\n",
		},
		"values over several lines": {
			input: "primary_key;first_name;name;email;org_id;phone\n1;\"Is\naac\";\" Asimov\";c;d;e\r\n",
			want:  header + "1;\"Is\naac\";\" Asimov\";c;d;e\n",
		},
		"an attribute of several columns": {
			attributes: append(attributes, "picture(picture_data,picture_mimetype,picture_filename)"),
			section:    "<fields><picture_mimetype>m</picture_mimetype><picture_filename>f</picture_filename><picture_data>d</picture_data></fields>",
			input:      "primary_key;first_name;name;email;org_id;phone;m;f;d\n1;a;b;c;d;e;image/png;x.png;AAAA\n",
			want:       "primary_key;first_name;name;email;org_id;phone;picture_mimetype;picture_filename;picture_data\n1;a;b;c;d;e;image/png;x.png;AAAA\n",
		},
		"a byte order mark is left out": {
			input: "\ufeff" + csvPeople,
			want:  header + "1;Isaac;Asimov;isaac@example.com;Demo;\"+00 1\"\n2;Jules;Verne;jules@example.com;Demo;\n",
		},
		"odd quotes": {
			input: "primary_key;first_name;name;email;org_id;phone\n1;\"a\"\"b\";\"ab\"cd;  \"x\" ;\"a\\\"b\";a\"b\n",
			want:  header + "1;\"a\"\"b\";abcd;\"x \";\"a\\\"b\";\"a\"\"b\"\n",
		},
		"the last of two columns with one title counts": {
			input: "primary_key;first_name;name;email;org_id;phone;name\n1;a;b;c;d;e;last\n",
			want:  header + "1;a;last;c;d;e\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t)
			if c.attributes == nil {
				c.attributes = attributes
			}
			f.definition("People", c.attributes...)
			f.params(sequence("People") + "<People><csv_file>people.csv</csv_file>" + c.section + "</People>")
			if c.input != "" {
				f.write("people.csv", c.input)
			}
			f.want(0, nil, "--collect_only")
			if diff := cmp.Diff(c.want, f.read("data/People-1.csv")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCSVFileByAnAbsolutePath(t *testing.T) {
	t.Parallel()
	f, elsewhere := newFolder(t), newFolder(t)
	f.definition("People", "email*")
	elsewhere.write("people.csv", "primary_key;email\n1;a\n")
	f.params(sequence("People") + "<People><csv_file>" + elsewhere.dir + "/people.csv</csv_file></People>")
	f.want(0, nil, "--collect_only")
	if got := f.read("data/People-1.csv"); got != "primary_key;email\n1;a\n" {
		t.Errorf("got %q", got)
	}
}

func TestCSVCollectorSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	const missing = "[Error]\tPeople::Collect() got an exception: Missing columns in the csv file."
	for name, c := range map[string]struct {
		section, input string
		code           int
		want           []string
	}{
		"a line of another width": {"", "primary_key;email\n1\n", 1, []string{
			"[Error]\t[People] Wrong number of columns (1) on line 2 (expected 2 columns just like in header): 1",
			"[Error]\tPeople::Collect() got an exception: Invalid CSV file."}},
		"a blank line": {"", "primary_key;email\n1;2\n\n", 1, []string{"Wrong number of columns (1) on line 3 (expected 2 columns"}},
		"no key":       {"", "email\nx\n", 1, []string{`[Error]	[People] The mandatory column "primary_key" is missing in the csv file.`, missing}},
		"no reconciliation key": {"", "primary_key\n1\n", 1, []string{
			`[Error]	[People] The field "email", used for reconciliation, has missing column(s) in the csv file.`, missing}},
		"empty":            {"", "", 0, []string{"[Error]\t[People] CSV file is empty. Data collection stops here.", "end of data collection"}},
		"only a header":    {"", "primary_key;email\n", 0, []string{"CSV file is empty"}},
		"no file":          {"<csv_file>nowhere.csv</csv_file>", "", 1, []string{"[Error]\t[People] Cannot use CSV file handle for nowhere.csv", "[Error]\tPeople::Prepare() returned false"}},
		"cut off":          {"", "primary_key;email\n1;2\n2;\"3\n3;4\n", 1, []string{"people.csv ends within a quoted value: it is cut off, or a quote stands where none belongs"}},
		"wrong encoding":   {"", "primary_key;email\n1;\xe9\n", 1, []string{"is not encoded in UTF-8"}},
		"unknown encoding": {"<encoding>KLINGON</encoding>", "x", 1, []string{`the encoding "KLINGON" is not known`}},
		"a long separator": {"<separator>||</separator>", "x", 1, []string{`separator "||" is not one character`}},
		"fields is a text": {"<fields>x</fields>", "x", 1, []string{"[Error]\t[People] fields section configuration is not correct. please see documentation."}},
		"a command fails":  {"<command>echo no &gt;&amp;2; exit 3</command>", "x", 1, []string{"Command failed : echo no >&2; exit 3 \n\t\t=== with status:3 \n\t\t=== stderr:no \n\t\t=== stdout: "}},
		"a command hangs":  {"<command>sleep 60</command><command_timeout>1</command_timeout>", "x", 1, []string{"longer than command_timeout allows"}},
		"unknown titles":   {"<fields><email>mail</email></fields>", "primary_key;e-mail;x\n1;2;3\n", 1, []string{`The field "email" is filled from "mail", which is no column`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t)
			f.definition("People", "email*")
			file := "<csv_file>people.csv</csv_file>"
			if c.section != "" && c.section[:5] == "<csv_" {
				file = ""
			}
			f.params(sequence("People") + "<People>" + file + c.section + "</People>")
			f.write("people.csv", c.input)
			f.want(c.code, c.want, "--collect_only")
			if f.has("data/People-1.csv") {
				t.Error("a collection that failed or was empty left a file")
			}
		})
	}
}
