package e2e

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// row is an exported object.
type row map[string]string

// export returns all objects of a class in the order of their IDs.
func (h *home) export(class string) []row {
	h.t.Helper()
	return parse[[]row](h.t, h.want(exitDone, "export", class, "--json"))
}

// pick returns the only object whose attribute has a value.
func (h *home) pick(class, attribute, value string) row {
	h.t.Helper()
	var found []row
	for _, r := range h.export(class) {
		if r[attribute] == value {
			found = append(found, r)
		}
	}
	if len(found) != 1 {
		h.t.Fatalf("%d objects of class %s have %s %q, want one: %v", len(found), class, attribute, value, found)
	}
	return found[0]
}

// classes are those that the tests fill.
var classes = []string{"Organization", "Person", "Team", "lnkPersonToTeam", "UserLDAP", "URP_UserProfile", "SynchroDataSource"}

// snapshot is a whole registry: rows by class and ID.
type snapshot map[string]map[string]row

func (h *home) snapshot() snapshot {
	h.t.Helper()
	s := snapshot{}
	for _, class := range classes {
		s[class] = byField(h.t, h.export(class), "id")
	}
	return s
}

// byField indexes rows by a field that is unique.
func byField(t testing.TB, rows []row, field string) map[string]row {
	t.Helper()
	index := make(map[string]row, len(rows))
	for _, r := range rows {
		if other, doubled := index[r[field]]; doubled {
			t.Fatalf("two objects have %s %q: %v and %v", field, r[field], other, r)
		}
		index[r[field]] = r
	}
	return index
}

// run is what --json tells of a run.
type run struct {
	ID      int64  `json:"id"`
	State   string `json:"state"`
	Error   string `json:"error"`
	Sources []struct {
		Source   string         `json:"source"`
		Held     string         `json:"held"`
		Counters map[string]int `json:"counters"`
	} `json:"sources"`
	Problems []problem `json:"problems"`
}

// problem is what is wrong with one entry.
type problem struct {
	Source  string `json:"source"`
	Entry   string `json:"entry"`
	Reason  string `json:"reason"`
	Warning bool   `json:"warning"`
}

// counts returns one counter by source.
func (r *run) counts(counter string) map[string]int {
	counts := map[string]int{}
	for _, s := range r.Sources {
		counts[s.Source] = s.Counters[counter]
	}
	return counts
}

// same fails the test when two values differ.
func same[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		const most = 4000
		if len(diff) > most {
			diff = diff[:most] + "…"
		}
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// contains fails the test when a text lacks any of the parts.
func contains(t testing.TB, a answer, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(a.out+a.err, part) {
			t.Errorf("%q is missing: %s", part, a)
		}
	}
}

// The exit codes, as the manual lists them.
const (
	exitDone     = 0
	exitFailed   = 1
	exitProblems = 3
	exitChanges  = 4
	exitStopped  = 5
)
