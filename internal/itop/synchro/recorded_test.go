package synchro_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/itop/gate"
	"rollcall/internal/rollcall"
)

// exchange is one recorded call of iTop 3.2.0.
type exchange struct {
	Request struct {
		Method, Path string
		Form         map[string]string
	}
	Response struct {
		Body string
	}
}

// recorded reads a file of the recordings, which lie beside the repository;
// ROLLCALL_RECORDINGS names another folder.
func recorded(t *testing.T, name string) []exchange {
	t.Helper()
	dir := os.Getenv("ROLLCALL_RECORDINGS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "shared", "recordings")
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Skipf("the recordings are not here: %v", err)
	}
	var list []exchange
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

var container = regexp.MustCompile(`(?s)<div id="ibo-page-container">\s*(.*?)\s*</div>`)

// content is what a page says, without the frame around it.
func content(body string) string {
	if m := container.FindStringSubmatch(body); m != nil {
		return m[1]
	}
	return strings.TrimSpace(body)
}

// TestRecordedCallsAreAnsweredAlike replays h10 and h11 in their order. What is
// answered otherwise is listed with the answer that is given instead: each is a
// row of docs/differences.md.
func TestRecordedCallsAreAnsweredAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source(3, "Direct Persons", "Person")
	w.source(1, "Synchro LDAP Person", "Person")
	w.source(2, "Synchro Users from LDAP", "Team")
	w.load("primary_key;org_id;name\nlp;Demo;Loaded before, in h09\n")
	const cells = "Row 0, primary_key '%s': the row has %d cells and the header has 7 columns. Nothing was loaded."
	const enum = "'bogus' is none of the values of column 'status' (active, inactive)"
	long := "the value of column 'name' has 300 characters, and 255 is the most"
	different := map[string]string{
		"h10 35": "#Missing data - at least one line is expected<br/>",
		"h10 43": "#" + fmt.Sprintf(cells, "d5", 3) + "<br/>",
		"h10 44": "#" + fmt.Sprintf(cells, "d5", 9) + "<br/>",
		"h10 47": "#" + fmt.Sprintf(cells, "d8", 3) + "<br/>",
		"h10 48": "#Row 0, primary_key 'd9': " + enum + ". Nothing was loaded.<br/>",
		"h10 49": "0: Import error '" + enum + "' (continuing)...",
		"h10 50": "0: Import error '" + enum + "' (continuing)...\n  1",
		"h10 51": "0: Import error '" + long + "' (continuing)...",
		"h10 60": "0: New entry, reconciliation: '`primary_key` = 'D1''", // keys are exact
		"h10 65": "#Replicas: 14<br/>",                                   // and so there is one row more
	}
	// The calls between two of these were made within a second, by which iTop
	// counts; those before them count as seen no more.
	later := map[string]bool{"h10 18": true, "h10 65": true}
	seen := map[string]bool{}
	same := 0
	for _, file := range []string{"h10-synchro-import.json", "h11-synchro-exec.json"} {
		for n, x := range recorded(t, file) {
			name := fmt.Sprintf("%s %d", file[:3], n)
			var page gate.Page
			switch {
			case strings.HasSuffix(x.Request.Path, "rest.php"):
				if status := regexp.MustCompile(`"status": "(\w+)"`).FindStringSubmatch(x.Request.Form["json_data"]); status != nil {
					w.define(3, "status", status[1])
				}
				continue
			case strings.Contains(x.Response.Body, "Invalid login"):
				continue // the gate's
			case strings.HasSuffix(x.Request.Path, "import.php"):
				page = w.service.Import
			default:
				page = w.service.Exec
			}
			account := admin
			if x.Request.Form["auth_user"] == "restonly" {
				account = restOnly
			}
			if later[name] {
				w.clock = w.clock.Add(time.Second)
			}
			got, want := content(w.answer(page, account, x.Request.Form)), content(x.Response.Body)
			other, differs := different[name]
			seen[name] = true
			switch {
			case differs && !strings.Contains(got, other):
				t.Errorf("%s %v:\n got %s\nwant %s", name, x.Request.Form, got, other)
			case !differs && got != want && strings.Contains(want, "(id=1)"):
				// Here the sources of the recorded collector have no rows.
				if countless(got) != countless(want) {
					t.Errorf("%s:\n got %s\nwant %s", name, got, want)
				}
			case !differs && got != want:
				t.Errorf("%s %v:\n got %s\nwant %s", name, x.Request.Form, got, want)
			case !differs:
				same++
			}
		}
	}
	for name := range different {
		if !seen[name] {
			t.Errorf("%s is listed as different and was not called", name)
		}
	}
	t.Logf("%d answers are the same, %d documented different", same, len(different))
}

var digits = regexp.MustCompile(`: \d+`)

func countless(s string) string { return digits.ReplaceAllString(s, ": n") }

// Rows may come from whoever may run the source and from whoever may write all
// objects of its class anyway, and from nobody else.
func TestWhoMayLoad(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.source(1, "Persons", "Person")
	w.source(2, "Accounts", "UserLDAP")
	manager := []string{"Configuration Manager"}
	for _, tt := range []struct {
		name    string
		account *auth.Account
		persons bool
		users   bool
	}{
		{"administrator", admin, true, true},
		{"writer of persons", &auth.Account{Ref: rollcall.Ref{Class: "UserLocal", ID: 7}, Profiles: manager}, true, false},
		{"writer of the persons of some organizations", &auth.Account{Ref: rollcall.Ref{Class: "UserLocal", ID: 8}, Profiles: manager, Organisations: []rollcall.ObjectID{1}}, false, false},
		{"reader", &auth.Account{Ref: rollcall.Ref{Class: "UserLocal", ID: 9}, Profiles: []string{"Support Agent"}}, false, false},
	} {
		for source, want := range map[string]bool{"1": tt.persons, "2": tt.users} {
			got := w.call(w.service.Import, tt.account, map[string]string{"data_source_id": source, "csvdata": "primary_key\nk\n", "synchronize": "0", "output": "retcode"})
			if loaded := !strings.Contains(got, "Only adminstrators"); loaded != want {
				t.Errorf("%s, source %s: got %s", tt.name, source, got)
			}
		}
	}
}
