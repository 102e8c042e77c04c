package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"log/slog"
	"net/netip"
	"runtime"
	"slices"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"rollcall/internal/rollcall"
)

// The classes of accounts that a way of signing in accepts.
const (
	ClassInternal = "UserInternal" // with a password: UserLocal and UserLDAP
	ClassExternal = "UserExternal" // the web server vouches for them

	classLocal = "UserLocal"
	classLDAP  = "UserLDAP"
)

// Credentials are what somebody shows to come in.
type Credentials struct {
	Login    string
	Password rollcall.Secret
	From     netip.Addr // where they come from; the zero Addr for the command line
	Classes  []string   // which classes of accounts may come in this way; none: ClassInternal
}

// accounts is what signing in reads of the registry.
type accounts interface {
	Find(ctx context.Context, class *rollcall.Class, attrs []string, keys [][]string) ([][]rollcall.ObjectID, error)
	Objects(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) ([]rollcall.Object, error)
	Links(ctx context.Context, attr *rollcall.Attribute, hosts []rollcall.ObjectID) ([][]rollcall.Link, error)
	Names(ctx context.Context, class *rollcall.Class, ids []rollcall.ObjectID) (map[rollcall.ObjectID]string, error)
	Scan(ctx context.Context, class *rollcall.Class, from rollcall.ObjectID, yield func(*rollcall.Object) error) error
}

// Config is what a Service works with. Zero values stand for the defaults.
type Config struct {
	Model       *rollcall.Model
	Store       accounts
	Directories Directories // nil: accounts of directories cannot sign in
	NoLocal     bool        // accounts with a password of their own cannot sign in
	Limits      Limits
	Spare       Spare // of the accounts of directories
	// Shared is what this node knows together with others; nil: it is the only one.
	Shared Shared
	// Remember is how long a proved password is not proved again: 5 minutes for
	// our own accounts, one minute at most for those of directories, which may
	// change behind our back. A new password or another state of the account
	// ends it at once.
	Remember time.Duration
	Now      func() time.Time
	Log      *slog.Logger
}

// Service signs accounts in.
type Service struct {
	Config
	user     *rollcall.Class
	limiter  *limiter
	guesses  *guesses
	flights  flights
	proofs   *proofs
	accents  accents
	sessions sessionKeeper
	hashing  chan struct{} // one token per hash that may be computed at once: each takes 19 MiB
	decoy    string        // the hash of a password that nobody has
	// generation moves with every write to the registry that may touch accounts.
	generation atomic.Int64
	failures   atomic.Int64
	limited    atomic.Int64
	accepted   atomic.Int64
	unjudged   atomic.Int64
	swept      atomic.Int64 // when what nodes know together was cleared up last
}

// New makes a service.
func New(c Config) (*Service, error) {
	if c.Limits == (Limits{}) {
		c.Limits = DefaultLimits()
	}
	if c.Spare == (Spare{}) {
		c.Spare = DefaultSpare()
	}
	if c.Remember == 0 {
		c.Remember = 5 * time.Minute
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	s := &Service{Config: c, user: c.Model.Class("User"), hashing: make(chan struct{}, runtime.GOMAXPROCS(0))}
	if s.user == nil {
		return nil, rollcall.Errorf(rollcall.Internal, "sign-in: the model has no class User")
	}
	s.limiter = newLimiter(c.Limits, c.Now, c.Shared)
	s.guesses = newGuesses(c.Spare, c.Now, c.Shared)
	if s.sessions = c.Shared; c.Shared == nil {
		s.sessions = newSessionMemory(c.Now)
	}
	s.proofs = newProofs()
	var err error
	s.decoy, err = Hash(rollcall.Secret(rand.Text()))
	return s, err
}

// Changed says that the registry was written: accounts are read anew from now
// on, instead of within a second.
func (s *Service) Changed() { s.generation.Add(1) }

// Counts returns how many sign-ins were refused since the start, and how many
// of them without a look at the password since there had been too many.
func (s *Service) Counts() (refused, limited int64) { return s.failures.Load(), s.limited.Load() }

// Judged returns how many sign-ins were accepted since the start, and how many
// could not be judged, since a directory or the database was out of reach.
func (s *Service) Judged() (accepted, unjudged int64) { return s.accepted.Load(), s.unjudged.Load() }

// count takes a sign-in into account, however it ended.
func (s *Service) count(err error) {
	switch {
	case err == nil:
		s.accepted.Add(1)
	case rollcall.KindOf(err) == rollcall.Unauthorized:
		s.failures.Add(1)
	default:
		s.unjudged.Add(1)
	}
}

// SignIn proves who somebody is. Whatever is wrong (no such login, a wrong
// password, a disabled account, too many tries), the error is of kind
// Unauthorized; what it says is for the log, not for whoever asked. Any other
// kind is trouble of our own.
func (s *Service) SignIn(ctx context.Context, c Credentials) (*Account, error) {
	a, err := s.signIn(ctx, c)
	s.count(err)
	return a, err
}

func (s *Service) signIn(ctx context.Context, c Credentials) (*Account, error) {
	if err := plausible(c.Login, c.Password); err != nil {
		return nil, err
	}
	if len(c.Classes) == 0 {
		c.Classes = []string{ClassInternal}
	}
	login := foldLogin(c.Login)
	if s.limiter.pairEmpty(c.From, login) {
		return nil, s.tooMany()
	}
	proof := s.proofs.get(s.proofs.key(c.Login, c.Password, c.Classes))
	if a := s.fresh(proof); a != nil {
		return a, nil
	}
	generation := s.generation.Load()
	object, err := s.find(ctx, c.Login, c.Classes)
	if err != nil {
		return nil, err
	}
	if s.holds(proof, object) {
		return s.admit(ctx, c, object, proof, generation)
	}
	return s.flights.share(ctx, proof.key, func() (*Account, error) {
		if a := s.fresh(s.proofs.get(proof.key)); a != nil {
			return a, nil // proved since it was looked for
		}
		object, err := s.prove(ctx, c, login, object)
		if err != nil {
			return nil, err
		}
		return s.admit(ctx, c, object, nil, generation)
	})
}

// admit lets an account in whose password is proved: just now, or by a proof that
// still holds.
func (s *Service) admit(ctx context.Context, c Credentials, object *rollcall.Object, proof *proof, generation int64) (*Account, error) {
	if object.Get("status") != "enabled" {
		return nil, rollcall.Errorf(rollcall.Unauthorized, "account %q is disabled", object.Get("login"))
	}
	a, err := s.account(ctx, object)
	if err != nil {
		return nil, err
	}
	s.remember(c, object, a, proof, generation)
	return a, nil
}

// longestLogin is far above what the registry takes.
const longestLogin = 255

// plausible refuses what nobody's login or password can be. The empty password
// is among it: a directory takes it for an anonymous sign-in, and succeeds.
func plausible(login string, password rollcall.Secret) error {
	switch {
	case login == "" || len(login) > longestLogin || !isText(login):
		return rollcall.Errorf(rollcall.Unauthorized, "no account can have such a login")
	case password == "":
		return rollcall.Errorf(rollcall.Unauthorized, "the password is empty")
	case len(password) > longestPassword || !isText(password.Reveal()):
		return rollcall.Errorf(rollcall.Unauthorized, "no account can have such a password")
	}
	return nil
}

// isText reports whether a text is valid UTF-8 without a NUL.
func isText(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == 0 {
			return false
		}
	}
	return utf8.ValidString(s)
}

func (s *Service) tooMany() error {
	s.limited.Add(1)
	return rollcall.Errorf(rollcall.Unauthorized, "too many wrong sign-ins for the account or from the address; they must wait")
}

// prove holds a password against an account, nil for one that does not exist,
// and returns the account. Both take as long.
func (s *Service) prove(ctx context.Context, c Credentials, login string, object *rollcall.Object) (*rollcall.Object, error) {
	s.sweep(ctx)
	drawn, err := s.limiter.take(ctx, c.From, login)
	if err != nil {
		return nil, err
	}
	if !drawn {
		return nil, s.tooMany()
	}
	object, err = s.proved(ctx, c, object)
	if err == nil || rollcall.KindOf(err) != rollcall.Unauthorized {
		if err := s.limiter.refund(ctx, c.From, login); err != nil {
			s.Log.Warn("a try to sign in was not given back", slog.Any("err", err))
		}
	}
	return object, err
}

// proved asks whoever keeps the password.
func (s *Service) proved(ctx context.Context, c Credentials, object *rollcall.Object) (*rollcall.Object, error) {
	switch {
	case object == nil:
		return s.unknown(ctx, c)
	case s.Model.IsA(object.Class.Name, classLocal):
		return object, s.local(ctx, c, object)
	case s.Model.IsA(object.Class.Name, classLDAP) && s.Directories != nil:
		return s.byDirectory(ctx, c, object)
	}
	return nil, rollcall.Errorf(rollcall.Unauthorized, "nobody can tell the password of %q", object.Get("login"))
}

// unknown is somebody with a login that no account has.
func (s *Service) unknown(ctx context.Context, c Credentials) (*rollcall.Object, error) {
	err := rollcall.Errorf(rollcall.Unauthorized, "there is no such account")
	if s.Directories != nil && slices.ContainsFunc(c.Classes, func(class string) bool { return s.Model.IsA(classLDAP, class) }) {
		var object *rollcall.Object
		if object, err = s.stranger(ctx, c); err == nil {
			return object, nil
		}
	}
	if rollcall.KindOf(err) == rollcall.Unauthorized {
		if _, err := s.verify(ctx, s.decoy, c.Password); err != nil {
			return nil, err
		}
	}
	return nil, err
}

// local proves the password of an account that has one of its own.
func (s *Service) local(ctx context.Context, c Credentials, object *rollcall.Object) error {
	hash := object.Get("password")
	if hash == "" || s.NoLocal { // iTop 3.2.0 accepts such an account, and nobody can sign in to it
		hash = s.decoy
	}
	right, err := s.verify(ctx, hash, c.Password)
	switch {
	case err != nil:
		return err
	case s.NoLocal:
		return rollcall.Errorf(rollcall.Unauthorized, "%q has a password of its own, and such accounts may not sign in here", object.Get("login"))
	case !right:
		return rollcall.Errorf(rollcall.Unauthorized, "wrong password for %q", object.Get("login"))
	}
	return nil
}

// verify computes no more hashes at once than there are processors.
func (s *Service) verify(ctx context.Context, hash string, password rollcall.Secret) (bool, error) {
	select {
	case s.hashing <- struct{}{}:
		defer func() { <-s.hashing }()
		return Verify(hash, password), nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// SignInExternal takes the word of the web server for who somebody is.
func (s *Service) SignInExternal(ctx context.Context, login string) (*Account, error) {
	if login == "" || len(login) > longestLogin || !isText(login) {
		return nil, rollcall.Errorf(rollcall.Unauthorized, "no account can have such a login")
	}
	object, err := s.find(ctx, login, []string{ClassExternal})
	if err != nil {
		return nil, err
	}
	if object == nil || object.Get("status") != "enabled" {
		s.failures.Add(1)
		return nil, rollcall.Errorf(rollcall.Unauthorized, "there is no such external account, or it is disabled")
	}
	return s.account(ctx, object)
}

// SignInAny tries internal accounts first and then external ones, for which any
// password will do: the command-line forms of the web services and
// core/check_credentials sign in so (iTop 3.2.0).
func (s *Service) SignInAny(ctx context.Context, c Credentials) (*Account, error) {
	c.Classes = []string{ClassInternal}
	a, err := s.SignIn(ctx, c)
	if err == nil || rollcall.KindOf(err) != rollcall.Unauthorized || c.Password == "" {
		return a, err
	}
	if external, err := s.SignInExternal(ctx, c.Login); err == nil {
		return external, nil
	}
	return nil, err
}

// CheckCredentials reports whether a login and a password belong together, for
// core/check_credentials. The error tells of trouble of our own, such as an
// unreachable directory.
func (s *Service) CheckCredentials(ctx context.Context, c Credentials) (bool, error) {
	_, err := s.SignInAny(ctx, c)
	if err != nil && rollcall.KindOf(err) == rollcall.Unauthorized {
		return false, nil
	}
	return err == nil, err
}

// proofKey stands for a login and a password; it is of no use outside the
// process.
type proofKey [sha256.Size]byte
