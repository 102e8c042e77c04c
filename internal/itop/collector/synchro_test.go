package collector_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// newUpload is a folder with one collector of a CSV file and an iTop.
func newUpload(t *testing.T, more string) (*folder, *iTop) {
	t.Helper()
	f, i := newFolder(t), newITop(t)
	f.definition("People", "email*", "phone")
	f.params(i.params() + sequence("People") + "<People><csv_file>people.csv</csv_file></People>" + more)
	f.write("people.csv", "primary_key;email;phone\n1;a;b\n2;c;d\n")
	return f, i
}

func TestUploadFields(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args         []string
		more, output string
		want         url.Values
	}{
		"information": {nil, "<date_format>d/m/Y</date_format>", "retcode", url.Values{"auth_user": {"admin"}, "auth_pwd": {"geheim-itop"}, "query": {"login_mode=form"}}},
		"debug":       {[]string{"--console_log_level=7"}, "<date_format>d/m/Y</date_format>", "details", url.Values{"auth_user": {"admin"}, "auth_pwd": {"geheim-itop"}, "query": {"login_mode=form"}}},
		"level 9":     {[]string{"--console_log_level=9"}, "<date_format>d/m/Y</date_format>", "retcode", url.Values{"auth_user": {"admin"}, "auth_pwd": {"geheim-itop"}, "query": {"login_mode=form"}}},
		"token":       {nil, "<date_format>d/m/Y</date_format><itop_token>tok</itop_token><itop_rest_token>ignored</itop_rest_token>", "retcode", url.Values{"auth_token": {"tok"}, "query": {"login_mode=token"}}},
		"login mode":  {nil, "<date_format>d/m/Y</date_format><itop_token>tok</itop_token><itop_login_mode>basic</itop_login_mode>", "retcode", url.Values{"auth_token": {"tok"}, "query": {"login_mode=basic"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, i := newUpload(t, c.more)
			i.Import = func(url.Values) (int, string) { return 200, "<b>#Issues (before synchro): 0</b>\n0\n" }
			f.want(0, nil, c.args...)
			want := url.Values{"path": {"/synchro/synchro_import.php"}, "separator": {";"}, "data_source_id": {"1"}, "synchronize": {"0"}, "no_stop_on_import_error": {"1"},
				"output": {c.output}, "csvdata": {"primary_key;email;phone\n1;a;b\n2;c;d\n"}, "charset": {"UTF-8"}, "date_format": {"d/m/Y"}}
			execute := url.Values{"path": {"/synchro/synchro_exec.php"}, "data_sources": {"1"}}
			for k, v := range c.want {
				want[k], execute[k] = v, v
			}
			if diff := cmp.Diff([]url.Values{want}, i.sent("synchro_import.php")); diff != "" {
				t.Errorf("import (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]url.Values{execute}, i.sent("synchro_exec.php")); diff != "" {
				t.Errorf("exec (-want +got):\n%s", diff)
			}
		})
	}
}

func TestImportAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		args   []string
		count  string // empty: accepted
	}{
		"accepted":            {200, "0", nil, ""},
		"accepted, last line": {200, "notice\n0\n", nil, ""},
		"ten errors":          {200, "some text\n10", nil, "10"},
		"nothing":             {200, "", nil, ""},
		"a sentence":          {200, "Invalid login", nil, "Invalid login"},
		"details":             {200, "#Issues (before synchro): 0\n#Created: 1", []string{"--console_log_level=7"}, ""},
		"details, ten":        {200, "#Issues (before synchro): 10\n", []string{"--console_log_level=7"}, "10"},
		"details, none":       {200, "what is this", []string{"--console_log_level=7"}, "-1"},
		"a 500 that says 0":   {500, "0", nil, "0"},
		"an HTML page":        {503, "<html><body>maintenance</body></html>", nil, "maintenance"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, i := newUpload(t, "")
			i.Import = func(url.Values) (int, string) { return c.status, c.body }
			code, log := f.exec(c.args...)
			refused := c.count != "" || name == "nothing"
			want := fmt.Sprintf("[Error]\tFailed to import the data from '%%APPROOT%%//data/People-1.csv' into iTop. %s line(s) had errors.", c.count)
			if refused != strings.Contains(log, want) || refused != (code == 1) || refused == (len(i.sent("synchro_exec.php")) == 1) {
				t.Errorf("exit code %d, log:\n%s", code, log)
			}
		})
	}
}

func TestExecAnswers(t *testing.T) {
	t.Parallel()
	const answered = "[Error]\tSynchronization of data source 'People source' answered: "
	for name, c := range map[string]struct {
		body         string
		want, strict []string // what is logged; nothing: succeeded
	}{
		"all zero": {counters(0, 0, 0, 0, 0), nil, nil},
		"every counter counts": {counters(1, 2, 3, 4, 5), []string{answered + "Objects deletion errors: 1", answered + "Objects obsolescence errors: 2",
			answered + "Objects creation errors: 3", answered + "Objects update errors: 4", answered + "Objects reconciliation errors: 5"}, []string{"reconciliation errors: 5"}},
		"all but the last": {counters(1, 0, 0, 0, 0), []string{answered + "Objects deletion errors: 1"}, nil},
		"cancelled":        {"<p>ERROR: All records are old. The synchronization was cancelled.</p>" + counters(0, 0, 0, 0, 0), []string{answered + "All records are old. The synchronization was cancelled\n"}, []string{answered}},
		"a login form":     {`<form><input type="hidden" name="loginop" value="login"/></form>`, []string{"[Error]\tFailed to login to iTop. Invalid (or insuffic"}, []string{"Failed to login"}},
		"something else":   {"<html><b>502</b> Bad\nGateway</html>", []string{"[Error]\tSynchronization of data source 'People source' failed.", "[Error]\tiTop answered: 502 Bad Gateway"}, []string{"failed."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, i := newUpload(t, "")
			i.Exec = func(string) (int, string) { return 200, c.body }
			code := 0
			if c.want != nil {
				code = 1
			}
			f.want(code, append(c.want, map[bool]string{true: "succeeded.", false: ""}[c.want == nil]))
			// In strict mode the run succeeds all the same, as it used to.
			f.want(0, append(c.strict, map[bool]string{true: "succeeded.", false: ""}[c.strict == nil]), "--strict")
		})
	}
}

func TestOneCollectorFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stop  string
		down  bool
		execs int
		want  string
	}{
		"the others go on":        {"no", false, 2, "succeeded."},
		"stop":                    {"yes", false, 1, "answered"},
		"another word":            {"YES", false, 2, "Unexpected value 'YES' for the parameter 'stop_on_synchro_error'."},
		"the network fails, once": {"no", true, 2, "Problem opening URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, i := newUpload(t, "")
			f.definition("Second", "email*")
			f.params(i.params() + sequence("People", "Second") + "<stop_on_synchro_error>" + c.stop + "</stop_on_synchro_error>" +
				"<People><csv_file>people.csv</csv_file></People><Second><csv_file>people.csv</csv_file></Second>")
			i.Exec = func(source string) (int, string) {
				if source == "1" && c.down {
					panic(http.ErrAbortHandler)
				}
				if source == "1" {
					return 200, counters(0, 0, 1, 0, 0)
				}
				return 200, counters(0, 0, 0, 0, 0)
			}
			f.want(1, []string{c.want})
			if got := len(i.sent("synchro_exec.php")); got != c.execs {
				t.Errorf("%d synchronizations, want %d", got, c.execs)
			}
		})
	}
}

func TestChunks(t *testing.T) {
	t.Parallel()
	f, i := newUpload(t, "")
	var b strings.Builder
	b.WriteString("primary_key;email;phone\n")
	for n := range 23 {
		fmt.Fprintf(&b, "%d;e;p\n", n)
	}
	f.write("people.csv", b.String())
	for _, stale := range []string{"99.csv", "98.csv.part", "97.csv.changed.part"} {
		f.write("data/People-"+stale, "stale")
	}
	f.want(0, nil, "--max_chunk_size=2")
	var first []string
	for _, r := range i.sent("synchro_import.php") {
		first = append(first, strings.Split(r.Get("csvdata"), "\n")[1])
	}
	want := []string{"0;e;p", "2;e;p", "4;e;p", "6;e;p", "8;e;p", "10;e;p", "12;e;p", "14;e;p", "16;e;p", "18;e;p", "20;e;p", "22;e;p"}
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("order of uploads (-want +got):\n%s", diff)
	}
	for _, stale := range []string{"99.csv", "98.csv.part", "97.csv.changed.part"} {
		if f.has("data/People-" + stale) {
			t.Errorf("the stale file %s was left", stale)
		}
	}
	f.want(0, nil, "--collect_only", "--max_chunk_size=0")
	if found, _ := filepath.Glob(filepath.Join(f.dir, "data", "*.csv")); len(found) != 1 {
		t.Errorf("got %q, want one file", found)
	}
}

// A collection that was killed before it was whole is not uploaded later on.
func TestAnInterruptedCollectionIsNotUploaded(t *testing.T) {
	t.Parallel()
	f, i := newUpload(t, "")
	f.want(0, nil, "--max_chunk_size=1")
	if err := os.Rename(f.dir+"/data/People-2.csv", f.dir+"/data/People-2.csv.part"); err != nil {
		t.Fatal(err)
	}
	before := len(i.sent("synchro_import.php"))
	f.want(1, []string{"[Error]\tException: the last collection of People was interrupted, so its files are not everything: collect again"}, "--synchro_only")
	if got := len(i.sent("synchro_import.php")) - before; got != 0 {
		t.Errorf("%d files were uploaded", got)
	}
	f.want(0, nil, "--synchro_only", "--strict")
	f.want(0, nil)
}

func TestDefinitions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		code int
		want []string
	}{
		"no file":           {"", 1, []string{"Empty Synchro Data Source definition for the collector 'People' (file to check/create: ", "[Error]\tException: Cannot create Collector (empty JSON definition)"}},
		"no JSON":           {"{\n\"name\": $version$\n}", 1, []string{"Invalid Synchro Data Source definition for the collector 'People' (not a JSON string)", "in line 2: \"name\": 1.0.0"}},
		"a list":            {"[]", 1, []string{"Cannot create Collector (invalid JSON definition)"}},
		"no reconciliation": {`{"name":"x","reconciliation_policy":"use_attributes","attribute_list":[{"attcode":"a","update":"1","reconcile":"0"}]}`, 1, []string{"Missing reconciliation key for data source 'x'. At least one attribute"}},
		"a bad table":       {`{"name":"x","reconciliation_policy":"use_primary_key","database_table_name":"a-b","attribute_list":[]}`, 1, []string{"'x' invalid characters in database_table_name, current value is 'a-b'"}},
		"quotes in a value": {`{"name":"$odd$","reconciliation_policy":"use_primary_key","database_table_name":"","attribute_list":[]}`, 0, []string{`named 'a "b" \' in iTop`}},
		"unknown stays":     {`{"name":"$nobody$","reconciliation_policy":"use_primary_key","database_table_name":"","attribute_list":[]}`, 0, []string{"named '$nobody$' in iTop"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, i := newFolder(t), newITop(t)
			f.write("collectors/main.php", "<?php")
			if c.text != "" {
				f.write("collectors/json/People.json", c.text)
			}
			f.params(i.params() + sequence("People") + `<People><csv_file>x</csv_file></People><json_placeholders><odd>a "b" \</odd></json_placeholders>`)
			f.want(c.code, c.want, "--configure_only")
		})
	}
}

func TestSeveralSourcesOfOneName(t *testing.T) {
	t.Parallel()
	f, i := newUpload(t, "")
	i.REST = func(_, class string, _ map[string]any) (string, bool) {
		return `{"code":0,"objects":{"SynchroDataSource::1":{"key":"1","fields":{}},"SynchroDataSource::2":{"key":"2","fields":{}}}}`, class == "SynchroDataSource"
	}
	f.want(1, []string{"[Error]\tThere are 2 Synchro Data Sources named 'People source' in iTop. Cannot continue."})
}

func TestLookups(t *testing.T) {
	t.Parallel()
	f, i := newFolder(t), newITop(t)
	f.definition("PC", "name*", "brand", "model")
	f.params(i.params() + sequence("PC") + `<PC><csv_file>pc.csv</csv_file><lookups type="array"><item><query>SELECT Model</query>
<fields>brand_name,name</fields><columns>brand,model</columns><into>model</into><case_sensitive>no</case_sensitive></item></lookups></PC>`)
	f.write("pc.csv", "primary_key;name;brand;model\n1;a;HP;EliteBook\n2;b;hp;None\n")
	i.REST = func(_, class string, data map[string]any) (string, bool) {
		if class != "Model" {
			return "", false
		}
		if data["key"] != "SELECT Model" || data["output_fields"] != "brand_name,name" {
			t.Errorf("got %v", data)
		}
		return `{"code":0,"objects":{"Model::38":{"key":"38","fields":{"brand_name":"hp","name":"EliteBook"}}}}`, true
	}
	f.want(0, []string{"Processing '%APPROOT%//data/PC.raw-1.csv'...", "[Warning]\tNo mapping found with key: 'hp_none', 'model' will be set to zero."})
	if got := i.sent("synchro_import.php")[0].Get("csvdata"); got != "primary_key;name;brand;model\n1;a;HP;38\n2;b;hp;None\n" {
		t.Errorf("got %q", got)
	}
}

func TestEventIssues(t *testing.T) {
	t.Parallel()
	f, i := newUpload(t, "<ldappassword>geheim-ldap</ldappassword>")
	f.want(0, nil, "--eventissue_log_level=6")
	var issues []string
	for _, r := range i.sent("rest.php") {
		if strings.Contains(r.Get("json_data"), "EventIssue") {
			issues = append(issues, r.Get("json_data"))
		}
	}
	all := strings.Join(issues, "\n")
	for _, want := range []string{`"issue":"Collect-People"`, `"userinfo":"Collector"`, `"comment":"create event issue from collector People execution."`, `"issue":"-"`, "Synchronize-People"} {
		if !strings.Contains(all, want) {
			t.Errorf("no issue has %s:\n%s", want, all)
		}
	}
	if strings.Contains(all, "geheim") {
		t.Errorf("a password is in an EventIssue:\n%s", all)
	}
	// An iTop that refuses them must not be asked for ever.
	i.REST = func(operation, _ string, _ map[string]any) (string, bool) {
		return "no JSON", operation == "core/create"
	}
	f.exec("--eventissue_log_level=7", "--collect_only")
}

func TestITopMisbehaves(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body string
		want string
	}{
		"HTML":           {"<html>login</html>", "rest.php replied: <html>login</html>"},
		"nothing":        {"", "rest.php replied: "},
		"an empty list":  {"[]", "rest.php replied: []"},
		"cut off":        {`{"code":0,"mess`, "rest.php replied: "},
		"maintenance":    {`{"data":[{"message":"This application is currently under maintenance."}]}`, "iTop is in maintenance: run again when it is back"},
		"wrong password": {`{"code":1,"message":"Error: Invalid login"}`, "Unable to detect an iTop API. Validate the URL and the credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, i := newUpload(t, "")
			i.REST = func(string, string, map[string]any) (string, bool) { return c.body, true }
			f.want(1, []string{"[Error]\tException: ", c.want})
		})
	}
	t.Run("nobody there", func(t *testing.T) {
		t.Parallel()
		f, i := newUpload(t, "")
		i.Close()
		f.want(1, []string{"Problem opening URL: ", "curl_init error code: 7 (cf https://www.php.net/manual/en/function.curl-errno.php)"})
	})
}

func TestDataFolder(t *testing.T) {
	t.Parallel()
	f, _ := newUpload(t, "<data_path>%APPROOT%/out/deep///</data_path>")
	f.want(0, []string{"Writing to file '%APPROOT%//out/deep/People-1.csv'."}, "--collect_only")
	if os.Geteuid() != 0 {
		f.params("<data_path>/proc/nowhere</data_path>")
		f.want(1, []string{"Failed to create data_path: '/proc/nowhere/'."}, "--collect_only")
	}
	f.write("blocked", "")
	f, _ = newUpload(t, "<data_path>"+filepath.Join(f.dir, "blocked")+"</data_path>")
	f.want(1, []string{"Failed to create data_path"}, "--collect_only")
}

func TestCheckChangesNothing(t *testing.T) {
	t.Parallel()
	f, i := newUpload(t, "")
	f.want(0, []string{"Check: iTop answers at", "Check: People: 2 rows can be collected.", "Check: all is well; nothing was changed."}, "--check")
	for _, r := range i.requests {
		if text := r.Get("json_data") + r.Get("path"); strings.Contains(text, "core/create") || strings.Contains(text, "core/update") || strings.Contains(text, "/synchro/") {
			t.Errorf("--check sent %s", text)
		}
	}
	if f.has("data/People-1.csv") {
		t.Error("--check left a file")
	}
	f.write("people.csv", "wrong\n1\n")
	f.want(1, []string{"The mandatory column", "Check: a run would fail; nothing was changed."}, "--check")
}

func TestCompare(t *testing.T) {
	t.Parallel()
	f, i := newUpload(t, "")
	f.write("php/People-1.csv", "primary_key;email;phone\n2;c;d\n")
	f.write("php/People-2.csv", "primary_key;email;phone\n1;a;b\n")
	f.want(0, []string{"the same rows in another order", "Compare: the files are the same."}, "--compare", filepath.Join(f.dir, "php"))
	f.write("php/People-2.csv", "primary_key;email;phone\n1;a;X\n9;x;y\n")
	f.want(1, []string{"1: phone is 'b' here, 'X' there", "only there: 9"}, "--compare="+filepath.Join(f.dir, "php"))
	before := f.read("data/People-1.csv")
	f.write("data/People-1.csv", "kept")
	for folder, want := range map[string]string{"gone": "--compare needs a folder", "data": "is where this one writes its own: copy them to another folder first"} {
		f.want(1, []string{want}, "--compare="+filepath.Join(f.dir, folder))
		if got := f.read("data/People-1.csv"); got != "kept" {
			t.Errorf("--compare=%s collected first: got %q", folder, got)
		}
	}
	f.write("data/People-1.csv", before)
	if len(i.requests) > 0 {
		t.Error("--compare asked iTop")
	}
}
