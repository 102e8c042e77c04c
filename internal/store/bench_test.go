package store_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

// The benchmarks run on SQLite, or on the PostgreSQL database that BENCH_DSN
// names. BENCH_ROWS is how many persons there are: 100,000 when not set.

func benchRows(b *testing.B) int {
	n := 100_000
	if text := os.Getenv("BENCH_ROWS"); text != "" {
		if _, err := fmt.Sscan(text, &n); err != nil {
			b.Fatal(err)
		}
	}
	return n
}

func benchOpen(b *testing.B, model *rollcall.Model) *store.Store {
	b.Helper()
	dsn := os.Getenv("BENCH_DSN")
	if dsn == "postgres" {
		dsn = schemas(b)(b)
	} else {
		dsn = sqliteFile(b)
	}
	st, err := store.Open(b.Context(), store.Config{DSN: dsn, Model: model})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = st.Close() })
	return st
}

// benchModel has persons of 15 stored attributes.
func benchModel() *rollcall.Model {
	var attrs []*rollcall.Attribute
	for _, code := range []string{"name", "first_name", "email", "phone", "mobile_phone", "function", "employee_number", "city", "status", "notify"} {
		attrs = append(attrs, &rollcall.Attribute{Code: code, Type: rollcall.TypeString})
	}
	attrs = append(attrs,
		&rollcall.Attribute{Code: "picture", Type: rollcall.TypeImage},
		&rollcall.Attribute{Code: "org_id", Type: rollcall.TypeKey, Target: "Organization"},
		&rollcall.Attribute{Code: "location_id", Type: rollcall.TypeKey, Target: "Person"},
		&rollcall.Attribute{Code: "manager_id", Type: rollcall.TypeKey, Target: "Person"},
		&rollcall.Attribute{Code: "badge", Type: rollcall.TypeInteger})
	person := &rollcall.Class{Name: "Person", Root: "Person", NamedBy: []string{"first_name", "name"}, Attributes: attrs}
	person.Index()
	org := &rollcall.Class{Name: "Organization", Root: "Organization", NamedBy: []string{"name"}, Attributes: []*rollcall.Attribute{{Code: "name", Type: rollcall.TypeString}}}
	org.Index()
	return rollcall.NewModel([]*rollcall.Class{org, person})
}

// company is a batch of persons with all that a first load writes of each.
type company struct {
	src      *rollcall.Source
	objects  []rollcall.Object
	replicas []rollcall.Replica
	history  []rollcall.History
}

func benchSource(b *testing.B, st *store.Store, person *rollcall.Class) *rollcall.Source {
	src := &rollcall.Source{ID: 1, Name: "persons", Class: person}
	for _, code := range []string{"name", "first_name", "email", "phone", "mobile_phone", "function", "employee_number", "city", "status", "org_id"} {
		src.Rules.Attributes = append(src.Rules.Attributes, rollcall.AttributeRule{Attribute: person.Attribute(code)})
	}
	if err := st.EnsureTable(b.Context(), src); err != nil {
		b.Fatal(err)
	}
	return src
}

// fill makes persons from..from+n. The keys are spread like those of a
// directory.
func (c *company) fill(from, n int, at time.Time) {
	c.objects, c.replicas, c.history = c.objects[:0], c.replicas[:0], c.history[:0]
	person := c.src.Class
	for i := from; i < from+n; i++ {
		spread := uint64(i) * 0x9e3779b97f4a7c15
		key := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", uint32(spread>>32), uint16(spread>>16), uint16(spread)&0xfff, i&0xfff, spread&0xffffffffffff)
		name, first := fmt.Sprintf("Lastname%06d", i), fmt.Sprintf("First%05d", i%50000)
		values := []string{name, first, first + "." + name + "@example.com", fmt.Sprintf("+33 1 %08d", i), fmt.Sprintf("+33 6 %08d", i), "Engineer", fmt.Sprint(i), "Paris", "active", "yes", "", "1", "", "", ""}
		if i > 100 {
			values[13] = fmt.Sprint(1 + int(spread>>40)%i) // the manager
		}
		c.objects = append(c.objects, rollcall.Object{Class: person, ID: rollcall.ObjectID(i + 1), Values: values})
		row := make(rollcall.Row, len(c.src.Rules.Attributes))
		for j := range row {
			row[j] = rollcall.Cell{Text: values[j], Set: true}
		}
		row[9].Text = "Demo"
		r := rollcall.Replica{Source: 1, Key: key, Name: "CN=" + first + " " + name + ",OU=Staff,OU=Paris,DC=corp,DC=example,DC=com", State: rollcall.StateSynchronized,
			Dest: rollcall.Ref{Class: "Person", ID: rollcall.ObjectID(i + 1)}, IsCreator: true, Created: at, Run: 1, Row: row}
		for j := range r.Content {
			r.Content[j] = byte(spread >> (j % 8 * 8))
		}
		c.replicas = append(c.replicas, r)
		c.history = append(c.history, rollcall.History{Origin: rollcall.Origin{Kind: rollcall.OriginSync, By: "persons", Source: 1, Run: 1, At: at},
			Verb: rollcall.HistoryCreate, Object: r.Dest, Name: first + " " + name, Key: key})
	}
}

// load writes n persons in one transaction, in batches of 1000, and returns the
// time that went into each kind of statement.
func load(b *testing.B, st *store.Store, c *company, n int) map[string]time.Duration {
	b.Helper()
	ctx := context.Background()
	spent := map[string]time.Duration{}
	timed := func(what string, do func() error) {
		start := time.Now()
		if err := do(); err != nil {
			b.Fatal(what, ": ", err)
		}
		spent[what] += time.Since(start)
	}
	tx, err := st.Begin(ctx)
	if err != nil {
		b.Fatal(err)
	}
	at := time.Now()
	for from := 0; from < n; from += 1000 {
		timed("make", func() error { c.fill(from, 1000, at); return nil })
		keys := make([][]string, len(c.objects))
		for i := range keys {
			keys[i] = []string{c.objects[i].Values[0], c.objects[i].Values[1], c.objects[i].Values[2]}
		}
		timed("find", func() error {
			_, err := tx.Find(ctx, c.src.Class, []string{"name", "first_name", "email"}, keys)
			return err
		})
		timed("objects", func() error { return tx.InsertObjects(ctx, c.src.Class, c.objects) })
		timed("replicas", func() error { return tx.InsertReplicas(ctx, c.src, c.replicas) })
		timed("history", func() error { return tx.InsertHistory(ctx, c.history) })
	}
	timed("commit", tx.Commit)
	return spent
}

func benchLoaded(b *testing.B) (*store.Store, *company, map[string]time.Duration) {
	b.Helper()
	m := benchModel()
	st := benchOpen(b, m)
	if err := st.EnsureLookup(b.Context(), m.Class("Person"), []string{"name", "first_name", "email"}); err != nil {
		b.Fatal(err)
	}
	c := &company{src: benchSource(b, st, m.Class("Person"))}
	return st, c, load(b, st, c, benchRows(b))
}

// cpu returns the processor time that this process has used: on a machine that
// others use too the clock says little.
func cpu(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFirstLoad writes object, replica, row and history of each person.
func BenchmarkFirstLoad(b *testing.B) {
	for range b.N {
		start := cpu(b)
		_, _, spent := benchLoaded(b)
		b.ReportMetric((cpu(b) - start).Seconds(), "cpu-s")
		for what, d := range spent {
			b.ReportMetric(d.Seconds(), what+"-s")
		}
	}
}

// BenchmarkMarks reads what a full compare needs.
func BenchmarkMarks(b *testing.B) {
	st, _, _ := benchLoaded(b)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		if err := st.Marks(b.Context(), 1, func(*rollcall.Mark) error { n++; return nil }); err != nil {
			b.Fatal(err)
		}
		if n != benchRows(b) {
			b.Fatalf("got %d marks, want %d", n, benchRows(b))
		}
	}
}

// BenchmarkFind looks every person up by three attributes.
func BenchmarkFind(b *testing.B) {
	st, c, _ := benchLoaded(b)
	for b.Loop() {
		for from := 0; from < benchRows(b); from += 1000 {
			c.fill(from, 1000, time.Now())
			keys := make([][]string, len(c.objects))
			for i := range keys {
				keys[i] = []string{c.objects[i].Values[0], c.objects[i].Values[1], c.objects[i].Values[2]}
			}
			found, err := st.Find(b.Context(), c.src.Class, []string{"name", "first_name", "email"}, keys)
			if err != nil {
				b.Fatal(err)
			}
			if len(found[999]) != 1 {
				b.Fatalf("got %v, want one person", found[999])
			}
		}
	}
}

// BenchmarkUpdate gives every person a new phone, with its replica.
func BenchmarkUpdate(b *testing.B) {
	st, c, _ := benchLoaded(b)
	person := c.src.Class
	ctx := context.Background()
	for b.Loop() {
		tx, err := st.Begin(ctx)
		if err != nil {
			b.Fatal(err)
		}
		for from := 0; from < benchRows(b); from += 1000 {
			c.fill(from, 1000, time.Now())
			ids := make([]rollcall.ObjectID, 1000)
			values := make([][]string, 1000)
			for i := range ids {
				ids[i], values[i] = c.objects[i].ID, []string{"+49 1"}
				c.replicas[i].ID = int64(from + i + 1)
			}
			if err := tx.UpdateObjects(ctx, person, []*rollcall.Attribute{person.Attribute("phone")}, ids, values); err != nil {
				b.Fatal(err)
			}
			if err := tx.UpdateReplicas(ctx, c.src, c.replicas); err != nil {
				b.Fatal(err)
			}
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReplicas reads every replica with its row, and its object.
func BenchmarkReplicas(b *testing.B) {
	st, c, _ := benchLoaded(b)
	for b.Loop() {
		for from := 0; from < benchRows(b); from += 1000 {
			ids, objects := make([]int64, 1000), make([]rollcall.ObjectID, 1000)
			for i := range ids {
				ids[i], objects[i] = int64(from+i+1), rollcall.ObjectID(from+i+1)
			}
			list, err := st.Replicas(b.Context(), c.src, ids)
			if err != nil || len(list) != 1000 {
				b.Fatalf("got %d replicas, %v", len(list), err)
			}
			found, err := st.Objects(b.Context(), c.src.Class, objects)
			if err != nil || len(found) != 1000 {
				b.Fatalf("got %d objects, %v", len(found), err)
			}
		}
	}
}
