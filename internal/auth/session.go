package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"maps"
	"sync"
	"time"

	"rollcall/internal/rollcall"
)

// How long a browser stays signed in without asking for anything, and at most.
const (
	sessionIdle  = 30 * time.Minute
	sessionLimit = 12 * time.Hour
	mostSessions = 10_000
)

// sessions are the browsers that signed in through the login form. They are
// kept in memory, under the hash of what the browser holds: after a restart
// everybody signs in again.
type sessions struct {
	mu     sync.Mutex
	byHash map[[sha256.Size]byte]*session
}

type session struct {
	account   rollcall.ObjectID
	sum       proofKey // of the account's row when the password was proved
	since     time.Time
	lastAsked time.Time
}

// StartSession opens a session for an account that just signed in, and returns
// what its browser is to show from now on.
func (s *Service) StartSession(ctx context.Context, a *Account) (rollcall.Secret, error) {
	object, err := s.reread(ctx, a.Ref.ID)
	if err != nil {
		return "", err
	}
	token := rollcall.Secret(rand.Text())
	now := s.Now()
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	if s.sessions.byHash == nil {
		s.sessions.byHash = map[[sha256.Size]byte]*session{}
	}
	if len(s.sessions.byHash) >= mostSessions {
		maps.DeleteFunc(s.sessions.byHash, func(_ [sha256.Size]byte, one *session) bool { return one.over(now) })
	}
	if len(s.sessions.byHash) >= mostSessions {
		return "", rollcall.Errorf(rollcall.Unavailable, "%d browsers are signed in: no room for one more", mostSessions)
	}
	s.sessions.byHash[sha256.Sum256([]byte(token))] = &session{account: a.Ref.ID, sum: s.rowSum(object), since: now, lastAsked: now}
	return token, nil
}

func (one *session) over(now time.Time) bool {
	return now.Sub(one.lastAsked) >= sessionIdle || now.Sub(one.since) >= sessionLimit
}

// Resume returns the account of a session, as it stands now. A session ends when
// it was idle too long, and as soon as its account is disabled, gone, or changed
// in any other way.
func (s *Service) Resume(ctx context.Context, token rollcall.Secret) (*Account, error) {
	hash := sha256.Sum256([]byte(token))
	now := s.Now()
	s.sessions.mu.Lock()
	one := s.sessions.byHash[hash]
	if one != nil && one.over(now) {
		delete(s.sessions.byHash, hash)
		one = nil
	}
	if one != nil {
		one.lastAsked = now
	}
	s.sessions.mu.Unlock()
	if one == nil {
		return nil, rollcall.Errorf(rollcall.Unauthorized, "there is no such session")
	}
	object, err := s.reread(ctx, one.account)
	if err != nil {
		return nil, err
	}
	if object.Get("status") != "enabled" || s.rowSum(object) != one.sum {
		s.EndSession(token)
		return nil, rollcall.Errorf(rollcall.Unauthorized, "account %q changed since its session began", object.Get("login"))
	}
	return s.account(ctx, object)
}

// EndSession ends a session; one that does not exist has ended.
func (s *Service) EndSession(token rollcall.Secret) {
	s.sessions.mu.Lock()
	defer s.sessions.mu.Unlock()
	delete(s.sessions.byHash, sha256.Sum256([]byte(token)))
}

// reread reads an account by its ID.
func (s *Service) reread(ctx context.Context, id rollcall.ObjectID) (*rollcall.Object, error) {
	objects, err := s.Store.Objects(ctx, s.user, []rollcall.ObjectID{id})
	if err != nil {
		return nil, err
	}
	if len(objects) == 0 {
		return nil, rollcall.Errorf(rollcall.Unauthorized, "the account is gone")
	}
	return &objects[0], nil
}
