package nodes

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	sources = 30
	hired   = 40 // persons of each source at the beginning
	leavers = 10 // of them leave, and do not change before they do
)

// staff is what the sources hold: a file each, which changes while it is read.
// Whatever of its states a run sees, the last one decides alone: numbers only
// grow, nobody comes back, and only those leave whom every run saw as they were.
type staff struct {
	t      testing.TB
	dir    string
	random *rand.Rand
	files  [sources]file
}

type file struct {
	people []person
	next   int // the key of whoever comes next
}

type person struct{ key, version int }

func newStaff(t testing.TB, dir string, seed uint64) *staff {
	s := &staff{t: t, dir: dir, random: rand.New(rand.NewPCG(seed, 0))}
	for n := range s.files {
		f := &s.files[n]
		for f.next = range hired {
			f.people = append(f.people, person{key: f.next})
		}
		f.next = hired
		s.write(n)
	}
	return s
}

// change lets something happen in one source.
func (s *staff) change() {
	n := s.random.IntN(sources)
	f := &s.files[n]
	for range 1 + s.random.IntN(5) {
		switch s.random.IntN(8) {
		case 0:
			f.people = append(f.people, person{key: f.next})
			f.next++
		case 1:
			leaver := s.random.IntN(leavers)
			f.people = slices.DeleteFunc(f.people, func(p person) bool { return p.key == leaver })
		default:
			if p := &f.people[s.random.IntN(len(f.people))]; p.key >= leavers {
				p.version++
			}
		}
	}
	s.write(n)
}

// write replaces a source's file in one step, as whoever exports it should.
func (s *staff) write(n int) {
	var text strings.Builder
	text.WriteString("id;last;first;mail;phone;title\n")
	for _, p := range s.files[n].people {
		fmt.Fprintf(&text, "%d;Last%[1]d;First%d;%s;%d;Title %d\n", p.key, n, mail(n, p.key), p.version, p.version/2)
	}
	path := filepath.Join(s.dir, sourceName(n)+".csv")
	if err := os.WriteFile(path+".new", []byte(text.String()), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		s.t.Fatal(err)
	}
}

func sourceName(n int) string { return fmt.Sprintf("s%02d", n) }

func mail(source, key int) string { return fmt.Sprintf("p%d.s%02d@example.org", key, source) }

// configuration has a line of the timetable for each source: every two seconds.
func configuration(store string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "store: %q\ntimetable:\n", store)
	for n := range sources {
		fmt.Fprintf(&text, "  %s: {sync: %[1]s, cron: \"*/2 * * * * ?\"}\n", sourceName(n))
	}
	text.WriteString(`sources:
  organizations:
    class: Organization
    inline: {main: {name: Example}}
    attributes: {name: {from: name, reconcile: true}}
    gone: {then: ignore}
`)
	for n := range sources {
		gone := "{after: 0d, then: delete}"
		if n%2 == 1 {
			gone = "{after: 0d, then: update, set: {status: inactive}}"
		}
		fmt.Fprintf(&text, `  %s:
    class: Person
    key: id
    csv: {file: %[1]s.csv}
    attributes:
      name: {from: last}
      first_name: {from: first}
      email: {from: mail, reconcile: true}
      phone: {from: phone}
      function: {from: title}
      org_id: {value: Example, by: name}
    gone: %s
    limits: {gone: 100%%, changed: 100%%}
`, sourceName(n), gone)
	}
	return text.String()
}
