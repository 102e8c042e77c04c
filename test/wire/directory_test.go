package wire

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// TestAccountsOfADirectorySignInThere signs in against a real slapd.
func TestAccountsOfADirectorySignInThere(t *testing.T) {
	t.Parallel()
	d := lab.Slapd(t, lab.SlapdConfig{})
	person := func(uid, sn, pass string) string {
		return fmt.Sprintf("dn: cn=%s,%s\nobjectClass: inetOrgPerson\ncn: %s\nsn: %s\nuid: %s\nuserPassword: %s\n\n", sn, d.BaseDN, sn, sn, uid, pass)
	}
	d.Add(person("anna", "Castle", "Ann4-Secret!"))
	d.Add(person("twin", "First", "Tw1n-Secret!"))
	d.Add(person("twin", "Second", "Tw1n-Secret!"))
	d.Add(person("star*", "Star", "St4r-Secret!"))
	dir := t.TempDir()
	r := open(t, dir)
	for _, login := range []string{"anna", "twin", "gone", "star*", "*"} {
		r.Create("UserLDAP", links{"profile_list": r.profiles("Administrator", "REST Services User")}, "login", login)
	}
	r.Create("UserLDAP", links{"profile_list": r.profiles("Administrator", "REST Services User")}, "login", "elsewhere", "ldap_server", "nowhere")
	id := r.Create("UserLDAP", links{"profile_list": r.profiles("Administrator", "REST Services User")}, "login", "disabled")
	r.Update("UserLDAP", id, "status", "disabled")
	d.Add(person("disabled", "Disabled", "D1sabled-Secret!"))
	s := serve(t, dir, fmt.Sprintf(`
directories:
  main:
    url: %s
    bind: {dn: %q, password: %q}
    base: %q
`, d.LDAP, d.ReaderDN, d.Password, d.BaseDN))
	enters := func(login, pass string) bool {
		t.Helper()
		a := ask(t, s.form("/webservices/rest.php?version=1.3", values("auth_user", login, "auth_pwd", pass, "json_data", listOperations)))
		if a.status != 200 {
			t.Fatalf("%s: got %d %s", login, a.status, a.body)
		}
		return strings.HasPrefix(a.body, `{"code":0`)
	}
	for _, c := range []struct {
		login, pass string
		want        bool
	}{
		{"anna", "Ann4-Secret!", true},
		{"ANNA", "Ann4-Secret!", true},
		{"anna", "wrong", false},
		{"anna", "", false},
		{"twin", "Tw1n-Secret!", false}, // two entries are nobody
		{"gone", "x", false},
		{"star*", "St4r-Secret!", true},
		{"*", "St4r-Secret!", false},
		{"*", "Ann4-Secret!", false},
		{"elsewhere", "x", false},
		{"disabled", "D1sabled-Secret!", false},
	} {
		if got := enters(c.login, c.pass); got != c.want {
			t.Errorf("%s with %q: got in: %t, want %t", c.login, c.pass, got, c.want)
		}
	}
	d.Stop()
	if !enters("anna", "Ann4-Secret!") {
		t.Error("whoever signed in a moment ago is out with the directory")
	}
	if enters("star*", "Ann4-Secret!") {
		t.Error("got in without the directory")
	}
	if log := s.log.String(); strings.Contains(log, "Ann4-Secret!") || strings.Contains(log, d.Password) || !strings.Contains(log, "a sign-in was refused") {
		t.Errorf("the log holds a password, or nothing of the directory's trouble:\n%s", log)
	}
}
