package storetest

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

func (s *suite) feedTests() map[string]func(*testing.T) {
	return map[string]func(*testing.T){
		"RowInsertedBySQLMakesAReplica":        s.feedInsert,
		"RowChangedBySQLMakesItModified":       s.feedUpdate,
		"RowTouchedBySQLIsSeenAndNoMore":       s.feedTouch,
		"ObsoleteRowTouchedBySQLIsBack":        s.feedReturns,
		"RowDeletedBySQLTakesItsReplica":       s.feedDelete,
		"IDsOfRowsCannotBeChanged":             s.feedID,
		"RowsWithoutAKeyAreRefused":            s.feedNoKey,
		"OwnWritesFireNoTrigger":               s.feedOwn,
		"WhatWasTakenOverIsKept":               s.feedTaken,
		"FeedDoesWhatTheTriggersDo":            s.feedBulk,
		"FedNumbersMeetNobodys":                s.feedNumbers,
		"TableFollowsTheClassAndItsTriggers":   s.feedGrows,
		"SettledReplicasKeepTheirRowsAndTimes": s.feedSettle,
		"StandInsAreThoseNotAtRest":            s.feedStandIns,
		"SourceThatGoesTakesItsTable":          s.feedSourceGone,
	}
}

// fed is a source with a table that others write.
type fed struct {
	t     *testing.T
	dsn   string
	st    *store.Store
	src   *rollcall.Source
	table string
}

func (s *suite) feeding(t *testing.T) *fed {
	t.Helper()
	dsn := s.fresh(t)
	st := openAt(t, dsn, Model())
	src := sourceOf(t, st, Model(), 5)
	return &fed{t, dsn, st, src, `"` + src.Table + `"`}
}

func (f *fed) sql(statements ...string) {
	f.t.Helper()
	for i, s := range statements {
		statements[i] = strings.ReplaceAll(s, "{t}", f.table)
	}
	behind(f.t, f.dsn, statements...)
}

// refused runs a statement that the database must refuse.
func (f *fed) refused(statement, why string) {
	f.t.Helper()
	driver := "sqlite"
	if strings.HasPrefix(f.dsn, "postgres") {
		driver = "pgx"
	}
	db := value[*sql.DB](f.t)(sql.Open(driver, f.dsn))
	defer func() { must(f.t, db.Close()) }()
	_, err := db.ExecContext(f.t.Context(), strings.ReplaceAll(statement, "{t}", f.table))
	if err == nil || !strings.Contains(strings.ToLower(err.Error()), why) {
		f.t.Errorf("%s: got %v, want a refusal with %q", statement, err, why)
	}
}

// replica returns the whole replica of a key.
func (f *fed) replica(key string) rollcall.Replica {
	f.t.Helper()
	r, ok, err := f.st.ReplicaByKey(f.t.Context(), f.src.ID, key)
	must(f.t, err)
	if !ok {
		f.t.Fatalf("there is no replica of %s", key)
	}
	list := value[[]rollcall.Replica](f.t)(f.st.Replicas(f.t.Context(), f.src, []int64{r.ID}))
	return list[0]
}

func (f *fed) has(key string) bool {
	f.t.Helper()
	_, ok, err := f.st.ReplicaByKey(f.t.Context(), f.src.ID, key)
	must(f.t, err)
	return ok
}

// delivered returns the row of a replica.
func (f *fed) delivered(id int64) rollcall.Row {
	f.t.Helper()
	list := value[[]rollcall.Replica](f.t)(f.st.Replicas(f.t.Context(), f.src, []int64{id}))
	if list[0].Delivered != nil {
		return list[0].Delivered
	}
	return list[0].Row
}

// put gives a replica a state as a run would.
func (f *fed) put(key string, state rollcall.ReplicaState) {
	f.t.Helper()
	r := f.replica(key)
	r.State = state
	write(f.t, f.st, func(tx *store.Tx) { must(f.t, tx.SettleReplicas(f.t.Context(), f.src, []rollcall.Replica{r})) })
}

// ago sets when a row was last seen.
func (f *fed) ago(key string, d time.Duration) {
	f.t.Helper()
	r := f.replica(key)
	write(f.t, f.st, func(tx *store.Tx) {
		must(f.t, tx.FeedSame(f.t.Context(), f.src.ID, []int64{r.ID}, time.Now().Add(-d)))
	})
}

func (f *fed) seenNow(key string) {
	f.t.Helper()
	if away := time.Since(f.replica(key).LastSeen); away < -time.Second || away > time.Minute {
		f.t.Errorf("row %s: seen %s ago, want just now", key, away)
	}
}

func (s *suite) feedInsert(t *testing.T) {
	f := s.feeding(t)
	insertReplicas(t, f.st, f.src, replica(f.src, "ours"))
	f.sql(`INSERT INTO {t} (primary_key, name, badge) VALUES ('a', 'Doe', '7'), ('b', NULL, '')`, `INSERT INTO {t} (id, primary_key) VALUES (0, 'c')`)
	a := f.replica("a")
	want := rollcall.Replica{ID: a.ID, Source: 5, Key: "a", State: rollcall.StateNew, LastSeen: a.LastSeen, Row: rollcall.Row{cell("Doe"), cell("7"), {}, {}, {}, {}}}
	same(t, "replica", a, want)
	same(t, "row of b", f.delivered(f.replica("b").ID), rollcall.Row{{}, cell(""), {}, {}, {}, {}})
	f.seenNow("a")
	f.seenNow("c")
	f.refused(`INSERT INTO {t} (primary_key) VALUES ('a')`, "unique")
}

func (s *suite) feedUpdate(t *testing.T) {
	for _, c := range []struct{ was, want rollcall.ReplicaState }{
		{rollcall.StateNew, rollcall.StateNew}, {rollcall.StateSynchronized, rollcall.StateModified},
		{rollcall.StateModified, rollcall.StateModified}, {rollcall.StateOrphan, rollcall.StateOrphan},
		{rollcall.StateObsolete, rollcall.StateModified},
	} {
		f := s.feeding(t)
		f.sql(`INSERT INTO {t} (primary_key, name, badge) VALUES ('a', 'Doe', '7')`)
		f.put("a", c.was)
		f.ago("a", time.Hour)
		f.put("a", c.was) // what was obsolete came back by being seen
		f.sql(`UPDATE {t} SET name = 'Poe' WHERE primary_key = 'a'`)
		if got := f.replica("a").State; got != c.want {
			t.Errorf("%s: got %s, want %s", c.was, got, c.want)
		}
		f.seenNow("a")
	}
}

func (s *suite) feedTouch(t *testing.T) {
	f := s.feeding(t)
	f.sql(`INSERT INTO {t} (primary_key, name, badge) VALUES ('a', 'Doe', NULL)`)
	f.put("a", rollcall.StateSynchronized)
	f.ago("a", time.Hour)
	f.sql(`UPDATE {t} SET name = 'Doe', badge = NULL`)
	if got := f.replica("a").State; got != rollcall.StateSynchronized {
		t.Errorf("the same values: got %s, want synchronized", got)
	}
	f.seenNow("a")
	f.sql(`UPDATE {t} SET primary_key = 'b'`)
	if got := f.replica("b").State; got != rollcall.StateSynchronized || f.has("a") {
		t.Errorf("another key: got %s and still a: %t, want synchronized under the new key alone", got, f.has("a"))
	}
	f.sql(`UPDATE {t} SET badge = ''`)
	if got := f.replica("b").State; got != rollcall.StateModified {
		t.Errorf("NULL that becomes empty: got %s, want modified", got)
	}
}

func (s *suite) feedReturns(t *testing.T) {
	f := s.feeding(t)
	f.sql(`INSERT INTO {t} (primary_key, name) VALUES ('a', 'Doe')`)
	f.put("a", rollcall.StateObsolete)
	f.sql(`UPDATE {t} SET name = 'Doe'`)
	if got := f.replica("a").State; got != rollcall.StateModified {
		t.Errorf("got %s, want modified", got)
	}
}

func (s *suite) feedDelete(t *testing.T) {
	f := s.feeding(t)
	f.sql(`INSERT INTO {t} (primary_key) VALUES ('a'), ('b')`, `DELETE FROM {t} WHERE primary_key = 'a'`)
	if f.has("a") || !f.has("b") {
		t.Errorf("a is there: %t, b is there: %t; want b alone", f.has("a"), f.has("b"))
	}
	f.sql(`DELETE FROM {t}`)
	if f.has("b") {
		t.Error("b is there after all rows were deleted")
	}
}

func (s *suite) feedID(t *testing.T) {
	f := s.feeding(t)
	f.sql(`INSERT INTO {t} (primary_key, name) VALUES ('a', 'Doe')`)
	was := f.replica("a").ID
	f.sql(`UPDATE {t} SET id = 4711, name = 'Poe'`)
	r := f.replica("a")
	if row := f.delivered(was); r.ID != was || len(row) == 0 || row[0] != cell("Poe") {
		t.Errorf("got replica %d with the row %v, want %d with Poe", r.ID, row, was)
	}
}

func (s *suite) feedNoKey(t *testing.T) {
	f := s.feeding(t)
	f.refused(`INSERT INTO {t} (name) VALUES ('Doe')`, "primary_key is missing")
	f.sql(`INSERT INTO {t} (primary_key, name) VALUES ('a', 'Doe')`)
	f.refused(`UPDATE {t} SET primary_key = NULL`, "primary_key is missing")
	if !f.has("a") {
		t.Error("a refused change was kept")
	}
}

func (s *suite) feedOwn(t *testing.T) {
	f := s.feeding(t)
	list := insertReplicas(t, f.st, f.src, fullReplica(f.src), replica(f.src, "b"))
	list[0].Row[0], list[0].State, list[0].LastSeen = cell("Poe"), rollcall.StateSynchronized, time.Time{}
	write(t, f.st, func(tx *store.Tx) {
		must(t, tx.UpdateReplicas(t.Context(), f.src, list[:1]))
		must(t, tx.DeleteReplicas(t.Context(), f.src, []int64{list[1].ID}))
	})
	same(t, "replica", f.replica(list[0].Key), list[0])
	// The triggers speak again once the transaction is over.
	f.sql(`UPDATE {t} SET name = 'Joe'`)
	if got := f.replica(list[0].Key).State; got != rollcall.StateModified {
		t.Errorf("after our own write: got %s, want modified", got)
	}
}

func (s *suite) feedTaken(t *testing.T) {
	f := s.feeding(t)
	list := insertReplicas(t, f.st, f.src, fullReplica(f.src))
	list[0].State = rollcall.StateSynchronized
	write(t, f.st, func(tx *store.Tx) { must(t, tx.UpdateReplicas(t.Context(), f.src, list)) })
	f.sql(`UPDATE {t} SET name = 'Poe', picture_data = NULL`, `UPDATE {t} SET badge = '99'`)
	same(t, "what was taken over", f.replica(list[0].Key).Row, list[0].Row)
	same(t, "what is delivered", f.delivered(list[0].ID), rollcall.Row{cell("Poe"), cell("99"), {}, {}, cell("log"), cell("12")})
	f.put(list[0].Key, rollcall.StateModified)
	same(t, "what was taken over, after a failed run", f.replica(list[0].Key).Row, list[0].Row)
	f.put(list[0].Key, rollcall.StateSynchronized)
	same(t, "what was taken over, after a run", f.replica(list[0].Key).Row, f.delivered(list[0].ID))
}

// feedBulk holds the rows that we put in ourselves against those of a client
// that writes SQL: replicas and rows must come out alike.
func (s *suite) feedBulk(t *testing.T) {
	f := s.feeding(t)
	columns := rollcall.DataColumns(f.src.Class)[:2] // name, status
	at := time.Now().Truncate(time.Microsecond)
	rows := []rollcall.FedRow{
		{Key: "a", Content: rollcall.Hash{1}, Cells: rollcall.Row{cell("Doe"), {}}},
		{Key: "b", Content: rollcall.Hash{2}, Cells: rollcall.Row{cell(""), cell("active")}},
	}
	write(t, f.st, func(tx *store.Tx) { must(t, tx.FeedNew(t.Context(), f.src, columns, rows, at)) })
	a := f.replica("a")
	same(t, "replica", a, rollcall.Replica{ID: rows[0].Replica, Source: 5, Key: "a", Content: rollcall.Hash{1}, State: rollcall.StateNew,
		LastSeen: at.UTC(), Row: rollcall.Row{cell("Doe"), {}, {}, {}, {}, {}}})

	for _, state := range []rollcall.ReplicaState{rollcall.StateNew, rollcall.StateSynchronized, rollcall.StateModified, rollcall.StateOrphan, rollcall.StateObsolete} {
		for _, name := range []string{"Doe", "Poe"} {
			f.sql(`UPDATE {t} SET name = 'Doe', status = NULL WHERE primary_key = 'a'`, `UPDATE {t} SET name = 'Doe', status = NULL WHERE primary_key = 'b'`)
			f.put("a", rollcall.StateSynchronized)
			f.put("b", rollcall.StateSynchronized)
			f.put("a", state)
			f.put("b", state)
			row := rollcall.FedRow{Replica: a.ID, Key: "a", Content: rollcall.Hash{3}, Cells: rollcall.Row{cell(name), cell("x")}, Skip: []int{1}}
			write(t, f.st, func(tx *store.Tx) {
				must(t, tx.FeedKnown(t.Context(), f.src, columns, []rollcall.FedRow{row}, time.Now()))
			})
			f.sql(fmt.Sprintf(`UPDATE {t} SET name = '%s' WHERE primary_key = 'b'`, name))
			got, want := f.replica("a"), f.replica("b")
			if got.State != want.State {
				t.Errorf("%s, %s: got %s, want %s as by SQL", state, name, got.State, want.State)
			}
			same(t, "what was taken over", got.Row, want.Row)
			same(t, "row", f.delivered(got.ID), f.delivered(want.ID))
		}
	}
	f.put("a", rollcall.StateObsolete)
	write(t, f.st, func(tx *store.Tx) { must(t, tx.FeedSame(t.Context(), 5, []int64{a.ID}, at)) })
	if got := f.replica("a"); got.State != rollcall.StateModified || !got.LastSeen.Equal(at) {
		t.Errorf("the same row of an obsolete replica: got %s seen %s, want modified seen %s", got.State, got.LastSeen, at)
	}
}

func (s *suite) feedNumbers(t *testing.T) {
	f := s.feeding(t)
	ids := map[int64]string{}
	note := func(key string) {
		id := f.replica(key).ID
		if other := ids[id]; other != "" {
			t.Errorf("%s and %s have the number %d", key, other, id)
		}
		ids[id] = key
	}
	for i := range 5 {
		ours, theirs := fmt.Sprint("ours", i), fmt.Sprint("theirs", i)
		insertReplicas(t, f.st, f.src, replica(f.src, ours))
		f.sql(fmt.Sprintf(`INSERT INTO {t} (primary_key) VALUES ('%s')`, theirs))
		note(ours)
		note(theirs)
		if i == 2 {
			f.sql(`DELETE FROM {t} WHERE primary_key = 'theirs2'`)
		}
	}
}

func (s *suite) feedGrows(t *testing.T) {
	f := s.feeding(t)
	f.sql(`INSERT INTO {t} (primary_key, name) VALUES ('a', 'Doe')`)
	f.put("a", rollcall.StateSynchronized)
	wider := grown(&rollcall.Attribute{Code: "extra", Type: rollcall.TypeString})
	st := openAt(t, f.dsn, wider)
	src := rollcall.Source{ID: f.src.ID, Name: f.src.Name, Class: wider.Class("Person")}
	must(t, st.EnsureTable(t.Context(), &src))
	f.sql(`UPDATE {t} SET extra = 'new' WHERE primary_key = 'a'`)
	if got := f.replica("a").State; got != rollcall.StateModified {
		t.Errorf("a new column: got %s, want modified", got)
	}
}

func (s *suite) feedSettle(t *testing.T) {
	f := s.feeding(t)
	f.sql(`INSERT INTO {t} (primary_key, name) VALUES ('a', 'Doe')`)
	was := f.replica("a")
	r := was
	r.State, r.Dest, r.IsCreator, r.LastError, r.Created = rollcall.StateSynchronized, rollcall.Ref{Class: "Person", ID: 9}, true, "e", Now
	r.Row, r.LastSeen, r.Key, r.LastModified, r.LastWarning, r.Restore = nil, Now, "other", Now.Add(time.Hour), "w", "{}"
	write(t, f.st, func(tx *store.Tx) { must(t, tx.SettleReplicas(t.Context(), f.src, []rollcall.Replica{r})) })
	r.Row, r.LastSeen, r.Key = was.Row, was.LastSeen, was.Key
	same(t, "replica", f.replica("a"), r)
	r.ID = 4711
	tx := begin(t, f.st)
	wantKind(t, tx.SettleReplicas(t.Context(), f.src, []rollcall.Replica{r}), rollcall.Conflict)
}

func (s *suite) feedStandIns(t *testing.T) {
	f := s.feeding(t)
	since := time.Now().Add(-time.Minute)
	insertReplicas(t, f.st, f.src, replica(f.src, "seen at the last load"))
	warned := replica(f.src, "warned")
	warned.LastSeen, warned.LastWarning = time.Now(), "w"
	insertReplicas(t, f.st, f.src, warned)
	f.sql(`INSERT INTO {t} (primary_key) VALUES ('new'), ('rest'), ('old'), ('old and obsolete')`)
	for _, key := range []string{"rest", "old", "old and obsolete"} {
		f.put(key, rollcall.StateSynchronized)
	}
	f.ago("old", time.Hour)
	f.ago("old and obsolete", time.Hour)
	f.put("old and obsolete", rollcall.StateObsolete)

	got := map[string]rollcall.StandIn{}
	list := value[[]rollcall.StandIn](t)(f.st.StandIns(t.Context(), f.src.ID, since, time.Now()))
	for _, in := range list {
		key := value[[]rollcall.Replica](t)(f.st.Replicas(t.Context(), f.src, []int64{in.ID}))[0].Key
		in.ID = 0
		got[key] = in
	}
	same(t, "stand-ins", got, map[string]rollcall.StandIn{
		"warned": {State: rollcall.StateSynchronized, IsSeen: true}, "new": {State: rollcall.StateNew, IsSeen: true},
		"old": {State: rollcall.StateSynchronized}, "old and obsolete": {State: rollcall.StateObsolete},
	})
	count := value[rollcall.StandCount](t)(f.st.StandCount(t.Context(), f.src.ID, since, time.Now()))
	same(t, "count", count, rollcall.StandCount{Total: 6, Seen: 4, Obsolete: 1})
	count = value[rollcall.StandCount](t)(f.st.StandCount(t.Context(), f.src.ID, since, Now.AddDate(-10, 0, 0)))
	same(t, "count with a last load long ago", count, rollcall.StandCount{Total: 6, Seen: 3, Obsolete: 1})
}
