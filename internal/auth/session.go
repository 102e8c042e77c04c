package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"sync"
	"time"

	"rollcall/internal/rollcall"
)

// How long somebody stays signed in without asking for anything, and at most.
const (
	sessionIdle  = 30 * time.Minute
	sessionLimit = 12 * time.Hour
	mostSessions = 10_000
	// seenEvery is how often the use of a session is noted.
	seenEvery = time.Minute
)

// sessionKeeper keeps the sessions of browsers and applications, under the hash
// of what they show.
type sessionKeeper interface {
	// AddSession keeps one, unless there are as many as may be: an Unavailable error.
	AddSession(ctx context.Context, one *rollcall.Session, most int) error
	Session(ctx context.Context, hash string) (one rollcall.Session, found bool, err error)
	SeeSession(ctx context.Context, hash string, at time.Time) error
	// EndSession forgets a session; one that is not there has ended.
	EndSession(ctx context.Context, hash string) error
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
	one := rollcall.Session{Hash: hashSession(token), Account: a.Ref.ID, Seal: seal(token, object), Since: now, Seen: now}
	s.sweep(ctx)
	if err := s.sessions.AddSession(ctx, &one, mostSessions); err != nil {
		return "", err
	}
	return token, nil
}

func hashSession(token rollcall.Secret) string {
	sum := sha256.Sum256([]byte(token.Reveal()))
	return hex.EncodeToString(sum[:])
}

// seal is a hash of all that an account's row says, by the token of a session: who
// has the sessions alone learns nothing of the row from it.
func seal(token rollcall.Secret, object *rollcall.Object) string {
	h := hmac.New(sha256.New, []byte(token.Reveal()))
	h.Write([]byte(publicName(rowParts(object)...)))
	return hex.EncodeToString(h.Sum(nil))
}

func isOver(one *rollcall.Session, now time.Time) bool {
	return now.Sub(one.Seen) >= sessionIdle || now.Sub(one.Since) >= sessionLimit
}

// Resume returns the account of a session, as it stands now. A session ends when
// it was idle too long, and as soon as its account is disabled, gone, or changed
// in any other way.
func (s *Service) Resume(ctx context.Context, token rollcall.Secret) (*Account, error) {
	hash, now := hashSession(token), s.Now()
	one, found, err := s.sessions.Session(ctx, hash)
	if err != nil {
		return nil, err
	}
	if !found || isOver(&one, now) {
		return nil, rollcall.Errorf(rollcall.Unauthorized, "there is no such session")
	}
	if now.Sub(one.Seen) >= seenEvery {
		if err := s.sessions.SeeSession(ctx, hash, now); err != nil {
			return nil, err
		}
	}
	object, err := s.reread(ctx, one.Account)
	if err != nil {
		return nil, err
	}
	if object.Get("status") != "enabled" || !hmac.Equal([]byte(seal(token, object)), []byte(one.Seal)) {
		if err := s.EndSession(ctx, token); err != nil {
			return nil, err
		}
		return nil, rollcall.Errorf(rollcall.Unauthorized, "account %q changed since its session began", object.Get("login"))
	}
	return s.account(ctx, object)
}

// EndSession ends a session; one that does not exist has ended.
func (s *Service) EndSession(ctx context.Context, token rollcall.Secret) error {
	return s.sessions.EndSession(ctx, hashSession(token))
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

// sessionMemory keeps the sessions of the only node there is. They end with the
// process.
type sessionMemory struct {
	now    func() time.Time
	mu     sync.Mutex
	byHash map[string]rollcall.Session
}

func newSessionMemory(now func() time.Time) *sessionMemory {
	return &sessionMemory{now: now, byHash: map[string]rollcall.Session{}}
}

// AddSession implements sessionKeeper.
func (m *sessionMemory) AddSession(_ context.Context, one *rollcall.Session, most int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.byHash) >= most {
		now := m.now()
		maps.DeleteFunc(m.byHash, func(_ string, old rollcall.Session) bool { return isOver(&old, now) })
	}
	if len(m.byHash) >= most {
		return rollcall.Errorf(rollcall.Unavailable, "%d sessions are open: no room for one more", most)
	}
	m.byHash[one.Hash] = *one
	return nil
}

// Session implements sessionKeeper.
func (m *sessionMemory) Session(_ context.Context, hash string) (one rollcall.Session, found bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	one, found = m.byHash[hash]
	return one, found, nil
}

// SeeSession implements sessionKeeper.
func (m *sessionMemory) SeeSession(_ context.Context, hash string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if one, found := m.byHash[hash]; found {
		one.Seen = at
		m.byHash[hash] = one
	}
	return nil
}

// EndSession implements sessionKeeper.
func (m *sessionMemory) EndSession(_ context.Context, hash string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.byHash, hash)
	return nil
}
