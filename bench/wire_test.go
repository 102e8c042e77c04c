package bench

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The sizes of what is measured of the wire services, beside those of whole runs.
const (
	clients    = 8
	requests   = 20_000 // in a round, of all clients together
	searches   = 10_000
	wireOrgs   = 10 // every tenth person is of the one that is asked for
	wirePlaces = 8
)

// BenchmarkWire measures the web services of a server with a fresh registry on
// SQLite, over HTTP: in every round each thing once, beside what the database's
// own shell, or the server with nothing to do, takes for the same.
func BenchmarkWire(b *testing.B) {
	n, times := number(b, "BENCH_PERSONS", persons), number(b, "BENCH_ROUNDS", rounds)
	tools := build(b)
	var t wireTable
	for round := range times {
		b.Logf("round %d", round+1)
		newWire(b, tools, round, n).round(&t)
	}
	text := t.markdown(n, times)
	fmt.Println(text)
	for _, row := range t.rows {
		b.ReportMetric(row.number(), row.metric)
	}
	b.ReportMetric(0, "ns/op") // the sum of it all means nothing
	keepText(b, wirePart, text)
}

// wire is a server, and the files with which it is filled.
type wire struct {
	*site
	size int
	file string // of persons, as CSV
	form []byte // a request that imports it
}

// newWire starts a server that knows organizations, places and a data source.
func newWire(b *testing.B, tools tools, round, n int) *wire {
	w := &wire{site: newSite(b, tools, filepath.Join(b.TempDir(), strconv.Itoa(round))), size: n}
	for i := range wireOrgs {
		w.create("Organization", fmt.Sprintf(`{"name":"Org %d"}`, i))
	}
	for i := range wirePlaces {
		w.create("Location", fmt.Sprintf(`{"name":"Place %d","org_id":{"name":"Org 0"}}`, i))
	}
	w.create("SynchroDataSource", `{"name":"HR","scope_class":"Person","status":"production","reconciliation_policy":"use_attributes"}`)
	for code, reconcile := range map[string]int{
		"name": 0, "first_name": 0, "org_id": 0, "email": 1, "phone": 0, "mobile_phone": 0, "function": 0, "employee_number": 0, "location_id": 0, "status": 0,
	} {
		w.once(w.rest(fmt.Sprintf(`{"operation":"core/update","class":"SynchroAttribute","comment":"","output_fields":"id",`+
			`"key":{"sync_source_id":1,"attcode":%q},"fields":{"update":1,"reconcile":%d}}`, code, reconcile)), `"code":0`)
	}
	for _, code := range []string{"org_id", "location_id"} {
		w.once(w.rest(fmt.Sprintf(`{"operation":"core/update","class":"SynchroAttExtKey","comment":"","output_fields":"id",`+
			`"key":{"sync_source_id":1,"attcode":%q},"fields":{"reconciliation_attcode":"name"}}`, code)), `"code":0`)
	}
	text := personsCSV(n)
	w.file = filepath.Join(w.dir, "persons.csv")
	write(b, w.file, text)
	w.form = w.request("/synchro/synchro_import.php", url.Values{
		"data_source_id": {"1"}, "synchronize": {"1"}, "output": {"summary"}, "csvdata": {text},
	})
	return w
}

func (w *wire) create(class, fields string) {
	w.once(w.rest(fmt.Sprintf(`{"operation":"core/create","class":%q,"comment":"","output_fields":"id","fields":%s}`, class, fields)), `"code":0`)
}

// personsCSV is a file for synchro_import.php.
func personsCSV(n int) string {
	var s strings.Builder
	s.WriteString("primary_key;org_id;name;first_name;email;status;phone;mobile_phone;function;employee_number;location_id\n")
	for i := range n {
		fmt.Fprintf(&s, "uid-%06d-4000-8000-%012x;Org %d;Name%d;First%d;person%d@example.com;active;+49 30 %07d;+49 170 %07d;Engineer %d;E%07d;Place %d\n",
			i, uint64(i)*2654435761, i%wireOrgs, i%30000, i%900, i, i, i, i%50, i, i%wirePlaces)
	}
	return s.String()
}

// round measures everything once.
func (w *wire) round(t *wireTable) {
	t.rate(importFirst, w.size, w.load("Objects created: %d"), w.bareImport())
	t.rate(importAgain, w.size, w.load("touched since last synchro: %d<"), w.bareImport())
	w.gets(t)
	w.searches(t)
	w.reads(t)
}

// load imports all persons. What the answer must say shows that all of them were
// carried through.
func (w *wire) load(says string) usage {
	c := w.client()
	before, began := w.cpu(), time.Now()
	if _, err := c.ask(w.form, true); err != nil {
		w.b.Fatal(err)
	}
	u := usage{wall: time.Since(began), cpu: w.cpu() - before, peak: w.peak()}
	if text := c.body.String(); !strings.Contains(text, fmt.Sprintf(says, w.size)) {
		w.b.Fatalf("got %s", text)
	}
	return u
}

// bareImport is the database's own shell reading the same file into a table of
// texts with an index on the key.
func (w *wire) bareImport() usage {
	db := filepath.Join(w.dir, "bare.db")
	return w.shell("-cmd", "PRAGMA journal_mode=WAL", "-cmd", "DROP TABLE IF EXISTS bare", db,
		".mode csv", ".separator ;", ".import "+w.file+" bare", "CREATE UNIQUE INDEX bare_key ON bare (primary_key)")
}

// gets asks for single objects by their id, beside a page that does nothing.
func (w *wire) gets(t *wireTable) {
	idle := []byte("GET /healthz HTTP/1.1\r\nHost: " + w.address + "\r\n\r\n")
	for _, kind := range []struct {
		row    wireRow
		fields string
	}{{getShort, "id,friendlyname,email"}, {getKeys, "name,first_name,org_name,location_name,email"}, {getAll, "*"}} {
		beside := w.ask(clients, requests, 1, func(int) []byte { return idle })
		t.crowd(kind.row, w.ask(clients, requests, 100, func(n int) []byte {
			return w.rest(fmt.Sprintf(`{"operation":"core/get","class":"Person","key":%d,"output_fields":%q}`, w.person(n), kind.fields))
		}), beside)
	}
}

// person picks persons all over the registry.
func (w *wire) person(n int) int { return n*7919%w.size + 1 }

// searches asks for single objects by what they say, beside their ids.
func (w *wire) searches(t *wireTable) {
	beside := w.ask(clients, searches, 100, func(n int) []byte {
		return w.rest(fmt.Sprintf(`{"operation":"core/get","class":"Person","key":%d,"output_fields":"id,email"}`, w.person(n)))
	})
	for _, kind := range []struct {
		row wireRow
		key string
	}{
		{getCriteria, `{"email":"Person%d@example.com"}`},
		{getQuery, `"SELECT Person WHERE email = 'PERSON%d@example.com'"`},
	} {
		ask := func(n int) []byte {
			return w.rest(fmt.Sprintf(`{"operation":"core/get","class":"Person","key":`+kind.key+`,"output_fields":"id,email"}`, w.person(n)-1))
		}
		w.once(ask(0), `"Found: 1"`)
		w.settled(ask)
		t.crowd(kind.row, w.ask(clients, searches, 100, ask), beside)
	}
}

// settled waits for the look-up that the first such question makes the server
// make.
func (w *wire) settled(ask func(int) []byte) {
	for n := range 100 {
		began := time.Now()
		w.once(ask(n), `"Found: 1"`)
		if time.Since(began) < 10*time.Millisecond {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	w.b.Error("no look-up was made")
}

// reads asks for many objects at once.
func (w *wire) reads(t *wireTable) {
	const joined = " FROM obj_contact p JOIN obj_organization o ON o.id = p.org_id WHERE p.finalclass = 'Person' AND o.name = 'Org 3' ORDER BY p.first_name || ' ' || p.name"
	query := "SELECT Person AS p JOIN Organization AS o ON p.org_id = o.id WHERE o.name = 'org 3'"
	for _, kind := range []struct {
		row             wireRow
		fields, columns string
	}{
		{joinShort, "id,friendlyname,email,org_name", "p.id, p.first_name || ' ' || p.name, p.email, o.name"},
		{joinAll, "*", "p.*, o.name"},
	} {
		beside := w.shell("-readonly", w.db, "SELECT "+kind.columns+joined)
		t.once(kind.row, w.timed(w.rest(fmt.Sprintf(`{"operation":"core/get","class":"Person","key":%q,"output_fields":%q}`, query, kind.fields)),
			int64(w.size/wireOrgs*80)), beside)
	}
	const columns = "p.id, p.first_name, p.name, p.email, o.name, p.org_id"
	beside := w.shell("-readonly", "-csv", w.db, "SELECT "+columns+
		" FROM obj_contact p LEFT JOIN obj_organization o ON o.id = p.org_id WHERE p.finalclass = 'Person' ORDER BY p.first_name || ' ' || p.name")
	t.once(exportCSV, w.timed(w.request("/webservices/export-v2.php", url.Values{
		"expression": {"SELECT Person"}, "format": {"csv"}, "fields": {"id,first_name,name,email,org_id->name,org_id"},
	}), int64(w.size*40)), beside)
}
