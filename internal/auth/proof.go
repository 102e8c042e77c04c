package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"sync"
	"time"

	"rollcall/internal/rollcall"
)

// proof is a password that was proved a while ago, and the account as it was
// read last. The password itself is not kept.
type proof struct {
	key        proofKey
	account    *Account
	sum        proofKey // of the account's row: another row needs another proof
	until      time.Time
	readAt     time.Time
	generation int64
}

// Bounds of what is remembered.
const (
	mostProofs = 10_000
	// rereadAfter is how long an account that is in use may go without being read
	// again: other processes write to the database too.
	rereadAfter = time.Second
	// directoryProof is the longest that a directory's word counts.
	directoryProof = time.Minute
)

// proofs remembers passwords that were proved, by a keyed hash of login and
// password. The key is drawn at the start and never leaves the process.
type proofs struct {
	secret []byte

	mu    sync.Mutex
	byKey map[proofKey]*proof
}

func newProofs() *proofs {
	p := &proofs{secret: make([]byte, sha256.Size), byKey: map[proofKey]*proof{}}
	rand.Read(p.secret) // never fails
	return p
}

// key hashes its parts, each with its length.
func (p *proofs) key(login string, password rollcall.Secret, classes []string) proofKey {
	parts := append([]string{login, password.Reveal()}, classes...)
	return p.sum(parts)
}

func (p *proofs) sum(parts []string) (k proofKey) {
	h := hmac.New(sha256.New, p.secret)
	var length [8]byte
	for _, part := range parts {
		binary.LittleEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	h.Sum(k[:0])
	return k
}

// get returns what is known under a key: a proof without an account when
// nothing is.
func (p *proofs) get(k proofKey) *proof {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := p.byKey[k]; known != nil {
		return known
	}
	return &proof{key: k}
}

// put keeps a proof in place of an older one.
func (p *proofs) put(one *proof, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.byKey) >= mostProofs {
		maps.DeleteFunc(p.byKey, func(_ proofKey, old *proof) bool { return now.After(old.until) })
	}
	for k := range p.byKey {
		if len(p.byKey) < mostProofs {
			break
		}
		delete(p.byKey, k)
	}
	p.byKey[one.key] = one
}

// fresh returns the account of a proof that is so new that nothing need be
// read, nil otherwise.
func (s *Service) fresh(p *proof) *Account {
	now := s.Now()
	if p.account == nil || now.After(p.until) || now.Sub(p.readAt) >= rereadAfter || p.generation != s.generation.Load() {
		return nil
	}
	return p.account
}

// holds reports whether a proof still holds for an account as it is read now.
func (s *Service) holds(p *proof, object *rollcall.Object) bool {
	return p.account != nil && object != nil && !s.Now().After(p.until) && p.sum == s.rowSum(object)
}

// rowSum is a hash of all that an account's row says, its password's hash
// included.
func (s *Service) rowSum(object *rollcall.Object) proofKey {
	return s.proofs.sum(rowParts(object))
}

func rowParts(object *rollcall.Object) []string {
	return append([]string{object.Class.Name, itoa(object.ID)}, object.Values...)
}

// remember keeps a proof: with a new term when the password was proved just now,
// with what is left of the old one otherwise.
func (s *Service) remember(c Credentials, object *rollcall.Object, a *Account, old *proof, generation int64) {
	now := s.Now()
	next := &proof{
		key: s.proofs.key(c.Login, c.Password, c.Classes), account: a, sum: s.rowSum(object),
		readAt: now, generation: generation, until: now.Add(s.Remember),
	}
	if s.Model.IsA(object.Class.Name, classLDAP) {
		next.until = now.Add(min(s.Remember, directoryProof))
	}
	if old != nil {
		next.until = old.until
	}
	s.proofs.put(next, now)
}
