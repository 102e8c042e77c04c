package auth_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/internal/auth"
	"rollcall/internal/rollcall"
)

// TestGuessesAreSpared: a directory is asked about few wrong passwords of one
// account, and about each of them once, whatever its account is called and
// wherever the guesser is.
func TestGuessesAreSpared(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.user("UserLDAP", "anna", []rollcall.ObjectID{support}, "ldap_server", "corp")
	w.user("UserLDAP", "bert", []rollcall.ObjectID{support}, "ldap_server", "corp")
	from := func(n int) auth.Credentials {
		return auth.Credentials{Login: "anna", From: netip.AddrFrom4([4]byte{192, 0, 2, byte(n)})}
	}
	try := func(n int, password string) error {
		c := from(n)
		c.Password = rollcall.Secret(password)
		_, err := w.auth.SignIn(w.Ctx, c)
		return err
	}
	for n := range 20 {
		if err := try(n, fmt.Sprint("guess ", n%10)); rollcall.KindOf(err) != rollcall.Unauthorized {
			t.Fatalf("a wrong password: got %v", err)
		}
	}
	if len(w.ldap.asked) != 4 {
		t.Errorf("the directory was asked %d times, want 4: %v", len(w.ldap.asked), w.ldap.asked)
	}
	if err := try(30, secret); rollcall.KindOf(err) != rollcall.Unauthorized {
		t.Errorf("the right password after too many wrong ones: got %v", err)
	}
	w.enters("bert", secret)
	w.pass(30 * time.Minute)
	if err := try(31, secret); err != nil {
		t.Errorf("half an hour later: got %v", err)
	}
	// A right one forgives: there are four guesses again.
	before := len(w.ldap.asked)
	for n := range 10 {
		_ = try(40+n, fmt.Sprint("other ", n)) // refused, as above
	}
	if got := len(w.ldap.asked) - before; got != 4 {
		t.Errorf("after a right password the directory was asked %d times, want 4", got)
	}
}

// TestARefusalThatIsNotOfThePassword does not count as a guess, so that the
// password counts as soon as the account is unlocked.
func TestARefusalThatIsNotOfThePassword(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.user("UserLDAP", "anna", []rollcall.ObjectID{support}, "ldap_server", "corp")
	w.ldap.fail = rollcall.Errorf(rollcall.Unauthorized, "%w", &auth.Barred{Err: errors.New("the account is locked")})
	for range 6 {
		w.isRefused("anna", secret)
	}
	w.ldap.fail = nil
	w.enters("anna", secret)
}

// TestOneProofForManyWhoComeAtOnce: a program that opens many connections at once
// asks the directory once.
func TestOneProofForManyWhoComeAtOnce(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.user("UserLDAP", "anna", []rollcall.ObjectID{support}, "ldap_server", "corp")
	w.ldap.wait = make(chan struct{})
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			if _, err := w.signIn("anna", secret); err != nil {
				t.Error(err)
			}
		})
	}
	time.AfterFunc(50*time.Millisecond, func() { close(w.ldap.wait) })
	all.Wait()
	if len(w.ldap.asked) != 1 { // who came late found what is remembered
		t.Errorf("the directory was asked %d times, want once", len(w.ldap.asked))
	}
}

// TestStrangersAreWhomTheirEntryIs: a login that no account has leads to an
// account through the entry that it means, and to no other.
func TestStrangersAreWhomTheirEntryIs(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	anna := w.user("UserLDAP", "anna", []rollcall.ObjectID{support}, "ldap_server", "corp")
	w.user("UserLDAP", "bert", []rollcall.ObjectID{support}, "ldap_server", "other")
	w.user("UserLocal", "root", []rollcall.ObjectID{support})
	w.ldap.known = map[string]auth.Person{
		`CORP\anna`: {Directory: "corp", DN: "uid=anna", Key: "key of anna", Login: "anna"},
		"tied":      {Directory: "corp", DN: "uid=tied", Key: "key of tied", Login: "whatever", Account: anna},
		`CORP\bert`: {Directory: "corp", DN: "uid=bert", Key: "key of bert", Login: "bert"},
		`CORP\root`: {Directory: "corp", DN: "uid=root", Key: "key of root", Login: "root"},
		"new":       {Directory: "corp", DN: "uid=new", Key: "key of new", Login: "new"},
	}
	for _, login := range []string{`CORP\anna`, "tied"} {
		if got := w.enters(login, secret); got.Login != "anna" {
			t.Errorf("%s: got %q, want anna", login, got.Login)
		}
	}
	asked := len(w.ldap.asked)
	w.isRefused(`CORP\bert`, secret) // another directory's bert
	w.isRefused(`CORP\root`, secret) // an account of the program itself
	w.isRefused("nobody", secret)
	if len(w.ldap.asked) != asked {
		t.Errorf("a password was shown for somebody else: %v", w.ldap.asked[asked:])
	}
	w.isRefused("new", secret) // nothing makes its account
	w.ldap.follow = func(p *auth.Person) (rollcall.ObjectID, error) {
		if p.Account != 0 {
			return p.Account, nil
		}
		return w.user("UserLDAP", p.Login, []rollcall.ObjectID{support}, "ldap_server", p.Directory), nil
	}
	w.isRefused("new", "wrong")
	if got := w.enters("new", secret); got.Login != "new" {
		t.Errorf("got %q, want new", got.Login)
	}
}

// TestFollowingMayFail: whoever has an account comes in when it cannot be brought
// up to date, unless that is a refusal; whoever has none does not.
func TestFollowingMayFail(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.user("UserLDAP", "anna", []rollcall.ObjectID{support}, "ldap_server", "corp")
	w.ldap.known = map[string]auth.Person{"new": {Directory: "corp", DN: "uid=new", Key: "key of new", Login: "new"}}
	fail := func(err error) {
		w.ldap.follow = func(*auth.Person) (rollcall.ObjectID, error) { return 0, err }
		w.pass(time.Hour)
	}
	fail(rollcall.Errorf(rollcall.Unavailable, "a run is under way"))
	w.enters("anna", secret)
	if _, err := w.signIn("new", secret); rollcall.KindOf(err) != rollcall.Unavailable {
		t.Errorf("got %v, want that it cannot be done now", err)
	}
	fail(rollcall.Errorf(rollcall.Unauthorized, "no longer in the source"))
	w.isRefused("anna", secret)
	w.isRefused("new", secret)
}

// TestTroubleOfADirectoryIsTold in the log, with the directory and the cause, and
// is told from a refusal; accounts of our own come in all the same.
func TestTroubleOfADirectoryIsTold(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.user("UserLDAP", "anna", []rollcall.ObjectID{support}, "ldap_server", "corp")
	w.user("UserLocal", "root", []rollcall.ObjectID{support})
	w.ldap.fail = errors.New("connection refused by 10.1.2.3")
	_, err := w.signIn("anna", secret)
	if trouble, ok := errors.AsType[*auth.Trouble](err); !ok || trouble.Directory != "corp" || rollcall.KindOf(err) != rollcall.Unavailable {
		t.Fatalf("got %v", err)
	}
	if text := err.Error(); !strings.Contains(text, "directory corp") || !strings.Contains(text, "other accounts can") || !strings.Contains(text, "10.1.2.3") {
		t.Errorf("got %q", text)
	}
	w.enters("root", secret)
}

// TestLocalAccountsMayBeKeptOut when they are not among the providers.
func TestLocalAccountsMayBeKeptOut(t *testing.T) {
	t.Parallel()
	w := sqlite(t)
	w.user("UserLocal", "root", []rollcall.ObjectID{support})
	w.user("UserLDAP", "anna", []rollcall.ObjectID{support}, "ldap_server", "corp")
	w.enters("root", secret)
	var err error
	w.auth, err = auth.New(auth.Config{Model: w.Model, Store: w.Store, Directories: w.ldap, NoLocal: true, Now: w.now})
	must(t, err)
	w.isRefused("root", secret)
	w.enters("anna", secret)
}
