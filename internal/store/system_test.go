package store_test

import (
	"testing"
	"time"

	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
	"rollcall/internal/store"
)

// What the program keeps is read as objects of the classes that are declared
// for it, on both databases.
func TestSystemClassesShowWhatIsKept(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) { t.Parallel(); systemClasses(t, sqliteFile(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { t.Parallel(); systemClasses(t, schemas(t)(t)) })
}

func systemClasses(t *testing.T, dsn string) {
	model, err := schema.Load()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC)
	var st *store.Store
	for range 2 { // the views are there already the second time
		if st != nil {
			_ = st.Close()
		}
		if st, err = store.Open(t.Context(), store.Config{DSN: dsn, Model: model, Now: func() time.Time { return now }}); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = st.Close() })
	keep(t, st, model, now)

	replica := only(t, st, model.Class("SynchroReplica"))
	wantValues(t, &replica, map[string]string{
		"sync_source_id": "3", "base_class": "Person", "dest_id": "9", "dest_class": "Person", "status": "synchronized",
		"status_dest_creator": "1", "status_last_error": "bad", "status_last_seen": "2026-03-04 05:06:07", "info_last_modified": "",
	})
	log := only(t, st, model.Class("SynchroLog"))
	wantValues(t, &log, map[string]string{
		"sync_source_id": "3", "start_date": "2026-03-04 05:06:07", "status": "completed", "status_curr_pos": "-1",
		"stats_nb_replica_seen": "7", "stats_nb_obj_deleted_errors": "2", "last_error": "",
	})
	change := only(t, st, model.Class("CMDBChange"))
	wantValues(t, &change, map[string]string{"userinfo": "anna", "user_id": "4", "origin": "webservice-rest", "date": "2026-03-04 05:06:07"})
	op := only(t, st, model.Class("CMDBChangeOp"))
	wantValues(t, &op, map[string]string{"change": "1", "objclass": "Person", "objkey": "9", "optype": "create"})

	manyChanges(t, st, model)
	tx, err := st.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing to roll back after the commit
	err = tx.DeleteObjects(t.Context(), model.Class("CMDBChange"), []rollcall.ObjectID{change.ID})
	if rollcall.KindOf(err) != rollcall.Forbidden {
		t.Errorf("delete a change: got %v", err)
	}
	if err := tx.DeleteObjects(t.Context(), model.Class("SynchroReplica"), []rollcall.ObjectID{replica.ID, 99}); err != nil {
		t.Fatal(err)
	}
	if n, err := tx.Count(t.Context(), model.Class("SynchroReplica")); n != 0 || err != nil {
		t.Errorf("after the deletion: got %d replicas, %v", n, err)
	}
}

// keep makes one of each kind of record.
func keep(t *testing.T, st *store.Store, model *rollcall.Model, now time.Time) {
	t.Helper()
	source := rollcall.NewObject(model.Class("SynchroDataSource"))
	source.ID = 3
	source.Set("name", "HR")
	source.Set("scope_class", "Person")
	account := rollcall.NewObject(model.Class("UserLocal"))
	account.ID = 4
	account.Set("login", "anna")
	src := &rollcall.Source{ID: 3, Name: "HR", Class: model.Class("Person")}
	if err := st.EnsureTable(t.Context(), src); err != nil {
		t.Fatal(err)
	}
	run := rollcall.Run{Kind: "sync", Started: now, State: rollcall.RunRunning, Sources: []rollcall.SourceRun{{Source: "HR"}}}
	plan := rollcall.Run{Kind: "plan", Started: now, State: rollcall.RunCompleted, Sources: []rollcall.SourceRun{{Source: "HR"}}}
	for _, r := range []*rollcall.Run{&plan, &run} {
		if err := st.StartRun(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	tx, err := st.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing to roll back after the commit
	run.State, run.Ended, run.Sources[0].Counters = rollcall.RunCompleted, now, rollcall.Counters{Seen: 7, DeletedErrors: 2}
	for _, err := range []error{
		tx.InsertObjects(t.Context(), source.Class, []rollcall.Object{source}),
		tx.InsertObjects(t.Context(), account.Class, []rollcall.Object{account}),
		tx.InsertReplicas(t.Context(), src, []rollcall.Replica{{
			Source: 3, Key: "k", State: rollcall.StateSynchronized, Dest: rollcall.Ref{Class: "Person", ID: 9}, IsCreator: true,
			LastError: "bad", LastSeen: now, Created: now, Row: rollcall.Row{},
		}}),
		tx.InsertHistory(t.Context(), []rollcall.History{{
			Origin: rollcall.Origin{Kind: "webservice-rest", By: "anna", At: now}, Verb: rollcall.HistoryCreate, Object: rollcall.Ref{Class: "Person", ID: 9},
		}}),
		tx.FinishRun(t.Context(), &run, nil),
		tx.Commit(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// only returns the one object of a class.
func only(t *testing.T, st *store.Store, class *rollcall.Class) rollcall.Object {
	t.Helper()
	var all []rollcall.Object
	if err := st.Scan(t.Context(), class, 0, func(o *rollcall.Object) error {
		all = append(all, *o)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 {
		t.Fatalf("%s: got %d objects, want 1", class.Name, len(all))
	}
	return all[0]
}

func wantValues(t *testing.T, o *rollcall.Object, want map[string]string) {
	t.Helper()
	for code, value := range want {
		if got := o.Get(code); got != value {
			t.Errorf("%s.%s: got %q, want %q", o.Class.Name, code, got, value)
		}
	}
}

// manyChanges: what a large load writes behind is in the views at once.
func manyChanges(t *testing.T, st *store.Store, model *rollcall.Model) {
	tx, err := st.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // that it ended is all that counts
	before, err := tx.Count(t.Context(), model.Class("CMDBChangeOp"))
	if err != nil {
		t.Fatal(err)
	}
	for batch := 1; batch <= 5; batch++ {
		steps := make([]rollcall.History, 1000)
		for i := range steps {
			steps[i] = rollcall.History{Object: rollcall.Ref{Class: "Person", ID: 9}, Verb: rollcall.HistoryCreate, Origin: rollcall.Origin{Kind: "test", By: "anna"}}
		}
		if err := tx.InsertHistory(t.Context(), steps); err != nil {
			t.Fatal(err)
		}
		if n, err := tx.Count(t.Context(), model.Class("CMDBChangeOp")); err != nil || n != before+batch*len(steps) {
			t.Fatalf("after %d batches the view shows %d changes more (%v)", batch, n-before, err)
		}
	}
}
