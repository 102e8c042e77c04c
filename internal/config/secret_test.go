package config_test

import (
	"fmt"
	"strings"
	"testing"

	"rollcall/internal/config"
)

func bind(password string) string {
	return "directories:\n  corp:\n    url: ldaps://dc1\n    bind: {dn: cn=a, password: " + password + "}\n"
}

func TestSecretsComeFromTheirPlaces(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]string{
		`"${env:CORP_LDAP_PASSWORD}"`:                 "hunter2",
		`"${file:secret.txt}"`:                        "from a file",
		`"${cred:ldap}"`:                              "from the service manager",
		`"a-${env:CORP_LDAP_PASSWORD}-${env:EMPTY}z"`: "a-hunter2-z",
		`"$${env:X}"`:                                 "${env:X}",
		`plain`:                                       "plain",
	} {
		c := parse(t, bind(written))
		if got := c.Directories["corp"].Bind.Password.Reveal(); got != want {
			t.Errorf("%s: got %q, want %q", written, got, want)
		}
		warned := len(c.Warnings) > 0
		if plain := !strings.Contains(written, "${") || strings.Contains(written, "$${"); warned != plain {
			t.Errorf("%s: got warnings %v", written, c.Warnings)
		}
	}
}

func TestAPasswordInTheClearIsAWarningOnANetworkAlone(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"ldap://dc1": true, "ldap://192.0.2.7:3890": true,
		"ldaps://dc1": false, "ldap://localhost": false, "ldap://127.0.0.1:3890": false, "ldap://[::1]": false,
	} {
		c := parse(t, strings.Replace(bind(`"${env:CORP_LDAP_PASSWORD}"`), "ldaps://dc1", `"`+url+`"`, 1))
		if warned := len(c.Warnings) > 0; warned != want {
			t.Errorf("%s: got warnings %v, want some: %v", url, c.Warnings, want)
		}
	}
}

func TestOtherTextsTakeTheEnvironmentToo(t *testing.T) {
	t.Parallel()
	c := parse(t, "store: postgres://rollcall:${env:CORP_LDAP_PASSWORD}@db/rollcall?password=${env:CORP_LDAP_PASSWORD}\n")
	if want := "postgres://rollcall:hunter2@db/rollcall?password=hunter2"; c.Store != want {
		t.Errorf("got %q, want %q", c.Store, want)
	}
	if got := c.StoreName(); strings.Contains(got, "hunter2") || !strings.Contains(got, "db/rollcall") {
		t.Errorf("got store name %q", got)
	}
	if got := parse(t, "store: /var/lib/r.db").StoreName(); got != "/var/lib/r.db" {
		t.Errorf("got store name %q", got)
	}
}

// No message and no print of a configuration shows a password.
func TestPasswordsAreNeverShown(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"directories: {corp: {url: 'ldaps://x', bind: {dn: a, password: hunter2, foo: 1}}}",
		"directories: {corp: {url: 'ldaps://x', bind: {dn: a, password: 'hunter2', foo: 1}}}",
		"directories: {corp: {url: 'ldaps://x', bind: {foo: 1, dn: a, password: \"hunter2\"}}}",
		"directories: {corp: {url: 'ldaps://x', bind: {dn: a, password: hunter2",
		"directories: {corp: {url: 'ldaps://u:hunter2@x', base: b}}",
		"directories: {corp: {url: 'ldaps://x', bind: {dn: a, passwort: hunter2}}}",
		"directories: {corp: {url: 'ldaps://x', bind: {dn: a, geheim: hunter2}}}",
		"directories: {corp: {url: 'ldaps://x', bind: {dn: a}, bind: {dn: a, bindpasword: hunter2}}}",
		"directories: {corp: {url: 'ldaps://x:636', bind: {dn: a, password: hunter2}, urls: 'ldaps://u:hun@hunter2@x'}}",
		"stores: postgres://u:hunter2@x/db",
		"store: mysql://u:hunter2@x/db",
		"sources: {a: {class: Person, sql: {dsn: 'u:hunter2@tcp(x)/db', password: hunter2}, kay: id, attributes: {name: n}}}",
		bind("hunter2") + "    foo: hunter2 again\n",
	} {
		_, err := config.Parse("r.yaml", []byte(text), env)
		if err == nil {
			t.Errorf("%s: got no error", text)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the message shows the password:\n%v", err)
		}
	}
	c := parse(t, bind("hunter2"))
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, v := range []any{c, *c, c.Directories["corp"], *c.Directories["corp"]} {
			if got := fmt.Sprintf(format, v); strings.Contains(got, "hunter2") {
				t.Errorf("%s of %T shows the password: %s", format, v, got)
			}
		}
	}
}
