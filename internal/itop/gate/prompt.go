package gate

import (
	_ "embed" // the login form
	"fmt"
	"html/template"
	"net/http"
	"slices"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

// version is the release of iTop whose services these are.
const version = "3.2.0"

// sessionCookie holds a browser's session.
const sessionCookie = "rollcall_session"

// Prompt guards a page that shows the login form to whoever is not let in
// ("prompt style": export, export-v2, cron, replica). Here a browser's session
// counts as well.
func (g *Gate) Prompt(scope string, page Page) http.Handler {
	return g.handler(func(w http.ResponseWriter, r *Request) {
		account, refused, err := g.recognise(r)
		switch {
		case err != nil:
			g.broken(w, r.HTTP, err)
		case refused == nil:
			g.startSession(w, r, account)
			r.Account = account
			page(r.HTTP.Context(), w, r)
		default:
			g.prompt(w, r, refused)
		}
	}, scope, func(w http.ResponseWriter, _ *Request, refused *Refusal) {
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		_, _ = fmt.Fprintf(w, "<p>Error: %s</p>", template.HTMLEscapeString(refused.Message))
	})
}

// recognise signs in, by a session if the request brings no credentials.
func (g *Gate) recognise(r *Request) (*auth.Account, *Refusal, error) {
	cookie, err := r.HTTP.Cookie(sessionCookie)
	if err != nil || g.mode(r) != "" && g.shows(r, g.mode(r)) {
		return g.signIn(r)
	}
	account, err := g.Accounts.Resume(r.HTTP.Context(), rollcall.Secret(cookie.Value))
	switch {
	case err != nil && rollcall.KindOf(err) == rollcall.Unauthorized:
		return nil, refusal(WrongCredentials), nil
	case err != nil:
		return nil, nil, err
	case !account.BackOffice():
		return nil, refusal(PortalUser), nil
	}
	return account, nil, nil
}

// startSession opens a session for a browser that used the login form. Programs
// do not send its hidden field, and get none.
func (g *Gate) startSession(w http.ResponseWriter, r *Request, account *auth.Account) {
	if r.Params.PostedText("loginop") != "login" || g.mode(r) != ModeForm {
		return
	}
	token, err := g.Accounts.StartSession(r.HTTP.Context(), account)
	if err != nil {
		return // the page is shown all the same; the next one asks again
	}
	_, secure := g.From(r.HTTP)
	http.SetCookie(w, &http.Cookie{
		Name: sessionCookie, Value: token.Reveal(), Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode,
	})
}

// prompt answers somebody who was not let in.
func (g *Gate) prompt(w http.ResponseWriter, r *Request, refused *Refusal) {
	h := w.Header()
	mode := g.mode(r)
	switch {
	case refused.Code == PortalUser:
		http.Redirect(w, r.HTTP, g.Home, http.StatusFound)
		return
	case mode == ModeBasic:
		h.Set("WWW-Authenticate", `Basic realm="iTop version `+version+`"`)
		h.Set("Content-Type", "text/html; charset=UTF-8")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprint(w, "<p><strong>iTop access to this page is restricted. Please, contact an iTop administrator.</strong></p>")
		return
	case r.HTTP.Header.Get("X-Combodo-Ajax") != "":
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	h.Set("Expires", "0")
	h.Set("Cache-Control", "no-cache, no-store, must-revalidate")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'self'")
	h.Set("Content-Type", "text/html; charset=UTF-8")
	_ = loginForm.Execute(w, loginView{
		Login:  r.Params.Raw("auth_user", ""),
		Failed: mode == ModeForm && g.shows(r, ModeForm),
		Kept:   r.Params.kept(),
	})
}

// loginView is what the login form shows.
type loginView struct {
	Login  string
	Failed bool
	Kept   []keptField
}

type keptField struct{ Name, Value string }

// kept lists the fields of the body that the login form sends again, so that the
// page comes up as it was asked for. What is too long to be typed is left out.
func (p *Params) kept() (list []keptField) {
	for name, f := range p.body {
		switch name {
		case "auth_user", "auth_pwd", "auth_token", "login_mode", "loginop":
			continue
		}
		if f.size <= longestKept {
			list = append(list, keptField{name, f.text()})
		}
	}
	slices.SortFunc(list, func(a, b keptField) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return list
}

const longestKept = 4096

//go:embed login.html
var loginText string

var loginForm = template.Must(template.New("login").Parse(loginText))
