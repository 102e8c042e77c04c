package nodes

import (
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// NODES_KILLS sets how often a node is killed; the usual number is for a quick
// run.
const usualKills = 12

func kills(t *testing.T) int {
	text := os.Getenv("NODES_KILLS")
	if text == "" {
		return usualKills
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("NODES_KILLS=%s is no number", text)
	}
	return n
}

// TestNodesAreKilled kills one of three nodes again and again, first the one that
// keeps the timetable, while the sources change. Three kills in four hit a node
// that has a job in hand, the fourth whatever a node is at.
func TestNodesAreKilled(t *testing.T) {
	t.Parallel()
	s := newSite(t, 1)
	s.serve(3)
	s.until("a node that keeps the timetable", 30*time.Second, func() bool { return s.leader() != nil })
	first := s.leader()
	victim := slices.Index(s.nodes, first)
	inHand := 0
	for n := range kills(t) {
		if n%4 != 3 {
			s.until("a job in hand", 30*time.Second, func() bool {
				if n > 0 {
					victim = s.random.IntN(len(s.nodes))
				}
				return s.isWorking(s.nodes[victim])
			})
		} else {
			victim = s.random.IntN(len(s.nodes))
		}
		for range 3 {
			s.change()
		}
		time.Sleep(time.Duration(s.random.IntN(150)) * time.Millisecond)
		if s.isWorking(s.nodes[victim]) {
			inHand++
		}
		s.nodes[victim].kill()
		s.nodes[victim] = s.start()
	}
	t.Logf("%d kills, %d of them of a node with a job in hand", kills(t), inHand)
	s.until("another node that keeps the timetable", 30*time.Second, func() bool { l := s.leader(); return l != nil && l != first })
	s.settle()
	s.audit()
}
