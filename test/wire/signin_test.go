package wire

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestX37AFirstSignInImports: whoever has no account gets one, with the person and
// the role that go with it, as a run would make them. Nobody else is touched:
// one who has left the directory stays until a run looks for everybody.
func TestX37AFirstSignInImports(t *testing.T) {
	t.Parallel()
	firstSignInImports(t, sqliteFile)
}

func firstSignInImports(t *testing.T, store string) {
	d := staffed(t, "ada", "bob")
	s := enterOn(t, store, d, "import: true", true)
	d.Add(someone(d, "new") + "\n" + strings.Replace(someone(d, "ext"), "\nmail:", "\nemployeeType: external\nmail:", 1) +
		fmt.Sprintf("\ndn: cn=desk,ou=groups,%[1]s\nobjectClass: groupOfNames\nmember: uid=new,ou=people,%[1]s\nmember: uid=ada,ou=people,%[1]s\n", d.BaseDN))
	d.Modify("dn: uid=bob,ou=people," + d.BaseDN + "\nchangetype: delete\n")

	s.staysOut("new", "wrong")
	s.staysOut("new", "")
	s.staysOut("ext", ldapPassword) // the filters leave it out
	s.staysOut("nobody", ldapPassword)
	s.staysOut("*", ldapPassword)
	s.ran("sync completed")
	s.shows("SELECT UserLDAP", "login,status", "ada enabled\nbob enabled")

	s.comesIn("new", ldapPassword)
	s.ran("sign-in completed, sync completed")
	s.shows("SELECT UserLDAP", "login,status,contactid_friendlyname", "ada enabled ada ada\nbob enabled bob bob\nnew enabled new new")
	s.shows("SELECT Person WHERE email LIKE '%example.org'", "email,status", "ada@example.org active\nbob@example.org active\nnew@example.org active")
	s.shows("SELECT lnkUserToRole", "friendlyname", "new / Desk")
	if story := s.command("why", s.key("SELECT UserLDAP WHERE login = 'new'")); !strings.Contains(story, "sign-in of new") || !strings.Contains(story, "uid=new,ou=people,"+d.BaseDN) {
		t.Errorf("the account's story does not name its sign-in:\n%s", story)
	}
	s.comesIn("NEW", ldapPassword)
	s.ran("sign-in completed, sync completed")

	s.command("sync")
	s.shows("SELECT UserLDAP", "login,status", "ada enabled\nbob disabled\nnew enabled")
	s.shows("SELECT lnkUserToRole", "friendlyname", "ada / Desk\nnew / Desk")
	s.staysOut("bob", ldapPassword)
}

// TestX37BeforeAnyRun: the very first to come in makes the sources' own objects,
// and the first run of all finds nothing wrong with that.
func TestX37BeforeAnyRun(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada", "bob")
	s := enter(t, d, "import: true", false, "limits: {gone: none}", "limits: {gone: 10%, new: 10%}")
	s.comesIn("ada", ldapPassword)
	s.shows("SELECT UserLDAP", "login,status", "ada enabled")
	d.Modify("dn: uid=ada,ou=people," + d.BaseDN + "\nchangetype: modify\nreplace: telephoneNumber\ntelephoneNumber: 17\n")
	s.command("sync")
	s.ran("sync completed, sign-in completed")
	s.shows("SELECT UserLDAP", "login,status", "ada enabled\nbob enabled")
	s.shows("SELECT Person WHERE email LIKE '%example.org'", "email,phone", "ada@example.org 17\nbob@example.org ")
}

// TestX37IsOffUnlessAskedFor, and does not touch an account of the program itself
// that has the login, nor one that the rules leave alone.
func TestX37IsOffUnlessAskedFor(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada", "admin")
	s := enter(t, d, "", false)
	s.staysOut("ada", ldapPassword)
	s.staysOut(`X\ada`, ldapPassword)
	on := enter(t, d, "import: true", false)
	on.staysOut("admin", ldapPassword)
	on.comesIn("admin", password)
	on.ran("")
	on.shows("SELECT UserLDAP", "login", "")
}

// TestX38AnAccountIsRefreshedAtSignIn: what changed in the directory counts when
// its person comes in, groups included, and nobody else's. Without a change no
// run is made.
func TestX38AnAccountIsRefreshedAtSignIn(t *testing.T) {
	t.Parallel()
	refreshedAtSignIn(t, sqliteFile)
}

func refreshedAtSignIn(t *testing.T, store string) {
	d := staffed(t, "ada", "bob")
	d.Add(fmt.Sprintf("dn: cn=desk,ou=groups,%[1]s\nobjectClass: groupOfNames\nmember: uid=bob,ou=people,%[1]s\n", d.BaseDN))
	s := enterOn(t, store, d, "refresh: true, remember: 0", true)
	s.comesIn("ada", ldapPassword)
	s.ran("sync completed")
	for _, login := range []string{"ada", "bob"} {
		d.Modify(fmt.Sprintf("dn: uid=%s,ou=people,%s\nchangetype: modify\nreplace: telephoneNumber\ntelephoneNumber: 4711\n", login, d.BaseDN))
	}
	s.staysOut("ada", "wrong")
	s.ran("sync completed")
	s.comesIn("ada", ldapPassword)
	s.ran("sign-in completed, sync completed")
	s.shows("SELECT Person WHERE email LIKE '%example.org'", "email,phone", "ada@example.org 4711\nbob@example.org ")

	member := func(verb, login string) {
		d.Modify(fmt.Sprintf("dn: cn=desk,ou=groups,%[1]s\nchangetype: modify\n%[2]s: member\nmember: uid=%[3]s,ou=people,%[1]s\n", d.BaseDN, verb, login))
	}
	s.shows("SELECT lnkUserToRole", "friendlyname", "bob / Desk")
	member("add", "ada")
	s.comesIn("ada", ldapPassword)
	s.shows("SELECT lnkUserToRole", "friendlyname", "ada / Desk\nbob / Desk")
	member("delete", "bob")
	s.comesIn("ada", ldapPassword)
	s.shows("SELECT lnkUserToRole", "friendlyname", "ada / Desk\nbob / Desk")
	s.comesIn("bob", ldapPassword)
	s.shows("SELECT lnkUserToRole", "friendlyname", "ada / Desk")
	s.ran("sign-in completed, sign-in completed, sign-in completed, sync completed")

	// Who leaves the sources is kept out, before a run takes note.
	d.Modify("dn: uid=bob,ou=people," + d.BaseDN + "\nchangetype: modify\nadd: employeeType\nemployeeType: external\n")
	s.staysOut("bob", ldapPassword)
	s.shows("SELECT UserLDAP", "login,status", "ada enabled\nbob enabled")
	s.command("sync")
	s.shows("SELECT UserLDAP", "login,status", "ada enabled\nbob disabled")
	// Who returns is an account again at the next sign-in.
	d.Modify("dn: uid=bob,ou=people," + d.BaseDN + "\nchangetype: modify\ndelete: employeeType\n")
	s.comesIn("bob", ldapPassword)
	s.shows("SELECT UserLDAP", "login,status", "ada enabled\nbob enabled")
}

// TestX38IsOffUnlessAskedFor.
func TestX38IsOffUnlessAskedFor(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada")
	s := enter(t, d, "remember: 0", true)
	d.Modify("dn: uid=ada,ou=people," + d.BaseDN + "\nchangetype: modify\nreplace: telephoneNumber\ntelephoneNumber: 4711\n")
	s.comesIn("ada", ldapPassword)
	s.ran("sync completed")
	s.shows("SELECT Person WHERE email LIKE '%example.org'", "email,phone", "ada@example.org ")
}

// TestK22AndK40 are in test/e2e as far as runs go. Here: an account that was made
// by hand and bound signs in as its entry, wherever that moves, and nobody else
// who is given its login later.
func TestK22ABoundAccountSignsInAsItsEntry(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada")
	s := enter(t, d, "remember: 0", false)
	s.staysOut("ada", ldapPassword) // nobody: nothing is imported
	s.once(`{"operation":"core/create","class":"UserLDAP","comment":"by hand","output_fields":"id","fields":{"login":"ada","profile_list":[{"profileid":{"name":"Administrator"}},{"profileid":{"name":"REST Services User"}}]}}`)
	s.comesIn("ada", ldapPassword)
	account := s.key("SELECT UserLDAP")
	s.command("sync")
	if now := s.key("SELECT UserLDAP"); now != account {
		t.Errorf("got the account %s, want %s bound", now, account)
	}
	s.comesIn("ada", ldapPassword)

	d.Modify(fmt.Sprintf("dn: uid=ada,ou=people,%[1]s\nchangetype: modrdn\nnewrdn: uid=countess\ndeleteoldrdn: 1\nnewsuperior: ou=groups,%[1]s\n", d.BaseDN))
	d.Add(strings.Replace(someone(d, "ada"), ldapPassword, "An0ther-Secret!", 1))
	s.comesIn("ada", ldapPassword) // still the same person
	s.staysOut("ada", "An0ther-Secret!")
}

// TestK39ProvidersAreAskedInTheirOrder has one login in two directories.
func TestK39ProvidersAreAskedInTheirOrder(t *testing.T) {
	t.Parallel()
	first, second := staffed(t, "ada", "bob"), staffed(t)
	second.Add(strings.Replace(someone(second, "ada"), ldapPassword, "S3cond-Secret!", 1) + "\n" + someone(second, "eve"))
	other := fmt.Sprintf("directories:\n  other:\n    url: %s\n    bind: {dn: %q, password: %q}\n    base: %q\n", second.LDAP, second.ReaderDN, second.Password, second.BaseDN)
	source := "sources:\n  others:\n    class: UserLDAP\n    directory: other\n    filter: (objectClass=inetOrgPerson)\n    key: entryUUID\n    attributes:\n" +
		"      login: {from: uid, reconcile: true}\n      profile_list: {value: \"profileid->name:Administrator|profileid->name:REST Services User\"}\n    on: {one: error}\n    gone: {after: 0, set: {status: disabled}}\n"
	for providers, want := range map[string]map[string]bool{
		"[local, main, other]": {"ada " + ldapPassword: true, "ada S3cond-Secret!": false, "bob " + ldapPassword: true, "eve " + ldapPassword: true},
		"[local, other, main]": {"ada " + ldapPassword: false, "ada S3cond-Secret!": true, "bob " + ldapPassword: true, "eve " + ldapPassword: true},
		"[local, other]":       {"ada " + ldapPassword: false, "ada S3cond-Secret!": true, "bob " + ldapPassword: false, "eve " + ldapPassword: true},
	} {
		t.Run(providers, func(t *testing.T) {
			t.Parallel()
			s := enter(t, first, "import: true, providers: "+providers, false, "directories:\n", other, "sources:\n", source)
			for who, in := range want {
				login, pass, _ := strings.Cut(who, " ")
				if got := s.lets(login, pass); got != in {
					t.Errorf("%s: came in: %t, want %t", who, got, in)
				}
			}
		})
	}
}

// TestX39WithoutAuthorizationSynchronizationGoesOn: a directory that is not among
// the providers fills the registry, and nobody signs in through it.
func TestX39WithoutAuthorizationSynchronizationGoesOn(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada")
	s := enter(t, d, "import: true, providers: [local]", true)
	s.shows("SELECT UserLDAP", "login,status", "ada enabled")
	s.staysOut("ada", ldapPassword)
	s.comesIn("admin", password)
	d.Add(someone(d, "bob"))
	s.staysOut("bob", ldapPassword)
	s.command("sync")
	s.shows("SELECT UserLDAP", "login,status", "ada enabled\nbob enabled")
	s.staysOut("bob", ldapPassword)
}

// TestX40AWrongPasswordChangesNothing, and a directory that is down keeps its own
// people out, and nobody else; the log says why.
func TestX40AWrongPasswordChangesNothing(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada", "bob")
	s := enter(t, d, "import: true, refresh: true, remember: 0", true)
	d.Modify("dn: uid=ada,ou=people," + d.BaseDN + "\nchangetype: modify\nreplace: telephoneNumber\ntelephoneNumber: 4711\n")
	s.staysOut("ada", "wrong")
	s.staysOut("ada", "")
	s.ran("sync completed")
	s.shows("SELECT Person WHERE email LIKE '%example.org'", "email,phone", "ada@example.org \nbob@example.org ")

	d.Stop()
	began := time.Now()
	for range 5 {
		s.staysOut("ada", ldapPassword)
		s.staysOut("nobody", ldapPassword)
		s.comesIn("admin", password)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %s to say that the directory is down", took)
	}
	if log := s.log.String(); !strings.Contains(log, "the directory main cannot be asked at the moment, so accounts that live there cannot sign in; other accounts can") ||
		strings.Contains(log, ldapPassword) || strings.Contains(log, d.Password) {
		t.Errorf("the log does not say why, or tells a password:\n%s", log)
	}
	d.Start()
	time.Sleep(2100 * time.Millisecond) // for so long nobody asks again
	s.comesIn("ada", ldapPassword)
	s.shows("SELECT Person WHERE email LIKE '%example.org'", "email,phone", "ada@example.org 4711\nbob@example.org ")
}
