package auth

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"rollcall/internal/rollcall"
)

// Limits bound how often a password may be tried and found wrong. A bucket of
// tries is full at first, loses one with every failure and gains one in each
// Every. A sign-in that succeeds costs nothing.
type Limits struct {
	Pair    Bucket // one account from one address
	Address Bucket // all accounts from one address
	Account Bucket // one account from all addresses
}

// Bucket is one limit.
type Bucket struct {
	Tries int
	Every time.Duration // how long until one try comes back
}

// DefaultLimits let a person mistype and a program be wrong for a while, and
// make guessing hopeless: ten tries and then ten a minute for one account from
// one address. Many addresses together still get less than two a second.
func DefaultLimits() Limits {
	return Limits{
		Pair:    Bucket{Tries: 10, Every: 6 * time.Second},
		Address: Bucket{Tries: 60, Every: time.Second},
		Account: Bucket{Tries: 120, Every: 600 * time.Millisecond},
	}
}

// tryKey names a bucket: one of its two parts may be empty.
type tryKey struct {
	from  netip.Prefix
	login string // folded
}

// limiter counts failures. Buckets that are full again are forgotten, and there
// are never more than mostBuckets: a stranger cannot fill the memory. Where
// several nodes count together, its own buckets are what it heard of theirs last:
// one that was empty is not asked for before a try has come back to it, so that
// guessing costs the database no more than the guesses that are allowed.
type limiter struct {
	limits Limits
	now    func() time.Time
	shared Shared // nil: there is no other node

	mu    sync.Mutex
	tries map[tryKey]*tries
}

type tries struct {
	left float64
	at   time.Time
}

const mostBuckets = 100_000

func newLimiter(limits Limits, now func() time.Time, shared Shared) *limiter {
	return &limiter{limits: limits, now: now, shared: shared, tries: map[tryKey]*tries{}}
}

// network is what counts as one address: an IPv6 host can pick any of 2^64.
func network(a netip.Addr) netip.Prefix {
	a = a.Unmap()
	bits := 64
	if a.Is4() {
		bits = 32
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{} // the command line: no address
	}
	return p
}

// buckets lists the buckets that a sign-in draws from, the pair first.
func (l *limiter) buckets(from netip.Addr, login string) (keys [3]tryKey, limits [3]Bucket) {
	p := network(from)
	return [3]tryKey{{p, login}, {from: p}, {login: login}}, [3]Bucket{l.limits.Pair, l.limits.Address, l.limits.Account}
}

// pairEmpty reports whether an account has no tries left from an address.
func (l *limiter) pairEmpty(from netip.Addr, login string) bool {
	keys, limits := l.buckets(from, login)
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tries[keys[0]]
	return t != nil && l.level(t, limits[0]) < 1
}

// take draws one try from all buckets, before the password is looked at: tries
// that run side by side count too. It reports false, and draws nothing, when one
// bucket is empty. Refund gives the try back.
func (l *limiter) take(ctx context.Context, from netip.Addr, login string) (bool, error) {
	keys, limits := l.buckets(from, login)
	if isAny := l.draw(keys, limits); !isAny || l.shared == nil {
		return isAny, nil
	}
	draws := sharedDraws(keys, limits)
	owed, drawn, err := l.shared.Draw(ctx, draws)
	if err != nil {
		return false, err
	}
	l.learn(keys, limits, owed)
	return drawn, nil
}

// draw is take as far as this node knows. What several count together is drawn
// there.
func (l *limiter) draw(keys [3]tryKey, limits [3]Bucket) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for i, k := range keys {
		if t := l.tries[k]; t != nil && l.level(t, limits[i]) < 1 {
			return false
		}
	}
	if l.shared != nil {
		return true
	}
	for i, k := range keys {
		left := float64(limits[i].Tries)
		if t := l.tries[k]; t != nil {
			left = l.level(t, limits[i])
		}
		l.set(k, limits[i], left-1, now)
	}
	return true
}

// refund gives back what take drew.
func (l *limiter) refund(ctx context.Context, from netip.Addr, login string) error {
	keys, limits := l.buckets(from, login)
	if l.shared != nil {
		ctx, cancel := detached(ctx)
		defer cancel()
		owed, err := l.shared.GiveBack(ctx, sharedDraws(keys, limits))
		if err == nil {
			l.learn(keys, limits, owed)
		}
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for i, k := range keys {
		if t := l.tries[k]; t != nil {
			l.set(k, limits[i], l.level(t, limits[i])+1, now)
		}
	}
	return nil
}

// learn notes how the buckets of all nodes stand.
func (l *limiter) learn(keys [3]tryKey, limits [3]Bucket, owed []time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for i, k := range keys {
		l.set(k, limits[i], float64(limits[i].Tries)-float64(owed[i])/float64(limits[i].Every), now)
	}
}

// set notes how many tries a bucket has. One that is full is forgotten.
func (l *limiter) set(k tryKey, limit Bucket, left float64, now time.Time) {
	if left >= float64(limit.Tries) {
		delete(l.tries, k)
		return
	}
	if l.tries[k] == nil {
		l.makeRoom(now)
	}
	l.tries[k] = &tries{left: left, at: now}
}

// sharedDraws are the buckets as all nodes call them, the pair first.
func sharedDraws(keys [3]tryKey, limits [3]Bucket) []rollcall.Draw {
	draws := make([]rollcall.Draw, len(keys))
	for i, k := range keys {
		draws[i] = rollcall.Draw{Every: limits[i].Every, Room: time.Duration(limits[i].Tries) * limits[i].Every}
		draws[i].Bucket = publicName(tryKinds[i], k.from.String(), k.login)
	}
	return draws
}

// tryKinds tell buckets apart, one part of which may be empty.
var tryKinds = [3]string{"pair", "address", "account"}

// level is how many tries are left by now.
func (l *limiter) level(t *tries, limit Bucket) float64 {
	gained := float64(l.now().Sub(t.at)) / float64(limit.Every)
	return min(t.left+gained, float64(limit.Tries))
}

// makeRoom forgets buckets when there are too many: those that are full again,
// else whichever come first.
func (l *limiter) makeRoom(now time.Time) {
	if len(l.tries) < mostBuckets {
		return
	}
	longest := time.Duration(0)
	for _, b := range []Bucket{l.limits.Pair, l.limits.Address, l.limits.Account} {
		longest = max(longest, time.Duration(b.Tries)*b.Every)
	}
	for k, t := range l.tries {
		if now.Sub(t.at) >= longest {
			delete(l.tries, k)
		}
	}
	spare := mostBuckets / 10
	for k := range l.tries {
		if len(l.tries) <= mostBuckets-spare {
			break
		}
		delete(l.tries, k)
	}
}
