package nodes

import (
	"testing"
	"time"
)

// TestNodesAreRestartedInTurn as an upgrade does it: each is stopped and started
// again while the others go on.
func TestNodesAreRestartedInTurn(t *testing.T) {
	t.Parallel()
	s := newSite(t, 2)
	s.serve(3)
	for n := range 6 {
		at := n % len(s.nodes)
		s.until("a job in hand", 30*time.Second, func() bool { return s.isWorking(s.nodes[at]) })
		for range 5 {
			s.change()
		}
		s.stop(s.nodes[at])
		s.nodes[at] = s.start()
	}
	s.settle()
	s.audit()
}

// TestPostgreSQLIsRestartedUnderLoad while jobs are in hand: what was not
// committed is done again, by nodes that go on.
func TestPostgreSQLIsRestartedUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSite(t, 3)
	s.serve(3)
	for range 3 {
		s.until("a job in hand", 30*time.Second, func() bool {
			s.change()
			return s.isWorking(s.nodes[0]) || s.isWorking(s.nodes[1]) || s.isWorking(s.nodes[2])
		})
		s.server.Restart(t)
	}
	s.until("jobs again", 30*time.Second, s.requeued)
	s.settle()
	s.audit()
}

// requeued has the jobs that failed with the database tried again at once, as an
// operator may, and reports whether all nodes are at work.
func (s *site) requeued() bool {
	rows, err := s.db.Query("SELECT id FROM river_job WHERE state = 'retryable'")
	if err != nil {
		return false
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return false
		}
		s.rollcall("rollcall.yaml", "jobs", "requeue", id)
	}
	for _, n := range s.nodes {
		if !n.isRunning() {
			s.t.Fatalf("a node did not outlive its database:\n%s", n.tail())
		}
	}
	return rows.Err() == nil
}
