package engine_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"rollcall/internal/registry"
	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

// etl is a data source that is made of objects, as the wire makes it, and whose
// rows come in as deliveries.
type etl struct {
	*world
	id     rollcall.ObjectID
	name   string
	by     rollcall.Runner
	limits rollcall.Limits
}

var anAdministrator = rollcall.Runner{Name: "Ada Admin", User: 1, Administrator: true}

// etl makes a data source of a class. Settings are attributes of the source;
// attributes are "code", "code by remote", each with "!" when it reconciles, "~"
// when unlocked, "?" when write_if_empty and "-" when it is not updated.
func (w *world) etl(name, class string, settings map[string]string, attributes ...string) *etl {
	w.t.Helper()
	source := rollcall.NewObject(w.model.Class("SynchroDataSource"))
	source.Set("name", name)
	source.Set("scope_class", class)
	for code, value := range settings {
		source.Set(code, value)
	}
	s := &etl{world: w, name: name, by: anAdministrator}
	w.write(func(tx *store.Tx) error {
		drafts := []registry.Draft{{Object: source}}
		refused, err := w.registry.On(tx, w.origin()).Create(w.t.Context(), drafts)
		if err := cmp.Or(err, refused[0]); err != nil {
			return err
		}
		s.id = drafts[0].Object.ID
		records := w.registry.DefaultAttributes(s.id, w.model.Class(class))
		for i := range records {
			set(&records[i], attributes)
		}
		return w.create(tx, records...)
	})
	return s
}

// set gives a SynchroAttribute what the test says of it.
func set(record *rollcall.Object, attributes []string) {
	record.Set("update", "0")
	record.Set("reconcile", "0")
	for _, a := range attributes {
		code, by, _ := strings.Cut(a, " by ")
		flags := strings.TrimLeft(code, "abcdefghijklmnopqrstuvwxyz_")
		if strings.TrimSuffix(code, flags) != record.Get("attcode") {
			continue
		}
		if !strings.Contains(flags, "-") {
			record.Set("update", "1")
		}
		if strings.Contains(flags, "!") {
			record.Set("reconcile", "1")
		}
		if strings.Contains(flags, "~") {
			record.Set("update_policy", string(rollcall.Unlocked))
		}
		if strings.Contains(flags, "?") {
			record.Set("update_policy", string(rollcall.IfEmpty))
		}
		record.Set("reconciliation_attcode", by)
	}
}

// personRules are the attributes of most sources of these tests.
var personRules = []string{"org_id by name", "name", "first_name", "email!", "status", "phone"}

// deliver loads a file: a header and rows, with ; between cells and <NULL> for
// no value. What a row became is returned as "new" or "seen".
func (s *etl) deliver(lines ...string) []string {
	s.t.Helper()
	fates, _, err := s.feed(nil, false, lines...)
	if err != nil {
		s.t.Fatal(err)
	}
	return fates
}

// sync delivers and runs, as synchro_import.php with synchronize=1 does.
func (s *etl) syncFile(lines ...string) *rollcall.Executed {
	s.t.Helper()
	_, out, err := s.feed(&rollcall.Exec{Source: s.id, By: s.by, Since: s.now(), Limits: s.limits}, false, lines...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *etl) feed(then *rollcall.Exec, simulate bool, lines ...string) ([]string, *rollcall.Executed, error) {
	f := rollcall.Feed{Source: s.id, Then: then, Simulate: simulate}
	head, err := s.engine.Source(s.t.Context(), s.id)
	if err != nil {
		return nil, nil, err
	}
	header := strings.Split(lines[0], ";")
	for _, name := range header[1:] {
		i := slices.IndexFunc(rollcall.DataColumns(head.Class), func(c rollcall.DataColumn) bool { return c.Name == name })
		f.Columns = append(f.Columns, rollcall.DataColumns(head.Class)[i])
	}
	var fates []string
	f.Rows = func(put func(rollcall.FedRow) (rollcall.Fed, error)) error {
		for _, line := range lines[1:] {
			cells := strings.Split(line, ";")
			row := rollcall.FedRow{Key: cells[0]}
			for _, c := range cells[1:] {
				row.Cells = append(row.Cells, rollcall.Cell{Text: c, Set: c != "<NULL>"})
				if c == "<NULL>" {
					row.Cells[len(row.Cells)-1].Text = ""
				}
			}
			fate, err := put(row)
			if err != nil {
				return err
			}
			fates = append(fates, map[rollcall.Fed]string{rollcall.FedNew: "new", rollcall.FedSeen: "seen"}[fate])
		}
		return nil
	}
	out, err := s.engine.Feed(s.t.Context(), f)
	return fates, out, err
}

// exec runs, as synchro_exec.php does.
func (s *etl) exec() *rollcall.Executed {
	s.t.Helper()
	out, err := s.engine.Exec(s.t.Context(), rollcall.Exec{Source: s.id, By: s.by, Limits: s.limits})
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// pass lets time go by.
func (w *world) pass(d time.Duration) { w.clock = w.clock.Add(d) }

// told renders the counters of a run as the recorded probes do: those that are
// not zero, without what only this program counts.
func told(out *rollcall.Executed) string {
	data, err := json.Marshal(out.Counters)
	if err != nil {
		return err.Error()
	}
	var counters map[string]int
	if err := json.Unmarshal(data, &counters); err != nil {
		return err.Error()
	}
	for _, ours := range []string{"entries_read", "replica_missing", "obj_repaired", "entry_problems"} {
		delete(counters, ours)
	}
	order := []string{"replica_seen", "replica_total", "obj_deleted", "obj_deleted_errors", "obj_obsoleted", "obj_obsoleted_errors", "obj_created",
		"obj_created_errors", "obj_created_warnings", "obj_updated", "obj_updated_errors", "obj_updated_warnings", "obj_unchanged_warnings",
		"replica_reconciled_errors", "replica_disappeared_no_action", "obj_new_updated", "obj_new_updated_warnings", "obj_new_unchanged", "obj_new_unchanged_warnings"}
	var parts []string
	for _, name := range order {
		if n := counters[name]; n != 0 {
			parts = append(parts, fmt.Sprintf("%s=%d", strings.TrimPrefix(name, "obj_"), n))
		}
		delete(counters, name)
	}
	if len(counters) > 0 {
		return fmt.Sprint("counters that this test does not know: ", counters)
	}
	if out.Error != "" {
		parts = append(parts, "ERROR: "+out.Error)
	}
	return strings.Join(parts, " ")
}

// stands renders the source's replicas as the recorded probes do.
func (s *etl) stands() string {
	s.t.Helper()
	src := rollcall.Source{ID: s.id, Name: s.name, Class: s.model.Class("Person"), Table: "unused"}
	object, err := s.store.Objects(s.t.Context(), s.model.Class("SynchroDataSource"), []rollcall.ObjectID{s.id})
	if err != nil || len(object) == 0 {
		s.t.Fatal("the source is gone: ", err)
	}
	src.Class, src.Table = s.model.Class(object[0].Get("scope_class")), object[0].Get("database_table_name")
	var ids []int64
	if err := s.store.Marks(s.t.Context(), s.id, func(m *rollcall.Mark) error { ids = append(ids, m.ID); return nil }); err != nil {
		s.t.Fatal(err)
	}
	list, err := s.store.Replicas(s.t.Context(), &src, ids)
	if err != nil {
		s.t.Fatal(err)
	}
	slices.SortFunc(list, func(a, b rollcall.Replica) int { return cmp.Compare(a.Key, b.Key) })
	lines := make([]string, len(list))
	for i, r := range list {
		line := r.Key + ": " + string(r.State)
		switch {
		case r.IsCreator:
			line += " creator"
		case r.Dest.ID != 0:
			line += " dest=yes"
		default:
			line += " dest=none"
		}
		if r.LastError != "" {
			line += " err=" + r.LastError
		}
		if r.LastWarning != "" {
			line += " warn=" + r.LastWarning
		}
		lines[i] = line
	}
	return strings.Join(lines, "\n")
}

// step is one line of a probe: what is done, and what is there then. Empty
// expectations are not looked at.
type step struct {
	what     string
	do       func() *rollcall.Executed
	objects  string
	replicas string
	counters string
}

func (s *etl) steps(class string, attributes []string, steps []step) {
	s.t.Helper()
	for _, p := range steps {
		out := p.do()
		if p.objects != "" {
			s.same(p.what+": objects", s.table(class, attributes...), p.objects)
		}
		if p.replicas != "" {
			s.same(p.what+": replicas", s.stands(), p.replicas)
		}
		if p.counters != "" {
			s.same(p.what+": counters", told(out), p.counters)
		}
	}
}

func (w *world) same(what, got, want string) {
	w.t.Helper()
	if got != want {
		w.t.Errorf("%s\n got %s\nwant %s", what, strings.ReplaceAll(got, "\n", "\n     "), strings.ReplaceAll(want, "\n", "\n     "))
	}
}

// source changes the definition of a source.
func (s *etl) define(values ...string) {
	s.t.Helper()
	s.write(func(tx *store.Tx) error {
		objects, err := tx.Objects(s.t.Context(), s.model.Class("SynchroDataSource"), []rollcall.ObjectID{s.id})
		if err != nil {
			return err
		}
		edit := registry.Edit{Object: objects[0]}
		for i := 0; i < len(values); i += 2 {
			edit.Sets = append(edit.Sets, rollcall.Assignment{Attribute: values[i], Value: values[i+1]})
		}
		outcomes, err := s.registry.On(tx, s.origin()).Update(s.t.Context(), []registry.Edit{edit})
		return cmp.Or(err, outcomes[0].Err)
	})
}
