package gate

import (
	"cmp"
	"log/slog"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

// The login modes.
const (
	ModeForm     = "form"     // auth_user and auth_pwd in the body
	ModeBasic    = "basic"    // the header Authorization
	ModeURL      = "url"      // auth_user and auth_pwd anywhere
	ModeExternal = "external" // the web server in front vouches
	ModeToken    = "token"    // the header Auth-Token or the parameter auth_token

	modeRESTToken = "rest-token" // what older releases call ModeToken
)

// IsMode reports whether there is a login mode of that name.
func IsMode(name string) bool {
	switch name {
	case ModeForm, ModeBasic, ModeURL, ModeExternal, ModeToken, modeRESTToken:
		return true
	}
	return false
}

// IsTokenMode reports whether a login mode takes tokens.
func IsTokenMode(name string) bool { return name == ModeToken || name == modeRESTToken }

// mode chooses how a request signs in, "" for not at all. A mode that the
// request names counts if it is open; otherwise the first open one whose
// credentials are there, and the form last of all (iTop 3.2.0).
func (g *Gate) mode(r *Request) string {
	if named := r.Params.Get("login_mode", ""); g.open(named) {
		return named
	}
	for _, mode := range g.LoginTypes {
		if mode != ModeForm && g.shows(r, mode) {
			return mode
		}
	}
	if g.open(ModeForm) && g.shows(r, ModeForm) {
		return ModeForm
	}
	return ""
}

// shows reports whether a request carries what a mode looks for.
func (g *Gate) shows(r *Request, mode string) bool {
	switch mode {
	case ModeForm:
		return r.Params.PostedText("auth_user") != "" && r.Params.PostedText("auth_pwd") != ""
	case ModeBasic:
		return r.HTTP.Header.Get("Authorization") != ""
	case ModeURL:
		return r.Params.Raw("auth_user", "") != "" && r.Params.Raw("auth_pwd", "") != ""
	case ModeExternal:
		return g.External != nil && g.External(r.HTTP) != ""
	case ModeToken, modeRESTToken:
		return token(r) != ""
	}
	return false
}

// token returns the token that a request shows.
func token(r *Request) rollcall.Secret {
	return rollcall.Secret(cmp.Or(r.HTTP.Header.Get("Auth-Token"), r.Params.Raw("auth_token", "")))
}

// signIn finds out who asks, and whether they may use the back office. Exactly
// one of the results is set; an error means that it could not be found out.
func (g *Gate) signIn(r *Request) (*auth.Account, *Refusal, error) {
	account, err := g.credentials(r, g.mode(r))
	switch kind := rollcall.KindOf(err); {
	case err == nil:
	case kind == rollcall.Unauthorized, kind == rollcall.Unavailable:
		// A directory that does not answer refuses like a wrong password (iTop 3.2.0).
		level := slog.LevelInfo
		if kind == rollcall.Unavailable {
			level = slog.LevelWarn
		}
		from, _ := g.From(r.HTTP)
		g.Log.Log(r.HTTP.Context(), level, "a sign-in was refused", slog.String("from", from.String()), slog.String("path", r.HTTP.URL.Path), slog.Any("err", err))
		return nil, refusal(WrongCredentials), nil
	default:
		return nil, nil, err
	}
	switch {
	case !account.InScope(r.Context):
		return nil, refusal(WrongCredentials), nil
	case !account.BackOffice():
		return nil, refusal(PortalUser), nil
	}
	return account, nil, nil
}

// credentials signs in by one mode.
func (g *Gate) credentials(r *Request, mode string) (*auth.Account, error) {
	ctx := r.HTTP.Context()
	from, _ := g.From(r.HTTP)
	c := auth.Credentials{From: from, Classes: []string{auth.ClassInternal}}
	switch mode {
	case ModeForm:
		c.Login, c.Password = r.Params.PostedText("auth_user"), rollcall.Secret(r.Params.PostedText("auth_pwd"))
	case ModeURL:
		c.Login, c.Password = r.Params.Raw("auth_user", ""), rollcall.Secret(r.Params.Raw("auth_pwd", ""))
	case ModeBasic:
		// A password may contain colons (iTop 3.2.0, observed).
		login, password, _ := r.HTTP.BasicAuth()
		c.Login, c.Password = latin(login), rollcall.Secret(latin(password))
	case ModeExternal:
		if !g.shows(r, ModeExternal) {
			return nil, rollcall.Errorf(rollcall.Unauthorized, "the web server in front vouches for nobody")
		}
		return g.Accounts.SignInExternal(ctx, g.External(r.HTTP))
	case ModeToken, modeRESTToken:
		return g.Accounts.SignInToken(ctx, token(r))
	default:
		return nil, rollcall.Errorf(rollcall.Unauthorized, "no credentials came along")
	}
	return g.Accounts.SignIn(ctx, c)
}

// latin reads what is not UTF-8 as ISO-8859-1, which older browsers send.
func latin(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	text, err := charmap.ISO8859_1.NewDecoder().String(s)
	if err != nil {
		return s
	}
	return text
}
