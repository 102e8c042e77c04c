package bench

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"rollcall/test/lab/postgres"
)

// The sizes of what is measured. BENCH_PERSONS and BENCH_ROUNDS set others for a
// quick look; BENCH_LARGE=1 adds a million persons; BENCH_WRITE=1 writes
// README.md.
const (
	persons      = 100_000
	manyPersons  = 1_000_000
	groups       = 2000
	depth        = 10
	rounds       = 5
	largeRounds  = 3
	nestedTimes  = 5   // in a round: it is over in less than a tenth of a second
	changedShare = 100 // one person of so many
)

// BenchmarkRuns measures everything in one run, interleaved: in every round each
// thing once, or some times when it is brief, right after ldapsearch read the
// same entries. Only the ratios of such pairs mean anything on a machine with
// other work to do.
func BenchmarkRuns(b *testing.B) {
	n, times := number(b, "BENCH_PERSONS", persons), number(b, "BENCH_ROUNDS", rounds)
	tools := build(b)
	world := newWorld(b, tools, n)
	server := postgres.Start(b)
	var t table
	for round := range times {
		b.Logf("round %d", round+1)
		world.round(b, &t, round, server)
	}
	world.slapd.Stop()
	if os.Getenv("BENCH_LARGE") == "1" {
		large(b, tools, &t, n)
	}
	text, machine := t.markdown(n, times), machine()
	fmt.Println(text + "\n" + machine)
	for _, row := range t.rows {
		b.ReportMetric(row.ratio(), row.metric)
	}
	b.ReportMetric(0, "ns/op") // the sum of it all means nothing
	keepText(b, "", text)
	keepText(b, machinePart, machine)
}

// round measures each thing once, and what is brief some times.
func (w *world) round(b *testing.B, t *table, round int, server *postgres.Server) {
	file := w.sqlite(b)
	w.prepare(b, file)
	t.add(load, w.after(b, w.persons, func() usage { return w.sync(b, file, "persons") }))
	t.add(compare, w.after(b, w.persons, func() usage { return w.sync(b, file, "persons") }))
	w.change(b, round)
	t.add(changed, w.after(b, w.persons, func() usage { return w.sync(b, file, "persons") }))

	both := w.sqlite(b)
	w.prepare(b, both)
	t.add(accounts, w.after(b, w.persons, func() usage { return w.sync(b, both, "persons", "users") }))
	t.add(accountsAgain, w.after(b, w.persons, func() usage { return w.sync(b, both, "persons", "users") }))
	for range nestedTimes {
		t.add(nested, w.after(b, w.groups, func() usage { return w.closure(b) }))
	}

	database := server.Database(b)
	w.prepare(b, database)
	t.add(pgLoad, w.after(b, w.persons, func() usage { return w.sync(b, database, "persons") }))
	t.add(pgCompare, w.after(b, w.persons, func() usage { return w.sync(b, database, "persons") }))
	w.change(b, round+1000)
	t.add(pgChanged, w.after(b, w.persons, func() usage { return w.sync(b, database, "persons") }))
}

// large measures what a million persons cost, and what each of them costs in
// memory beyond the small number.
func large(b *testing.B, tools tools, t *table, small int) {
	n := number(b, "BENCH_MANY", manyPersons)
	w := newWorld(b, tools, n)
	t.grown(n - small)
	for round := range min(largeRounds, number(b, "BENCH_ROUNDS", rounds)) {
		b.Logf("large round %d", round+1)
		file := w.sqlite(b)
		w.prepare(b, file)
		t.add(manyLoad, w.after(b, w.persons, func() usage { return w.sync(b, file, "persons") }))
		t.add(manyCompare, w.after(b, w.persons, func() usage { return w.sync(b, file, "persons") }))
		if err := os.RemoveAll(file); err != nil {
			b.Fatal(err)
		}
	}
}

// number returns the number in an environment variable, or another.
func number(b *testing.B, variable string, otherwise int) int {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		b.Fatalf("%s=%s is no number", variable, text)
	}
	return n
}
