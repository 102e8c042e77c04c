package collector_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

func TestSQLCollector(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	db, err := sql.Open("sqlite", filepath.Join(f.dir, "hr.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `CREATE TABLE p (id INT, n TEXT, d DATETIME, x DOUBLE);
INSERT INTO p VALUES (1,'René','2026-01-02 03:04:05',1e20),(2,'O''Neil "q"',NULL,0.5)`); err != nil {
		t.Fatal(err)
	}
	f.definition("People", "n*", "d", "x")
	base := sequence("People") + "<sql_engine>sqlite</sql_engine><sql_database>hr.db</sql_database><sql_password>geheim</sql_password>"
	const query = "<people_query>SELECT id AS primary_key, n, d, x, 1 AS extra FROM p ORDER BY id</people_query>"
	f.params(base + query + `<People_nullified_attributes type="array"><a>d</a></People_nullified_attributes>`)
	log := f.want(0, []string{"[Warning]\tInvalid column 'extra', will be ignored.", "Connection string: 'sqlite:dbname=hr.db;host=localhost'"}, "--collect_only", "--console_log_level=7")
	if got, want := f.read("data/People-1.csv"), "primary_key;n;d;x\n1;René;\"2026-01-02 03:04:05\";1.0E+20\n2;\"O'Neil \"\"q\"\"\";<NULL>;0.5\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if strings.Contains(log, "geheim") {
		t.Error("the password is in the log")
	}
	for name, c := range map[string]struct {
		params string
		want   string
	}{
		"no query":     {base + "<People><query></query></People>", "[Error]\t[People] no SQL query configured! Cannot collect data."},
		"no key":       {base + "<people_query>SELECT n, d, x FROM p</people_query>", `The mandatory column "primary_key" is missing in the SQL query.`},
		"a key's case": {base + "<people_query>SELECT id AS Primary_Key, n, d, x FROM p</people_query>", `The mandatory column "primary_key" is missing in the SQL query.`},
		"no attribute": {base + "<people_query>SELECT id AS primary_key, n, d FROM p</people_query>", `The field "x", used for update, has missing column(s) in the SQL query.`},
		"no table":     {base + "<people_query>SELECT * FROM nobody</people_query>", "People::Collect() got an exception: "},
		"no driver":    {base + query + "<sql_engine>foxpro</sql_engine>", "Database connection failed: could not find driver"},
		"nobody there": {base + query + "<sql_engine>mysql</sql_engine><sql_connection_string>%1$s:dbname=%2$s;host=127.0.0.1;port=1</sql_connection_string>", "[Error]\t[People] Database connection failed: "},
	} {
		t.Run(name, func(*testing.T) {
			f.params(c.params)
			f.want(1, []string{c.want}, "--collect_only")
		})
	}
	f.params(base + "<people_query>SELECT id AS primary_key, n, d FROM p</people_query>" + `<people_ignored_attributes type="array"><a>x</a></people_ignored_attributes>`)
	f.want(0, nil, "--collect_only")
	f.params(base + "<people_query>SELECT id AS primary_key, n, d, x FROM p WHERE 1=0</people_query>")
	f.want(0, nil, "--collect_only")
	if f.has("data/People-1.csv") {
		t.Error("no row, but a file")
	}
}

// TestWhatManualPagesShow runs examples of the manual.
func TestWhatManualPagesShow(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.definition("Mine", "email*")
	f.params(sequence("Mine") + "<Mine><command>echo 'primary_key;email'; echo '1;a@x'</command><command_output>mine.csv</command_output><csv_file>mine.csv</csv_file></Mine>")
	f.want(0, []string{"Command: echo", "elapsed:0s output: "}, "--collect_only")
	if got := f.read("data/Mine-1.csv"); got != "primary_key;email\n1;a@x\n" {
		t.Errorf("got %q", got)
	}
	f.write("collectors/module.myproject.php", "<?php SetupWebPage::AddModule(__FILE__, 'centreon-collector/1.2.3', array());")
	f.want(0, []string{"[Debug]\tCollector: Mine, version: 1.2.3"}, "--collect_only", "--console_log_level=7")
}

func TestPHPCodeThatIsNotRunIsTold(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.definition("Mine", "email*")
	f.write("collectors/src/Mine.class.inc.php", "<?php class Mine extends CsvCollector {\n  public function Fetch() {}\n  protected static function Other($x) {}\n}")
	f.write("mine.csv", "primary_key;email\n1;a\n")
	f.params(sequence("Mine") + "<Mine><csv_file>mine.csv</csv_file></Mine>")
	f.want(0, []string{"[Warning]\tMine: the code of %APPROOT%/collectors/src/Mine.class.inc.php is not run (Fetch, Other)."}, "--collect_only")
}

func TestAttributesThatITopLacksAreLeftOut(t *testing.T) {
	t.Parallel()
	f, i := newFolder(t), newITop(t)
	f.definition("People", "email*", "function")
	f.params(i.params() + sequence("People") + `<People_ignored_attributes type="array"><a>function</a></People_ignored_attributes>` +
		"<People><jsonfile>p.json</jsonfile><path>*</path><fields><primary_key>id</primary_key><email>e</email><function>f</function></fields></People>")
	f.write("p.json", `[{"id":1,"e":"a","f":"b"}]`)
	f.want(0, []string{"Skipping optional (and not-present) attribute 'function'."})
	if got := i.sent("synchro_import.php")[0].Get("csvdata"); got != "primary_key;email\n1;a\n" {
		t.Errorf("got %q", got)
	}
}

// TestAttributesAreUpdatedWhereTheyDiffer are the cases of the original's
// testUpdateSDSAttributes.
func TestAttributesAreUpdatedWhereTheyDiffer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		have    map[string]any
		updates int
	}{
		"the same":           {map[string]any{"attcode": "email", "finalclass": "SynchroAttribute", "update": true, "reconcile": true, "update_policy": "master_locked"}, 0},
		"reconcile differs":  {map[string]any{"attcode": "email", "finalclass": "SynchroAttribute", "update": true, "reconcile": false, "update_policy": "master_locked"}, 1},
		"the policy differs": {map[string]any{"attcode": "email", "finalclass": "SynchroAttribute", "update": true, "reconcile": true, "update_policy": "write_if_empty"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, i := newUpload(t, "")
			f.definition("People", "email*")
			f.want(0, nil, "--configure_only")
			i.sources["People source"]["fields"].(map[string]any)["attribute_list"] = []any{c.have}
			i.requests = nil
			f.want(0, nil, "--configure_only")
			n := 0
			for _, r := range i.sent("rest.php") {
				if text := r.Get("json_data"); strings.Contains(text, "core/update") && strings.Contains(text, `"class":"SynchroAttribute"`) {
					n++
				}
			}
			if n != c.updates {
				t.Errorf("%d updates, want %d", n, c.updates)
			}
		})
	}
}
