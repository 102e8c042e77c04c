package auth

import (
	"sync"
	"time"
)

// Spare says how many wrong passwords a directory is asked about for one of its
// accounts: fewer than lock the account there, or whoever can reach us could
// lock everybody out. A password that was wrong already is no new one.
type Spare struct {
	Tries  int
	Within time.Duration
}

// DefaultSpare stays below the five in half an hour that careful directories
// allow.
func DefaultSpare() Spare { return Spare{Tries: 4, Within: 30 * time.Minute} }

// guesses remembers the wrong passwords of each account of a directory, as keyed
// hashes, and when they were tried.
type guesses struct {
	spare Spare
	now   func() time.Time

	mu    sync.Mutex
	wrong map[proofKey][]guess
}

type guess struct {
	password proofKey
	at       time.Time
	isOpen   bool // the directory has not answered yet
}

// What becomes of a guess.
const (
	guessAsk      = iota // the directory may be asked
	guessedBefore        // it said no to this already
	guessedOut           // it was asked too often
)

func newGuesses(spare Spare, now func() time.Time) *guesses {
	return &guesses{spare: spare, now: now, wrong: map[proofKey][]guess{}}
}

// begin counts a guess before the directory is asked, so that those side by side
// count too.
func (g *guesses) begin(account, password proofKey) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.now()
	list := g.recent(g.wrong[account], now)
	if g.wrong[account] = list; len(list) == 0 {
		delete(g.wrong, account)
	}
	for i := range list {
		if list[i].password == password && !list[i].isOpen {
			return guessedBefore
		}
	}
	if len(list) >= g.spare.Tries {
		return guessedOut
	}
	g.makeRoom(now)
	g.wrong[account] = append(list, guess{password, now, true})
	return guessAsk
}

// end closes a guess: a right one forgives those before, as directories do; one
// that was not answered does not count.
func (g *guesses) end(account, password proofKey, isRight, isWrong bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if isRight {
		delete(g.wrong, account)
		return
	}
	list := g.wrong[account]
	for i := range list {
		if list[i].password != password || !list[i].isOpen {
			continue
		}
		if list[i].isOpen = false; !isWrong {
			list = append(list[:i], list[i+1:]...)
		}
		break
	}
	if g.wrong[account] = list; len(list) == 0 {
		delete(g.wrong, account)
	}
}

// recent drops the guesses that no longer count.
func (g *guesses) recent(list []guess, now time.Time) []guess {
	kept := list[:0]
	for _, one := range list {
		if now.Sub(one.at) < g.spare.Within {
			kept = append(kept, one)
		}
	}
	return kept
}

// makeRoom forgets accounts when there are too many: those whose guesses no
// longer count, else whichever come first.
func (g *guesses) makeRoom(now time.Time) {
	if len(g.wrong) < mostBuckets {
		return
	}
	for account, list := range g.wrong {
		if list = g.recent(list, now); len(list) == 0 || len(g.wrong) > mostBuckets-mostBuckets/10 {
			delete(g.wrong, account)
		} else {
			g.wrong[account] = list
		}
	}
}
