package replay

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// difference is an answer of ours that differs on purpose. docs/differences.md
// says under its anchor what iTop does, what we do, and why.
type difference struct {
	file   string // "h03"
	at     []int  // the exchanges, from 0
	anchor string
	status int            // what we answer
	body   *regexp.Regexp // what our body, or the text of our page, must say
}

// differences is the whole list.
var differences = []difference{
	{"h02", []int{16}, "classes", 200, says(`exception_class = UnknownClassOqlException, .*'SELECT NoSuch', expecting \{.*\bPerson, `)},
	{"h02", []int{39}, "crash", 200, says(`^{"code":100,"message":"Error: Parameter 'output_fields' must be a text`)},
	{"h03", []int{24}, "crash", 200, says(`^{"code":100,"message":"Error: manager_id: Wrong format for key"}$`)},
	{"h03", []int{42}, "crash", 200, says(`^{"code":100,"message":"Error: class: 'Contact' is abstract`)},
	{"h03", []int{43}, "crash", 200, says(`^{"code":100,"message":"Error: class: 'FunctionalCI' is abstract`)},
	{"h04", []int{26}, "sql", 200, says(`^{"code":100,"message":"Error: purchase_date: Wrong format for date attribute purchase_date, expecting \\"Y-m-d\\" and got \\"2024-13-45\\""}$`)},
	{"h04", []int{30}, "source-class", 200, says(`^{"code":100,"message":"Error: The target class of a data source cannot change`)},
	{"h04", []int{31}, "source-table", 200, says(`"database_table_name":"synchro_data_direct_persons2"`)},
	{"h05", []int{19}, "history", 200, says(`^{"code":1,"message":"SIMULATING: Deletion not allowed on some objects","objects":{"UserLocal::1":{"code":1,"message":"Cannot be deleted: You are not allowed to delete this object".*"SynchroDataSource::3":{"code":5,"message":"Reset external keys: User"`)},
	{"h10", []int{35}, "crash", 200, says(`#Missing data - at least one line is expected`)},
	{"h10", []int{43, 47}, "rows", 200, says(`#Row 0, primary_key 'd[58]': the row has 3 cells and the header has 7 columns. Nothing was loaded.`)},
	{"h10", []int{44}, "rows", 200, says(`#Row 0, primary_key 'd5': the row has 9 cells and the header has 7 columns. Nothing was loaded.`)},
	{"h10", []int{48}, "sql", 200, says(`#Row 0, primary_key 'd9': 'bogus' is none of the values of column 'status' \(active, inactive\). Nothing was loaded.`)},
	{"h10", []int{49, 50}, "sql", 200, says(`0: Import error ''bogus' is none of the values of column 'status' \(active, inactive\)' \(continuing\)`)},
	{"h10", []int{51}, "sql", 200, says(`0: Import error 'the value of column 'name' has 300 characters, and 255 is the most' \(continuing\)`)},
	{"h10", []int{60}, "keys", 200, says("0: New entry, reconciliation: '`primary_key` = 'D1''")},
	{"h10", []int{65}, "keys", 200, says(`#Replicas: 14<br/>\n  #Replicas touched since last synchro: 2<br/>`)},
	{"h12", []int{11}, "classes", 200, says(`Invalid OQL query: 'SELECT Nope'\. Unknown class - found .*, expecting \{.*\bPerson, `)},
	{"h12", []int{23}, "login-page", 200, says(`(?s)<title>iTop login</title>.*Identify yourself before continuing.*name="auth_user".*name="auth_pwd"`)},
	{"h12", []int{24}, "login-page", 200, says(`(?s)<title>iTop login</title>.*Incorrect login/password, please try again`)},
	{"h13", []int{6}, "classes", 200, says(`Unknown class, found 'Nope' in: SELECT Nope , I would suggest to use`)},
	{"h13", []int{7}, "html-list", 200, says(`(?s)<th[^>]*>Last Name</th>.*González`)},
	{"h15", []int{4}, "login-page", 200, says(`(?s)<title>iTop login</title>.*Incorrect login/password, please try again`)},
	{"h15", []int{5}, "cron", 200, says(`(?s)Planned duration = 5 seconds.*Loop pause = 2 seconds.*Background processes:.*Task Class`)},
}

// says compiles what a body must say.
func says(pattern string) *regexp.Regexp { return regexp.MustCompile(pattern) }

// documented returns the difference that an exchange falls under, nil for none.
func documented(file string, at int) *difference {
	for i := range differences {
		if d := &differences[i]; d.file == file && slices.Contains(d.at, at) {
			return d
		}
	}
	return nil
}

// asDocumented reports whether an answer is the one that a difference promises.
func (d *difference) asDocumented(got response) bool {
	return got.Status == d.status && (d.body.MatchString(got.Body) || isPage(got.Body) && d.body.MatchString(visible(got.Body)))
}

func TestDifferencesAreExplained(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "differences.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		if !strings.Contains(string(text), `<a id="`+d.anchor+`">`) {
			t.Errorf("%s %v: docs/differences.md has no anchor %s", d.file, d.at, d.anchor)
		}
	}
}
