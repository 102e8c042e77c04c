package e2e

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/test/lab"
)

// crewHome is a configuration that reads persons from a directory, and a
// timetable.
func crewHome(t *testing.T, s *lab.SlapdServer, gone, timetable string) *home {
	t.Helper()
	h := newHome(t, "LDAP_PASSWORD="+s.Password)
	h.write("rollcall.yaml", mainDirectory(s.LDAPS, s.BaseDN, s.AdminDN, s.CA.File)+fmt.Sprintf(`sources:
  companies:
    class: Organization
    inline: {main: {name: Example}}
    attributes: {name: {from: name, reconcile: true}}
    gone: {then: ignore}
  crew:
    class: Person
    directory: main
    filter: (objectClass=inetOrgPerson)
    key: entryUUID
    delta: {full_every: 24h}
    attributes:
      name: {from: sn}
      first_name: {from: givenName}
      employee_number: {from: uid, reconcile: true}
      org_id: {value: Example, by: name}
    gone: %s
    limits: {gone: none}
timetable:
%s`, gone, timetable))
	return h
}

// crewLDIF makes persons; one without a given name cannot be taken over.
func crewLDIF(base string, uids ...string) string {
	var b strings.Builder
	for _, uid := range uids {
		fmt.Fprintf(&b, "dn: uid=%[1]s,ou=people,%[2]s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: %[1]s\nsn: %[1]s\n", uid, base)
		if !strings.HasPrefix(uid, "bad") {
			fmt.Fprintf(&b, "givenName: %s\n", uid)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// crew starts a directory with some persons.
func crew(t *testing.T, uids ...string) *lab.SlapdServer {
	t.Helper()
	s := lab.Slapd(t, lab.SlapdConfig{})
	s.Add("dn: ou=people," + s.BaseDN + "\nobjectClass: organizationalUnit\nou: people\n\n" + crewLDIF(s.BaseDN, uids...))
	return s
}

func fire(s *lab.SlapdServer, uid string) {
	s.Modify(fmt.Sprintf("dn: uid=%s,ou=people,%s\nchangetype: delete\n", uid, s.BaseDN))
}

func mend(s *lab.SlapdServer, uid string) {
	s.Modify(fmt.Sprintf("dn: uid=%[1]s,ou=people,%[2]s\nchangetype: modify\nadd: givenName\ngivenName: %[1]s\n", uid, s.BaseDN))
}

// people returns who there is.
func (h *home) people() string {
	h.t.Helper()
	var list []string
	for _, o := range h.export("Person") {
		list = append(list, o["employee_number"])
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

const goneAtOnce = "{after: 0, then: delete}"

// TestX27ThreeCronExpressionsAreHonoured has an import and queue work every
// second, and a removal that is due late in the evening: in Quartz's six fields.
func TestX27ThreeCronExpressionsAreHonoured(t *testing.T) {
	t.Parallel()
	s := crew(t, "ada", "bob")
	h := crewHome(t, s, goneAtOnce, `  bring in:  {import: all, cron: "0/1 * * ? * *"}
  take away: {removal: crew, cron: "0 59 23 ? * *"}
  again:     {queue: all, cron: "*/2 * * * * ?"}
`)
	lines := parse[[]row](t, h.want(exitDone, "jobs", "timetable", "--json"))
	if len(lines) != 3 || lines[0]["work"] != "import" || lines[1]["work"] != "removal" || !strings.HasSuffix(lines[1]["next"], "23:59:00") || lines[2]["work"] != "queue" {
		t.Errorf("got %v, want three lines, the removal due at 23:59", lines)
	}
	if at := time.Now().UTC(); at.Hour() == 23 && at.Minute() >= 58 {
		t.Skip("the removal is due now")
	}
	h.serve()
	h.until("ada and bob arrive", func() bool { return h.people() == "ada bob" })
	s.Add(crewLDIF(s.BaseDN, "eve"))
	fire(s, "bob")
	h.until("eve arrives", func() bool { return strings.Contains(h.people(), "eve") })
	h.until("queue work is done", func() bool { jobs := h.jobs("again"); return len(jobs) > 0 && jobs[len(jobs)-1]["state"] == "done" })
	same(t, "people, before the removal", h.people(), "ada bob eve")
	if jobs := h.jobs("take away"); len(jobs) != 0 {
		t.Errorf("got %v, want no removal yet", jobs)
	}
	h.job("take away", "done")
	same(t, "people", h.people(), "ada eve")
}

// TestX28AFailureLeavesLastChecked has an import fail: the place where the next
// one goes on and the time of the last complete read stay, and the next one
// brings in what the failed one missed.
func TestX28AFailureLeavesLastChecked(t *testing.T) {
	t.Parallel()
	s := crew(t, "ada")
	h := crewHome(t, s, goneAtOnce, "  bring in: {import: all, retries: 3}\n")
	h.serve()
	h.job("bring in", "done")
	const lastChecked = "SELECT s.last_complete, s.last_run, hex(r.checkpoint), r.run, r.last_full FROM standing s JOIN resume r USING (source_id)"
	before := h.sql(lastChecked)
	s.Add(crewLDIF(s.BaseDN, "eve"))
	s.Stop()
	failed := h.job("bring in", "waiting") // for its next try
	if failed["error"] == "" || failed["try"] != "1/4" {
		t.Errorf("got %v, want the first try failed, with its reason", failed)
	}
	same(t, "what is known of the last check", h.sql(lastChecked), before)
	same(t, "people", h.people(), "ada")
	s.Start()
	h.want(exitDone, "jobs", "requeue", failed["job"])
	h.jobIs("bring in", failed["job"], "done")
	same(t, "people", h.people(), "ada eve")
	if after := h.sql(lastChecked); after == before {
		t.Error("a check that went through did not move on")
	}
}

// due lets the time pass that failed entries wait.
func (h *home) due() { h.sql("UPDATE failed_entry SET next_try = since") }

// entries renders the failed entries: name, tries, whether parked.
func (h *home) failedEntries(args ...string) string {
	h.t.Helper()
	var list []string
	for _, e := range parse[[]map[string]any](h.t, h.want(exitDone, append([]string{"jobs", "entries", "--json"}, args...)...)) {
		name, _, _ := strings.Cut(strings.TrimPrefix(e["entry"].(string), "uid="), ",")
		line := fmt.Sprintf("%s tries=%v", name, e["tries"])
		if e["parked"] == true {
			line += " parked"
		}
		list = append(list, line)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

// TestX29FailedEntriesAreTriedAgainAndParked has one entry that fails: queue work
// tries it as often as it says, ever later, and no oftener; the others are not
// read again, and a run is not held up by it.
func TestX29FailedEntriesAreTriedAgainAndParked(t *testing.T) {
	t.Parallel()
	s := crew(t, "ada", "bad")
	h := crewHome(t, s, goneAtOnce, "  bring in: {import: all}\n  usual: {queue: all}\n  again: {queue: crew, retries: 2}\n")
	lines := parse[[]row](t, h.want(exitDone, "jobs", "timetable", "--json"))
	same(t, "retries when nothing is said", lines[1]["retries"], "5")
	h.serve()
	h.job("bring in", "done")
	same(t, "people", h.people(), "ada")
	same(t, "failed", h.failedEntries(), "bad tries=0")
	runs := func() string { return h.sql("SELECT count(*) FROM run WHERE kind = 'queue'") }
	h.job("again", "done")
	same(t, "failed", h.failedEntries(), "bad tries=1")
	h.job("again", "done") // it is not due
	same(t, "failed", h.failedEntries(), "bad tries=1")
	same(t, "runs", runs(), "1")
	h.due()
	h.job("again", "done")
	same(t, "failed", h.failedEntries(), "bad tries=2 parked")
	h.due()
	h.job("again", "done")
	same(t, "runs", runs(), "2")
	contains(t, h.want(exitDone, "notices"), "1 entries are parked")
}

// TestX30ParkedEntriesAreShownAndRequeued starts a server where an entry is
// parked: it says so, the list has it, and it can be tried again.
func TestX30ParkedEntriesAreShownAndRequeued(t *testing.T) {
	t.Parallel()
	s := crew(t, "ada", "bad")
	h := crewHome(t, s, goneAtOnce, "  again: {queue: all, retries: 1}\n")
	h.want(exitProblems, "sync")
	h.sql("UPDATE failed_entry SET parked = 1, tries = 5")
	server, _ := h.serve()
	h.until("the server says what is parked", func() bool { return strings.Contains(server.said(), "entries are parked") })
	same(t, "parked", h.failedEntries("--parked"), "bad tries=5 parked")
	mend(s, "bad")
	h.job("again", "done")
	same(t, "people, while it is parked", h.people(), "ada")
	contains(t, h.want(exitDone, "jobs", "retry", "crew"), "1 entries of crew are due at once")
	h.job("again", "done")
	same(t, "people", h.people(), "ada bad")
	same(t, "failed", h.failedEntries(), "")
}

// TestX31AnEntryDeletedMeanwhileFailsNothing deletes one of two failed entries
// before queue work comes to it.
func TestX31AnEntryDeletedMeanwhileFailsNothing(t *testing.T) {
	t.Parallel()
	s := crew(t, "ada", "bad1", "bad2")
	h := crewHome(t, s, goneAtOnce, "  again: {queue: all}\n")
	h.want(exitProblems, "sync")
	same(t, "failed", h.failedEntries(), "bad1 tries=0, bad2 tries=0")
	fire(s, "bad1")
	mend(s, "bad2")
	h.serve()
	h.job("again", "done")
	same(t, "people", h.people(), "ada bad2")
	h.want(exitDone, "sync")
	same(t, "failed", h.failedEntries(), "")
}

// TestX32ARemovalRemovesOrDisables by what the source says of who is gone; an
// account made here is never touched, nor is one that the directory still has.
func TestX32ARemovalRemovesOrDisables(t *testing.T) {
	t.Parallel()
	s := crew(t, "ada", "bob")
	for _, gone := range []string{goneAtOnce, "{after: 0, set: {status: inactive}}"} {
		h := crewHome(t, s, gone, "  take away: {removal: crew}\n")
		h.want(exitDone, "sync")
		h.byHand("Person", "name,first_name,employee_number,org_id->name", "Local,Lou,lou,Example")
		fire(s, "bob")
		h.want(exitDone, "sync", "--only", "import")
		same(t, "people after an import", h.people(), "ada bob lou")
		h.serve()
		h.job("take away", "done")
		var states []string
		for _, o := range h.export("Person") {
			states = append(states, o["employee_number"]+" "+o["status"])
		}
		slices.Sort(states)
		want := "ada active, lou active"
		if gone != goneAtOnce {
			want = "ada active, bob inactive, lou active"
		}
		same(t, "people with "+gone, strings.Join(states, ", "), want)
		s.Add(crewLDIF(s.BaseDN, "bob"))
	}
}

// TestX33ARemovalOfWhatCannotBeReadTakesNothing, be the directory down or empty.
func TestX33ARemovalOfWhatCannotBeReadTakesNothing(t *testing.T) {
	t.Parallel()
	s := crew(t, "ada", "bob")
	h := crewHome(t, s, goneAtOnce, "  take away: {removal: crew, retries: 0}\n")
	h.want(exitDone, "sync")
	h.serve()
	s.Stop()
	parked := h.job("take away", "parked")
	if parked["error"] == "" {
		t.Errorf("got %v, want it to say why", parked)
	}
	contains(t, h.want(exitDone, "notices", "--open"), "Job "+parked["job"]+" of take away is parked")
	s.Start()
	h.want(exitDone, "jobs", "requeue", parked["job"])
	h.jobIs("take away", parked["job"], "done")
	same(t, "trouble", told(h.notices("--open")), "")
	fire(s, "ada")
	fire(s, "bob")
	if j := h.job("take away", "stopped"); !strings.Contains(j["error"], "no entry at all") {
		t.Errorf("got %v, want the empty directory disbelieved", j)
	}
	same(t, "people", h.people(), "ada bob")
}

// TestX34ARemovalIsSeenBeforeItIsDone plans one, has one held, and approves it.
func TestX34ARemovalIsSeenBeforeItIsDone(t *testing.T) {
	t.Parallel()
	s := crew(t, "ada", "bob", "eve")
	h := crewHome(t, s, goneAtOnce, "  take away: {removal: crew}\n")
	h.replace("rollcall.yaml", "limits: {gone: none}", "limits: {gone: 0}")
	h.want(exitDone, "sync")
	fire(s, "bob")
	s.Add(crewLDIF(s.BaseDN, "new"))
	plan := h.want(exitDone, "plan", "--only", "removal", "crew")
	contains(t, plan, "bob")
	if strings.Contains(plan.out, "new") {
		t.Errorf("a removal would bring somebody in: %s", plan)
	}
	same(t, "people after a plan", h.people(), "ada bob eve")
	h.serve()
	held := h.job("take away", "stopped")
	same(t, "people while it is held", h.people(), "ada bob eve")
	contains(t, answer{out: held["error"]}, "1 of 3 entries are gone")
	id := h.sql("SELECT id FROM run WHERE state = 'held'")
	h.want(exitDone, "sync", "--only", "import") // which brings new in, and does not answer the question
	contains(t, h.want(exitDone, "runs", id, "--changes"), "bob")
	contains(t, h.want(exitStopped, "sync", "--only", "removal", "crew"), "held")
	held2 := h.sql("SELECT max(id) FROM run WHERE state = 'held'")
	h.want(exitDone, "apply", held2)
	same(t, "people", h.people(), "ada eve new")
}

// TestX35AJobNeverRunsTwiceAtOnce has an import of a directory that takes the
// connection and says nothing: asking for it again is the same job, and the queue
// works on for the others meanwhile.
func TestX35AJobNeverRunsTwiceAtOnce(t *testing.T) {
	t.Parallel()
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	s := crew(t, "ada", "bad")
	h := crewHome(t, s, goneAtOnce, `  long: {import: [mute]}
  longer: {import: [mute, companies]}
  again: {queue: all}
  take away: {removal: crew}
`)
	h.replace("rollcall.yaml", "sources:\n", fmt.Sprintf("  silent: {url: 'ldap://%s', base: dc=x, timeouts: {connect: 5m, idle: 5m}, bind: {method: anonymous}}\nsources:\n"+
		"  mute: {class: Organization, directory: silent, key: entryUUID, filter: (ou=*), attributes: {name: {from: ou, reconcile: true}}, gone: {then: ignore}}\n", silent.Addr()))
	h.want(exitProblems, "sync", "companies", "crew")
	h.serve()
	long := h.job("long", "running")
	h.job("longer", "queued") // it waits for the source that the other one reads
	again := parse[[]row](t, h.want(exitDone, "jobs", "run", "--json", "long"))[0]
	same(t, "the job that is asked for again", again["job"], long["job"])
	mend(s, "bad")
	h.job("again", "done")
	same(t, "people, while the import goes on", h.people(), "ada bad")
	fire(s, "ada")
	h.job("take away", "done")
	same(t, "people, while the import goes on", h.people(), "bad")
	same(t, "the long one", h.jobs("long")[0]["state"], "running")
	h.want(exitDone, "jobs", "cancel", h.jobs("longer")[0]["job"])
	h.want(exitDone, "jobs", "cancel", long["job"])
	h.jobIs("long", long["job"], "stopped")
}

// TestX36ImportNowByCommand brings in all, and one alone by login, DN or key.
func TestX36ImportNowByCommand(t *testing.T) {
	t.Parallel()
	s := crew(t, "ada", "bob", "eve", "kim")
	h := crewHome(t, s, goneAtOnce, "  bring in: {import: all}\n")
	h.want(exitDone, "sync", "companies")
	contains(t, h.want(exitDone, "sync", "--entry", "ada"), "uid=ada", "1 changes")
	same(t, "people", h.people(), "ada")
	contains(t, h.want(exitDone, "sync", "--entry", "ada"), "nothing to do")
	h.want(exitDone, "sync", "crew", "--entry", "uid=bob,ou=people,"+s.BaseDN, "--entry", entryUUID(t, s, "uid=eve"))
	same(t, "people", h.people(), "ada bob eve")
	contains(t, h.want(exitFailed, "sync", "--entry", "nobody"), `no entry of these sources is called "nobody"`)
	fire(s, "bob")
	h.want(exitDone, "sync", "--only", "import")
	same(t, "people after importing all", h.people(), "ada bob eve kim")
	s.Add(crewLDIF(s.BaseDN, "zoe"))
	h.serve()
	if j := h.job("bring in", "done"); j["by"] == "timetable" {
		t.Errorf("got %v, want the job by whoever asked", j)
	}
	same(t, "people after a job", h.people(), "ada bob eve kim zoe")
}

// TestK34EveryNHours has a line run at its interval, and follow the file without
// a restart when the interval changes.
func TestK34EveryNHours(t *testing.T) {
	t.Parallel()
	s := crew(t, "ada")
	h := crewHome(t, s, goneAtOnce, "  hourly: {sync: all, every: 1h}\n")
	server, _ := h.serve()
	h.until("the first run, since there was none", func() bool { jobs := h.jobs("hourly"); return len(jobs) == 1 && jobs[0]["state"] == "done" })
	same(t, "people", h.people(), "ada")
	h.replace("rollcall.yaml", "every: 1h", "every: 1x")
	h.until("the server says what is wrong", func() bool { return strings.Contains(server.said(), "1x") })
	h.replace("rollcall.yaml", "{sync: all, every: 1x}", `{sync: all, cron: "* * * ? * *"}`)
	h.until("it follows the file", func() bool { return len(h.jobs("hourly")) > 2 })
	if j := h.jobs("hourly")[0]; j["by"] != "timetable" {
		t.Errorf("got %v, want a job by the timetable", j)
	}
}
