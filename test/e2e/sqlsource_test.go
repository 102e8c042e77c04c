package e2e

import (
	"database/sql"
	"net/url"
	"os"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx

	"rollcall/test/lab"
	"rollcall/test/lab/postgres"
)

// hr is a database of staff that people change.
type hr struct {
	dsn         string // for rollcall.yaml
	engine, pdo string // for the collector's parameters
	user        string
	change      func(statements string)
}

// TestStaffComesFromADatabase takes people from PostgreSQL and from MariaDB, by
// rollcall sync and by the drop-in collector: created, changed, gone, and an
// outage in which nobody goes.
func TestStaffComesFromADatabase(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*testing.T) hr{"PostgreSQL": postgresHR, "MariaDB": mariaHR} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := start(t)
			db.change(`CREATE TABLE staff (emp_no integer, last_name varchar(80), first_name varchar(80), mail varchar(80), hired date, active boolean)`)
			db.change(`INSERT INTO staff VALUES (1, 'Núñez; "N"', 'Ann', 'ann@example.org', '2020-02-29', true), (2, 'Bok', 'Bob', NULL, NULL, false), (3, 'Łoś', 'Cy', 'cy@example.org', '1999-12-31', true)`)
			t.Run("sync", func(t *testing.T) { syncStaff(t, db) })
			t.Run("exec", func(t *testing.T) { execStaff(t, db) })
		})
	}
}

func postgresHR(t *testing.T) hr {
	dsn := postgres.Start(t).Database(t)
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := sql.Open("pgx", dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	settings := "host=" + u.Query().Get("host") + ";dbname=" + strings.TrimPrefix(u.Path, "/")
	return hr{dsn: "pgsql:" + settings, engine: "pgsql", pdo: settings, user: u.Query().Get("user"), change: func(statements string) {
		t.Helper()
		if _, err := pool.Exec(statements); err != nil {
			t.Fatal(err)
		}
	}}
}

func mariaHR(t *testing.T) hr {
	server := lab.MariaDB(t)
	server.Exec(t, "", "CREATE DATABASE hr CHARACTER SET utf8mb4")
	settings := "unix_socket=" + server.Socket + ";dbname=hr"
	return hr{dsn: "mysql:" + settings, engine: "mysql", pdo: settings, user: server.User, change: func(statements string) {
		t.Helper()
		server.Exec(t, "hr", statements)
	}}
}

const staffQuery = "SELECT emp_no, last_name, first_name, mail, active FROM staff ORDER BY emp_no"

// syncStaff loads the staff into the registry.
func syncStaff(t *testing.T, db hr) {
	h := newHome(t)
	h.write("rollcall.yaml", `store: rollcall.db
sources:
  staff:
    class: Person
    key: emp_no
    sql: {dsn: "`+db.dsn+`", user: `+db.user+`, query: "`+staffQuery+`"}
    attributes:
      name: {from: last_name, reconcile: true}
      first_name: {from: first_name, reconcile: true}
      email: {from: mail}
      status: {expr: 'entry.active == "1" ? "active" : "inactive"'}
      org_id: {value: Demo, by: name}
    gone: {after: 0d, then: delete}
    limits: {gone: 100%}
  orgs:
    class: Organization
    inline: {demo: {name: Demo}}
    attributes: {name: {from: name, reconcile: true}}
`)
	people := func() string {
		var b strings.Builder
		for _, p := range h.export("Person") {
			b.WriteString(p["name"] + "/" + p["first_name"] + "/" + p["email"] + "/" + p["status"] + "\n")
		}
		return b.String()
	}
	h.want(exitDone, "sync", "orgs")
	contains(t, h.want(exitDone, "check", "staff"), "Núñez")
	h.want(exitDone, "sync", "staff")
	same(t, "people", people(), "Núñez; \"N\"/Ann/ann@example.org/active\nBok/Bob//inactive\nŁoś/Cy/cy@example.org/active\n")
	h.want(exitDone, "plan", "--check", "staff")
	db.change(`UPDATE staff SET mail = 'bob@example.org', active = true WHERE emp_no = 2`)
	db.change(`DELETE FROM staff WHERE emp_no = 3`)
	h.want(exitDone, "sync", "staff")
	same(t, "people after a change", people(), "Núñez; \"N\"/Ann/ann@example.org/active\nBok/Bob/bob@example.org/active\n")
	db.change(`ALTER TABLE staff RENAME TO moved`)
	h.want(exitFailed, "sync", "staff")
	same(t, "people after an outage", people(), "Núñez; \"N\"/Ann/ann@example.org/active\nBok/Bob/bob@example.org/active\n")
	db.change(`ALTER TABLE moved RENAME TO staff`)
	h.replace("rollcall.yaml", db.user+", query", db.user+"x, query")
	h.want(exitFailed, "sync", "staff")
	same(t, "people after a refusal", people(), "Núñez; \"N\"/Ann/ann@example.org/active\nBok/Bob/bob@example.org/active\n")
}

// execStaff collects the staff as the original's SQL collectors do.
func execStaff(t *testing.T, db hr) {
	h := newHome(t)
	for _, folder := range []string{"conf", "collectors/json"} {
		if err := os.MkdirAll(h.path(folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	h.write("conf/params.local.xml", `<?xml version="1.0" encoding="UTF-8"?>
<parameters>
  <itop_url>http://127.0.0.1:9</itop_url>
  <sql_engine>`+db.engine+`</sql_engine>
  <sql_connection_string>%1$s:`+db.pdo+`</sql_connection_string>
  <sql_login>`+db.user+`</sql_login>
  <sql_password></sql_password>
  <extensions_collectors_launch_sequence type="array"><item><name>Staff</name><enable>yes</enable><rank>1</rank></item></extensions_collectors_launch_sequence>
  <staff_query>SELECT emp_no AS primary_key, last_name AS name, first_name, mail AS email, hired AS function FROM staff ORDER BY emp_no</staff_query>
</parameters>
`)
	item := func(code string) string {
		return `{"attcode":"` + code + `","update":"1","reconcile":"1","update_policy":"master_locked","finalclass":"SynchroAttribute"}`
	}
	h.write("collectors/json/Staff.json", `{"name":"Staff","status":"production","scope_class":"Person","database_table_name":"synchro_staff","full_load_periodicity":"0","attribute_list":[`+
		item("name")+","+item("first_name")+","+item("email")+","+item("function")+`]}`)
	h.want(exitDone, "exec", "--collect_only")
	same(t, "the file", h.read("data/Staff-1.csv"),
		"primary_key;name;first_name;email;function\n1;\"Núñez; \"\"N\"\"\";Ann;ann@example.org;2020-02-29\n2;Bok;Bob;bob@example.org;\n")
}
