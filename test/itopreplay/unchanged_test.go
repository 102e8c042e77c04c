package itopreplay_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// target is our web services as a collector's iTop, with a folder that loads
// persons into them.
type target struct {
	t, whole   *testing.T // the test at work, and that which all are part of
	url, dir   string
	stop       func()
	front      string // the address that the collector knows
	folder     string
	definition map[string]string
	persons    []string
	source     string

	mu       sync.Mutex
	requests []string // of the collector, by page
}

const personHeader = "primary_key;name;first_name;email;org_id;phone"

func newTarget(t *testing.T) *target {
	w := &target{t: t, whole: t, source: "Unchanged persons", definition: map[string]string{"full_load_periodicity": "0", "delete_policy": "ignore", "delete_policy_update": ""}}
	w.dir = prepared(t)
	w.url, w.stop = listen(t, w.dir, "127.0.0.1:0")
	w.front = w.counting()
	w.folder = w.newFolder()
	w.persons = []string{"1;One;A;one@example.org;Demo;11", "2;Two;B;two@example.org;Demo;22", "3;Three;C;three@example.org;Demo;33"}
	return w
}

// counting passes requests on and keeps their pages.
func (w *target) counting() string {
	behind, err := url.Parse(w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(behind)
	return page(w.t, func(rw http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		w.requests = append(w.requests, path.Base(r.URL.Path))
		w.mu.Unlock()
		proxy.ServeHTTP(rw, r)
	})
}

// newFolder is an application's folder for the same data source.
func (w *target) newFolder() string {
	folder := w.t.TempDir()
	writeFile(w.t, filepath.Join(folder, "conf", "params.local.xml"), "<parameters><itop_url>"+w.front+"</itop_url><itop_login>sync</itop_login><itop_password>Lovelace.1815</itop_password>"+
		`<collectors_launch_sequence type="array"><c><name>People</name><enable>yes</enable><rank>1</rank></c></collectors_launch_sequence>`+
		"<People><csv_file>people.csv</csv_file></People></parameters>")
	return folder
}

// define writes the definition of the data source.
func (w *target) define(folder string) {
	text := map[string]any{
		"name": w.source, "description": "", "status": "production", "user_id": "$synchro_user$", "notify_contact_id": "0", "scope_class": "Person",
		"database_table_name": "", "scope_restriction": "", "reconciliation_policy": "use_attributes", "action_on_zero": "create", "action_on_one": "update",
		"action_on_multiple": "error", "delete_policy_retention": "0", "user_delete_policy": "everybody", "url_icon": "", "url_application": "",
	}
	for k, v := range w.definition {
		text[k] = v
	}
	var list []map[string]string
	// iTop would reconcile by the number of the employee, too, which the rows lack,
	// and lock the function.
	for _, code := range append(strings.Split(personHeader, ";")[1:], "employee_number", "function") {
		a := map[string]string{"attcode": code, "update": "1", "reconcile": "0", "update_policy": "master_locked", "finalclass": "SynchroAttribute"}
		if code == "email" {
			a["reconcile"] = "1"
		}
		if code == "employee_number" || code == "function" {
			a["update"] = "0"
		}
		if code == "org_id" {
			a["finalclass"], a["reconciliation_attcode"] = "SynchroAttExtKey", "name"
		}
		list = append(list, a)
	}
	text["attribute_list"] = list
	b, err := json.Marshal(text)
	if err != nil {
		w.t.Fatal(err)
	}
	writeFile(w.t, filepath.Join(folder, "collectors", "json", "People.json"), string(b))
}

// exec runs the collector of a folder over the persons, and wants it to end well.
func (w *target) exec(folder string, args ...string) string {
	w.t.Helper()
	w.define(folder)
	writeFile(w.t, filepath.Join(folder, "people.csv"), personHeader+"\n"+strings.Join(w.persons, "\n")+"\n")
	code, log := run(w.t, folder, args...)
	if code != 0 {
		w.t.Fatalf("exit code %d:\n%s", code, log)
	}
	return log
}

const nothingToSend = "Nothing to upload: iTop has every row of 'Unchanged persons'."

// settle runs until iTop has shown that it has everything. Rows that were written
// in the second before an upload make it take one run more.
func (w *target) settle() {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		log := w.exec(w.folder)
		if strings.Contains(log, nothingToSend) {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("iTop never has everything:\n%s", log)
		}
		later(0)
	}
}

func (w *target) post(page string, form url.Values) string {
	w.t.Helper()
	form.Set("auth_user", "sync")
	form.Set("auth_pwd", "Lovelace.1815")
	resp, err := http.PostForm(w.url+page, form)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatalf("%s: %d %v: %s", page, resp.StatusCode, err, body)
	}
	return string(body)
}

// rest asks and returns the fields of the objects found, by name of the object.
func (w *target) rest(request map[string]any) map[string]map[string]any {
	w.t.Helper()
	request["comment"] = "a test"
	data, err := json.Marshal(request)
	if err != nil {
		w.t.Fatal(err)
	}
	var got struct {
		Code    int
		Message string
		Objects map[string]struct{ Fields map[string]any }
	}
	body := w.post("/webservices/rest.php?version=1.3", url.Values{"json_data": {string(data)}})
	if err := json.Unmarshal([]byte(body), &got); err != nil || got.Code != 0 {
		w.t.Fatalf("%s: %v %s", data, err, body)
	}
	all := map[string]map[string]any{}
	for name, o := range got.Objects {
		all[name] = o.Fields
	}
	return all
}

// state is what iTop has: the persons and the replicas, but for when they were
// last seen.
func (w *target) state() map[string]map[string]any {
	w.t.Helper()
	all := w.rest(map[string]any{"operation": "core/get", "class": "Person", "key": "SELECT Person", "output_fields": "name,first_name,email,org_id,phone"})
	for name, fields := range w.rest(map[string]any{"operation": "core/get", "class": "SynchroReplica", "key": "SELECT SynchroReplica", "output_fields": "sync_source_id,status,dest_class,dest_id,status_dest_creator,status_last_error,status_last_warning"}) {
		all[name] = fields
	}
	return all
}

// data loads rows into the table of the data source as anybody can.
func (w *target) data(synchronize string, rows ...string) {
	w.t.Helper()
	id := w.sourceID()
	body := w.post("/synchro/synchro_import.php", url.Values{"data_source_id": {id}, "separator": {";"}, "output": {"retcode"}, "synchronize": {synchronize}, "csvdata": {personHeader + "\n" + strings.Join(rows, "\n")}})
	if !strings.HasSuffix(strings.TrimSpace(body), "0") {
		w.t.Fatalf("import: %s", body)
	}
}

func (w *target) sourceID() string {
	w.t.Helper()
	for name := range w.rest(map[string]any{"operation": "core/get", "class": "SynchroDataSource", "key": map[string]string{"name": w.source}, "output_fields": "id"}) {
		_, id, _ := strings.Cut(name, "::")
		return id
	}
	w.t.Fatal("there is no data source")
	return ""
}

// Whatever happens in iTop, a run that leaves unchanged rows out comes to what a
// run comes to that sends everything.
func TestUnchangedRowsStayUnsentOnlyWhereThatChangesNothing(t *testing.T) {
	t.Parallel()
	w := newTarget(t)
	w.exec(w.folder)
	w.settle()
	w.requests = nil
	w.exec(w.folder)
	// Four questions and the synchronization; a fifth where the machine is so busy
	// that the answer to the fourth is old.
	slices.Sort(w.requests)
	if pages := slices.Compact(slices.Clone(w.requests)); len(w.requests) > 6 || !slices.Equal(pages, []string{"rest.php", "synchro_exec.php"}) {
		t.Errorf("requests of a run with nothing to do: %q", w.requests)
	}
	person := func(email string) map[string]any {
		t.Helper()
		for _, fields := range w.rest(map[string]any{"operation": "core/get", "class": "Person", "key": map[string]string{"email": email}, "output_fields": "name,phone"}) {
			return fields
		}
		return nil
	}
	for _, c := range []struct {
		name    string
		happens func()
		skips   bool // nothing needs to be sent afterwards
	}{
		{"nothing", func() {}, true},
		{"a row changes", func() { w.persons[0] = "1;One;A;one@example.org;Demo;12" }, false},
		{"a row comes", func() { w.persons = append(w.persons, "4;Four;D;four@example.org;Demo;44") }, false},
		{"a row goes", func() { w.persons = slices.Delete(w.persons, 1, 2) }, true},
		{"it comes back", func() { w.persons = append(w.persons, "2;Two;B;two@example.org;Demo;23") }, false},
		{"somebody deletes an object, and its replica goes along", func() {
			w.rest(map[string]any{"operation": "core/delete", "class": "Person", "key": map[string]string{"email": "three@example.org"}, "output_fields": "id"})
		}, false},
		{"somebody changes an attribute that is not locked", func() {
			w.rest(map[string]any{"operation": "core/update", "class": "Person", "key": map[string]string{"email": "one@example.org"}, "fields": map[string]string{"function": "Poet"}, "output_fields": "id"})
		}, true},
		{"another writes a row", func() {
			later(3)
			w.data("0", "1;Uno;A;one@example.org;Demo;99")
			w.post("/synchro/synchro_exec.php", url.Values{"data_sources": {w.sourceID()}})
		}, false},
		{"a replica becomes obsolete", func() {
			w.definition["delete_policy"], w.definition["delete_policy_update"] = "update", "status:inactive"
			w.exec(w.folder)
			w.settle()
			later(1)
			w.data("1", w.persons[0])
		}, false},
		{"somebody changes the definition in iTop", func() {
			w.rest(map[string]any{"operation": "core/update", "class": "SynchroDataSource", "key": map[string]string{"name": w.source}, "fields": map[string]string{"action_on_multiple": "take_first"}, "output_fields": "id"})
		}, false},
		{"somebody changes an attribute's policy in iTop", func() {
			w.rest(map[string]any{"operation": "core/update", "class": "SynchroAttribute", "key": map[string]string{"sync_source_id": w.sourceID(), "attcode": "phone"}, "fields": map[string]string{"update_policy": "write_if_empty"}, "output_fields": "id"})
		}, false},
		{"the definition changes here", func() { w.definition["description"] = "another" }, false},
		{"a second folder loads the same source", func() {
			folder, ours := w.newFolder(), slices.Clone(w.persons)
			later(3)
			w.persons[0] = "1;One;A;one@example.org;Demo;77"
			w.exec(folder)
			w.persons = ours
		}, false},
		{"the database is put back to the day before", func() {
			backup := w.backup()
			w.persons[0] = "1;One;A;one@example.org;Demo;55"
			later(1)
			w.exec(w.folder)
			w.settle()
			w.restore(backup)
		}, false},
		{"the data source is deleted", func() {
			w.rest(map[string]any{"operation": "core/delete", "class": "SynchroDataSource", "key": map[string]string{"name": w.source}, "output_fields": "id"})
		}, false},
	} {
		ok := t.Run(c.name, func(t *testing.T) {
			w.t = t
			c.happens()
			log := w.exec(w.folder)
			if got := strings.Contains(log, nothingToSend); got != c.skips {
				t.Errorf("nothing was sent: %t, want %t:\n%s", got, c.skips, log)
			}
			before := w.state()
			w.exec(w.folder, "--strict")
			if diff := cmp.Diff(before, w.state()); diff != "" {
				t.Errorf("a run that sends everything (-before +after):\n%s", diff)
			}
			for _, row := range w.persons {
				cells := strings.Split(row, ";")
				if p := person(cells[3]); p["name"] != cells[1] || p["phone"] != cells[5] {
					t.Errorf("the row %s is the person %v", row, p)
				}
			}
			w.settle()
		})
		if !ok {
			return // the next one builds on what this one left
		}
	}
}

// What could not be done with a row is tried again without sending it.
func TestRowsInErrorNeedNotBeSentAgain(t *testing.T) {
	t.Parallel()
	w := newTarget(t)
	w.persons = append(w.persons, "5;Five;E;five@example.org;Elsewhere;55")
	w.define(w.folder)
	writeFile(t, filepath.Join(w.folder, "people.csv"), personHeader+"\n"+strings.Join(w.persons, "\n")+"\n")
	for n := range 2 {
		code, log := run(t, w.folder)
		if code != 1 || !strings.Contains(log, "Objects creation errors: 1") || strings.Contains(log, nothingToSend) != (n > 0) {
			t.Fatalf("run %d: exit code %d:\n%s", n, code, log)
		}
	}
	w.rest(map[string]any{"operation": "core/create", "class": "Organization", "fields": map[string]string{"name": "Elsewhere"}, "output_fields": "id"})
	if log := w.exec(w.folder); !strings.Contains(log, nothingToSend) {
		t.Errorf("the rows were sent again:\n%s", log)
	}
	if got := len(w.rest(map[string]any{"operation": "core/get", "class": "Person", "key": "SELECT Person", "output_fields": "id"})); got != 4 {
		t.Errorf("%d persons, want 4", got)
	}
}

// later waits until what is written now has another second than what was, by one
// clock; by two clocks of whole seconds that takes three.
func later(seconds int) { time.Sleep(time.Duration(seconds)*time.Second + 100*time.Millisecond) }

// backup copies the database while nothing writes to it.
func (w *target) backup() map[string][]byte {
	w.t.Helper()
	w.stop()
	kept := map[string][]byte{}
	found, err := filepath.Glob(filepath.Join(w.dir, "rollcall.db*"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, name := range found {
		kept[name] = []byte(readFile(w.t, name))
	}
	w.restart()
	return kept
}

func (w *target) restore(backup map[string][]byte) {
	w.t.Helper()
	w.stop()
	found, err := filepath.Glob(filepath.Join(w.dir, "rollcall.db*"))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, name := range found {
		if err := os.Remove(name); err != nil {
			w.t.Fatal(err)
		}
	}
	for name, text := range backup {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	w.restart()
}

// restart serves at the same address again.
func (w *target) restart() {
	w.t.Helper()
	address, err := url.Parse(w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	again, stop := listen(w.whole, w.dir, address.Host)
	if w.stop = stop; again != w.url {
		w.t.Fatal(fmt.Errorf("it listens on %s, not on %s", again, w.url))
	}
}
