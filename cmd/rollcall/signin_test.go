package main

import (
	"slices"
	"strings"
	"testing"

	"rollcall/internal/directory"
)

// FuzzALoginCannotBreakOutOfItsFilter: whatever somebody writes as a login, the
// filter asks for it in the attributes of logins, and in nothing else.
func FuzzALoginCannotBreakOutOfItsFilter(f *testing.F) {
	for _, login := range []string{"ada", `CORP\ada`, "ada@corp.example.com", "*", "a*", ")(uid=*", `\2a`, "a)(|(objectClass=*)", "\x00", "é@É", "@", `\`} {
		f.Add(login)
	}
	further := directory.MustFilter("(memberOf=cn=staff)")
	door := &door{login: []string{"uid", "mail"}, filter: further}
	f.Fuzz(func(t *testing.T, login string) {
		if len(login) > 255 {
			return
		}
		for _, kind := range []directory.Kind{directory.OpenLDAP, directory.ActiveDirectory} {
			found, err := door.wanted(kind, login, "corp.example.com")
			if err != nil {
				t.Fatalf("%q: %v", login, err)
			}
			parts := found.And()
			if len(parts) != 2 || parts[1].String() != further.String() {
				t.Fatalf("%q: the further conditions do not hold in %s", login, found)
			}
			for _, one := range parts[0].Or() {
				if !slices.Contains([]string{"uid", "mail", "userPrincipalName", "sAMAccountName"}, one.Attribute()) || strings.Contains(one.String(), "*") {
					t.Fatalf("%q: got %s", login, one)
				}
			}
		}
		if named, err := door.accountNamed(login); err != nil || len(named.And()) != 2 || strings.Contains(named.String(), "*") {
			t.Fatalf("%q: got %v, %v", login, named, err)
		}
	})
}

func TestDNSDomain(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]string{
		"DC=corp,DC=example,DC=com": "corp.example.com", "dc=example, dc=org": "example.org", "o=x": "x", "": "", "no dn": "",
	} {
		if got := dnsDomain(base); got != want {
			t.Errorf("%q: got %q, want %q", base, got, want)
		}
	}
}
