package lab_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"rollcall/test/lab"
)

// crowd is LDIF of n persons.
func crowd(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "dn: uid=u%03d,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: u%03d\ncn: U\nsn: U\n\n", i, i)
	}
	return b.String()
}

// readAll reads all persons ten a page and returns how many arrived.
func readAll(t *testing.T, url string, timeout time.Duration) (int, error) {
	t.Helper()
	c, err := ldap.DialURL(url, ldap.DialWithDialer(&net.Dialer{Timeout: timeout}))
	if err != nil {
		return 0, err
	}
	defer c.Close()
	c.SetTimeout(timeout)
	r := ldap.NewSearchRequest("dc=example,dc=org", ldap.ScopeWholeSubtree, 0, 0, 0, false, "(uid=u*)", []string{"uid"}, nil)
	paging := ldap.NewControlPaging(10)
	r.Controls = []ldap.Control{paging}
	for read := 0; ; {
		page, err := c.Search(r)
		if page != nil {
			read += len(page.Entries)
		}
		if err != nil {
			return read, err
		}
		back, ok := ldap.FindControl(page.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
		if !ok || len(back.Cookie) == 0 {
			return read, nil
		}
		paging.SetCookie(back.Cookie)
	}
}

func TestProxyBreaksWhereItIsTold(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: strings.NewReader(crowd(35))})
	for name, test := range map[string]struct {
		fault lab.Fault
		want  int // entries read
		fails bool
	}{
		"no fault":               {lab.Fault{}, 35, false},
		"after page 2":           {lab.Fault{CutPages: 2}, 20, true},
		"after page 2, reset":    {lab.Fault{CutPages: 2, Reset: true}, 20, true},
		"in the midst of page 3": {lab.Fault{CutPages: 2, CutEntries: 4}, 24, true},
		"after some bytes":       {lab.Fault{CutBytes: 100}, 1, true},
		"stalls after page 1":    {lab.Fault{CutPages: 1, Stall: true}, 10, true},
		"resets at once":         {lab.Fault{Refuse: true}, 0, true},
		"accepts, says nothing":  {lab.Fault{Hold: true}, 0, true},
		"is slow":                {lab.Fault{Delay: time.Millisecond}, 35, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := lab.Proxy(t, s.Addr)
			p.Set(test.fault)
			got, err := readAll(t, p.URL(), 500*time.Millisecond)
			if got != test.want || (err != nil) != test.fails {
				t.Errorf("got %d entries and error %v, want %d entries, error %v", got, err, test.want, test.fails)
			}
		})
	}
}

func TestProxyFaultHoldsForSoManyConnections(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{Data: strings.NewReader(crowd(5))})
	p := lab.Proxy(t, s.Addr)
	p.Set(lab.Fault{Refuse: true, Times: 1})
	_, first := readAll(t, p.URL(), time.Second)
	got, second := readAll(t, p.URL(), time.Second)
	if first == nil || second != nil || got != 5 {
		t.Errorf("got %v, then %d entries and %v; want an error, then 5 entries", first, got, second)
	}
	if p.Connections() != 2 {
		t.Errorf("got %d connections, want 2", p.Connections())
	}
}

func TestProxyCutsOpenConnections(t *testing.T) {
	t.Parallel()
	s := lab.Slapd(t, lab.SlapdConfig{})
	p := lab.Proxy(t, s.Addr)
	c, err := ldap.DialURL(p.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.UnauthenticatedBind(""); err != nil {
		t.Fatal(err)
	}
	p.CutAll()
	if _, err := c.WhoAmI(nil); err == nil {
		t.Error("the connection still answers")
	}
}
