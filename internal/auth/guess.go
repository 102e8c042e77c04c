package auth

import (
	"context"
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
// hashes, and when they were tried. Several nodes count together how many there
// were; which, each keeps for itself, so that none of them is ever written down.
type guesses struct {
	spare  Spare
	now    func() time.Time
	shared Shared // nil: there is no other node

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

func newGuesses(spare Spare, now func() time.Time, shared Shared) *guesses {
	return &guesses{spare: spare, now: now, shared: shared, wrong: map[proofKey][]guess{}}
}

// asking is a question to a directory that is counted.
type asking struct {
	account, password proofKey
	name              string // of the account, for all nodes
	place             int    // that it has among the questions of all nodes
}

// open counts a question before the directory is asked, so that those side by
// side count too. Only what is to be asked must be closed.
func (g *guesses) open(ctx context.Context, a *asking) (verdict int, err error) {
	verdict = g.begin(a.account, a.password)
	if verdict != guessAsk || g.shared == nil {
		return verdict, nil
	}
	place, ok, err := g.shared.Claim(ctx, a.name, g.spare.Tries, g.spare.Within)
	if a.place = place; err == nil && ok {
		return guessAsk, nil
	}
	g.end(a.account, a.password, false, false)
	return guessedOut, err
}

// close notes how a question was answered.
func (g *guesses) close(ctx context.Context, a *asking, isRight, isWrong bool) error {
	g.end(a.account, a.password, isRight, isWrong)
	if g.shared == nil || isWrong {
		return nil
	}
	ctx, cancel := detached(ctx)
	defer cancel()
	if isRight {
		return g.shared.Forgive(ctx, a.name)
	}
	return g.shared.Unclaim(ctx, a.name, a.place)
}

// begin counts a guess of this node.
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
	if g.shared == nil && len(list) >= g.spare.Tries {
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
