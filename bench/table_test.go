package bench

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// row is one thing that is measured.
type row struct {
	what, metric, must, aim string
	pairs                   []pair
}

func (r *row) ratio() float64 {
	return median(r.pairs, func(p pair) float64 { return p.ours.wall.Seconds() / p.reading.wall.Seconds() })
}

func (r *row) seconds() float64 {
	return median(r.pairs, func(p pair) float64 { return p.ours.wall.Seconds() })
}

func (r *row) reading() float64 {
	return median(r.pairs, func(p pair) float64 { return p.reading.wall.Seconds() })
}

func (r *row) cpu() float64 {
	return median(r.pairs, func(p pair) float64 { return p.ours.cpu.Seconds() })
}

// peak is the highest of all rounds, not the middle.
func (r *row) peak() float64 {
	var most int64
	for _, p := range r.pairs {
		most = max(most, p.ours.peak)
	}
	return float64(most)
}

// What is measured, with what it must be and what it should be.
var (
	compare       = row{what: "full compare, nothing changed", metric: "compare/U", must: "≤ 1.3 U", aim: "1.0 U"}
	changed       = row{what: "1 % changed", metric: "changed/U", must: "≤ 1.5 U", aim: "1.1 U"}
	load          = row{what: "first load of persons", metric: "load/U", must: "≤ 5 U", aim: "3 U"}
	accounts      = row{what: "first load of persons and users with profiles", metric: "accounts/U", must: "≤ 10 U", aim: "6 U"}
	accountsAgain = row{what: "full compare of persons and users, nothing changed", metric: "accounts-again/U"}
	nested        = row{what: "nested groups: read, and closed over every person", metric: "groups/Ug", must: "≤ 2 U", aim: "1.2 U"}
	pgCompare     = row{what: "PostgreSQL: full compare, nothing changed", metric: "pg-compare/U", aim: "2 × SQLite"}
	pgChanged     = row{what: "PostgreSQL: 1 % changed", metric: "pg-changed/U", aim: "2 × SQLite"}
	pgLoad        = row{what: "PostgreSQL: first load of persons", metric: "pg-load/U", aim: "2 × SQLite"}
	manyCompare   = row{what: "many persons: full compare, nothing changed", metric: "many-compare/U", must: "≤ 1.3 U, ≤ 256 MiB", aim: "1.0 U, 128 MiB"}
	manyLoad      = row{what: "many persons: first load", metric: "many-load/U", must: "≤ 5 U, ≤ 256 MiB", aim: "3 U, 128 MiB"}
)

// table gathers what was measured.
type table struct {
	rows   []*row
	growth int // by how many persons the large directory is larger
}

func (t *table) grown(persons int) { t.growth = persons }

func (t *table) add(kind row, p pair) {
	r := t.row(kind.metric)
	if r == nil {
		r = &kind
		t.rows = append(t.rows, r)
	}
	r.pairs = append(r.pairs, p)
}

func (t *table) row(metric string) *row {
	for _, r := range t.rows {
		if r.metric == metric {
			return r
		}
	}
	return nil
}

const mib = 1 << 20

// markdown writes the beginning of README.md.
func (t *table) markdown(persons, rounds int) string {
	var s strings.Builder
	fmt.Fprintf(&s, `# How fast, and in how much memory

Written by `+"`make bench`"+`: whole runs of the built program against U, the wall time of
`+"`ldapsearch -E pr=1000/noprompt`"+` reading the same entries with the same filter and attributes from the same server
to /dev/null. %[1]d persons of ten attributes, %[2]d groups in chains of %[3]d with a cycle; %[4]d rounds, each thing once a round,
the groups five times, many persons in three rounds alone, and right after a reading of its own. A ratio is the median of the rounds'
ratios, a time the median of times, a peak the highest. Only ratios mean anything: other machines, and other work on the same machine, move both sides.

| what | must | aim | ratio | seconds | U | CPU seconds | peak memory |
|---|---|---|---|---|---|---|---|
`, persons, groups, depth, rounds)
	for _, r := range t.rows {
		fmt.Fprintf(&s, "| %s | %s | %s | **%.2f U** | %.2f | %.2f | %.2f | %.0f MiB |\n", r.what, r.must, r.aim, r.ratio(), r.seconds(), r.reading(), r.cpu(), r.peak()/mib)
	}
	s.WriteString("\nU of the nested groups is the reading of the groups alone. CPU seconds are the program's own, without the servers'.\n")
	if t.growth > 0 {
		grown := func(large, small string) float64 {
			return (t.row(large).peak() - t.row(small).peak()) / float64(t.growth)
		}
		fmt.Fprintf(&s, "\nFrom %d to %d persons the peak grows by **%.0f bytes an entry** in a full compare and %.0f in a first load (must: 100).\n",
			persons, persons+t.growth, grown(manyCompare.metric, compare.metric), grown(manyLoad.metric, load.metric))
	}
	return s.String()
}

// machine writes the end of README.md.
func machine() string {
	var s strings.Builder
	fmt.Fprintf(&s, machinePart+`
| | |
|---|---|
| processor | %s, %d cores |
| memory | %s |
| kernel | %s |
| Go | %s |
| slapd | %s |
| PostgreSQL | %s, on a Unix socket, fsync off |
| SQLite | write-ahead log, synchronous=NORMAL |

slapd and PostgreSQL run on the same cores as what is measured.

## Again

    make setup                         # the servers, on Debian 12
    make bench                         # the table on standard output
    BENCH_WRITE=1 make bench           # and into this file
    BENCH_LARGE=1 make bench           # a million persons, too
    BENCH_PERSONS=20000 BENCH_ROUNDS=1 make bench
    make bench BENCH=Wire              # the wire services alone

Where the time goes: `+"`ROLLCALL_CPUPROFILE=cpu.out ROLLCALL_MEMPROFILE=mem.out rollcall sync …`"+`, then `+"`go tool pprof rollcall cpu.out`"+`.
`, line("/proc/cpuinfo", "model name"), runtime.NumCPU(), line("/proc/meminfo", "MemTotal"), output("uname", "-sr"), runtime.Version(),
		version("slapd", "-VV"), version("psql", "--version"))
	return s.String()
}

// line returns what follows a name in a file of the kernel.
func line(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	for l := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(l, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func output(program string, args ...string) string {
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil && len(out) == 0 {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// version returns the first word with a number and a dot that a program prints.
func version(program string, args ...string) string {
	for _, word := range strings.Fields(output(program, args...)) {
		if strings.ContainsAny(word, "0123456789") && strings.Contains(word, ".") {
			return word
		}
	}
	return "unknown"
}
