package wire

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/api"
	"rollcall/test/lab"
)

const adaPassword = "Ada-Geheim-7"

// apiPeople is a directory of two people and a group.
func apiPeople(base string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "dn: ou=people,%[1]s\nobjectClass: organizationalUnit\nou: people\n\ndn: ou=groups,%[1]s\nobjectClass: organizationalUnit\nou: groups\n\n", base)
	for _, login := range []string{"ada", "bob"} {
		fmt.Fprintf(&b, "dn: uid=%[1]s,ou=people,%[2]s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: %[1]s\nsn: %[1]s\nuserPassword: %[3]s\n\n", login, base, adaPassword)
	}
	fmt.Fprintf(&b, "dn: cn=sales,ou=groups,%[1]s\nobjectClass: groupOfNames\nmember: uid=ada,ou=people,%[1]s\nmember: uid=bob,ou=people,%[1]s\n\n", base)
	return b.String()
}

// apiConfig reads organizations and people from files and accounts from a
// directory; another directory is out of reach.
func apiConfig(s *lab.SlapdServer, dsn string) string {
	return fmt.Sprintf(`store: %q
serve: {allowed_login_types: form|basic|token}
directories:
  main:
    url: %s
    base: %q
    bind: {dn: %q, password: "${file:ldap.password}"}
    tls: {ca: %s}
  away:
    url: ldap://127.0.0.1:1
    base: dc=away
timetable:
  nightly: {cron: "0 3 * * *", sync: [companies]}
  hopeless: {sync: [elsewhere], retries: 3}
sources:
  companies:
    class: Organization
    csv: {file: companies.csv, separator: ","}
    key: id
    attributes:
      name: {from: name, reconcile: true}
    gone: {after: 0, then: delete}
    limits: {gone: 1}
  people:
    class: Person
    csv: {file: people.csv, separator: ","}
    key: id
    attributes:
      name: {from: last}
      first_name: {from: first}
      email: {from: mail, reconcile: true}
      org_id: {value: Demo, by: name}
    gone: {after: 0, then: delete}
    limits: {gone: 1}
  users:
    class: UserLDAP
    directory: main
    filter: (objectClass=inetOrgPerson)
    key: entryUUID
    user: runner
    attributes:
      login: {from: uid, reconcile: true}
      ldap_server: {value: main}
      profile_list: {value: "profileid->name:Support Agent"}
    gone: {after: 0, set: {status: disabled}}
  elsewhere:
    class: Organization
    directory: away
    filter: (objectClass=organization)
    key: entryUUID
    attributes:
      name: {from: o, reconcile: true}
bindings:
  sales: {source: users, groups: {name: sales}, role: Sales, functional_role: Seller, path: /ldap-groups/*, licence: Basic}
`, dsn, s.LDAPS, s.BaseDN, s.AdminDN, s.CA.File)
}

const somePeople = "id,last,first,mail\n1,Adams,Ann,ann@example.com\n2,Bell,Bob,bob@example.com\n3,Cook,Cat,cat@example.com\n4,,Nameless,no@example.com\n"

// world is a started server, and whoever asks it.
type world struct {
	*apiClient
	t        *testing.T
	registry *registryOf
}

// start queues a run and waits for its job to end.
func (w *world) start(sources ...string) api.Job {
	w.Helper()
	queued := want[api.Queued](w, http.StatusAccepted, w.ask("POST", "/runs", map[string]any{"sources": sources}))
	return w.ended(queued.Job.ID)
}

// ended waits for a job that is neither queued nor running.
func (w *world) ended(id int64) api.Job {
	w.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		job := want[api.Job](w, http.StatusOK, w.ask("GET", fmt.Sprintf("/jobs/%d", id), nil))
		if job.State != api.JobQueued && job.State != api.JobRunning {
			return job
		}
		if time.Now().After(deadline) {
			w.Fatalf("the job does not end: %+v", job)
		}
	}
}

// same compares what was got with what is wanted.
func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
