package wire

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rollcall/test/lab/postgres"
)

// TestX37X38OnPostgreSQL holds that sign-in imports and refreshes there, too, and
// that several servers are one to whoever comes in.
func TestX37X38OnPostgreSQL(t *testing.T) {
	t.Parallel()
	server := postgres.Start(t)
	for name, test := range map[string]func(*testing.T, string){
		"AFirstSignInImports":             firstSignInImports,
		"AnAccountIsRefreshedAtSignIn":    refreshedAtSignIn,
		"SeveralServersKnowWhoComesIn":    oneEntrance,
		"SeveralServersLockNobodyOut":     guessedAtAll,
		"SeveralServersAreGuessedAtAsOne": limitedAtAll,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, server.Database(t))
		})
	}
}

// beside starts another server on the same registry.
func (s *entrance) beside(t *testing.T) *entrance {
	t.Helper()
	config, err := os.ReadFile(filepath.Join(s.dir, "rollcall.yaml"))
	must(t, err)
	return &entrance{serve(t, t.TempDir(), string(config)), s.ldap}
}

// api asks the API with a token, and returns the answer.
func (s *entrance) api(t *testing.T, method, path, token, body string) answer {
	t.Helper()
	r, err := http.NewRequest(method, s.url+"/api/v1"+path, strings.NewReader(body))
	must(t, err)
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return ask(t, r)
}

// oneEntrance: who was imported at one server is known to the others, who comes
// in at one is refreshed for all, and a session of one is good at all until it is
// ended at any.
func oneEntrance(t *testing.T, store string) {
	d := staffed(t, "ada")
	first := enterOn(t, store, d, "import: true, refresh: true, remember: 0", true)
	second := first.beside(t)
	d.Add(someone(d, "new"))
	first.comesIn("new", ldapPassword)
	second.comesIn("new", ldapPassword)
	second.ran("sign-in completed, sync completed")
	d.Modify("dn: uid=new,ou=people," + d.BaseDN + "\nchangetype: modify\nreplace: telephoneNumber\ntelephoneNumber: 4711\n")
	second.comesIn("new", ldapPassword)
	first.comesIn("new", ldapPassword)
	first.ran("sign-in completed, sign-in completed, sync completed")
	first.shows("SELECT Person WHERE email = 'new@example.org'", "phone", "4711")

	signedIn := first.api(t, http.MethodPost, "/sign-in", "", fmt.Sprintf(`{"login":"new","password":%q}`, ldapPassword))
	var session struct{ Token string }
	must(t, json.Unmarshal([]byte(signedIn.body), &session))
	for _, s := range []*entrance{first, second} {
		if a := s.api(t, http.MethodGet, "/me", session.Token, ""); a.status != http.StatusOK || !strings.Contains(a.body, `"login":"new"`) {
			t.Errorf("with a session of the first server: got %d %s", a.status, a.body)
		}
	}
	if a := second.api(t, http.MethodPost, "/sign-out", session.Token, ""); a.status/100 != 2 {
		t.Errorf("sign out: got %d %s", a.status, a.body)
	}
	for _, s := range []*entrance{first, second} {
		if a := s.api(t, http.MethodGet, "/me", session.Token, ""); a.status != http.StatusUnauthorized {
			t.Errorf("with a session that was ended at the second server: got %d %s", a.status, a.body)
		}
	}
}

// guessedAtAll: whoever guesses at all servers in turn does not lock the
// directory's account, whose policy allows five wrong passwords.
func guessedAtAll(t *testing.T, store string) {
	d := staffed(t, "ada")
	first := enterOn(t, store, d, "remember: 0", true)
	servers := []*entrance{first, first.beside(t)}
	for n := range 6 {
		if servers[n%2].signsIn(t, "ada", fmt.Sprint("guess ", n)) {
			t.Fatal("a guess came in")
		}
	}
	for n, s := range servers {
		if s.signsIn(t, "ada", ldapPassword) {
			t.Errorf("server %d asked the directory once more", n)
		}
	}
	log := servers[0].log.String() + servers[1].log.String()
	if asked := strings.Count(log, "the directory refused a sign-in"); asked != 4 {
		t.Errorf("the directory was asked %d times, want 4:\n%s", asked, log)
	}
}

// limitedAtAll: wrong passwords for an account of the program itself count
// wherever they are tried: ten, and one more in six seconds.
func limitedAtAll(t *testing.T, store string) {
	d := staffed(t)
	first := enterOn(t, store, d, "remember: 0", false)
	servers := []*entrance{first, first.beside(t)}
	began := time.Now()
	const guesses = 40
	for n := range guesses {
		if servers[n%2].signsIn(t, "admin", fmt.Sprint("guess ", n)) {
			t.Fatal("a guess came in")
		}
	}
	unseen := 0
	for _, s := range servers {
		r, err := http.NewRequest(http.MethodGet, s.url+"/metrics", http.NoBody)
		must(t, err)
		_, rest, _ := strings.Cut(ask(t, r).body, "\nrollcall_sign_ins_limited_total ")
		var n int
		_, err = fmt.Sscan(rest, &n)
		must(t, err)
		unseen += n
	}
	most := 11 + int(time.Since(began)/(6*time.Second))
	if looked := guesses - unseen; looked < 10 || looked > most {
		t.Errorf("%d of %d guesses at two servers were looked at, want 10 to %d", looked, guesses, most)
	}
}

// signsIn asks one server once.
func (s *entrance) signsIn(t *testing.T, login, pass string) bool {
	t.Helper()
	return strings.HasPrefix(s.rest(login, pass, listOperations), `{"code":0`)
}
