package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"rollcall/internal/rollcall"
)

// Subject is whom a directory is asked for.
type Subject struct {
	Login     string            // as whoever signs in writes it, or as the account has it
	Account   rollcall.ObjectID // 0: no account has the login
	Directory string            // the one that the account names; "" for none
}

// Person is the one entry of a directory that a subject is.
type Person struct {
	Directory string
	DN        string
	Key       string            // of the entry, whatever its DN
	Login     string            // what the directory calls it
	Account   rollcall.ObjectID // 0 for none
	IsTied    bool              // a run tied the account to the entry
	Password  string            // when the password was changed last, in the directory's own words
}

// Directories proves the passwords of accounts that live in a directory. What it
// refuses is of kind Unauthorized; anything else is trouble with a directory.
type Directories interface {
	// Find finds the entry that a subject is, in the first directory that has one. It
	// refuses one that is not there, that is there twice, or whose account is disabled,
	// locked or expired there.
	Find(ctx context.Context, s Subject) (*Person, error)
	// Authenticate tries a password, which is never empty, as the person: once, at one
	// server that answers. A refusal that is a Barred is of the account.
	Authenticate(ctx context.Context, p *Person, password rollcall.Secret) error
	// Follow has the registry follow the entry of a person who signed in, as far as
	// that is wanted: it makes the account of one who has none, or brings that of one
	// who has up to date. It returns the account: 0 when there is none to be. What
	// keeps the person out is of kind Unauthorized; for anything else the account as it
	// stands will do.
	Follow(ctx context.Context, p *Person) (rollcall.ObjectID, error)
}

// Barred is a refusal that tells nothing of the password: the account is locked,
// say.
type Barred struct{ Err error }

// Error returns the directory's words.
func (b *Barred) Error() string { return b.Err.Error() }

// Unwrap returns the cause.
func (b *Barred) Unwrap() error { return b.Err }

// Trouble is a directory that could not be asked. Its accounts cannot sign in
// meanwhile; all others can.
type Trouble struct {
	Directory string
	Err       error
}

// Error is for the log: it tells the cause.
func (t *Trouble) Error() string {
	return fmt.Sprintf("the directory %s cannot be asked at the moment, so accounts that live there cannot sign in; other accounts can: %v", t.Directory, t.Err)
}

// Unwrap returns the cause.
func (t *Trouble) Unwrap() error { return t.Err }

// Public is what whoever wants to come in may read.
func (t *Trouble) Public() string {
	return fmt.Sprintf("the directory %s cannot be asked at the moment, so accounts that live there cannot sign in; other accounts can: try again later", t.Directory)
}

// troubled says that a directory could not be asked, unless it refused.
func troubled(directory string, err error) error {
	if err == nil || rollcall.KindOf(err) == rollcall.Unauthorized {
		return err
	}
	if _, ok := errors.AsType[*Trouble](err); !ok {
		err = &Trouble{Directory: directory, Err: err}
	}
	return rollcall.Errorf(rollcall.Unavailable, "%w", err)
}

// byDirectory proves the password of an account that lives in a directory, and
// returns the account as it is then.
func (s *Service) byDirectory(ctx context.Context, c Credentials, object *rollcall.Object) (*rollcall.Object, error) {
	who := Subject{Login: object.Get("login"), Account: object.ID, Directory: object.Get("ldap_server")}
	p, err := s.Directories.Find(ctx, who)
	if err != nil {
		return nil, troubled(who.Directory, err)
	}
	if err := s.authenticate(ctx, p, c.Password); err != nil {
		return nil, err
	}
	return s.follow(ctx, p, object)
}

// stranger proves the password of somebody whose login is no account's: one who
// writes it as DOMAIN\login, as name@domain or as a DN, or who has no account yet.
func (s *Service) stranger(ctx context.Context, c Credentials) (*rollcall.Object, error) {
	p, err := s.Directories.Find(ctx, Subject{Login: c.Login})
	if err != nil {
		return nil, troubled("", err)
	}
	object, err := s.accountOf(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := s.authenticate(ctx, p, c.Password); err != nil {
		return nil, err
	}
	return s.follow(ctx, p, object)
}

// accountOf returns the account of a person, nil when there is none. An account
// that no run tied to the entry counts when asking for it leads to the same one.
func (s *Service) accountOf(ctx context.Context, p *Person) (*rollcall.Object, error) {
	if p.Account != 0 {
		return s.reread(ctx, p.Account)
	}
	object, err := s.find(ctx, p.Login, []string{ClassInternal})
	if err != nil || object == nil {
		return nil, err
	}
	if !s.Model.IsA(object.Class.Name, classLDAP) {
		return nil, rollcall.Errorf(rollcall.Unauthorized, "%q is an account of the program itself, and stays one", p.Login)
	}
	same, err := s.Directories.Find(ctx, Subject{Login: object.Get("login"), Account: object.ID, Directory: object.Get("ldap_server")})
	if err != nil {
		return nil, troubled(p.Directory, err)
	}
	if same.Directory != p.Directory || same.Key != p.Key {
		return nil, rollcall.Errorf(rollcall.Unauthorized, "the account %q is that of %s, not of %s", p.Login, same.DN, p.DN)
	}
	p.Account = object.ID
	return object, nil
}

// authenticate tries a password as a person, unless that was done with this very
// password already, or too many others were wrong.
func (s *Service) authenticate(ctx context.Context, p *Person, password rollcall.Secret) error {
	guess := &asking{account: s.proofs.sum([]string{p.Directory, p.Key}), name: publicName(p.Directory, p.Key)}
	guess.password = s.proofs.sum([]string{p.Directory, p.Key, p.Password, password.Reveal()})
	verdict, err := s.guesses.open(ctx, guess)
	switch {
	case err != nil:
		return err
	case verdict == guessedBefore:
		return rollcall.Errorf(rollcall.Unauthorized, "wrong password for %s, as before: the directory %s was not asked again", p.DN, p.Directory)
	case verdict == guessedOut:
		s.limited.Add(1)
		return rollcall.Errorf(rollcall.Unauthorized, "too many wrong passwords for %s within %s: the directory %s was not asked, so as not to lock the account there", p.DN, s.Spare.Within, p.Directory)
	}
	err = s.Directories.Authenticate(ctx, p, password)
	isRefused := err != nil && rollcall.KindOf(err) == rollcall.Unauthorized
	_, isBarred := errors.AsType[*Barred](err)
	if err := s.guesses.close(ctx, guess, err == nil, isRefused && !isBarred); err != nil {
		s.Log.Warn("the end of a question to a directory was not noted", slog.String("directory", p.Directory), slog.Any("err", err))
	}
	if isRefused {
		s.Log.Info("the directory refused a sign-in", slog.String("directory", p.Directory), slog.String("dn", p.DN), slog.Any("err", err))
	}
	return troubled(p.Directory, err)
}

// follow has the registry follow the entry of a person, and returns the account.
func (s *Service) follow(ctx context.Context, p *Person, object *rollcall.Object) (*rollcall.Object, error) {
	if p.Account == 0 && object != nil {
		p.Account = object.ID
	}
	id, err := s.Directories.Follow(ctx, p)
	switch {
	case err != nil && (object == nil || rollcall.KindOf(err) == rollcall.Unauthorized):
		return nil, err
	case err != nil:
		s.Log.Warn("an account was not brought up to date at its sign-in", slog.String("account", object.Get("login")), slog.Any("err", err))
		return object, nil
	case id == 0:
		return nil, rollcall.Errorf(rollcall.Unauthorized, "%s has no account", p.DN)
	}
	return s.reread(ctx, id)
}
