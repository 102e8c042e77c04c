package baddays

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

// day is a state of the directory that a run has to follow, and what the run
// makes of it when nobody disturbs it.
type day struct {
	name   string
	start  *office // the installation before the run
	before picture
	wanted picture
	runs   int // before the run

	mu   sync.Mutex
	from time.Duration // when the run's record stands, counted from the start of its process
	took time.Duration // when its process ends
}

// learn takes the time of a run that nobody disturbed, the first of some that
// was one: how long it takes changes with what else this machine does.
func (d *day) learn(o *office, runs ...*outcome) {
	o.t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	for n, run := range runs {
		if run.code != done {
			continue
		}
		from := o.began(run, len(runs)-n-1)
		if d.took == 0 {
			d.from, d.took = from, run.took
		}
		d.from, d.took = (d.from+from)/2, (d.took+run.took)/2
		return
	}
}

// moment returns a moment between shortly before the run's record and the end of
// its process: 0 is the first, 1 the last.
func (d *day) moment(share float64) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	from := d.from * 9 / 10
	return from + time.Duration(share*float64(d.took-from))
}

// copy returns the installation before the run, in a folder of its own.
func (d *day) copy(t testing.TB) *office {
	t.Helper()
	o := &office{t: t, dir: t.TempDir(), Config: d.start.Config, env: d.start.env}
	if err := os.CopyFS(o.dir, os.DirFS(d.start.dir)); err != nil {
		t.Fatal(err)
	}
	return o
}

// days returns two runs to disturb: a first load, and a day on which persons and
// accounts come, go, move and change.
func days(t *testing.T) []*day {
	t.Helper()
	const n = 150
	s := lab.Slapd(t, lab.SlapdConfig{Data: company(n)})
	empty := officeAt(t, s, s.URL())
	synced := officeAt(t, s, s.URL())
	synced.sync()
	var b strings.Builder
	for i := range 60 { // the last have no staff, so nobody's manager changes by this
		fmt.Fprintf(&b, "dn: uid=u%d,ou=people,%s\nchangetype: modify\nreplace: title\ntitle: Head %d\n\n", i, baseDN, i)
	}
	for i := n - 30; i < n; i++ {
		fmt.Fprintf(&b, "dn: uid=u%d,ou=people,%s\nchangetype: delete\n\n", i, baseDN)
	}
	for i := n - 40; i < n-30; i++ {
		fmt.Fprintf(&b, "dn: uid=u%[1]d,ou=people,%[2]s\nchangetype: modrdn\nnewrdn: uid=moved%[1]d\ndeleteoldrdn: 1\n\n", i, baseDN)
	}
	s.Modify(b.String())
	s.Add(everybody(30, func(i int) string { return person("people", 1000+i) }))
	list := []*day{{name: "first load", start: empty}, {name: "a busy day", start: synced, runs: 1}}
	for _, d := range list {
		// Where there is no database yet, the first command makes an empty one.
		before := d.copy(t)
		before.run("runs").ended(done)
		d.before = before.picture()
		o := d.copy(t)
		d.learn(o, o.sync())
		d.wanted = o.picture()
		t.Logf("%s: undisturbed from %s to %s, %d objects, %d steps of history", d.name, d.from, d.took, len(d.wanted.Objects), len(d.wanted.History))
	}
	return list
}

// began returns how long after its process the run of an outcome began: the nth
// before the last.
func (o *office) began(r *outcome, n int) time.Duration {
	o.t.Helper()
	started := ask[string](o, fmt.Sprintf("SELECT started FROM run ORDER BY id DESC LIMIT 1 OFFSET %d", n))[0]
	at, err := time.Parse("2006-01-02 15:04:05.999999", started)
	if err != nil {
		o.t.Fatal(err)
	}
	return at.Sub(r.began)
}

// disturb starts a run and sends it a signal after a while.
func (o *office) disturb(signal syscall.Signal, after time.Duration) *outcome {
	o.t.Helper()
	run := o.start(o.command("sync"))
	time.Sleep(after)
	_ = run.cmd.Process.Signal(signal) // it may have ended
	return o.finish(run)
}

// moments calls f for n random moments of a run, one in each nth part of it.
func moments(t *testing.T, n int, f func(t *testing.T, i int, share float64)) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range n {
		share := (float64(i) + random.Float64()) / float64(n)
		t.Run(fmt.Sprintf("%.3f", share), func(t *testing.T) {
			t.Parallel()
			f(t, i, share)
		})
	}
}

const notBegun = "not begun"

// reached says how far a disturbed run came: not begun, or the state of its
// record.
func (d *day) reached(o *office) string {
	o.t.Helper()
	if _, err := os.Stat(o.path("rollcall.db")); err != nil {
		return notBegun
	}
	if len(ask[string](o, "SELECT name FROM sqlite_master WHERE name = 'run'")) == 0 {
		return notBegun
	}
	states := strings.Fields(o.states())
	if len(states) == d.runs {
		return notBegun
	}
	return states[d.runs]
}

// tally counts what happened, from many goroutines.
type tally struct {
	mu    sync.Mutex
	found map[string]int
}

func (c *tally) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.found == nil {
		c.found = map[string]int{}
	}
	c.found[what]++
}

// TestKilledAtAnyMoment kills the program 200 times. Each time the registry is
// what it was or what it should become, and the next run makes it equal to that
// of an undisturbed run, with no change told twice.
func TestKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	const kills = 200
	for _, d := range days(t) {
		var count tally
		t.Run(d.name, func(t *testing.T) {
			moments(t, kills/2, func(t *testing.T, i int, share float64) {
				o := d.copy(t)
				got := o.disturb(syscall.SIGKILL, d.moment(share))
				state := d.reached(o)
				count.add(state)
				if i%2 == 0 && state != notBegun { // the others are left for the program to open
					d.whole(o, state)
				}
				again := o.sync()
				d.learn(o, got, again)
				if diff := cmp.Diff(d.wanted, o.picture()); diff != "" {
					t.Errorf("killed while %s, then run again: (-undisturbed +got)\n%s", state, diff)
				}
				d.recorded(o, state)
			})
		})
		t.Logf("%s: %v", d.name, count.found)
		if n := count.found[string(rollcall.RunRunning)]; n < kills/2/4 {
			t.Errorf("%s: %d of %d kills met the run at work, want more", d.name, n, kills/2)
		}
	}
}

// whole checks that a disturbed run did all or nothing.
func (d *day) whole(o *office, state string) {
	o.t.Helper()
	want := d.before
	if state == string(rollcall.RunCompleted) {
		want = d.wanted
	}
	if diff := cmp.Diff(want, o.picture()); diff != "" {
		o.t.Errorf("the run that was disturbed is %s: (-want +got)\n%s", state, diff)
	}
}

// recorded checks what the list of runs says of a killed run, after the next.
func (d *day) recorded(o *office, state string) {
	o.t.Helper()
	states := strings.Fields(o.states())
	if states[len(states)-1] != string(rollcall.RunCompleted) {
		o.t.Errorf("got runs %s, want the last one completed", states)
	}
	if state != string(rollcall.RunRunning) {
		return
	}
	if states[d.runs] != string(rollcall.RunFailed) {
		o.t.Errorf("got runs %s, want the killed one in error", states)
	}
	o.run("runs", strconv.Itoa(d.runs+1)).ended(done).shows("the process ended before the run did; nothing was changed")
}

// TestInterruptedAtAnyMoment sends the signals of Ctrl-C and of a service manager
// at 40 moments of a run: it stops in good order and says what was done.
func TestInterruptedAtAnyMoment(t *testing.T) {
	t.Parallel()
	const signals = 40
	for _, d := range days(t) {
		var count tally
		t.Run(d.name, func(t *testing.T) {
			moments(t, signals/2, func(t *testing.T, i int, share float64) {
				o := d.copy(t)
				got := o.disturb([]syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[i%2], d.moment(share))
				state := d.reached(o)
				count.add(state)
				switch got.code {
				case -1: // before the program was ready to hear it
					if state != notBegun {
						t.Errorf("the signal killed a run that was %s", state)
					}
				case done:
					d.whole(o, string(rollcall.RunCompleted))
				default:
					got.ended(failed).says("interrupted; nothing was changed")
					if state == string(rollcall.RunRunning) || state == string(rollcall.RunCompleted) {
						t.Errorf("interrupted, the run is %s", state)
					}
					if state != notBegun {
						d.whole(o, state)
					}
				}
				again := o.sync()
				d.learn(o, got, again)
				if diff := cmp.Diff(d.wanted, o.picture()); diff != "" {
					t.Errorf("interrupted, then run again: (-undisturbed +got)\n%s", diff)
				}
			})
		})
		t.Logf("%s: %v", d.name, count.found)
	}
}

// TestInterruptedWhileReading has a server so slow that the signal surely comes
// while the run reads.
func TestInterruptedWhileReading(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: company(60)})
	proxy := lab.Proxy(t, s.Addr)
	o := officeAt(t, s, proxy.URL())
	o.sync()
	before := o.dump()
	o.changeEverybody()
	proxy.Set(lab.Fault{CutPages: 2, CutEntries: 1, Stall: true})
	known := proxy.Connections()
	run := o.start(o.command("sync"))
	for proxy.Connections() == known {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond)
	if err := run.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if got := o.finish(run).ended(failed).says("interrupted; nothing was changed"); got.took > time.Second+500*time.Millisecond {
		t.Errorf("it took %s to stop", got.took)
	}
	o.unchanged(before)
	o.run("runs", "2").ended(done).shows("sync error", "interrupt signal received")
	proxy.Set(lab.Fault{})
	o.sync()
}

// TestTwoRunsAtOnce starts a second run while the first reads.
func TestTwoRunsAtOnce(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: company(60)})
	proxy := lab.Proxy(t, s.Addr)
	o := officeAt(t, s, proxy.URL())
	o.sync()
	proxy.Set(lab.Fault{CutPages: 1000, Delay: 60 * time.Millisecond}) // nothing is cut: a delay before each message
	known := proxy.Connections()
	first := o.start(o.command("sync", "persons"))
	for proxy.Connections() == known {
		time.Sleep(time.Millisecond)
	}
	holder := "pid " + strconv.Itoa(first.cmd.Process.Pid) + " since "
	before := o.dump()
	o.run("sync").ended(failed).says("source persons is being run by "+holder, "wait for it to end")
	o.run("plan", "persons").ended(failed).says("source persons is being run by " + holder)
	o.unchanged(before)
	o.run("runs").ended(done)          // looking is always possible
	o.run("sync", "users").ended(done) // and another source is another matter
	o.finish(first).ended(done)
	if got, want := o.states(), "completed completed completed"; got != want {
		t.Errorf("got runs %s, want %s", got, want)
	}
	o.sync()
}
