package store

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/rollcall"
	lab "rollcall/test/lab/postgres"
)

// shapeOf lists every table of a database with its columns, which of them may
// be NULL, and its unique keys, in words that do not depend on the dialect.
func shapeOf(t *testing.T, s *Store, queries [2]string) map[string][]string {
	t.Helper()
	shape := map[string][]string{}
	for _, query := range queries {
		err := s.each(t.Context(), query, nil, func(rows *sql.Rows) error {
			var table, what string
			err := rows.Scan(&table, &what)
			shape[table] = append(shape[table], what)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, list := range shape {
		slices.Sort(list)
	}
	return shape
}

// The kinds of column compare by name: BIGINT is INTEGER here, BYTEA is BLOB. A
// primary key is never NULL; SQLite does not say so of an integer one.
var shapeQueries = map[string][2]string{
	"sqlite": {
		`SELECT m.name, 'column ' || c.name || ' ' || c.type || CASE WHEN c."notnull" = 1 OR c.pk > 0 THEN ' NOT NULL' ELSE '' END
			FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'`,
		`SELECT m.name, 'unique ' || (SELECT group_concat(name, ',') FROM (SELECT i.name FROM pragma_index_info(l.name) i ORDER BY i.seqno))
			FROM sqlite_master m, pragma_index_list(m.name) l WHERE m.type = 'table' AND l."unique" = 1
		 UNION ALL SELECT m.name, 'unique ' || c.name FROM sqlite_master m, pragma_table_info(m.name) c
			WHERE m.type = 'table' AND c.pk = 1 AND c.type = 'INTEGER' AND NOT EXISTS (SELECT 1 FROM pragma_table_info(m.name) d WHERE d.pk = 2)`,
	},
	"postgres": {
		`SELECT table_name, 'column ' || column_name || ' ' || replace(replace(upper(data_type), 'BIGINT', 'INTEGER'), 'BYTEA', 'BLOB') || CASE is_nullable WHEN 'NO' THEN ' NOT NULL' ELSE '' END
			FROM information_schema.columns WHERE table_schema = current_schema()`,
		`SELECT t.relname, 'unique ' || (SELECT string_agg(a.attname, ',' ORDER BY k.n) FROM unnest(i.indkey::int[]) WITH ORDINALITY k(att, n) JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.att)
			FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace s ON s.oid = t.relnamespace
			WHERE i.indisunique AND s.nspname = current_schema()`,
	},
}

func TestBothDatabasesGetTheSameTables(t *testing.T) {
	t.Parallel()
	person := &rollcall.Class{Name: "Person", Root: "Person", Attributes: []*rollcall.Attribute{
		{Code: "name", Type: rollcall.TypeString}, {Code: "picture", Type: rollcall.TypeImage}, {Code: "born", Type: rollcall.TypeDate},
		{Code: "manager_id", Type: rollcall.TypeKey, Target: "Person"},
	}}
	person.Index()
	shapes := map[string]map[string][]string{}
	for folder, dsn := range map[string]string{"sqlite": t.TempDir() + "/x.db", "postgres": lab.Start(t).Database(t)} {
		s, err := Open(t.Context(), Config{DSN: dsn, Model: rollcall.NewModel([]*rollcall.Class{person})})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		if err := s.EnsureLookup(t.Context(), person, []string{"name"}); err != nil {
			t.Fatal(err)
		}
		if err := s.EnsureTable(t.Context(), &rollcall.Source{ID: 1, Class: person}); err != nil {
			t.Fatal(err)
		}
		shapes[folder] = shapeOf(t, s, shapeQueries[folder])
	}
	if diff := cmp.Diff(shapes["sqlite"], shapes["postgres"]); diff != "" {
		t.Errorf("the tables differ (-sqlite +postgres)\n%s", diff)
	}
	if want := "column look_name INTEGER"; !slices.Contains(shapes["sqlite"]["obj_person"], want) {
		t.Errorf("got %v, want %q among them", shapes["sqlite"]["obj_person"], want)
	}
}

func TestMigrationsComeInPairs(t *testing.T) {
	t.Parallel()
	names := map[string][]string{}
	for _, d := range []dialect{&sqlite{}, &postgres{}} {
		steps, err := migrations(d)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range steps {
			if m.number != i+1 {
				t.Errorf("%s: got number %d, want %d", m.name, m.number, i+1)
			}
			names[d.traits().folder] = append(names[d.traits().folder], m.name)
		}
	}
	if diff := cmp.Diff(names["sqlite"], names["postgres"]); diff != "" {
		t.Errorf("the steps differ (-sqlite +postgres)\n%s", diff)
	}
}

func TestDatabaseOfANewerProgramIsRefused(t *testing.T) {
	t.Parallel()
	dsn := t.TempDir() + "/x.db"
	cfg := Config{DSN: dsn, Model: rollcall.NewModel(nil)}
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.writer.ExecContext(t.Context(), "INSERT INTO schema_migration VALUES (999, '0999_later', '')"); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), cfg); rollcall.KindOf(err) != rollcall.Invalid || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("got %v, want an invalid-kind error about a newer version", err)
	}
}

func TestParametersAreNumberedOutsideQuotes(t *testing.T) {
	t.Parallel()
	const query = `SELECT "a?b", 'it''s ?', ? FROM "x""?" WHERE y = ? AND z = '?'`
	if got, want := numbered(&postgres{}, query), `SELECT "a?b", 'it''s ?', $1 FROM "x""?" WHERE y = $2 AND z = '?'`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := numbered(&sqlite{}, query); got != query {
		t.Errorf("got %s, want it unchanged", got)
	}
}

// TestHotStatementsUseTheirIndex: SQLite has no statistics here and would read
// whole tables where a statement leaves it the choice.
func TestHotStatementsUseTheirIndex(t *testing.T) {
	t.Parallel()
	person := &rollcall.Class{Name: "Person", Root: "Person", Attributes: []*rollcall.Attribute{
		{Code: "name", Type: rollcall.TypeString}, {Code: "manager_id", Type: rollcall.TypeKey, Target: "Person"}, {Code: "manager_name", Type: rollcall.TypeField, Via: "manager_id", Remote: "name"},
	}}
	person.Index()
	s, err := Open(t.Context(), Config{DSN: t.TempDir() + "/x.db", Model: rollcall.NewModel([]*rollcall.Class{person})})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	src := &rollcall.Source{ID: 1, Class: person, Rules: rollcall.Rules{Attributes: []rollcall.AttributeRule{{Attribute: person.Attribute("name")}}}}
	if err := s.EnsureTable(t.Context(), src); err != nil {
		t.Fatal(err)
	}
	if err := s.EnsureLookup(t.Context(), person, []string{"name"}); err != nil {
		t.Fatal(err)
	}
	hot := hotStatements(t, s, src)
	if len(hot) < 15 {
		t.Errorf("got %d statements, want at least 15", len(hot))
	}
	for _, query := range hot {
		plan := explain(t, s, query)
		if strings.Contains(plan, "SCAN") && !strings.Contains(plan, "SCAN v") && !strings.Contains(plan, "VALUES CLAUSE") || strings.Contains(plan, "(sync_source_id=?)") {
			t.Errorf("%s\nis carried out as\n%s", query, plan)
		}
	}
}

// hotStatements runs what a load does per batch and returns the statements that
// it took.
func hotStatements(t *testing.T, s *Store, src *rollcall.Source) []string {
	t.Helper()
	ctx := t.Context()
	tx, err := s.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	ids, numbers := make([]rollcall.ObjectID, 400), make([]int64, 400)
	keys := make([][]string, 400)
	names := make([]string, 400)
	for i := range ids {
		ids[i], numbers[i], names[i] = rollcall.ObjectID(i+1), int64(i+1), string(rune('a'+i))
		keys[i] = []string{names[i]}
	}
	person := src.Class
	replica := rollcall.Replica{Source: 1, Key: "k", Row: rollcall.Row{{}}}
	objectsIn := make([]rollcall.Object, len(ids))
	for i := range ids { // a transaction does not look for what it knows not to be there
		objectsIn[i] = rollcall.Object{Class: person, ID: ids[i], Values: []string{names[i], ""}}
	}
	if err := tx.InsertObjects(ctx, person, objectsIn); err != nil {
		t.Fatal(err)
	}
	_, taken := tx.Taken(ctx, person, []string{"name"}, keys)
	_, find := tx.Find(ctx, person, []string{"name"}, keys)
	_, field := tx.Find(ctx, person, []string{"manager_name"}, keys)
	_, objects := tx.Objects(ctx, person, ids)
	_, referrers := tx.Referrers(ctx, person.Attribute("manager_id"), person, ids)
	_, replicas := tx.Replicas(ctx, src, numbers)
	_, byName := tx.ReplicasByName(ctx, 1, names)
	_, byDest := tx.ReplicasByDest(ctx, person, ids)
	_, moved := tx.MoveReplicas(ctx, 1, map[int64]string{1: "a", 2: "b"})
	_, _, drift := tx.Drifted(ctx, src, 0)
	inserted := tx.InsertReplicas(ctx, src, []rollcall.Replica{replica})
	replica.ID = 1
	for _, err := range []error{
		find, taken, field, objects, referrers, replicas, byName, byDest, inserted,
		tx.UpdateReplicas(ctx, src, []rollcall.Replica{replica}), tx.SetLastSeen(ctx, 1, numbers, tx.now()),
		tx.DeleteReplicasOf(ctx, person, ids), tx.DeleteReplicas(ctx, src, numbers), tx.DeleteObjects(ctx, person, ids),
		tx.History(ctx, rollcall.HistoryFilter{Object: rollcall.Ref{Class: "Person", ID: 1}}, nil), tx.History(ctx, rollcall.HistoryFilter{Run: 1}, nil),
		tx.ReplicaErrors(ctx, 1, nil), moved, drift,
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var hot []string
	for query := range tx.cached {
		hot = append(hot, query)
	}
	return hot
}

func explain(t *testing.T, s *Store, query string) string {
	t.Helper()
	args := make([]any, strings.Count(query, "?"))
	rows, err := s.reader.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	var plan []string
	for rows.Next() {
		var a, b, c sql.NullInt64
		var detail string
		if err := rows.Scan(&a, &b, &c, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(plan, "\n")
}
