package wire

import (
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/test/lab"
)

// TestK39SignInToActiveDirectory: people of a domain sign in by the name of their
// account, as DOMAIN\name (K5), as name@domain and by their DN, over plain LDAP
// and TLS (K3). The state of their account counts: disabled, expired, locked,
// password to be changed; and so does that of the account here.
func TestK39SignInToActiveDirectory(t *testing.T) {
	t.Parallel()
	const base = "DC=corp,DC=example,DC=com"
	var b strings.Builder
	people := []string{"ada", "off", "old", "new", "lock"}
	for _, name := range people {
		fmt.Fprintf(&b, "dn: CN=%[1]s,CN=Users,%[2]s\nobjectClass: user\nsAMAccountName: %[1]s\nsn: %[1]s\nemployeeType: staff\nuserAccountControl: 512\n", name, base)
		switch name {
		case "ada":
			b.WriteString("userPrincipalName: countess@mail.example.com\n")
		case "old":
			b.WriteString("accountExpires: 130000000000000000\n")
		}
		b.WriteString("\n")
	}
	d := lab.Samba(t, lab.SambaConfig{Data: b.String()})
	for _, name := range people {
		d.SetPassword(name, ldapPassword)
	}
	d.Tool("user", "disable", "off")
	d.Tool("domain", "passwordsettings", "set", "--account-lockout-threshold=3")
	d.Ldbmodify("dn: CN=new,CN=Users," + base + "\nchangetype: modify\nreplace: pwdLastSet\npwdLastSet: 0\n")
	dir := t.TempDir()
	r := open(t, dir)
	r.local("admin", "Administrator", "REST Services User")
	s := serve(t, dir, fmt.Sprintf(`
directories:
  corp:
    url: %s
    bind: {dn: %q, password: %q}
    base: %q
    tls: {ca: %s}
sources:
  users:
    class: UserLDAP
    directory: corp
    filter: (employeeType=staff)
    key: objectGUID
    attributes:
      login: {from: sAMAccountName, reconcile: true}
      profile_list: {value: "profileid->name:Administrator|profileid->name:REST Services User"}
    update: {profile_list: if_empty, status: unlocked}
    gone: {after: 0, set: {status: disabled}}
serve:
  sign_in: {import: true, remember: 0}
`, d.LDAPS(), d.AdminDN, d.Password, d.BaseDN, d.CA.File))
	s.comesIn(`CORP\ada`, ldapPassword) // the first time: she is imported
	s.shows("SELECT UserLDAP", "login,status", "ada enabled")
	for _, login := range []string{"ada", "ADA", `corp\Ada`, "ada@corp.example.com", "countess@mail.example.com", "CN=ada,CN=Users," + base, "cn=Ada, cn=users," + base} {
		s.comesIn(login, ldapPassword)
	}
	for _, login := range []string{`OTHER\ada`, `\ada`, `CORP\`, "ada@elsewhere.example.com", "CN=ada,CN=Computers," + base, "CN=ada,DC=elsewhere", `CORP\*`, `CORP\a*`, "*@corp.example.com"} {
		s.staysOut(login, ldapPassword)
	}
	for _, login := range []string{"off", "old", "new"} {
		s.staysOut(login, ldapPassword)
	}
	s.shows("SELECT UserLDAP", "login,status", "ada enabled")

	s.comesIn("lock", ldapPassword)
	for range 4 {
		_ = exec.Command("ldapwhoami", "-x", "-H", d.URL(), "-D", "lock@corp.example.com", "-w", "guess").Run() // refused, and counted
	}
	s.staysOut("lock", ldapPassword)
	d.Tool("user", "unlock", "lock")
	s.comesIn("lock", ldapPassword)

	d.Tool("user", "disable", "ada")
	s.staysOut("ada", ldapPassword)
	d.Tool("user", "enable", "ada")
	s.comesIn("ada", ldapPassword)
	s.once(`{"operation":"core/update","class":"UserLDAP","comment":"","output_fields":"id","key":{"login":"ada"},"fields":{"status":"disabled"}}`)
	s.staysOut("ada", ldapPassword)
}

// TestK39AccountsOfOpenLDAPHaveAState, too: that of a shadow account, and that of
// a password policy.
func TestK39AccountsOfOpenLDAPHaveAState(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada", "old", "lock")
	d.Modify(fmt.Sprintf("dn: uid=old,ou=people,%s\nchangetype: modify\nadd: objectClass\nobjectClass: shadowAccount\n-\nadd: shadowExpire\nshadowExpire: 1\n", d.BaseDN))
	s := enter(t, d, "remember: 0", true)
	s.comesIn("ada", ldapPassword)
	s.staysOut("old", ldapPassword)
	s.comesIn("lock", ldapPassword)
	for range 6 {
		_ = exec.Command("ldapwhoami", "-x", "-H", d.LDAP, "-D", "uid=lock,ou=people,"+d.BaseDN, "-w", "guess").Run() // refused, and counted
	}
	s.staysOut("lock", ldapPassword)
	if log := s.log.String(); !strings.Contains(log, "the account is locked after too many wrong passwords") || !strings.Contains(log, "has expired in directory main") {
		t.Errorf("the log does not say why:\n%s", log)
	}
}

// TestGuessingLocksNobodyOut: whoever guesses through the program does not lock
// the directory's account, whose policy allows five wrong passwords.
func TestGuessingLocksNobodyOut(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada", "bob")
	s := enter(t, d, "remember: 0", true)
	for i := range 5 {
		s.staysOut("ada", fmt.Sprintf("guess %d", i))
	}
	for range 4 {
		s.staysOut("bob", "the old one") // a program that was not told the new password: one guess
	}
	s.staysOut("ada", ldapPassword)
	s.comesIn("bob", ldapPassword)
	s.comesIn("admin", password)
	for _, login := range []string{"ada", "bob"} {
		if out, err := exec.Command("ldapwhoami", "-x", "-H", d.LDAP, "-D", "uid="+login+",ou=people,"+d.BaseDN, "-w", ldapPassword).CombinedOutput(); err != nil {
			t.Errorf("%s is locked out of the directory: %v %s", login, err, out)
		}
	}
	if log := s.log.String(); !strings.Contains(log, "so as not to lock the account there") {
		t.Errorf("the log does not say why:\n%s", log)
	}
	// An administrator gives another password: what was guessed before is over.
	d.Modify(fmt.Sprintf("dn: uid=bob,ou=people,%s\nchangetype: modify\nreplace: userPassword\nuserPassword: the old one\n", d.BaseDN))
	s.comesIn("bob", "the old one")
}

// TestSignInGoesOnAtTheNextServer when one of a directory's servers is dead, or
// dies while the program is connected to it.
func TestSignInGoesOnAtTheNextServer(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada", "bob")
	first := lab.Proxy(t, d.Addr)
	s := enter(t, d, "remember: 0", true, "url: "+d.LDAP, fmt.Sprintf("url: [%s, %s]", first.URL(), d.LDAP))
	s.comesIn("ada", ldapPassword)
	used := first.Connections()
	if used == 0 {
		t.Fatal("the first server was not asked")
	}
	first.Set(lab.Fault{Refuse: true})
	first.CutAll()
	s.comesIn("ada", ldapPassword)
	began := time.Now()
	for range 10 {
		s.comesIn("bob", ldapPassword)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("ten sign-ins at the second server took %s", took)
	}
	// A wrong password is asked about once, not at every server.
	s.staysOut("ada", "wrong")
	if log := s.log.String(); strings.Contains(log, "cannot be asked") {
		t.Errorf("a sign-in failed with a server left:\n%s", log)
	}
}

// TestK29WhoLeftTheGroupStaysActiveAndOut, where that is wanted: an account to
// which no binding gives anything is kept out, and is not disabled.
func TestK29WhoLeftTheGroupStaysActiveAndOut(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada", "bob")
	d.Add(fmt.Sprintf("dn: cn=desk,ou=groups,%[1]s\nobjectClass: groupOfNames\nmember: uid=bob,ou=people,%[1]s\nmember: uid=ada,ou=people,%[1]s\n", d.BaseDN))
	s := enter(t, d, "members_only: true, remember: 0", true)
	s.comesIn("ada", ldapPassword)
	d.Modify(fmt.Sprintf("dn: cn=desk,ou=groups,%[1]s\nchangetype: modify\ndelete: member\nmember: uid=ada,ou=people,%[1]s\n", d.BaseDN))
	s.command("sync")
	s.staysOut("ada", ldapPassword)
	s.comesIn("bob", ldapPassword)
	s.comesIn("admin", password)
	s.shows("SELECT UserLDAP", "login,status", "ada enabled\nbob enabled")
	d.Modify(fmt.Sprintf("dn: cn=desk,ou=groups,%[1]s\nchangetype: modify\nadd: member\nmember: uid=ada,ou=people,%[1]s\n", d.BaseDN))
	s.command("sync")
	s.comesIn("ada", ldapPassword)
}

// TestManyFirstSignInsAtOnce: everybody gets an account, one after the other, and
// each one once.
func TestManyFirstSignInsAtOnce(t *testing.T) {
	t.Parallel()
	var logins []string
	for i := range 25 {
		logins = append(logins, fmt.Sprintf("new%02d", i))
	}
	d := staffed(t, logins...)
	s := enter(t, d, "import: true", false)
	var all sync.WaitGroup
	for _, login := range append(logins, logins...) {
		all.Go(func() {
			res, err := client.Do(s.form("/webservices/rest.php?version=1.3", values("auth_user", login, "auth_pwd", ldapPassword, "json_data", listOperations)))
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			if body, err := io.ReadAll(res.Body); err != nil || !strings.HasPrefix(string(body), `{"code":0`) {
				t.Errorf("%s: got %s, %v", login, body, err)
			}
		})
	}
	all.Wait()
	s.shows("SELECT UserLDAP", "login", strings.Join(logins, "\n"))
	s.shows("SELECT Person WHERE email LIKE '%example.org'", "first_name", strings.Join(logins, "\n"))
}

// TestOurOwnAccountIsNotLocked when the directory refuses its password: it is not
// tried at every sign-in, and nobody's password counts as wrong meanwhile.
func TestOurOwnAccountIsNotLocked(t *testing.T) {
	t.Parallel()
	d := staffed(t, "ada")
	s := enter(t, d, "import: true", false, fmt.Sprintf("password: %q", d.Password), `password: "outdated"`)
	for range 8 {
		s.staysOut("ada", ldapPassword)
	}
	s.comesIn("admin", password)
	if out, err := exec.Command("ldapwhoami", "-x", "-H", d.LDAP, "-D", d.ReaderDN, "-w", d.Password).CombinedOutput(); err != nil {
		t.Errorf("the program's own account is locked: %v %s", err, out)
	}
	if log := s.log.String(); !strings.Contains(log, "the directory main cannot be asked at the moment") {
		t.Errorf("the log does not say why:\n%s", log)
	}
}

// TestAnAccountMadeByHandIsNobodysToTakeAway: its person is in the directory and in
// no source, and comes in although accounts are refreshed.
func TestAnAccountMadeByHandIsNobodysToTakeAway(t *testing.T) {
	t.Parallel()
	d := staffed(t)
	d.Add(strings.Replace(someone(d, "ext"), "\nmail:", "\nemployeeType: external\nmail:", 1))
	s := enter(t, d, "import: true, refresh: true, remember: 0", true)
	s.staysOut("ext", ldapPassword)
	s.once(`{"operation":"core/create","class":"UserLDAP","comment":"by hand","output_fields":"id","fields":{"login":"ext","profile_list":[{"profileid":{"name":"Administrator"}},{"profileid":{"name":"REST Services User"}}]}}`)
	s.comesIn("ext", ldapPassword)
	s.ran("sync completed")
}
