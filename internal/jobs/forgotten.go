package jobs

import (
	"context"
	"log/slog"
	"sync"
)

// hand is what a node knows of the jobs that it works on.
type hand struct {
	mu      sync.Mutex
	working map[int64]bool
	missing map[int64]int // jobs that count as this node's and are not in hand: how often that was seen
}

// lostAfter is how often a job is seen to be forgotten before that is believed:
// the library takes up to 40 seconds to give up on writing down how one ended.
const lostAfter = 12

// hold notes that a job is in hand until the caller calls done.
func (h *hand) hold(id int64) (done func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.working == nil {
		h.working = map[int64]bool{}
	}
	h.working[id] = true
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.working, id)
	}
}

// lost takes the jobs that count as this node's, and returns those that it has
// not had in hand for long.
func (h *hand) lost(running []Job) []int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	missing := map[int64]int{}
	var lost []int64
	for i := range running {
		id := running[i].ID
		if h.working[id] {
			continue
		}
		if missing[id] = h.missing[id] + 1; missing[id] >= lostAfter {
			lost = append(lost, id)
		}
	}
	h.missing = missing
	return lost
}

// recall queues jobs again that count as this node's and are not: their end, or
// that they were handed out, was lost with the database. Nobody else would, as
// this node lives.
func (s *Service) recall(ctx context.Context) error {
	running, err := s.List(ctx, Filter{State: StateRunning})
	if err != nil {
		return err
	}
	own := running[:0]
	for _, j := range running {
		if j.Node == s.cfg.Node {
			own = append(own, j)
		}
	}
	for _, id := range s.hand.lost(own) {
		if err := s.queue.giveBack(ctx, id); err != nil {
			return err
		}
		s.cfg.Log.Warn("a job was in nobody's hand; it is queued again", slog.Int64("job", id))
	}
	return nil
}
