package api

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

// Gate says who may call an operation.
type Gate string

// The gates. Whoever passes one may still lack a right on the thing that is
// asked for: the description of the operation says so.
const (
	GateOpen          Gate = "anybody"       // asks for no sign-in
	GateAccount       Gate = "account"       // every account, those of the portal too
	GateBackOffice    Gate = "back office"   // every account but those of the portal; its rights on classes say what it sees
	GateRunner        Gate = "runner"        // administrators, and accounts that a data source names: for those sources
	GateAdministrator Gate = "administrator" // the profile Administrator
)

// gateText is what the document says of a gate.
var gateText = map[Gate]string{
	GateOpen:          "Anybody may ask.",
	GateAccount:       "Every account may ask.",
	GateBackOffice:    "Every account but those with the profile Portal user may ask; what it sees follows its profiles and allowed organizations.",
	GateRunner:        "Administrators may ask, and accounts that a data source names as its user: for those data sources.",
	GateAdministrator: "Accounts with the profile Administrator may ask.",
}

// tokenScope is what a personal token must be good for.
const tokenScope = "REST/JSON"

// call is one request, and whoever sent it.
type call struct {
	*Service
	request *http.Request
	account *auth.Account   // nil behind GateOpen
	session rollcall.Secret // of a request that showed one
}

// by names who asks, for the records.
func (c *call) by() string { return c.account.Name }

// admit finds out who asks and whether they may pass a gate.
func (c *call) admit(ctx context.Context, gate Gate) error {
	if _, secure := c.From(c.request); c.SecureOnly && !secure {
		return rollcall.Errorf(rollcall.Forbidden, "plain HTTP is refused here: use https")
	}
	if gate == GateOpen {
		return nil
	}
	if err := c.signedIn(ctx); err != nil {
		return err
	}
	switch {
	case !c.account.InScope(tokenScope):
		return rollcall.Errorf(rollcall.Forbidden, "the personal token is not good for %s", tokenScope)
	case gate == GateAccount:
		return nil
	case !c.account.BackOffice():
		return rollcall.Errorf(rollcall.Forbidden, "accounts with the profile %s may do no more than sign in", auth.ProfilePortal)
	case gate == GateAdministrator && !c.account.Administrator:
		return rollcall.Errorf(rollcall.Forbidden, "this asks for the profile %s", auth.ProfileAdministrator)
	}
	return nil // of GateRunner: the sources that are asked for decide
}

// signedIn reads the credentials of a request: the token of a session or of an
// application, or login and password.
func (c *call) signedIn(ctx context.Context) error {
	account, err := c.credentials(ctx)
	if err != nil {
		return c.unreachable(err)
	}
	c.account = account
	return nil
}

// unreachable says that a directory is out of reach in words that tell a
// stranger nothing of it.
func (c *call) unreachable(err error) error {
	if rollcall.KindOf(err) != rollcall.Unavailable {
		return err
	}
	from, _ := c.From(c.request)
	c.Log.Warn("a sign-in could not be judged", slog.String("from", from.String()), slog.Any("err", err))
	return rollcall.Errorf(rollcall.Unavailable, "%s", directoryDown)
}

// What is said of credentials. Why exactly is for the log alone.
const (
	noCredentials = "sign in first: send the token of POST " + prefix + "/sign-in in the header Authorization, as \"Bearer TOKEN\""
	wrongLogin    = "the login or the password is wrong, or the account may not sign in"
	wrongToken    = "the session has ended, or there is no such token"
	directoryDown = "the directory that knows the password does not answer; accounts with a password of their own can still sign in"
)

func (c *call) credentials(ctx context.Context) (*auth.Account, error) {
	kind, rest, _ := strings.Cut(c.request.Header.Get("Authorization"), " ")
	token := rollcall.Secret(c.request.Header.Get("Auth-Token"))
	switch {
	case strings.EqualFold(kind, "Bearer"):
		shown := rollcall.Secret(strings.TrimSpace(rest))
		account, err := c.Accounts.Resume(ctx, shown)
		if err == nil {
			c.session = shown
			return account, nil
		}
		if rollcall.KindOf(err) != rollcall.Unauthorized || !c.Tokens {
			return nil, c.refused(err, wrongToken)
		}
		token = shown
	case strings.EqualFold(kind, "Basic") && c.Basic:
		login, password, _ := c.request.BasicAuth()
		return c.signIn(ctx, login, rollcall.Secret(password))
	case token == "" || !c.Tokens:
		return nil, rollcall.Errorf(rollcall.Unauthorized, "%s", noCredentials)
	}
	account, err := c.Accounts.SignInToken(ctx, token)
	return account, c.refused(err, wrongToken)
}

// signIn proves a login and a password.
func (c *call) signIn(ctx context.Context, login string, password rollcall.Secret) (*auth.Account, error) {
	from, _ := c.From(c.request)
	account, err := c.Accounts.SignIn(ctx, auth.Credentials{Login: login, Password: password, From: from})
	return account, c.refused(err, wrongLogin)
}

// refused logs why credentials are not good, and says no more than that.
func (c *call) refused(err error, said string) error {
	if rollcall.KindOf(err) != rollcall.Unauthorized || err == nil {
		return err
	}
	from, _ := c.From(c.request)
	c.Log.Info("a sign-in was refused", slog.String("from", from.String()), slog.String("path", c.request.URL.Path), slog.Any("err", err))
	return rollcall.Errorf(rollcall.Unauthorized, "%s", said)
}

// mayRun refuses whoever is neither an administrator nor the user that all of
// some data sources name.
func (c *call) mayRun(sources ...Source) error {
	if c.account.Administrator {
		return nil
	}
	denied := slices.IndexFunc(sources, func(s Source) bool { return !c.account.MayRun(s.User) })
	if denied < 0 && len(sources) > 0 {
		return nil
	}
	if denied < 0 {
		return rollcall.Errorf(rollcall.Forbidden, "this asks for the profile %s", auth.ProfileAdministrator)
	}
	return rollcall.Errorf(rollcall.Forbidden, "data source %s is run by administrators and by the user that it names", sources[denied].Name)
}
