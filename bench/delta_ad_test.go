package bench

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// adPersons is how many there are; BENCH_AD_PERSONS sets another number.
const adPersons = 100_000

// adBatch is how many of them ldbadd puts into a Samba at once, in 5 to 15
// seconds.
const adBatch = 5000

const adConfiguration = `store: %s
directories:
  corp: {url: %q, base: %q, bind: {dn: %q, password: %q}}
sources:
  organizations:
    class: Organization
    inline: {main: {name: Example}}
    attributes: {name: {from: name, reconcile: true}}
  persons:
    class: Person
    directory: corp
    filter: (&(objectCategory=person)(objectClass=user)(sn=*))
    key: objectGUID
    attributes:
      name: {from: sn, reconcile: true}
      first_name: {from: givenName, reconcile: true}
      email: {from: mail, reconcile: true}
      phone: {from: telephoneNumber}
      function: {from: title}
      status: {expr: 'entry.disabled ? "inactive" : "active"'}
      org_id: {value: Example, by: name}
    on: {none: create, one: update, many: error}
    gone: {after: 7d, then: update, set: {status: inactive}}
    limits: {gone: 5%%, changed: 50%%}
    delta: {full_every: 24h%s}
`

// BenchmarkDeltaAD is BenchmarkDelta of a domain controller, by each of the two
// ways to ask it for changes. A way has a registry of its own.
func BenchmarkDeltaAD(b *testing.B) {
	n, times := number(b, "BENCH_AD_PERSONS", adPersons), number(b, "BENCH_ROUNDS", rounds)
	w := &world{tools: build(b), dir: b.TempDir(), size: n}
	s := lab.Samba(b, lab.SambaConfig{Data: "dn: OU=Staff," + adBase + "\nobjectClass: organizationalUnit\n\n"})
	for from := 0; from < n; from += adBatch {
		s.Ldbadd(adStaff(from, min(n, from+adBatch)))
	}
	ways := []*adWay{{name: "uSNChanged"}, {name: "DirSync", setting: ", by: dirsync"}}
	for _, way := range ways {
		way.file = filepath.Join(w.dir, way.name+".yaml")
		write(b, way.file, fmt.Sprintf(adConfiguration, w.sqlite(b), s.URL(), s.BaseDN, s.AdminDN, s.Password, way.setting))
		measure(b, []string{w.rollcall, "-c", way.file, "sync", "organizations"}, nil)
		w.followed(b, way.file, "full")
	}
	for round := range times {
		for _, way := range ways {
			way.full = append(way.full, w.followed(b, way.file, "full", "--full"))
		}
		s.Ldbmodify(adChanges(n, round))
		for _, way := range ways {
			way.delta = append(way.delta, w.followed(b, way.file, "delta"))
			way.nothing = append(way.nothing, w.followed(b, way.file, "delta"))
		}
	}
	text := fmt.Sprintf(adDeltaPart+`
%d changes among %d persons of a Samba as domain controller, as above; medians of %d rounds.

`+deltaHead, deltaChanges, n, times)
	for _, way := range ways {
		text += deltaRows(way.name+": ", way.full, way.delta, way.nothing)
	}
	keepText(b, adDeltaPart, text)
	fmt.Println(text)
	b.ReportMetric(0, "ns/op")
}

// adWay is what one way to ask for changes took.
type adWay struct {
	name, setting, file  string
	full, delta, nothing []deltaRun
}

const (
	adBase      = "DC=corp,DC=example,DC=com"
	adDeltaPart = "## Deltas of Active Directory\n"
)

func adPerson(i int) string { return fmt.Sprintf("CN=u%07d,OU=Staff,%s", i, adBase) }

// adStaff are some of the persons.
func adStaff(from, to int) string {
	var s strings.Builder
	for i := from; i < to; i++ {
		fmt.Fprintf(&s, "dn: %[1]s\nobjectClass: user\nsAMAccountName: u%07[2]d\nsn: Last%[2]d\ngivenName: First%[2]d\nmail: u%[2]d@example.com\n"+
			"telephoneNumber: +49 30 %[2]d\ntitle: Clerk\nuserAccountControl: 514\n\n", adPerson(i), i)
	}
	return s.String()
}

// adChanges gives a hundred persons, spread over all, a new title.
func adChanges(n, round int) string {
	var s strings.Builder
	for i := range deltaChanges {
		fmt.Fprintf(&s, "dn: %s\nchangetype: modify\nreplace: title\ntitle: Clerk %d\n\n", adPerson((i*(n/deltaChanges)+round)%n), round)
	}
	return s.String()
}
