package collector_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/internal/itop/collector"
)

// folder is an application's folder in which exec runs.
type folder struct {
	t   testing.TB
	dir string
}

func newFolder(t testing.TB) *folder {
	t.Helper()
	return &folder{t, t.TempDir()}
}

func (f *folder) write(name, text string) {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *folder) read(name string) string {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join(f.dir, name))
	if err != nil {
		f.t.Fatal(err)
	}
	return string(text)
}

func (f *folder) has(name string) bool {
	_, err := os.Stat(filepath.Join(f.dir, name))
	return err == nil
}

// params writes conf/params.local.xml.
func (f *folder) params(content string) {
	f.write("conf/params.local.xml", `<?xml version="1.0" encoding="UTF-8"?>`+"\n<parameters>\n"+content+"\n</parameters>\n")
}

var stamp = regexp.MustCompile(`(?m)^\[[^\]]*\]\t`)

// exec runs exec and returns its exit code and its log without times.
func (f *folder) exec(args ...string) (code int, log string) {
	f.t.Helper()
	var out bytes.Buffer
	env := collector.Environment{Folder: f.dir, Out: &out, Now: time.Now}
	code = collector.Exec(f.t.Context(), env, collector.ParseOptions(args))
	return code, strings.ReplaceAll(stamp.ReplaceAllString(out.String(), ""), f.dir, "%APPROOT%")
}

// want runs exec and fails the test unless it ends with code and its log holds
// every text.
func (f *folder) want(code int, texts []string, args ...string) string {
	f.t.Helper()
	got, log := f.exec(args...)
	if got != code {
		f.t.Fatalf("exit code %d, want %d:\n%s", got, code, log)
	}
	for _, text := range texts {
		if !strings.Contains(log, text) {
			f.t.Errorf("the log lacks %q:\n%s", text, log)
		}
	}
	return log
}

// attribute is a line of a definition's attribute list.
type attribute struct{ code, update, reconcile, columns string }

// definition writes the definition of a class whose attributes are named by a
// word each: code, code* for a reconciliation key, code- for one that is neither
// updated nor reconciled, code(a,b) for one of several columns.
func (f *folder) definition(class string, words ...string) {
	var list []string
	for _, w := range words {
		a := attribute{code: w, update: "1", reconcile: "0"}
		if code, columns, ok := strings.Cut(w, "("); ok {
			a.code, a.columns = code, strings.TrimSuffix(columns, ")")
		}
		if code, ok := strings.CutSuffix(a.code, "*"); ok {
			a.code, a.reconcile = code, "1"
		} else if code, ok := strings.CutSuffix(a.code, "-"); ok {
			a.code, a.update = code, "0"
		}
		item := fmt.Sprintf(`{"attcode":%q,"update":%q,"reconcile":%q,"update_policy":"master_locked","finalclass":"SynchroAttribute"`, a.code, a.update, a.reconcile)
		if a.columns != "" {
			item += fmt.Sprintf(`,"import_columns":%q`, a.columns)
		}
		list = append(list, item+"}")
	}
	f.write("collectors/json/"+class+".json", `{"name":"`+class+` source","description":"d","status":"production","user_id":"$synchro_user$","notify_contact_id":"$contact_to_notify$",
"scope_class":"Person","database_table_name":"synchro_data_x","scope_restriction":"","full_load_periodicity":"0","reconciliation_policy":"use_attributes",
"action_on_zero":"create","action_on_one":"update","action_on_multiple":"error","delete_policy":"ignore","delete_policy_update":"","delete_policy_retention":"0",
"user_delete_policy":"nobody","url_icon":"","url_application":"","attribute_list":[`+strings.Join(list, ",\n")+"]}")
}

func sequence(classes ...string) string {
	var b strings.Builder
	b.WriteString(`<collectors_launch_sequence type="array">`)
	for i, c := range classes {
		fmt.Fprintf(&b, "<item><name>%s</name><enable>yes</enable><rank>%d</rank></item>", c, i+1)
	}
	b.WriteString(`</collectors_launch_sequence>`)
	return b.String()
}

// iTop is a small stand-in for an iTop: it keeps data sources and says what a
// test tells it to.
type iTop struct {
	*httptest.Server
	mu       sync.Mutex
	requests []url.Values // every form, with its path and query under "path" and "query"
	sources  map[string]map[string]any
	rows     map[string]bool // the keys that were uploaded
	Import   func(form url.Values) (status int, body string)
	Exec     func(source string) (status int, body string)
	REST     func(operation, class string, data map[string]any) (body string, ok bool)
}

// counters is an answer of synchro_exec, on one line as iTop writes it.
func counters(deletion, obsolescence, creation, update, reconciliation int) string {
	return fmt.Sprintf("<html><p>Working on x (id=1)...</p><p>Replicas: 100000</p><p>Objects deletion errors: %d</p><p>Objects obsolescence errors: %d</p>"+
		"<p>Objects creation errors: %d</p><p>Objects update errors: %d</p><p>Objects reconciliation errors: %d</p></html>", deletion, obsolescence, creation, update, reconciliation)
}

func newITop(t testing.TB) *iTop {
	i := &iTop{sources: map[string]map[string]any{}, rows: map[string]bool{}}
	i.Server = httptest.NewServer(http.HandlerFunc(i.serve))
	t.Cleanup(i.Close)
	return i
}

func (i *iTop) serve(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	_ = r.ParseForm()
	form := url.Values{"path": {r.URL.Path}, "query": {r.URL.RawQuery}}
	for k, v := range r.PostForm {
		form[k] = v
	}
	i.requests = append(i.requests, form)
	status, body := http.StatusOK, ""
	switch r.URL.Path {
	case "/webservices/rest.php":
		body = i.rest(form.Get("json_data"))
	case "/synchro/synchro_import.php":
		body = "0"
		for line := range strings.Lines(form.Get("csvdata")) {
			if key, _, more := strings.Cut(line, ";"); more && key != "primary_key" {
				i.rows[form.Get("data_source_id")+" "+key] = true
			}
		}
		if i.Import != nil {
			status, body = i.Import(form)
		}
	case "/synchro/synchro_exec.php":
		body = counters(0, 0, 0, 0, 0)
		if i.Exec != nil {
			status, body = i.Exec(form.Get("data_sources"))
		}
	default:
		status = http.StatusNotFound
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func (i *iTop) rest(text string) string {
	var data map[string]any
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		return `{"code":100,"message":"no JSON"}`
	}
	operation, _ := data["operation"].(string)
	class, _ := data["class"].(string)
	if i.REST != nil {
		if body, ok := i.REST(operation, class, data); ok {
			return body
		}
	}
	answer := func(objects map[string]any) string {
		b, _ := json.Marshal(map[string]any{"code": 0, "message": "", "objects": objects})
		return string(b)
	}
	query, isQuery := data["key"].(string)
	switch {
	case class == "SynchroReplica":
		return fmt.Sprintf(`{"code":0,"message":"Found: %d","objects":{"SynchroReplica::1":{"key":"1","fields":{"status_last_seen":"2026-01-02 03:04:05"}}}}`, len(i.rows))
	case isQuery && (class == "User" || class == "Contact" || class == "SynchroDataSource" || strings.Contains(query, " JOIN ")):
		return `{"code":1,"message":"not here"}`
	case class == "User":
		return answer(map[string]any{"UserLocal::1": map[string]any{"key": "1", "fields": map[string]any{"friendlyname": "admin", "email": "a@example.com"}}})
	case class == "SynchroDataSource" && operation == "core/get":
		name := data["key"].(map[string]any)["name"].(string)
		if fields, ok := i.sources[name]; ok {
			return answer(map[string]any{"SynchroDataSource::" + fields["id"].(string): map[string]any{"key": fields["id"], "fields": fields["fields"]}})
		}
		return `{"code":0,"message":"Found: 0","objects":null}`
	case class == "SynchroDataSource" && operation == "core/create":
		fields := data["fields"].(map[string]any)
		fields["attribute_list"] = []any{}
		id := fmt.Sprint(len(i.sources) + 1)
		i.sources[fields["name"].(string)] = map[string]any{"id": id, "fields": fields}
		return answer(map[string]any{"SynchroDataSource::" + id: map[string]any{"key": id, "fields": fields}})
	}
	return `{"code":0,"message":"","objects":{"X::1":{"key":"1","fields":{}}}}`
}

// sent returns the requests to a page.
func (i *iTop) sent(page string) []url.Values {
	i.mu.Lock()
	defer i.mu.Unlock()
	var list []url.Values
	for _, r := range i.requests {
		if strings.HasSuffix(r.Get("path"), page) {
			list = append(list, r)
		}
	}
	return list
}

// params are the parameters that lead to it.
func (i *iTop) params() string {
	return "<itop_url>" + i.URL + "</itop_url><itop_login>admin</itop_login><itop_password>geheim-itop</itop_password><itop_retries>0</itop_retries>"
}
