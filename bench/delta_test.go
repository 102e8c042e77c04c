package bench

import (
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

// BenchmarkDelta measures a delta of a hundred changes beside a full compare of
// the same entries, in turn, of the whole program: start, read, decide, commit.
func BenchmarkDelta(b *testing.B) {
	n, times := number(b, "BENCH_PERSONS", persons), number(b, "BENCH_ROUNDS", rounds)
	w := newWorld(b, build(b), n)
	store := w.sqlite(b)
	w.prepare(b, store)
	sync := func(args ...string) time.Duration {
		file := filepath.Join(w.dir, "rollcall.yaml")
		text := fmt.Sprintf(configuration, store, w.slapd.LDAP, w.slapd.ReaderDN, w.slapd.Password, w.slapd.BaseDN)
		write(b, file, strings.Replace(text, "\n  persons:\n", "\n  persons:\n    delta: {full_every: 24h}\n", 1))
		began := time.Now()
		out, err := exec.Command(w.rollcall, append([]string{"-c", file, "sync", "persons"}, args...)...).CombinedOutput()
		if err != nil {
			b.Fatalf("sync: %v\n%s", err, out)
		}
		took := time.Since(began)
		if want := map[bool]string{true: "full load", false: "delta load"}[len(args) > 0]; !strings.Contains(string(out), want) {
			b.Fatalf("want a %s:\n%s", want, out)
		}
		return took
	}
	sync("--full")
	var full, delta, nothing []time.Duration
	for round := range times {
		full = append(full, sync("--full"))
		w.changeSome(b, round, deltaChanges)
		delta = append(delta, sync())
		nothing = append(nothing, sync())
	}
	b.Logf("full %v, delta %v, nothing %v", full, delta, nothing)
	b.ReportMetric(middleOf(full).Seconds(), "full-s")
	b.ReportMetric(middleOf(delta).Seconds(), "delta-s")
	b.ReportMetric(100*middleOf(delta).Seconds()/middleOf(full).Seconds(), "delta-%")
	b.ReportMetric(100*middleOf(nothing).Seconds()/middleOf(full).Seconds(), "nothing-%")
	b.ReportMetric(0, "ns/op")
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

func middleOf(list []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
