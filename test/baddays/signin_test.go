package baddays

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"rollcall/test/lab"
)

// TestSignIn gives the program passwords that do not open the door.
func TestSignIn(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: company(30)})
	for _, c := range []struct {
		name, account, secret string
		want                  []string
	}{
		{"wrong password", "reader", "not-it", []string{"the user or the password is wrong", "invalidCredentials (49)"}},
		{"no such user", "nobody", "whatever", []string{"the user or the password is wrong", "invalidCredentials (49)"}},
		{"locked account", "locked", "locked-password", []string{"the account is locked after too many wrong passwords"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.account == "locked" {
				lock(t, s, c.account, c.secret)
			}
			proxy := lab.Proxy(t, s.Addr)
			o := officeAt(t, s, proxy.URL())
			o.sync()
			before := o.dump()
			o.env = append(o.env, password+"="+c.secret)
			o.reconfigure(func(s *setting) { s.BindDN = accountDN(c.account) })
			known := proxy.Connections()
			o.run("sync").ended(failed).says(append(c.want, "bind to "+proxy.URL()+" as "+accountDN(c.account))...)
			if tries := proxy.Connections() - known; tries != 1 {
				t.Errorf("a refused password was tried %d times, want once: trying again locks accounts", tries)
			}
			o.unchanged(before)
		})
	}
}

// lock makes an account and locks it by wrong passwords.
func lock(t *testing.T, s *lab.SlapdServer, name, secret string) {
	t.Helper()
	s.Add(account(name, secret))
	for range 6 {
		if err := exec.Command("ldapwhoami", "-x", "-H", s.LDAP, "-D", accountDN(name), "-w", "guess").Run(); err == nil {
			t.Fatal("a wrong password was accepted")
		}
	}
}

// TestAnEmptyPasswordIsNeverSent proves that nothing reaches the server: it
// would take a name without a password for an anonymous bind, and accept.
func TestAnEmptyPasswordIsNeverSent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		args   []string
		change func(o *office)
		code   int
		want   string
	}{
		{"sync", []string{"sync"}, nil, failed, `the password of cn=reader,dc=example,dc=org is empty`},
		{"plan", []string{"plan"}, nil, failed, `the password of cn=reader,dc=example,dc=org is empty`},
		{"check", []string{"check"}, nil, failed, `the password of cn=reader,dc=example,dc=org is empty`},
		{"why", []string{"why", "somebody"}, nil, failed, `the password of cn=reader,dc=example,dc=org is empty`},
		{"variable not set", []string{"sync"}, func(o *office) { o.env = []string{"NO_COLOR=1"} }, failed, `the environment variable CORP_PASSWORD is not set`},
		{"init", []string{"init", "URL", "-D", "cn=reader,dc=example,dc=org", "-o", "new.yaml"}, func(o *office) { o.env = append(o.env, "ROLLCALL_PASSWORD=") }, failed, `the password is empty`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ear := listen(t, "")
			url := "ldap://" + ear.Addr().String()
			o := newOffice(t, setting{URL: url}, "")
			if c.change != nil {
				c.change(o)
			}
			for i := range c.args {
				if c.args[i] == "URL" {
					c.args[i] = url
				}
			}
			got := o.run(c.args...).ended(c.code)
			if !strings.Contains(got.stderr, c.want) {
				t.Errorf("got %q, want it to say %q", got.stderr, c.want)
			}
			if n := ear.connections.Load(); n != 0 {
				t.Errorf("the server saw %d connections, want none", n)
			}
		})
	}
}

// TestAnEmptyPasswordFile is the same for a password that comes from a file.
func TestAnEmptyPasswordFile(t *testing.T) {
	t.Parallel()
	ear := listen(t, "")
	o := newOffice(t, setting{URL: "ldap://" + ear.Addr().String()}, "unused")
	o.write("secret", "\n")
	o.write("rollcall.yaml", fmt.Sprintf(`directories:
  corp:
    url: ldap://%s
    bind: {dn: cn=reader, password: "${file:secret}"}
    base: dc=example
sources: {}
`, ear.Addr()))
	got := o.run("sync").ended(failed)
	if want := "rollcall.yaml:4:11: the password of cn=reader is empty"; !strings.Contains(got.stderr, want) {
		t.Errorf("got %q, want it to say %q", got.stderr, want)
	}
	if n := ear.connections.Load(); n != 0 {
		t.Errorf("the server saw %d connections, want none", n)
	}
}
