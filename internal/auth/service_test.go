package auth_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rollcall/internal/auth"
	"rollcall/internal/registry"
	"rollcall/internal/registry/registrytest"
	"rollcall/internal/rollcall"
	"rollcall/internal/store"
)

func loginsCompare(_ *testing.T, w *world) {
	w.user("UserLocal", "admin", []rollcall.ObjectID{administrator})
	w.user("UserLocal", "José", []rollcall.ObjectID{administrator})
	w.user("UserLocal", "müller", []rollcall.ObjectID{administrator})
	w.user("UserLocal", "muller", []rollcall.ObjectID{support})
	for login, want := range map[string]string{
		"admin": "admin", "ADMIN": "admin", "admin  ": "admin", "ádmin": "admin",
		"josé": "José", "jose": "José", "JOSE ": "José", "jòse": "José", "jose\u0301": "José",
		"müller": "müller", "muller": "muller", // one that is written exactly so comes first
	} {
		if a := w.enters(login, secret); a.Login != want {
			w.Errorf("sign in as %q: got %s, want %s", login, a.Login, want)
		}
	}
	for _, login := range []string{" admin", "adm in", "admin\t", "joseph"} {
		w.isRefused(login, secret)
	}
}

func account(_ *testing.T, w *world) {
	person := w.Create("Person", nil, "name", "Castle", "first_name", "Anna", "org_id", fmt.Sprint(w.org))
	id := w.user("UserLocal", "anna", []rollcall.ObjectID{restUser, support}, "contactid", fmt.Sprint(person), "language", "FR FR")
	got := w.enters("anna", secret)
	if got.Ref != (rollcall.Ref{Class: "UserLocal", ID: id}) || got.Login != "anna" || got.Name != "Anna Castle" ||
		got.Contact != person || got.Language != "FR FR" || got.Administrator || got.Organisations != nil {
		w.Errorf("got %+v", got)
	}
	if diff := cmp.Diff([]string{"Support Agent", "REST Services User"}, got.Profiles); diff != "" {
		w.Errorf("profiles (-want +got):\n%s", diff)
	}
	if !got.BackOffice() || !got.InScope("anything") || got.Has("Administrator") || !got.Has(auth.ProfileREST) {
		w.Error("got another view of the profiles")
	}
	if !got.MayRun(id) || got.MayRun(id+1) || got.MayRun(0) {
		w.Error("got other rights to run data sources")
	}
}

func implausible(_ *testing.T, w *world) {
	w.user("UserLocal", "admin", []rollcall.ObjectID{administrator})
	w.user("UserLDAP", "anna", []rollcall.ObjectID{support})
	for _, c := range []struct{ login, password string }{
		{"admin", ""}, {"anna", ""}, {"", secret}, {"", ""},
		{"admin\x00", secret}, {"\xff\xfe", secret}, {"admin", "a\x00b"}, {"anna", "\xff"},
		{strings.Repeat("a", 256), secret}, {"anna", strings.Repeat("a", 2000)},
		{"*", secret}, {"admin)(uid=*", secret}, {"' OR '1'='1", secret}, {`admin" --`, secret},
	} {
		w.isRefused(c.login, rollcall.Secret(c.password))
	}
	if len(w.ldap.asked) != 0 {
		w.Errorf("got the directory asked: %v", w.ldap.asked)
	}
}

func changed(_ *testing.T, w *world) {
	id := w.user("UserLocal", "anna", []rollcall.ObjectID{support})
	a := w.enters("anna", secret)
	session, err := w.auth.StartSession(w.Ctx, a)
	must(w, err)
	if _, err := w.auth.Resume(w.Ctx, session); err != nil {
		w.Fatal(err)
	}

	w.Update("UserLocal", id, "status", "disabled")
	w.isRefused("anna", secret)
	if _, err := w.auth.Resume(w.Ctx, session); rollcall.KindOf(err) != rollcall.Unauthorized {
		w.Errorf("got %v, want the session of a disabled account refused", err)
	}
	w.Update("UserLocal", id, "status", "enabled")
	w.enters("anna", secret)

	hash, err := auth.Hash("Another-Pass-1")
	must(w, err)
	w.Update("UserLocal", id, "password", hash)
	w.isRefused("anna", secret)
	w.enters("anna", "Another-Pass-1")

	w.Write(func(tx *store.Tx, e *registry.Editor) {
		objects, err := tx.Objects(w.Ctx, w.Model.Class("User"), []rollcall.ObjectID{id})
		must(w, err)
		_, err = e.Update(w.Ctx, []registry.Edit{{Object: objects[0], Links: map[string][]rollcall.Link{"profile_list": registrytest.LinkTo(portal)}}})
		must(w, err)
	})
	if w.enters("anna", "Another-Pass-1").BackOffice() {
		w.Error("got a portal user into the back office")
	}
}

func TestAChangeByAnotherProcessCountsWithinASecond(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	id := w.user("UserLocal", "anna", []rollcall.ObjectID{support})
	w.enters("anna", secret)
	service := w.auth
	w.auth = nil // nobody tells the service
	w.Update("UserLocal", id, "status", "disabled")
	w.auth = service
	w.pass(time.Second)
	w.isRefused("anna", secret)
}

func TestOnlyTheRightClassesComeIn(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.user("UserLocal", "local", []rollcall.ObjectID{administrator})
	w.user("UserExternal", "external", []rollcall.ObjectID{administrator})
	w.user("UserToken", "robot", []rollcall.ObjectID{administrator})
	w.Create("UserLocal", map[string][]rollcall.Link{"profile_list": registrytest.LinkTo(administrator)}, "login", "without-password")
	w.isRefused("external", secret)
	w.isRefused("robot", secret)
	w.isRefused("without-password", secret)
	w.isRefused("without-password", "x")
	for _, login := range []string{"local", "robot", "nobody", "", "\x00"} {
		if _, err := w.auth.SignInExternal(w.Ctx, login); rollcall.KindOf(err) != rollcall.Unauthorized {
			t.Errorf("%q: got %v, want a refusal", login, err)
		}
	}
	if a, err := w.auth.SignInExternal(w.Ctx, "External"); err != nil || a.Login != "external" {
		t.Errorf("got %v, %v", a, err)
	}
	for _, c := range []struct {
		login string
		right bool
	}{{"local", true}, {"external", true}, {"robot", false}, {"nobody", false}} {
		ok, err := w.auth.CheckCredentials(w.Ctx, auth.Credentials{Login: c.login, Password: secret})
		if err != nil || ok != c.right {
			t.Errorf("check %s: got %t, %v, want %t", c.login, ok, err, c.right)
		}
	}
	if ok, err := w.auth.CheckCredentials(w.Ctx, auth.Credentials{Login: "external"}); err != nil || ok {
		t.Errorf("check external without a password: got %t, %v", ok, err)
	}
}

func TestDirectoriesProveTheirAccounts(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.user("UserLDAP", "anna", []rollcall.ObjectID{support}, "ldap_server", "corp")
	w.enters("ANNA", secret)
	w.enters("ANNA", secret)
	w.isRefused("anna", "wrong")
	if diff := cmp.Diff([]string{"corp/anna", "corp/anna"}, w.ldap.asked); diff != "" {
		t.Errorf("questions (-want +got):\n%s", diff)
	}
	w.pass(59 * time.Second)
	w.enters("ANNA", secret)
	w.pass(2 * time.Second) // its word counts for a minute
	w.enters("ANNA", secret)
	if len(w.ldap.asked) != 3 {
		t.Errorf("got %d questions, want 3", len(w.ldap.asked))
	}
	w.ldap.fail = rollcall.Errorf(rollcall.Unavailable, "no server answers")
	w.pass(time.Hour)
	if _, err := w.signIn("anna", secret); rollcall.KindOf(err) != rollcall.Unavailable {
		t.Errorf("got %v, want the trouble told", err)
	}
	w.ldap.fail = errors.New("panic in the directory")
	for range 50 { // trouble of ours is no failure of whoever signs in
		if _, err := w.signIn("anna", secret); err == nil || rollcall.KindOf(err) == rollcall.Unauthorized {
			t.Fatalf("got %v", err)
		}
	}
	w.ldap.fail = nil
	w.enters("anna", secret)
}

func TestPasswordsAreNotProvedTwice(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.user("UserLocal", "anna", []rollcall.ObjectID{support})
	start := time.Now()
	w.enters("anna", secret)
	first := time.Since(start)
	start = time.Now()
	for i := range 300 {
		if i%50 == 0 {
			w.pass(time.Second) // the account is read again, the password not
		}
		w.enters("anna", secret)
	}
	if took := time.Since(start); took > 100*first {
		t.Errorf("300 sign-ins took %s, and the first, with its hash, %s", took, first)
	}
}

func TestWrongPasswordsAreLimited(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.user("UserLocal", "anna", []rollcall.ObjectID{support})
	w.user("UserLocal", "bert", []rollcall.ObjectID{support})
	for range 10 {
		w.isRefused("anna", "wrong")
	}
	w.isRefused("anna", secret) // though it is right
	w.isRefused("ÁNNA ", secret)
	if _, limited := w.auth.Counts(); limited != 2 {
		t.Errorf("got %d limited, want 2", limited)
	}
	w.enters("bert", secret)
	elsewhere := auth.Credentials{Login: "anna", Password: secret, From: netip.MustParseAddr("198.51.100.7")}
	if _, err := w.auth.SignIn(w.Ctx, elsewhere); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
	w.pass(6 * time.Second)
	w.enters("anna", secret)
	w.isRefused("anna", "wrong")
	w.isRefused("anna", secret)
}

func TestOneAddressCannotTryManyAccounts(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.user("UserLocal", "anna", []rollcall.ObjectID{support})
	w.user("UserLocal", "bert", []rollcall.ObjectID{support})
	w.enters("bert", secret)
	for i := range 60 {
		// Any address of one IPv6 network is the same.
		from := netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", i+1))
		_, err := w.auth.SignIn(w.Ctx, auth.Credentials{Login: fmt.Sprint("nobody", i), Password: "wrong", From: from})
		if rollcall.KindOf(err) != rollcall.Unauthorized {
			t.Fatal(err)
		}
	}
	from := netip.MustParseAddr("2001:db8::ffff:1")
	if _, err := w.auth.SignIn(w.Ctx, auth.Credentials{Login: "anna", Password: secret, From: from}); err == nil {
		t.Error("got in from an address that guessed")
	}
	if _, err := w.auth.SignIn(w.Ctx, auth.Credentials{Login: "bert", Password: secret, From: from}); err != nil {
		t.Errorf("whoever is known already: %v", err)
	}
}

// TestAThousandWrongSignInsASecond holds that guessing costs the machine next to
// nothing, and that whoever knows the password still gets in.
func TestAThousandWrongSignInsASecond(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.user("UserLocal", "admin", []rollcall.ObjectID{administrator})
	if _, err := w.signIn("admin", secret); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	var entered atomic.Int64
	for g := range 20 {
		wait.Go(func() {
			for i := range 50 {
				from := netip.AddrFrom4([4]byte{10, 0, 0, byte(g)})
				if _, err := w.auth.SignIn(w.Ctx, auth.Credentials{Login: "admin", Password: rollcall.Secret(fmt.Sprint("guess", i)), From: from}); err == nil {
					entered.Add(1)
				}
			}
		})
	}
	wait.Wait()
	if entered.Load() != 0 {
		t.Errorf("%d guesses got in", entered.Load())
	}
	refused, limited := w.auth.Counts()
	if refused != 1000 || limited < 1000-120 {
		t.Errorf("got %d refused, %d of them unseen; want 1000 and at least 880", refused, limited)
	}
	w.enters("admin", secret)
}

func tokens(_ *testing.T, w *world) {
	application, personal, expired := auth.NewToken(), auth.NewToken(), auth.NewToken()
	w.user("UserToken", "robot", []rollcall.ObjectID{restUser, configuration}, "auth_token", auth.HashToken(application))
	anna := w.user("UserLocal", "anna", []rollcall.ObjectID{support})
	w.Create("PersonalToken", nil, "user_id", fmt.Sprint(anna), "application", "script", "scope", "REST/JSON|Export",
		"auth_token", auth.HashToken(personal), "expiration_date", "2026-05-07 00:00:00")
	w.Create("PersonalToken", nil, "user_id", fmt.Sprint(anna), "application", "old", "auth_token", auth.HashToken(expired),
		"expiration_date", "2026-05-06 07:08:09")

	a, err := w.auth.SignInToken(w.Ctx, application)
	if err != nil || a.Login != "robot" || !a.Token || !a.InScope("Synchro") || !a.Has(auth.ProfileREST) {
		w.Fatalf("application token: got %+v, %v", a, err)
	}
	a, err = w.auth.SignInToken(w.Ctx, personal)
	if err != nil || a.Login != "anna" || !a.Token || !a.InScope("REST/JSON") || a.InScope("Synchro") {
		w.Fatalf("personal token: got %+v, %v", a, err)
	}
	for _, token := range []rollcall.Secret{expired, "", "x", auth.NewToken(), rollcall.Secret(auth.HashToken(application)), "\x00" + application[1:]} {
		if a, err := w.auth.SignInToken(w.Ctx, token); rollcall.KindOf(err) != rollcall.Unauthorized {
			w.Errorf("got %v, %v, want a refusal", a, err)
		}
	}
	w.pass(17 * time.Hour)
	if _, err := w.auth.SignInToken(w.Ctx, personal); err == nil {
		w.Error("got in with a token that expired meanwhile")
	}
	w.Update("UserLocal", anna, "status", "disabled")
	w.pass(-17 * time.Hour)
	if _, err := w.auth.SignInToken(w.Ctx, personal); err == nil {
		w.Error("got in with the token of a disabled account")
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.user("UserLocal", "anna", []rollcall.ObjectID{support})
	start := func() rollcall.Secret {
		t.Helper()
		s, err := w.auth.StartSession(w.Ctx, w.enters("anna", secret))
		must(t, err)
		return s
	}
	alive := func(s rollcall.Secret) bool {
		_, err := w.auth.Resume(w.Ctx, s)
		return err == nil
	}
	s := start()
	for range 3 {
		w.pass(29 * time.Minute)
		if !alive(s) {
			t.Fatal("got a session in use ended")
		}
	}
	w.pass(30 * time.Minute)
	if alive(s) {
		t.Error("got an idle session alive")
	}
	s = start()
	for range 47 { // in use every quarter of an hour, up to the last
		w.pass(15 * time.Minute)
		if !alive(s) {
			t.Fatal("got a session in use ended")
		}
	}
	w.pass(15 * time.Minute)
	if alive(s) {
		t.Error("got a session alive after half a day")
	}
	s = start()
	must(t, w.auth.EndSession(w.Ctx, s))
	if alive(s) || alive("nonsense") || alive("") {
		t.Error("got a session that is none alive")
	}
}
