package bench

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"

	"rollcall/internal/jobs"
	"rollcall/test/lab"
	"rollcall/test/lab/postgres"
)

// What several nodes have to do.
const (
	nodeSources = 30
	nodePersons = 1_000 // of each source
	nodeCount   = 3
	// nodeDelay is how long a distant directory takes for each piece of an answer.
	nodeDelay = 30 * time.Millisecond
)

// BenchmarkNodes has one node, and then three on one PostgreSQL, do the same
// jobs: thirty sources, queued at once. It does so with a directory on the same
// cores, where a second node finds no core to spare, and with the same directory
// behind a line on which every piece of an answer waits, as a directory of a
// machine of its own makes a node wait: then there are cores to spare here, too.
func BenchmarkNodes(b *testing.B) {
	times := number(b, "BENCH_ROUNDS", rounds)
	tools := build(b)
	n := &nodes{b: b, tools: tools, server: postgres.Start(b), slapd: lab.Slapd(b, lab.SlapdConfig{Data: departments()})}
	far := lab.Proxy(b, n.slapd.Addr)
	far.Set(lab.Fault{Delay: nodeDelay})
	kinds := []*nodeRow{{what: "the directory on the same two cores", url: n.slapd.LDAP}, {what: "a distant directory", url: far.URL()}}
	for range times {
		for _, k := range kinds {
			n.round(k)
		}
	}
	for _, k := range kinds {
		fmt.Println(k.markdown())
	}
	b.ReportMetric(middle(kinds[0].unchanged.ratios), "x-near")
	b.ReportMetric(middle(kinds[1].unchanged.ratios), "x-far")
	b.ReportMetric(0, "ns/op")
}

// nodes is where they run.
type nodes struct {
	b      *testing.B
	tools  tools
	server *postgres.Server
	slapd  *lab.SlapdServer
	file   string // the configuration of the present round
	dsn    string
	runs   int
}

// nodeRow is what was measured of one kind of directory.
type nodeRow struct {
	what, url       string
	load, unchanged nodeTimes
}

type nodeTimes struct{ one, several, ratios []float64 }

func (t *nodeTimes) add(one, several time.Duration) {
	t.one, t.several = append(t.one, one.Seconds()), append(t.several, several.Seconds())
	t.ratios = append(t.ratios, one.Seconds()/several.Seconds())
}

func (r *nodeRow) markdown() string {
	var s strings.Builder
	for _, t := range []struct {
		what string
		nodeTimes
	}{{"first load", r.load}, {"full compare, nothing changed", r.unchanged}} {
		fmt.Fprintf(&s, "| %s | %s | %.2f | %.2f | **%.2f ×** |\n", r.what, t.what, middle(t.one), middle(t.several), middle(t.ratios))
	}
	return strings.TrimSpace(s.String())
}

// round measures one node and several, each with a registry of its own.
func (n *nodes) round(k *nodeRow) {
	var load, again [2]time.Duration
	for i, count := range []int{1, nodeCount} {
		n.prepare(k.url)
		stop := n.start(count)
		load[i] = n.work()
		again[i] = n.work()
		stop()
	}
	k.load.add(load[0], load[1])
	k.unchanged.add(again[0], again[1])
	n.b.Logf("%s: first load %s with one node, %s with %d; unchanged %s and %s", k.what, load[0], load[1], nodeCount, again[0], again[1])
}

// departments is an LDIF of as many branches as there are sources.
func departments() io.Reader {
	var s strings.Builder
	for d := range nodeSources {
		fmt.Fprintf(&s, "dn: ou=s%02d,dc=example,dc=org\nobjectClass: organizationalUnit\nou: s%02[1]d\n\n", d, d)
		for p := range nodePersons {
			fmt.Fprintf(&s, "dn: uid=p%d,ou=s%02d,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: p%[1]d\ncn: First Last%[1]d\nsn: Last%[1]d\ngivenName: First\n"+
				"mail: p%[1]d.s%[2]d@example.org\ntelephoneNumber: +49 30 %[1]d\ntitle: Title %[2]d\n\n", p, d)
		}
	}
	return strings.NewReader(s.String())
}

// prepare makes an empty registry that has the organization.
func (n *nodes) prepare(url string) {
	n.runs++
	dir := filepath.Join(n.b.TempDir(), fmt.Sprint(n.runs))
	if err := os.Mkdir(dir, 0o700); err != nil {
		n.b.Fatal(err)
	}
	n.dsn, n.file = n.server.Database(n.b), filepath.Join(dir, "rollcall.yaml")
	write(n.b, n.file, n.configuration(url))
	if out, err := exec.Command(n.tools.rollcall, "-c", n.file, "sync", "organizations").CombinedOutput(); err != nil {
		n.b.Fatalf("sync: %v\n%s", err, out)
	}
}

func (n *nodes) configuration(url string) string {
	var s strings.Builder
	fmt.Fprintf(&s, `store: %q
directories:
  main: {url: %s, bind: {dn: %q, password: %q}, base: %q}
serve: {listen: "127.0.0.1:0"}
sources:
  organizations:
    class: Organization
    inline: {main: {name: Example}}
    attributes: {name: {from: name, reconcile: true}}
    gone: {then: ignore}
`, n.dsn, url, n.slapd.ReaderDN, n.slapd.Password, n.slapd.BaseDN)
	for d := range nodeSources {
		fmt.Fprintf(&s, `  s%02d:
    class: Person
    directory: main
    base: ou=s%02[1]d,%s
    filter: (objectClass=inetOrgPerson)
    key: entryUUID
    attributes:
      name: sn
      first_name: givenName
      email: {from: mail, reconcile: true}
      phone: telephoneNumber
      function: title
      org_id: {value: Example, by: name}
    gone: {then: ignore}
`, d, n.slapd.BaseDN)
	}
	return s.String()
}

// start starts nodes and returns how to stop them.
func (n *nodes) start(count int) (stop func()) {
	var running []*exec.Cmd
	for range count {
		cmd := exec.CommandContext(context.WithoutCancel(n.b.Context()), n.tools.rollcall, "-c", n.file, "serve")
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			n.b.Fatal(err)
		}
		n.b.Cleanup(func() { _ = cmd.Process.Kill() }) // of no use once it was stopped
		if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
			n.b.Fatalf("a node does not start: %v", err)
		}
		running = append(running, cmd)
	}
	return func() {
		for _, cmd := range running {
			_ = cmd.Process.Signal(os.Interrupt) // Wait tells when it was gone
		}
		for _, cmd := range running {
			if err := cmd.Wait(); err != nil {
				n.b.Errorf("a node ended badly: %v", err)
			}
		}
	}
}

// work queues a run of every source and returns how long it took until the last
// one ended. The database says so, for all nodes alike.
func (n *nodes) work() time.Duration {
	ctx := n.b.Context()
	queue, err := jobs.Open(ctx, jobs.Config{Store: n.dsn})
	if err != nil {
		n.b.Fatal(err)
	}
	defer queue.Close()
	db, err := sql.Open("pgx", n.dsn)
	if err != nil {
		n.b.Fatal(err)
	}
	defer db.Close()
	first := int64(0)
	for d := range nodeSources {
		name := fmt.Sprintf("s%02d", d)
		job, isNew, err := queue.Put(ctx, jobs.Entry{Name: name, Work: jobs.Work{Kind: "sync", Sources: []string{name}}}, "bench")
		if err != nil || !isNew {
			n.b.Fatalf("queue %s: %t, %v", name, isNew, err)
		}
		if first == 0 {
			first = job.ID
		}
	}
	for deadline := time.Now().Add(10 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		var done, nodes int
		var seconds float64
		err := db.QueryRowContext(ctx, `SELECT count(*), count(DISTINCT attempted_by[1]), coalesce(extract(epoch FROM max(finalized_at) - min(created_at)), 0)
			FROM river_job WHERE id >= $1 AND state = 'completed' AND attempt = 1`, first).Scan(&done, &nodes, &seconds)
		if err != nil {
			n.b.Fatal(err)
		}
		if done == nodeSources {
			n.b.Logf("%d jobs by %d nodes in %.2f s", done, nodes, seconds)
			return time.Duration(seconds * float64(time.Second))
		}
		if time.Now().After(deadline) {
			n.b.Fatalf("only %d of %d jobs are done", done, nodeSources)
		}
	}
}
