package store_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"rollcall/internal/oql"
	"rollcall/internal/rollcall"
	"rollcall/internal/schema"
	"rollcall/internal/store"
)

// BenchmarkSelectWithAJoin reads 10,000 persons of one organization out of
// 30,000, and reports beside it what the database's own shell takes.
func BenchmarkSelectWithAJoin(b *testing.B) {
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": sqliteFile, "postgres": schemas(b)} {
		b.Run(name, func(b *testing.B) {
			m, err := schema.Load()
			if err != nil {
				b.Fatal(err)
			}
			address := dsn(b)
			st, err := store.Open(b.Context(), store.Config{DSN: address, Model: m})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = st.Close() })
			populate(b, st, m)
			q, err := oql.Compile(m, "SELECT Person AS p JOIN Organization AS o ON p.org_id = o.id WHERE o.name = 'Org 1'", nil)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				n := 0
				err := st.Select(b.Context(), q, rollcall.Window{}, func([]rollcall.Object) error { n++; return nil })
				if err != nil || n != 10000 {
					b.Fatalf("got %d objects, %v", n, err)
				}
			}
			b.ReportMetric(shellTime(b, address), "ms-in-shell")
			start := time.Now()
			if _, err := st.SelectIDs(b.Context(), q, rollcall.Window{}); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(time.Since(start).Microseconds())/1000, "ms-for-ids")
		})
	}
}

// shellTime is how long the database's own shell takes for the bare statement,
// in milliseconds, the fastest of five; 0 where there is no such shell.
func shellTime(b *testing.B, dsn string) float64 {
	const statement = "SELECT p.* FROM obj_contact p JOIN obj_organization o ON o.id = p.org_id WHERE o.name = 'org 1' ORDER BY p.first_name, p.name"
	shell, args := "sqlite3", []string{dsn, statement}
	if strings.HasPrefix(dsn, "postgres") {
		shell, args = "psql", []string{dsn, "-AtXc", statement}
	}
	if _, err := exec.LookPath(shell); err != nil {
		return 0
	}
	fastest := time.Hour
	for range 5 {
		start := time.Now()
		out, err := exec.CommandContext(b.Context(), shell, args...).Output()
		if err != nil || bytes.Count(out, []byte("\n")) < 10000 {
			b.Logf("%s: %v", shell, err) // psql knows fewer settings in an address than the driver
			return 0
		}
		fastest = min(fastest, time.Since(start))
	}
	return float64(fastest.Microseconds()) / 1000
}

func populate(b *testing.B, st *store.Store, m *rollcall.Model) {
	tx, err := st.Begin(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	organizations, persons := make([]rollcall.Object, 3), make([]rollcall.Object, 30000)
	for i := range organizations {
		o := rollcall.NewObject(m.Class("Organization"))
		o.ID = rollcall.ObjectID(i + 1)
		o.Set("name", fmt.Sprint("org ", i))
		organizations[i] = o
	}
	for i := range persons {
		o := rollcall.NewObject(m.Class("Person"))
		o.ID = rollcall.ObjectID(i + 1)
		for code, value := range map[string]string{
			"name": fmt.Sprint("Name ", (i*7919)%30000), "first_name": []string{"Anaïs", "Bob", "Zoe"}[i/3%3], "org_id": fmt.Sprint(i%3 + 1),
			"email": fmt.Sprintf("u%d@example.com", i), "phone": "+33 1 23 45 67 89", "function": "Engineer", "employee_number": fmt.Sprint(i),
		} {
			o.Set(code, value)
		}
		persons[i] = o
	}
	for class, list := range map[string][]rollcall.Object{"Organization": organizations, "Person": persons} {
		if err := tx.InsertObjects(b.Context(), m.Class(class), list); err != nil {
			b.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkTree asks what lies below, and above, one of 100,000 organizations:
// where each has ten below it, and where all lie in one line.
func BenchmarkTree(b *testing.B) {
	const nodes = 100_000
	shapes := map[string]func(i int) int{"wide": func(i int) int { return (i + 8) / 10 }, "line": func(i int) int { return i - 1 }}
	for name, dsn := range map[string]func(testing.TB) string{"sqlite": sqliteFile, "postgres": schemas(b)} {
		for shape, parent := range shapes {
			m, err := schema.Load()
			if err != nil {
				b.Fatal(err)
			}
			st, err := store.Open(b.Context(), store.Config{DSN: dsn(b), Model: m})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = st.Close() })
			list := make([]rollcall.Object, nodes)
			for i := range list {
				list[i] = rollcall.NewObject(m.Class("Organization"))
				list[i].ID = rollcall.ObjectID(i + 1)
				list[i].Set("name", fmt.Sprint("Node ", i+1))
				if i > 0 {
					list[i].Set("parent_id", fmt.Sprint(parent(i+1)))
				}
			}
			tx, err := st.Begin(b.Context())
			if err == nil {
				err = tx.InsertObjects(b.Context(), m.Class("Organization"), list)
			}
			if err == nil {
				err = tx.Commit()
			}
			if err != nil {
				b.Fatal(err)
			}
			for kind, text := range map[string]string{
				"all below the first":  "SELECT o FROM Organization AS o JOIN Organization AS top ON o.parent_id BELOW top.id WHERE top.name = 'node 1'",
				"all above the last":   "SELECT o FROM Organization AS o JOIN Organization AS low ON low.parent_id BELOW o.id WHERE low.id = 100000",
				"a few below a middle": "SELECT o FROM Organization AS o JOIN Organization AS top ON o.parent_id BELOW STRICT top.id WHERE top.id = 99990",
			} {
				q, err := oql.Compile(m, text, nil)
				if err != nil {
					b.Fatal(err)
				}
				b.Run(name+"/"+shape+"/"+kind, func(b *testing.B) {
					for b.Loop() {
						ids, err := st.SelectIDs(b.Context(), q, rollcall.Window{})
						if err != nil {
							b.Fatal(err)
						}
						b.ReportMetric(float64(len(ids)), "objects")
					}
				})
			}
		}
	}
}
