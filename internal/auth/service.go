package auth

import (
	"context"
	"net/netip"

	"rollcall/internal/rollcall"
)

// The classes of accounts that a way of signing in accepts.
const (
	ClassInternal = "UserInternal" // with a password: UserLocal and UserLDAP
	ClassExternal = "UserExternal" // the web server vouches for them
)

// Credentials are what somebody shows to come in.
type Credentials struct {
	Login    string
	Password rollcall.Secret
	From     netip.Addr // where they come from; the zero Addr for the command line
	Classes  []string   // which classes of accounts may come in this way; none: ClassInternal
}

// Service signs accounts in.
type Service struct{}

// SignIn proves who somebody is. Whatever is wrong (no such login, a wrong
// password, a disabled account, too many tries), the error is of kind
// Unauthorized; what it says is for the log, not for whoever asked.
func (s *Service) SignIn(ctx context.Context, c Credentials) (*Account, error) {
	return nil, rollcall.Errorf(rollcall.Unauthorized, "not built yet")
}

// SignInExternal takes the word of the web server for who somebody is.
func (s *Service) SignInExternal(ctx context.Context, login string) (*Account, error) {
	return nil, rollcall.Errorf(rollcall.Unauthorized, "not built yet")
}

// SignInToken signs in with an application or a personal token.
func (s *Service) SignInToken(ctx context.Context, token rollcall.Secret, from netip.Addr) (*Account, error) {
	return nil, rollcall.Errorf(rollcall.Unauthorized, "not built yet")
}

// SignInCommandLine signs in for the command-line forms of the web services:
// internal accounts first, then external ones, for which any password will do
// (iTop 3.2.0).
func (s *Service) SignInCommandLine(ctx context.Context, login string, password rollcall.Secret) (*Account, error) {
	return nil, rollcall.Errorf(rollcall.Unauthorized, "not built yet")
}

// CheckCredentials reports whether a login and a password belong together, for
// core/check_credentials. The error tells of trouble of our own, such as an
// unreachable directory.
func (s *Service) CheckCredentials(ctx context.Context, c Credentials) (bool, error) {
	return false, nil
}
