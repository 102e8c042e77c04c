package synchro_test

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
	"rollcall/internal/store"
	"rollcall/test/lab/postgres"
)

// scenarios are the recorded runs of the collector that end in a
// synchronization, in their order, with what the database was then.
var scenarios = []struct{ file, sql string }{
	{"c01-first-run", "r01-first-run"}, {"c02-unchanged", "r02-unchanged"},
	{"c03-changed-removed-added-interval0", "r03-changed-removed-added-interval0"},
	{"c04-removed-interval1s", "r04-removed-interval1s"}, {"c05-back-to-interval0", "r05-back-to-interval0"},
	{"c09-definition-changed", "r09-definition-changed"}, {"c11-synchro-only", "r11-synchro-only"},
	{"c12-configure-only", ""}, {"c13-table-name-changed", "r13-table-name-changed"},
	{"c14-contact-to-notify-and-synchro-user", "r14-notify"}, {"c15-unknown-contact-and-synchro-user", "r15-notify-unknown"},
	{"c16-details-log-level-7", "r16-details"}, {"c17-profiles-not-synchronized", "r17-noprofiles"},
	{"c20-chunks-of-7", "r20-chunks"}, {"c24-objects-in-error", "r24-objects-in-error"},
}

// TestCollectedRunsEndAlike sends what the recorded collector sent, definitions
// and files, and holds replicas and logs against iTop's own tables after each
// run.
func TestCollectedRunsEndAlike(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		collectedRunsEndAlike(t, newWorld(t))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		collectedRunsEndAlike(t, worldAt(t, postgres.Start(t).Database(t)))
	})
}

func collectedRunsEndAlike(t *testing.T, w *world) {
	for _, s := range scenarios {
		w.clock = w.clock.Add(8 * time.Second)
		for _, x := range recorded(t, s.file+".json") {
			switch path := x.Request.Path; {
			case strings.HasSuffix(path, "rest.php"):
				w.rest(x.Request.Form["json_data"])
			case strings.HasSuffix(path, "import.php"):
				if got, want := content(w.answer(w.service.Import, admin, x.Request.Form)), content(x.Response.Body); got != want {
					t.Errorf("%s: import: got %s, want %s", s.file, got, want)
				}
			case strings.HasSuffix(path, "exec.php"):
				if got, want := content(w.answer(w.service.Exec, admin, x.Request.Form)), content(x.Response.Body); got != want {
					t.Errorf("%s: exec:\n got %s\nwant %s", s.file, got, want)
				}
			}
		}
		if s.sql != "" {
			w.sameReplicas(s.sql)
			w.sameLogs(s.sql)
		}
	}
}

// rest does what the REST calls of the collector ask for: it makes and changes
// data sources and their attributes.
func (w *world) rest(text string) {
	w.Helper()
	var call struct {
		Operation, Class string
		Key              json.RawMessage
		Fields           map[string]string
	}
	if err := json.Unmarshal([]byte(text), &call); err != nil {
		w.Fatal(err)
	}
	switch {
	case call.Operation != "core/create" && call.Operation != "core/update":
		return
	case call.Operation == "core/create" && call.Class == "SynchroDataSource":
		w.write(func(_ *store.Tx, editor *registry.Editor) error { return w.defineSource(editor, call.Fields) })
	case call.Class == "SynchroDataSource":
		var id rollcall.ObjectID
		if err := json.Unmarshal(call.Key, &id); err != nil {
			var text string
			if json.Unmarshal(call.Key, &text) != nil {
				w.Fatal(err)
			}
			n, _ := strconv.Atoi(text)
			id = rollcall.ObjectID(n)
		}
		w.change("SynchroDataSource", []rollcall.ObjectID{id}, call.Fields)
	default:
		var key struct {
			Source  int `json:"sync_source_id"`
			Attcode string
		}
		if err := json.Unmarshal(call.Key, &key); err != nil {
			w.Fatal(err)
		}
		class := w.model.Class("SynchroAttribute")
		found, err := w.store.Find(w.Context(), class, []string{"sync_source_id", "attcode"}, [][]string{{strconv.Itoa(key.Source), key.Attcode}})
		if err != nil {
			w.Fatal(err)
		}
		w.change("SynchroAttribute", found[0], call.Fields)
	}
}

func (w *world) defineSource(editor *registry.Editor, fields map[string]string) error {
	o := rollcall.NewObject(w.model.Class("SynchroDataSource"))
	for code, value := range fields {
		if code != "user_id" { // its account is not made here
			o.Set(code, value)
		}
	}
	drafts := []registry.Draft{{Object: o}}
	refused, err := editor.Create(w.Context(), drafts)
	if err := cmp.Or(err, refused[0]); err != nil {
		return err
	}
	return w.create(editor, w.registry.DefaultAttributes(drafts[0].Object.ID, w.model.Class(fields["scope_class"]))...)
}

func (w *world) change(class string, ids []rollcall.ObjectID, fields map[string]string) {
	w.Helper()
	w.write(func(tx *store.Tx, editor *registry.Editor) error {
		objects, err := tx.Objects(w.Context(), w.model.Class(class), ids)
		if err != nil || len(objects) == 0 {
			return err // an attribute that this model does not have
		}
		edit := registry.Edit{Object: objects[0]}
		for code, value := range fields {
			switch code {
			case "user_id", "notify_contact_id", "scope_class", "database_table_name":
				continue
			}
			if a := objects[0].Class.Attribute(code); a != nil && a.Stored() {
				edit.Sets = append(edit.Sets, rollcall.Assignment{Attribute: code, Value: value})
			}
		}
		outcomes, err := editor.Update(w.Context(), []registry.Edit{edit})
		return cmp.Or(err, outcomes[0].Err)
	})
}

// table reads one of iTop's tables as it was dumped.
func (w *world) table(name string) []map[string]string {
	w.Helper()
	dir := cmp.Or(os.Getenv("ROLLCALL_RECORDINGS"), filepath.Join("..", "..", "..", "..", "shared", "recordings"))
	f, err := os.Open(filepath.Join(dir, "sql", name))
	if err != nil {
		w.Skipf("the recordings are not here: %v", err)
	}
	defer func() { _ = f.Close() }()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		w.Fatal(err)
	}
	var rows []map[string]string
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func (w *world) sameReplicas(name string) {
	w.Helper()
	want := map[string]string{}
	for _, r := range w.table(name + ".replica.csv") {
		if r["sync_source_id"] != "1" && r["sync_source_id"] != "2" {
			continue
		}
		want[r["id"]] = strings.Join([]string{r["sync_source_id"], r["dest_class"], r["status"], r["status_dest_creator"], r["status_last_error"],
			r["status_last_warning"], strconv.FormatBool(r["info_creation_date"] != "NULL"), strconv.FormatBool(r["info_last_modified"] != "NULL")}, "|")
	}
	got := map[string]string{}
	for id := rollcall.ObjectID(1); id <= 2; id++ {
		objects, err := w.store.Objects(w.Context(), w.model.Class("SynchroDataSource"), []rollcall.ObjectID{id})
		if err != nil {
			w.Fatal(err)
		}
		src := rollcall.Source{ID: id, Class: w.model.Class(objects[0].Get("scope_class")), Table: objects[0].Get("database_table_name")}
		var ids []int64
		if err := w.store.Marks(w.Context(), id, func(m *rollcall.Mark) error { ids = append(ids, m.ID); return nil }); err != nil {
			w.Fatal(err)
		}
		list, err := w.store.Replicas(w.Context(), &src, ids)
		if err != nil {
			w.Fatal(err)
		}
		for _, r := range list {
			creator := "0"
			if r.IsCreator {
				creator = "1"
			}
			got[strconv.FormatInt(r.ID, 10)] = strings.Join([]string{strconv.Itoa(int(id)), r.Dest.Class, string(r.State), creator, r.LastError,
				r.LastWarning, strconv.FormatBool(!r.Created.IsZero()), strconv.FormatBool(!r.LastModified.IsZero())}, "|")
		}
	}
	for id := range want {
		if got[id] != want[id] {
			w.Errorf("%s: replica %s:\n got %s\nwant %s", name, id, got[id], want[id])
		}
	}
	for id := range got {
		if want[id] == "" {
			w.Errorf("%s: replica %s is not iTop's: %s", name, id, got[id])
		}
	}
}

// sameLogs compares the newest run of each source with its row in iTop's log.
func (w *world) sameLogs(name string) {
	w.Helper()
	runs, err := w.store.Runs(w.Context(), 2)
	if err != nil {
		w.Fatal(err)
	}
	names := map[string]string{"1": "Synchro LDAP Person", "2": "Synchro Users from LDAP"}
	for _, row := range w.table(name + ".log.csv") {
		for _, run := range runs {
			if run.Sources[0].Source != names[row["sync_source_id"]] {
				continue
			}
			data, err := json.Marshal(run.Sources[0].Counters)
			if err != nil {
				w.Fatal(err)
			}
			var ours map[string]int
			if err := json.Unmarshal(data, &ours); err != nil {
				w.Fatal(err)
			}
			row["stats_nb_obj_deleted_errors"] = row["stats_deleted_errors"]
			for column, value := range row {
				counter, isCounter := strings.CutPrefix(column, "stats_nb_")
				if isCounter && strconv.Itoa(ours[counter]) != value {
					w.Errorf("%s: source %s: %s: got %d, want %s", name, row["sync_source_id"], counter, ours[counter], value)
				}
			}
			if string(run.State) != row["status"] {
				w.Errorf("%s: source %s: got %s, want %s", name, row["sync_source_id"], run.State, row["status"])
			}
		}
	}
}
