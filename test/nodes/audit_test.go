package nodes

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// audit looks whether what became of the registry is what an undisturbed run
// comes to, and whether its records tell of nothing that should not have been.
func (s *site) audit() {
	s.t.Helper()
	s.sameAsUndisturbed()
	s.rollcall("rollcall.yaml", "plan", "--check") // nothing is left to do
	s.changesOnce()
	s.runsApart()
	s.jobsKept()
}

// sameAsUndisturbed loads the files as they are now into a registry that saw
// them at the beginning and not since.
func (s *site) sameAsUndisturbed() {
	s.t.Helper()
	s.configure("other.yaml", s.server.Database(s.t))
	now := s.files
	first := newStaff(s.t, s.dir, 0)
	s.rollcall("other.yaml", "sync")
	first.files = now
	for n := range sources {
		first.write(n)
	}
	s.rollcall("other.yaml", "sync")
	got, want := s.people("rollcall.yaml"), s.people("other.yaml")
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("the registry differs from an undisturbed one (-undisturbed +got):\n%s", diff[:min(len(diff), 4000)])
	}
}

// people exports every person, by mail address and without the number.
func (s *site) people(file string) map[string]map[string]string {
	s.t.Helper()
	var rows []map[string]string
	if err := json.Unmarshal(s.rollcall(file, "export", "Person", "--json"), &rows); err != nil {
		s.t.Fatal(err)
	}
	people := map[string]map[string]string{}
	for _, r := range rows {
		if people[r["email"]] != nil {
			s.t.Errorf("%s is there twice", r["email"])
		}
		delete(r, "id")
		people[r["email"]] = r
	}
	return people
}

// changesOnce reads the history of every person: made once, each value following
// the one before, no number twice, gone once.
func (s *site) changesOnce() {
	s.t.Helper()
	type life struct {
		made, gone int
		phone      int
	}
	lives := map[int64]*life{}
	made := map[string]int64{} // by source and key
	rows, err := s.db.Query("SELECT object_id, verb, source_id, entry_key, coalesce(sets, '[]') FROM history WHERE class = 'Person' ORDER BY id")
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	steps := 0
	for rows.Next() {
		var object, source int64
		var verb, key, sets string
		if err := rows.Scan(&object, &verb, &source, &key, &sets); err != nil {
			s.t.Fatal(err)
		}
		steps++
		l := lives[object]
		if l == nil {
			l = &life{phone: unknown}
			lives[object] = l
		}
		switch verb {
		case "create":
			l.made++
			name := fmt.Sprint(source, " ", key)
			if other, again := made[name]; again {
				s.t.Errorf("entry %s was made into %d and %d", name, other, object)
			}
			made[name] = object
		case "delete":
			l.gone++
		}
		if l.made != 1 || l.gone > 1 || l.gone == 1 && verb != "delete" {
			s.t.Errorf("person %d: %s %s after %+v", object, verb, sets, *l)
		}
		if verb == "update" {
			l.phone = follows(s.t, object, l.phone, sets)
		}
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Logf("%d steps in the history of %d persons", steps, len(lives))
}

// unknown is the number that somebody was made with: the history does not say.
const unknown = -1

// follows looks at the telephone number that a step of the history sets, which
// must be higher than before, and returns it.
func follows(t testing.TB, object int64, before int, sets string) int {
	t.Helper()
	var list []struct {
		Attribute string `json:"a"`
		Old       string `json:"o"`
		New       string `json:"n"`
	}
	if err := json.Unmarshal([]byte(sets), &list); err != nil {
		t.Fatal(err)
	}
	for _, set := range list {
		if set.Old == set.New {
			t.Errorf("person %d: a change of %s from %q to the same", object, set.Attribute, set.Old)
		}
		if set.Attribute != "phone" {
			continue
		}
		after, err := strconv.Atoi(set.New)
		if err != nil || before != unknown && set.Old != strconv.Itoa(before) || after <= before {
			t.Errorf("person %d: the number went from %s to %s where %d was the last one", object, set.Old, set.New, before)
		}
		before = after
	}
	return before
}

// runsApart looks whether two runs of one source were under way together.
func (s *site) runsApart() {
	s.t.Helper()
	type span struct{ id, began, ended string }
	rows, err := s.db.Query("SELECT id, state, started, coalesce(ended, ''), sources FROM run ORDER BY started")
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	before := map[string]span{}
	count := map[string]int{}
	for rows.Next() {
		var r span
		var state, list string
		if err := rows.Scan(&r.id, &state, &r.began, &r.ended, &list); err != nil {
			s.t.Fatal(err)
		}
		count[state]++
		var of []struct {
			Source string `json:"source"`
		}
		if err := json.Unmarshal([]byte(list), &of); err != nil {
			s.t.Fatal(err)
		}
		for _, source := range of {
			if b := before[source.Source]; b.ended > r.began && state == "completed" {
				s.t.Errorf("run %s of %s began at %s, run %s ended at %s", r.id, source.Source, r.began, b.id, b.ended)
			}
			if state == "completed" {
				before[source.Source] = r
			}
		}
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Logf("runs: %v", count)
}

// jobsKept looks at the queue of nodes that have stopped: what was begun is done
// or is queued again, and nothing was given up.
func (s *site) jobsKept() {
	s.t.Helper()
	rows, err := s.db.Query("SELECT state, count(*), max(attempt), coalesce(max(array_upper(attempted_by, 1)), 0) FROM river_job GROUP BY state")
	if err != nil {
		s.t.Fatal(err)
	}
	defer rows.Close()
	count := map[string]int{}
	for rows.Next() {
		var state string
		var n, attempt, nodes int
		if err := rows.Scan(&state, &n, &attempt, &nodes); err != nil {
			s.t.Fatal(err)
		}
		count[state] = n
		s.t.Logf("jobs %s: %d, at most attempt %d", state, n, attempt)
	}
	if err := rows.Err(); err != nil {
		s.t.Fatal(err)
	}
	for _, state := range slices.Sorted(maps.Keys(count)) {
		if state != "completed" && state != "available" && state != "scheduled" {
			s.t.Errorf("%d jobs are %s", count[state], state)
		}
	}
}

// settle waits until every line of the timetable had its turn after all that
// happened, and stops the nodes. A job whose end was lost with the database is
// found after a minute (jobs.Config.Look), and may then have to wait for its turn.
func (s *site) settle() {
	s.t.Helper()
	began := time.Now()
	s.until("every source read after the last change", 4*time.Minute, s.allDone(began))
	s.t.Logf("every source had its turn after %s", time.Since(began).Round(time.Millisecond))
	s.stopAll()
}
