package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"rollcall/internal/rollcall"
)

// The classes of tokens, and their attribute that holds a token's hash.
const (
	ClassUserToken     = "UserToken"     // an application: an account of its own
	ClassPersonalToken = "PersonalToken" // somebody's, for some purposes
	TokenAttribute     = "auth_token"
)

// shortestToken is what nobody can guess: no token of NewToken is shorter.
const shortestToken = 26

// NewToken draws a token. It cannot be guessed, so its plain hash is kept.
func NewToken() rollcall.Secret { return rollcall.Secret(rand.Text()) }

// HashToken returns the form in which a token is kept. Equal tokens have equal
// hashes: that is how one is found.
func HashToken(token rollcall.Secret) string {
	sum := sha256.Sum256([]byte(token.Reveal()))
	return "$sha256$" + hex.EncodeToString(sum[:])
}

// SignInToken signs in with an application token or a personal one. A personal
// token is its user, within its scopes and until it expires.
func (s *Service) SignInToken(ctx context.Context, token rollcall.Secret) (*Account, error) {
	a, err := s.signInToken(ctx, token)
	s.count(err)
	return a, err
}

func (s *Service) signInToken(ctx context.Context, token rollcall.Secret) (*Account, error) {
	if len(token) < shortestToken || len(token) > longestPassword {
		return nil, rollcall.Errorf(rollcall.Unauthorized, "no token is like that")
	}
	generation := s.generation.Load()
	known := s.proofs.get(s.proofs.key("", token, nil))
	if a := s.fresh(known); a != nil {
		return a, nil
	}
	object, personal, err := s.holder(ctx, token)
	if err != nil {
		return nil, err
	}
	if object.Get("status") != "enabled" {
		return nil, rollcall.Errorf(rollcall.Unauthorized, "account %q of a token is disabled", object.Get("login"))
	}
	a, err := s.account(ctx, object)
	if err != nil {
		return nil, err
	}
	a.Token = true
	if personal != nil {
		a.scopes = scopes(personal.Get("scope"))
	}
	now := s.Now()
	s.proofs.put(&proof{key: known.key, account: a, readAt: now, generation: generation, until: now.Add(rereadAfter)}, now)
	return a, nil
}

// holder finds the account that a token stands for, and the personal token that
// it is.
func (s *Service) holder(ctx context.Context, token rollcall.Secret) (account, personal *rollcall.Object, err error) {
	hash := HashToken(token)
	if application, err := s.byToken(ctx, ClassUserToken, hash); err != nil || application != nil {
		return application, nil, err
	}
	personal, err = s.byToken(ctx, ClassPersonalToken, hash)
	if err != nil {
		return nil, nil, err
	}
	if personal == nil {
		return nil, nil, rollcall.Errorf(rollcall.Unauthorized, "there is no such token")
	}
	if until := personal.Get("expiration_date"); until != "" {
		end, err := time.Parse(rollcall.DateTimeLayout, until)
		if err != nil || !s.Now().Before(end) {
			return nil, nil, rollcall.Errorf(rollcall.Unauthorized, "personal token %d expired on %s", personal.ID, until)
		}
	}
	users, err := s.Store.Objects(ctx, s.user, []rollcall.ObjectID{parseID(personal.Get("user_id"))})
	if err != nil {
		return nil, nil, fmt.Errorf("read the user of personal token %d: %w", personal.ID, err)
	}
	if len(users) == 0 {
		return nil, nil, rollcall.Errorf(rollcall.Unauthorized, "personal token %d belongs to nobody", personal.ID)
	}
	return &users[0], personal, nil
}

// byToken finds the one object of a class that keeps a hash, nil for none.
func (s *Service) byToken(ctx context.Context, name, hash string) (*rollcall.Object, error) {
	class := s.Model.Class(name)
	if class == nil {
		return nil, nil
	}
	found, err := s.Store.Find(ctx, class, []string{TokenAttribute}, [][]string{{hash}})
	if err != nil {
		return nil, fmt.Errorf("find a token among %s: %w", name, err)
	}
	objects, err := s.Store.Objects(ctx, class, found[0])
	if err != nil || len(objects) != 1 {
		return nil, err
	}
	return &objects[0], nil
}

// scopes reads the scopes of a personal token. Without any it is good for
// nothing.
func scopes(text string) map[string]bool {
	set := map[string]bool{}
	for scope := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '|' || r == ',' || r == ';' }) {
		set[strings.TrimSpace(scope)] = true
	}
	return set
}
