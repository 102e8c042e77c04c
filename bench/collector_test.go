package bench

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The sizes at which the collector is measured. BENCH_COLLECTOR_PHP names a
// folder with iTop's own collector (exec.php, its LDAP collectors in collectors),
// which is measured beside it where PHP is installed.
const (
	collectorPersons = 10_000
	collectorMany    = 100_000
	collectorPart    = "## The collector\n"
)

// BenchmarkCollector measures rollcall exec --collect_only: persons and users,
// right after ldapsearch read both from the same server, and the original where
// it is at hand.
func BenchmarkCollector(b *testing.B) {
	times := number(b, "BENCH_ROUNDS", rounds)
	tools := build(b)
	t := collectorTable{php: phpCollector(b)}
	for _, n := range []int{number(b, "BENCH_PERSONS", collectorPersons), number(b, "BENCH_MANY_PERSONS", collectorMany)} {
		c := newCollector(b, tools, n)
		for range times {
			t.rounds = append(t.rounds, c.round(t.php))
		}
		c.world.slapd.Stop()
	}
	for range times * 2 {
		t.starts = append(t.starts, start(b, tools))
	}
	text := t.markdown()
	fmt.Println(text)
	b.ReportMetric(t.start().Seconds()*1000, "start-ms")
	b.ReportMetric(0, "ns/op") // the sum of it all means nothing
	keepText(b, collectorPart, text)
}

// phpCollector returns the folder of the original, "" when there is none.
func phpCollector(b *testing.B) string {
	folder := os.Getenv("BENCH_COLLECTOR_PHP")
	if folder == "" {
		return ""
	}
	if _, err := exec.LookPath("php"); err != nil {
		b.Logf("BENCH_COLLECTOR_PHP is set, and there is no php: %v", err)
		return ""
	}
	return folder
}

// collectorWorld is a directory and the parameters that read it.
type collectorWorld struct {
	*world
	b      *testing.B
	folder string
	params string
}

func newCollector(b *testing.B, tools tools, n int) *collectorWorld {
	c := &collectorWorld{world: newWorld(b, tools, n), b: b, folder: b.TempDir()}
	if err := os.MkdirAll(filepath.Join(c.folder, "conf"), 0o700); err != nil {
		b.Fatal(err)
	}
	c.params = filepath.Join(c.folder, "conf", "params.local.xml")
	write(b, c.params, fmt.Sprintf(collectorParams, "http://127.0.0.1:9", c.slapd.LDAP, c.slapd.BaseDN, c.slapd.ReaderDN, c.slapd.Password, c.folder))
	return c
}

// collectorRound is each thing once.
type collectorRound struct {
	size               int
	reading, ours, php usage
	same               bool // both wrote the same files
}

func (c *collectorWorld) round(php string) collectorRound {
	r := collectorRound{size: c.size}
	search := strings.Join(quoteAll(c.persons), " ")
	r.reading = measure(c.b, []string{"sh", "-c", search + " >/dev/null; " + search + " >/dev/null"}, nil)
	r.ours = measure(c.b, []string{"sh", "-c", "cd " + c.folder + " && exec " + c.rollcall + " exec --collect_only >log"}, nil)
	if php == "" {
		return r
	}
	ours := c.files()
	r.php = measure(c.b, []string{"sh", "-c", "cd " + php + " && exec php -d memory_limit=-1 exec.php --collect_only --config_file=" + c.params + " >" + c.folder + "/log"}, nil)
	r.same = slices.Equal(ours, c.files()) && len(ours) > 0
	return r
}

// files returns the names of the files that were written, each with a digest. It
// reads them piece by piece: what this process takes in memory counts for the
// peak of a program that it starts.
func (c *collectorWorld) files() []string {
	found, err := filepath.Glob(filepath.Join(c.folder, "data", "*.csv"))
	if err != nil {
		c.b.Fatal(err)
	}
	var all []string
	for _, name := range found {
		f, err := os.Open(name)
		if err != nil {
			c.b.Fatal(err)
		}
		sum := sha256.New()
		_, err = io.Copy(sum, f)
		if err := errors.Join(err, f.Close()); err != nil {
			c.b.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %x", filepath.Base(name), sum.Sum(nil)))
	}
	return all
}

// quoteAll makes words of a shell.
func quoteAll(words []string) []string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	return quoted
}

// start measures from the start of the program to its first request at iTop.
func start(b *testing.B, tools tools) time.Duration {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	folder := b.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "conf"), 0o700); err != nil {
		b.Fatal(err)
	}
	write(b, filepath.Join(folder, "conf", "params.local.xml"),
		fmt.Sprintf(collectorParams, "http://"+l.Addr().String(), "ldap://127.0.0.1:9", "dc=x", "cn=x", "x", folder))
	cmd := exec.Command(tools.rollcall, "exec", "--configure_only")
	cmd.Dir = folder
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	conn, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	_, err = conn.Read(make([]byte, 1))
	took := time.Since(began)
	_ = conn.Close()
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it was ended on purpose
	if err != nil {
		b.Fatal(err)
	}
	return took
}

// collectorTable is what was measured of the collector.
type collectorTable struct {
	php    string
	rounds []collectorRound
	starts []time.Duration
}

func (t *collectorTable) start() time.Duration {
	slices.Sort(t.starts)
	return t.starts[len(t.starts)/2]
}

func (t *collectorTable) markdown() string {
	var s bytes.Buffer
	s.WriteString(collectorPart + `
` + "`rollcall exec --collect_only`" + `, persons and users with the original's default mapping, whole process, beside two readings of the same entries
by ldapsearch, one after the other, and beside the original (PHP ` + version("php", "-r", "echo PHP_VERSION;") + `) on the same server and the same parameters.

| what | must | aim | seconds | original | original / ours | ldapsearch | ours / ldapsearch | CPU seconds | peak memory | original's peak |
|---|---|---|---|---|---|---|---|---|---|---|
`)
	sizes := map[int]bool{}
	for _, r := range t.rounds {
		if !sizes[r.size] {
			sizes[r.size] = true
			t.line(&s, r.size, len(sizes))
		}
	}
	fmt.Fprintf(&s, "\nFrom start to the first request: **%.0f ms** (must: 50, aim: 20).\n", t.start().Seconds()*1000)
	return s.String()
}

// line writes the row of one size.
func (t *collectorTable) line(s *bytes.Buffer, size, place int) {
	of := func(f func(collectorRound) float64) (middle, most float64) {
		var values []float64
		for _, r := range t.rounds {
			if r.size == size {
				values = append(values, f(r))
			}
		}
		slices.Sort(values)
		return (values[(len(values)-1)/2] + values[len(values)/2]) / 2, values[len(values)-1]
	}
	must, aim := "≥ 10 × the original", "30 ×"
	if place > 1 {
		must, aim = "≤ 64 MiB", "48 MiB"
	}
	ours, _ := of(func(r collectorRound) float64 { return r.ours.wall.Seconds() })
	cpu, _ := of(func(r collectorRound) float64 { return r.ours.cpu.Seconds() })
	reading, _ := of(func(r collectorRound) float64 { return r.reading.wall.Seconds() })
	slower, _ := of(func(r collectorRound) float64 { return r.ours.wall.Seconds() / r.reading.wall.Seconds() })
	_, peak := of(func(r collectorRound) float64 { return float64(r.ours.peak) / mib })
	original, faster, phpPeak := "", "", ""
	if t.php != "" {
		seconds, _ := of(func(r collectorRound) float64 { return r.php.wall.Seconds() })
		times, _ := of(func(r collectorRound) float64 { return r.php.wall.Seconds() / r.ours.wall.Seconds() })
		_, most := of(func(r collectorRound) float64 { return float64(r.php.peak) / mib })
		original, faster, phpPeak = fmt.Sprintf("%.2f", seconds), fmt.Sprintf("**%.1f ×**", times), fmt.Sprintf("%.0f MiB", most)
		if slices.ContainsFunc(t.rounds, func(r collectorRound) bool { return r.size == size && !r.same }) {
			faster += " (other files!)"
		}
	}
	fmt.Fprintf(s, "| collect only, %s persons and users | %s | %s | %.2f | %s | %s | %.2f | %.2f | %.2f | %.0f MiB | %s |\n",
		strconv.Itoa(size), must, aim, ours, original, faster, reading, slower, cpu, peak, phpPeak)
}

const collectorParams = `<?xml version="1.0" encoding="UTF-8"?>
<parameters>
  <itop_url>%s</itop_url>
  <itop_login>admin</itop_login>
  <itop_password>admin</itop_password>
  <ldapuri>%s</ldapuri>
  <ldapdn>ou=people,%s</ldapdn>
  <ldaplogin>%s</ldaplogin>
  <ldappassword>%s</ldappassword>
  <page_size>1000</page_size>
  <data_path>%s/data</data_path>
  <ldappersonfilter>(objectClass=inetOrgPerson)</ldappersonfilter>
  <ldapuserfilter>(objectClass=inetOrgPerson)</ldapuserfilter>
  <person_fields><primary_key>uid</primary_key></person_fields>
  <user_fields><primary_key>uid</primary_key><login>uid</login></user_fields>
</parameters>
`
