package bench

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// wireRow is one thing that is measured of the web services.
type wireRow struct {
	what, metric, must, beside string
	unit                       string // of the number that counts
	most                       bool   // the number is a ratio of times
	numbers                    []float64
	p99                        []float64 // milliseconds
	pairs                      []pair
}

// What is measured, with what it must be and what stands beside it.
var (
	importFirst = wireRow{what: "synchro_import and synchronize: first load", metric: "import-rows/s", must: "≥ 20,000 rows/s, ≤ 200 MiB", beside: "the shell's .import of the same file, and an index", unit: "rows/s"}
	importAgain = wireRow{what: "the same file again, unchanged", metric: "import-again-rows/s", must: "≥ 60,000 rows/s", beside: "the same", unit: "rows/s"}
	getShort    = wireRow{what: "core/get by id: id, friendlyname, email", metric: "get-requests/s", must: "≥ 5,000 requests/s, p99 ≤ 20 ms", beside: "/healthz", unit: "requests/s"}
	getKeys     = wireRow{what: "core/get by id: name, first_name, org_name, location_name, email", metric: "get-keys-requests/s", must: "the same", beside: "/healthz", unit: "requests/s"}
	getAll      = wireRow{what: "core/get by id: *", metric: "get-all-requests/s", must: "the same", beside: "/healthz", unit: "requests/s"}
	getCriteria = wireRow{what: `core/get by {"email": …}`, metric: "criteria-requests/s", beside: "core/get by id", unit: "requests/s"}
	getQuery    = wireRow{what: "core/get by SELECT … WHERE email = …", metric: "query-requests/s", beside: "core/get by id", unit: "requests/s"}
	joinShort   = wireRow{what: "core/get of every tenth person by OQL with a join: four fields", metric: "join/shell", must: "≤ 5 ×", beside: "the bare statement in the shell", unit: "×", most: true}
	joinAll     = wireRow{what: "the same: *", metric: "join-all/shell", must: "≤ 5 ×", beside: "the bare statement in the shell", unit: "×", most: true}
	exportCSV   = wireRow{what: "export-v2 of all persons as CSV: six columns", metric: "export/shell", must: "≤ 3 ×", beside: "the shell writing the same columns", unit: "×", most: true}
)

// number is the middle of what was measured.
func (r *wireRow) number() float64 { return middle(r.numbers) }

func middle(values []float64) float64 {
	list := slices.Sorted(slices.Values(values))
	n := len(list)
	return (list[(n-1)/2] + list[n/2]) / 2
}

// wireTable gathers what was measured.
type wireTable struct{ rows []*wireRow }

func (t *wireTable) add(kind wireRow, number float64, ours, beside usage) *wireRow {
	at := slices.IndexFunc(t.rows, func(r *wireRow) bool { return r.metric == kind.metric })
	if at < 0 {
		at = len(t.rows)
		t.rows = append(t.rows, &kind)
	}
	r := t.rows[at]
	r.numbers = append(r.numbers, number)
	r.pairs = append(r.pairs, pair{reading: beside, ours: ours})
	return r
}

// rate adds how many rows went through in a second.
func (t *wireTable) rate(kind wireRow, rows int, ours, beside usage) {
	t.add(kind, float64(rows)/ours.wall.Seconds(), ours, beside)
}

// once adds the ratio of two times.
func (t *wireTable) once(kind wireRow, ours, beside usage) {
	t.add(kind, ours.wall.Seconds()/beside.wall.Seconds(), ours, beside)
}

// crowd adds how many requests went through in a second.
func (t *wireTable) crowd(kind wireRow, ours, beside crowd) {
	r := t.add(kind, ours.rate(), ours.usage, beside.usage)
	r.p99 = append(r.p99, float64(ours.p99)/float64(time.Millisecond))
}

// markdown writes the part of README.md on the wire services.
func (t *wireTable) markdown(persons, rounds int) string {
	var s strings.Builder
	fmt.Fprintf(&s, wirePart+`
The built `+"`rollcall serve`"+` with a fresh registry on SQLite, over HTTP, %[1]d persons in %[2]d organizations; %[3]d clients that keep
their connections, on the same cores as the server; the sign-in is HTTP Basic, remembered. Each round has a server of its own, and each thing is measured
right after what stands beside it: the program sqlite3 with the same database, its output to /dev/null, or the server with less
to do. A number is the median of %[4]d rounds, a peak the highest. CPU seconds are the server's own.

| what | must | measured | p99 | seconds | beside it | its seconds | CPU seconds | peak memory |
|---|---|---|---|---|---|---|---|---|
`, persons, wireOrgs, clients, rounds)
	for _, r := range t.rows {
		number := fmt.Sprintf("%.0f %s", r.number(), r.unit)
		if r.most {
			number = fmt.Sprintf("%.2f %s", r.number(), r.unit)
		}
		p99, peak := "", int64(0)
		if len(r.p99) > 0 {
			p99 = fmt.Sprintf("%.1f ms", middle(r.p99))
		}
		for _, p := range r.pairs {
			peak = max(peak, p.ours.peak)
		}
		fmt.Fprintf(&s, "| %s | %s | **%s** | %s | %.2f | %s | %.2f | %.2f | %d MiB |\n", r.what, r.must, number, p99,
			median(r.pairs, func(p pair) float64 { return p.ours.wall.Seconds() }), r.beside,
			median(r.pairs, func(p pair) float64 { return p.reading.wall.Seconds() }),
			median(r.pairs, func(p pair) float64 { return p.ours.cpu.Seconds() }), peak/mib)
	}
	fmt.Fprintf(&s, "\nThe peak is the server's since it started. Those who search ask %d times in a round, those who get by id %d times.\n", searches, requests)
	return s.String()
}

// The parts of README.md, by how they begin.
const (
	wirePart    = "## The wire services\n"
	machinePart = "## The machine\n"
)

// keepText writes one part of README.md, with BENCH_WRITE=1, and leaves the
// others; the empty heading is the beginning.
func keepText(b *testing.B, heading, text string) {
	if os.Getenv("BENCH_WRITE") != "1" {
		return
	}
	before, err := os.ReadFile("README.md")
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile("README.md", []byte(replacePart(string(before), heading, text)), 0o644); err != nil {
		b.Fatal(err)
	}
}

// replacePart returns a document with another text from a heading to the next
// of our parts. A part that is not there yet comes before the machine's.
func replacePart(document, heading, text string) string {
	text = strings.TrimRight(text, "\n") + "\n"
	start := strings.Index(document, heading)
	if start < 0 {
		start = strings.Index(document, machinePart)
		return document[:start] + text + "\n" + document[start:]
	}
	for _, next := range []string{wirePart, collectorPart, signInPart, deltaPart, machinePart} {
		if end := strings.Index(document, next); end > start {
			return document[:start] + text + "\n" + document[end:]
		}
	}
	return document[:start] + text
}
