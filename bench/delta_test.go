package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// deltaChanges is how many entries change before each delta.
const deltaChanges = 100

// deltaRun is one sync of the persons.
type deltaRun struct {
	program, run, cpu float64 // seconds: of the process, of the run within it, of its processor
}

// BenchmarkDelta measures a delta of a hundred changes beside a full compare of
// the same entries, in turn: the whole program, and the run alone, which is what
// a server that keeps the timetable does.
func BenchmarkDelta(b *testing.B) {
	n, times := number(b, "BENCH_PERSONS", persons), number(b, "BENCH_ROUNDS", rounds)
	w := newWorld(b, build(b), n)
	store := w.sqlite(b)
	w.prepare(b, store)
	file := filepath.Join(w.dir, "delta.yaml")
	text := fmt.Sprintf(configuration, store, w.slapd.LDAP, w.slapd.ReaderDN, w.slapd.Password, w.slapd.BaseDN)
	write(b, file, strings.Replace(text, "\n  persons:\n", "\n  persons:\n    delta: {full_every: 24h}\n", 1))
	w.followed(b, file, "full", "--full")
	var full, delta, nothing []deltaRun
	for round := range times {
		full = append(full, w.followed(b, file, "full", "--full"))
		w.changeSome(b, round, deltaChanges)
		delta = append(delta, w.followed(b, file, "delta"))
		nothing = append(nothing, w.followed(b, file, "delta"))
	}
	keepText(b, deltaPart, deltaTable(n, times, full, delta, nothing))
	b.Logf("full %.3f\ndelta %.3f\nnothing %.3f", full, delta, nothing)
	for name, of := range map[string]func(deltaRun) float64{
		"program": func(r deltaRun) float64 { return r.program },
		"run":     func(r deltaRun) float64 { return r.run },
		"cpu":     func(r deltaRun) float64 { return r.cpu },
	} {
		b.ReportMetric(middleOf(full, of), "full-"+name+"-s")
		b.ReportMetric(middleOf(delta, of), "delta-"+name+"-s")
		b.ReportMetric(100*middleOf(delta, of)/middleOf(full, of), "delta-"+name+"-%")
		b.ReportMetric(100*middleOf(nothing, of)/middleOf(full, of), "nothing-"+name+"-%")
	}
	b.ReportMetric(0, "ns/op")
}

const deltaPart = "## Deltas\n"

// deltaTable writes the part of README.md.
func deltaTable(n, times int, full, delta, nothing []deltaRun) string {
	var s strings.Builder
	fmt.Fprintf(&s, deltaPart+`
%d changes among %d persons of an OpenLDAP by syncrepl, beside a full compare (must: ≤ 5 %%, aim: 1 %%); medians of %d rounds.
The run is what a server does; the program adds its start and its end.

`+deltaHead, deltaChanges, n, times)
	return s.String() + deltaRows("", full, delta, nothing)
}

const deltaHead = `| what | run, s | of a full compare | program, s | of a full compare | CPU seconds |
|---|---|---|---|---|---|
`

func deltaRows(prefix string, full, delta, nothing []deltaRun) string {
	var s strings.Builder
	for _, row := range []struct {
		what string
		list []deltaRun
	}{{"full compare", full}, {"delta", delta}, {"delta of nothing", nothing}} {
		of := func(f func(deltaRun) float64) (float64, float64) {
			return middleOf(row.list, f), 100 * middleOf(row.list, f) / middleOf(full, f)
		}
		run, runShare := of(func(r deltaRun) float64 { return r.run })
		program, programShare := of(func(r deltaRun) float64 { return r.program })
		cpu, _ := of(func(r deltaRun) float64 { return r.cpu })
		fmt.Fprintf(&s, "| %s%s | %.3f | **%.1f %%** | %.3f | %.1f %% | %.2f |\n", prefix, row.what, run, runShare, program, programShare, cpu)
	}
	return s.String()
}

// followed synchronizes the persons, by a load as wanted.
func (w *world) followed(b *testing.B, file, load string, args ...string) deltaRun {
	cmd := exec.Command(w.rollcall, append([]string{"-c", file, "sync", "persons", "--json"}, args...)...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	began := time.Now()
	out, err := cmd.Output()
	took := time.Since(began)
	if err != nil {
		b.Fatalf("sync: %v\n%s%s", err, out, complaints.Bytes())
	}
	var run struct {
		Started, Ended time.Time
		Sources        []struct{ Load string }
	}
	if err := json.Unmarshal(out, &run); err != nil {
		b.Fatal(err)
	}
	if len(run.Sources) != 1 || run.Sources[0].Load != load {
		b.Fatalf("want a %s load: %s", load, out)
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return deltaRun{program: took.Seconds(), run: run.Ended.Sub(run.Started).Seconds(), cpu: cpu.Seconds()}
}

// changeSome gives a number of persons a new title.
func (w *world) changeSome(b *testing.B, round, count int) {
	changes, done := w.generate(b, "-changes", strconv.Itoa(count), "-round", strconv.Itoa(round))
	cmd := exec.Command("ldapmodify", "-x", "-H", w.slapd.LDAP, "-D", w.slapd.AdminDN, "-w", w.slapd.Password)
	cmd.Stdin = changes
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("change the directory: %v\n%s", err, out[max(0, len(out)-1000):])
	}
	done()
}

func middleOf(list []deltaRun, of func(deltaRun) float64) float64 {
	values := make([]float64, len(list))
	for i, r := range list {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
