package directory_test

import (
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"rollcall/internal/directory"
	"rollcall/test/lab"
)

// benchEntries is how many persons the benchmarks read; set BENCH_ENTRIES for
// another number.
func benchEntries() int {
	if n, err := strconv.Atoi(os.Getenv("BENCH_ENTRIES")); err == nil {
		return n
	}
	return 20_000
}

// BenchmarkSearch reads all persons of a real slapd, by us and by ldapsearch, in
// turn.
func BenchmarkSearch(b *testing.B) {
	n := benchEntries()
	s := lab.Slapd(b, lab.SlapdConfig{Data: people("dc=example,dc=org", n)})
	filter := directory.MustFilter("(objectClass=inetOrgPerson)")
	c := dial(b, slapdConfig(s))
	for _, reader := range []struct {
		name string
		read func() error
	}{
		{"ours", func() error {
			got := 0
			_, err := c.Search(b.Context(), directory.Search{Base: "ou=people," + s.BaseDN, Scope: directory.ScopeSubtree, Filter: filter, Attributes: tenAttributes}, func(e *directory.Entry) error {
				got += len(e.Values)
				return nil
			})
			if got != 10*n {
				b.Fatalf("got %d values, want %d", got, 10*n)
			}
			return err
		}},
		{"ldapsearch", func() error {
			args := append([]string{"-x", "-LLL", "-H", s.LDAP, "-D", s.AdminDN, "-w", s.Password, "-E", "pr=1000/noprompt", "-b", "ou=people," + s.BaseDN, "(objectClass=inetOrgPerson)"}, tenAttributes...)
			return exec.CommandContext(b.Context(), "ldapsearch", args...).Run()
		}},
	} {
		b.Run(reader.name, func(b *testing.B) {
			b.ReportAllocs()
			started := time.Now()
			for b.Loop() {
				if err := reader.read(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n*b.N)/time.Since(started).Seconds(), "entries/s")
		})
	}
}
