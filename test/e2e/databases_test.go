package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/test/lab/postgres"
)

// TestBothDatabasesComeToTheSame loads an organisation whose entries refer to one
// another in every direction, more of each kind than a transaction writes by
// itself, changes a third of it, twice, and takes the last run back.
func TestBothDatabasesComeToTheSame(t *testing.T) {
	t.Parallel()
	e := newEstate(7)
	homes := map[string]*home{"SQLite": newHome(t), "PostgreSQL": newHome(t)}
	homes["SQLite"].write("rollcall.yaml", "store: rollcall.db\n"+estateSources)
	homes["PostgreSQL"].write("rollcall.yaml", "store: "+postgres.Start(t).Database(t)+"\n"+estateSources)
	var before, after string
	var last run
	for round := range 3 {
		if round > 0 {
			e.change()
		}
		before, after = after, ""
		var told string
		for _, name := range slices.Sorted(maps.Keys(homes)) {
			h := homes[name]
			e.write(h)
			last = parse[run](t, h.run("sync", "--json"))
			if last.State != "completed" {
				t.Fatalf("%s, round %d: %+v", name, round, last)
			}
			holds, counted := h.estate(), fmt.Sprintf("%+v", last.Sources)
			if after == "" {
				after, told = holds, counted
			}
			if holds != after || counted != told {
				t.Fatalf("round %d (-PostgreSQL +SQLite):\n%s\n%s", round, cmp.Diff(told, counted), cmp.Diff(strings.Split(after, "\n"), strings.Split(holds, "\n")))
			}
		}
		if holds := strings.Count(after, "\n"); holds < 10_000 || after == before {
			t.Fatalf("round %d holds %d objects, as the round before: %t", round, holds, after == before)
		}
	}
	for name, h := range homes {
		h.want(exitDone, "undo", fmt.Sprint(last.ID))
		if diff := cmp.Diff(strings.Split(before, "\n"), strings.Split(h.estate(), "\n")); diff != "" {
			t.Errorf("%s, taken back (-want +got):\n%s", name, diff)
		}
	}
}

const estateSources = `sources:
  units:
    class: Organization
    key: key
    ldif: {file: units.ldif}
    attributes: {name: {from: name, reconcile: true}, parent_id: {from: above, by: dn}}
    gone: {after: 0d, then: update, set: {status: inactive}}
  places:
    class: Location
    key: key
    ldif: {file: places.ldif}
    attributes: {name: {from: name, reconcile: true}, org_id: {from: unit, by: dn, source: units}}
    gone: {after: 0d, then: delete}
  people:
    class: Person
    key: key
    ldif: {file: people.ldif}
    attributes:
      name: {from: name, reconcile: true}
      first_name: {from: first, reconcile: true}
      phone: phone
      manager_id: {from: above, by: dn}
      location_id: {from: place, by: dn, source: places}
      org_id: {from: unit, by: dn, source: units}
    gone: {after: 0d, then: delete}
  accounts:
    class: UserLDAP
    key: key
    ldif: {file: accounts.ldif}
    attributes:
      login: {from: name, reconcile: true}
      contactid: {from: person, by: dn, source: people}
      profile_list: {value: Portal user, by: name}
    gone: {after: 0d, then: update, set: {status: disabled}}
  teams:
    class: Team
    key: key
    ldif: {file: teams.ldif}
    attributes:
      name: {from: name, reconcile: true}
      org_id: {from: unit, by: dn, source: units}
      persons_list: {from: person, by: dn, source: people}
    gone: {after: 0d, then: delete}
  groups:
    class: UserGroup
    key: key
    ldif: {file: groups.ldif}
    attributes: {name: name, path: {from: name, reconcile: true}, parent_id: {from: above, by: dn}}
    gone: {after: 0d, then: delete}
`

// estateClasses are the classes that an estate fills, and what is compared of each.
var estateClasses = [][2]string{
	{"Organization", "name,status,parent_name"}, {"Location", "name,org_name"},
	{"Person", "name,first_name,phone,manager_name,location_name,org_name"}, {"UserLDAP", "login,status,contactid_friendlyname"},
	{"URP_UserProfile", "userlogin,profile"}, {"Team", "name,org_name"}, {"lnkPersonToTeam", "person_name,team_name"}, {"UserGroup", "path,parent_path"},
}

// estate renders what a registry holds of one, without IDs.
func (h *home) estate() string {
	h.t.Helper()
	var b strings.Builder
	for _, class := range estateClasses {
		lines := strings.Split(h.want(exitDone, "export", class[0], "--fields", class[1], "--format", "csv").out, "\n")
		slices.Sort(lines)
		b.WriteString(class[0] + "\n" + strings.Join(lines, "\n") + "\n")
	}
	return b.String()
}

// estate is an organisation that changes by chance, but always the same way.
type estate struct {
	rng   *rand.Rand
	kinds map[string]map[int]*thing
	next  int
}

// thing is one entry: where it is, its phone if it has one, and the numbers of
// those it refers to, by attribute.
type thing struct {
	unit  int
	phone int
	refs  map[string][]int
}

// estateKinds are how many there are of each kind at first, and to which kind
// each of its attributes refers.
var estateKinds = map[string]struct {
	count int
	refs  map[string]string
}{
	"units":    {2200, map[string]string{"above": "units"}},
	"places":   {300, map[string]string{"unit": "units"}},
	"people":   {3000, map[string]string{"above": "people", "place": "places", "unit": "units"}},
	"accounts": {2200, map[string]string{"person": "people"}},
	"teams":    {2200, map[string]string{"unit": "units", "person": "people"}},
	"groups":   {2200, map[string]string{"above": "groups"}},
}

func newEstate(seed uint64) *estate {
	e := &estate{rng: rand.New(rand.NewPCG(seed, 0)), kinds: map[string]map[int]*thing{}}
	for _, kind := range slices.Sorted(maps.Keys(estateKinds)) {
		e.kinds[kind] = map[int]*thing{}
		for range estateKinds[kind].count {
			e.kinds[kind][e.next] = &thing{}
			e.next++
		}
	}
	e.each(e.draw)
	return e
}

func (e *estate) each(do func(kind string, number int)) {
	for _, kind := range slices.Sorted(maps.Keys(e.kinds)) {
		for _, number := range slices.Sorted(maps.Keys(e.kinds[kind])) {
			do(kind, number)
		}
	}
}

// draw gives a thing other values. What is above has a higher number, so that
// nobody is above himself; nobody is in trouble for want of a unit.
func (e *estate) draw(kind string, number int) {
	it := e.kinds[kind][number]
	it.unit, it.phone, it.refs = e.rng.IntN(5), e.rng.IntN(1000), map[string][]int{}
	for _, attribute := range slices.Sorted(maps.Keys(estateKinds[kind].refs)) {
		to := slices.Sorted(maps.Keys(e.kinds[estateKinds[kind].refs[attribute]]))
		if attribute == "above" {
			to = to[len(to)-len(to)/2:]
			to = to[min(len(to), max(0, number-to[0]+1)):]
		}
		for range map[bool]int{true: e.rng.IntN(8), false: 1}[kind == "teams" && attribute == "person"] {
			if len(to) > 0 && (attribute == "unit" || e.rng.IntN(4) > 0) {
				it.refs[attribute] = append(it.refs[attribute], to[e.rng.IntN(len(to))])
			}
		}
		it.refs[attribute] = slices.Compact(slices.Sorted(slices.Values(it.refs[attribute])))
	}
}

// change takes two in a hundred away, draws a third anew, and adds some.
func (e *estate) change() {
	e.each(func(kind string, number int) {
		switch n := e.rng.IntN(100); {
		case n < 2:
			delete(e.kinds[kind], number)
		case n < 30:
			e.draw(kind, number)
		case n < 33:
			e.kinds[kind][e.next] = &thing{}
			e.draw(kind, e.next)
			e.next++
		}
	})
}

func (e *estate) dn(kind string, number int) string {
	unit := -1 // of who is no longer there
	if it := e.kinds[kind][number]; it != nil {
		unit = it.unit
	}
	return fmt.Sprintf("cn=%s %d,ou=%d,ou=%s,dc=example", kind, number, unit, kind)
}

// write writes the files that a home reads.
func (e *estate) write(h *home) {
	h.t.Helper()
	files := map[string]*strings.Builder{}
	e.each(func(kind string, number int) {
		b := files[kind]
		if b == nil {
			b = &strings.Builder{}
			files[kind] = b
		}
		it := e.kinds[kind][number]
		fmt.Fprintf(b, "dn: %s\nkey: %d\nname: %s %d\nfirst: F\n", e.dn(kind, number), number, kind, number)
		if it.phone < 800 {
			fmt.Fprintf(b, "phone: %d\n", it.phone)
		}
		for _, attribute := range slices.Sorted(maps.Keys(it.refs)) {
			for _, to := range it.refs[attribute] {
				fmt.Fprintf(b, "%s: %s\n", attribute, e.dn(estateKinds[kind].refs[attribute], to))
			}
		}
		b.WriteByte('\n')
	})
	for kind, b := range files {
		h.write(kind+".ldif", b.String())
	}
}
