package directory_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"rollcall/internal/directory"
	"rollcall/internal/rollcall"
	"rollcall/test/lab"
)

// people streams an LDIF of n persons with ten attributes each, below an OU of
// their own.
func people(baseDN string, n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		fmt.Fprintf(w, "dn: ou=people,%s\nobjectClass: organizationalUnit\nou: people\n\n", baseDN)
		for i := range n {
			fmt.Fprintf(w, "dn: uid=u%06d,ou=people,%s\nobjectClass: inetOrgPerson\nuid: u%06d\ncn: Given%d Surname%d\nsn: Surname%d\ngivenName: Given%d\n"+
				"mail: u%06d@example.org\ntelephoneNumber: +33 1 23 %06d\nmobile: +33 6 12 %06d\ntitle: Engineer %d\nemployeeNumber: E%06d\no: Example Organisation\n\n",
				i, baseDN, i, i, i, i, i, i, i, i, i%100, i)
		}
		_ = w.Close()
	}()
	return r
}

var tenAttributes = []string{"uid", "cn", "sn", "givenName", "mail", "telephoneNumber", "mobile", "title", "employeeNumber", "o"}

func slapdConfig(s *lab.SlapdServer) directory.Config {
	return directory.Config{
		URLs: []string{s.LDAP},
		Bind: directory.Bind{User: s.AdminDN, Password: rollcall.Secret(s.Password)},
	}
}

func dial(t testing.TB, cfg directory.Config) *directory.Conn {
	t.Helper()
	c, err := directory.Dial(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

const shortWait = 300 * time.Millisecond
